/* Who sleeps, who searches, who is to be woken: each step of the protocol alone. tests/models/idle.pml has them all
 * together. */
#include <criterion/criterion.h>

#include "../../src/runtime/idle.h"

static fut__idle_t idle;

static void fall_asleep(unsigned worker) {
    fut__idle_search(&idle);
    fut__idle_enter(&idle, worker, true);
}

Test(runtime, nobody_is_woken_where_nobody_sleeps) {
    cr_assert_eq(fut__idle_choose(&idle), -1);
    cr_assert_eq(idle.searching, 0);
}

Test(runtime, one_sleeper_is_woken_and_counts_as_searching) {
    fall_asleep(3);
    cr_assert_eq(idle.searching, 0);
    cr_assert_eq(fut__idle_choose(&idle), 3);
    cr_assert_eq(idle.searching, 1);
    cr_assert(fut__idle_leave(&idle, 3), "it is told that it was woken on purpose");
}

Test(runtime, a_searcher_spares_the_sleepers) {
    fall_asleep(0);
    fall_asleep(1);
    cr_assert_eq(fut__idle_choose(&idle), 0);
    cr_assert_eq(fut__idle_choose(&idle), -1, "0 searches now");
    cr_assert(fut__idle_found(&idle), "it was the last one, so it looks for more");
    cr_assert_eq(fut__idle_choose(&idle), 1);
}

Test(runtime, of_two_searchers_only_the_last_looks_for_more) {
    fut__idle_search(&idle);
    fut__idle_search(&idle);
    cr_assert_not(fut__idle_found(&idle));
    cr_assert(fut__idle_found(&idle));
}

Test(runtime, who_wakes_by_itself_takes_its_own_bit_away) {
    fall_asleep(5);
    cr_assert_not(fut__idle_leave(&idle, 5));
    cr_assert_eq(fut__idle_choose(&idle), -1);
    cr_assert_eq(idle.searching, 0, "and the promise was taken back");
}

Test(runtime, every_worker_has_a_bit_and_the_lowest_goes_first) {
    for (unsigned i = FUT__MOST_WORKERS; i-- > 0;) fall_asleep(i);
    for (int i = 0; i < FUT__MOST_WORKERS; i++) {
        cr_assert_eq(fut__idle_choose(&idle), i);
        cr_assert(fut__idle_leave(&idle, (unsigned)i));
        (void)fut__idle_found(&idle);
    }
    cr_assert_eq(fut__idle_choose(&idle), -1);
}

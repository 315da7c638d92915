/* Without memory everything fails with -ENOMEM, and nothing is lost. */
#include "kit.h"

static fut_test_waker_t woken;

Test(blocking, a_pool_without_memory_is_not_made) {
    count_memory();
    refused = -1;
    cr_assert_eq(fut_pool_init(&pool, NULL), -ENOMEM);
    cr_assert_null(pool.crew);
    cr_assert_null(fut_pool_default());
    {
        add_t slot;
        START(slot, add, 1, 2);
        cr_ready(slot, woken, -ENOMEM); /* on the pool that cannot be made */
    }
    cr_assert_eq(LOAD(blocks), 0);
}

Test(blocking, a_job_without_memory_fails_and_gives_its_place_back) {
    add_t slot;
    open_pool(1, 1);
    for (int i = 0; i < 3; i++) {
        refused = LOAD(requests) + 1;
        ON(slot, add, 1, 2);
        cr_ready(slot, woken, -ENOMEM);
        cr_assert_eq(slot.blocking.status, -ENOMEM);
    }
    ON(slot, add, 1, 2);
    cr_wait(slot, 3);
    close_pool();
}

Test(blocking, one_in_the_line_without_memory_gives_its_place_to_the_next) {
    fut_test_waker_t second_woken = {0};
    hold_t           holding;
    add_t            queued, first, second;
    gate_t           gate;
    open_pool(1, 1);
    occupy(&holding, &gate, &woken);
    ON(queued, add, 1, 2);
    cr_pending(queued, woken);
    ON(first, add, 1, 2);
    cr_pending(first, woken);
    ON(second, add, 3, 4);
    cr_pending(second, second_woken);
    fut_drop(&queued.future); /* its place is first's */
    refused = LOAD(requests) + 1;
    cr_ready(first, woken, -ENOMEM);
    cr_assert_eq(LOAD(second_woken.wakes), 1);
    fut_event_set(&gate.open);
    cr_wait(second, 7);
    cr_wait(holding, 7);
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
}

Test(blocking, a_job_takes_one_block) {
    hold_t slot;
    gate_t gate;
    long   before;
    open_pool(1, 0);
    before = LOAD(requests);
    occupy(&slot, &gate, &woken);
    cr_assert_eq(LOAD(requests), before + 1);
    fut_event_set(&gate.open);
    cr_wait(slot, 7);
    close_pool();
}

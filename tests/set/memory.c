/* Memory: what is refused is said and loses nothing; what was used is used again. */
#include "counting.h"
#include "kit.h"

enum { MANY = 200 };
static item_t items[MANY];

Test(set, a_push_without_memory_changes_nothing) {
    fut_test_waker_t woken = {0};
    fut_set_t        set;
    int              pushed = 0, refused = 0;

    counting_begin();
    fut_set_init(&set);
    counting.refuse_all = true;
    cr_assert_eq(item_push(&set, &items[0]), -ENOMEM);
    cr_assert_null(items[0].child.set);
    cr_assert_null(next_of(&set, &woken), "the set is as empty as before");
    counting.refuse_all = false;
    counting.refuse     = counting.calls + 2; /* the hub is there, its first spokes are not */
    cr_assert_eq(item_push(&set, &items[0]), -ENOMEM);
    for (int i = 0; i < MANY; i++) {
        counting.refuse_all = i % 3 == 0;
        if (item_push(&set, &items[i]) == 0)
            pushed++;
        else
            refused++;
    }
    counting.refuse_all = false;
    cr_assert_gt(pushed, 0);
    cr_assert_gt(refused, 0);
    cr_assert_eq(fut_set_size(&set), (size_t)pushed);
    for (int i = 0; i < MANY; i++) fut_test_event_fire(&items[i].event, 0);
    for (; pushed > 0; pushed--) cr_assert_neq(next_of(&set, &woken), &nobody);
    cr_assert_null(next_of(&set, &woken));
    fut_set_destroy(&set);
}

Test(set, a_join_without_memory_ends_its_futures) {
    static fut_test_wait_t frames[MANY];
    for (int refuse = 0; refuse < 4; refuse++) {
        fut_test_waker_t   woken = {0};
        fut_try_join_all_t join;
        counting_begin();
        memset(items, 0, sizeof items);
        for (int i = 0; i < MANY; i++) START(frames[i], fut_test_wait, &items[i].event);
        START(join, fut_try_join_all, FUT_EACH(frames));
        counting.refuse_all = refuse == 0;
        counting.refuse     = counting.calls + (size_t)refuse;
        while (fut_test_poll(&join.future, &woken) == PENDING && woken.wakes < 3) { /* what was freed before is there */
            for (int i = 0; i < MANY; i++) fut_test_event_fire(&items[i].event, 0);
        }
        counting.refuse_all = false;
        cr_assert(fut_is_done(&join.future));
        cr_assert(join.output == -ENOMEM || join.output == 0);
        if (refuse == 0) cr_assert_eq(join.output, -ENOMEM);
        for (int i = 0; i < MANY; i++) cr_assert(fut_is_done(&frames[i].future));
    }
}

static int next_of_many(void *data, fut_future_t *slot) {
    int *begun = data;
    START(*(fut_test_wait_t *)(void *)slot, fut_test_wait, &items[*begun].event);
    ++*begun;
    return 1;
}
Test(set, for_each_without_memory_says_so) {
    fut_test_waker_t          woken = {0};
    fut_test_wait_t           slots[20];
    fut_for_each_concurrent_t each;
    int                       begun = 0;

    counting_begin();
    START(each, fut_for_each_concurrent, FUT_EACH(slots), next_of_many, NULL, &begun);
    counting.refuse = counting.calls + 3; /* the hub, the first spokes, and then no more */
    cr_assert_eq(fut_test_poll(&each.future, &woken), READY);
    cr_assert_eq(each.output, -ENOMEM);
    for (int i = 0; i < begun; i++) cr_assert_eq(items[i].event.drops, 1);
}

static void a_life(bool to_the_end) {
    fut_test_waker_t woken = {0};
    fut_set_t        set;
    memset(items, 0, sizeof items);
    fut_set_init(&set);
    for (int i = 0; i < MANY; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    for (int i = 0; i < MANY / 2; i++) fut_test_event_fire(&items[i].event, 0);
    for (int i = 0; i < MANY / 2; i++) cr_assert_neq(next_of(&set, &woken), &nobody);
    for (int i = 0; i < MANY / 2; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    if (!to_the_end) {
        fut_set_destroy(&set);
        return;
    }
    for (int i = 0; i < MANY; i++) fut_test_event_fire(&items[i].event, 0);
    while (next_of(&set, &woken)) {}
}

Test(set, the_memory_of_one_set_is_the_next_ones) {
    size_t calls;
    counting_begin();
    a_life(true);
    calls = counting.calls;
    for (int i = 0; i < 10; i++) a_life(i % 2);
    cr_assert_eq(counting.calls, calls, "a set that was awaited to its end needs no destroy");
}

Test(set, children_that_are_ready_at_once_share_one_waker) {
    static fut_test_after_t frames[1000];
    fut_test_waker_t        woken = {0};
    fut_join_all_t          join;
    counting_begin();
    for (int i = 0; i < 1000; i++) START(frames[i], fut_test_after, 0, i);
    START(join, fut_join_all, FUT_EACH(frames));
    cr_assert_eq(fut_test_poll(&join.future, &woken), READY);
    cr_assert_leq(counting.calls, 2);
}

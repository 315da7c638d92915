/* The queue is bounded. Who does not fit stands in a line, first come, first served, and allocates nothing there. */
#include "kit.h"

enum { MANY = 6 };
static fut_test_waker_t woken[MANY];
static hold_t           first;
static gate_t           gate;

/* A pool with one thread, which is busy, and a full queue; then a line of `length`. */
static add_t queued, line[MANY];
static void  open_full(unsigned length) {
     static fut_test_waker_t nobody;
     open_pool(1, 1);
     occupy(&first, &gate, &nobody);
     ON(queued, add, 1, 2);
     cr_pending(queued, nobody);
     for (unsigned i = 0; i < length; i++) {
         ON(line[i], add, (int)i, 100);
         cr_pending(line[i], woken[i]);
    }
     cr_assert_eq(counts().waiting, length);
     cr_assert_eq(counts().queued, 1);
}
static void close_full(void) {
    cr_wait(first, 7);
    cr_wait(queued, 3);
    close_pool();
    for (int i = 0; i < MANY; i++) cr_assert_eq(woken[i].clones, woken[i].drops);
}

Test(blocking, who_waits_for_room_allocates_nothing) {
    long before;
    open_full(0);
    before = LOAD(requests);
    ON(line[0], add, 0, 100);
    cr_pending(line[0], woken[0]);
    cr_assert_eq(LOAD(requests), before);
    cr_pending(line[0], woken[1]); /* nor when the waker changes, which is the one that is woken */
    cr_assert_eq(LOAD(requests), before);
    fut_event_set(&gate.open);
    UNTIL(LOAD(woken[1].wakes) == 1);
    cr_assert_eq(LOAD(woken[0].wakes), 0);
    cr_wait(line[0], 100);
    close_full();
}

Test(blocking, places_are_given_in_the_order_of_asking) {
    open_full(MANY);
    fut_event_set(&gate.open);
    for (int i = 0; i < MANY; i++) {
        UNTIL(LOAD(woken[i].wakes) == 1); /* and only now: one place, one wake */
        cr_assert_eq(counts().waiting, (unsigned)(MANY - 1 - i));
        cr_wait(line[i], 100 + i);
    }
    close_full();
}

Test(blocking, nobody_overtakes_the_line) {
    fut_test_waker_t late = {0};
    add_t            slot;
    open_full(2);
    fut_event_set(&gate.open);
    UNTIL(LOAD(woken[0].wakes) == 1); /* line[0] has the place, line[1] waits */
    ON(slot, add, 50, 50);
    cr_pending(slot, late);
    cr_assert_eq(counts().waiting, 2);
    cr_wait(line[0], 100);
    UNTIL(LOAD(woken[1].wakes) == 1);
    cr_assert_eq(LOAD(late.wakes), 0);
    cr_wait(line[1], 101);
    cr_wait(slot, 100);
    close_full();
}

Test(blocking, those_who_are_dropped_leave_the_order_of_the_others) {
    open_full(MANY);
    fut_drop(&line[0].future);
    fut_drop(&line[3].future);
    fut_drop(&line[5].future);
    cr_assert_eq(counts().waiting, 3);
    fut_event_set(&gate.open);
    cr_wait(line[1], 101);
    cr_wait(line[2], 102);
    cr_wait(line[4], 104);
    close_full();
}

Test(blocking, a_place_goes_on_when_all_who_were_given_it_are_dropped) {
    open_full(3);
    fut_event_set(&gate.open);
    for (int i = 0; i < 3; i++) {
        UNTIL(LOAD(woken[i].wakes) == 1);
        fut_drop(&line[i].future);
    }
    ON(line[3], add, 3, 100);
    cr_wait(line[3], 103);
    close_full();
}

Test(blocking, a_job_that_leaves_the_queue_makes_room) {
    open_full(1);
    fut_drop(&queued.future);
    cr_assert_eq(LOAD(woken[0].wakes), 1);
    cr_pending(line[0], woken[0]);
    cr_assert_eq(counts().queued, 1);
    fut_event_set(&gate.open);
    cr_wait(line[0], 100);
    cr_wait(first, 7);
    close_pool();
}

/* ---- Many tasks before a narrow door ------------------------------------------------------------------------ */

static int order[100], arrived; /* not atomic: one thread in the pool */
typedef struct come {
    JOB_FRAME(come, int, int number);
} come_t;
JOB(come) {
    order[arrived++] = args->number;
    return 0;
}
typedef struct guest {
    ASYNC_FRAME(guest, int, int number);
    come_t come;
} guest_t;
ASYNC(guest) {
    ASYNC_BEGIN();
    BLOCKING_ON(&pool, self->come, come, self->number);
    ASYNC_RETURN(self->come.output);
    ASYNC_END();
}
Test(blocking, a_hundred_tasks_pass_a_queue_of_two_in_order) {
    fut_executor_t executor;
    cr_assert_eq(fut_pool_init(&pool, &(fut_pool_options_t){.threads = 1, .queue = 2}), 0);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    for (int i = 0; i < 100; i++) DETACH(SPAWN(&executor, guest, i));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(arrived, 100);
    fut_executor_destroy(&executor);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
}

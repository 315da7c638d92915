/* The handle of a task: on this thread while the task is on another. tests/models/join.pml has every interleaving. */
#include "kit.h"

/* Both orders of two things, without a clock: `end` first means that the task has ended before the handle is used. */
static void let_it_end(fut_event_t *door) {
    fut_event_set(door);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
}

Test(runtime, a_handle_waits_for_a_task_that_runs_and_for_one_that_has_ended) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join a, b;
    open_workers(1);
    a = SPAWN(&runtime, guest, &door);
    b = SPAWN(&runtime, guest, &door);
    cr_assert_eq(fut_join_take(&a.join), -EAGAIN);
    cr_assert_not(fut_join_is_done(&a.join));
    let_it_end(&door);
    cr_assert(fut_join_is_done(&a.join));
    cr_assert_eq(fut_join_take(&a.join), 0);
    cr_assert_eq(a.output, 0);
    cr_assert_eq(fut_join_take(&a.join), 0, "and again");
    cr_assert_eq(WAIT(b), 0);
    shut();
}

Test(runtime, a_handle_may_be_polled_again_and_again_by_different_wakers) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handle;
    fut_test_waker_t  first = {0}, second = {0}, third = {0};
    open_workers(1);
    handle = SPAWN(&runtime, guest, &door);
    until_count(&begun, 1);
    cr_assert_eq(fut_test_poll(&handle.join.future, &first), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&handle.join.future, &first), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&handle.join.future, &second), FUT_PENDING);
    fut_event_set(&door);
    while (LOAD(second.wakes) == 0) sched_yield();
    cr_assert_eq(first.wakes, 0, "the waker of the latest poll");
    cr_assert_eq(fut_test_poll(&handle.join.future, &third), FUT_READY);
    cr_assert_eq(handle.output, 0);
    cr_assert_eq(fut_test_poll(&handle.join.future, &third), FUT_READY);
    shut();
    cr_assert_eq(second.wakes, 1);
    cr_assert_eq(third.wakes, 0);
    cr_assert_eq(first.clones + second.clones, 2, "each is told that a wake may come from outside");
    cr_assert_eq(first.drops + second.drops, 2, "and when it no longer may");
}

Test(runtime, a_task_that_was_let_go_runs_on) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handle;
    open_workers(2);
    DETACH(SPAWN(&runtime, guest, &door));
    handle = SPAWN(&runtime, guest, &door);
    fut_drop(&handle.join.future); /* before it was polled */
    cr_assert_eq(handle.output, -ECANCELED);
    handle                 = SPAWN(&runtime, guest, &door);
    fut_test_waker_t waker = {0};
    cr_assert_eq(fut_test_poll(&handle.join.future, &waker), FUT_PENDING);
    fut_drop(&handle.join.future); /* and after */
    until_count(&begun, 3);
    let_it_end(&door);
    cr_assert_eq(finished, 3);
    cr_assert_eq(waker.wakes, 0);
    shut();
}

Test(runtime, a_handle_of_a_task_that_has_ended_may_be_dropped_or_detached) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join a, b;
    open_workers(2);
    a = SPAWN(&runtime, guest, &door);
    b = SPAWN(&runtime, guest, &door);
    let_it_end(&door);
    fut_drop(&a.join.future);
    cr_assert_eq(a.output, -ECANCELED, "the output is lost");
    fut_join_detach(&b.join);
    fut_join_cancel(&b.join); /* of one that is done: nothing */
    shut();
}

Test(runtime, cancelling_ends_a_task_by_way_of_its_finally) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handle;
    open_workers(1);
    handle = SPAWN(&runtime, guest, &door);
    until_count(&begun, 1);
    fut_join_cancel(&handle.join);
    fut_join_cancel(&handle.join);
    cr_assert_eq(WAIT(handle), -ECANCELED);
    cr_assert_eq(handle.join.status, -ECANCELED);
    cr_assert_eq(cancelled, 1);
    shut();
}

Test(runtime, a_task_that_was_never_polled_is_cancelled_without_a_poll) {
    struct hog_join   first;
    struct guest_join handle;
    fut_event_t       door = FUT_EVENT_INIT;
    open_workers(1);
    first = SPAWN(&runtime, hog);
    until(&busy);
    handle = SPAWN(&runtime, guest, &door);
    fut_join_cancel(&handle.join);
    STORE(release, true);
    cr_assert_eq(WAIT(handle), -ECANCELED);
    cr_assert_eq(begun, 0);
    cr_assert_eq(WAIT(first), 0);
    shut();
}

Test(runtime, cancelling_a_task_that_has_ended_changes_nothing) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handle;
    open_workers(1);
    handle = SPAWN(&runtime, guest, &door);
    let_it_end(&door);
    fut_join_cancel(&handle.join);
    cr_assert_eq(WAIT(handle), 0);
    cr_assert_eq(handle.join.status, 0);
    shut();
}

/* A task of an executor on this thread waits for one on a worker. */
typedef struct waits {
    ASYNC_FRAME(waits, int, int times);
    struct answer_join handle;
    int                i, sum;
} waits_t;
ASYNC(waits) {
    ASYNC_BEGIN();
    self->sum = 0;
    for (self->i = 0; self->i < self->times; self->i++) {
        self->handle = SPAWN(&runtime, answer, self->i, self->i % 3);
        AWAIT(self->handle);
        self->sum += self->handle.output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

/* Awaits, and lets the handle go. */
static fut_event_t never;
typedef struct gives_up {
    ASYNC_FRAME(gives_up, int, fut_event_t *door);
    struct guest_join handle;
    int               polls;
} gives_up_t;
ASYNC(gives_up) {
    ASYNC_BEGIN();
    self->handle = SPAWN(&runtime, guest, self->door);
    for (self->polls = 0; self->polls < 3; self->polls++) {
        if (fut_poll(&self->handle.join.future, cx) == FUT_READY) ASYNC_RETURN(-EPROTO);
        YIELD();
    }
    fut_drop(&self->handle.join.future);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, a_task_of_another_executor_awaits_one_of_ours) {
    fut_executor_t executor;
    open_workers(2);
    cr_assert_eq(fut_executor_init(&executor, &(fut_executor_options_t){.quiet = true}), 0);
    cr_assert_eq(BLOCK_ON(&executor, waits, 100), 99 * 100 / 2, "which is no deadlock");
    fut_executor_destroy(&executor);
    shut();
}

Test(runtime, a_handle_that_was_let_go_hides_no_deadlock) {
    fut_test_event_t nothing = {0};
    fut_executor_t   executor;
    open_workers(2);
    cr_assert_eq(fut_executor_init(&executor, &(fut_executor_options_t){.quiet = true}), 0);
    cr_assert_eq(BLOCK_ON(&executor, gives_up, &never), 0);
    cr_assert_eq(BLOCK_ON(&executor, fut_test_wait, &nothing), -EDEADLK, "nobody outside has a waker any more");
    fut_event_set(&never);
    fut_executor_destroy(&executor);
    shut();
}

Test(runtime, a_handle_goes_from_thread_to_thread) {
    struct answer_join handle;
    pthread_t          thread;
    void              *take(void *argument);
    open_workers(2);
    for (int i = 0; i < 50; i++) {
        void *output;
        handle = SPAWN(&runtime, answer, i, i % 2);
        cr_assert_eq(pthread_create(&thread, NULL, take, &handle), 0);
        cr_assert_eq(pthread_join(thread, &output), 0);
        cr_assert_eq((int)(intptr_t)output, i);
    }
    shut();
}
void *take(void *argument) {
    struct answer_join *handle = argument;
    return (void *)(intptr_t)WAIT(*handle);
}

/* Asking a task to end. */
#include "queue.h"

Test(task, a_task_cancelled_before_its_first_poll_never_begins) {
    queue_t              queue;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    fut_join_cancel(&handle.join);
    cr_assert_not(fut_join_is_done(&handle.join), "it takes its turn to end");
    queue_run(&queue);
    cr_assert(fut_test_said("schedule"));
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
    cr_assert_eq(handle.output, -ECANCELED);
    queue_close(&queue);
}

Test(task, a_cancelled_task_says_goodbye_and_its_handle_waits_for_that) {
    queue_t            queue;
    fut_test_event_t   event = {0}, goodbye = {0};
    fut_test_waker_t   counter = {0};
    struct polite_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, polite, "a", &event, &goodbye);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_PENDING);
    fut_test_hush();

    fut_join_cancel(&handle.join);
    cr_assert(fut_test_said("schedule"));
    cr_assert_eq(event.drops, 0, "nothing happens before its turn");
    queue_run(&queue);
    cr_assert(fut_test_said("a closes"));
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(counter.wakes, 0);

    fut_test_event_fire(&goodbye, 0);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "a ends"));
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
    cr_assert_eq(handle.output, -ECANCELED);
    queue_close(&queue);
}

Test(task, cancelling_twice_is_cancelling_once) {
    queue_t            queue;
    fut_test_event_t   event = {0}, goodbye = {0};
    fut_test_waker_t   counter = {0};
    struct polite_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, polite, "a", &event, &goodbye);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    cr_assert_eq(goodbye.drops, 0, "the farewell is not disturbed");
    fut_test_event_fire(&goodbye, 0);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    cr_assert(fut_test_said("schedule",             /* spawned                                      */
                            "schedule", "a closes", /* the first two requests                       */
                            "schedule",             /* the third: a poll for nothing                */
                            "schedule", "a ends")); /* the farewell's event, and the fourth request */
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
    queue_close(&queue);
}

Test(task, a_task_that_is_ending_by_itself_is_not_cancelled_any_more) {
    queue_t            queue;
    fut_test_event_t   event = {0}, goodbye = {0};
    fut_test_waker_t   counter = {0};
    struct polite_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, polite, "a", &event, &goodbye);
    queue_run(&queue);
    fut_test_event_fire(&event, 8);
    queue_run(&queue); /* in its FINALLY */
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    fut_test_event_fire(&goodbye, 0);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, 0);
    cr_assert_eq(handle.output, 8);
    fut_test_hush();
    queue_close(&queue);
}

Test(task, cancelling_an_ended_task_changes_nothing) {
    queue_t            queue;
    fut_test_waker_t   counter = {0};
    struct answer_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, answer, 3);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    cr_assert_eq(queue.schedules, 1);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 3);
    cr_assert_eq(handle.join.status, 0);
    queue_close(&queue);
}

Test(task, a_request_and_the_event_at_the_same_time_cancel) {
    queue_t              queue;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    queue_run(&queue);
    fut_test_event_fire(&event, 1);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "a begins", "schedule"));
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
    queue_close(&queue);
}

Test(task, a_cancelled_and_detached_task_still_says_goodbye) {
    queue_t            queue;
    fut_test_event_t   event = {0}, goodbye = {0};
    struct polite_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, polite, "a", &event, &goodbye);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    fut_join_detach(&handle.join);
    queue_run(&queue);
    fut_test_event_fire(&goodbye, 0);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "schedule", "a closes", "schedule", "a ends"));
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 0);
    queue_close(&queue);
}

Test(task, the_scheduler_goes_in_the_middle_of_a_goodbye_which_is_then_cut) {
    queue_t            queue;
    fut_test_event_t   event = {0}, goodbye = {0};
    fut_test_waker_t   counter = {0};
    struct polite_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, polite, "a", &event, &goodbye);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_PENDING);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    queue_close(&queue);
    cr_assert(fut_test_said("schedule", "schedule", "a closes", "a ends"));
    cr_assert_eq(goodbye.drops, 1);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
}

/* ---- From inside -------------------------------------------------------------------------------------------- */

typedef struct self_cancel {
    ASYNC_FRAME(self_cancel, int, struct fut_join **own; fut_test_event_t *event; bool ends_at_once);
    fut_test_wait_t wait;
} self_cancel_t;
ASYNC(self_cancel) {
    ASYNC_BEGIN();
    fut_join_cancel(*self->own);
    fut_test_say("goes on");
    if (self->ends_at_once) ASYNC_RETURN(4);
    AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("ends");
    ASYNC_END();
}

static void a_task_cancels_itself(bool ends_at_once, int status, int output) {
    queue_t                 queue;
    fut_test_event_t        event   = {0};
    fut_test_waker_t        counter = {0};
    struct self_cancel_join handle;
    struct fut_join        *own = &handle.join;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, self_cancel, &own, &event, ends_at_once);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, status);
    cr_assert_eq(handle.output, output);
    queue_close(&queue);
}

Test(task, a_task_that_cancels_itself_ends_at_its_next_await) {
    a_task_cancels_itself(false, -ECANCELED, -ECANCELED);
    cr_assert(fut_test_said("schedule", "goes on", "schedule", "ends"));
}

Test(task, a_task_that_cancels_itself_and_ends_in_the_same_poll_was_not_cancelled) {
    a_task_cancels_itself(true, 0, 4);
    cr_assert(fut_test_said("schedule", "goes on", "ends"));
}

/* ---- Roots that are no async functions ---------------------------------------------------------------------- */

Test(task, a_future_by_hand_without_cancel_is_dropped) {
    queue_t                   queue;
    fut_test_event_t          event   = {0};
    fut_test_waker_t          counter = {0};
    struct fut_test_wait_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, fut_test_wait, &event);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(event.polls, 1);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
    cr_assert_eq(handle.output, -ECANCELED);
    queue_close(&queue);
}

Test(task, a_future_by_hand_that_lingers_ends_when_it_wants) {
    queue_t                     queue;
    fut_test_event_t            event   = {0};
    fut_test_waker_t            counter = {0};
    struct fut_test_linger_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, fut_test_linger, &event);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    cr_assert(event.cancels == 1 && event.drops == 0);
    cr_assert_not(fut_join_is_done(&handle.join));
    fut_test_event_fire(&event, 5);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED, "it was asked to");
    cr_assert_eq(handle.output, 5);
    queue_close(&queue);
}

/* ---- A chain ------------------------------------------------------------------------------------------------ */

typedef struct outer {
    ASYNC_FRAME(outer, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    polite_t        inner;
    fut_test_wait_t wait;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    AWAIT(self->inner, polite, "inner", self->event, self->goodbye);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("outer closes");
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say("outer ends");
    ASYNC_RETURN(77); /* a FINALLY may have the last word */
    ASYNC_END();
}

Test(task, finallys_run_innermost_first_and_each_may_wait) {
    queue_t           queue;
    fut_test_event_t  event = {0}, goodbye = {0};
    fut_test_waker_t  counter = {0};
    struct outer_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, outer, &event, &goodbye);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    for (int i = 0; i < 2; i++) {
        queue_run(&queue);
        fut_test_event_fire(&goodbye, 0);
    }
    queue_run(&queue);
    cr_assert(fut_test_said("schedule",                               /* spawned   */
                            "schedule", "inner closes",               /* cancelled */
                            "schedule", "inner ends", "outer closes", /* goodbye   */
                            "schedule", "outer ends"));               /* goodbye   */
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 77);
    cr_assert_eq(handle.join.status, -ECANCELED);
    queue_close(&queue);
}

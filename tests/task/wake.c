/* From a wake to a poll: how many of one make how many of the other. */
#include "queue.h"

Test(task, spawning_schedules_once_and_polls_nothing) {
    queue_t              queue;
    fut_test_event_t     event = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    cr_assert(fut_test_said("schedule"));
    cr_assert_eq(handle.join.status, 0);
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 1);
    cr_assert_eq(queue_run_one(&queue), FUT_PENDING);
    cr_assert(fut_test_said("a begins"));
    queue_close(&queue);
}

Test(task, one_wake_is_one_schedule_and_one_poll) {
    queue_t          queue;
    fut_test_event_t event = {0};

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, listener, "a", &event));
    queue_run(&queue);
    fut_test_event_fire(&event, 7);
    cr_assert_eq(queue_run_one(&queue), FUT_READY);
    cr_assert(fut_test_said("schedule",  /* spawned                             */
                            "a begins",  /*                                     */
                            "schedule",  /* the event's wake                    */
                            "a got 7")); /* polled, ready: no further schedule  */
    cr_assert_eq(queue.first, queue.end);
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 0);
    queue_close(&queue);
}

Test(task, many_wakes_before_a_poll_make_one_poll) {
    queue_t          queue;
    fut_test_event_t event = {0};

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, fut_test_wait, &event));
    queue_run(&queue);
    cr_assert_eq(queue.schedules, 1);
    for (unsigned round = 1; round <= 3; round++) {
        for (int i = 0; i < 5; i++) fut_wake(event.waker);
        fut_wake_from_interrupt(event.waker);
        cr_assert_eq(queue.schedules, 1 + round);
        queue_run(&queue);
        cr_assert_eq(event.polls, 1 + round);
    }
    queue_close(&queue);
}

Test(task, a_wake_before_the_first_poll_adds_nothing) {
    queue_t                   queue;
    fut_test_event_t          event = {0};
    struct fut_test_wait_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, fut_test_wait, &event);
    fut_wake((fut_waker_t){handle.join.task, handle.join.tag});
    cr_assert_eq(queue.schedules, 1);
    queue_run(&queue);
    cr_assert_eq(event.polls, 1);
    fut_join_detach(&handle.join);
    queue_close(&queue);
}

/* Wakes itself several times in each poll. */
typedef struct restless {
    FUT_FUTURE(restless, int, int polls; int wakes);
} restless_t;
static fut_poll_t restless_poll(restless_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    fut_test_say("poll");
    for (int i = 0; i < self->wakes; i++) fut_wake(fut_context_waker(cx));
    if (--self->polls > 0) return fut_pending(&self->future);
    return fut_ready(&self->future);
}
FUT_DEFINE(restless);

Test(task, waking_itself_while_polled_makes_exactly_one_more_poll_after_this_one) {
    queue_t queue;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, restless, 3, 5));
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "poll",   /* five wakes while it is polled:          */
                            "schedule", "poll",   /* scheduled once, when the poll has ended */
                            "schedule", "poll")); /* wakes itself, yet is ready: no more    */
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 0);
    queue_close(&queue);
}

Test(task, a_yield_is_one_more_poll) {
    queue_t queue;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, fut_test_after, 3, 0));
    queue_run(&queue);
    cr_assert_eq(queue.runs, 4);
    cr_assert_eq(queue.schedules, 4);
    queue_close(&queue);
}

Test(task, tasks_run_in_the_order_in_which_they_were_woken) {
    queue_t          queue;
    fut_test_event_t a = {0}, b = {0}, c = {0};

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, listener, "a", &a));
    DETACH(TASK_SPAWN(queue.scheduler, listener, "b", &b));
    DETACH(TASK_SPAWN(queue.scheduler, listener, "c", &c));
    queue_run(&queue);
    fut_test_hush();
    fut_test_event_fire(&c, 3);
    fut_test_event_fire(&a, 1);
    fut_test_event_fire(&c, 30); /* already on the queue: keeps its place */
    fut_test_event_fire(&b, 2);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "schedule", "schedule", "c got 30", "a got 1", "b got 2"));
    queue_close(&queue);
}

/* ---- Wakers that are older than the world ------------------------------------------------------------------- */

Test(task, waking_after_completion_does_not_poll) {
    queue_t          queue;
    fut_test_event_t event = {0};
    fut_waker_t      waker;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, fut_test_wait, &event));
    queue_run(&queue);
    waker = event.waker;
    fut_test_event_fire(&event, 0);
    queue_run(&queue);
    cr_assert_eq(queue.schedules, 2);
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    cr_assert_eq(queue.schedules, 2);
    cr_assert_eq(event.polls, 2);
    queue_close(&queue);
}

Test(task, waking_a_task_that_ended_while_its_handle_keeps_the_output_does_not_poll) {
    queue_t                   queue;
    fut_test_event_t          event   = {0};
    fut_test_waker_t          counter = {0};
    struct fut_test_wait_join handle;
    fut_waker_t               waker;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, fut_test_wait, &event);
    queue_run(&queue);
    waker = event.waker;
    fut_test_event_fire(&event, 6);
    queue_run(&queue);
    fut_wake(waker);
    cr_assert_eq(queue.schedules, 2);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 6);
    queue_close(&queue);
}

Test(task, a_waker_of_the_last_tenant_does_not_wake_the_next) {
    queue_t                   queue;
    fut_test_event_t          first = {0}, second = {0};
    struct fut_test_wait_join a, b;
    fut_waker_t               waker;

    queue_open(&queue);
    a = TASK_SPAWN(queue.scheduler, fut_test_wait, &first);
    queue_run(&queue);
    waker = first.waker;
    fut_join_detach(&a.join);
    fut_test_event_fire(&first, 0);
    queue_run(&queue);
    b = TASK_SPAWN(queue.scheduler, fut_test_wait, &second);
    cr_assert_eq((void *)b.join.task, waker.target, "the same memory, so that the test tests something");
    queue_run(&queue);
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    cr_assert_eq(queue.first, queue.end, "nothing was scheduled");
    cr_assert_eq(second.polls, 1);
    fut_wake(second.waker);
    cr_assert_neq(queue.first, queue.end, "its own waker works");
    fut_join_detach(&b.join);
    queue_close(&queue);
}

Test(task, waking_after_the_scheduler_is_gone_does_nothing) {
    queue_t          queue;
    fut_test_event_t event = {0};
    fut_waker_t      waker;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, fut_test_wait, &event));
    queue_run(&queue);
    waker = event.waker;
    queue_close(&queue);
    cr_assert_eq(event.drops, 1);
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    fut_waker_drop(fut_waker_clone(waker));
    cr_assert_eq(queue.schedules, 1);
}

Test(task, a_waker_of_a_scheduler_that_is_gone_does_not_reach_the_next_one) {
    queue_t                   queue, next;
    fut_test_event_t          event = {0}, other = {0};
    struct fut_test_wait_join tenant;
    fut_waker_t               waker;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, fut_test_wait, &event));
    queue_run(&queue);
    waker = event.waker;
    queue_close(&queue);

    queue_open(&next);
    cr_assert_eq(next.scheduler, queue.scheduler, "schedulers are recycled, too");
    fut_wake(waker);
    cr_assert_eq(next.schedules, 0);
    tenant = TASK_SPAWN(next.scheduler, fut_test_wait, &other);
    cr_assert_eq((void *)tenant.join.task, waker.target);
    queue_run(&next);
    fut_wake(waker);
    cr_assert_eq(next.schedules, 1);
    cr_assert_eq(other.polls, 1);
    fut_join_detach(&tenant.join);
    queue_close(&next);
}

Test(task, a_task_that_was_scheduled_when_its_scheduler_went_is_forgotten) {
    queue_t                   queue, next;
    fut_test_event_t          event = {0}, other = {0};
    struct fut_test_wait_join tenant;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, fut_test_wait, &event));
    queue_close(&queue); /* it was still on the queue */
    cr_assert_eq(event.polls, 0);
    cr_assert_eq(event.drops, 1);

    queue_open(&next);
    tenant = TASK_SPAWN(next.scheduler, fut_test_wait, &other);
    cr_assert_eq(next.schedules, 1, "its memory is as good as new");
    queue_run(&next);
    fut_test_event_fire(&other, 0);
    cr_assert_eq(next.schedules, 2);
    queue_run(&next);
    cr_assert(fut_join_is_done(&tenant.join));
    fut_join_detach(&tenant.join);
    queue_close(&next);
}

Test(task, freeing_no_scheduler_is_harmless) { fut_scheduler_free(NULL); }

Test(task, each_scheduler_schedules_its_own_tasks) {
    queue_t          a, b;
    fut_test_event_t event_a = {0}, event_b = {0};

    queue_open(&a);
    queue_open(&b);
    DETACH(TASK_SPAWN(a.scheduler, fut_test_wait, &event_a));
    DETACH(TASK_SPAWN(b.scheduler, fut_test_wait, &event_b));
    queue_run(&a);
    cr_assert(event_a.polls == 1 && event_b.polls == 0);
    queue_run(&b);
    fut_wake(event_b.waker);
    cr_assert(a.schedules == 1 && b.schedules == 2);
    queue_close(&a);
    cr_assert(event_a.drops == 1 && event_b.drops == 0);
    queue_close(&b);
    cr_assert_eq(event_b.drops, 1);
}

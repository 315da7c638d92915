/* The handle of a spawned task: its output, its status, and what becomes of the task without it. */
#include <string.h>

#include "queue.h"

Test(task, awaiting_a_running_task_is_pending_and_its_end_wakes) {
    queue_t              queue;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_PENDING);
    queue_run(&queue);
    cr_assert_eq(counter.wakes, 0);
    cr_assert_not(fut_join_is_done(&handle.join));
    fut_test_event_fire(&event, 42);
    queue_run(&queue);
    cr_assert_eq(counter.wakes, 1);
    cr_assert(fut_join_is_done(&handle.join));
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 42);
    cr_assert_eq(handle.join.status, 0);
    queue_close(&queue);
}

Test(task, awaiting_an_ended_task_is_ready_at_once) {
    queue_t            queue;
    fut_test_alarm_t   alarm;
    fut_context_t      cx;
    struct answer_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, answer, 42);
    queue_run(&queue);
    cr_assert(fut_join_is_done(&handle.join));
    fut_context_init(&cx, fut_test_alarm(&alarm, NULL, NULL), NULL);
    cr_assert_eq(fut_poll(&handle.join.future, &cx), FUT_READY);
    cr_assert_eq(handle.output, 42);
    cr_assert_eq(handle.join.status, 0);
    queue_close(&queue);
}

Test(task, a_ready_handle_stays_ready_and_keeps_its_output) {
    queue_t            queue;
    fut_test_waker_t   counter = {0};
    struct answer_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, answer, 42);
    queue_run(&queue);
    for (int i = 0; i < 3; i++) cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    fut_join_cancel(&handle.join);
    fut_drop(&handle.join.future);
    queue_close(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 42);
}

Test(task, the_waker_of_the_latest_poll_is_woken) {
    queue_t              queue;
    fut_test_event_t     event = {0};
    fut_test_waker_t     early = {0}, late = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &early), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&handle.join.future, &late), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    queue_run(&queue);
    cr_assert_eq(early.wakes, 0);
    cr_assert_eq(late.wakes, 1);
    queue_close(&queue);
}

/* The promise of fut_drop: an integer output reads -ECANCELED, whatever had become of the task. */
Test(task, a_dropped_handle_reads_ECANCELED) {
    for (int when = 0; when < 4; when++) {
        queue_t              queue;
        fut_test_event_t     event   = {0};
        fut_test_waker_t     counter = {0};
        struct listener_join handle;

        queue_open(&queue);
        handle        = TASK_SPAWN(queue.scheduler, listener, "a", &event);
        handle.output = 77;
        queue_run(&queue);
        if (when >= 1) cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_PENDING);
        if (when >= 2) fut_test_event_fire(&event, 5);
        if (when >= 3) queue_run(&queue);
        fut_drop(&handle.join.future);
        cr_assert(fut_is_done(&handle.join.future));
        cr_assert_eq(handle.output, when == 3 ? 5 : -ECANCELED, "its end was delivered before, or never");
        cr_assert_eq(handle.join.status, when == 3 ? 0 : -ECANCELED);
        queue_close(&queue);
    }
    fut_test_hush();
}

Test(task, a_handle_dropped_after_the_end_and_before_it_was_awaited_reads_ECANCELED) {
    queue_t            queue;
    struct answer_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, answer, 42);
    queue_run(&queue);
    fut_drop(&handle.join.future);
    cr_assert_eq(handle.output, -ECANCELED);
    queue_close(&queue);
}

/* A parent that spawns, waits, and says what it got. */
typedef struct parent {
    ASYNC_FRAME(parent, int, fut_scheduler_t *scheduler; fut_test_event_t *event);
    struct listener_join child;
} parent_t;
ASYNC(parent) {
    ASYNC_BEGIN();
    self->child = TASK_SPAWN(self->scheduler, listener, "child", self->event);
    fut_test_say("spawned");
    AWAIT(self->child);
    fut_test_say("parent got %d", self->child.output);
    ASYNC_RETURN(self->child.output + 1);
    ASYNC_END();
}

Test(task, one_task_awaits_another) {
    queue_t            queue;
    fut_test_event_t   event   = {0};
    fut_test_waker_t   counter = {0};
    struct parent_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, parent, queue.scheduler, &event);
    queue_run(&queue);
    fut_test_event_fire(&event, 5);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule",            /* the parent                          */
                            "schedule", "spawned", /* the child waits for its turn        */
                            "child begins",        /*                                     */
                            "schedule",            /* the event                           */
                            "child got 5",         /*                                     */
                            "schedule",            /* the end of the child wakes          */
                            "parent got 5"));
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 6);
    queue_close(&queue);
}

/* ---- Outputs of every shape --------------------------------------------------------------------------------- */

typedef struct triple {
    double x, y, z;
    char   name[20];
} triple_t;

typedef struct give_struct {
    ASYNC_FRAME(give_struct, triple_t);
} give_struct_t;
ASYNC(give_struct) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN((triple_t){1.5, 2.5, 3.5, "abc"});
    ASYNC_END();
}
typedef struct give_nothing {
    ASYNC_FRAME(give_nothing, void);
} give_nothing_t;
ASYNC(give_nothing) {
    ASYNC_BEGIN();
    ASYNC_RETURN();
    ASYNC_END();
}
typedef struct give_pointer {
    ASYNC_FRAME(give_pointer, const char *);
} give_pointer_t;
ASYNC(give_pointer) {
    ASYNC_BEGIN();
    ASYNC_RETURN("text");
    ASYNC_END();
}
typedef struct give_char {
    ASYNC_FRAME(give_char, char);
} give_char_t;
ASYNC(give_char) {
    ASYNC_BEGIN();
    ASYNC_RETURN('x');
    ASYNC_END();
}
typedef struct give_long {
    ASYNC_FRAME(give_long, long long, long long value);
} give_long_t;
ASYNC(give_long) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}
typedef struct give_short {
    ASYNC_FRAME(give_short, short);
} give_short_t;
ASYNC(give_short) {
    ASYNC_BEGIN();
    ASYNC_RETURN(-3);
    ASYNC_END();
}

static void outputs_arrive(bool awaited_before_the_end) {
    queue_t          queue;
    fut_test_waker_t counter = {0};

    queue_open(&queue);
    struct give_struct_join  a         = TASK_SPAWN(queue.scheduler, give_struct);
    struct give_nothing_join b         = TASK_SPAWN(queue.scheduler, give_nothing);
    struct give_pointer_join c         = TASK_SPAWN(queue.scheduler, give_pointer);
    struct give_char_join    d         = TASK_SPAWN(queue.scheduler, give_char);
    struct give_long_join    e         = TASK_SPAWN(queue.scheduler, give_long, 1LL << 40);
    struct give_short_join   f         = TASK_SPAWN(queue.scheduler, give_short);
    fut_join_t *const        handles[] = {&a.join, &b.join, &c.join, &d.join, &e.join, &f.join};

    for (int i = 0; i < 6 && awaited_before_the_end; i++)
        cr_assert_eq(fut_test_poll(&handles[i]->future, &counter), FUT_PENDING);
    queue_run(&queue);
    for (int i = 0; i < 6; i++) cr_assert_eq(fut_test_poll(&handles[i]->future, &counter), FUT_READY);
    cr_assert_eq(counter.wakes, awaited_before_the_end ? 6 : 0);
    cr_assert(a.output.x == 1.5 && a.output.z == 3.5 && !strcmp(a.output.name, "abc"));
    cr_assert_str_eq(c.output, "text");
    cr_assert_eq(d.output, 'x');
    cr_assert_eq(e.output, 1LL << 40);
    cr_assert_eq(f.output, -3);
    queue_close(&queue);
}

Test(task, outputs_of_every_type_reach_a_handle_that_waits) { outputs_arrive(true); }
Test(task, outputs_of_every_type_are_kept_for_a_handle_that_comes_later) { outputs_arrive(false); }

/* ---- Without a handle --------------------------------------------------------------------------------------- */

Test(task, a_detached_task_runs_to_its_end_and_its_memory_is_used_again) {
    queue_t              queue;
    fut_test_event_t     event = {0};
    struct listener_join handle;
    const fut_task_t    *memory;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    memory = handle.join.task;
    fut_join_detach(&handle.join);
    fut_join_detach(&handle.join);
    queue_run(&queue);
    fut_test_event_fire(&event, 1);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "a begins", "schedule", "a got 1"));
    handle = TASK_SPAWN(queue.scheduler, listener, "b", &event);
    cr_assert_eq(handle.join.task, memory);
    fut_join_detach(&handle.join);
    queue_close(&queue);
}

Test(task, detaching_after_the_end_gives_the_memory_back) {
    queue_t            queue;
    struct answer_join handle, other;
    const fut_task_t  *memory;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, answer, 1);
    memory = handle.join.task;
    queue_run(&queue);
    other = TASK_SPAWN(queue.scheduler, answer, 2);
    cr_assert_neq(other.join.task, memory, "the output still lies there");
    fut_join_detach(&handle.join);
    fut_join_detach(&other.join);
    queue_run(&queue);
    other  = TASK_SPAWN(queue.scheduler, answer, 3);
    handle = TASK_SPAWN(queue.scheduler, answer, 4);
    cr_assert(other.join.task == memory || handle.join.task == memory);
    queue_close(&queue);
}

Test(task, dropping_a_handle_that_waits_detaches_the_task) {
    queue_t              queue;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_PENDING);
    fut_drop(&handle.join.future);
    memset(&handle, 0xee, sizeof handle); /* nobody may write to it any more */
    fut_test_event_fire(&event, 1);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "a begins", "schedule", "a got 1"));
    cr_assert_eq(counter.wakes, 0);
    for (size_t i = 0; i < sizeof handle; i++) cr_assert_eq(((unsigned char *)&handle)[i], 0xee);
    queue_close(&queue);
}

Test(task, a_parent_that_is_cancelled_while_it_awaits_leaves_the_child_running) {
    queue_t            queue;
    fut_test_event_t   event   = {0};
    fut_test_waker_t   counter = {0};
    struct parent_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, parent, queue.scheduler, &event);
    queue_run(&queue);
    fut_join_cancel(&handle.join);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, -ECANCELED);
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 1);
    fut_test_hush();
    fut_test_event_fire(&event, 1);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "child got 1"));
    queue_close(&queue);
}

/* ---- When there is nothing to wait for ---------------------------------------------------------------------- */

Test(task, a_handle_that_waits_when_the_scheduler_goes_is_woken_and_reads_ECANCELED) {
    queue_t              queue;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    queue_run(&queue);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_PENDING);
    queue_close(&queue);
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.join.status, -ECANCELED);
    cr_assert_eq(handle.output, -ECANCELED);
}

Test(task, a_handle_that_is_awaited_after_its_scheduler_has_gone_reads_ECANCELED) {
    queue_t              queue;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join running;
    struct answer_join   ended;

    queue_open(&queue);
    running = TASK_SPAWN(queue.scheduler, listener, "a", &event);
    ended   = TASK_SPAWN(queue.scheduler, answer, 3);
    queue_run(&queue);
    queue_close(&queue);
    cr_assert(fut_join_is_done(&running.join));
    fut_join_cancel(&running.join); /* nothing happens */
    cr_assert_eq(fut_test_poll(&running.join.future, &counter), FUT_READY);
    cr_assert_eq(running.join.status, -ECANCELED);
    cr_assert_eq(running.output, -ECANCELED);
    cr_assert_eq(fut_test_poll(&ended.join.future, &counter), FUT_READY);
    cr_assert_eq(ended.join.status, -ECANCELED, "its output has gone with the scheduler's memory");
}

Test(task, a_handle_of_a_scheduler_that_has_gone_does_not_touch_the_next_tenant) {
    queue_t              queue, next;
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join stale[4], tenant;

    queue_open(&queue);
    for (int i = 0; i < 4; i++) stale[i] = TASK_SPAWN(queue.scheduler, listener, "old", &event);
    queue_close(&queue);
    queue_open(&next);
    tenant = TASK_SPAWN(next.scheduler, listener, "new", &event);
    fut_join_cancel(&stale[0].join);
    fut_join_detach(&stale[1].join);
    fut_drop(&stale[2].join.future);
    cr_assert_eq(fut_test_poll(&stale[3].join.future, &counter), FUT_READY);
    cr_assert_eq(stale[3].output, -ECANCELED);
    queue_run(&next);
    fut_test_event_fire(&event, 9);
    queue_run(&next);
    cr_assert_eq(fut_test_poll(&tenant.join.future, &counter), FUT_READY);
    cr_assert_eq(tenant.output, 9);
    cr_assert_eq(tenant.join.status, 0);
    queue_close(&next);
}

/* Spawns when its scheduler is on its way out. */
typedef struct stubborn {
    ASYNC_FRAME(stubborn, int, fut_scheduler_t *scheduler; fut_test_event_t *event; struct answer_join *late);
    fut_test_wait_t wait;
} stubborn_t;
ASYNC(stubborn) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_FINALLY();
    *self->late = TASK_SPAWN(self->scheduler, answer, 1);
    AWAIT(*self->late); /* ready at once, so it is not cut */
    fut_test_say("ends");
    ASYNC_END();
}

Test(task, spawning_is_refused_while_the_scheduler_goes) {
    queue_t            queue;
    fut_test_event_t   event = {0};
    struct answer_join late;

    queue_open(&queue);
    DETACH(TASK_SPAWN(queue.scheduler, stubborn, queue.scheduler, &event, &late));
    queue_run(&queue);
    queue_close(&queue);
    cr_assert(fut_test_said("schedule", "ends"));
    cr_assert_eq(late.join.status, -ECANCELED);
    cr_assert_eq(late.output, -ECANCELED);
}

/* ---- In the caller's storage -------------------------------------------------------------------------------- */

Test(task, a_future_in_the_callers_storage_is_run_where_it_lies) {
    queue_t          queue;
    fut_test_event_t event   = {0};
    fut_test_waker_t counter = {0};
    listener_t       mine;
    struct {
        union {
            fut_join_t join;
        };
        int output;
    } handle;

    queue_open(&queue);
    START(mine, listener, "a", &event);
    handle.join = fut_task_spawn_in(queue.scheduler, &mine.future);
    cr_assert_eq(handle.join.status, 0);
    queue_run(&queue);
    cr_assert(fut_is_pending(&mine.future));
    fut_test_event_fire(&event, 12);
    queue_run(&queue);
    cr_assert(fut_is_done(&mine.future));
    cr_assert_eq(mine.output, 12);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 12);
    queue_close(&queue);
}

Test(task, a_future_in_the_callers_storage_is_dropped_with_the_scheduler) {
    queue_t          queue;
    fut_test_event_t event = {0};
    listener_t       mine;
    fut_join_t       handle;

    queue_open(&queue);
    START(mine, listener, "a", &event);
    handle = fut_task_spawn_in(queue.scheduler, &mine.future);
    queue_run(&queue);
    queue_close(&queue);
    cr_assert(fut_is_done(&mine.future));
    cr_assert_eq(mine.output, -ECANCELED);
    cr_assert_eq(event.drops, 1);
    cr_assert(fut_join_is_done(&handle));
}

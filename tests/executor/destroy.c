/* The end of an executor, and what outlives it. */
#include "kit.h"

/* ---- Destroying ---------------------------------------------------------------------------------------------- */

typedef struct inner {
    ASYNC_FRAME(inner, int, const char *name);
    fut_sleep_t nap;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_S(1000));
    ASYNC_FINALLY();
    fut_test_say("%s closes", self->name);
    AWAIT(self->nap, fut_sleep, FUT_S(1));
    fut_test_say(self->nap.output == -ECANCELED ? "%s was cut" : "%s slept", self->name);
    ASYNC_END();
}
typedef struct outer {
    ASYNC_FRAME(outer, int, const char *name);
    inner_t inner;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    AWAIT(self->inner, inner, "inner");
    ASYNC_FINALLY();
    fut_test_say("%s ends", self->name);
    ASYNC_END();
}

Test(executor, destroying_runs_every_finally_innermost_first) {
    open_virtual();
    DETACH(SPAWN(&executor, outer, "outer"));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    DETACH(SPAWN(&executor, outer, "never polled"));
    fut_executor_destroy(&executor);
    cr_assert(fut_test_said("inner closes", "inner was cut", /* an await in FINALLY gets one poll           */
                            "outer ends"));                  /* a function that never began has no FINALLY */
    fut_driver_t *driver = fut_virtual_clock_driver(virtual_clock);
    cr_assert_eq(driver->vtable->next(driver), FUT_NEVER, "no timer is left");
    fut_virtual_clock_free(virtual_clock);
}

Test(executor, destroying_twice_is_harmless) {
    open_quietly();
    fut_executor_destroy(&executor);
    fut_executor_destroy(&executor);
}

static struct answer_join late;
typedef struct stubborn {
    ASYNC_FRAME(stubborn, int);
    fut_sleep_t nap;
    answer_t    slot;
} stubborn_t;
ASYNC(stubborn) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_S(1000));
    ASYNC_FINALLY();
    late = SPAWN(&executor, answer, 1);
    fut_test_say("spawn %d", late.join.status == -ECANCELED);
    late = SPAWN_IN(&executor, self->slot, answer, 1);
    fut_test_say("spawn in %d", late.join.status == -ECANCELED);
    fut_test_say("block on %d", BLOCK_ON(&executor, answer, 1) == -ECANCELED);
    ASYNC_END();
}

Test(executor, spawning_from_a_finally_while_the_executor_goes_is_refused) {
    open_quietly();
    DETACH(SPAWN(&executor, stubborn));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_executor_destroy(&executor);
    cr_assert(fut_test_said("spawn 1", "spawn in 1", "block on 1"));
}

/* Wakes and cancels its neighbours on its way out. */
typedef struct vandal {
    ASYNC_FRAME(vandal, int, fut_test_event_t *event; struct vandal_join *neighbours; fut_waker_t *waker);
    fut_test_wait_t wait;
} vandal_t;
ASYNC(vandal) {
    ASYNC_BEGIN();
    *self->waker = cx->waker;
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_FINALLY();
    for (int i = 0; i < 3; i++) {
        fut_join_cancel(&self->neighbours[i].join);
        fut_wake(self->waker[i - (int)(self->event->value)]);
    }
    fut_test_say("out");
    ASYNC_END();
}

Test(executor, a_finally_may_wake_and_cancel_its_neighbours_while_the_executor_goes) {
    fut_test_event_t   events[3] = {{.value = 0}, {.value = 1}, {.value = 2}};
    fut_waker_t        wakers[3];
    struct vandal_join handles[3];
    fut_test_event_t   event = {0};

    for (int round = 0; round < 2; round++) {
        open_quietly();
        for (int i = 0; i < 3; i++) handles[i] = SPAWN(&executor, vandal, &events[i], handles, &wakers[i]);
        cr_assert_eq(fut_executor_run_until_stalled(&executor), 3);
        fut_executor_destroy(&executor);
        cr_assert(fut_test_said("out", "out", "out"));
    }
    open_quietly(); /* in the same memory: no trace is left */
    DETACH(SPAWN(&executor, listener, "a", &event));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0);
    cr_assert(fut_test_said("a begins", "a got 1", "a ends"));
    fut_executor_destroy(&executor);
}

typedef struct awaiter {
    ASYNC_FRAME(awaiter, int, struct outer_join *handle);
} awaiter_t;
ASYNC(awaiter) {
    ASYNC_BEGIN();
    AWAIT(*self->handle);
    ASYNC_FINALLY();
    fut_test_say("awaiter ends");
    ASYNC_END();
}

Test(executor, tasks_that_await_tasks_go_in_any_order) {
    struct outer_join first, second;

    open_quietly();
    first = SPAWN(&executor, outer, "first");
    DETACH(SPAWN(&executor, awaiter, &first));
    DETACH(SPAWN(&executor, awaiter, &second));
    second = SPAWN(&executor, outer, "second");
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 4);
    fut_executor_destroy(&executor);
    cr_assert_eq(fut_test_words.count, 8);
    fut_test_hush();
}

Test(executor, nothing_leaks_whatever_the_tasks_were_doing) {
    size_t before = 0;
    int    ends[2];

    cr_assert_eq(pipe(ends), 0);
    counting_begin();
    for (int round = 0; round < 3; round++) {
        fut_test_event_t     event = {0};
        fut_read_t           slot;
        char                 byte;
        struct listener_join handle;
        struct answer_join   forgotten;
        struct fut_read_join kept;
        open_quietly();
        DETACH(SPAWN(&executor, outer, "a"));
        DETACH(SPAWN(&executor, fut_read, ends[0], &byte, 1));
        DETACH(SPAWN(&executor, answer, 1));     /* ended and detached     */
        forgotten = SPAWN(&executor, answer, 1); /* ended, handle forgotten */
        kept      = SPAWN_IN(&executor, slot, fut_read, ends[0], &byte, 1);
        handle    = SPAWN(&executor, listener, "b", &event);
        cr_assert_eq(fut_executor_run_until_stalled(&executor), 4);
        fut_join_cancel(&handle.join);
        DETACH(SPAWN(&executor, outer, "never polled"));
        fut_executor_destroy(&executor);
        cr_assert(fut_join_is_done(&forgotten.join) && fut_join_is_done(&kept.join));
        if (round == 0) before = counting.live;
        cr_assert_eq(counting.live, before);
        fut_test_hush();
    }
}

/* ---- What outlives it ---------------------------------------------------------------------------------------- */

Test(executor, wakers_outlive_the_executor_and_do_not_reach_the_next_tenant) {
    fut_test_event_t     event = {0}, other = {0};
    struct listener_join old, tenant;
    fut_waker_t          waker;

    open_quietly();
    old = SPAWN(&executor, listener, "old", &event);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    waker = event.waker;
    fut_executor_destroy(&executor);
    fut_wake(waker);
    fut_wake_from_interrupt(waker);

    open_quietly();
    fut_wake(waker);
    tenant = SPAWN(&executor, listener, "new", &other);
    cr_assert_eq(old.join.task, tenant.join.task, "the same memory, so that the test tests something");
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    cr_assert_eq(other.polls, 1);
    DETACH(tenant);
    fut_test_hush();
    fut_executor_destroy(&executor);
}

Test(executor, handles_outlive_the_executor_and_read_ECANCELED) {
    fut_test_event_t     event   = {0};
    fut_test_waker_t     counter = {0};
    struct listener_join polled, unpolled, queued;
    struct answer_join   ended;

    open_quietly();
    polled   = SPAWN(&executor, listener, "a", &event);
    unpolled = SPAWN(&executor, listener, "b", &event);
    ended    = SPAWN(&executor, answer, 1);
    cr_assert_eq(fut_test_poll(&polled.join.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 2);
    queued = SPAWN(&executor, listener, "c", &event);
    fut_executor_destroy(&executor);
    cr_assert_eq(counter.wakes, 1);
    fut_join_t *const handles[] = {&polled.join, &unpolled.join, &queued.join, &ended.join};
    for (int i = 0; i < 4; i++) {
        cr_assert(fut_join_is_done(handles[i]));
        fut_join_cancel(handles[i]);
        cr_assert_eq(fut_test_poll(&handles[i]->future, &counter), FUT_READY);
        cr_assert_eq(handles[i]->status, -ECANCELED);
    }
    cr_assert_eq(polled.output, -ECANCELED);
    cr_assert_eq(unpolled.output, -ECANCELED);
    fut_test_hush();
}

/* ---- Cancelling everybody ------------------------------------------------------------------------------------ */

Test(executor, cancel_all_lets_everybody_say_goodbye) {
    struct answer_join ended;

    open_virtual();
    DETACH(SPAWN(&executor, outer, "a"));
    DETACH(SPAWN(&executor, fut_sleep, FUT_S(1000)));
    ended = SPAWN(&executor, answer, 5);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 2);
    DETACH(SPAWN(&executor, outer, "never polled"));
    fut_executor_cancel_all(&executor);
    fut_executor_cancel_all(&executor);
    cr_assert(fut_test_said(NULL));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("inner closes", "inner slept", "a ends"));
    cr_assert_eq(executor.driver->vtable->now(executor.driver), FUT_S(2), "a second for the goodbye");
    fut_test_waker_t counter = {0};
    cr_assert_eq(fut_test_poll(&ended.join.future, &counter), FUT_READY);
    cr_assert_eq(ended.output, 5);
    cr_assert_eq(ended.join.status, 0);
    close_virtual();
}

typedef struct tyrant {
    ASYNC_FRAME(tyrant, int);
} tyrant_t;
ASYNC(tyrant) {
    ASYNC_BEGIN();
    fut_executor_cancel_all(fut_executor_of(cx));
    fut_test_say("goes on");
    YIELD();
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("ends");
    ASYNC_END();
}

Test(executor, cancel_all_from_inside_reaches_the_caller_too) {
    open_virtual();
    DETACH(SPAWN(&executor, fut_sleep, FUT_S(1000)));
    cr_assert_eq(BLOCK_ON(&executor, tyrant), -ECANCELED);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("goes on", "ends"));
    close_virtual();
}

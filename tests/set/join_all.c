/* join_all and try_join_all: an array, awaited. */
#include "kit.h"

enum { N = 4 };

typedef struct many {
    item_t             items[N];
    fut_future_t      *pointers[N];
    fut_join_all_t     join;
    fut_try_join_all_t try_join;
} many_t;

static void many_start(many_t *many) {
    memset(many, 0, sizeof *many);
    for (int i = 0; i < N; i++) {
        item_start(&many->items[i]);
        many->pointers[i] = &many->items[i].wait.future;
    }
    START(many->join, fut_join_all, FUT_EACH_POINTER(many->pointers, N));
    START(many->try_join, fut_try_join_all, FUT_EACH_POINTER(many->pointers, N));
}

static unsigned polls_of(const many_t *many) {
    unsigned polls = 0;
    for (int i = 0; i < N; i++) polls += many->items[i].event.polls;
    return polls;
}
static unsigned drops_of(const many_t *many) {
    unsigned drops = 0;
    for (int i = 0; i < N; i++) drops += many->items[i].event.drops;
    return drops;
}

Test(set, joining_nothing_is_ready_at_once) {
    fut_test_waker_t   woken = {0};
    fut_join_all_t     join;
    fut_try_join_all_t try_join;
    START(join, fut_join_all, (fut_futures_t){NULL, 0, 0});
    cr_assert_eq(fut_test_poll(&join.future, &woken), READY);
    cr_assert_eq(join.output, 0);
    START(try_join, fut_try_join_all, (fut_futures_t){NULL, 0, 0});
    cr_assert_eq(fut_test_poll(&try_join.future, &woken), READY);
    cr_assert_eq(try_join.output, 0);
    START(join, fut_join_all, (fut_futures_t){NULL, 0, 0});
    fut_drop(&join.future);
    cr_assert_eq(join.output, -ECANCELED);
}

Test(set, joining_one_is_awaiting_it) {
    fut_test_waker_t woken = {0};
    item_t           item  = {0};
    fut_join_all_t   join;
    item_start(&item);
    START(join, fut_join_all, FUT_EACH_OF(&item.wait, 1));
    cr_assert_eq(fut_test_poll(&join.future, &woken), PENDING);
    fut_test_event_fire(&item.event, 3);
    cr_assert_eq(fut_test_poll(&join.future, &woken), READY);
    cr_assert_eq(item.wait.output, 3);
}

/* All 24 orders of four. */
Test(set, joined_futures_may_end_in_any_order) {
    for (int order = 0; order < N * N * N * N; order++) {
        int              who[N]  = {order % N, order / N % N, order / N / N % N, order / N / N / N};
        bool             seen[N] = {false};
        many_t           many;
        fut_test_waker_t woken = {0};
        here_t           here  = {0};
        fut_waker_t      task  = order % 2 ? here_waker(&here) : fut_test_waker(&woken);
        for (int i = 0; i < N; i++) seen[who[i]] = true;
        if (!(seen[0] && seen[1] && seen[2] && seen[3])) continue;
        many_start(&many);
        for (int i = 0; i < N; i++) {
            cr_assert_eq(poll_under(&many.join.future, task), PENDING);
            cr_assert_eq(polls_of(&many), N + (unsigned)i, "only who was woken is polled");
            fut_test_event_fire(&many.items[who[i]].event, -who[i]);
        }
        cr_assert_eq(poll_under(&many.join.future, task), READY);
        cr_assert_eq(many.join.output, 0);
        for (int i = 0; i < N; i++) cr_assert_eq(many.items[i].wait.output, -i, "each output is in its place");
    }
}

Test(set, futures_that_are_ready_at_once_are_joined_in_one_poll) {
    many_t           many;
    fut_test_waker_t woken = {0};
    many_start(&many);
    fut_drop(many.pointers[1]);
    for (int i = 0; i < N; i++) fut_test_event_fire(&many.items[i].event, i);
    cr_assert_eq(fut_test_poll(&many.join.future, &woken), READY);
    cr_assert_eq(many.join.output, 0);
    cr_assert_eq(woken.wakes, 0);
}

Test(set, joining_survives_spurious_polls) {
    many_t             many;
    fut_test_stutter_t stutter;
    many_start(&many);
    START(stutter, fut_test_stutter, &many.join.future);
    for (int i = 0; i < N; i++) {
        cr_assert_eq(fut_test_run(&stutter.future), PENDING);
        fut_test_event_fire(&many.items[i].event, i);
    }
    cr_assert_eq(fut_test_run(&stutter.future), READY);
}

Test(set, a_large_array_is_begun_within_the_budget) {
    enum { MANY = 100 };
    static fut_test_after_t frames[MANY];
    fut_test_waker_t        woken = {0};
    fut_join_all_t          join;
    fut_context_t           cx;
    int                     polls = 0;
    for (int i = 0; i < MANY; i++) START(frames[i], fut_test_after, (unsigned)i % 3, i);
    START(join, fut_join_all, FUT_EACH(frames));
    do {
        fut_context_init(&cx, fut_test_waker(&woken), NULL);
        cx.budget = 10;
        polls++;
    } while (fut_poll(&join.future, &cx) == PENDING && polls < 1000);
    cr_assert_eq(join.output, 0);
    cr_assert_geq(polls, 20);
    for (int i = 0; i < MANY; i++) cr_assert_eq(frames[i].output, i);
}

/* ---- The first error ------------------------------------------------------------------------------------------ */

Test(set, the_first_error_cancels_the_others_and_is_the_output) {
    many_t           many;
    fut_test_waker_t woken = {0};
    many_start(&many);
    cr_assert_eq(fut_test_poll(&many.try_join.future, &woken), PENDING);
    fut_test_event_fire(&many.items[1].event, 5);
    cr_assert_eq(fut_test_poll(&many.try_join.future, &woken), PENDING);
    fut_test_event_fire(&many.items[2].event, -EIO);
    fut_test_event_fire(&many.items[3].event, -EPIPE);
    cr_assert_eq(fut_test_poll(&many.try_join.future, &woken), READY);
    cr_assert_eq(many.try_join.output, -EIO);
    cr_assert_eq(many.items[0].wait.output, -ECANCELED);
    cr_assert_eq(many.items[1].wait.output, 5);
    cr_assert_eq(drops_of(&many), 2);
}

Test(set, after_an_error_at_once_the_others_are_not_begun) {
    many_t           many;
    fut_test_waker_t woken = {0};
    many_start(&many);
    fut_test_event_fire(&many.items[0].event, -EIO);
    cr_assert_eq(fut_test_poll(&many.try_join.future, &woken), READY);
    cr_assert_eq(many.try_join.output, -EIO);
    cr_assert_eq(polls_of(&many), 1);
    cr_assert_eq(drops_of(&many), N - 1);
}

Test(set, the_output_waits_for_the_farewells_of_the_others) {
    fut_test_waker_t   woken = {0};
    fut_test_event_t   event = {0}, farewell = {0}, broken = {0}, goodbye = {0};
    polite_t           polite[2];
    fut_try_join_all_t join;
    START(polite[0], polite, &event, &farewell, "whole");
    START(polite[1], polite, &broken, &goodbye, "broken");
    START(join, fut_try_join_all, FUT_EACH(polite));
    cr_assert_eq(fut_test_poll(&join.future, &woken), PENDING);
    fut_test_event_fire(&broken, -EIO);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_poll(&join.future, &woken), PENDING);
    cr_assert(fut_test_said("broken closes", "broken ends", "whole closes"));
    fut_test_event_fire(&farewell, 0);
    cr_assert_eq(fut_test_poll(&join.future, &woken), READY);
    cr_assert(fut_test_said("whole ends"));
    cr_assert_eq(join.output, -EIO);
}

/* ---- Cancelled, dropped --------------------------------------------------------------------------------------- */

Test(set, a_join_may_be_dropped_at_every_step) {
    for (int step = 0; step <= N; step++) {
        many_t           many;
        fut_test_waker_t woken = {0};
        many_start(&many);
        for (int i = 0; i < step; i++) {
            cr_assert_eq(fut_test_poll(&many.join.future, &woken), PENDING);
            if (i > 0) fut_test_event_fire(&many.items[i - 1].event, 0);
        }
        fut_drop(&many.join.future);
        cr_assert_eq(many.join.output, -ECANCELED);
        for (int i = 0; i < N; i++) cr_assert(fut_is_done(many.pointers[i]));
        cr_assert_eq(drops_of(&many), step < 3 ? N : N - ((unsigned)step - 2), "each that was not done, once");
        woken.wakes = 0;
        for (int i = 0; i < N; i++) fut_wake(many.items[i].event.waker);
        cr_assert_eq(woken.wakes, 0);
    }
}

Test(set, a_join_may_be_cancelled_at_every_step) {
    for (int step = 0; step <= N; step++) {
        many_t           many;
        fut_test_waker_t woken = {0};
        many_start(&many);
        for (int i = 0; i < N; i++) START(many.items[i].linger, fut_test_linger, &many.items[i].event);
        for (int i = 0; i < step; i++) {
            cr_assert_eq(fut_test_poll(&many.join.future, &woken), PENDING);
            if (i > 0) fut_test_event_fire(&many.items[i - 1].event, 0);
        }
        fut_cancel(&many.join.future);
        fut_cancel(&many.join.future);
        if (step == 0) {
            cr_assert_eq(drops_of(&many), N, "never polled: dropped");
            cr_assert_eq(fut_test_poll(&many.join.future, &woken), READY);
            continue;
        }
        for (int i = 0; i < N; i++) {
            const bool done = i < step - 2;
            cr_assert_eq(many.items[i].event.cancels, done ? 0 : 1, "step %d item %d", step, i);
            if (i >= step - 1) {
                cr_assert_eq(fut_test_poll(&many.join.future, &woken), PENDING);
                fut_test_event_fire(&many.items[i].event, 6);
            }
        }
        cr_assert_eq(fut_test_poll(&many.join.future, &woken), READY, "all have ended");
        cr_assert_eq(many.join.output, -ECANCELED);
        cr_assert_eq(drops_of(&many), 0);
    }
}

/* ---- As a part of an async function ------------------------------------------------------------------------------ */

typedef struct hundred {
    ASYNC_FRAME(hundred, int, fut_test_event_t *events);
    polite_t           workers[100];
    fut_try_join_all_t all;
    int                i;
} hundred_t;
ASYNC(hundred) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 100; self->i++)
        START(self->workers[self->i], polite, &self->events[self->i], &self->events[self->i], "");
    AWAIT(self->all, fut_try_join_all, FUT_EACH(self->workers));
    ASYNC_RETURN(self->all.output);
    ASYNC_END();
}

Test(set, an_array_of_frames_is_joined_in_one_line) {
    static fut_test_event_t events[100];
    static hundred_t        hundred;
    START(hundred, hundred, events);
    cr_assert_eq(fut_test_run(&hundred.future), PENDING);
    for (int i = 0; i < 100; i++) {
        fut_test_event_fire(&events[i], i);
        cr_assert_eq(fut_test_run(&hundred.future), PENDING);
        fut_test_event_fire(&events[i], 0);
        cr_assert_eq(fut_test_run(&hundred.future), i < 99 ? PENDING : READY);
    }
    cr_assert_eq(hundred.output, 0);
    for (int i = 0; i < 100; i++) cr_assert_eq(hundred.workers[i].output, i);
}

Test(set, cancelling_the_function_cancels_what_it_joins) {
    static fut_test_event_t events[100];
    static hundred_t        hundred;
    START(hundred, hundred, events);
    cr_assert_eq(fut_test_run(&hundred.future), PENDING);
    fut_cancel(&hundred.future);
    cr_assert_eq(fut_test_run(&hundred.future), PENDING, "they say goodbye");
    for (int i = 0; i < 100; i++) fut_test_event_fire(&events[i], 0);
    cr_assert_eq(fut_test_run(&hundred.future), READY);
    cr_assert_eq(hundred.output, -ECANCELED);
    START(hundred, hundred, events);
    cr_assert_eq(fut_test_run(&hundred.future), PENDING);
    fut_drop(&hundred.future);
    for (int i = 0; i < 100; i++) cr_assert(fut_is_done(&hundred.workers[i].future));
}

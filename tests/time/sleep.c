/* sleep and sleep_until: when they are ready, and that nothing of them stays behind. */
#include <limits.h>
#include <string.h>

#include "clock.h"

Test(time, a_sleep_is_48_bytes) {
    if (sizeof(void *) == 8) {
        cr_assert_eq(sizeof(fut_sleep_t), 48);
        cr_assert_eq(sizeof(fut_sleep_until_t), 48);
        cr_assert_eq(sizeof(fut_timer_t), 48);
    }
    cr_assert_leq(sizeof(fut_sleep_t), 64);
}

/* ---- When ---------------------------------------------------------------------------------------------------- */

Test(time, a_sleep_takes_exactly_as_long_as_it_was_told) {
    static const fut_duration_t durations[] = {
        1, 63, 64, 999, FUT_US(1), FUT_MS(20), FUT_S(3), FUT_MIN(90), FUT_S(86400LL * 365 * 100)};
    fut_duration_t sum = 0;

    world_open();
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        cr_assert_eq(BLOCK_ON(&world.executor, fut_sleep, durations[i]), 0);
        sum += durations[i];
        cr_assert_eq(passed(), sum);
    }
    world_close();
}

Test(time, a_sleep_of_nothing_or_less_is_over_in_its_first_poll) {
    static const fut_duration_t durations[] = {0, -1, -FUT_S(1), INT64_MIN};
    fut_test_waker_t            counter     = {0};
    fut_sleep_t                 nap;

    world_open();
    for (int i = 0; i < 4; i++) {
        START(nap, fut_sleep, durations[i]);
        cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_READY);
        cr_assert_eq(nap.output, 0);
    }
    cr_assert_eq(next_deadline(), FUT_NEVER, "nothing was linked");
    cr_assert_eq(counter.wakes, 0);
    cr_assert_eq(passed(), 0);
    world_close();
}

Test(time, a_deadline_that_is_past_or_now_is_over_in_the_first_poll) {
    fut_test_waker_t  counter = {0};
    fut_sleep_until_t nap;

    world_open();
    const fut_instant_t deadlines[] = {FUT_NOW, 1, world.start - 1, world.start};
    for (int i = 0; i < 4; i++) {
        START(nap, fut_sleep_until, deadlines[i]);
        cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_READY);
        cr_assert_eq(nap.output, 0);
    }
    START(nap, fut_sleep_until, world.start + 1);
    cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_PENDING, "one nanosecond is not past");
    jump();
    cr_assert_eq(passed(), 1);
    cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_READY);
    world_close();
}

Test(time, the_last_instant_comes_and_the_one_after_it_does_not) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, fut_sleep_until, FUT_NEVER - 1), 0);
    cr_assert_eq(world.driver->vtable->now(world.driver), FUT_NEVER - 1);
    world_close();
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, fut_sleep_until, FUT_NEVER), -EDEADLK);
    cr_assert_eq(passed(), 0);
    world_close();
}

Test(time, the_longest_sleep_is_over_some_time_and_the_next_reaches_the_end_of_time) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, fut_sleep, INT64_MAX), 0);
    cr_assert_eq(passed(), INT64_MAX);
    cr_assert_eq(BLOCK_ON(&world.executor, fut_sleep, INT64_MAX), -EDEADLK, "the sum saturates");
    world_close();
}

Test(time, sums_of_instants_saturate) {
    cr_assert_eq(fut_instant_add(5, 3), 8);
    cr_assert_eq(fut_instant_add(5, -3), 2);
    cr_assert_eq(fut_instant_add(5, -5), 0);
    cr_assert_eq(fut_instant_add(5, -6), 0);
    cr_assert_eq(fut_instant_add(5, INT64_MIN), 0);
    cr_assert_eq(fut_instant_add(FUT_NEVER, INT64_MIN), (fut_instant_t)INT64_MAX);
    cr_assert_eq(fut_instant_add(FUT_NEVER, 0), FUT_NEVER);
    cr_assert_eq(fut_instant_add(FUT_NEVER, 1), FUT_NEVER);
    cr_assert_eq(fut_instant_add(FUT_NEVER - 1, 1), FUT_NEVER);
    cr_assert_eq(fut_instant_add(FUT_NEVER - 5, 6), FUT_NEVER);
    cr_assert_eq(fut_instant_add(FUT_NEVER - 5, INT64_MAX), FUT_NEVER);
    cr_assert_eq(fut_instant_add(0, INT64_MAX), (fut_instant_t)INT64_MAX);
}

typedef struct hour {
    ASYNC_FRAME(hour, int);
    fut_sleep_t nap;
    int         seconds;
} hour_t;
ASYNC(hour) {
    ASYNC_BEGIN();
    for (self->seconds = 0; self->seconds < 3600; self->seconds++) AWAIT(self->nap, fut_sleep, FUT_S(1));
    ASYNC_RETURN(self->seconds);
    ASYNC_END();
}

Test(time, an_hour_of_sleeps_passes_at_once, .timeout = 60) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, hour), 3600);
    cr_assert_eq(passed(), FUT_S(3600));
    world_close();
}

/* ---- In which order ------------------------------------------------------------------------------------------ */

Test(time, sleepers_wake_in_the_order_of_their_deadlines) {
    world_open();
    DETACH(SPAWN(&world.executor, sleeper, "c", FUT_MS(300)));
    DETACH(SPAWN(&world.executor, sleeper, "a", FUT_MS(1)));
    DETACH(SPAWN(&world.executor, sleeper, "e", FUT_S(5000)));
    DETACH(SPAWN(&world.executor, sleeper, "b", FUT_MS(2)));
    DETACH(SPAWN(&world.executor, sleeper, "d", FUT_S(2)));
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said("a at 1", "b at 2", "c at 300", "d at 2000", "e at 5000000"));
    world_close();
}

typedef struct relay {
    ASYNC_FRAME(relay, int, fut_duration_t first; fut_instant_t deadline; int name);
    fut_sleep_t       nap;
    fut_sleep_until_t rest;
} relay_t;
ASYNC(relay) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, self->first);
    AWAIT(self->rest, fut_sleep_until, self->deadline);
    fut_test_say("%d", self->name);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(time, equal_deadlines_fire_in_the_order_in_which_they_were_inserted) {
    fut_instant_t deadline;

    world_open();
    deadline = fut_instant_add(world.start, FUT_S(1));
    /* From afar, and ever closer to the deadline: through all levels of the wheel. */
    DETACH(SPAWN(&world.executor, relay, 0, deadline, 1));
    DETACH(SPAWN(&world.executor, relay, FUT_S(1) - 1, deadline, 7));
    DETACH(SPAWN(&world.executor, relay, FUT_S(1) - 3, deadline, 6));
    DETACH(SPAWN(&world.executor, relay, FUT_S(1) - FUT_US(1), deadline, 5));
    DETACH(SPAWN(&world.executor, relay, FUT_MS(900), deadline, 4));
    DETACH(SPAWN(&world.executor, relay, FUT_MS(1), deadline, 3));
    DETACH(SPAWN(&world.executor, relay, 0, deadline, 2));
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said("1", "2", "3", "4", "5", "6", "7"));
    world_close();
}

/* ---- By hand ------------------------------------------------------------------------------------------------- */

Test(time, the_waker_of_the_latest_poll_is_woken_once) {
    fut_test_waker_t early = {0}, late = {0};
    fut_sleep_t      nap;

    world_open();
    START(nap, fut_sleep, FUT_MS(1));
    cr_assert_eq(poll_with_clock(&nap.future, &early), FUT_PENDING);
    cr_assert_eq(poll_with_clock(&nap.future, &late), FUT_PENDING, "a spurious poll");
    jump();
    cr_assert_eq(early.wakes, 0);
    cr_assert_eq(late.wakes, 1);
    for (int i = 0; i < 3; i++) cr_assert_eq(poll_with_clock(&nap.future, &late), FUT_READY);
    cr_assert_eq(nap.output, 0);
    world_close();
}

Test(time, a_slot_is_used_again_and_again) {
    fut_test_waker_t counter = {0};
    fut_sleep_t      nap;

    world_open();
    for (unsigned i = 1; i <= 10; i++) {
        START(nap, fut_sleep, FUT_MS(1));
        cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_PENDING);
        jump();
        cr_assert_eq(counter.wakes, i);
        cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_READY);
    }
    cr_assert_eq(passed(), FUT_MS(10));
    world_close();
}

Test(time, a_sleep_dropped_before_its_deadline_leaves_the_wheel) {
    fut_test_waker_t dropped = {0}, kept = {0};
    fut_sleep_t      naps[5];

    world_open();
    for (int i = 0; i < 5; i++) {
        START(naps[i], fut_sleep, FUT_MS(10));
        cr_assert_eq(poll_with_clock(&naps[i].future, i % 2 ? &kept : &dropped), FUT_PENDING);
    }
    for (int i = 0; i < 5; i += 2) {
        fut_drop(&naps[i].future);
        cr_assert_eq(naps[i].output, -ECANCELED);
        cr_assert_eq(poll_with_clock(&naps[i].future, &dropped), FUT_READY);
        memset(&naps[i], 0xee, sizeof naps[i]); /* nobody has a pointer to it */
    }
    jump();
    cr_assert_eq(dropped.wakes, 0);
    cr_assert_eq(kept.wakes, 2);
    for (int i = 0; i < 5; i += 2)
        for (size_t byte = 0; byte < sizeof naps[i]; byte++) cr_assert_eq(((unsigned char *)&naps[i])[byte], 0xee);
    world_close();
}

Test(time, the_only_sleep_dropped_leaves_no_deadline_and_the_clock_where_it_is) {
    fut_test_waker_t counter = {0};
    fut_sleep_t      nap;

    world_open();
    START(nap, fut_sleep, FUT_S(1));
    cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_PENDING);
    cr_assert_eq(next_deadline(), world.start + FUT_S(1));
    fut_drop(&nap.future);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    cr_assert_eq(passed(), 0);
    world_close();
}

Test(time, a_sleep_dropped_between_its_deadline_and_its_poll_was_woken_for_nothing) {
    fut_test_waker_t counter = {0};
    fut_sleep_t      nap;

    world_open();
    START(nap, fut_sleep, FUT_MS(1));
    cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_PENDING);
    jump();
    fut_drop(&nap.future);
    cr_assert_eq(nap.output, -ECANCELED);
    cr_assert_eq(counter.wakes, 1);
    world_close();
}

Test(time, a_sleep_dropped_before_it_began_or_after_it_was_over_does_nothing) {
    fut_test_waker_t counter = {0};
    fut_sleep_t      nap;

    world_open();
    START(nap, fut_sleep, FUT_MS(1));
    fut_drop(&nap.future);
    cr_assert_eq(nap.output, -ECANCELED);
    START(nap, fut_sleep, 0);
    cr_assert_eq(poll_with_clock(&nap.future, &counter), FUT_READY);
    fut_drop(&nap.future);
    cr_assert_eq(nap.output, 0, "the output of a completed future stays");
    world_close();
}

/* ---- Cancelled ----------------------------------------------------------------------------------------------- */

Test(time, a_sleeper_that_is_cancelled_does_not_sleep_on) {
    struct sleeper_join handle;

    world_open();
    handle = SPAWN(&world.executor, sleeper, "a", FUT_S(1000));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    cr_assert_eq(next_deadline(), world.start + FUT_S(1000));
    fut_join_cancel(&handle.join);
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said(NULL));
    cr_assert_eq(passed(), 0);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    DETACH(handle);
    world_close();
}

Test(time, a_cancelled_function_may_sleep_in_its_finally) {
    struct slow_to_end_join handle;

    world_open();
    handle = SPAWN(&world.executor, slow_to_end, FUT_S(1000), FUT_MS(5));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    fut_join_cancel(&handle.join);
    DETACH(handle);
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said("closes at 0", "ends at 5"));
    world_close();
}

Test(time, a_sleep_in_the_finally_of_a_hard_drop_is_cut) {
    world_open();
    DETACH(SPAWN(&world.executor, slow_to_end, FUT_S(1000), FUT_MS(5)));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    world_close();
    cr_assert(fut_test_said("closes at 0", "ends at 0"));
}

typedef struct cut_until {
    ASYNC_FRAME(cut_until, int);
    fut_sleep_until_t nap;
} cut_until_t;
ASYNC(cut_until) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep_until, FUT_NEVER - 1);
    ASYNC_FINALLY();
    AWAIT(self->nap, fut_sleep_until, FUT_NEVER - 1);
    fut_test_say(self->nap.output == -ECANCELED ? "cut" : "%d", self->nap.output);
    ASYNC_END();
}

Test(time, a_cut_sleep_reads_ECANCELED) {
    cut_until_t      function;
    fut_test_waker_t counter = {0};

    world_open();
    START(function, cut_until);
    cr_assert_eq(poll_with_clock(&function.future, &counter), FUT_PENDING);
    fut_drop(&function.future);
    cr_assert(fut_test_said("cut"));
    cr_assert_eq(next_deadline(), FUT_NEVER);
    world_close();
}

/* ---- Without a clock ----------------------------------------------------------------------------------------- */

Test(time, without_a_clock_sleeping_is_not_supported) {
    fut_test_waker_t  counter = {0};
    fut_sleep_t       nap;
    fut_sleep_until_t until;

    START(nap, fut_sleep, FUT_MS(1));
    cr_assert_eq(fut_test_poll(&nap.future, &counter), FUT_READY);
    cr_assert_eq(nap.output, -ENOTSUP);
    START(until, fut_sleep_until, 12345);
    cr_assert_eq(fut_test_poll(&until.future, &counter), FUT_READY);
    cr_assert_eq(until.output, -ENOTSUP);
    fut_context_t cx;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    cr_assert_eq(fut_now(&cx), FUT_NOW);
}

/* ---- Fairness ------------------------------------------------------------------------------------------------ */

typedef struct naps {
    ASYNC_FRAME(naps, int, const bool *stop);
    fut_sleep_t nap;
    int         count;
} naps_t;
ASYNC(naps) {
    ASYNC_BEGIN();
    for (self->count = 0; !*self->stop; self->count++) AWAIT(self->nap, fut_sleep, 0);
    ASYNC_RETURN(self->count);
    ASYNC_END();
}
typedef struct stopper {
    ASYNC_FRAME(stopper, void, bool *stop);
} stopper_t;
ASYNC(stopper) {
    ASYNC_BEGIN();
    *self->stop = true;
    ASYNC_RETURN();
    ASYNC_END();
}

Test(time, sleeps_of_nothing_in_a_row_let_others_run, .timeout = 60) {
    bool stop = false;

    world_open();
    struct naps_join handle = SPAWN(&world.executor, naps, &stop);
    DETACH(SPAWN(&world.executor, stopper, &stop));
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    DETACH(handle);
    world_close();
}

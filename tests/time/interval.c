/* interval: ticks on a grid, and the three ways to go on after one was missed. */
#include "clock.h"

/* Six ticks of ten milliseconds; after the second the clock goes on by `busy` while the task does something else. */
typedef struct ticker {
    ASYNC_FRAME(ticker, int, fut_missed_t missed; fut_duration_t busy);
    fut_interval_t      interval;
    fut_interval_tick_t tick;
    int                 ticks;
} ticker_t;
ASYNC(ticker) {
    ASYNC_BEGIN();
    TRY(fut_interval_init(&self->interval, cx, FUT_MS(10), self->missed));
    for (self->ticks = 0; self->ticks < 6; self->ticks++) {
        AWAIT(self->tick, fut_interval_tick, &self->interval);
        fut_test_say("%d at %d", (int)self->tick.output, (int)(passed() / FUT_MS(1)));
        if (self->ticks == 1) fut_virtual_clock_advance(world.clock, self->busy);
    }
    ASYNC_RETURN(self->ticks);
    ASYNC_END();
}

static void tick_with(fut_missed_t missed, fut_duration_t busy) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, ticker, missed, busy), 6);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    world_close();
}

Test(time, ticks_come_one_period_after_the_other_with_every_policy) {
    static const fut_missed_t policies[] = {FUT_BURST, FUT_DELAY, FUT_SKIP};
    for (int i = 0; i < 3; i++) {
        tick_with(policies[i], 0);
        cr_assert(fut_test_said("1 at 10", "1 at 20", "1 at 30", "1 at 40", "1 at 50", "1 at 60"));
    }
}

Test(time, being_busy_for_less_than_a_period_moves_nothing) {
    static const fut_missed_t policies[] = {FUT_BURST, FUT_DELAY, FUT_SKIP};
    for (int i = 0; i < 3; i++) {
        tick_with(policies[i], FUT_MS(9));
        cr_assert(fut_test_said("1 at 10", "1 at 20", "1 at 30", "1 at 40", "1 at 50", "1 at 60"));
    }
}

/* 30, 40 and 50 were missed. */
Test(time, a_burst_catches_up_and_returns_to_the_grid) {
    tick_with(FUT_BURST, FUT_MS(33));
    cr_assert(fut_test_said("1 at 10", "1 at 20", "1 at 53", "1 at 53", "1 at 53", "1 at 60"));
}
Test(time, a_delay_moves_the_grid_for_good) {
    tick_with(FUT_DELAY, FUT_MS(33));
    cr_assert(fut_test_said("1 at 10", "1 at 20", "1 at 53", "1 at 63", "1 at 73", "1 at 83"));
}
Test(time, a_skip_counts_what_it_left_out_and_keeps_the_grid) {
    tick_with(FUT_SKIP, FUT_MS(33));
    cr_assert(fut_test_said("1 at 10", "1 at 20", "3 at 53", "1 at 60", "1 at 70", "1 at 80"));
}

/* The tables of time.h: exactly on a point of the grid. */
Test(time, a_burst_that_is_late_by_whole_periods) {
    tick_with(FUT_BURST, FUT_MS(30));
    cr_assert(fut_test_said("1 at 10", "1 at 20", "1 at 50", "1 at 50", "1 at 50", "1 at 60"));
}
Test(time, a_delay_that_is_late_by_whole_periods) {
    tick_with(FUT_DELAY, FUT_MS(30));
    cr_assert(fut_test_said("1 at 10", "1 at 20", "1 at 50", "1 at 60", "1 at 70", "1 at 80"));
}
Test(time, a_skip_that_is_late_by_whole_periods) {
    tick_with(FUT_SKIP, FUT_MS(30));
    cr_assert(fut_test_said("1 at 10", "1 at 20", "3 at 50", "1 at 60", "1 at 70", "1 at 80"));
}

/* ---- Bad input ----------------------------------------------------------------------------------------------- */

Test(time, a_period_must_be_positive_and_there_must_be_a_clock) {
    fut_interval_t interval;
    fut_context_t  cx;

    world_open();
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, world.driver);
    cr_assert_eq(fut_interval_init(&interval, &cx, 0, FUT_BURST), -EINVAL);
    cr_assert_eq(fut_interval_init(&interval, &cx, -1, FUT_DELAY), -EINVAL);
    cr_assert_eq(fut_interval_init(&interval, &cx, INT64_MIN, FUT_SKIP), -EINVAL);
    cr_assert_eq(fut_interval_init(&interval, &cx, 1, FUT_BURST), 0);
    cx.driver = NULL;
    cr_assert_eq(fut_interval_init(&interval, &cx, 1, FUT_BURST), -ENOTSUP);
    world_close();
}

Test(time, a_tick_without_a_clock_is_not_supported) {
    fut_interval_t      interval;
    fut_interval_tick_t tick;
    fut_context_t       cx;
    fut_test_waker_t    counter = {0};

    world_open();
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, world.driver);
    cr_assert_eq(fut_interval_init(&interval, &cx, FUT_MS(1), FUT_BURST), 0);
    START(tick, fut_interval_tick, &interval);
    cr_assert_eq(fut_test_poll(&tick.future, &counter), FUT_READY);
    cr_assert_eq(tick.output, -ENOTSUP);
    world_close();
}

/* ---- Cancelling loses nothing -------------------------------------------------------------------------------- */

Test(time, a_dropped_tick_is_still_due) {
    fut_interval_t      interval;
    fut_interval_tick_t tick;
    fut_context_t       cx;
    fut_test_waker_t    counter = {0};

    world_open();
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, world.driver);
    cr_assert_eq(fut_interval_init(&interval, &cx, FUT_MS(10), FUT_BURST), 0);
    for (int i = 0; i < 3; i++) {
        START(tick, fut_interval_tick, &interval);
        cr_assert_eq(poll_with_clock(&tick.future, &counter), FUT_PENDING);
        cr_assert_eq(next_deadline(), world.start + FUT_MS(10));
        fut_drop(&tick.future);
        cr_assert_eq(tick.output, -ECANCELED);
        cr_assert_eq(next_deadline(), FUT_NEVER);
    }
    START(tick, fut_interval_tick, &interval);
    fut_drop(&tick.future); /* before its first poll */
    START(tick, fut_interval_tick, &interval);
    cr_assert_eq(poll_with_clock(&tick.future, &counter), FUT_PENDING);
    jump();
    cr_assert_eq(poll_with_clock(&tick.future, &counter), FUT_READY);
    cr_assert_eq(tick.output, 1);
    cr_assert_eq(passed(), FUT_MS(10));
    world_close();
}

/* ---- At the end of time -------------------------------------------------------------------------------------- */

/* One tick; then the clock goes to the last instants of time. */
static int64_t tick_at_the_end_of_time(fut_missed_t missed, fut_duration_t period, fut_interval_t *interval) {
    fut_interval_tick_t tick;
    fut_context_t       cx;
    fut_test_waker_t    counter = {0};

    fut_context_init(&cx, (fut_waker_t){NULL, 0}, world.driver);
    cr_assert_eq(fut_interval_init(interval, &cx, period, missed), 0);
    fut_virtual_clock_advance(world.clock, INT64_MAX);
    fut_virtual_clock_advance(world.clock, INT64_MAX - FUT_S(2));
    START(tick, fut_interval_tick, interval);
    cr_assert_eq(poll_with_clock(&tick.future, &counter), FUT_READY);
    return tick.output;
}

Test(time, an_interval_that_slept_for_half_of_time_goes_on) {
    fut_interval_t interval;

    world_open();
    cr_assert_eq(tick_at_the_end_of_time(FUT_BURST, FUT_S(1), &interval), 1);
    cr_assert_eq(interval.next, world.start + FUT_S(2));
    world_close();
    world_open();
    cr_assert_eq(tick_at_the_end_of_time(FUT_DELAY, FUT_S(1), &interval), 1);
    cr_assert_eq(interval.next, world.driver->vtable->now(world.driver) + FUT_S(1));
    world_close();
}

/* Time ends at 18446744073.7 s. The clock goes to a second before that, from where the ticks at 2 s, 3 s, ... are due. */
Test(time, a_skip_over_half_of_time_counts_no_less_than_nothing) {
    fut_interval_t interval;

    world_open();
    cr_assert_eq(tick_at_the_end_of_time(FUT_SKIP, FUT_S(1), &interval), 18446744071);
    cr_assert_gt(interval.next, world.driver->vtable->now(world.driver));
    world_close();
    world_open();
    cr_assert_gt(tick_at_the_end_of_time(FUT_SKIP, 1, &interval), 0);
    cr_assert_gt(interval.next, world.driver->vtable->now(world.driver));
    world_close();
}

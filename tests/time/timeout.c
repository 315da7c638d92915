/* timeout: who is first, and what becomes of the other. */
#include "clock.h"

/* A child that sleeps under a limit. Output: the timeout's; the words tell the rest. */
typedef struct limited {
    ASYNC_FRAME(limited, int, fut_duration_t duration; fut_duration_t farewell; fut_duration_t limit);
    slow_to_end_t child;
    fut_timeout_t timeout;
} limited_t;
ASYNC(limited) {
    ASYNC_BEGIN();
    START(self->child, slow_to_end, self->duration, self->farewell);
    AWAIT(self->timeout, fut_timeout, &self->child.future, self->limit);
    fut_test_say("%s, child %s at %d", self->timeout.output == 0 ? "in time" : "too late",
                 self->child.output == 5 ? "ended" : "cancelled", (int)(passed() / FUT_MS(1)));
    ASYNC_RETURN(self->timeout.output);
    ASYNC_END();
}

Test(time, a_child_that_is_faster_ends_the_timeout) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_MS(9), 0, FUT_MS(10)), 0);
    cr_assert(fut_test_said("closes at 9", "ends at 9", "in time, child ended at 9"));
    cr_assert_eq(next_deadline(), FUT_NEVER, "the deadline is out of the wheel");
    world_close();
}

Test(time, a_child_that_is_slower_is_cancelled_at_the_deadline) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_MS(11), 0, FUT_MS(10)), -ETIMEDOUT);
    cr_assert(fut_test_said("closes at 10", "ends at 10", "too late, child cancelled at 10"));
    world_close();
}

Test(time, a_child_that_is_ready_at_the_deadline_is_in_time) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_MS(10), 0, FUT_MS(10)), 0);
    cr_assert(fut_test_said("closes at 10", "ends at 10", "in time, child ended at 10"));
    world_close();
}

Test(time, a_child_that_is_ready_at_once_is_in_time_even_without_any) {
    static const fut_duration_t limits[] = {0, -1, INT64_MIN, 1};

    world_open();
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(BLOCK_ON(&world.executor, limited, 0, 0, limits[i]), 0);
        cr_assert(fut_test_said("closes at 0", "ends at 0", "in time, child ended at 0"));
    }
    world_close();
}

Test(time, a_timeout_of_nothing_or_less_polls_the_child_once) {
    static const fut_duration_t limits[] = {0, -1, INT64_MIN};

    world_open();
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_MS(10), 0, limits[i]), -ETIMEDOUT);
        cr_assert(fut_test_said("closes at 0", "ends at 0", "too late, child cancelled at 0"));
    }
    world_close();
}

Test(time, a_timeout_waits_for_the_farewell_of_its_child) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_S(1), FUT_MS(5), FUT_MS(10)), -ETIMEDOUT);
    cr_assert(fut_test_said("closes at 10", "ends at 15", "too late, child cancelled at 15"));
    world_close();
}

Test(time, a_child_that_is_ending_at_the_deadline_ends_undisturbed_and_is_late) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_MS(8), FUT_MS(5), FUT_MS(10)), -ETIMEDOUT);
    cr_assert(fut_test_said("closes at 8", "ends at 13", "too late, child ended at 13"));
    world_close();
}

Test(time, a_timeout_of_ages_waits_for_its_child) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, limited, FUT_S(86400LL * 365), 0, INT64_MAX), 0);
    fut_test_hush();
    world_close();
}

/* ---- In one another ------------------------------------------------------------------------------------------ */

typedef struct twice {
    ASYNC_FRAME(twice, int, fut_duration_t inner; fut_duration_t outer);
    fut_sleep_t   nap;
    fut_timeout_t inside, outside;
} twice_t;
ASYNC(twice) {
    ASYNC_BEGIN();
    START(self->nap, fut_sleep, FUT_S(1));
    START(self->inside, fut_timeout, &self->nap.future, self->inner);
    AWAIT(self->outside, fut_timeout, &self->inside.future, self->outer);
    fut_test_say("inner %d, outer %d at %d", self->inside.output == -ETIMEDOUT, self->outside.output == -ETIMEDOUT,
                 (int)(passed() / FUT_MS(1)));
    ASYNC_RETURN(self->outside.output);
    ASYNC_END();
}

Test(time, of_two_timeouts_in_one_another_the_shorter_counts) {
    world_open();
    cr_assert_eq(BLOCK_ON(&world.executor, twice, FUT_MS(10), FUT_MS(20)), 0);
    cr_assert_eq(BLOCK_ON(&world.executor, twice, FUT_MS(20), FUT_MS(10)), -ETIMEDOUT);
    cr_assert(fut_test_said("inner 1, outer 0 at 10", "inner 0, outer 1 at 20"));
    cr_assert_eq(next_deadline(), FUT_NEVER);
    world_close();
}

/* ---- Dropped and cancelled ----------------------------------------------------------------------------------- */

Test(time, dropping_a_timeout_drops_the_child_and_leaves_the_wheel) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  child;
    fut_timeout_t    timeout;

    world_open();
    START(child, fut_test_wait, &event);
    START(timeout, fut_timeout, &child.future, FUT_S(1));
    cr_assert_eq(poll_with_clock(&timeout.future, &counter), FUT_PENDING);
    cr_assert_neq(next_deadline(), FUT_NEVER);
    fut_drop(&timeout.future);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(timeout.output, -ECANCELED);
    cr_assert_eq(child.output, -ECANCELED);
    cr_assert_eq(poll_with_clock(&timeout.future, &counter), FUT_READY);
    world_close();
}

Test(time, dropping_a_timeout_that_never_began_drops_the_child) {
    fut_test_event_t event = {0};
    fut_test_wait_t  child;
    fut_timeout_t    timeout;

    START(child, fut_test_wait, &event);
    START(timeout, fut_timeout, &child.future, FUT_S(1));
    fut_drop(&timeout.future);
    cr_assert(fut_is_done(&child.future));
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(event.polls, 0);
}

Test(time, dropping_a_timeout_whose_child_is_saying_goodbye_cuts_that) {
    fut_test_waker_t counter = {0};
    slow_to_end_t    child;
    fut_timeout_t    timeout;

    world_open();
    START(child, slow_to_end, FUT_S(1), FUT_S(1));
    START(timeout, fut_timeout, &child.future, FUT_MS(10));
    cr_assert_eq(poll_with_clock(&timeout.future, &counter), FUT_PENDING);
    jump();
    cr_assert_eq(poll_with_clock(&timeout.future, &counter), FUT_PENDING);
    cr_assert(fut_test_said("closes at 10"));
    fut_drop(&timeout.future);
    cr_assert(fut_test_said("ends at 10"));
    cr_assert_eq(next_deadline(), FUT_NEVER);
    world_close();
}

Test(time, cancelling_a_task_passes_through_its_timeout) {
    struct limited_join handle;

    world_open();
    handle = SPAWN(&world.executor, limited, FUT_S(1), FUT_MS(5), FUT_MS(10));
    cr_assert_eq(fut_executor_run_until_stalled(&world.executor), 1);
    fut_join_cancel(&handle.join);
    cr_assert_eq(fut_executor_run(&world.executor), 0);
    cr_assert(fut_test_said("closes at 0", "ends at 5"), "before the deadline, and nothing after the await");
    cr_assert_eq(next_deadline(), FUT_NEVER);
    DETACH(handle);
    world_close();
}

Test(time, cancelling_a_timeout_that_never_began_drops_the_child) {
    fut_test_event_t event = {0};
    fut_test_wait_t  child;
    fut_timeout_t    timeout;

    START(child, fut_test_wait, &event);
    START(timeout, fut_timeout, &child.future, FUT_S(1));
    fut_cancel(&timeout.future);
    cr_assert(fut_is_done(&timeout.future));
    cr_assert_eq(event.drops, 1);
}

/* ---- Spurious polls, no clock -------------------------------------------------------------------------------- */

Test(time, a_timeout_survives_spurious_polls) {
    fut_test_waker_t early = {0}, late = {0};
    fut_test_event_t event = {0};
    fut_test_wait_t  child;
    fut_timeout_t    timeout;

    world_open();
    START(child, fut_test_wait, &event);
    START(timeout, fut_timeout, &child.future, FUT_MS(10));
    for (int i = 0; i < 5; i++) cr_assert_eq(poll_with_clock(&timeout.future, &early), FUT_PENDING);
    cr_assert_eq(poll_with_clock(&timeout.future, &late), FUT_PENDING);
    jump();
    cr_assert_eq(early.wakes, 0);
    cr_assert_eq(late.wakes, 1);
    for (int i = 0; i < 3; i++) cr_assert_eq(poll_with_clock(&timeout.future, &late), FUT_READY);
    cr_assert_eq(timeout.output, -ETIMEDOUT);
    cr_assert_eq(passed(), FUT_MS(10));
    world_close();
}

Test(time, a_child_that_was_done_before_is_in_time) {
    fut_test_waker_t counter = {0};
    fut_test_after_t child;
    fut_timeout_t    timeout;

    world_open();
    START(child, fut_test_after, 0, 3);
    cr_assert_eq(poll_with_clock(&child.future, &counter), FUT_READY);
    START(timeout, fut_timeout, &child.future, 0);
    cr_assert_eq(poll_with_clock(&timeout.future, &counter), FUT_READY);
    cr_assert_eq(timeout.output, 0);
    cr_assert_eq(child.output, 3);
    world_close();
}

Test(time, without_a_clock_a_child_does_not_run_without_its_limit) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  child;
    fut_timeout_t    timeout;

    START(child, fut_test_wait, &event);
    START(timeout, fut_timeout, &child.future, FUT_S(1));
    cr_assert_eq(fut_test_poll(&timeout.future, &counter), FUT_READY);
    cr_assert_eq(timeout.output, -ENOTSUP);
    cr_assert_eq(event.drops, 1);
    cr_assert_null(event.waker.target);
}

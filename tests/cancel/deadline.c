/* Deadlines that are handed down: the earliest counts, who ends by it, and who no longer has one. */
#include "kit.h"

static fut_test_event_t event, goodbye;
static fut_test_waker_t woken;

static fut_instant_t at(int ms) { return world.start + (uint64_t)FUT_MS(ms); }

/* Says how much time is left, in milliseconds. */
typedef struct tells {
    ASYNC_FRAME(tells, int, const char *name);
} tells_t;
static void tell(const char *name, const fut_context_t *cx) {
    const fut_duration_t left = fut_context_time_left(cx);
    if (left == INT64_MAX)
        fut_test_say("%s: no end", name);
    else
        fut_test_say("%s: %d", name, (int)(left / FUT_MS(1)));
}
ASYNC(tells) {
    ASYNC_BEGIN();
    tell(self->name, cx);
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}

/* ---- One --------------------------------------------------------------------------------------------------------- */

Test(cancel, the_child_has_until_its_deadline) {
    fut_with_deadline_t with;
    worker_t            child;
    world_open();
    START(child, worker, &event, &goodbye);
    START(with, fut_with_deadline, &child.future, at(30));
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
    jump();
    cr_assert_eq(passed(), FUT_MS(30));
    cr_assert_eq(woken.wakes, 1);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING, "its FINALLY waits");
    cr_assert(fut_test_said("begins", "cancelled -125"));
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
    cr_assert_eq(with.output, -ETIMEDOUT);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
    cr_assert(fut_test_said("ends"));
    world_close();
}

Test(cancel, a_child_in_time_leaves_no_timer) {
    fut_with_deadline_t with;
    worker_t            child;
    world_open();
    START(child, worker, &event, NULL);
    START(with, fut_with_deadline, &child.future, at(30));
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
    fut_test_event_fire(&event, 4);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
    cr_assert_eq(with.output, 0);
    cr_assert_eq(child.output, 4);
    world_close();
    fut_test_hush();
}

Test(cancel, a_child_that_is_ready_in_the_poll_that_finds_the_deadline_past_is_in_time) {
    fut_with_deadline_t with;
    worker_t            child;
    world_open();
    START(child, worker, &event, NULL);
    START(with, fut_with_deadline, &child.future, at(30));
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
    jump();
    fut_test_event_fire(&event, 4);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
    cr_assert_eq(with.output, 0);
    world_close();
    fut_test_hush();
}

Test(cancel, after_its_deadline_a_child_does_not_begin) {
    fut_with_deadline_t with;
    worker_t            child;
    world_open();
    START(child, worker, &event, NULL);
    START(with, fut_with_deadline, &child.future, world.start);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
    cr_assert_eq(with.output, -ETIMEDOUT);
    cr_assert_eq(child.output, -ECANCELED);
    cr_assert(fut_test_said(NULL));
    world_close();
}

Test(cancel, a_deadline_needs_a_clock_unless_it_never_comes) {
    fut_with_deadline_t with;
    worker_t            child;
    START(child, worker, &event, NULL);
    START(with, fut_with_deadline, &child.future, 5);
    cr_ready(with, woken, -ENOTSUP);
    cr_assert_eq(child.output, -ECANCELED);
    cr_assert(fut_test_said(NULL), "a child must not run without its limit");
    START(child, worker, &event, NULL);
    START(with, fut_with_deadline, &child.future, FUT_NEVER);
    cr_pending(with, woken);
    cr_pending(with, woken);
    fut_test_event_fire(&event, 6);
    cr_ready(with, woken, 0);
    fut_test_hush();
}

/* Where it stands: not polled; waits; the time has come; the end has begun; done. */
Test(cancel, a_deadline_may_be_dropped_and_cancelled_at_any_point) {
    world_open();
    for (int hard = 0; hard < 2; hard++)
        for (int point = 0; point < 5; point++) {
            const fut_instant_t now = world.driver->vtable->now(world.driver);
            fut_with_deadline_t with;
            worker_t            child;
            event = goodbye = (fut_test_event_t){0};
            START(child, worker, &event, &goodbye);
            START(with, fut_with_deadline, &child.future, now + 10);
            if (point >= 1) cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
            if (point >= 2) jump();
            if (point >= 3) cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
            if (point >= 4) {
                fut_test_event_fire(&goodbye, 0);
                cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
            }
            hard ? fut_drop(&with.future) : fut_cancel(&with.future);
            cr_assert_eq(next_deadline(), FUT_NEVER, "no timer is left, point %d", point);
            if (!hard && point > 0 && point < 4) {
                cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
                fut_test_event_fire(&goodbye, 0);
            }
            cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_READY);
            cr_assert(fut_is_done(&child.future));
            cr_assert_eq(with.output, point == 4 || (point == 3 && !hard) ? -ETIMEDOUT : -ECANCELED);
            fut_test_hush();
        }
    world_close();
}

/* ---- One inside another ------------------------------------------------------------------------------------------ */

typedef struct inner {
    ASYNC_FRAME(inner, int, int inner_ms; bool waits);
    fut_with_deadline_t with;
    tells_t             tells;
    fut_sleep_t         nap;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    tell("outer", cx);
    WITH_DEADLINE(self->with, at(self->inner_ms), (self->tells, tells, "inner"));
    tell("outer again", cx);
    if (self->waits) {
        WITH_DEADLINE(self->with, at(self->inner_ms), (self->nap, fut_sleep, FUT_S(60)));
        fut_test_say("inner %d at %d", self->with.output, (int)(passed() / FUT_MS(1)));
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (self->output < 0) {
        fut_test_say("cancelled at %d", (int)(passed() / FUT_MS(1)));
        tell("in finally", cx);
        WITH_DEADLINE(self->with, fut_deadline_in(cx, FUT_MS(5)), (self->nap, fut_sleep, FUT_S(60)));
        fut_test_say("farewell %d at %d", self->with.output, (int)(passed() / FUT_MS(1)));
    }
    ASYNC_END();
}

static void two_deadlines(int outer_ms, int inner_ms, bool waits, int expected) {
    fut_with_deadline_t with;
    inner_t             inner;
    START(inner, inner, inner_ms, waits);
    START(with, fut_with_deadline, &inner.future, at(outer_ms));
    world_open();
    with.deadline = at(outer_ms);
    cr_assert_eq(fut_block_on(&world.executor, &with.future), 0);
    cr_assert_eq(with.output, expected);
    world_close();
}

Test(cancel, a_later_deadline_inside_does_not_extend_the_outer_one) {
    two_deadlines(10, 50, false, 0);
    cr_assert(fut_test_said("outer: 10", "inner: 10", "outer again: 10"));
}

Test(cancel, an_earlier_deadline_inside_is_for_the_inside_alone) {
    two_deadlines(50, 10, false, 0);
    cr_assert(fut_test_said("outer: 50", "inner: 10", "outer again: 50"));
}

Test(cancel, the_inner_one_expires_and_its_caller_goes_on) {
    two_deadlines(50, 10, true, 0);
    cr_assert(fut_test_said("outer: 50", "inner: 10", "outer again: 50", "inner -110 at 10"));
}

Test(cancel, the_outer_one_ends_all_that_is_below_and_a_farewell_has_time_of_its_own) {
    two_deadlines(10, 50, true, -ETIMEDOUT);
    cr_assert(fut_test_said("outer: 10", "inner: 10", "outer again: 10", "cancelled at 10", "in finally: no end",
                            "farewell -110 at 15"));
}

/* Both are due: the inner one is seen first. What runs then runs under a deadline that is past. */
typedef struct tight {
    ASYNC_FRAME(tight, int);
    fut_with_deadline_t with, again;
    struct farewell {
        ASYNC_FRAME(farewell, int);
        fut_sleep_t         nap;
        fut_with_deadline_t with;
    } farewell;
    tells_t tells;
} tight_t;
typedef struct farewell farewell_t;
ASYNC(farewell) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_S(60));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    tell("in finally", cx);
    WITH_DEADLINE(self->with, fut_deadline_in(cx, FUT_MS(5)), (self->nap, fut_sleep, FUT_S(60)));
    fut_test_say("farewell until %d", (int)(passed() / FUT_MS(1)));
    ASYNC_END();
}
ASYNC(tight) {
    ASYNC_BEGIN();
    WITH_DEADLINE(self->with, at(10), (self->farewell, farewell));
    fut_test_say("inner %d", self->with.output);
    ASYNC_RETURN(0);
    ASYNC_END();
}
Test(cancel, of_two_equal_deadlines_both_are_kept_and_a_farewell_has_its_time) {
    fut_with_deadline_t with;
    tight_t             tight;
    world_open();
    START(tight, tight);
    START(with, fut_with_deadline, &tight.future, at(10));
    cr_assert_eq(fut_block_on(&world.executor, &with.future), 0);
    cr_assert(fut_test_said("in finally: no end", "farewell until 15"), "the outer one has cancelled the caller");
    cr_assert_eq(with.output, -ETIMEDOUT);
    world_close();
}

Test(cancel, what_has_expired_still_has_the_deadline_further_out) {
    fut_with_deadline_t outer, inner;
    farewell_t          farewell;
    world_open();
    START(farewell, farewell);
    START(inner, fut_with_deadline, &farewell.future, at(10));
    START(outer, fut_with_deadline, &inner.future, at(12));
    cr_assert_eq(fut_block_on(&world.executor, &outer.future), 0);
    cr_assert_eq(inner.output, -ETIMEDOUT);
    cr_assert(fut_test_said("in finally: 2", "farewell until 15"), "a FINALLY is not cancelled twice");
    world_close();
}

Test(cancel, what_is_cancelled_before_its_deadline_has_none_any_more) {
    fut_with_deadline_t with;
    farewell_t          farewell;
    world_open();
    START(farewell, farewell);
    START(with, fut_with_deadline, &farewell.future, at(10));
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
    fut_cancel(&with.future);
    cr_assert_eq(poll_with_clock(&with.future, &woken), FUT_PENDING);
    cr_assert(fut_test_said("in finally: no end"));
    fut_drop(&with.future);
    cr_assert(fut_test_said("farewell until 0"));
    world_close();
}

/* ---- Scopes ------------------------------------------------------------------------------------------------------ */

typedef struct opens {
    ASYNC_FRAME(opens, int, bool shield);
    fut_scope_t scope;
    struct scoped {
        ASYNC_FRAME(scoped, int);
        fut_with_deadline_t with;
        fut_sleep_t         nap;
    } scoped;
} opens_t;
typedef struct scoped scoped_t;
ASYNC(scoped) {
    ASYNC_BEGIN();
    tell("child", cx);
    WITH_DEADLINE(self->with, at(40), (self->nap, fut_sleep, FUT_S(60)));
    fut_test_say("child %d at %d", self->with.output, (int)(passed() / FUT_MS(1)));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (self->output < 0) {
        fut_test_say("child cancelled at %d", (int)(passed() / FUT_MS(1)));
        tell("in finally", cx);
    }
    ASYNC_END();
}
ASYNC(opens) {
    ASYNC_BEGIN();
    SCOPE(self->scope, .shield = self->shield) { SCOPE_SPAWN(self->scope, self->scoped, scoped); }
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}
typedef struct above {
    ASYNC_FRAME(above, int, bool shield);
    fut_with_deadline_t with;
    opens_t             opens;
} above_t;
ASYNC(above) {
    ASYNC_BEGIN();
    WITH_DEADLINE(self->with, at(20), (self->opens, opens, self->shield));
    ASYNC_RETURN(self->with.output);
    ASYNC_END();
}

Test(cancel, children_of_a_scope_inherit_the_deadline_and_end_with_it) {
    above_t above;
    world_open();
    START(above, above, false);
    cr_assert_eq(fut_block_on(&world.executor, &above.future), 0);
    cr_assert_eq(above.output, -ETIMEDOUT);
    cr_assert(fut_test_said("child: 20", "child cancelled at 20", "in finally: no end"));
    world_close();
}

Test(cancel, behind_the_shield_of_a_scope_a_child_still_keeps_its_own_deadline) {
    above_t above;
    world_open();
    START(above, above, true);
    cr_assert_eq(fut_block_on(&world.executor, &above.future), 0);
    cr_assert_eq(above.output, -ETIMEDOUT);
    cr_assert(fut_test_said("child: 20", "child -110 at 40"));
    world_close();
}

/* ---- The FINALLY of a hard drop: no clock, one poll -------------------------------------------------------------- */

typedef struct leaves {
    ASYNC_FRAME(leaves, int);
    fut_test_wait_t     wait;
    fut_test_after_t    at_once;
    fut_with_deadline_t with;
} leaves_t;
ASYNC(leaves) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &event);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    WITH_DEADLINE(self->with, 1, (self->at_once, fut_test_after, 0, 3));
    fut_test_say("at once: %d", self->with.output);
    WITH_DEADLINE(self->with, 1, (self->wait, fut_test_wait, &goodbye));
    fut_test_say("waits: %d, %d", self->with.output, self->wait.output);
    ASYNC_END();
}
Test(cancel, in_the_finally_of_a_hard_drop_a_deadline_has_one_poll) {
    leaves_t leaves;
    START(leaves, leaves);
    cr_pending(leaves, woken);
    fut_drop(&leaves.future);
    cr_assert(fut_test_said("at once: 0", "waits: -125, -125"));
}

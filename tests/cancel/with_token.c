/* A future that runs until its token is cancelled; what it answers, and what has ended by then. The timer. */
#include "kit.h"

static fut_cancel_token_t token;
static fut_test_event_t   event, goodbye;
static fut_test_waker_t   woken;

/* ---- Until the token is cancelled -------------------------------------------------------------------------------- */

Test(cancel, a_child_that_completes_is_not_touched) {
    fut_with_token_t with;
    worker_t         child;
    START(child, worker, &event, NULL);
    START(with, fut_with_token, &child.future, &token);
    cr_pending(with, woken);
    cr_pending(with, woken);
    fut_test_event_fire(&event, 7);
    cr_ready(with, woken, 0);
    cr_ready(with, woken, 0);
    cr_assert_eq(child.output, 7);
    cr_assert(fut_test_said("begins", "got 7"));
    fut_cancel_token_destroy(&token); /* nobody waits for it */
    fut_cancel_token_cancel(&token, 0);
    cr_assert_eq(woken.wakes, 1);
}

Test(cancel, a_child_that_is_ready_at_once_never_lines_up) {
    fut_with_token_t with;
    fut_test_after_t child;
    START(child, fut_test_after, 0, 5);
    START(with, fut_with_token, &child.future, &token);
    cr_ready(with, woken, 0);
    cr_assert_eq(child.output, 5);
    cr_assert_eq(woken.clones, 0);
    fut_cancel_token_destroy(&token);
}

Test(cancel, the_child_is_cancelled_gracefully_and_its_finally_may_wait) {
    fut_with_token_t with;
    worker_t         child;
    START(child, worker, &event, &goodbye);
    START(with, fut_with_token, &child.future, &token);
    cr_pending(with, woken);
    fut_cancel_token_cancel(&token, -ESHUTDOWN);
    cr_assert_eq(woken.wakes, 1);
    cr_assert(fut_test_said("begins"), "nothing runs inside of the call that cancels");
    cr_pending(with, woken);
    cr_assert(fut_test_said("cancelled -125"));
    cr_pending(with, woken);
    fut_test_event_fire(&goodbye, 0);
    cr_ready(with, woken, -ESHUTDOWN);
    cr_assert(fut_test_said("ends"));
    cr_assert_eq(child.output, -ECANCELED);
}

Test(cancel, a_child_under_a_cancelled_token_does_not_begin) {
    fut_with_token_t with;
    worker_t         child;
    fut_cancel_token_cancel(&token, -EPERM);
    START(child, worker, &event, NULL);
    START(with, fut_with_token, &child.future, &token);
    cr_ready(with, woken, -EPERM);
    cr_assert_eq(child.output, -ECANCELED);
    cr_assert(fut_test_said(NULL));
}

Test(cancel, a_child_that_is_ready_in_the_same_poll_has_completed) {
    fut_with_token_t with;
    worker_t         child;
    START(child, worker, &event, NULL);
    START(with, fut_with_token, &child.future, &token);
    cr_pending(with, woken);
    fut_cancel_token_cancel(&token, 0);
    fut_test_event_fire(&event, 3);
    cr_ready(with, woken, 0);
    cr_assert_eq(child.output, 3);
    fut_cancel_token_destroy(&token);
    fut_test_hush();
}

/* A child that ends well although it was asked to stop has been stopped all the same: its token says so. */
Test(cancel, what_the_child_answers_in_its_end_does_not_change_the_reason) {
    fut_with_token_t  with;
    fut_test_linger_t child;
    START(child, fut_test_linger, &event);
    START(with, fut_with_token, &child.future, &token);
    cr_pending(with, woken);
    fut_cancel_token_cancel(&token, -EINTR);
    cr_pending(with, woken);
    cr_assert_eq(event.cancels, 1);
    fut_test_event_fire(&event, 9);
    cr_ready(with, woken, -EINTR);
    cr_assert_eq(child.output, 9);
}

Test(cancel, without_a_token_it_is_the_child_alone) {
    fut_with_token_t with;
    worker_t         child;
    START(child, worker, &event, NULL);
    START(with, fut_with_token, &child.future, NULL);
    cr_pending(with, woken);
    fut_test_event_fire(&event, 1);
    cr_ready(with, woken, 0);
    fut_test_hush();
}

/* ---- From outside, at each point --------------------------------------------------------------------------------- */

/* Where it stands: not polled; waits; the token is cancelled; the end has begun; all is done. */
enum { POINTS = 5 };
static void bring_to(fut_with_token_t *with, int point) {
    if (point >= 1) cr_pending(*with, woken);
    if (point >= 2) fut_cancel_token_cancel(&token, -EINTR);
    if (point >= 3) cr_pending(*with, woken);
    if (point < 4) return;
    fut_test_event_fire(&goodbye, 0);
    cr_ready(*with, woken, -EINTR);
}

Test(cancel, dropping_it_drops_the_child_at_any_point) {
    for (int point = 0; point < POINTS; point++) {
        fut_with_token_t with;
        worker_t         child;
        token = (fut_cancel_token_t)FUT_CANCEL_TOKEN_INIT;
        event = goodbye = (fut_test_event_t){0};
        START(child, worker, &event, &goodbye);
        START(with, fut_with_token, &child.future, &token);
        bring_to(&with, point);
        fut_drop(&with.future);
        cr_assert(fut_is_done(&child.future));
        cr_assert_eq(with.output, point < 4 ? -ECANCELED : -EINTR);
        cr_assert(point == 0   ? fut_test_said(NULL)
                  : point == 4 ? fut_test_said("begins", "cancelled -125", "ends")
                               : fut_test_said("begins", "cancelled -125", "cut"));
        fut_cancel_token_destroy(&token); /* stops if somebody still waits */
        memset(&with, 0x55, sizeof with);
        memset(&child, 0x55, sizeof child);
        fut_cancel_token_cancel(&token, 0);
    }
}

Test(cancel, cancelling_it_cancels_the_child_at_any_point) {
    for (int point = 0; point < POINTS; point++) {
        fut_with_token_t with;
        worker_t         child;
        token = (fut_cancel_token_t)FUT_CANCEL_TOKEN_INIT;
        event = goodbye = (fut_test_event_t){0};
        START(child, worker, &event, &goodbye);
        START(with, fut_with_token, &child.future, &token);
        bring_to(&with, point);
        fut_cancel(&with.future);
        fut_cancel(&with.future);
        fut_cancel_token_cancel(&token, -EBADF); /* too late to be the reason */
        if (point > 0 && point < 4) {
            cr_pending(with, woken);
            fut_test_event_fire(&goodbye, 0);
        }
        cr_ready(with, woken, point < 3 ? -ECANCELED : -EINTR);
        cr_assert(point == 0 ? fut_test_said(NULL) : fut_test_said("begins", "cancelled -125", "ends"));
        fut_cancel_token_destroy(&token);
    }
}

Test(cancel, under_a_stutter_it_is_the_same) {
    fut_test_stutter_t outer, inner;
    fut_with_token_t   with;
    worker_t           child;
    START(child, worker, &event, &goodbye);
    START(inner, fut_test_stutter, &child.future);
    START(with, fut_with_token, &inner.future, &token);
    START(outer, fut_test_stutter, &with.future);
    for (int i = 0; i < 6; i++) cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_cancel_token_cancel(&token, 0);
    for (int i = 0; i < 6; i++) cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    cr_assert_eq(with.output, -ECANCELED);
    cr_assert(fut_test_said("begins", "cancelled -125", "ends"));
}

/* ---- In functions, in groups ------------------------------------------------------------------------------------- */

typedef struct looks {
    ASYNC_FRAME(looks, int, const char *name);
} looks_t;
ASYNC(looks) {
    ASYNC_BEGIN();
    fut_test_say("%s: %s", self->name,
                 fut_context_token(cx) == &token ? "token"
                 : fut_context_token(cx)         ? "other"
                                                 : "none");
    YIELD();
    TRY(fut_cancel_token_reason(fut_context_token(cx)));
    ASYNC_RETURN(1);
    ASYNC_END();
}

typedef struct nests {
    ASYNC_FRAME(nests, int, fut_cancel_token_t *inner);
    looks_t          look, again;
    fut_with_token_t with;
    FUT_GROUP(2) group;
} nests_t;
ASYNC(nests) {
    ASYNC_BEGIN();
    AWAIT(self->look, looks, "before");
    WITH_TOKEN(self->with, self->inner, (self->look, looks, "inside"));
    fut_test_say("inside: %d", self->with.output);
    START(self->look, looks, "in a group");
    JOIN(self->group, (self->with, fut_with_token, &self->look.future, self->inner), (self->again, looks, "beside"));
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(cancel, the_token_is_seen_by_what_is_below_and_hides_the_one_above) {
    fut_cancel_token_t inner = FUT_CANCEL_TOKEN_INIT;
    fut_with_token_t   with;
    nests_t            nests;
    START(nests, nests, &inner);
    START(with, fut_with_token, &nests.future, &token);
    cr_assert_eq(fut_test_run(&with.future), FUT_READY);
    cr_assert(fut_test_said("before: token", "inside: other", "inside: 0", "in a group: other", "beside: token"));
}

typedef struct stops_itself {
    ASYNC_FRAME(stops_itself, int);
} stops_itself_t;
ASYNC(stops_itself) {
    ASYNC_BEGIN();
    fut_cancel_token_cancel(&token, -ECHILD);
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}
Test(cancel, a_child_may_cancel_its_own_token) {
    fut_with_token_t with;
    stops_itself_t   child;
    START(child, stops_itself);
    START(with, fut_with_token, &child.future, &token);
    cr_ready(with, woken, -ECHILD);
    cr_assert_eq(child.output, -ECANCELED);
}

/* The children of a scope inherit it, and end with the scope. */
typedef struct opens {
    ASYNC_FRAME(opens, int);
    fut_scope_t scope;
    looks_t     look;
    worker_t    worker;
} opens_t;
ASYNC(opens) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->look, looks, "child");
        SCOPE_SPAWN(self->scope, self->worker, worker, &event, NULL);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}
typedef struct above {
    ASYNC_FRAME(above, int);
    fut_with_token_t with;
    opens_t          opens;
} above_t;
ASYNC(above) {
    ASYNC_BEGIN();
    WITH_TOKEN(self->with, &token, (self->opens, opens));
    ASYNC_RETURN(self->with.output);
    ASYNC_END();
}
Test(cancel, children_of_a_scope_find_the_token_and_end_with_it) {
    struct above_join above;
    world_open();
    above = SPAWN(&world.executor, above);
    fut_executor_run_until_stalled(&world.executor);
    fut_cancel_token_cancel(&token, -EINTR);
    fut_executor_run_until_stalled(&world.executor);
    cr_assert_eq(fut_join_take(&above.join), 0);
    cr_assert_eq(above.output, -EINTR);
    cr_assert(fut_test_said("child: token", "begins", "cancelled -125"));
    world_close();
}

/* ---- In the FINALLY of a hard drop ------------------------------------------------------------------------------- */

typedef struct leaves {
    ASYNC_FRAME(leaves, int);
    fut_test_wait_t  wait;
    fut_test_after_t at_once;
    fut_with_token_t with;
    fut_cancelled_t  stop;
} leaves_t;
ASYNC(leaves) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &event);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    WITH_TOKEN(self->with, &token, (self->at_once, fut_test_after, 0, 3));
    fut_test_say("at once: %d", self->with.output);
    WITH_TOKEN(self->with, &token, (self->wait, fut_test_wait, &goodbye));
    fut_test_say("waits: %d, %d", self->with.output, self->wait.output);
    AWAIT(self->stop, fut_cancelled, &token);
    fut_test_say("stop: %d", self->stop.output);
    ASYNC_END();
}
Test(cancel, in_the_finally_of_a_hard_drop_a_child_has_one_poll_and_leaves_no_trace) {
    leaves_t leaves;
    START(leaves, leaves);
    cr_pending(leaves, woken);
    fut_drop(&leaves.future);
    cr_assert(fut_test_said("at once: 0", "waits: -125, -125", "stop: -125"));
    fut_cancel_token_destroy(&token);
}

/* ---- The timer --------------------------------------------------------------------------------------------------- */

static fut_cancel_timer_t timer;

static int start_timer(fut_instant_t deadline) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(&woken), world.driver);
    return fut_cancel_timer_start(&timer, &cx, &token, deadline);
}

Test(cancel, a_timer_cancels_its_token_when_the_time_has_come) {
    fut_with_token_t with;
    worker_t         child;
    world_open();
    START(child, worker, &event, NULL);
    START(with, fut_with_token, &child.future, &token);
    cr_assert_eq(start_timer(world.start + (uint64_t)FUT_MS(20)), 0);
    cr_pending(with, woken);
    jump();
    cr_assert_eq(passed(), FUT_MS(20));
    cr_assert_eq(woken.wakes, 1);
    cr_ready(with, woken, -ETIMEDOUT);
    fut_cancel_timer_stop(&timer);
    fut_cancel_timer_stop(&timer);
    world_close();
    fut_test_hush();
}

Test(cancel, a_timer_that_is_stopped_does_nothing) {
    world_open();
    cr_assert_eq(start_timer(world.start + (uint64_t)FUT_MS(20)), 0);
    fut_cancel_timer_stop(&timer);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    cr_assert_not(fut_cancel_token_is_cancelled(&token));
    cr_assert_eq(start_timer(FUT_NEVER), 0);
    cr_assert_eq(next_deadline(), FUT_NEVER);
    fut_cancel_timer_stop(&timer);
    world_close();
}

Test(cancel, a_timer_whose_time_is_past_cancels_at_once) {
    world_open();
    cr_assert_eq(start_timer(world.start), 0);
    cr_assert_eq(fut_cancel_token_reason(&token), -ETIMEDOUT);
    fut_cancel_timer_stop(&timer);
    world_close();
}

Test(cancel, without_a_clock_there_is_no_timer) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    cr_assert_eq(fut_cancel_timer_start(&timer, &cx, &token, 5), -ENOTSUP);
    fut_cancel_timer_stop(&timer);
}

/* Its callback may do away with the timer. */
static void stop_timer(void *unused, int reason) {
    (void)unused;
    fut_test_say("called %d", reason);
    fut_cancel_timer_stop(&timer);
    memset(&timer, 0x55, sizeof timer);
}
Test(cancel, the_timer_may_be_gone_when_a_callback_returns) {
    fut_cancel_callback_t callback;
    world_open();
    cr_assert_eq(fut_cancel_token_register(&token, &callback, stop_timer, NULL), 0);
    cr_assert_eq(start_timer(world.start + 1), 0);
    jump();
    cr_assert(fut_test_said("called -110"));
    world_close();
}

/* The graceful end: fut_cancel, then polls until READY. FINALLY may wait. */
#include <errno.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

/* Waits for `event`; its FINALLY waits for `goodbye`. */
typedef struct polite {
    ASYNC_FRAME(polite, int, const char *name; fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t wait;
} polite_t;
ASYNC(polite) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("%s goes on", self->name);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("%s closes", self->name);
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say("%s ends", self->name);
    ASYNC_END();
}

Test(macros, cancelling_runs_nothing_yet_but_drops_what_is_awaited) {
    fut_test_event_t event = {0}, goodbye = {0};
    polite_t         polite;

    START(polite, polite, "a", &event, &goodbye);
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_cancel(&polite.future);
    cr_assert_eq(event.drops, 1);
    cr_assert_null(event.waker.target);
    cr_assert(fut_test_said(NULL));
    cr_assert_not(fut_is_done(&polite.future));
    fut_drop(&polite.future);
    fut_test_hush();
}

Test(macros, a_cancelled_function_is_polled_until_its_finally_has_waited) {
    fut_test_event_t event = {0}, goodbye = {0};
    polite_t         polite;

    START(polite, polite, "a", &event, &goodbye);
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_cancel(&polite.future);
    for (int i = 0; i < 3; i++) cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    cr_assert(fut_test_said("a closes"));
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&polite.future), FUT_READY);
    cr_assert(fut_test_said("a ends"));
    cr_assert_eq(polite.output, -ECANCELED);
    cr_assert_eq(fut_test_run(&polite.future), FUT_READY, "polled after cancellation");
    cr_assert(fut_test_said(NULL));
}

Test(macros, cancelling_twice_is_cancelling_once) {
    fut_test_event_t event = {0}, goodbye = {0};
    polite_t         polite;

    START(polite, polite, "a", &event, &goodbye);
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_cancel(&polite.future);
    fut_cancel(&polite.future); /* before FINALLY began */
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_cancel(&polite.future); /* while it waits       */
    cr_assert_eq(goodbye.drops, 0, "what FINALLY awaits is left alone");
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&polite.future), FUT_READY);
    fut_cancel(&polite.future); /* after its end        */
    cr_assert(fut_test_said("a closes", "a ends"));
}

Test(macros, a_function_that_is_already_in_finally_finishes_as_if_nobody_had_cancelled) {
    fut_test_event_t event = {0}, goodbye = {0};
    polite_t         polite;

    fut_test_event_fire(&event, 8);
    START(polite, polite, "a", &event, &goodbye);
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_cancel(&polite.future);
    cr_assert_eq(goodbye.drops, 0);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&polite.future), FUT_READY);
    cr_assert_eq(polite.output, 8, "the output it returned before");
    cr_assert(fut_test_said("a goes on", "a closes", "a ends"));
}

Test(macros, a_function_cancelled_before_its_first_poll_never_begins) {
    fut_test_event_t event = {0}, goodbye = {0};
    polite_t         polite;

    START(polite, polite, "a", &event, &goodbye);
    fut_cancel(&polite.future);
    cr_assert_eq(fut_test_run(&polite.future), FUT_READY);
    cr_assert_eq(polite.output, -ECANCELED);
    cr_assert(fut_test_said(NULL));
    cr_assert_eq(event.polls, 0);
}

Test(macros, an_event_that_comes_with_the_cancellation_loses) {
    fut_test_event_t event = {0}, goodbye = {0};
    polite_t         polite;

    START(polite, polite, "a", &event, &goodbye);
    cr_assert_eq(fut_test_run(&polite.future), FUT_PENDING);
    fut_test_event_fire(&event, 1); /* woken, not polled */
    fut_cancel(&polite.future);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&polite.future), FUT_READY);
    cr_assert(fut_test_said("a closes", "a ends"));
    cr_assert_eq(polite.output, -ECANCELED);
}

/* ---- At a YIELD --------------------------------------------------------------------------------------- */

typedef struct yields {
    ASYNC_FRAME(yields, int);
} yields_t;
ASYNC(yields) {
    ASYNC_BEGIN();
    for (;;) YIELD();
    ASYNC_FINALLY();
    YIELD();
    fut_test_say("ends");
    ASYNC_END();
}

Test(macros, a_function_is_cancelled_at_a_yield) {
    fut_test_waker_t counter = {0};
    yields_t         yields;

    START(yields, yields);
    for (int i = 0; i < 3; i++) cr_assert_eq(fut_test_poll(&yields.future, &counter), FUT_PENDING);
    fut_cancel(&yields.future);
    cr_assert_eq(fut_test_poll(&yields.future, &counter), FUT_PENDING, "the YIELD in FINALLY");
    cr_assert(fut_test_said(NULL));
    cr_assert_eq(fut_test_poll(&yields.future, &counter), FUT_READY);
    cr_assert(fut_test_said("ends"));
    cr_assert_eq(yields.output, -ECANCELED);
}

/* ---- Without FINALLY, and with an output that cannot say ECANCELED ---------------------------------------- */

typedef struct careless {
    ASYNC_FRAME(careless, const char *, fut_test_event_t *event);
    fut_test_wait_t wait;
} careless_t;
ASYNC(careless) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN("returned");
    ASYNC_END();
}

Test(macros, a_function_without_finally_is_ready_in_the_next_poll_after_it_was_cancelled) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    careless_t       careless;

    careless.output = "untouched";
    START(careless, careless, &event);
    cr_assert_eq(fut_test_poll(&careless.future, &counter), FUT_PENDING);
    fut_cancel(&careless.future);
    cr_assert_eq(fut_test_poll(&careless.future, &counter), FUT_READY);
    cr_assert_str_eq(careless.output, "untouched");
}

/* ---- A chain ------------------------------------------------------------------------------------------------ */

typedef struct inner {
    ASYNC_FRAME(inner, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_linger_t linger; /* written by hand, and has a `cancel` of its own */
    fut_test_wait_t   wait;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    AWAIT(self->linger, fut_test_linger, self->event);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("inner closes, linger gave %d", self->linger.output);
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say("inner ends");
    ASYNC_END();
}

typedef struct middle {
    ASYNC_FRAME(middle, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    inner_t         inner;
    fut_test_wait_t wait;
} middle_t;
ASYNC(middle) {
    ASYNC_BEGIN();
    AWAIT(self->inner, inner, self->event, self->goodbye);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("middle closes");
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say("middle ends");
    ASYNC_END();
}

typedef struct outer {
    ASYNC_FRAME(outer, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    middle_t middle;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    AWAIT(self->middle, middle, self->event, self->goodbye);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("outer ends");
    ASYNC_END();
}

static void a_chain_ends_innermost_first(bool from_the_leaf) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event = {0}, goodbye = {0};
    outer_t          outer;
    fut_future_t    *leaf = &outer.future;

#define POLL()                                                                                                         \
    (from_the_leaf ? fut_test_poll_leaf(&outer.future, &leaf, &counter) : fut_test_poll(&outer.future, &counter))
    START(outer, outer, &event, &goodbye);
    cr_assert_eq(POLL(), FUT_PENDING);
    fut_cancel(&outer.future);
    cr_assert(event.cancels == 1 && event.drops == 0);
    cr_assert_eq(POLL(), FUT_PENDING);
    cr_assert(fut_test_said(NULL), "the leaf is not done yet, so no FINALLY has begun");

    fut_test_event_fire(&event, 9);
    cr_assert_eq(POLL(), FUT_PENDING);
    cr_assert(fut_test_said("inner closes, linger gave 9"));

    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(POLL(), FUT_PENDING);
    cr_assert(fut_test_said("inner ends", "middle closes"));

    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(POLL(), FUT_READY);
    cr_assert(fut_test_said("middle ends", "outer ends"));
#undef POLL
    cr_assert_eq(outer.output, -ECANCELED);
    cr_assert_eq(outer.middle.output, -ECANCELED);
    cr_assert_eq(outer.middle.inner.output, -ECANCELED);
    cr_assert_eq(event.drops, 0);
    cr_assert_eq(counter.wakes, 3);
}

Test(macros, a_cancelled_chain_ends_innermost_first_and_each_finally_may_wait) { a_chain_ends_innermost_first(false); }
Test(macros, a_cancelled_chain_polled_from_its_leaf_ends_the_same_way) { a_chain_ends_innermost_first(true); }

Test(macros, a_chain_whose_leaf_is_still_lingering_can_be_dropped) {
    fut_test_event_t event = {0}, goodbye = {0};
    outer_t          outer;
    char             canceled[64];

    START(outer, outer, &event, &goodbye);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_cancel(&outer.future);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_drop(&outer.future);
    snprintf(canceled, sizeof canceled, "inner closes, linger gave %d", -ECANCELED);
    cr_assert(fut_test_said(canceled, "inner ends", "middle closes", "middle ends", "outer ends"));
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(goodbye.drops, 2, "each FINALLY tried to wait and was cut");
}

Test(macros, a_chain_in_the_middle_of_its_graceful_end_can_be_dropped) {
    fut_test_event_t event = {0}, goodbye = {0};
    outer_t          outer;

    START(outer, outer, &event, &goodbye);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_cancel(&outer.future);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_drop(&outer.future);
    cr_assert(fut_test_said("inner closes, linger gave 1", "inner ends", "middle closes", "middle ends", "outer ends"));
    cr_assert_eq(outer.output, -ECANCELED);
}

Test(macros, a_chain_whose_innermost_function_is_already_ending_can_be_cancelled) {
    fut_test_event_t event = {0}, goodbye = {0};
    outer_t          outer;

    START(outer, outer, &event, &goodbye);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_cancel(&outer.middle.future); /* the middle alone, then the whole chain, which knows nothing of it */
    cr_assert_eq(event.cancels, 1);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_cancel(&outer.future);
    cr_assert_eq(event.cancels, 1);
    cr_assert_eq(goodbye.drops, 0, "the goodbye of the inner one is left alone");
    for (int i = 0; i < 2; i++) {
        fut_test_event_fire(&goodbye, 0);
        const fut_poll_t answer = fut_test_run(&outer.future);
        cr_assert_eq(answer, i ? FUT_READY : FUT_PENDING);
    }
    cr_assert(fut_test_said("inner closes, linger gave 1", "inner ends", "middle closes", "middle ends", "outer ends"));
}

/* One function of a chain is cancelled, those above it go on: they see -ECANCELED. */
typedef struct tolerant {
    ASYNC_FRAME(tolerant, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    polite_t polite;
} tolerant_t;
ASYNC(tolerant) {
    ASYNC_BEGIN();
    AWAIT(self->polite, polite, "a", self->event, self->goodbye);
    fut_test_say(self->polite.output == -FUT_ECANCELED ? "saw that it was cancelled" : "saw %d", self->polite.output);
    ASYNC_RETURN(5);
    ASYNC_END();
}

Test(macros, a_child_that_was_cancelled_alone_gives_ECANCELED_to_its_parent) {
    fut_test_event_t event = {0}, goodbye = {0};
    tolerant_t       tolerant;

    START(tolerant, tolerant, &event, &goodbye);
    cr_assert_eq(fut_test_run(&tolerant.future), FUT_PENDING);
    fut_cancel(&tolerant.polite.future);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&tolerant.future), FUT_READY);
    cr_assert_eq(tolerant.output, 5);
    cr_assert(fut_test_said("a closes", "a ends", "saw that it was cancelled"));
}

/* Through a future written by hand that passes the request on. */
typedef struct stutters {
    ASYNC_FRAME(stutters, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_stutter_t stutter;
    polite_t           polite;
} stutters_t;
ASYNC(stutters) {
    ASYNC_BEGIN();
    START(self->polite, polite, "a", self->event, self->goodbye);
    AWAIT(self->stutter, fut_test_stutter, &self->polite.future);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("stutters ends");
    ASYNC_END();
}

Test(macros, a_cancellation_reaches_through_futures_written_by_hand) {
    fut_test_event_t event = {0}, goodbye = {0};
    stutters_t       stutters;

    START(stutters, stutters, &event, &goodbye);
    cr_assert_eq(fut_test_run(&stutters.future), FUT_PENDING);
    fut_cancel(&stutters.future);
    cr_assert_eq(fut_test_run(&stutters.future), FUT_PENDING);
    cr_assert(fut_test_said("a closes"));
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_run(&stutters.future), FUT_READY);
    cr_assert(fut_test_said("a ends", "stutters ends"));
    cr_assert_eq(stutters.output, -ECANCELED);
}

/* ASYNC_FINALLY: runs once, on return, on error, when dropped and when cancelled; innermost first. Here: everything but the
 * graceful end, which is in cancel.c. */
#include <errno.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

/* ---- Three levels, each with a FINALLY -------------------------------------------------------------- */

typedef struct inner {
    ASYNC_FRAME(inner, int, fut_test_event_t *event);
    fut_test_wait_t wait;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    fut_test_say("inner begins");
    AWAIT_TRY(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    fut_test_say("inner ends %d", self->output);
    ASYNC_END();
}

typedef struct middle {
    ASYNC_FRAME(middle, int, fut_test_event_t *event);
    inner_t inner;
} middle_t;
ASYNC(middle) {
    ASYNC_BEGIN();
    fut_test_say("middle begins");
    AWAIT_TRY(self->inner, inner, self->event);
    ASYNC_RETURN(2);
    ASYNC_FINALLY();
    fut_test_say("middle ends %d", self->output);
    ASYNC_END();
}

typedef struct outer {
    ASYNC_FRAME(outer, int, fut_test_event_t *event);
    middle_t middle;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    fut_test_say("outer begins");
    AWAIT_TRY(self->middle, middle, self->event);
    ASYNC_RETURN(3);
    ASYNC_FINALLY();
    fut_test_say("outer ends %d", self->output);
    ASYNC_END();
}

Test(macros, finally_runs_when_a_function_returns) {
    fut_test_event_t event = {0};
    outer_t          outer;

    fut_test_event_fire(&event, 0);
    START(outer, outer, &event);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    cr_assert(fut_test_said("outer begins", "middle begins", "inner begins", /* first poll, straight down */
                            "inner ends 1",                                  /* the output is set before FINALLY */
                            "middle ends 2", "outer ends 3"));
}

Test(macros, finally_runs_when_an_error_leaves_the_function) {
    fut_test_event_t event = {0};
    outer_t          outer;

    START(outer, outer, &event);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_test_event_fire(&event, -EIO);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    cr_assert_eq(outer.output, -EIO);
    char error[3][32];
    snprintf(error[0], 32, "inner ends %d", -EIO);
    snprintf(error[1], 32, "middle ends %d", -EIO);
    snprintf(error[2], 32, "outer ends %d", -EIO);
    cr_assert(fut_test_said("outer begins", "middle begins", "inner begins", error[0], error[1], error[2]));
}

Test(macros, finally_runs_innermost_first_when_a_chain_is_dropped) {
    fut_test_event_t event = {0};
    outer_t          outer;

    START(outer, outer, &event);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_test_say("drop");
    fut_drop(&outer.future);
    fut_test_say("dropped");
    char canceled[3][32];
    snprintf(canceled[0], 32, "inner ends %d", -ECANCELED);
    snprintf(canceled[1], 32, "middle ends %d", -ECANCELED);
    snprintf(canceled[2], 32, "outer ends %d", -ECANCELED);
    cr_assert(fut_test_said("outer begins", "middle begins", "inner begins", /*                                */
                            "drop",                                          /* the leaf goes first: it is      */
                            canceled[0],                                     /* out of its event when FINALLY runs */
                            canceled[1], canceled[2],                        /* all before fut_drop returns     */
                            "dropped"));
    cr_assert_null(event.waker.target);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(outer.output, -ECANCELED);
    cr_assert(fut_is_done(&outer.middle.inner.future));
}

Test(macros, dropping_an_async_function_again_does_nothing) {
    fut_test_event_t event = {0};
    outer_t          outer;

    START(outer, outer, &event);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_drop(&outer.future);
    fut_test_hush();
    fut_drop(&outer.future);
    fut_cancel(&outer.future);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    cr_assert(fut_test_said(NULL));
    cr_assert_eq(outer.output, -ECANCELED);
    cr_assert_eq(event.drops, 1);
}

Test(macros, a_drop_before_the_first_poll_runs_no_finally_and_leaves_nothing) {
    fut_test_event_t event = {0};
    outer_t          outer;

    memset(&outer, 0xa5, sizeof outer); /* no link in it is valid */
    START(outer, outer, &event);
    fut_drop(&outer.future);
    cr_assert(fut_is_done(&outer.future));
    cr_assert_eq(outer.output, -ECANCELED);
    cr_assert(event.polls == 0 && event.drops == 0);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    cr_assert(fut_test_said(NULL));
}

Test(macros, dropping_a_completed_async_function_leaves_its_output_and_runs_nothing) {
    fut_test_event_t event = {0};
    outer_t          outer;

    fut_test_event_fire(&event, 0);
    START(outer, outer, &event);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    fut_test_hush();
    fut_drop(&outer.future);
    cr_assert_eq(outer.output, 3);
    cr_assert_eq(event.drops, 0);
    cr_assert(fut_test_said(NULL));
}

/* A drop while the chain is cut by a future written by hand: it passes the drop on. */
typedef struct stutters {
    ASYNC_FRAME(stutters, int, fut_test_event_t *event);
    fut_test_stutter_t stutter;
    middle_t           middle;
} stutters_t;
ASYNC(stutters) {
    ASYNC_BEGIN();
    START(self->middle, middle, self->event);
    AWAIT(self->stutter, fut_test_stutter, &self->middle.future);
    ASYNC_FINALLY();
    fut_test_say("stutters ends");
    ASYNC_END();
}

Test(macros, a_drop_reaches_through_futures_written_by_hand) {
    for (int polls = 1; polls <= 2; polls++) { /* 1: the middle was not polled yet */
        fut_test_waker_t counter = {0};
        fut_test_event_t event   = {0};
        stutters_t       stutters;

        START(stutters, stutters, &event);
        for (int i = 0; i < polls; i++) cr_assert_eq(fut_test_poll(&stutters.future, &counter), FUT_PENDING);
        fut_test_hush();
        fut_drop(&stutters.future);
        cr_assert(fut_is_done(&stutters.middle.future));
        if (polls == 1) {
            cr_assert(fut_test_said("stutters ends"));
        } else {
            cr_assert_eq(event.drops, 1);
            char canceled[2][32];
            snprintf(canceled[0], 32, "inner ends %d", -ECANCELED);
            snprintf(canceled[1], 32, "middle ends %d", -ECANCELED);
            cr_assert(fut_test_said(canceled[0], canceled[1], "stutters ends"));
        }
    }
}

/* ---- Dropped at a YIELD, without FINALLY, with ASYNC_RETURN in FINALLY ------------------------------------ */

typedef struct plain {
    ASYNC_FRAME(plain, int);
} plain_t;
ASYNC(plain) {
    ASYNC_BEGIN();
    YIELD();
    fut_test_say("not said");
    ASYNC_RETURN(1);
    ASYNC_END();
}

typedef struct rescues {
    ASYNC_FRAME(rescues, int, fut_test_event_t *event);
    fut_test_wait_t wait;
} rescues_t;
ASYNC(rescues) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_FINALLY();
    if (self->output == -FUT_ECANCELED) ASYNC_RETURN(77);
    ASYNC_END();
}

Test(macros, a_function_without_finally_is_dropped_at_a_yield) {
    fut_test_waker_t counter = {0};
    plain_t          plain;

    START(plain, plain);
    cr_assert_eq(fut_test_poll(&plain.future, &counter), FUT_PENDING);
    fut_drop(&plain.future);
    cr_assert_eq(plain.output, -ECANCELED);
    cr_assert_eq(fut_test_run(&plain.future), FUT_READY);
    cr_assert_eq(plain.output, -ECANCELED);
    cr_assert(fut_test_said(NULL));
}

Test(macros, finally_can_replace_the_output_of_a_dropped_function) {
    fut_test_event_t event = {0};
    rescues_t        rescues;

    START(rescues, rescues, &event);
    cr_assert_eq(fut_test_run(&rescues.future), FUT_PENDING);
    fut_drop(&rescues.future);
    cr_assert_eq(rescues.output, 77);
}

/* ---- A hard drop does not wait ----------------------------------------------------------------------------- */

typedef struct says_goodbye {
    ASYNC_FRAME(says_goodbye, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t  wait;
    fut_test_after_t after;
} says_goodbye_t;
ASYNC(says_goodbye) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_test_say("flush");
    AWAIT(self->after, fut_test_after, 0, 5); /* ready at once: not cut */
    fut_test_say("flushed %d", self->after.output);
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say(self->wait.output == -FUT_ECANCELED ? "goodbye was cut" : "goodbye %d", self->wait.output);
    YIELD();
    fut_test_say("closed");
    ASYNC_END();
}

Test(macros, in_a_hard_drop_an_await_in_finally_gets_one_poll_and_is_then_cut) {
    fut_test_event_t event = {0}, goodbye = {0};
    says_goodbye_t   future;

    START(future, says_goodbye, &event, &goodbye);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    fut_drop(&future.future);
    cr_assert(fut_test_said("flush", "flushed 5", "goodbye was cut", "closed"));
    cr_assert(goodbye.polls == 1 && goodbye.drops == 1);
    cr_assert_null(goodbye.waker.target, "nobody holds a pointer to it");
    cr_assert(fut_is_done(&future.future));
}

Test(macros, in_a_hard_drop_an_await_in_finally_that_is_ready_in_its_one_poll_is_not_cut) {
    fut_test_event_t event = {0}, goodbye = {0};
    says_goodbye_t   future;

    START(future, says_goodbye, &event, &goodbye);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    fut_test_event_fire(&goodbye, 3);
    fut_drop(&future.future);
    cr_assert(fut_test_said("flush", "flushed 5", "goodbye 3", "closed"));
    cr_assert_eq(goodbye.drops, 0);
}

Test(macros, a_hard_drop_while_suspended_inside_finally_runs_the_rest_of_it) {
    fut_test_event_t event = {0}, goodbye = {0};
    says_goodbye_t   future;

    fut_test_event_fire(&event, 0);
    START(future, says_goodbye, &event, &goodbye);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    cr_assert(fut_test_said("flush", "flushed 5"));
    fut_drop(&future.future);
    cr_assert(fut_test_said("goodbye was cut", "closed"));
    cr_assert_eq(goodbye.polls, 2, "one before the drop, one more in it");
    cr_assert_eq(future.output, 0, "it had returned before it was dropped");
}

Test(macros, a_hard_drop_at_a_yield_inside_finally_runs_the_rest_of_it) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event = {0}, goodbye = {0};
    says_goodbye_t   future;

    fut_test_event_fire(&event, 0);
    fut_test_event_fire(&goodbye, 1);
    START(future, says_goodbye, &event, &goodbye);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    cr_assert(fut_test_said("flush", "flushed 5", "goodbye 1"));
    fut_drop(&future.future);
    cr_assert(fut_test_said("closed"));
}

/* What FINALLY awaits may be an async function with a FINALLY of its own. */
typedef struct cleans_deeply {
    ASYNC_FRAME(cleans_deeply, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t wait;
    outer_t         cleaner;
} cleans_deeply_t;
ASYNC(cleans_deeply) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_FINALLY();
    AWAIT(self->cleaner, outer, self->goodbye);
    fut_test_say("clean %s", self->cleaner.output == -FUT_ECANCELED ? "cut" : "done");
    ASYNC_END();
}

Test(macros, an_async_function_that_finally_awaits_is_cut_with_all_that_is_under_it) {
    char             canceled[3][32];
    fut_test_event_t event = {0}, goodbye = {0};
    cleans_deeply_t  future;

    snprintf(canceled[0], 32, "inner ends %d", -ECANCELED);
    snprintf(canceled[1], 32, "middle ends %d", -ECANCELED);
    snprintf(canceled[2], 32, "outer ends %d", -ECANCELED);
    START(future, cleans_deeply, &event, &goodbye);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    fut_drop(&future.future);
    cr_assert(fut_test_said("outer begins", "middle begins", "inner begins", /* its one poll */
                            canceled[0], canceled[1], canceled[2],           /* cut          */
                            "clean cut"));
    cr_assert_eq(goodbye.drops, 1);

    /* The same, when the drop comes while FINALLY is already waiting. */
    fut_test_event_fire(&event, 0);
    START(future, cleans_deeply, &event, &goodbye);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    fut_test_say("drop");
    fut_drop(&future.future);
    cr_assert(fut_test_said("outer begins", "middle begins", "inner begins", "drop", canceled[0], canceled[1],
                            canceled[2], "clean cut"));
    cr_assert_eq(goodbye.drops, 2);
}

/* The chain above the one that is in FINALLY ends as always. */
typedef struct above {
    ASYNC_FRAME(above, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    says_goodbye_t below;
} above_t;
ASYNC(above) {
    ASYNC_BEGIN();
    AWAIT(self->below, says_goodbye, self->event, self->goodbye);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("above ends");
    ASYNC_END();
}

Test(macros, a_chain_whose_innermost_function_is_in_finally_can_be_dropped) {
    fut_test_event_t event = {0}, goodbye = {0};
    above_t          above;

    fut_test_event_fire(&event, 0);
    START(above, above, &event, &goodbye);
    cr_assert_eq(fut_test_run(&above.future), FUT_PENDING);
    fut_test_hush();
    fut_drop(&above.future);
    cr_assert(fut_test_said("goodbye was cut", "closed", "above ends"));
    cr_assert_eq(above.output, -ECANCELED);
    cr_assert_eq(above.below.output, 0);
}

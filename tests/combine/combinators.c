/* map, inspect, then, and_then, or_else, lazy, immediate, poll_fn, never, fuse, abortable. */
#include "kit.h"

static fut_test_event_t event, second_event, goodbye;
static fut_test_waker_t woken;

/* ---- map, inspect ------------------------------------------------------------------------------------------------ */

FUT_MAP(twice, long, worker) {
    fut_test_say("map %d", child->output);
    return 2l * child->output;
}
FUT_MAP(scaled, int, worker, int factor; int offset) { return child->output * self->factor + self->offset; }
FUT_INSPECT(seen, worker) { fut_test_say("%s answered %d", child->name, child->output); }

Test(combine, map_is_a_function_of_what_the_child_has_answered) {
    worker_t child;
    twice_t  map;
    START(child, worker, "child", &event, NULL);
    START(map, twice, &child);
    cr_pending(map, woken);
    cr_pending(map, woken);
    fut_test_event_fire(&event, 21);
    cr_assert_eq(woken.wakes, 1);
    cr_ready(map, woken, 42);
    cr_ready(map, woken, 42);
    cr_assert(fut_test_said("child 21", "map 21"), "called once");
}

Test(combine, an_error_is_mapped_as_any_other_result) {
    fut_test_wait_t unused;
    worker_t        child;
    twice_t         map;
    (void)unused;
    START(child, worker, "child", &event, NULL);
    START(map, twice, &child);
    fut_test_event_fire(&event, -EPIPE);
    cr_ready(map, woken, -2 * EPIPE);
    fut_test_hush();
}

Test(combine, a_combinator_has_arguments_of_its_own) {
    worker_t child;
    scaled_t map;
    START(child, worker, "child", &event, NULL);
    START(map, scaled, &child, 3, .offset = 100);
    fut_test_event_fire(&event, 5);
    cr_ready(map, woken, 115);
    fut_test_hush();
}

Test(combine, inspect_passes_on_what_it_has_seen) {
    worker_t child;
    seen_t   inspect;
    START(child, worker, "child", &event, NULL);
    START(inspect, seen, &child);
    cr_pending(inspect, woken);
    fut_test_event_fire(&event, 8);
    cr_ready(inspect, woken, 8);
    cr_assert(fut_test_said("child 8", "child answered 8"));
}

Test(combine, a_child_that_is_done_already_is_mapped_at_once) {
    worker_t child;
    twice_t  map;
    START(child, worker, "child", &event, NULL);
    fut_test_event_fire(&event, 4);
    cr_ready(child, woken, 4);
    START(map, twice, &child);
    cr_ready(map, woken, 8);
    cr_assert(fut_test_said("child 4", "map 4"));
}

/* ---- then, and_then, or_else ------------------------------------------------------------------------------------- */

FUT_THEN(after, worker, worker) {
    fut_test_say("then %d", first->output);
    START(*second, worker, "second", &second_event, &goodbye);
}
FUT_AND_THEN(unless_failed, worker, worker, const char *name) {
    START(*second, worker, self->name, &second_event, NULL);
}
FUT_OR_ELSE(second_try, worker, worker) { START(*second, worker, "second", &second_event, NULL); }

typedef struct pair {
    worker_t first, second;
} pair_t;
static void start_first(pair_t *pair) {
    event = second_event = goodbye = (fut_test_event_t){0};
    memset(pair, 0x55, sizeof *pair);
    START(pair->first, worker, "first", &event, &goodbye);
}
static void end_first(int value) {
    fut_test_event_fire(&event, value);
    fut_test_event_fire(&goodbye, 0);
}

Test(combine, then_starts_the_second_from_what_the_first_has_answered) {
    for (int value = -1; value < 2; value += 2) {
        pair_t  pair;
        after_t then;
        start_first(&pair);
        START(then, after, &pair.first, &pair.second);
        cr_pending(then, woken);
        cr_pending(then, woken);
        end_first(value);
        cr_pending(then, woken);
        cr_pending(then, woken);
        cr_assert_eq(second_event.polls, 2);
        fut_test_event_fire(&second_event, 7);
        fut_test_event_fire(&goodbye, 0);
        cr_ready(then, woken, 7);
        cr_ready(then, woken, 7);
        cr_assert(value < 0 ? fut_test_said("first -1", "first ends", "then -1", "second 7", "second ends")
                            : fut_test_said("first 1", "first ends", "then 1", "second 7", "second ends"));
    }
}

Test(combine, and_then_goes_on_only_after_success) {
    pair_t          pair;
    unless_failed_t then;
    start_first(&pair);
    START(then, unless_failed, &pair.first, &pair.second, "named");
    end_first(0);
    cr_pending(then, woken);
    fut_test_event_fire(&second_event, -EIO);
    cr_ready(then, woken, -EIO);
    cr_assert(fut_test_said("first 0", "first ends", "named -5"));
    start_first(&pair);
    START(then, unless_failed, &pair.first, &pair.second, "named");
    end_first(-EPIPE);
    cr_ready(then, woken, -EPIPE);
    cr_ready(then, woken, -EPIPE);
    cr_assert_eq(second_event.polls, 0);
    fut_drop(&then.future); /* the second was never started, and is not touched */
    fut_test_hush();
}

Test(combine, or_else_goes_on_only_after_an_error) {
    pair_t       pair;
    second_try_t otherwise;
    start_first(&pair);
    START(otherwise, second_try, &pair.first, &pair.second);
    end_first(3);
    cr_ready(otherwise, woken, 3);
    cr_assert_eq(second_event.polls, 0);
    start_first(&pair);
    START(otherwise, second_try, &pair.first, &pair.second);
    end_first(-EPIPE);
    cr_pending(otherwise, woken);
    fut_test_event_fire(&second_event, 9);
    cr_ready(otherwise, woken, 9);
    fut_test_hush();
}

/* Where it stands: 0 not polled; 1 in the first; 2 in the second; 3 done. */
static void bring_to(after_t *then, int point) {
    if (point >= 1) cr_pending(*then, woken);
    if (point >= 2) end_first(1);
    if (point >= 2) cr_pending(*then, woken);
    if (point < 3) return;
    fut_test_event_fire(&second_event, 7);
    fut_test_event_fire(&goodbye, 0);
    cr_ready(*then, woken, 7);
}

Test(combine, dropping_then_drops_what_it_awaits_at_any_point) {
    for (int point = 0; point < 4; point++) {
        pair_t  pair;
        after_t then;
        start_first(&pair);
        START(then, after, &pair.first, &pair.second);
        bring_to(&then, point);
        fut_test_hush();
        fut_drop(&then.future);
        fut_drop(&then.future);
        cr_assert_eq(then.output, point < 3 ? -ECANCELED : 7);
        cr_assert(fut_is_done(&pair.first.future));
        cr_assert(point == 1   ? fut_test_said("first -125", "first cut")
                  : point == 2 ? fut_test_said("second -125", "second cut")
                               : fut_test_said(NULL));
    }
}

Test(combine, cancelling_then_ends_what_it_awaits_and_starts_nothing) {
    for (int point = 0; point < 4; point++) {
        pair_t  pair;
        after_t then;
        start_first(&pair);
        START(then, after, &pair.first, &pair.second);
        bring_to(&then, point);
        fut_test_hush();
        fut_cancel(&then.future);
        fut_cancel(&then.future);
        if (point == 1 || point == 2) {
            cr_pending(then, woken);
            fut_test_event_fire(&goodbye, 0);
        }
        cr_ready(then, woken, point < 3 ? -ECANCELED : 7);
        cr_assert(point == 1   ? fut_test_said("first -125", "first ends")
                  : point == 2 ? fut_test_said("second -125", "second ends")
                               : fut_test_said(NULL));
    }
}

/* A child that ends well although it was asked to stop is not mapped, and nothing is started from it. */
FUT_MAP(mapped, int, fut_test_linger) {
    fut_test_say("mapped");
    return child->output;
}
FUT_AND_THEN(followed, fut_test_linger, worker) {
    fut_test_say("followed");
    START(*second, worker, "second", &second_event, NULL);
}
Test(combine, after_a_cancellation_no_body_is_called) {
    fut_test_linger_t child;
    mapped_t          map;
    followed_t        then;
    worker_t          second;
    START(child, fut_test_linger, &event);
    START(map, mapped, &child);
    cr_pending(map, woken);
    fut_cancel(&map.future);
    cr_pending(map, woken);
    fut_test_event_fire(&event, 5);
    cr_ready(map, woken, -ECANCELED);
    START(child, fut_test_linger, &event);
    START(then, followed, &child, &second);
    cr_pending(then, woken);
    fut_cancel(&then.future);
    fut_test_event_fire(&event, 5);
    cr_ready(then, woken, -ECANCELED);
    cr_assert_eq(event.cancels, 2);
    cr_assert(fut_test_said(NULL));
}

Test(combine, map_and_inspect_are_dropped_and_cancelled_with_their_child) {
    for (int hard = 0; hard < 2; hard++)
        for (int point = 0; point < 2; point++) {
            worker_t child;
            twice_t  map;
            event = goodbye = (fut_test_event_t){0};
            START(child, worker, "child", &event, &goodbye);
            START(map, twice, &child);
            if (point) cr_pending(map, woken);
            hard ? fut_drop(&map.future) : fut_cancel(&map.future);
            if (!hard && point) {
                cr_pending(map, woken);
                fut_test_event_fire(&goodbye, 0);
            }
            cr_ready(map, woken, -ECANCELED);
            cr_assert(!point ? fut_test_said(NULL) : fut_test_said("child -125", hard ? "child cut" : "child ends"));
            cr_assert(fut_is_done(&child.future));
        }
}

/* ---- In a chain, in a group, at the leaf ------------------------------------------------------------------------- */

FUT_MAP(twice_more, long, twice) { return 2 * child->output; }

typedef struct chain {
    ASYNC_FRAME(chain, long);
    worker_t     child, other;
    twice_t      twice;
    twice_more_t more;
    scaled_t     scaled;
    FUT_GROUP(2) group;
} chain_t;
ASYNC(chain) {
    ASYNC_BEGIN();
    START(self->child, worker, "child", &event, NULL);
    START(self->twice, twice, &self->child);
    START(self->other, worker, "other", &second_event, NULL);
    JOIN(self->group, (self->more, twice_more, &self->twice), (self->scaled, scaled, &self->other, .factor = 1));
    ASYNC_RETURN(self->more.output + self->scaled.output);
    ASYNC_END();
}
Test(combine, combinators_stand_in_one_another_and_in_groups) {
    for (int stutter = 0; stutter < 2; stutter++) {
        chain_t            chain;
        fut_test_stutter_t around;
        fut_future_t      *future = stutter ? &around.future : &chain.future;
        event = second_event = (fut_test_event_t){0};
        START(chain, chain);
        START(around, fut_test_stutter, &chain.future);
        cr_assert_eq(fut_test_run(future), FUT_PENDING);
        fut_test_event_fire(&second_event, 1);
        cr_assert_eq(fut_test_run(future), FUT_PENDING);
        fut_test_event_fire(&event, 10);
        cr_assert_eq(fut_test_run(future), FUT_READY);
        cr_assert_eq(chain.output, 41);
        cr_assert(fut_test_said("other 1", "child 10", "map 10"));
    }
}

/* ---- lazy, immediate, poll_fn, never ----------------------------------------------------------------------------- */

static const char *current_name;
FUT_LAZY(late, worker, fut_test_event_t *goodbye) { START(*child, worker, current_name, &event, self->goodbye); }

Test(combine, lazy_starts_its_child_when_somebody_wants_it) {
    worker_t child;
    late_t   lazy;
    memset(&child, 0x55, sizeof child);
    current_name = "too early";
    START(lazy, late, &child, NULL);
    current_name = "right";
    cr_pending(lazy, woken);
    current_name = "too late";
    cr_pending(lazy, woken);
    fut_test_event_fire(&event, 2);
    cr_ready(lazy, woken, 2);
    cr_assert(fut_test_said("right 2"));
}

Test(combine, lazy_that_was_never_polled_has_started_nothing) {
    for (int hard = 0; hard < 2; hard++)
        for (int point = 0; point < 2; point++) {
            worker_t child;
            late_t   lazy;
            event = goodbye = (fut_test_event_t){0};
            memset(&child, 0x55, sizeof child);
            current_name = "child";
            START(lazy, late, &child, &goodbye);
            if (point) cr_pending(lazy, woken);
            hard ? fut_drop(&lazy.future) : fut_cancel(&lazy.future);
            if (!hard && point) {
                cr_pending(lazy, woken);
                fut_test_event_fire(&goodbye, 0);
            }
            cr_ready(lazy, woken, -ECANCELED);
            cr_assert(!point ? fut_test_said(NULL) : fut_test_said("child -125", hard ? "child cut" : "child ends"));
        }
}

typedef struct point {
    int x, y;
} point_t;
FUT_IMMEDIATE(a_point, point_t);

Test(combine, an_immediate_future_is_ready_at_once) {
    a_point_t at;
    START(at, a_point, {3, 4});
    cr_assert_eq(POLL(at, woken), FUT_READY);
    cr_assert_eq(at.output.y, 4);
    START(at, a_point, {3, 4});
    fut_drop(&at.future);
    cr_assert_eq(POLL(at, woken), FUT_READY);
}

FUT_POLL_FN(countdown, int, int from) {
    if (self->from == 0) {
        self->output = 100;
        return READY;
    }
    fut_test_say("%d", self->from--);
    fut_context_yield(cx);
    return PENDING;
}
Test(combine, a_poll_function_is_called_until_it_is_ready_and_not_again) {
    countdown_t count;
    START(count, countdown, 2);
    cr_assert_eq(fut_test_run(&count.future), FUT_READY);
    count.from = 5;
    cr_ready(count, woken, 100);
    cr_assert(fut_test_said("2", "1"));
    START(count, countdown, 2);
    cr_pending(count, woken);
    fut_drop(&count.future);
    cr_ready(count, woken, -ECANCELED);
    fut_test_hush();
}

Test(combine, never_is_never_ready) {
    fut_never_t never;
    START(never, fut_never);
    for (int i = 0; i < 3; i++) cr_pending(never, woken);
    fut_cancel(&never.future);
    cr_ready(never, woken, -ECANCELED);
    cr_assert_eq(woken.wakes, 0);
}

/* ---- fuse -------------------------------------------------------------------------------------------------------- */

typedef struct listens {
    ASYNC_FRAME(listens, int);
    worker_t   a, b;
    fut_fuse_t fuse_a, fuse_b;
    int        left;
    FUT_GROUP(2) group;
} listens_t;
ASYNC(listens) {
    ASYNC_BEGIN();
    START(self->a, worker, "a", &event, NULL);
    START(self->b, worker, "b", &second_event, NULL);
    START(self->fuse_a, fut_fuse, &self->a.future);
    START(self->fuse_b, fut_fuse, &self->b.future);
    for (self->left = 2; self->left > 0; self->left--) {
        SELECT_KEEP(self->group, self->fuse_a, self->fuse_b);
        if (WON(self->group, self->fuse_a)) {
            fut_test_say("a once");
            START(self->fuse_a, fut_fuse, &self->a.future);
        } else {
            fut_test_say("b once");
            START(self->fuse_b, fut_fuse, &self->b.future);
        }
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_drop(&self->fuse_a.future);
    fut_drop(&self->fuse_b.future);
    ASYNC_END();
}
Test(combine, a_fuse_takes_each_child_out_of_a_loop_once) {
    for (int both = 0; both < 20; both++) { /* ready together, or one after the other */
        listens_t listens;
        event = second_event = (fut_test_event_t){0};
        START(listens, listens);
        cr_assert_eq(fut_test_run(&listens.future), FUT_PENDING);
        fut_test_event_fire(&event, 1);
        if (both % 2 == 0) cr_assert_eq(fut_test_run(&listens.future), FUT_PENDING);
        fut_test_event_fire(&second_event, 2);
        cr_assert_eq(fut_test_run(&listens.future), FUT_READY);
        unsigned words = fut_test_words.count;
        cr_assert_eq(words, 4, "each of the two, and what was said about it, once: %u", words);
        fut_test_hush();
    }
}

Test(combine, a_fuse_passes_on_errors_drops_and_cancellations) {
    worker_t   child;
    fut_fuse_t fuse;
    START(child, worker, "child", &event, &goodbye);
    START(fuse, fut_fuse, &child.future);
    fut_test_event_fire(&event, -EIO);
    fut_test_event_fire(&goodbye, 0);
    cr_ready(fuse, woken, -EIO);
    START(fuse, fut_fuse, &child.future);
    cr_pending(fuse, woken);
    fut_cancel(&fuse.future);
    cr_ready(fuse, woken, -ECANCELED);
    cr_assert_eq(child.output, -EIO);
    START(child, worker, "child", &event, &goodbye);
    START(fuse, fut_fuse, &child.future);
    cr_pending(fuse, woken);
    fut_cancel(&fuse.future);
    cr_pending(fuse, woken);
    fut_drop(&fuse.future);
    cr_assert(fut_test_said("child -5", "child ends", "child -125", "child cut"));
    START(child, worker, "child", &event, &goodbye);
    START(fuse, fut_fuse, &child.future);
    fut_drop(&fuse.future);
    cr_assert(fut_is_done(&child.future));
}

/* ---- abortable --------------------------------------------------------------------------------------------------- */

static fut_cancel_token_t token;

Test(combine, an_aborted_child_is_dropped_at_once) {
    fut_abortable_t abortable;
    worker_t        child;
    START(child, worker, "child", &event, &goodbye);
    START(abortable, fut_abortable, &child.future, &token);
    cr_pending(abortable, woken);
    cr_pending(abortable, woken);
    fut_cancel_token_cancel(&token, -EINTR);
    cr_assert_eq(woken.wakes, 1);
    cr_ready(abortable, woken, -EINTR);
    cr_assert(fut_test_said("child -125", "child cut"));
    fut_cancel_token_destroy(&token);
}

Test(combine, a_child_that_completes_is_not_aborted) {
    fut_abortable_t abortable;
    worker_t        child;
    START(child, worker, "child", &event, NULL);
    START(abortable, fut_abortable, &child.future, &token);
    cr_pending(abortable, woken);
    fut_test_event_fire(&event, 6);
    cr_ready(abortable, woken, 0);
    fut_cancel_token_destroy(&token);
    fut_cancel_token_cancel(&token, 0);
    cr_assert_eq(child.output, 6);
    START(child, worker, "child", &event, NULL);
    START(abortable, fut_abortable, &child.future, &token);
    cr_ready(abortable, woken, -ECANCELED);
    cr_assert(fut_test_said("child 6"), "the other one never began");
}

Test(combine, who_is_cancelled_gracefully_can_still_be_aborted) {
    for (int aborted = 0; aborted < 2; aborted++) {
        fut_abortable_t abortable;
        worker_t        child;
        event = goodbye = (fut_test_event_t){0};
        token           = (fut_cancel_token_t)FUT_CANCEL_TOKEN_INIT;
        START(child, worker, "child", &event, &goodbye);
        START(abortable, fut_abortable, &child.future, &token);
        cr_pending(abortable, woken);
        fut_cancel(&abortable.future);
        cr_pending(abortable, woken);
        aborted ? (void)fut_cancel_token_cancel(&token, -EINTR) : fut_test_event_fire(&goodbye, 0);
        cr_ready(abortable, woken, -ECANCELED);
        cr_assert(fut_test_said("child -125", aborted ? "child cut" : "child ends"));
        fut_cancel_token_destroy(&token);
    }
}

Test(combine, dropping_an_abortable_drops_the_child_at_any_point) {
    for (int point = 0; point < 3; point++) {
        fut_abortable_t abortable;
        worker_t        child;
        event = goodbye = (fut_test_event_t){0};
        token           = (fut_cancel_token_t)FUT_CANCEL_TOKEN_INIT;
        START(child, worker, "child", &event, &goodbye);
        START(abortable, fut_abortable, &child.future, &token);
        if (point >= 1) cr_pending(abortable, woken);
        if (point >= 2) fut_cancel_token_cancel(&token, 0);
        fut_drop(&abortable.future);
        cr_assert(fut_is_done(&child.future));
        cr_assert(point ? fut_test_said("child -125", "child cut") : fut_test_said(NULL));
        fut_cancel_token_destroy(&token); /* nobody waits */
    }
}

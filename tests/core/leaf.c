/* fut_poll_leaf: a wake costs the same at any depth. What is counted here is polls, not time. */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

/* ---- A chain of any length, whose polls are counted --------------------------------------- */

typedef struct link link_t;
struct link {
    ASYNC_FRAME(link, int, fut_test_event_t *event; link_t *next); /* next: NULL in the innermost */
    fut_test_wait_t wait;
    int             i, sum;
};

/* The innermost one waits three times for the event; all others for the next one. */
ASYNC(link) {
    ASYNC_BEGIN();
    if (self->next) {
        AWAIT(*self->next);
        ASYNC_RETURN(self->next->output + 1);
    }
    for (self->i = self->sum = 0; self->i < 3; self->i++) {
        AWAIT(self->wait, fut_test_wait, self->event);
        self->sum += self->wait.output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

static unsigned link_polls;

static fut_poll_t count_poll(fut_future_t *future, fut_context_t *cx) {
    link_polls++;
    return link_vtable.poll(future, cx);
}

/* `depth` links, each awaiting the one after it through a vtable that counts. */
static link_t *new_chain(size_t depth, fut_test_event_t *event) {
    static fut_vtable_t counting;
    link_t *const       links = malloc(depth * sizeof *links);

    counting      = link_vtable;
    counting.poll = count_poll;
    for (size_t i = 0; i < depth; i++) {
        START(links[i], link, event, i + 1 < depth ? &links[i + 1] : NULL);
        links[i].future.vtable = &counting;
    }
    link_polls = 0;
    return links;
}

static void a_wake_polls_only_the_leaf(size_t depth) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    link_t          *links   = new_chain(depth, &event);
    fut_future_t    *root = &links[0].future, *leaf = root;

    cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(link_polls, depth, "the first poll goes all the way down");
    cr_assert_eq(leaf, &links[depth - 1].future);
    cr_assert_eq(event.polls, 1);

    for (unsigned i = 1; i <= 2; i++) {
        fut_test_event_fire(&event, 10);
        cr_assert_eq(counter.wakes, i);
        link_polls = event.polls = 0;
        cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_PENDING);
        cr_assert_eq(link_polls, 1, "one poll for one wake");
        cr_assert_eq(event.polls, 2, "one wait ended, the next began");
        cr_assert_eq(leaf, &links[depth - 1].future);
    }

    fut_test_event_fire(&event, 10);
    link_polls = 0;
    cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_READY);
    cr_assert_leq(link_polls, 2 * depth - 1, "each level once, and perhaps each asks its completed child once more");
    cr_assert_geq(link_polls, depth);
    cr_assert_eq(links[0].output, 30 + (int)depth - 1);
    cr_assert_eq(leaf, root);
    cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_READY, "again, and the output stays");
    cr_assert_eq(links[0].output, 30 + (int)depth - 1);
    free(links);
}

Test(core, a_wake_at_depth_1_polls_only_the_leaf) { a_wake_polls_only_the_leaf(1); }
Test(core, a_wake_at_depth_2_polls_only_the_leaf) { a_wake_polls_only_the_leaf(2); }
Test(core, a_wake_at_depth_1000_polls_only_the_leaf) { a_wake_polls_only_the_leaf(1000); }

Test(core, polling_a_chain_from_the_top_stays_valid_at_any_time) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    link_t          *links   = new_chain(10, &event);
    fut_future_t    *root = &links[0].future, *leaf = root;

    cr_assert_eq(fut_test_poll(root, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &links[9].future);
    cr_assert_eq(fut_test_poll(root, &counter), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_poll(root, &counter), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_poll(root, &counter), FUT_READY);
    cr_assert_eq(links[0].output, 3 + 9);
    free(links);
}

/* A chain need not be built from its root: a future which was polled elsewhere can be awaited, with all that is under it. */
Test(core, a_chain_that_is_already_suspended_can_be_awaited) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    link_t          *links   = new_chain(6, &event);
    fut_future_t    *root = &links[0].future, *leaf = root;

    cr_assert_eq(fut_test_poll(&links[3].future, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll_leaf(root, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &links[5].future);
    for (int i = 0; i < 3; i++) {
        cr_assert_not(fut_is_done(root));
        fut_test_event_fire(&event, 2);
        (void)!fut_test_poll_leaf(root, &leaf, &counter);
    }
    cr_assert(fut_is_done(root));
    cr_assert_eq(links[0].output, 6 + 5);
    free(links);
}

/* ---- Futures written by hand, in between --------------------------------------------------- */

/* Passes everything through to a started child. No link crosses it: whoever awaits it is the leaf. */
typedef struct window {
    FUT_FUTURE(window, void, fut_future_t *child);
    unsigned polls;
} window_t;
static inline fut_poll_t window_poll(window_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->polls = 0;
    self->polls++;
    return fut_poll(self->child, cx) == FUT_READY ? fut_ready(&self->future) : fut_pending(&self->future);
}
static void window_drop(fut_future_t *future) { fut_drop(((window_t *)(void *)future)->child); }
static void window_cancel(fut_future_t *future) { fut_cancel(((window_t *)(void *)future)->child); }
FUT_DEFINE(window, .drop = window_drop, .cancel = window_cancel);

/* upper -> middle -> window -> lower -> fut_test_wait */
typedef struct lower {
    ASYNC_FRAME(lower, int, fut_test_event_t *event);
    fut_test_wait_t wait;
} lower_t;
ASYNC(lower) {
    ASYNC_BEGIN();
    fut_test_say("lower begins");
    AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("lower goes on");
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("lower ends");
    ASYNC_END();
}

typedef struct middle {
    ASYNC_FRAME(middle, int, fut_test_event_t *event);
    window_t window;
    lower_t  lower;
} middle_t;
ASYNC(middle) {
    ASYNC_BEGIN();
    fut_test_say("middle begins");
    START(self->lower, lower, self->event);
    AWAIT(self->window, window, &self->lower.future);
    ASYNC_RETURN(self->lower.output + 1);
    ASYNC_FINALLY();
    fut_test_say("middle ends");
    ASYNC_END();
}

typedef struct upper {
    ASYNC_FRAME(upper, int, fut_test_event_t *event);
    middle_t middle;
} upper_t;
ASYNC(upper) {
    ASYNC_BEGIN();
    fut_test_say("upper begins");
    AWAIT(self->middle, middle, self->event);
    ASYNC_RETURN(self->middle.output + 1);
    ASYNC_FINALLY();
    fut_test_say("upper ends");
    ASYNC_END();
}

Test(core, a_future_written_by_hand_in_between_breaks_the_chain_safely) {
    fut_test_waker_t counter = {.word = "wake"};
    fut_test_event_t event   = {0};
    upper_t          upper;
    fut_future_t    *leaf = &upper.future;

    START(upper, upper, &event);
    cr_assert_eq(fut_test_poll_leaf(&upper.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &upper.middle.future, "the frame that awaits the window");
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_poll_leaf(&upper.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &upper.middle.future);
    cr_assert_eq(upper.middle.window.polls, 2);
    fut_test_event_fire(&event, 40);
    cr_assert_eq(fut_test_poll_leaf(&upper.future, &leaf, &counter), FUT_READY);
    cr_assert_eq(upper.output, 42);
    cr_assert(fut_test_said("upper begins",  /* the first poll, top-down             */
                            "middle begins", /*                                      */
                            "lower begins",  /* through the window                   */
                            "wake",          /*                                      */
                            "lower goes on", /* middle is polled, upper is not       */
                            "wake",          /*                                      */
                            "lower ends",    /* the window is ready in the same poll */
                            "middle ends",   /* READY: its parent is polled          */
                            "upper ends"));
}

/* Two async functions inside a future written by hand: ready when one of them is, the other is dropped. */
typedef struct either {
    FUT_FUTURE(either, int, fut_test_event_t *left; fut_test_event_t *right);
    lower_t a, b;
} either_t;
static inline fut_poll_t either_poll(either_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        START(self->a, lower, self->left);
        START(self->b, lower, self->right);
    }
    if (fut_poll(&self->a.future, cx) == FUT_READY) {
        fut_drop(&self->b.future);
        self->output = self->a.output;
        return fut_ready(&self->future);
    }
    if (fut_poll(&self->b.future, cx) == FUT_READY) {
        fut_drop(&self->a.future);
        self->output = self->b.output;
        return fut_ready(&self->future);
    }
    return fut_pending(&self->future);
}
static void either_drop(fut_future_t *future) {
    either_t *self = (either_t *)(void *)future;
    if (fut_is_pending(future)) fut_drop(&self->a.future), fut_drop(&self->b.future);
}
FUT_DEFINE(either, .drop = either_drop);

typedef struct chooser {
    ASYNC_FRAME(chooser, int, fut_test_event_t *left; fut_test_event_t *right);
    either_t either;
} chooser_t;
ASYNC(chooser) {
    ASYNC_BEGIN();
    AWAIT(self->either, either, self->left, self->right);
    ASYNC_RETURN(self->either.output);
    ASYNC_END();
}

Test(core, a_future_written_by_hand_may_embed_async_functions) {
    fut_test_waker_t counter = {0};
    fut_test_event_t left = {0}, right = {0};
    chooser_t        chooser;
    fut_future_t    *leaf = &chooser.future;

    START(chooser, chooser, &left, &right);
    cr_assert_eq(fut_test_poll_leaf(&chooser.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &chooser.future, "not one of those inside, although they suspended in this poll, too");
    fut_test_event_fire(&left, 1);
    cr_assert_eq(fut_test_poll_leaf(&chooser.future, &leaf, &counter), FUT_PENDING);
    fut_test_event_fire(&right, 2);
    cr_assert_eq(fut_test_poll_leaf(&chooser.future, &leaf, &counter), FUT_PENDING);
    fut_test_event_fire(&right, 3);
    cr_assert_eq(fut_test_poll_leaf(&chooser.future, &leaf, &counter), FUT_READY);
    cr_assert_eq(chooser.output, 3);
    cr_assert_null(left.waker.target, "the loser has left its event");
    cr_assert(fut_test_said("lower begins", "lower begins", "lower goes on", "lower goes on",
                            "lower ends",   /* b is ready     */
                            "lower ends")); /* a is dropped   */
}

Test(core, a_future_written_by_hand_can_itself_be_the_root) {
    fut_test_waker_t counter = {0};
    fut_test_event_t left = {0}, right = {0};
    either_t         either;
    fut_future_t    *leaf = &either.future;

    START(either, either, &left, &right);
    cr_assert_eq(fut_test_poll_leaf(&either.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &either.future);
    fut_test_event_fire(&left, 5);
    cr_assert_eq(fut_test_poll_leaf(&either.future, &leaf, &counter), FUT_PENDING);
    fut_test_event_fire(&left, 6);
    cr_assert_eq(fut_test_poll_leaf(&either.future, &leaf, &counter), FUT_READY);
    cr_assert_eq(either.output, 6);
}

/* ---- One memory, several frames ------------------------------------------------------------ */

typedef struct waits_twice {
    ASYNC_FRAME(waits_twice, int, fut_test_event_t *event);
    char            padding[64]; /* so that the links of the two frames lie in different places */
    fut_test_wait_t wait;
    int             first;
} waits_twice_t;
ASYNC(waits_twice) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    self->first = self->wait.output;
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->first * self->wait.output);
    ASYNC_END();
}

typedef struct reuses {
    ASYNC_FRAME(reuses, int, fut_test_event_t *event);
    union {
        waits_twice_t   twice;
        upper_t         upper;
        fut_test_wait_t wait;
    };
    int round, sum;
} reuses_t;
ASYNC(reuses) {
    ASYNC_BEGIN();
    for (self->round = self->sum = 0; self->round < 3; self->round++) {
        AWAIT(self->twice, waits_twice, self->event);
        self->sum += self->twice.output;
        AWAIT(self->wait, fut_test_wait, self->event);
        self->sum += self->wait.output;
        AWAIT(self->upper, upper, self->event);
        self->sum += self->upper.output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

Test(core, frames_in_a_union_take_turns_in_the_same_memory) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    reuses_t         reuses;
    fut_future_t    *leaf = &reuses.future;

    START(reuses, reuses, &event);
    cr_assert_eq(fut_test_poll_leaf(&reuses.future, &leaf, &counter), FUT_PENDING);
    for (int round = 0; round < 3; round++) {
        for (int step = 0; step < 5; step++) { /* 2 in waits_twice, 1 in the wait, 2 in upper */
            fut_future_t *expected = step < 2   ? &reuses.twice.future
                                     : step < 3 ? &reuses.future
                                                : &reuses.upper.middle.future;
            cr_assert_eq(leaf, expected);
            fut_test_event_fire(&event, step + 1);
            const fut_poll_t answer = fut_test_poll_leaf(&reuses.future, &leaf, &counter);
            cr_assert_eq(answer, round == 2 && step == 4 ? FUT_READY : FUT_PENDING);
        }
    }
    cr_assert_eq(reuses.output, 3 * (1 * 2 + 3 + (5 + 1 + 1)));
    fut_test_hush();
}

/* ---- Climbing -------------------------------------------------------------------------------- */

typedef struct rung rung_t;
struct rung {
    ASYNC_FRAME(rung, int, fut_test_event_t *event; rung_t *next; int number; int stops_at);
    fut_test_wait_t wait;
};
/* Each rung waits for the next one; rung `stops_at` then waits for the event once more, all others complete. */
ASYNC(rung) {
    ASYNC_BEGIN();
    if (self->next)
        AWAIT(*self->next);
    else
        AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("rung %d", self->number);
    if (self->number == self->stops_at) {
        AWAIT(self->wait, fut_test_wait, self->event);
        fut_test_say("rung %d again", self->number);
    }
    ASYNC_RETURN(self->number);
    ASYNC_END();
}

Test(core, several_levels_complete_in_one_poll_and_the_climb_stops_where_somebody_waits_again) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    rung_t           rungs[5];
    fut_future_t    *leaf = &rungs[0].future;

    for (int i = 0; i < 5; i++) START(rungs[i], rung, &event, i < 4 ? &rungs[i + 1] : NULL, i, 2);
    cr_assert_eq(fut_test_poll_leaf(&rungs[0].future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &rungs[4].future);

    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_test_poll_leaf(&rungs[0].future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &rungs[2].future);
    cr_assert(fut_test_said("rung 4", "rung 3", "rung 2"));

    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_test_poll_leaf(&rungs[0].future, &leaf, &counter), FUT_READY);
    cr_assert(fut_test_said("rung 2 again", "rung 1", "rung 0"));
    cr_assert_eq(event.polls, 4);
}

/* The leaf of an executor may be out of date: the root was cancelled or dropped in between, from outside. */
Test(core, a_leaf_that_was_dropped_with_its_root_leads_to_ready) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    rung_t           rungs[5];
    fut_future_t    *leaf = &rungs[0].future;

    for (int i = 0; i < 5; i++) START(rungs[i], rung, &event, i < 4 ? &rungs[i + 1] : NULL, i, -1);
    cr_assert_eq(fut_test_poll_leaf(&rungs[0].future, &leaf, &counter), FUT_PENDING);
    fut_drop(&rungs[0].future);
    for (int i = 0; i < 5; i++) cr_assert(fut_is_done(&rungs[i].future));
    cr_assert_eq(fut_test_poll_leaf(&rungs[0].future, &leaf, &counter), FUT_READY);
    cr_assert_eq(rungs[0].output, -FUT_ECANCELED);
    cr_assert(fut_test_said(NULL));
}

Test(core, an_async_function_under_a_stutter_gives_the_same_result) {
    fut_test_event_t   event = {0};
    upper_t            upper;
    fut_test_stutter_t outer, inner;

    START(upper, upper, &event);
    START(inner, fut_test_stutter, &upper.future);
    START(outer, fut_test_stutter, &inner.future);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_test_run(&outer.future), FUT_PENDING);
    fut_test_event_fire(&event, 5);
    cr_assert_eq(fut_test_run(&outer.future), FUT_READY);
    cr_assert_eq(upper.output, 7);
    fut_test_hush();
}

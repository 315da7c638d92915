/* Hard mode: thousands of random programs of async functions, each told in several ways which must agree.
 *
 * An actor is an async function that does a few random things: yields, waits, awaits another actor directly, through a
 * future written by hand, or through a stutter, returns early, fails; its FINALLY may wait, too. What it does depends on its seed
 * alone and not on who polls it when. Children are on the heap and freed by their parent's FINALLY, so that a sanitizer sees
 * every link that outlives its frame.
 */
#include <stdlib.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

static uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u, *state >> 16; }

/* ---- The actor -------------------------------------------------------------------------------- */

typedef struct actor actor_t;

/* Passes polls, drop and cancel on: breaks the chain of parents as any future written by hand does. */
typedef struct curtain {
    FUT_FUTURE(curtain, void, fut_future_t *child);
} curtain_t;
static inline fut_poll_t curtain_poll(curtain_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    return fut_poll(self->child, cx) == FUT_READY ? fut_ready(&self->future) : fut_pending(&self->future);
}
static void curtain_drop(fut_future_t *future) { fut_drop(((curtain_t *)(void *)future)->child); }
static void curtain_cancel(fut_future_t *future) { fut_cancel(((curtain_t *)(void *)future)->child); }
FUT_DEFINE(curtain, .drop = curtain_drop, .cancel = curtain_cancel);

struct actor {
    ASYNC_FRAME(actor, int, uint32_t seed; int depth);
    uint32_t random;
    int      step, steps, finals;
    unsigned what;
    actor_t *child;
    union {
        fut_test_after_t   after;
        fut_test_stutter_t stutter;
        curtain_t          curtain;
    };
};

static int actors_alive;

static void actor_prepare(actor_t *self) {
    self->random = self->seed;
    self->child  = NULL;
    self->steps  = (int)(next_random(&self->random) % 4);
    self->finals = (int)(next_random(&self->random) % 3);
    fut_test_say("%x begins", (unsigned)self->seed);
}

static void actor_let_go(actor_t *self) {
    free(self->child);
    self->child = NULL;
}

static actor_t *actor_new_child(actor_t *self) {
    actor_let_go(self);
    self->child = malloc(sizeof *self->child);
    return self->child;
}

ASYNC(actor) {
    ASYNC_BEGIN();
    actor_prepare(self);
    actors_alive++;
    for (self->step = 0; self->step < self->steps; self->step++) {
        self->what = next_random(&self->random) % (self->depth > 0 ? 12 : 5);
        if (self->what == 0) {
            YIELD();
        } else if (self->what < 3) {
            AWAIT(self->after, fut_test_after, next_random(&self->random) % 3, self->step);
        } else if (self->what == 3) {
            ASYNC_RETURN(self->step);
        } else if (self->what == 4) {
            TRY(next_random(&self->random) % 2 ? -5 : 5);
        } else if (self->what < 9) {
            actor_new_child(self);
            AWAIT(*self->child, actor, next_random(&self->random), self->depth - 1);
            fut_test_say("%x got %d", (unsigned)self->seed, self->child->output);
        } else if (self->what < 11) {
            actor_new_child(self);
            START(*self->child, actor, next_random(&self->random), self->depth - 1);
            AWAIT(self->curtain, curtain, &self->child->future);
            fut_test_say("%x saw %d", (unsigned)self->seed, self->child->output);
        } else {
            actor_new_child(self);
            START(*self->child, actor, next_random(&self->random), self->depth - 1);
            AWAIT(self->stutter, fut_test_stutter, &self->child->future);
            fut_test_say("%x heard %d", (unsigned)self->seed, self->child->output);
        }
    }
    ASYNC_RETURN(100);
    ASYNC_FINALLY();
    actor_let_go(self);
    while (self->finals-- > 0) {
        fut_test_say("%x finishes %d", (unsigned)self->seed, self->finals);
        if (self->finals % 2)
            YIELD();
        else
            AWAIT(self->after, fut_test_after, 1, 0);
    }
    fut_test_say("%x ends", (unsigned)self->seed);
    actors_alive--;
    ASYNC_END();
}

/* ---- Ways to poll it ---------------------------------------------------------------------------- */

typedef enum { FROM_THE_TOP, FROM_THE_LEAF, NOW_AND_THEN_FROM_THE_TOP, STUTTERING } way_t;

/* Polls at most `limit` times; how often it was pending. Every pending poll must have been woken for: nothing here waits for
 * an event from outside. */
static int poll_on(actor_t *actor, way_t way, fut_future_t **leaf, int limit) {
    fut_test_waker_t counter = {0};
    for (int polls = 0; polls < limit; polls++) {
        const unsigned before = counter.wakes;
        if (way == FROM_THE_TOP || (way == NOW_AND_THEN_FROM_THE_TOP && polls % 3 == 0)) *leaf = &actor->future;
        const fut_poll_t answer = way == FROM_THE_TOP ? fut_test_poll(&actor->future, &counter)
                                                      : fut_test_poll_leaf(&actor->future, leaf, &counter);
        if (answer == FUT_READY) {
            *leaf = &actor->future; /* the leaf it had may be freed by now */
            return polls;
        }
        cr_assert_neq(counter.wakes, before, "a wake was lost");
    }
    return limit;
}

/* What it said, and its output, as one text. */
static char *tell(uint32_t seed, way_t way, int *polls) {
    static char   text[sizeof fut_test_words.text];
    actor_t       actor;
    fut_future_t *leaf = &actor.future;

    fut_test_hush();
    START(actor, actor, seed, 4);
    if (way == STUTTERING) {
        fut_test_stutter_t stutter;
        START(stutter, fut_test_stutter, &actor.future);
        cr_assert_eq(fut_test_run(&stutter.future), FUT_READY);
    } else {
        *polls = poll_on(&actor, way, &leaf, 10000);
    }
    cr_assert(fut_is_done(&actor.future));
    cr_assert_eq(actors_alive, 0);
    fut_test_say("%d", actor.output);
    cr_assert_not(fut_test_words.lost);
    memset(text, 0, sizeof text);
    memcpy(text, fut_test_words.text, fut_test_words.used);
    fut_test_hush();
    return text;
}

enum { PROGRAMS = 1000 };

Test(core, polling_from_the_leaf_and_from_the_top_and_under_a_stutter_tell_the_same_story) {
    static char top[sizeof fut_test_words.text];
    int         longest = 0;
    for (uint32_t seed = 1; seed <= PROGRAMS; seed++) {
        int top_polls = 0, polls = 0;
        memcpy(top, tell(seed, FROM_THE_TOP, &top_polls), sizeof top);
        cr_assert(!memcmp(top, tell(seed, FROM_THE_LEAF, &polls), sizeof top), "seed %u", (unsigned)seed);
        cr_assert_eq(polls, top_polls);
        cr_assert(!memcmp(top, tell(seed, NOW_AND_THEN_FROM_THE_TOP, &polls), sizeof top), "seed %u", (unsigned)seed);
        cr_assert_eq(polls, top_polls);
        cr_assert(!memcmp(top, tell(seed, STUTTERING, &polls), sizeof top), "seed %u", (unsigned)seed);
        if (top_polls > longest) longest = top_polls;
    }
    cr_assert_gt(longest, 50, "the programs are long enough to mean something");
}

/* ---- Stopping it anywhere ------------------------------------------------------------------------ */

/* Reads the words as brackets: "x begins" opens, "x ends" closes, "x finishes" belongs to the innermost one that is open. So each
 * FINALLY ran once, and innermost first. */
static void every_beginning_ends_innermost_first(uint32_t seed, int stopped_at) {
    unsigned    open[1000], id;
    int         depth = 0;
    const char *word  = fut_test_words.text;
    cr_assert_not(fut_test_words.lost);
    for (unsigned i = 0; i < fut_test_words.count; i++, word += strlen(word) + 1) {
        char verb[16];
        cr_assert_eq(sscanf(word, "%x %15s", &id, verb), 2);
        if (!strcmp(verb, "begins")) {
            open[depth++] = id;
            continue;
        }
        cr_assert(depth > 0 && open[depth - 1] == id, "%s: seed %u, stopped at %d", word, (unsigned)seed, stopped_at);
        if (!strcmp(verb, "ends")) depth--;
    }
    cr_assert_eq(depth, 0, "seed %u, stopped at %d", (unsigned)seed, stopped_at);
    cr_assert_eq(actors_alive, 0);
    fut_test_hush();
}

/* Stops each program after 0, 1, 2, ... polls until it is complete before it could be stopped. */
static void stop_everywhere(way_t way, void (*stop)(actor_t *actor, way_t way, fut_future_t **leaf)) {
    for (uint32_t seed = 1; seed <= PROGRAMS / 4; seed++) {
        for (int stop_at = 0;; stop_at++) {
            actor_t       actor;
            fut_future_t *leaf = &actor.future;

            START(actor, actor, seed, 4);
            const bool completed = poll_on(&actor, way, &leaf, stop_at) < stop_at;
            const int  output    = completed ? actor.output : -FUT_ECANCELED;
            const bool closing   = !completed && (actor.future.flags & FUT_FINALIZING_);
            stop(&actor, way, &leaf);
            cr_assert(fut_is_done(&actor.future));
            if (!closing) cr_assert_eq(actor.output, output, "one that was in FINALLY had its output already");
            every_beginning_ends_innermost_first(seed, stop_at);
            if (completed) break;
        }
    }
}

static void drop(actor_t *actor, way_t way, fut_future_t **leaf) {
    (void)way, (void)leaf;
    fut_drop(&actor->future);
}

static void cancel_and_poll_on(actor_t *actor, way_t way, fut_future_t **leaf) {
    fut_cancel(&actor->future);
    cr_assert_lt(poll_on(actor, way, leaf, 10000), 10000);
}

static void cancel_and_drop_two_polls_later(actor_t *actor, way_t way, fut_future_t **leaf) {
    fut_cancel(&actor->future);
    poll_on(actor, way, leaf, 2);
    fut_cancel(&actor->future);
    fut_drop(&actor->future);
}

Test(core, a_drop_at_any_moment_runs_every_finally_that_is_due_once_and_innermost_first) {
    stop_everywhere(FROM_THE_TOP, drop);
    stop_everywhere(FROM_THE_LEAF, drop);
}

Test(core, a_cancellation_at_any_moment_runs_every_finally_that_is_due_once_and_innermost_first) {
    stop_everywhere(FROM_THE_TOP, cancel_and_poll_on);
    stop_everywhere(FROM_THE_LEAF, cancel_and_poll_on);
    stop_everywhere(NOW_AND_THEN_FROM_THE_TOP, cancel_and_poll_on);
}

Test(core, a_drop_in_the_middle_of_a_cancellation_finishes_it_at_once) {
    stop_everywhere(FROM_THE_TOP, cancel_and_drop_two_polls_later);
    stop_everywhere(FROM_THE_LEAF, cancel_and_drop_two_polls_later);
}

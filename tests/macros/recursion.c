/* Async functions that await themselves or each other, and chains deeper than the stack. */
#include <errno.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

/* ---- A tree walk: each level has a frame on the heap ------------------------------------------------------ */

typedef struct tree {
    struct tree *left, *right;
    int          number;
} tree_t;

typedef struct walk walk_t;
struct walk {
    ASYNC_FRAME(walk, int, const tree_t *tree); /* Output: how many nodes, or -ENOMEM */
    walk_t *child;                              /* a frame cannot contain itself      */
    int     count;
};

static int frames_alive, frames_allowed = -1; /* -1: as many as you like */

static walk_t *walk_new(void) {
    if (frames_allowed >= 0 && frames_alive >= frames_allowed) return NULL;
    frames_alive++;
    return malloc(sizeof(walk_t));
}
static void walk_free(walk_t *walk) {
    if (walk) frames_alive--;
    free(walk);
}

ASYNC(walk) {
    ASYNC_BEGIN();
    self->child = NULL;
    self->count = 0;
    if (!self->tree) ASYNC_RETURN(0);
    self->child = walk_new();
    if (!self->child) ASYNC_RETURN(-ENOMEM);
    AWAIT_TRY(*self->child, walk, self->tree->left);
    self->count += self->child->output + 1;
    YIELD();
    fut_test_say("%d", self->tree->number);
    AWAIT_TRY(*self->child, walk, self->tree->right);
    self->count += self->child->output;
    ASYNC_RETURN(self->count);
    ASYNC_FINALLY();
    walk_free(self->child);
    ASYNC_END();
}

/*          4
 *      2       5
 *    1   3       6     */
static tree_t one = {NULL, NULL, 1}, three = {NULL, NULL, 3}, six = {NULL, NULL, 6}, two = {&one, &three, 2},
              five = {NULL, &six, 5}, four = {&two, &five, 4};

Test(macros, an_async_function_can_await_itself_through_a_frame_on_the_heap) {
    fut_test_waker_t counter = {0};
    walk_t           walk;
    fut_future_t    *leaf = &walk.future;

    START(walk, walk, &four);
    for (int i = 0; i < 6; i++) cr_assert_eq(fut_test_poll_leaf(&walk.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll_leaf(&walk.future, &leaf, &counter), FUT_READY);
    cr_assert_eq(walk.output, 6);
    cr_assert(fut_test_said("1", "2", "3", "4", "5", "6"));
    cr_assert_eq(frames_alive, 0);
}

Test(macros, a_recursion_that_is_dropped_at_any_point_frees_its_frames) {
    for (int polls = 0; polls <= 7; polls++) {
        fut_test_waker_t counter = {0};
        walk_t           walk;
        fut_future_t    *leaf = &walk.future;

        START(walk, walk, &four);
        for (int i = 0; i < polls; i++) (void)!fut_test_poll_leaf(&walk.future, &leaf, &counter);
        fut_drop(&walk.future);
        cr_assert_eq(frames_alive, 0);
        cr_assert_eq(walk.output, polls < 7 ? -ECANCELED : 6);
    }
    fut_test_hush();
}

Test(macros, a_recursion_that_runs_out_of_memory_ends_with_ENOMEM_and_frees_its_frames) {
    for (frames_allowed = 0; frames_allowed < 3; frames_allowed++) {
        walk_t walk;
        START(walk, walk, &four);
        cr_assert_eq(fut_test_run(&walk.future), FUT_READY);
        cr_assert_eq(walk.output, -ENOMEM);
        cr_assert_eq(frames_alive, 0);
    }
    fut_test_hush();
}

/* ---- Two functions that await each other -------------------------------------------------------------------- */

typedef struct even even_t;
typedef struct odd  odd_t;
struct even {
    ASYNC_FRAME(even, bool, int number);
    odd_t *odd;
};
struct odd {
    ASYNC_FRAME(odd, bool, int number);
    even_t *even;
};

ASYNC_FORWARD(odd);

ASYNC(even) {
    ASYNC_BEGIN();
    self->odd = NULL;
    if (self->number == 0) ASYNC_RETURN(true);
    self->odd = malloc(sizeof *self->odd);
    AWAIT(*self->odd, odd, self->number - 1);
    ASYNC_RETURN(self->odd->output);
    ASYNC_FINALLY();
    free(self->odd);
    ASYNC_END();
}

ASYNC(odd) {
    ASYNC_BEGIN();
    self->even = NULL;
    if (self->number == 0) ASYNC_RETURN(false);
    self->even = malloc(sizeof *self->even);
    YIELD();
    AWAIT(*self->even, even, self->number - 1);
    ASYNC_RETURN(self->even->output);
    ASYNC_FINALLY();
    free(self->even);
    ASYNC_END();
}

Test(macros, two_async_functions_can_await_each_other) {
    for (int number = 0; number < 10; number++) {
        fut_test_waker_t counter = {0};
        even_t           even;
        fut_future_t    *leaf = &even.future;

        START(even, even, number);
        while (fut_test_poll_leaf(&even.future, &leaf, &counter) == FUT_PENDING) {}
        cr_assert_eq(even.output, number % 2 == 0);
        cr_assert_eq(counter.wakes, (unsigned)number / 2);
    }
}

/* ---- Deeper than the stack ---------------------------------------------------------------------------------- */

enum { DEPTH = 100000 };

typedef struct mole mole_t;
struct mole {
    ASYNC_FRAME(mole, int, int depth);
    mole_t          *below;
    fut_test_never_t never;
};

static int moles_ended, moles_out_of_order;

/* The YIELD brings the poll back to its owner before each level, so that digging is flat, too: the next poll begins at the leaf. */
ASYNC(mole) {
    ASYNC_BEGIN();
    self->below = NULL;
    YIELD();
    if (self->depth == 0) {
        AWAIT(self->never, fut_test_never);
    } else {
        self->below = malloc(sizeof *self->below);
        AWAIT(*self->below, mole, self->depth - 1);
    }
    ASYNC_FINALLY();
    if (moles_ended++ != self->depth) moles_out_of_order++;
    YIELD();
    free(self->below);
    ASYNC_END();
}

static fut_future_t *dig(mole_t *root, fut_test_waker_t *counter) {
    fut_future_t *leaf = &root->future;
    START(*root, mole, DEPTH);
    do {
        counter->wakes = 0;
        cr_assert_eq(fut_test_poll_leaf(&root->future, &leaf, counter), FUT_PENDING);
    } while (counter->wakes);
    return leaf;
}

Test(macros, dropping_a_chain_100000_deep_does_not_overflow_the_stack) {
    fut_test_waker_t counter = {0};
    mole_t           root;

    dig(&root, &counter);
    fut_drop(&root.future);
    cr_assert_eq(moles_ended, DEPTH + 1);
    cr_assert_eq(moles_out_of_order, 0);
    cr_assert_eq(root.output, -ECANCELED);
}

Test(macros, cancelling_a_chain_100000_deep_does_not_overflow_the_stack) {
    fut_test_waker_t counter = {0};
    mole_t           root;
    fut_future_t    *leaf = dig(&root, &counter);

    fut_cancel(&root.future);
    int polls = 1;
    while (fut_test_poll_leaf(&root.future, &leaf, &counter) == FUT_PENDING) polls++;
    cr_assert_eq(polls, DEPTH + 2, "each FINALLY yields once");
    cr_assert_eq(moles_ended, DEPTH + 1);
    cr_assert_eq(moles_out_of_order, 0);
}

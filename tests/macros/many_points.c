/* More resume points in one function than fit into a byte, and more code than 16 bits can address. */
#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

typedef struct long_walk {
    ASYNC_FRAME(long_walk, int);
    fut_test_after_t after;
    int              sum;
} long_walk_t;

#define STEP1                                                                                                          \
    AWAIT(self->after, fut_test_after, 1, 1);                                                                          \
    self->sum += self->after.output;
#define STEP10                                                                                                         \
    STEP1 STEP1 STEP1 STEP1 STEP1 STEP1 STEP1 STEP1 STEP1 YIELD();                                                     \
    self->sum += 1;
#define STEP50 STEP10 STEP10 STEP10 STEP10 STEP10

enum { POINTS = 400 };
#define STEPS STEP50 STEP50 STEP50 STEP50 STEP50 STEP50 STEP50 STEP50

/* clang-format off */
ASYNC(long_walk) {
    ASYNC_BEGIN();
    self->sum = 0;
    STEPS
    ASYNC_RETURN(self->sum);
    ASYNC_FINALLY();
    AWAIT(self->after, fut_test_after, 1, 1); /* one after FINALLY */
    self->output += 1000;
    ASYNC_END();
}
/* clang-format on */

Test(macros, an_async_function_may_have_hundreds_of_resume_points) {
    fut_test_waker_t counter = {0};
    long_walk_t      walk;
    fut_future_t    *leaf  = &walk.future;
    int              polls = 0;

    START(walk, long_walk);
    while (fut_test_poll_leaf(&walk.future, &leaf, &counter) == FUT_PENDING)
        cr_assert_eq(walk.sum, polls++ < POINTS ? polls - 1 : POINTS);
    cr_assert_eq(polls, POINTS + 1);
    cr_assert_eq(walk.output, POINTS + 1000);
}

/* Dropped at each of its points in turn: each leads to FINALLY. */
Test(macros, every_one_of_many_resume_points_leads_to_finally_when_it_is_dropped) {
    for (int stop = 1; stop <= POINTS + 1; stop++) {
        fut_test_waker_t counter = {0};
        long_walk_t      walk;

        START(walk, long_walk);
        for (int i = 0; i < stop; i++) cr_assert_eq(fut_test_poll(&walk.future, &counter), FUT_PENDING);
        fut_drop(&walk.future);
        cr_assert(fut_is_done(&walk.future));
        cr_assert_eq(walk.output, stop <= POINTS ? 1000 - FUT_ECANCELED : POINTS + 1000);
    }
}

/* The context: what a poll is handed. */
#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

Test(core, a_fresh_context_has_its_waker_its_driver_and_an_endless_budget) {
    fut_test_waker_t counter = {0};
    fut_driver_t    *driver  = (fut_driver_t *)(void *)&counter; /* the core only passes it on */
    fut_context_t    cx;

    memset(&cx, 0xa5, sizeof cx);
    fut_context_init(&cx, fut_test_waker(&counter), driver);
    cr_assert(fut_waker_same(cx.waker, fut_test_waker(&counter)));
    cr_assert_eq(cx.driver, driver);
    cr_assert_null(cx.leaf);
    cr_assert_null(cx.cut);
    cr_assert_eq(cx.budget, UINT32_MAX);
    cr_assert_null(cx.self);
    cr_assert_eq(cx.held, 0);
}

Test(core, whoever_takes_the_waker_is_noticed) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx;

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cr_assert(fut_waker_same(fut_context_waker(&cx), fut_test_waker(&counter)));
    cr_assert(cx.held);
}

Test(core, spending_the_budget_to_the_end_wakes_the_task_once_for_each_refusal) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx;

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cx.budget = 3;
    for (int i = 0; i < 3; i++) cr_assert(fut_context_spend(&cx));
    cr_assert_eq(counter.wakes, 0);
    cr_assert_not(cx.held);

    cr_assert_not(fut_context_spend(&cx), "the fourth of three");
    cr_assert_eq(counter.wakes, 1, "or the task would sleep for ever");
    cr_assert(cx.held, "so that a checked build knows that somebody will be woken");
    cr_assert_eq(cx.budget, 0, "and not 4,294,967,295");
}

/* An executor that looks into the context after the poll writes its address there: then a yield needs no wake. */
Test(core, a_yield_is_told_to_the_owner_of_the_context_or_else_to_the_waker) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx;

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    fut_context_yield(&cx);
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(cx.held, FUT_HELD_);

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cx.self = &cx;
    fut_context_yield(&cx);
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(cx.held, FUT_HELD_ | FUT_YIELDED_);
}

Test(core, a_copy_of_a_context_does_not_pass_for_the_one_that_its_owner_looks_into) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx, copy;

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cx.self = &cx;
    copy    = cx;
    fut_context_yield(&copy);
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(cx.held, 0);
}

Test(core, a_context_for_a_child_wakes_somebody_else_and_keeps_everything_but_the_owner) {
    fut_test_waker_t counter = {0}, other = {0};
    fut_context_t    cx;

    fut_context_init(&cx, fut_test_waker(&counter), (fut_driver_t *)(void *)&counter);
    cx.self             = &cx;
    cx.budget           = 5;
    fut_context_t child = fut_context_with_waker(&cx, fut_test_waker(&other));
    cr_assert_eq(child.driver, cx.driver);
    cr_assert_eq(child.budget, 5);
    fut_context_yield(&child);
    cr_assert_eq(other.wakes, 1);
    cr_assert_eq(counter.wakes, 0);
    cr_assert_eq(cx.held, 0);
}

typedef struct yields_once {
    ASYNC_FRAME(yields_once, int);
} yields_once_t;
ASYNC(yields_once) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}

Test(core, YIELD_tells_the_owner_of_the_context_as_well) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx;
    yields_once_t    future;

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cx.self = &cx;
    START(future, yields_once);
    cr_assert_eq(fut_poll(&future.future, &cx), FUT_PENDING);
    cr_assert_eq(counter.wakes, 0);
    cr_assert_eq(cx.held, FUT_HELD_ | FUT_YIELDED_);
    cr_assert_eq(cx.leaf, &future.frame);
    cr_assert_eq(fut_poll(&future.future, &cx), FUT_READY);
}

/* A leaf that always has something, and a reader that never stops: what the budget is for. */
typedef struct drip {
    FUT_FUTURE(drip, int);
} drip_t;
static inline fut_poll_t drip_poll(drip_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (!fut_context_spend(cx)) return fut_pending(&self->future);
    self->output = 1;
    return fut_ready(&self->future);
}
FUT_DEFINE(drip);

typedef struct drink {
    ASYNC_FRAME(drink, int, unsigned *swallowed);
    drip_t drip;
} drink_t;
ASYNC(drink) {
    ASYNC_BEGIN();
    for (;;) {
        AWAIT(self->drip, drip);
        ++*self->swallowed;
    }
    ASYNC_END();
}

Test(core, a_busy_task_has_had_its_turn_when_its_budget_is_spent) {
    fut_test_waker_t counter   = {0};
    unsigned         swallowed = 0;
    drink_t          drink;

    START(drink, drink, &swallowed);
    for (unsigned turn = 1; turn <= 3; turn++) {
        fut_context_t cx;
        fut_context_init(&cx, fut_test_waker(&counter), NULL);
        cx.budget = 10;
        cr_assert_eq(fut_poll(&drink.future, &cx), FUT_PENDING);
        cr_assert_eq(swallowed, 10 * turn);
        cr_assert_eq(counter.wakes, turn);
    }
    fut_drop(&drink.future);
}

/* ---- What is handed down --------------------------------------------------------------------------------- */

static const char colour, size; /* two keys */

Test(core, the_nearest_binding_of_a_key_counts) {
    fut_context_t cx;
    int           red, blue, large;
    fut_binding_t outer = {NULL, &colour, &red}, middle = {&outer, &size, &large}, inner = {&middle, &colour, &blue};

    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    cr_assert_null(fut_context_get(&cx, &colour));
    cx.inherited = &outer;
    cr_assert_eq(fut_context_get(&cx, &colour), &red);
    cr_assert_null(fut_context_get(&cx, &size));
    cx.inherited = &inner;
    cr_assert_eq(fut_context_get(&cx, &colour), &blue);
    cr_assert_eq(fut_context_get(&cx, &size), &large);
}

Test(core, spawning_beside_a_task_needs_an_executor_that_can) {
    fut_context_t    cx;
    fut_test_waker_t counter = {0};

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cr_assert_eq(fut_context_spawn(&cx, &fut_test_wait_vtable, NULL), -FUT_ENOTSUP);
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    cr_assert_eq(fut_context_spawn(&cx, &fut_test_wait_vtable, NULL), -FUT_ENOTSUP);
}

/* Counting arguments, and how arguments reach an async function. */
#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

enum { M = 1000 }; /* FUT_COUNT_ answers the letter M for "many" */

#define TEN(x) x, x, x, x, x, x, x, x, x, x

Test(macros, arguments_are_counted_as_one_two_or_many) {
    cr_assert_eq(FUT_COUNT_(a), 1);
    cr_assert_eq(FUT_COUNT_(a, b), 2);
    cr_assert_eq(FUT_COUNT_(a, b, c), M);
    cr_assert_eq(FUT_COUNT_(a, (b, c)), 2);
    cr_assert_eq(FUT_COUNT_(a, b, TEN(x), TEN(x), TEN(x)), M);
}

#define NOTHING
#define CALLED_WITH_NOTHING() 3

Test(macros, an_empty_argument_list_is_told_from_every_other) {
    cr_assert_eq(FUT_IS_EMPTY_(), 1);
    cr_assert_eq(FUT_IS_EMPTY_(NOTHING), 1);
    cr_assert_eq(FUT_IS_EMPTY_(0), 0);
    cr_assert_eq(FUT_IS_EMPTY_(a, b), 0);
    cr_assert_eq(FUT_IS_EMPTY_(, ), 0);
    cr_assert_eq(FUT_IS_EMPTY_((0)), 0);
    cr_assert_eq(FUT_IS_EMPTY_((a, b)), 0);
    cr_assert_eq(FUT_IS_EMPTY_(f()), 0);
    cr_assert_eq(FUT_IS_EMPTY_((f)()), 0);
    cr_assert_eq(FUT_IS_EMPTY_(CALLED_WITH_NOTHING), 0);
    cr_assert_eq(FUT_IS_EMPTY_((struct s){1, 2}), 0);
    cr_assert_eq(FUT_IS_EMPTY_("text"), 0);
    cr_assert_eq(FUT_IS_EMPTY_(-1), 0);
    cr_assert_eq(FUT_IS_EMPTY_(TEN(x), TEN(x), TEN(x)), 0);
}

/* ---- 0 to 16 arguments ------------------------------------------------------------------------ */

typedef struct take0 {
    ASYNC_FRAME(take0, int);
} take0_t;
ASYNC(take0) {
    ASYNC_BEGIN();
    ASYNC_RETURN(1);
    ASYNC_END();
}

#define TAKES(n, sum, ...)                                                                                             \
    typedef struct take##n {                                                                                           \
        ASYNC_FRAME(take##n, int, __VA_ARGS__);                                                                        \
    } take##n##_t;                                                                                                     \
    ASYNC(take##n) {                                                                                                   \
        ASYNC_BEGIN();                                                                                                 \
        ASYNC_RETURN(sum);                                                                                             \
        ASYNC_END();                                                                                                   \
    }

#define S(x) self->x
TAKES(1, S(a), int a)
TAKES(2, S(a) + 2 * S(b), int a; int b)
TAKES(3, S(a) + 2 * S(b) + 3 * S(c), int a; int b; int c)
TAKES(4, S(a) + 2 * S(b) + 3 * S(c) + 4 * S(d), int a, b, c, d)
TAKES(5, S(a) + 5 * S(e), int a, b, c, d, e)
TAKES(6, S(a) + 6 * S(f), int a, b, c, d, e, f)
TAKES(7, S(a) + 7 * S(g), int a, b, c, d, e, f, g)
TAKES(8, S(a) + 8 * S(h), int a, b, c, d, e, f, g, h)
TAKES(9, S(a) + 9 * S(i), int a, b, c, d, e, f, g, h, i)
TAKES(10, S(a) + 10 * S(j), int a, b, c, d, e, f, g, h, i, j)
TAKES(11, S(a) + 11 * S(k), int a, b, c, d, e, f, g, h, i, j, k)
TAKES(12, S(a) + 12 * S(l), int a, b, c, d, e, f, g, h, i, j, k, l)
TAKES(13, S(a) + 13 * S(m), int a, b, c, d, e, f, g, h, i, j, k, l, m)
TAKES(14, S(a) + 14 * S(n), int a, b, c, d, e, f, g, h, i, j, k, l, m, n)
TAKES(15, S(a) + 15 * S(o), int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
TAKES(16, S(a) + 16 * S(p), int a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)

typedef struct take_all {
    ASYNC_FRAME(take_all, void, int *outputs);
    union {
        take0_t  take0;
        take1_t  take1;
        take2_t  take2;
        take3_t  take3;
        take4_t  take4;
        take5_t  take5;
        take6_t  take6;
        take7_t  take7;
        take8_t  take8;
        take9_t  take9;
        take10_t take10;
        take11_t take11;
        take12_t take12;
        take13_t take13;
        take14_t take14;
        take15_t take15;
        take16_t take16;
    };
} take_all_t;

#define TAKE(n, ...)                                                                                                   \
    AWAIT(self->take##n, take##n, __VA_ARGS__);                                                                        \
    self->outputs[n] = self->take##n.output

ASYNC(take_all) {
    ASYNC_BEGIN();
    AWAIT(self->take0, take0);
    self->outputs[0] = self->take0.output;
    TAKE(1, 1);
    TAKE(2, 1, 2);
    TAKE(3, 1, 2, 3);
    TAKE(4, 1, 2, 3, 4);
    TAKE(5, 1, 2, 3, 4, 5);
    TAKE(6, 1, 2, 3, 4, 5, 6);
    TAKE(7, 1, 2, 3, 4, 5, 6, 7);
    TAKE(8, 1, 2, 3, 4, 5, 6, 7, 8);
    TAKE(9, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    TAKE(10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    TAKE(11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    TAKE(12, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    TAKE(13, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
    TAKE(14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    TAKE(15, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    TAKE(16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    ASYNC_END();
}

Test(macros, an_async_function_takes_0_to_16_arguments) {
    int        outputs[17];
    take_all_t all;

    START(all, take_all, outputs);
    cr_assert_eq(fut_test_run(&all.future), FUT_READY);
    cr_assert_eq(outputs[0], 1);
    cr_assert_eq(outputs[1], 1);
    cr_assert_eq(outputs[2], 1 + 4);
    cr_assert_eq(outputs[3], 1 + 4 + 9);
    cr_assert_eq(outputs[4], 1 + 4 + 9 + 16);
    for (int n = 5; n <= 16; n++) cr_assert_eq(outputs[n], 1 + n * n);
}

/* ---- Positional, named, of any type ------------------------------------------------------------- */

typedef struct point {
    int x, y;
} point_t;

typedef struct record {
    ASYNC_FRAME(record, double, const char *text; point_t at; double (*scale)(double); char letter; double by;
                const int *numbers);
} record_t;
ASYNC(record) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->scale(self->by) + self->at.x + 10 * self->at.y + (double)strlen(self->text) + self->letter +
                 self->numbers[1]);
    ASYNC_END();
}
static double thousandfold(double number) { return 1000 * number; }

Test(macros, arguments_are_positional_or_named_and_of_any_type) {
    record_t  positional, named;
    point_t   at        = {1, 2};
    const int numbers[] = {7, 8}; /* a compound literal inside START would live only as long as the macro */

    START(positional, record, "four", at, thousandfold, 'a', 1.5, numbers);
    START(named, record, .numbers = numbers, .by = 1.5, .letter = 'a', .scale = thousandfold, .at = {1, 2},
          .text = "four");
    cr_assert_eq(fut_test_run(&positional.future), FUT_READY);
    cr_assert_eq(fut_test_run(&named.future), FUT_READY);
    cr_assert_eq(positional.output, 1500 + 21 + 4 + 'a' + 8);
    cr_assert_eq(named.output, positional.output);
}

Test(macros, an_argument_that_is_not_named_is_zero) {
    take4_t future;

    memset(&future, 0xff, sizeof future);
    START(future, take4, .b = 5);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, 10);
}

Test(macros, no_arguments_at_all_for_a_function_that_takes_some_are_all_zero) {
    take4_t future;

    memset(&future, 0xff, sizeof future);
    START(future, take4);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, 0);
}

Test(macros, arguments_are_members_of_the_frame_and_of_a_struct_of_their_own) {
    take2_t           future;
    struct take2_args args = {.a = 3, .b = 4};

    START(future, take2, 1, 2);
    cr_assert_eq(future.a, 1);
    cr_assert_eq(future.args.a, 1);
    future.args = args;
    cr_assert_eq(future.b, 4);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, 11);
}

/* ---- Arguments are evaluated once ---------------------------------------------------------------- */

typedef struct relay {
    ASYNC_FRAME(relay, int, fut_test_event_t *event; int number);
    fut_test_wait_t wait;
} relay_t;
ASYNC(relay) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->number + self->wait.output);
    ASYNC_END();
}

typedef struct counts {
    ASYNC_FRAME(counts, int, fut_test_event_t *event; int *evaluated);
    relay_t relay;
} counts_t;
ASYNC(counts) {
    ASYNC_BEGIN();
    AWAIT(self->relay, relay, self->event, ++*self->evaluated);
    ASYNC_RETURN(self->relay.output);
    ASYNC_END();
}

Test(macros, the_arguments_of_an_await_are_evaluated_once_however_often_it_is_polled) {
    fut_test_event_t event     = {0};
    int              evaluated = 0;
    counts_t         counts;

    START(counts, counts, &event, &evaluated);
    for (int i = 0; i < 5; i++) cr_assert_eq(fut_test_run(&counts.future), FUT_PENDING);
    cr_assert_eq(evaluated, 1);
    fut_test_event_fire(&event, 10);
    cr_assert_eq(fut_test_run(&counts.future), FUT_READY);
    cr_assert_eq(evaluated, 1);
    cr_assert_eq(counts.output, 11);
}

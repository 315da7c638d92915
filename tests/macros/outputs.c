/* What an async function can give back, and ways to end it. */
#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

typedef struct pair {
    int         number;
    const char *text;
} pair_t;

typedef struct gives_nothing {
    ASYNC_FRAME(gives_nothing, void, bool early);
} gives_nothing_t;
ASYNC(gives_nothing) {
    ASYNC_BEGIN();
    YIELD();
    if (self->early) ASYNC_RETURN();
    fut_test_say("to the end");
    ASYNC_END();
}

typedef struct gives_pointer {
    ASYNC_FRAME(gives_pointer, const char *);
} gives_pointer_t;
ASYNC(gives_pointer) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN("text");
    ASYNC_END();
}

typedef struct gives_null {
    ASYNC_FRAME(gives_null, void *);
} gives_null_t;
ASYNC(gives_null) {
    ASYNC_BEGIN();
    ASYNC_RETURN(NULL);
    ASYNC_END();
}

typedef struct gives_struct {
    ASYNC_FRAME(gives_struct, pair_t, int number);
} gives_struct_t;
ASYNC(gives_struct) {
    ASYNC_BEGIN();
    ASYNC_RETURN((pair_t){self->number, "pair"}); /* the comma needs no brackets around it */
    ASYNC_END();
}

typedef struct takes_them_all {
    ASYNC_FRAME(takes_them_all, int);
    gives_nothing_t nothing;
    gives_pointer_t pointer;
    gives_null_t    null;
    gives_struct_t  pair;
} takes_them_all_t;
ASYNC(takes_them_all) {
    ASYNC_BEGIN();
    AWAIT(self->nothing, gives_nothing, true);
    AWAIT(self->nothing, gives_nothing, false);
    AWAIT(self->pointer, gives_pointer);
    fut_test_say("%s", self->pointer.output);
    AWAIT(self->null, gives_null);
    fut_test_say("%s", self->null.output ? "something" : "null");
    AWAIT(self->pair, gives_struct, 5);
    fut_test_say("%s %d", self->pair.output.text, self->pair.output.number);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(macros, an_output_may_be_nothing_a_pointer_or_a_struct) {
    takes_them_all_t all;

    START(all, takes_them_all);
    cr_assert_eq(fut_test_run(&all.future), FUT_READY);
    cr_assert(fut_test_said("to the end", "text", "null", "pair 5"));
}

/* ---- Ways to end ------------------------------------------------------------------------------------ */

typedef enum { FALLS_OFF, AT_ONCE, IN_A_LOOP, IN_TWO_LOOPS, IN_AN_ELSE, AFTER_AN_AWAIT } way_t;

typedef struct ends {
    ASYNC_FRAME(ends, int, way_t way);
    int i, j;
} ends_t;
ASYNC(ends) {
    ASYNC_BEGIN();
    if (self->way == AT_ONCE) ASYNC_RETURN(AT_ONCE);
    for (self->i = 0; self->i < 3; self->i++) {
        while (self->way == IN_A_LOOP) ASYNC_RETURN(IN_A_LOOP);
        for (self->j = 0; self->j < 3; self->j++) {
            YIELD();
            if (self->way == IN_TWO_LOOPS && self->i == 1 && self->j == 1) ASYNC_RETURN(IN_TWO_LOOPS);
        }
    }
    if (self->way != IN_AN_ELSE)
        fut_test_say("not the else");
    else
        ASYNC_RETURN(IN_AN_ELSE);
    YIELD();
    if (self->way == AFTER_AN_AWAIT) {
        ASYNC_RETURN(AFTER_AN_AWAIT);
    }
    self->output = -1;
    ASYNC_FINALLY();
    fut_test_say("finally");
    ASYNC_END();
}

Test(macros, a_return_leads_to_finally_from_wherever_it_stands) {
    for (way_t way = FALLS_OFF; way <= AFTER_AN_AWAIT; way++) {
        ends_t ends;
        START(ends, ends, way);
        cr_assert_eq(fut_test_run(&ends.future), FUT_READY);
        cr_assert_eq(ends.output, way == FALLS_OFF ? -1 : (int)way);
        if (way == FALLS_OFF || way == AFTER_AN_AWAIT)
            cr_assert(fut_test_said("not the else", "finally"));
        else
            cr_assert(fut_test_said("finally"));
    }
}

typedef struct returns_in_finally {
    ASYNC_FRAME(returns_in_finally, int, int value);
    int i;
} returns_in_finally_t;
ASYNC(returns_in_finally) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_FINALLY();
    fut_test_say("finally");
    for (self->i = 0; self->i < 3; self->i++) {
        YIELD();
        if (self->i == 1) ASYNC_RETURN(self->output + self->i);
    }
    fut_test_say("not said");
    ASYNC_END();
}

Test(macros, a_return_inside_finally_sets_the_output_and_ends_the_function) {
    returns_in_finally_t future;

    START(future, returns_in_finally, 10);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, 11);
    cr_assert(fut_test_said("finally"));
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert(fut_test_said(NULL), "polling it again does not run FINALLY again");
}

typedef struct only_finally {
    ASYNC_FRAME(only_finally, void);
} only_finally_t;
ASYNC(only_finally) {
    ASYNC_BEGIN();
    ASYNC_FINALLY();
    fut_test_say("finally");
    ASYNC_END();
}

Test(macros, a_body_may_be_empty) {
    only_finally_t future;

    START(future, only_finally);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert(fut_test_said("finally"));
}

/* TRY and AWAIT_TRY: a negative value ends the function with that value. */
#include <errno.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

typedef struct tries {
    ASYNC_FRAME(tries, int, int value);
    int kept;
} tries_t;
ASYNC(tries) {
    ASYNC_BEGIN();
    TRY(self->kept = self->value);
    fut_test_say("kept %d", self->kept);
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    fut_test_say("finally");
    ASYNC_END();
}

Test(macros, try_ends_the_function_with_a_negative_value_and_keeps_the_others) {
    tries_t tries;

    START(tries, tries, -EIO);
    cr_assert_eq(fut_test_run(&tries.future), FUT_READY);
    cr_assert_eq(tries.output, -EIO);
    cr_assert(fut_test_said("finally"));

    START(tries, tries, 0);
    cr_assert_eq(fut_test_run(&tries.future), FUT_READY);
    cr_assert_eq(tries.output, 1);
    cr_assert(fut_test_said("kept 0", "finally"));
}

typedef struct tries_children {
    ASYNC_FRAME(tries_children, long, fut_test_event_t *event; bool try_at_once);
    fut_test_wait_t wait;
    tries_t         tries;
} tries_children_t;
ASYNC(tries_children) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->wait, fut_test_wait, self->event);
    fut_test_say("waited %d", self->wait.output);
    if (self->try_at_once) AWAIT_TRY(self->tries, tries, -EPERM);
    START(self->wait, fut_test_wait, self->event);
    AWAIT_TRY(self->wait);
    ASYNC_RETURN(self->wait.output);
    ASYNC_END();
}

Test(macros, await_try_waits_and_then_tries_the_output) {
    fut_test_event_t event = {0};
    tries_children_t future;

    START(future, tries_children, &event, false);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    fut_test_event_fire(&event, 3);
    cr_assert_eq(fut_test_run(&future.future), FUT_PENDING);
    fut_test_event_fire(&event, -EPIPE);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, -EPIPE, "from the second, the form with a started slot");
    cr_assert(fut_test_said("waited 3"));
}

Test(macros, await_try_ends_the_function_also_when_the_child_fails_in_its_first_poll) {
    fut_test_event_t event = {0};
    tries_children_t future;

    fut_test_event_fire(&event, 0);
    START(future, tries_children, &event, true);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, -EPERM);
    cr_assert(fut_test_said("waited 0", "finally"));

    fut_test_event_fire(&event, -ENOENT);
    START(future, tries_children, &event, true);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, -ENOENT);
    cr_assert(fut_test_said(NULL));
}

typedef struct tries_wide {
    ASYNC_FRAME(tries_wide, int64_t, int64_t value);
} tries_wide_t;
ASYNC(tries_wide) {
    ASYNC_BEGIN();
    TRY(self->value);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(macros, try_takes_values_of_64_bits) {
    tries_wide_t future;

    START(future, tries_wide, INT64_MIN);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, INT64_MIN);
    START(future, tries_wide, INT64_C(0x80000000)); /* negative if it were cut to 32 bits */
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, 0);
}

/* TRY inside FINALLY ends FINALLY, and does not begin it again. */
typedef struct tries_in_finally {
    ASYNC_FRAME(tries_in_finally, int);
    fut_test_after_t after;
} tries_in_finally_t;
ASYNC(tries_in_finally) {
    ASYNC_BEGIN();
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    fut_test_say("finally");
    AWAIT_TRY(self->after, fut_test_after, 1, -EAGAIN);
    fut_test_say("not said");
    ASYNC_END();
}

Test(macros, try_inside_finally_ends_the_function) {
    tries_in_finally_t future;

    START(future, tries_in_finally);
    cr_assert_eq(fut_test_run(&future.future), FUT_READY);
    cr_assert_eq(future.output, -EAGAIN);
    cr_assert(fut_test_said("finally"));
}

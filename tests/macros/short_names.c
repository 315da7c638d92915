/* Each short name is the long one, and nothing else. */
#include <criterion/criterion.h>

#include "future.h"

#define TEXT_(...) #__VA_ARGS__
#define TEXT(...)  TEXT_(__VA_ARGS__)

Test(macros, the_short_names_of_poll_answers_are_the_long_ones) {
    cr_assert_eq(PENDING, FUT_PENDING);
    cr_assert_eq(READY, FUT_READY);
}

Test(macros, every_short_name_stands_for_its_long_one) {
    cr_assert_str_eq(TEXT(ASYNC_FRAME), "FUT_ASYNC_FRAME");
    cr_assert_str_eq(TEXT(ASYNC), "FUT_ASYNC");
    cr_assert_str_eq(TEXT(ASYNC_DECLARE), "FUT_ASYNC_DECLARE");
    cr_assert_str_eq(TEXT(ASYNC_DEFINE), "FUT_ASYNC_DEFINE");
    cr_assert_str_eq(TEXT(ASYNC_FORWARD), "FUT_ASYNC_FORWARD");
    cr_assert_str_eq(TEXT(ASYNC_BEGIN), "FUT_ASYNC_BEGIN");
    cr_assert_str_eq(TEXT(ASYNC_RETURN), "FUT_ASYNC_RETURN");
    cr_assert_str_eq(TEXT(ASYNC_FINALLY), "FUT_ASYNC_FINALLY");
    cr_assert_str_eq(TEXT(ASYNC_END), "FUT_ASYNC_END");
    cr_assert_str_eq(TEXT(START), "FUT_START");
    cr_assert_str_eq(TEXT(AWAIT), "FUT_AWAIT");
    cr_assert_str_eq(TEXT(AWAIT_TRY), "FUT_AWAIT_TRY");
    cr_assert_str_eq(TEXT(TRY), "FUT_TRY");
    cr_assert_str_eq(TEXT(YIELD), "FUT_YIELD");
}

/* What things cost in bytes. These numbers stand in the documentation. */
#include <errno.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

#define WORD sizeof(void *)

typedef struct empty {
    ASYNC_FRAME(empty, void);
} empty_t;
ASYNC(empty) {
    ASYNC_BEGIN();
    ASYNC_END();
}

typedef struct adds_up {
    ASYNC_FRAME(adds_up, int, int a; int b);
    int c;
} adds_up_t;
ASYNC(adds_up) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END();
}

Test(core, the_header_of_a_future_has_16_bytes_or_8_where_pointers_have_4) {
    cr_assert_eq(sizeof(fut_future_t), WORD == 8 ? 16 : 8);
}

Test(core, the_header_of_an_async_function_has_32_bytes_or_16_where_pointers_have_4) {
    cr_assert_eq(sizeof(fut_frame_t), WORD == 8 ? 32 : 16);
    cr_assert_eq(offsetof(fut_frame_t, future), 0);
}

Test(core, a_waker_has_two_words) { cr_assert_eq(sizeof(fut_waker_t), 2 * WORD); }

Test(core, the_types_that_the_macros_declare_add_nothing_to_a_frame) {
    cr_assert_leq(sizeof(empty_t), sizeof(fut_frame_t) + WORD);
    cr_assert_eq(sizeof(adds_up_t), sizeof(fut_frame_t) + 4 * sizeof(int)); /* output, a, b, c */
    cr_assert_eq(offsetof(adds_up_t, future), 0);
    cr_assert_eq(offsetof(adds_up_t, frame), 0);
}

Test(core, the_error_number_which_the_core_knows_is_that_of_the_system) { cr_assert_eq(FUT_ECANCELED, ECANCELED); }

/* fut_pending and fut_ready store these; a frame's resume points lie between them. */
Test(core, the_stages_of_a_future_are_distinct_and_start_is_zero) {
    cr_assert_eq(FUT_POINT_START, 0);
    cr_assert_neq(FUT_POINT_PENDING, FUT_POINT_DONE);
    cr_assert_neq(FUT_POINT_FINALLY, FUT_POINT_DONE);
    fut_future_t future = {0};
    future.point        = FUT_POINT_DONE;
    cr_assert_eq(future.point, FUT_POINT_DONE, "the field is wide enough for it");
}

/* ASYNC_DECLARE and FUT_DECLARE: futures that are defined in another file, declared.c. */
#include <criterion/criterion.h>

#include "declared.h"

typedef struct uses_them {
    ASYNC_FRAME(uses_them, int, fut_test_event_t *event);
    declared_t       declared;
    declared_plain_t plain;
    by_hand_t        by_hand;
} uses_them_t;
ASYNC(uses_them) {
    ASYNC_BEGIN();
    AWAIT(self->plain, declared_plain);
    AWAIT(self->by_hand, by_hand, 2);
    AWAIT(self->declared, declared, self->event, .factor = 10);
    ASYNC_RETURN(self->declared.output + self->by_hand.output);
    ASYNC_END();
}

Test(macros, futures_of_another_file_are_embedded_and_awaited) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    uses_them_t      future;
    fut_future_t    *leaf = &future.future;

    START(future, uses_them, &event);
    for (int i = 0; i < 3; i++) cr_assert_eq(fut_test_poll_leaf(&future.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll_leaf(&future.future, &leaf, &counter), FUT_PENDING);
    cr_assert_eq(leaf, &future.declared.future, "the link crosses files");
    fut_test_event_fire(&event, 4);
    cr_assert_eq(fut_test_poll_leaf(&future.future, &leaf, &counter), FUT_READY);
    cr_assert_eq(future.output, 45);
    cr_assert(fut_test_said("declared_plain ends", "declared ends"));
}

Test(macros, a_vtable_of_another_file_says_who_it_is) {
    cr_assert_str_eq(declared_vtable.name, "declared");
    cr_assert_eq(declared_vtable.kind, FUT_IS_FRAME_);
    cr_assert_eq(by_hand_vtable.kind, FUT_BY_HAND_);
    cr_assert_eq(by_hand_vtable.loses, FUT_LOSES_BYTES);
    cr_assert_str_neq(declared_vtable.file, __FILE__);
}

Test(macros, futures_of_another_file_are_dropped_like_any_other) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    by_hand_t        by_hand;
    declared_t       declared;

    START(by_hand, by_hand, 2);
    START(declared, declared, &event, 1);
    cr_assert_eq(fut_test_poll(&by_hand.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&declared.future, &counter), FUT_PENDING);
    fut_drop(&declared.future);
    fut_drop(&by_hand.future);
    cr_assert(fut_test_said("declared ends", "by_hand drops"));
}

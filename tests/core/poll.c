/* The contract of poll, for futures written by hand and for async functions alike. */
#include <errno.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

typedef struct double_it {
    ASYNC_FRAME(double_it, int, fut_test_event_t *event);
    fut_test_wait_t wait;
} double_it_t;

ASYNC(double_it) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(2 * self->wait.output);
    ASYNC_END();
}

Test(core, a_future_does_nothing_before_it_is_polled) {
    fut_test_event_t event = {0};
    double_it_t      future;

    START(future, double_it, &event);
    cr_assert_eq(event.polls, 0);
    cr_assert_null(event.waker.target);
    cr_assert_not(fut_is_done(&future.future));
    cr_assert_not(fut_is_pending(&future.future));
}

Test(core, pending_means_that_the_waker_was_stored_where_the_event_finds_it) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    double_it_t      future;

    START(future, double_it, &event);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    cr_assert(fut_is_pending(&future.future));
    cr_assert(fut_waker_same(event.waker, fut_test_waker(&counter)));
    cr_assert_eq(counter.wakes, 0);

    fut_test_event_fire(&event, 21);
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(event.polls, 1, "a wake polls nothing by itself");

    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(future.output, 42);
    cr_assert_eq(counter.wakes, 1);
}

Test(core, only_the_waker_of_the_latest_poll_is_woken) {
    fut_test_waker_t first = {0}, latest = {0};
    fut_test_event_t event = {0};
    double_it_t      future;

    START(future, double_it, &event);
    cr_assert_eq(fut_test_poll(&future.future, &first), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&future.future, &latest), FUT_PENDING);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(first.wakes, 0);
    cr_assert_eq(latest.wakes, 1);
}

Test(core, polling_although_nothing_happened_is_allowed) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    double_it_t      future;

    START(future, double_it, &event);
    for (int i = 0; i < 100; i++) cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    cr_assert_eq(event.polls, 100);
    fut_test_event_fire(&event, 4);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(future.output, 8);
}

Test(core, an_event_before_the_first_poll_makes_the_future_ready_at_once) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    double_it_t      future;

    fut_test_event_fire(&event, 3);
    START(future, double_it, &event);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(future.output, 6);
}

Test(core, polling_a_completed_future_again_leaves_its_output_alone) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  by_hand;
    double_it_t      future;

    fut_test_event_fire(&event, 3);
    START(future, double_it, &event);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    fut_test_event_fire(&event, 5);
    START(by_hand, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&by_hand.future, &counter), FUT_READY);

    fut_test_event_fire(&event, 9); /* would change both outputs if anybody looked */
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
        cr_assert_eq(fut_test_poll(&by_hand.future, &counter), FUT_READY);
        cr_assert_eq(future.output, 6);
        cr_assert_eq(by_hand.output, 5);
    }
    cr_assert_eq(event.polls, 2, "a completed future does not poll its children");
    cr_assert_eq(counter.wakes, 0);
}

Test(core, a_slot_can_be_started_again_after_it_completed) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    double_it_t      future;

    for (int i = 1; i <= 3; i++) {
        START(future, double_it, &event);
        cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
        fut_test_event_fire(&event, i);
        cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
        cr_assert_eq(future.output, 2 * i);
    }
    cr_assert_eq(counter.wakes, 3);
}

/* The questions fut_is_done and fut_is_pending, at each of the three stages of a life. */
Test(core, a_future_is_new_then_pending_then_done_and_never_two_of_them) {
    fut_test_waker_t counter = {0};
    fut_test_after_t future;

    START(future, fut_test_after, 1, 5);
    cr_assert_not(fut_is_pending(&future.future));
    cr_assert_not(fut_is_done(&future.future));
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    cr_assert(fut_is_pending(&future.future));
    cr_assert_not(fut_is_done(&future.future));
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_not(fut_is_pending(&future.future));
    cr_assert(fut_is_done(&future.future));
    cr_assert_eq(future.output, 5);
}

/* Right as far as it goes: it looks at its event and at nothing else. */
typedef struct forgetful {
    FUT_FUTURE(forgetful, int, const bool *event);
    unsigned polls;
} forgetful_t;
static inline fut_poll_t forgetful_poll(forgetful_t *self, fut_context_t *cx) {
    if (self->future.point == FUT_POINT_START) self->polls = 0;
    self->polls++;
    self->output = (int)self->polls;
    if (*self->event) return fut_ready(&self->future);
    (void)fut_context_waker(cx);
    return fut_pending(&self->future);
}
FUT_DEFINE(forgetful);

typedef struct awaits_forgetful {
    ASYNC_FRAME(awaits_forgetful, int, const bool *event);
    forgetful_t forgetful;
} awaits_forgetful_t;
ASYNC(awaits_forgetful) {
    ASYNC_BEGIN();
    AWAIT(self->forgetful, forgetful, self->event);
    ASYNC_RETURN(1);
    ASYNC_END();
}

Test(core, a_future_written_by_hand_need_not_look_whether_it_is_done) {
    fut_test_waker_t   counter = {0};
    bool               event   = false;
    forgetful_t        future;
    awaits_forgetful_t awaits;

    START(future, forgetful, &event);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    event = true;
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(future.output, 2);
    event = false;
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);

    /* Dropped by a graceful cancellation, it must not keep the function which awaits it. */
    START(awaits, awaits_forgetful, &event);
    cr_assert_eq(fut_test_poll(&awaits.future, &counter), FUT_PENDING);
    fut_cancel(&awaits.future);
    cr_assert_eq(fut_test_poll(&awaits.future, &counter), FUT_READY);
    cr_assert_eq(awaits.output, -ECANCELED);
}

/* ---- What a vtable says ------------------------------------------------------------------- */

typedef struct describe_me {
    ASYNC_FRAME(describe_me, long, char first; double second);
    char buffer[100];
} describe_me_t;
/* clang-format off */
static const unsigned describe_me_line = __LINE__ + 1;
ASYNC(describe_me) { ASYNC_BEGIN(); ASYNC_RETURN(0); ASYNC_END(); }
/* clang-format on */

Test(core, a_vtable_says_where_everything_in_the_future_is) {
    const fut_vtable_t *vtable = &describe_me_vtable;

    cr_assert_str_eq(vtable->name, "describe_me");
    cr_assert_str_eq(vtable->file, __FILE__);
    cr_assert_eq(vtable->line, describe_me_line);
    cr_assert_eq(vtable->size, sizeof(describe_me_t));
    cr_assert_eq(vtable->align, _Alignof(describe_me_t));
    cr_assert_eq(vtable->args, offsetof(describe_me_t, args));
    cr_assert_eq(vtable->args, offsetof(describe_me_t, first));
    cr_assert_eq(vtable->args_size, sizeof(struct describe_me_args));
    cr_assert_eq(vtable->output, offsetof(describe_me_t, output));
    cr_assert_eq(vtable->output_size, sizeof(long));
    cr_assert_eq(vtable->joined, offsetof(struct describe_me_join, output));
    cr_assert_eq(vtable->kind, FUT_IS_FRAME_);
    cr_assert_eq(vtable->errors, FUT_LONG_);
    cr_assert_eq(fut_test_wait_vtable.kind, FUT_BY_HAND_);
    cr_assert_eq(fut_test_stutter_vtable.errors, FUT_NO_ERRORS_);
}

Test(core, starting_a_slot_writes_its_header_and_its_arguments_and_not_one_byte_more) {
    describe_me_t future;

    memset(&future, 0xa5, sizeof future);
    START(future, describe_me, 'x', 2.5);
    cr_assert_eq(future.first, 'x');
    cr_assert_eq(future.second, 2.5);
    for (size_t i = 0; i < sizeof future.buffer; i++) cr_assert_eq((unsigned char)future.buffer[i], 0xa5);
    const unsigned char *output = (const unsigned char *)&future.output;
    for (size_t i = 0; i < sizeof future.output; i++) cr_assert_eq(output[i], 0xa5);
}

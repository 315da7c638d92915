/* fut_drop and fut_cancel of futures written by hand, and what their outputs read afterwards. Those of async functions are in
 * tests/macros/. */
#include <errno.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

Test(core, dropping_a_pending_future_takes_it_out_of_what_it_waits_for) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  wait;

    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_PENDING);
    fut_drop(&wait.future);
    cr_assert_null(event.waker.target);
    cr_assert_eq(event.drops, 1);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(counter.wakes, 0);
    cr_assert_eq(wait.output, -ECANCELED);
}

Test(core, dropping_is_idempotent) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  wait;

    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_PENDING);
    for (int i = 0; i < 3; i++) fut_drop(&wait.future);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(wait.output, -ECANCELED);
}

Test(core, a_future_may_be_dropped_before_its_first_poll) {
    unsigned         drops = 0;
    fut_test_never_t never;

    START(never, fut_test_never, &drops);
    fut_drop(&never.future);
    cr_assert_eq(drops, 1);
    cr_assert(fut_is_done(&never.future));
    cr_assert_eq(never.output, -ECANCELED);
}

Test(core, dropping_a_completed_future_leaves_its_output_and_does_not_call_drop) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  wait;

    START(wait, fut_test_wait, &event);
    fut_test_event_fire(&event, 12);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_READY);
    fut_drop(&wait.future);
    fut_cancel(&wait.future);
    cr_assert_eq(wait.output, 12);
    cr_assert_eq(event.drops, 0);
}

Test(core, polling_a_dropped_future_answers_ready) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  wait;

    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_PENDING);
    fut_drop(&wait.future);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_READY);
    cr_assert_eq(wait.output, -ECANCELED);
    cr_assert_eq(event.polls, 1);
}

Test(core, cancelling_a_future_without_cancel_drops_it) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  wait;

    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_PENDING);
    fut_cancel(&wait.future);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_READY);
    fut_cancel(&wait.future);
    cr_assert_eq(event.drops, 1);
}

Test(core, cancelling_a_future_with_cancel_only_begins_its_end) {
    fut_test_waker_t  counter = {0};
    fut_test_event_t  event   = {0};
    fut_test_linger_t linger;

    START(linger, fut_test_linger, &event);
    cr_assert_eq(fut_test_poll(&linger.future, &counter), FUT_PENDING);
    fut_cancel(&linger.future);
    cr_assert_eq(event.cancels, 1);
    cr_assert_eq(event.drops, 0);
    cr_assert_eq(fut_test_poll(&linger.future, &counter), FUT_PENDING);
    fut_test_event_fire(&event, 5);
    cr_assert_eq(fut_test_poll(&linger.future, &counter), FUT_READY);
    cr_assert_eq(linger.output, 5);
}

/* ---- Outputs after a drop ----------------------------------------------------------------- */

typedef struct pair {
    int a, b;
} pair_t;

#define NEVER_READY(name, T)                                                                                           \
    typedef struct name {                                                                                              \
        FUT_FUTURE(name, T);                                                                                           \
    } name##_t;                                                                                                        \
    static inline fut_poll_t name##_poll(name##_t *self, fut_context_t *cx) {                                          \
        if (fut_is_done(&self->future)) return FUT_READY;                                                              \
        (void)fut_context_waker(cx);                                                                                   \
        return fut_pending(&self->future);                                                                             \
    }                                                                                                                  \
    FUT_DEFINE(name)

NEVER_READY(gives_short, short);
NEVER_READY(gives_int, int);
NEVER_READY(gives_long, long);
NEVER_READY(gives_long_long, long long);
NEVER_READY(gives_int64, int64_t);
NEVER_READY(gives_unsigned, unsigned);
NEVER_READY(gives_pointer, const char *);
NEVER_READY(gives_pair, pair_t);
NEVER_READY(gives_double, double);
NEVER_READY(gives_nothing, void);

/* Only the bytes of the output may change: the whole slot is filled with a pattern first, and the bytes after it are compared. */
#define DROPPED(name, value)                                                                                           \
    do {                                                                                                               \
        struct {                                                                                                       \
            name##_t slot;                                                                                             \
            char     after[16];                                                                                        \
        } box;                                                                                                         \
        memset(&box, 0x5a, sizeof box);                                                                                \
        START(box.slot, name);                                                                                         \
        fut_drop(&box.slot.future);                                                                                    \
        cr_assert_eq(box.slot.output, (value));                                                                        \
        for (int i = 0; i < 16; i++) cr_assert_eq(box.after[i], 0x5a);                                                 \
    } while (0)

Test(core, every_signed_integer_output_of_a_dropped_future_reads_ECANCELED) {
    DROPPED(gives_short, -ECANCELED);
    DROPPED(gives_int, -ECANCELED);
    DROPPED(gives_long, -ECANCELED);
    DROPPED(gives_long_long, -ECANCELED);
    DROPPED(gives_int64, -ECANCELED);
}

Test(core, an_output_which_cannot_carry_an_errno_is_left_alone_by_a_drop) {
    DROPPED(gives_unsigned, 0x5a5a5a5au);
    gives_pointer_t pointer = {.output = "still here"};
    gives_pair_t    pair    = {.output = {1, 2}};
    gives_double_t  number  = {.output = 1.5};
    gives_nothing_t nothing;

    START(pointer, gives_pointer);
    START(pair, gives_pair);
    START(number, gives_double);
    START(nothing, gives_nothing);
    fut_drop(&pointer.future);
    fut_drop(&pair.future);
    fut_drop(&number.future);
    fut_drop(&nothing.future);
    cr_assert_str_eq(pointer.output, "still here");
    cr_assert(pair.output.a == 1 && pair.output.b == 2);
    cr_assert_eq(number.output, 1.5);
    cr_assert(fut_is_done(&nothing.future));
}

Test(core, failing_a_future_writes_any_errno) {
    gives_long_t future;

    START(future, gives_long);
    fut_fail(&future.future, -ENOMEM);
    cr_assert_eq(future.output, -ENOMEM);
}

/* A future without `drop` holds nothing; dropping it still counts as an end. */
Test(core, a_future_without_drop_is_done_after_a_drop) {
    fut_test_waker_t counter = {0};
    gives_int_t      future;

    START(future, gives_int);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    fut_drop(&future.future);
    cr_assert(fut_is_done(&future.future));
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
}

/* So many at once: the limit, the order, errors, memory, and the end at every moment. */
#include "counting.h"
#include "kit.h"

enum { SLOTS = 3, WORK = 8 };
static fut_test_event_t gates[WORK];
static int              running, most, begun;

typedef struct work {
    ASYNC_FRAME(work, int, int n; int answer);
    fut_test_wait_t wait;
} work_t;
ASYNC(work) {
    ASYNC_BEGIN();
    begun++;
    if (++running > most) most = running;
    AWAIT(self->wait, fut_test_wait, &gates[self->n]);
    ASYNC_RETURN(self->answer);
    ASYNC_FINALLY();
    running--;
    ASYNC_END();
}
static int start_work(void *data, const void *item, fut_future_t *slot) {
    const int n = *(const int *)item;
    if (data && n == *(int *)data) return -EBADMSG;
    if (n == 7) return 0;
    START(*(work_t *)(void *)slot, work, n, n * 10);
    return 1;
}

typedef FUT_STREAM_BUFFER(work, SLOTS) buffer_t;
static fut_test_waker_t woken;
static void             begin(void) {
                memset(gates, 0, sizeof gates);
                running = most = begun = 0;
                woken                  = (fut_test_waker_t){0};
}
static fut_poll_t poll_it(fut_stream_t *stream) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    return fut_stream_poll_next(stream, &cx);
}
#define cr_gives(stream, value)                                                                                        \
    do {                                                                                                               \
        cr_assert_eq(poll_it(stream), FUT_READY);                                                                      \
        cr_assert_not_null((stream)->item);                                                                            \
        cr_assert_eq(*(const int *)(stream)->item, value);                                                             \
    } while (0)

Test(stream, no_more_run_than_there_are_slots_and_no_more_is_asked_for) {
    tap_t         source;
    buffer_t      buffer;
    fut_stream_t *s;
    begin();
    s = FUT_BUFFER_UNORDERED(buffer, tap(&source, 0, 6), start_work, NULL);
    cr_assert_eq(source.polls, 0u, "it is lazy");
    cr_assert_eq(poll_it(s), FUT_PENDING);
    cr_assert_eq(source.given, SLOTS);
    cr_assert_eq(begun, SLOTS);
    fut_test_event_fire(&gates[1], 0);
    cr_gives(s, 10);
    cr_assert_eq(source.given, SLOTS, "its slot is the reader's until the next poll");
    cr_assert_eq(poll_it(s), FUT_PENDING);
    cr_assert_eq(source.given, SLOTS + 1);
    for (int i = 0; i < 6; i++) fut_test_event_fire(&gates[i], 0);
    for (int i = 0; i < 5; i++) cr_assert_eq(poll_it(s), FUT_READY);
    cr_assert_not_null(s->item);
    cr_assert_eq(poll_it(s), FUT_READY);
    cr_assert(fut_stream_has_ended(s));
    cr_assert_eq(most, SLOTS);
    cr_assert_eq(running, 0);
}

Test(stream, buffered_keeps_the_order) {
    tap_t         source;
    buffer_t      buffer;
    fut_stream_t *s;
    begin();
    s = FUT_BUFFERED(buffer, tap(&source, 0, 5), start_work, NULL);
    cr_assert_eq(poll_it(s), FUT_PENDING);
    fut_test_event_fire(&gates[2], 0);
    fut_test_event_fire(&gates[1], 0);
    cr_assert_eq(poll_it(s), FUT_PENDING);
    cr_assert_eq(source.given, SLOTS, "those which wait for their turn keep their slots");
    fut_test_event_fire(&gates[0], 0);
    for (int i = 0; i < 3; i++) cr_gives(s, i * 10);
    cr_assert_eq(poll_it(s), FUT_PENDING);
    fut_test_event_fire(&gates[4], 0);
    cr_assert_eq(poll_it(s), FUT_PENDING);
    fut_test_event_fire(&gates[3], 0);
    for (int i = 3; i < 5; i++) cr_gives(s, i * 10);
    cr_assert_eq(poll_it(s), FUT_READY);
    cr_assert(fut_stream_has_ended(s));
}

Test(stream, an_error_comes_after_what_still_runs) {
    for (int who = 0; who < 3; who++) { /* the source; start; start says there is no more */
        tap_t         source;
        buffer_t      buffer;
        fut_stream_t *s;
        int           bad = 2;
        begin();
        s = FUT_BUFFERED(buffer, tap(&source, who == 2 ? 5 : 0, who == 0 ? 2 : 9), start_work, who == 1 ? &bad : NULL);
        if (who == 0) source.error = -EIO;
        cr_assert_eq(poll_it(s), FUT_PENDING);
        for (int i = 0; i < WORK; i++) fut_test_event_fire(&gates[i], 0);
        cr_gives(s, who == 2 ? 50 : 0);
        cr_gives(s, who == 2 ? 60 : 10);
        cr_assert_eq(poll_it(s), FUT_READY);
        cr_assert(fut_stream_has_ended(s));
        cr_assert_eq(s->error, who == 0 ? -EIO : who == 1 ? -EBADMSG : 0);
        cr_assert(tap_is_closed(&source));
    }
}

Test(stream, for_each_concurrent_ends_with_the_first_error) {
    tap_t                 source;
    buffer_t              buffer;
    fut_stream_for_each_t all;
    fut_test_waker_t      counter = {0};
    begin();
    START(all, fut_stream_for_each, FUT_BUFFER_UNORDERED(buffer, tap(&source, 0, 6), start_work, NULL), fut_first_error,
          NULL);
    cr_assert_eq(fut_test_poll(&all.future, &counter), FUT_PENDING);
    buffer.slots[1].answer = -ENOLINK;
    fut_test_event_fire(&gates[1], 0);
    cr_assert_eq(fut_test_poll(&all.future, &counter), FUT_READY);
    cr_assert_eq(all.output, -ENOLINK);
    cr_assert_eq(running, 0);
    cr_assert(tap_is_closed(&source));
}

Test(stream, a_buffer_can_be_stopped_anywhere) {
    for (unsigned polls = 0; polls < 8; polls++)
        for (int gracefully = 0; gracefully < 2; gracefully++) {
            tap_t         source;
            buffer_t      buffer;
            fut_stream_t *s;
            begin();
            s                = FUT_BUFFERED(buffer, tap(&source, 0, 5), start_work, NULL);
            source.hesitates = 1;
            for (unsigned i = 0; i < polls; i++) {
                (void)!poll_it(s);
                fut_test_event_fire(&gates[i % WORK], 0);
            }
            if (gracefully) {
                fut_stream_cancel(s);
                while (!fut_stream_has_ended(s)) (void)!poll_it(s);
            } else {
                fut_stream_drop(s);
            }
            cr_assert_eq(running, 0);
            cr_assert(tap_is_closed(&source));
        }
}

Test(stream, no_slots_and_no_memory_are_errors) {
    tap_t               source;
    buffer_t            buffer;
    fut_stream_buffer_t none;
    fut_stream_t       *s;
    counting_begin();
    begin();
    s = fut_stream_buffer(&none, tap(&source, 0, 5), FUT_EACH_OF(buffer.slots, 0), buffer.children, sizeof(int),
                          start_work, NULL, true);
    cr_assert_eq(poll_it(s), FUT_READY);
    cr_assert_eq(s->error, -EINVAL);
    cr_assert(tap_is_closed(&source));
    for (size_t refuse = 1; refuse <= 2; refuse++) {
        s               = FUT_BUFFERED(buffer, tap(&source, 0, 5), start_work, NULL);
        counting.refuse = counting.calls + refuse;
        cr_assert_eq(poll_it(s), FUT_READY);
        cr_assert_eq(s->error, -ENOMEM);
        cr_assert_eq(running, 0);
        cr_assert(tap_is_closed(&source));
    }
}

/* The set's memory is all there is, and it is taken once. */
Test(stream, items_cost_no_memory) {
    size_t before = 0;
    counting_begin();
    for (int round = 0; round < 3; round++) {
        tap_t         source;
        buffer_t      buffer;
        fut_stream_t *s;
        begin();
        s = FUT_BUFFERED(buffer, tap(&source, 0, 5), start_work, NULL);
        cr_assert_eq(poll_it(s), FUT_PENDING);
        const size_t calls = counting.calls;
        for (int i = 0; i < 5; i++) {
            fut_test_event_fire(&gates[i], 0);
            cr_gives(s, i * 10);
        }
        cr_assert_eq(counting.calls, calls);
        cr_assert_eq(poll_it(s), FUT_READY);
        if (round == 0) before = counting.live;
        cr_assert_eq(counting.live, before);
    }
}

/* Sinks, and forward: room, order, back-pressure, errors, and the end at every moment. */
#include "kit.h"

/* Takes an item only when it is told to, one at a time. */
typedef struct slow {
    fut_sink_t  sink;
    fut_waker_t waker;
    int         got[32], count, room, error; /* room: how many more it takes; error: what it says then */
    bool        flushed, closed, dropped;
} slow_t;
static fut_poll_t slow_ready(fut_sink_t *sink, fut_context_t *cx) {
    slow_t *const self = (slow_t *)(void *)sink;
    if (self->room > 0) return FUT_READY;
    if (self->error) return sink->error = self->error, FUT_READY;
    self->waker = fut_context_waker(cx);
    return FUT_PENDING;
}
static int slow_send(fut_sink_t *sink, const void *item) {
    slow_t *const self       = (slow_t *)(void *)sink;
    self->got[self->count++] = *(const int *)item;
    self->room--;
    self->flushed = false;
    return 0;
}
static fut_poll_t slow_flush(fut_sink_t *sink, fut_context_t *cx) {
    (void)cx;
    ((slow_t *)(void *)sink)->flushed = true;
    return FUT_READY;
}
static fut_poll_t slow_close(fut_sink_t *sink, fut_context_t *cx) {
    (void)cx;
    ((slow_t *)(void *)sink)->closed = true;
    return FUT_READY;
}
static void slow_drop(fut_sink_t *sink) {
    slow_t *const self = (slow_t *)(void *)sink;
    self->dropped      = true;
    self->waker        = (fut_waker_t){NULL, 0};
}
static fut_sink_t *slow(slow_t *self, int room) {
    static const fut_sink_vtable_t vtable = {"slow", slow_ready, slow_send, slow_flush, slow_close, slow_drop};
    memset(self, 0, sizeof *self);
    self->room = room;
    return fut_sink_init(&self->sink, &vtable, sizeof(int));
}
static void give_room(slow_t *self, int room) {
    self->room += room;
    fut_wake(self->waker);
}
#define cr_got(slow_, ...)                                                                                             \
    do {                                                                                                               \
        const int expected_[] = {__VA_ARGS__};                                                                         \
        cr_assert_eq((slow_).count, (int)(sizeof expected_ / sizeof *expected_), "%d items", (slow_).count);           \
        cr_assert_arr_eq((slow_).got, expected_, sizeof expected_);                                                    \
    } while (0)

/* Everything between the source and the slow sink has room for two items, and no more are made. */
Test(stream, back_pressure_holds_end_to_end) {
    tap_t                source;
    slow_t               sink;
    fut_stream_map_t     map;
    fut_sink_buffer_t    buffer;
    fut_stream_forward_t forward;
    fut_test_waker_t     woken = {0};
    int                  out, room[2];
    fut_sink_t          *end = fut_sink_buffer(&buffer, slow(&sink, 0), FUT_ARRAY(room));
    START(forward, fut_stream_forward, fut_stream_map(&map, tap(&source, 1, 6), FUT_OUT(&out), times_ten, NULL), end);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
        cr_assert_eq(source.given, 2u, "it is full");
    }
    for (unsigned taken = 1; taken <= 4; taken++) {
        const unsigned before = woken.wakes;
        give_room(&sink, 1);
        cr_assert_eq(woken.wakes, before + 1);
        cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
        cr_assert_eq(source.given, 2 + taken, "one goes, one comes");
    }
    give_room(&sink, 2);
    cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_READY);
    cr_assert_eq(forward.output, 0);
    cr_got(sink, 10, 20, 30, 40, 50, 60);
    cr_assert(sink.closed);
    cr_assert(tap_is_closed(&source));
}

Test(stream, forward_flushes_while_there_is_nothing_to_do) {
    tap_t                source;
    slow_t               sink;
    fut_stream_forward_t forward;
    fut_test_waker_t     woken = {0};
    START(forward, fut_stream_forward, tap(&source, 1, 2), slow(&sink, 5));
    source.hesitates = 1;
    source.hesitated = 1;
    cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
    cr_got(sink, 1);
    cr_assert(sink.flushed);
    cr_assert_not(sink.closed);
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_got(sink, 1, 2);
}

Test(stream, forward_tells_whose_error_it_was) {
    tap_t                source;
    slow_t               sink;
    fut_stream_forward_t forward;
    START(forward, fut_stream_forward, tap(&source, 1, 2), slow(&sink, 5));
    source.error = -EIO;
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -EIO);
    cr_assert(sink.closed, "what had come before the error has arrived");
    cr_got(sink, 1, 2);

    START(forward, fut_stream_forward, tap(&source, 1, 9), slow(&sink, 2));
    sink.error = -ENOSPC;
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -ENOSPC);
    cr_assert(tap_is_closed(&source), "the source was cancelled");
    cr_assert_eq(source.given, 2u);

    fut_sink_t other;
    START(forward, fut_stream_forward, tap(&source, 1, 9), fut_sink_drain(&other, 1));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -EINVAL, "the sizes differ");
    cr_assert(tap_is_closed(&source));
}

Test(stream, forward_can_be_stopped_anywhere) {
    for (unsigned polls = 0; polls < 8; polls++)
        for (int gracefully = 0; gracefully < 2; gracefully++) {
            tap_t                source;
            slow_t               sink;
            fut_stream_forward_t forward;
            fut_test_waker_t     woken = {0};
            START(forward, fut_stream_forward, tap(&source, 1, 20), slow(&sink, 3));
            source.hesitates = 1;
            for (unsigned i = 0; i < polls; i++) (void)!fut_test_poll(&forward.future, &woken);
            if (gracefully) {
                fut_cancel(&forward.future);
                if (polls > 0) cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
            } else {
                fut_drop(&forward.future);
            }
            cr_assert_eq(forward.output, -ECANCELED);
            cr_assert(tap_is_closed(&source));
            cr_assert(fut_stream_has_ended(&source.stream.stream));
            cr_assert(sink.sink.closed);
            cr_assert_eq(sink.closed, gracefully && polls > 0);
            cr_assert_eq(sink.dropped, !sink.closed);
        }
}

static int take(void *data, const void *item) {
    *(int *)data += *(const int *)item;
    return *(int *)data > 10 ? -E2BIG : 0;
}

Test(stream, into_an_array_a_function_and_nowhere) {
    tap_t                source;
    fut_sink_to_array_t  array;
    fut_sink_to_fn_t     fn;
    fut_sink_t           nowhere;
    fut_stream_forward_t forward;
    int                  room[3];
    START(forward, fut_stream_forward, tap(&source, 1, 3), fut_sink_to_array(&array, FUT_ARRAY(room)));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, 0);
    cr_assert_eq(array.count, 3u);
    cr_assert_eq(room[2], 3);
    START(forward, fut_stream_forward, tap(&source, 1, 4), fut_sink_to_array(&array, FUT_ARRAY(room)));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -ENOBUFS);
    START(forward, fut_stream_forward, tap(&source, 1, 4), fut_sink_drain(&nowhere, sizeof(int)));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, 0);
    int sum = 0;
    START(forward, fut_stream_forward, tap(&source, 1, 9), fut_sink_to_fn(&fn, sizeof(int), take, &sum));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -E2BIG);
    cr_assert_eq(sum, 15);
}

static int write_slowly(void *data, const void *item, fut_future_t *slot) {
    const int n = *(const int *)item;
    (void)data;
    START(*(fut_test_after_t *)(void *)slot, fut_test_after, 3, n < 5 ? n : -EPIPE);
    return 0;
}
Test(stream, each_item_to_a_future) {
    tap_t                 source;
    fut_sink_to_futures_t futures;
    fut_test_after_t      slot;
    fut_stream_forward_t  forward;
    START(forward, fut_stream_forward, tap(&source, 1, 3),
          fut_sink_to_futures(&futures, sizeof(int), &slot.future, write_slowly, NULL));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, 0);
    cr_assert_eq(slot.output, 3, "the last one has ended, too");
    START(forward, fut_stream_forward, tap(&source, 3, 9),
          fut_sink_to_futures(&futures, sizeof(int), &slot.future, write_slowly, NULL));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -EPIPE);
    cr_assert(tap_is_closed(&source));
}

Test(stream, a_fan_out_is_as_fast_as_the_slowest) {
    tap_t                source;
    slow_t               a, b;
    fut_sink_fan_out_t   fan;
    fut_sink_map_t       map;
    fut_stream_forward_t forward;
    fut_test_waker_t     woken = {0};
    int                  out;
    fut_sink_t          *both[2];
    both[0] = slow(&a, 10);
    both[1] = fut_sink_map(&map, sizeof(int), slow(&b, 1), &out, times_ten, NULL);
    START(forward, fut_stream_forward, tap(&source, 1, 3), fut_sink_fan_out(&fan, both, 2, sizeof(int)));
    cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
    cr_assert_eq(source.given, 1u);
    give_room(&b, 1);
    cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_PENDING);
    cr_assert_eq(source.given, 2u);
    give_room(&b, 2); /* one more: it asks for an item, and finds the end, when there is room for one */
    cr_assert_eq(fut_test_poll(&forward.future, &woken), FUT_READY);
    cr_assert_eq(forward.output, 0);
    cr_got(a, 1, 2, 3);
    cr_got(b, 10, 20, 30);
    cr_assert(a.closed && b.closed);

    both[0] = slow(&a, 10);
    both[1] = slow(&b, 1);
    b.error = -EIO;
    START(forward, fut_stream_forward, tap(&source, 1, 3), fut_sink_fan_out(&fan, both, 2, sizeof(int)));
    cr_assert_eq(fut_test_run(&forward.future), FUT_READY);
    cr_assert_eq(forward.output, -EIO);
    cr_assert(a.dropped && b.dropped, "where one fails, the others are let go");
}

Test(stream, send_feed_flush_and_close_by_hand) {
    slow_t            sink;
    fut_sink_send_t   send;
    fut_sink_feed_t   feed;
    fut_sink_flush_t  flush;
    fut_sink_close_t  close;
    fut_test_waker_t  woken = {0};
    const int         one = 1, two = 2;
    fut_sink_t *const s = slow(&sink, 1);
    START(send, fut_sink_send, s, &one);
    cr_assert_eq(fut_test_poll(&send.future, &woken), FUT_READY);
    cr_assert(sink.flushed);
    START(feed, fut_sink_feed, s, &two);
    cr_assert_eq(fut_test_poll(&feed.future, &woken), FUT_PENDING);
    give_room(&sink, 1);
    cr_assert_eq(fut_test_poll(&feed.future, &woken), FUT_READY);
    cr_assert_not(sink.flushed);
    START(flush, fut_sink_flush, s);
    cr_assert_eq(fut_test_poll(&flush.future, &woken), FUT_READY);
    cr_assert(sink.flushed);
    for (int i = 0; i < 2; i++) {
        START(close, fut_sink_close, s);
        cr_assert_eq(fut_test_poll(&close.future, &woken), FUT_READY);
        cr_assert_eq(close.output, 0);
    }
    sink.room = 1;
    START(send, fut_sink_send, s, &one);
    cr_assert_eq(fut_test_poll(&send.future, &woken), FUT_READY);
    cr_assert_eq(send.output, -EPIPE);
    cr_got(sink, 1, 2);
}

Test(stream, a_buffer_without_room_is_an_error) {
    slow_t            sink;
    fut_sink_buffer_t buffer;
    fut_sink_send_t   send;
    const int         one = 1;
    START(send, fut_sink_send, fut_sink_buffer(&buffer, slow(&sink, 9), NULL, sizeof(int), 0), &one);
    cr_assert_eq(fut_test_run(&send.future), FUT_READY);
    cr_assert_eq(send.output, -EINVAL);
    fut_sink_drop(&buffer.sink);
    cr_assert(sink.dropped);
}

/* Reading with FOR_AWAIT, writing with EMIT, and both being cancelled wherever they stand. */
#include "kit.h"

typedef struct count {
    ASYNC_STREAM_FRAME(count, int, int to; fut_test_event_t * each; fut_test_event_t * goodbye; int ends_with);
    int             i;
    fut_test_wait_t wait;
} count_t;
ASYNC_STREAM(count) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->to; self->i++) {
        if (self->each) AWAIT_TRY(self->wait, fut_test_wait, self->each);
        fut_test_say("make %d", self->i);
        EMIT(self->i);
    }
    ASYNC_RETURN(self->ends_with);
    ASYNC_FINALLY();
    fut_test_say("finally %d", self->output);
    if (self->goodbye) AWAIT(self->wait, fut_test_wait, self->goodbye);
    EMIT(99); /* nobody reads it any more, if it was cancelled */
    fut_test_say("gone");
    ASYNC_END();
}

typedef struct reader {
    ASYNC_FRAME(reader, int, fut_stream_t *stream; int skip; int stop);
    FUT_NEXT(int) each;
    int sum;
} reader_t;
ASYNC(reader) {
    ASYNC_BEGIN();
    self->sum = 0;
    FOR_AWAIT(self->each, self->stream) {
        if (self->each.item == self->skip) continue;
        if (self->each.item == self->stop) break;
        YIELD();
        fut_test_say("use %d", self->each.item);
        self->sum += self->each.item;
    }
    TRY(self->each.next.output);
    ASYNC_RETURN(self->sum);
    ASYNC_FINALLY();
    fut_stream_drop(self->stream);
    ASYNC_END();
}

Test(stream, an_item_is_made_when_it_is_asked_for_and_not_before) {
    count_t  numbers;
    reader_t reader;
    START_STREAM(numbers, count, 3, NULL, NULL, 0);
    START(reader, reader, STREAM_OF(numbers), -1, -1);
    cr_assert_eq(fut_test_run(&reader.future), FUT_READY);
    cr_assert_eq(reader.output, 3 + 99);
    cr_assert(fut_test_said("make 0", "use 0", "make 1", "use 1", "make 2", "use 2", "finally 0", "use 99", "gone"));
}

Test(stream, break_and_continue_are_those_of_a_loop) {
    count_t  numbers;
    reader_t reader;
    START_STREAM(numbers, count, 100, NULL, NULL, 0);
    START(reader, reader, STREAM_OF(numbers), 1, 3);
    cr_assert_eq(fut_test_run(&reader.future), FUT_READY);
    cr_assert_eq(reader.output, 2);
    cr_assert(fut_test_said("make 0", "use 0", "make 1", "make 2", "use 2", "make 3", "finally -125", "gone"));
    cr_assert(fut_stream_has_ended(STREAM_OF(numbers)));
}

/* Once more from where it was left. */
typedef struct twice {
    ASYNC_FRAME(twice, int, fut_stream_t *stream);
    FUT_NEXT(int) each;
    int sum;
} twice_t;
ASYNC(twice) {
    ASYNC_BEGIN();
    FOR_AWAIT(self->each, self->stream) if (self->each.item == 4) break;
    self->sum = 0;
    if (self->each.item == 4) FOR_AWAIT(self->each, self->stream) {
            self->sum += self->each.item;
            if (self->each.item == 6) break;
        }
    else
        ASYNC_RETURN(-1);
    AWAIT_NEXT(self->each, self->stream);
    ASYNC_RETURN(self->sum * 100 + self->each.item);
    ASYNC_END();
}
Test(stream, a_stream_goes_on_where_a_loop_was_left) {
    tap_t   source;
    twice_t twice;
    START(twice, twice, tap(&source, 0, 100));
    source.hesitates = 1;
    cr_assert_eq(fut_test_run(&twice.future), FUT_READY);
    cr_assert_eq(twice.output, (5 + 6) * 100 + 7);
    cr_assert_eq(source.given, 8u);
    fut_stream_drop(&source.stream.stream);
    cr_assert(tap_is_closed(&source));
}

Test(stream, what_a_generator_returns_is_the_error_of_the_stream) {
    count_t numbers;
    int     items[8];
    START_STREAM(numbers, count, 2, NULL, NULL, -EPROTO);
    cr_assert_eq(read_all(STREAM_OF(numbers), items, 8), -EPROTO);
    cr_assert(fut_test_said("make 0", "make 1", "finally -71", "gone"));
}

Test(stream, the_end_is_the_end_for_ever) {
    count_t           numbers;
    fut_stream_next_t next;
    int               item = 7;
    START_STREAM(numbers, count, 0, NULL, NULL, -EIO);
    for (int i = 0; i < 3; i++) {
        do {
            START(next, fut_stream_next, STREAM_OF(numbers), FUT_OUT(&item));
            cr_assert_eq(fut_test_run(&next.future), FUT_READY);
        } while (next.output == 1);
        cr_assert_eq(next.output, -EIO);
        cr_assert_eq(item, 99);
    }
}

/* At each moment of its life: while it waits, at an EMIT, in FINALLY, before and after. */
static void stop_after(unsigned polls, bool gracefully) {
    fut_test_event_t each = {0}, goodbye = {0};
    fut_test_waker_t woken = {0};
    count_t          numbers;
    fut_context_t    cx;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    START_STREAM(numbers, count, 2, &each, &goodbye, 0);
    fut_stream_t *const stream = STREAM_OF(numbers);
    for (unsigned i = 0; i < polls; i++) {
        if (i % 2 == 1) fut_test_event_fire(i > 3 ? &goodbye : &each, 0);
        (void)!fut_stream_poll_next(stream, &cx);
    }
    const bool had_ended = fut_stream_has_ended(stream);
    if (gracefully)
        fut_stream_cancel(stream);
    else
        fut_stream_drop(stream);
    for (unsigned i = 0; gracefully && !fut_stream_has_ended(stream); i++) {
        cr_assert_lt(i, 20u, "it does not end after %u polls", polls);
        if (fut_stream_poll_next(stream, &cx) == FUT_READY) cr_assert_null(stream->item, "nothing is given any more");
        fut_test_event_fire(&goodbye, 0);
    }
    cr_assert(fut_stream_has_ended(stream));
    cr_assert_eq(stream->error, had_ended ? 0 : -ECANCELED, "after %u polls", polls);
    cr_assert_null(each.waker.target);
    cr_assert_null(goodbye.waker.target);
    cr_assert_eq(fut_stream_poll_next(stream, &cx), FUT_READY);
    cr_assert_null(stream->item);
    fut_stream_drop(stream);
    fut_stream_cancel(stream);
    fut_test_hush();
}
Test(stream, a_generator_can_be_stopped_anywhere) {
    for (unsigned polls = 0; polls < 10; polls++) {
        stop_after(polls, true);
        stop_after(polls, false);
    }
}

Test(stream, a_reader_that_is_cancelled_drops_the_stream_in_its_finally) {
    for (unsigned polls = 0; polls < 8; polls++)
        for (int gracefully = 0; gracefully < 2; gracefully++) {
            fut_test_waker_t woken = {0};
            count_t          numbers;
            reader_t         reader;
            START_STREAM(numbers, count, 3, NULL, NULL, 0);
            START(reader, reader, STREAM_OF(numbers), -1, -1);
            for (unsigned i = 0; i < polls; i++) (void)!fut_test_poll(&reader.future, &woken);
            const bool done = fut_is_done(&reader.future);
            if (gracefully) {
                fut_cancel(&reader.future);
                cr_assert_eq(fut_test_run(&reader.future), FUT_READY);
            } else {
                fut_drop(&reader.future);
            }
            if (polls > 0) cr_assert(fut_stream_has_ended(STREAM_OF(numbers)));
            if (!done) cr_assert_eq(reader.output, -ECANCELED);
            fut_test_hush();
        }
}

Test(stream, a_wait_for_the_next_item_loses_nothing_when_it_is_dropped) {
    fut_test_event_t  each  = {0};
    fut_test_waker_t  woken = {0};
    count_t           numbers;
    fut_stream_next_t next;
    int               item = -1;
    START_STREAM(numbers, count, 3, &each, NULL, 0);
    for (int i = 0; i < 3; i++) {
        START(next, fut_stream_next, STREAM_OF(numbers), FUT_OUT(&item));
        cr_assert_eq(fut_test_poll(&next.future, &woken), FUT_PENDING);
        fut_drop(&next.future);
        fut_test_event_fire(&each, 0);
        START(next, fut_stream_next, STREAM_OF(numbers), FUT_OUT(&item));
        cr_assert_eq(fut_test_poll(&next.future, &woken), FUT_READY);
        cr_assert_eq(next.output, 1);
        cr_assert_eq(item, i);
    }
    fut_stream_drop(STREAM_OF(numbers));
    cr_assert_eq(next.future.vtable->loses, FUT_LOSES_NOTHING);
    fut_test_hush();
}

Test(stream, closing_waits_for_the_end) {
    fut_test_event_t   each = {0}, goodbye = {0};
    fut_test_waker_t   woken = {0};
    count_t            numbers;
    fut_stream_close_t close;
    fut_context_t      cx;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    START_STREAM(numbers, count, 3, &each, &goodbye, 0);
    cr_assert_eq(fut_stream_poll_next(STREAM_OF(numbers), &cx), FUT_PENDING);
    START(close, fut_stream_close, STREAM_OF(numbers));
    cr_assert_eq(fut_test_poll(&close.future, &woken), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&close.future, &woken), FUT_PENDING);
    fut_test_event_fire(&goodbye, 0);
    cr_assert_eq(fut_test_poll(&close.future, &woken), FUT_READY);
    cr_assert_eq(close.output, 0);
    cr_assert(fut_test_said("finally -125", "gone"));
    START(close, fut_stream_close, NULL);
    cr_assert_eq(fut_test_poll(&close.future, &woken), FUT_READY);
}

/* An endless stream that is always ready does not keep the task for ever. */
Test(stream, a_reader_has_its_turn_and_no_more) {
    const int             one = 1;
    fut_stream_repeat_t   ones;
    fut_test_waker_t      woken = {0};
    fut_context_t         cx;
    fut_stream_for_each_t each;
    fut_stream_filter_t   odd;
    const int             two = 2;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    cx.budget = 100;
    START(each, fut_stream_for_each, fut_stream_repeat(&ones, &one, sizeof one), fut_first_error, NULL);
    cr_assert_eq(fut_poll(&each.future, &cx), FUT_PENDING);
    cr_assert_eq(woken.wakes, 1u);
    fut_drop(&each.future);
    cx.budget                   = 100;
    fut_stream_t *const nothing = fut_stream_filter(&odd, fut_stream_repeat(&ones, &two, sizeof two), is_odd, NULL);
    cr_assert_eq(fut_stream_poll_next(nothing, &cx), FUT_PENDING);
    cr_assert_eq(woken.wakes, 2u);
    fut_stream_drop(nothing);
}

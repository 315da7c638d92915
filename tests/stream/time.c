/* Streams against a virtual clock. */
#include "kit.h"

static fut_virtual_clock_t *virtual_clock;
static fut_driver_t        *driver;
static fut_test_waker_t     woken;

static void open_clock(void) {
    virtual_clock = fut_virtual_clock_new();
    cr_assert_not_null(virtual_clock);
    driver = fut_virtual_clock_driver(virtual_clock);
    woken  = (fut_test_waker_t){0};
}
static void close_clock(void) {
    cr_assert_eq(driver->vtable->next(driver), FUT_NEVER, "a timer is left");
    fut_virtual_clock_free(virtual_clock);
}
static fut_poll_t poll_now(fut_stream_t *stream) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(&woken), driver);
    cr_assert_eq(driver->vtable->park(driver, FUT_NOW), 0);
    return fut_stream_poll_next(stream, &cx);
}
/* Milliseconds from now until it is READY. */
static int wait_for(fut_stream_t *stream) {
    int passed = 0;
    for (unsigned before = woken.wakes; poll_now(stream) == FUT_PENDING; before = woken.wakes) {
        if (woken.wakes != before) continue;
        cr_assert_lt(passed, 10000, "it does not come");
        fut_virtual_clock_advance(virtual_clock, FUT_MS(1));
        passed++;
    }
    return passed;
}
#define cr_gives(stream, value) cr_assert_eq(*(const int *)(stream)->item, value)

/* An item at each of these times, in milliseconds from the first poll; then the end. */
typedef struct timed {
    ASYNC_STREAM_FRAME(timed, int, const int *times);
    int         i;
    fut_sleep_t nap;
} timed_t;
ASYNC_STREAM(timed) {
    ASYNC_BEGIN();
    for (self->i = 0; self->times[self->i] >= 0; self->i++) {
        AWAIT_TRY(self->nap, fut_sleep, FUT_MS(self->times[self->i]));
        EMIT(self->i);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(stream, ticks_come_each_period) {
    fut_stream_ticks_t ticks;
    fut_stream_t      *s;
    open_clock();
    s = fut_stream_ticks(&ticks, FUT_MS(10), FUT_SKIP);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(wait_for(s), 10);
        cr_assert_eq(*(const int64_t *)s->item, 1);
    }
    fut_virtual_clock_advance(virtual_clock, FUT_MS(35));
    cr_assert_eq(wait_for(s), 0);
    cr_assert_eq(*(const int64_t *)s->item, 3);
    cr_assert_eq(poll_now(s), FUT_PENDING);
    fut_stream_drop(s);
    s = fut_stream_ticks(&ticks, 0, FUT_SKIP);
    cr_assert_eq(poll_now(s), FUT_READY);
    cr_assert_eq(s->error, -EINVAL);
    close_clock();
}

Test(stream, throttle_spaces_items_and_loses_none) {
    tap_t                 source;
    fut_stream_throttle_t throttle;
    fut_stream_t         *s;
    open_clock();
    s = fut_stream_throttle(&throttle, tap(&source, 0, 3), FUT_MS(10));
    cr_assert_eq(wait_for(s), 0);
    cr_gives(s, 0);
    for (int i = 1; i < 3; i++) {
        cr_assert_eq(wait_for(s), 10);
        cr_gives(s, i);
        cr_assert_eq(source.given, (unsigned)i + 1, "it asks for one when there is time for one");
    }
    cr_assert_eq(wait_for(s), 10);
    cr_assert_null(s->item);
    s = fut_stream_throttle(&throttle, tap(&source, 0, 3), FUT_MS(10));
    cr_assert_eq(wait_for(s), 0);
    cr_assert_eq(poll_now(s), FUT_PENDING);
    fut_stream_drop(s);
    cr_assert(tap_is_closed(&source));
    close_clock();
}

Test(stream, debounce_gives_the_last_of_a_burst) {
    static const int      times[] = {0, 2, 3, 50, 1, -1};
    timed_t               source;
    fut_stream_debounce_t debounce;
    fut_stream_t         *s;
    int                   latest;
    open_clock();
    START_STREAM(source, timed, times);
    s = fut_stream_debounce(&debounce, STREAM_OF(source), FUT_OUT(&latest), FUT_MS(10));
    cr_assert_eq(wait_for(s), 5 + 10);
    cr_gives(s, 2);
    cr_assert_eq(wait_for(s), 55 + 1 - 15, "the end does not wait");
    cr_gives(s, 4);
    cr_assert_eq(wait_for(s), 0);
    cr_assert(fut_stream_has_ended(s));
    START_STREAM(source, timed, times);
    s = fut_stream_debounce(&debounce, STREAM_OF(source), FUT_OUT(&latest), FUT_MS(10));
    cr_assert_eq(poll_now(s), FUT_PENDING);
    fut_stream_drop(s);
    close_clock();
}

Test(stream, timeout_is_for_each_item) {
    static const int     times[] = {5, 9, 11, -1};
    timed_t              source;
    fut_stream_timeout_t timeout;
    fut_stream_t        *s;
    open_clock();
    START_STREAM(source, timed, times);
    s = fut_stream_timeout(&timeout, STREAM_OF(source), FUT_MS(10));
    cr_assert_eq(wait_for(s), 5);
    cr_assert_eq(wait_for(s), 9);
    cr_gives(s, 1);
    cr_assert_eq(wait_for(s), 10);
    cr_assert_null(s->item);
    cr_assert_eq(s->error, -ETIMEDOUT);
    cr_assert(fut_stream_has_ended(STREAM_OF(source)), "the source has been cancelled");
    close_clock();
}

static int sizes(const fut_stream_t *s) { return (int)((const fut_chunk_t *)s->item)->count; }
Test(stream, chunks_timeout_does_not_keep_items_for_long) {
    static const int            times[] = {0, 0, 0, 4, 30, 1, -1};
    timed_t                     source;
    fut_stream_chunks_timeout_t chunks;
    fut_stream_t               *s;
    int                         room[3];
    open_clock();
    START_STREAM(source, timed, times);
    s = fut_stream_chunks_timeout(&chunks, STREAM_OF(source), FUT_ARRAY(room), FUT_MS(10));
    cr_assert_eq(wait_for(s), 0);
    cr_assert_eq(sizes(s), 3);
    cr_assert_eq(wait_for(s), 4 + 10);
    cr_assert_eq(sizes(s), 1);
    cr_assert_eq(wait_for(s), 20 + 1);
    cr_assert_eq(sizes(s), 2, "the end gives out what is there");
    cr_assert_eq(wait_for(s), 0);
    cr_assert(fut_stream_has_ended(s));
    START_STREAM(source, timed, times + 3);
    s = fut_stream_chunks_timeout(&chunks, STREAM_OF(source), FUT_ARRAY(room), FUT_MS(10));
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(poll_now(s), FUT_PENDING);
        fut_virtual_clock_advance(virtual_clock, FUT_MS(1));
    }
    fut_stream_drop(s);
    close_clock();
}

static int error_of(fut_stream_t *stream) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    while (fut_stream_poll_next(stream, &cx) == FUT_PENDING) {}
    while (stream->item) (void)!fut_stream_poll_next(stream, &cx);
    return stream->error;
}
Test(stream, without_a_clock_it_is_said) {
    tap_t                       source;
    fut_stream_ticks_t          ticks;
    fut_stream_throttle_t       throttle;
    fut_stream_debounce_t       debounce;
    fut_stream_timeout_t        timeout;
    fut_stream_chunks_timeout_t chunks;
    int                         room[2], latest;
    cr_assert_eq(error_of(fut_stream_ticks(&ticks, 1, FUT_SKIP)), -ENOTSUP);
    cr_assert_eq(error_of(fut_stream_throttle(&throttle, tap(&source, 0, 3), 1)), -ENOTSUP);
    cr_assert(tap_is_closed(&source));
    cr_assert_eq(error_of(fut_stream_debounce(&debounce, tap(&source, 0, 3), FUT_OUT(&latest), 1)), -ENOTSUP);
    fut_stream_t *s  = fut_stream_timeout(&timeout, tap(&source, 0, 3), 1);
    source.hesitates = 1;
    cr_assert_eq(error_of(s), -ENOTSUP);
    s                = fut_stream_chunks_timeout(&chunks, tap(&source, 0, 1), FUT_ARRAY(room), 1);
    source.hesitates = 1;
    cr_assert_eq(error_of(s), -ENOTSUP);
}

/* kit.h: a source that hesitates and keeps books, and reading to the end. */
#ifndef TESTS_STREAM_KIT_H
#define TESTS_STREAM_KIT_H

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "future/stream.h"
#include "future/test.h"

/* first, first + step, ...: so many, then the error. Between two of them it is pending so many times, and wakes itself. */
typedef struct tap {
    fut_stream_from_poll_t stream;
    int                    next, step, left, error;
    unsigned               hesitates, hesitated;
    unsigned               given, polls, drops, ends;
    int                    item;
} tap_t;

static inline fut_poll_t tap_poll(void *data, fut_context_t *cx, void *item, int *answer) {
    tap_t *const self = data;
    self->polls++;
    if (self->hesitated < self->hesitates) {
        self->hesitated++;
        fut_wake(fut_context_waker(cx));
        return FUT_PENDING;
    }
    self->hesitated = 0;
    if (self->left == 0) {
        self->ends++;
        *answer = self->error;
        return FUT_READY;
    }
    *(int *)item = self->next;
    self->next += self->step;
    self->left--;
    self->given++;
    *answer = 1;
    return FUT_READY;
}
static inline void tap_drop(void *data) { ((tap_t *)data)->drops++; }

static inline fut_stream_t *tap(tap_t *self, int first, int count) {
    *self = (tap_t){.next = first, .step = 1, .left = count};
    return fut_stream_from_poll(&self->stream, FUT_OUT(&self->item), tap_poll, tap_drop, self);
}
/* It was told once that nobody reads it any more, by its own end or by another's. */
static inline bool tap_is_closed(const tap_t *self) { return self->drops + self->ends == 1; }

/* What fut_stream_collect answers. */
static inline int read_all(fut_stream_t *stream, int *items, size_t room) {
    fut_stream_collect_t collect;
    START(collect, fut_stream_collect, stream, items, room);
    cr_assert_eq(fut_test_run(&collect.future), FUT_READY);
    cr_assert(fut_stream_has_ended(stream));
    return collect.output;
}

/* The items, and nothing behind them. */
#define cr_reads(stream, ...)                                                                                          \
    do {                                                                                                               \
        const int expected_[] = {__VA_ARGS__};                                                                         \
        int       items_[64];                                                                                          \
        const int count_ = read_all(stream, items_, 64);                                                               \
        cr_assert_eq(count_, (int)(sizeof expected_ / sizeof *expected_), "%d items", count_);                         \
        cr_assert_arr_eq(items_, expected_, sizeof expected_);                                                         \
    } while (0)

static inline bool is_odd(void *data, const void *item) { return (void)data, *(const int *)item % 2 != 0; }
static inline bool is_small(void *data, const void *item) { return *(const int *)item < *(const int *)data; }
static inline void times_ten(void *data, const void *item, void *out) {
    (void)data;
    *(int *)out = *(const int *)item * 10;
}

#endif

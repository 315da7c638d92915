/* kit.h: polling leaves by hand, each with a counter of its own. */
#ifndef TESTS_CHANNEL_KIT_H
#define TESTS_CHANNEL_KIT_H

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "future/channel.h"
#include "future/test.h"

#define POLL(leaf, counter)       fut_test_poll(&(leaf).future, &(counter))
#define cr_pending(leaf, counter) cr_assert_eq(POLL(leaf, counter), FUT_PENDING)
#define cr_ready(leaf, counter, expected)                                                                              \
    do {                                                                                                               \
        cr_assert_eq(POLL(leaf, counter), FUT_READY);                                                                  \
        cr_assert_eq((leaf).output, (expected));                                                                       \
    } while (0)

/* Numbers that look random and are the same every time. */
static inline unsigned any_of(unsigned *seed, unsigned n) {
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

/* What was done, for the message of a failure: the latest words. */
typedef struct trace {
    char   text[2048];
    size_t used;
} trace_t;
__attribute__((format(printf, 2, 3), unused)) static void note(trace_t *trace, const char *format, ...) {
    va_list arguments;
    if (trace->used > sizeof trace->text - 64) {
        memmove(trace->text, trace->text + sizeof trace->text / 2, trace->used - sizeof trace->text / 2 + 1);
        trace->used -= sizeof trace->text / 2;
    }
    va_start(arguments, format);
    trace->used += (size_t)vsnprintf(trace->text + trace->used, 64, format, arguments);
    va_end(arguments);
}

#endif

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

#endif

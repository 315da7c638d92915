/* An async function and a future written by hand which other files may embed and await: what their headers look like. */
#ifndef TESTS_MACROS_DECLARED_H
#define TESTS_MACROS_DECLARED_H

#include "future.h"
#include "future/test.h"

typedef struct declared {
    ASYNC_FRAME(declared, int, fut_test_event_t *event; int factor);
    fut_test_wait_t wait;
} declared_t;
ASYNC_DECLARE(declared);

typedef struct by_hand {
    FUT_FUTURE(by_hand, int, int times);
} by_hand_t;
FUT_DECLARE(by_hand);

/* One without arguments, and one that never names its file's vtable otherwise. */
typedef struct declared_plain {
    ASYNC_FRAME(declared_plain, void);
} declared_plain_t;
ASYNC_DECLARE(declared_plain);

#endif

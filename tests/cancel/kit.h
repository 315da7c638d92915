/* kit.h: what the tests of this folder share: an executor on a clock that jumps, and functions that say how they
 * end. */
#ifndef TESTS_CANCEL_KIT_H
#define TESTS_CANCEL_KIT_H

#include "../time/clock.h"
#include "future/cancel.h"
#include "future/deadline.h"
#include "future/local.h"
#include "future/scope.h"

#define POLL(leaf, counter)       fut_test_poll(&(leaf).future, &(counter))
#define cr_pending(leaf, counter) cr_assert_eq(POLL(leaf, counter), FUT_PENDING)
#define cr_ready(leaf, counter, expected)                                                                              \
    do {                                                                                                               \
        cr_assert_eq(POLL(leaf, counter), FUT_READY);                                                                  \
        cr_assert_eq((leaf).output, (expected), "%d", (int)(leaf).output);                                             \
    } while (0)

/* Waits for an event, returns its value; then says how it ended, and waits for `goodbye` where there is one. */
typedef struct worker {
    ASYNC_FRAME(worker, int, fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t wait;
} worker_t;
ASYNC(worker) {
    ASYNC_BEGIN();
    fut_test_say("begins");
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("%s %d", self->output == -ECANCELED ? "cancelled" : "got", self->output);
    if (self->goodbye) {
        AWAIT(self->wait, fut_test_wait, self->goodbye);
        fut_test_say("%s", self->wait.output == -ECANCELED ? "cut" : "ends");
    }
    ASYNC_END();
}

#endif

/* rate_limiter.h: n in each second.                            layer: sync; needs: core, driver interface, time
 *
 *     fut_rate_limiter_init(&limiter, 10, FUT_MS(100));                    // bursts of 10, then 10 a second
 *     AWAIT_TRY(self->turn, fut_rate_limiter_acquire, &limiter, 1);
 *
 * A token bucket: full at first, one token more every period, never more than the capacity. First come, first served: who
 * wants many is not passed by those who want few. Only the first in line has a timer, on the clock of its own
 * executor; so tasks of several executors share a limiter if their clocks agree.
 */
#ifndef FUT_RATE_LIMITER_H
#define FUT_RATE_LIMITER_H

#include "time.h"
#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* 40 bytes. It stays where it is. All but the word: under the lock of the list. */
typedef struct fut_rate_limiter {
    uint32_t       word; /* atomic. Bit 0: the lock of the list                  */
    uint32_t       capacity, tokens;
    fut_duration_t period;   /* of one token                                         */
    fut_instant_t  refilled; /* up to here the tokens are counted; full: nothing yet */
    fut_waiters_t  waiters;
} fut_rate_limiter_t;

/* 0; -EINVAL: no capacity, or a period that is not positive. */
int fut_rate_limiter_init(fut_rate_limiter_t *limiter, uint32_t capacity, fut_duration_t period);
/* Stops where somebody waits. It need not be called: there is nothing to release. */
void fut_rate_limiter_destroy(fut_rate_limiter_t *limiter);
/* 0; -EAGAIN: not enough, or somebody waits; -EINVAL: more than the capacity. `now`: fut_now(cx). Any thread. */
FUT_MUST_USE int fut_rate_limiter_try_acquire(fut_rate_limiter_t *limiter, uint32_t tokens, fut_instant_t now);

#ifndef __cplusplus
/* fut_rate_limiter_acquire: ready when `tokens` were taken for whoever awaits. Output: 0; -EINVAL: more than the capacity;
 * -ENOTSUP: the executor has no clock; -ECANCELED. Any executor's thread. Cancelling loses the place in the queue, and no
 * token: they are taken in the poll that answers READY. */
typedef struct fut_rate_limiter_acquire {
    FUT_FUTURE(fut_rate_limiter_acquire, int, fut_rate_limiter_t *limiter; uint32_t tokens);
    fut_waiter_t      waiter;
    fut_sleep_until_t sleep;
    bool              sleeping; /* the slot above was started */
} fut_rate_limiter_acquire_t;
FUT_DECLARE(fut_rate_limiter_acquire);
#endif

#ifdef __cplusplus
}
#endif
#endif

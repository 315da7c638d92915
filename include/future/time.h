/* time.h: sleep, interval, timeout, and a clock for tests.            layer: time; needs: core, driver interface
 *
 *     AWAIT(self->nap, fut_sleep, FUT_MS(20));
 *     AWAIT(self->nap, fut_sleep_until, deadline);
 *     AWAIT(self->limit, fut_timeout, &self->child.future, FUT_S(1));     // the child was STARTed
 *     AWAIT(self->tick, fut_interval_tick, &self->interval);
 *
 * The price: a sleeping future holds one node of 48 bytes in the driver's timer wheel; insert and cancel are O(1) and
 * allocate nothing. Never early; late by what the system and the other tasks need. Timers that are due together fire
 * in the order of their deadlines, equal ones in the order in which they were inserted.
 *
 * Durations are signed nanoseconds; zero and less is over at once. Instants are nanoseconds of the driver's clock; sums
 * saturate at FUT_NEVER, a deadline that does not come.
 *
 * Outputs: 0, or -ENOTSUP where the executor has no clock, or -ECANCELED. Executor's thread. Cancelling loses
 * nothing.
 */
#ifndef FUT_TIME_H
#define FUT_TIME_H

#include "driver.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int64_t fut_duration_t;

#define FUT_NS(n)  ((fut_duration_t)(n))
#define FUT_US(n)  ((fut_duration_t)(n)*1000)
#define FUT_MS(n)  ((fut_duration_t)(n)*1000000)
#define FUT_S(n)   ((fut_duration_t)(n)*1000000000)
#define FUT_MIN(n) ((fut_duration_t)(n)*60000000000)

/* The driver's clock; FUT_NOW (0) without a driver. */
fut_instant_t fut_now(const fut_context_t *cx);
/* instant + duration, between 0 and FUT_NEVER. */
fut_instant_t fut_instant_add(fut_instant_t instant, fut_duration_t duration);

/* fut_sleep: ready when `duration` has passed since the first poll.
 *
 *     first poll      due: READY. Otherwise link the node, PENDING
 *     deadline        the driver unlinks the node, then wakes
 *     next poll       node not linked: READY
 *     drop            unlink
 */
typedef struct fut_sleep {
#ifdef __cplusplus
    fut_timer_t timer;
#else
    FUT_JOIN_TYPE_(fut_sleep, int);
    union {
        fut_future_t future;
        char         fut_kind_[1 + FUT_BY_HAND_];
        fut_timer_t  timer;
        struct {
            char skip_[offsetof(fut_timer_t, deadline)];
            union { /* one after the other, in the place of the deadline: that keeps a million of them small */
                struct fut_sleep_args {
                    fut_duration_t duration;
                } args;
                char fut_takes_arguments_;
                int  output;
            };
        };
    };
#endif
} fut_sleep_t;

/* fut_sleep_until: ready at `deadline`; at once where that was past when the driver last looked at its clock. */
typedef struct fut_sleep_until {
#ifdef __cplusplus
    fut_timer_t timer;
#else
    FUT_JOIN_TYPE_(fut_sleep_until, int);
    union {
        fut_future_t future;
        char         fut_kind_[1 + FUT_BY_HAND_];
        fut_timer_t  timer;
        struct {
            char skip_[offsetof(fut_timer_t, deadline)];
            union {
                struct fut_sleep_until_args {
                    fut_instant_t deadline;
                } args;
                char fut_takes_arguments_;
                int  output;
            };
        };
    };
#endif
} fut_sleep_until_t;

FUT_DECLARE(fut_sleep);
FUT_DECLARE(fut_sleep_until);

#ifndef __cplusplus
/* fut_timeout: await `child`, a started future, for at most `duration`. 0: the child completed, read its output.
 * -ETIMEDOUT: it did not; it was cancelled gracefully, and its FINALLY has ended. Dropping the timeout drops the child.
 * The child belongs to the caller and outlives the timeout. */
typedef struct fut_timeout {
    FUT_FUTURE(fut_timeout, int, fut_future_t *child; fut_duration_t duration);
    fut_future_t *leaf; /* of the child: a wake costs the same at any depth under a timeout, too */
    fut_sleep_t   sleep;
} fut_timeout_t;
FUT_DECLARE(fut_timeout);
#endif

/* An interval: ticks at start + period, start + 2 * period, ... What happens after a tick that was missed (the task was
 * busy, the process was stopped):
 *
 *     FUT_BURST    ticks follow at once until it has caught up         0 10 20 |30 40 50| 60
 *     FUT_DELAY    the next comes one period after the late one        0 10 20       50   60 70, shifted for good
 *     FUT_SKIP     the missed ones are left out, the grid stays        0 10 20       50   60
 */
typedef enum { FUT_BURST, FUT_DELAY, FUT_SKIP } fut_missed_t;
typedef struct fut_interval {
    fut_instant_t  next;
    fut_duration_t period;
    fut_missed_t   missed;
} fut_interval_t;

/* The first tick is due one period from now. -EINVAL: the period is not positive. */
int fut_interval_init(fut_interval_t *interval, const fut_context_t *cx, fut_duration_t period, fut_missed_t missed);

#ifndef __cplusplus
/* Ready at the next tick. Output: how many periods this tick stands for, 1 or, with FUT_SKIP, more. Cancelling loses
 * nothing: the tick is still due. */
typedef struct fut_interval_tick {
    FUT_FUTURE(fut_interval_tick, int64_t, fut_interval_t *interval);
    fut_sleep_until_t sleep;
} fut_interval_tick_t;
FUT_DECLARE(fut_interval_tick);
#endif

/* ---- A clock that jumps ------------------------------------------------------------------- */

/* A driver without descriptors, whose clock stands still while tasks run and jumps to the next deadline when none
 * can: a test of hours takes microseconds and is the same every time. Starts at one second. */
typedef struct fut_virtual_clock fut_virtual_clock_t;

fut_virtual_clock_t *fut_virtual_clock_new(void); /* NULL: out of memory */
void                 fut_virtual_clock_free(fut_virtual_clock_t *clock);
fut_driver_t        *fut_virtual_clock_driver(fut_virtual_clock_t *clock);
/* Move it by hand; what falls due fires at the next park. Negative durations count as zero. */
void fut_virtual_clock_advance(fut_virtual_clock_t *clock, fut_duration_t duration);

#ifdef __cplusplus
}
#endif
#endif

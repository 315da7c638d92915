/* semaphore.h: a number of permits; whoever wants some waits until there are enough.     layer: sync; needs: core
 *
 *     AWAIT_TRY(self->slot, fut_semaphore_acquire, &pool->connections, 1);
 *     ...
 *     fut_semaphore_release(&pool->connections, 1);
 *
 * First come, first served: who wants many is not passed by those who want few; they wait behind.
 */
#ifndef FUT_SEMAPHORE_H
#define FUT_SEMAPHORE_H

#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FUT_SEMAPHORE_MAX ((uint32_t)0x1fffffff)

/* ---- Any thread --------------------------------------------------------------------------- */

/* 16 bytes. It stays where it is.
 *
 *     bit 0       the lock of the list: src/sync/waiters.h
 *     WAITERS     the list is not empty: who comes lines up, who releases looks
 *     CLOSED      never cleared
 *     the rest    permits that nobody has, times FUT_SEMAPHORE_ONE_ */
typedef struct fut_semaphore {
    uint32_t      word; /* atomic */
    uint32_t      capacity;
    fut_waiters_t waiters;
} fut_semaphore_t;
enum { FUT_SEMAPHORE_WAITERS_ = 2, FUT_SEMAPHORE_CLOSED_ = 4, FUT_SEMAPHORE_ONE_ = 8 };

/* So many permits at first, and so many at most. 0; -EINVAL: permits > capacity, or capacity > FUT_SEMAPHORE_MAX. */
int fut_semaphore_init(fut_semaphore_t *semaphore, uint32_t permits, uint32_t capacity);
/* Stops where somebody waits. It need not be called: there is nothing to release. */
void fut_semaphore_destroy(fut_semaphore_t *semaphore);

/* 0; -EAGAIN: not enough, or somebody was here before; -EINVAL: more than the capacity; -EPIPE: closed. Any thread. */
FUT_MUST_USE int fut_semaphore_try_acquire(fut_semaphore_t *semaphore, uint32_t permits);
/* Give some back, or put new ones in. Stops above the capacity: somebody releases what he has not acquired. Any thread. */
void fut_semaphore_release(fut_semaphore_t *semaphore, uint32_t permits);
/* Whoever waits, and whoever comes, gets -EPIPE. Permits that were acquired are released as before. Idempotent. Any
 * thread. */
void fut_semaphore_close(fut_semaphore_t *semaphore);
/* How many nobody has. A moment later it may be wrong. */
uint32_t fut_semaphore_available(const fut_semaphore_t *semaphore);
/* For a plain thread. 0 or the errors of acquire; -EDEADLK as in fut_wait_on_thread. */
FUT_MUST_USE int fut_semaphore_acquire_blocking(fut_semaphore_t *semaphore, uint32_t permits);

#ifndef __cplusplus
/* fut_semaphore_acquire: ready when `permits` belong to whoever awaits. Output: 0; -EINVAL: more than the capacity;
 * -EPIPE: closed; -ECANCELED. Any executor's thread. Cancelling loses the place in the queue; what was granted already goes
 * back, and on to the next. Awaiting none is ready at once. */
typedef struct fut_semaphore_acquire {
    FUT_FUTURE(fut_semaphore_acquire, int, fut_semaphore_t *semaphore; uint32_t permits);
    fut_waiter_t waiter;
} fut_semaphore_acquire_t;
FUT_DECLARE(fut_semaphore_acquire);
#endif

/* ---- One thread --------------------------------------------------------------------------- */

/* The same for futures which are all polled by one thread: no atomics. An executor sees a deadlock among those who wait. */
typedef struct fut_local_semaphore {
    uint32_t      permits, capacity;
    fut_waiters_t waiters;
    bool          closed;
} fut_local_semaphore_t;

int              fut_local_semaphore_init(fut_local_semaphore_t *semaphore, uint32_t permits, uint32_t capacity);
void             fut_local_semaphore_destroy(fut_local_semaphore_t *semaphore);
FUT_MUST_USE int fut_local_semaphore_try_acquire(fut_local_semaphore_t *semaphore, uint32_t permits);
void             fut_local_semaphore_release(fut_local_semaphore_t *semaphore, uint32_t permits);
void             fut_local_semaphore_close(fut_local_semaphore_t *semaphore);

#ifndef __cplusplus
typedef struct fut_local_semaphore_acquire {
    FUT_FUTURE(fut_local_semaphore_acquire, int, fut_local_semaphore_t *semaphore; uint32_t permits);
    fut_waiter_t waiter;
} fut_local_semaphore_acquire_t;
FUT_DECLARE(fut_local_semaphore_acquire);
#endif

#ifdef __cplusplus
}
#endif
#endif

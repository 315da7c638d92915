/* mutex.h: a lock that may be held across an AWAIT.                          layer: sync; needs: core
 *
 *     START(self->lock, fut_mutex_lock, &shared->mutex);      // before the first AWAIT: FINALLY can tell
 *     AWAIT(self->lock, fut_mutex_lock, &shared->mutex);
 *     ...                                                     // may AWAIT
 *     ASYNC_FINALLY();
 *     fut_mutex_release(&self->lock);                         // unlocks if it is locked by this slot
 *
 * First come, first served: a mutex that somebody waits for is handed over, never free for a moment. So nobody starves,
 * a waiter is polled once, and one that is dropped hands on what it was given. The price of handing over: each turn under
 * contention costs a wake, where a lock that may be snatched costs less and starves some. A section that does not AWAIT
 * is short, and is better guarded by a pthread_mutex_t, or, in one thread, by nothing.
 *
 * Who holds it is not kept: whoever knows that it is locked for him may unlock it, on any thread.
 */
#ifndef FUT_MUTEX_H
#define FUT_MUTEX_H

#include "alone.h"
#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Any thread --------------------------------------------------------------------------- */

/* 16 bytes. All zero, or FUT_MUTEX_INIT: not locked. It stays where it is. */
typedef struct fut_mutex {
    uint32_t      word; /* atomic, see below */
    fut_waiters_t waiters;
} fut_mutex_t;
#define FUT_MUTEX_INIT                                                                                                 \
    {                                                                                                                  \
        0, { NULL }                                                                                                    \
    }

/* The word. Who compares and swaps without the list's lock expects exactly 0 or FUT_MUTEX_LOCKED_.
 *
 *     1           the lock of the list: src/sync/waiters.h
 *     LOCKED      set by whoever finds it clear; handed over, it stays set; cleared by unlocking where nobody waits
 *     WAITERS     the list is not empty: unlocking must look
 *     KNOWN       a checked build has noted who locked it: unlocking must strike that out */
enum { FUT_MUTEX_LOCKED_ = 2, FUT_MUTEX_WAITERS_ = 4, FUT_MUTEX_KNOWN_ = 8 };

void fut_mutex_init(fut_mutex_t *mutex);
/* Stops where it is locked or somebody waits. It need not be called: there is nothing to release. */
void fut_mutex_destroy(fut_mutex_t *mutex);

void fut_mutex_unlock_slow_(fut_mutex_t *mutex);

/* The functions below are a compare-and-swap each, with no look before it: that would wait for the swap of the last one. Taking
 * acquires what the last unlock released. */
FUT_INLINE_ bool fut_mutex_change_(fut_mutex_t *mutex, uint32_t from, uint32_t to, int order) {
#if defined(FUT_CAN_BE_ALONE_)
    if (FUT_ALONE_) return FUT_BARE_CAS_(&mutex->word, &from, to);
#endif
    return __atomic_compare_exchange_n(&mutex->word, &from, to, false, order, __ATOMIC_RELAXED);
}
FUT_INLINE_ bool fut_mutex_take_(fut_mutex_t *mutex) {
    return fut_mutex_change_(mutex, 0, FUT_MUTEX_LOCKED_, __ATOMIC_ACQUIRE);
}

/* Locked? False: somebody has it. Any thread; does not wait. */
FUT_MUST_USE FUT_INLINE_ bool fut_mutex_try_lock(fut_mutex_t *mutex) { return fut_mutex_take_(mutex); }

/* Any thread. Wakes the next, and hands it the mutex. Stops where the mutex is not locked. */
FUT_INLINE_ void fut_mutex_unlock(fut_mutex_t *mutex) {
    if (!fut_mutex_change_(mutex, FUT_MUTEX_LOCKED_, 0, __ATOMIC_RELEASE)) fut_mutex_unlock_slow_(mutex);
}

/* For a plain thread: sleeps until it is locked. 0. -EDEADLK: called inside of a poll, which would stop its executor; only
 * checked builds can tell, and only where it would have to wait. */
FUT_MUST_USE int fut_mutex_lock_blocking(fut_mutex_t *mutex);

#ifndef __cplusplus

/* fut_mutex_lock: ready when the mutex is locked for whoever awaits. Output: 0, or -ECANCELED: not locked. Any
 * executor's thread. Cancelling loses the place in the queue; a mutex that was handed over already goes to the next. */
typedef struct fut_mutex_lock {
    FUT_FUTURE(fut_mutex_lock, int, fut_mutex_t *mutex);
    fut_waiter_t waiter;
} fut_mutex_lock_t;

FUT_SPAWNED_(fut_mutex_lock)
extern const fut_vtable_t fut_mutex_lock_vtable;
fut_poll_t                fut_mutex_lock_slow_(fut_mutex_lock_t *self, fut_context_t *cx);

FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_mutex_lock_poll(fut_mutex_lock_t *self, fut_context_t *cx) {
#if !defined(FUT_CHECKED) /* which notes who locked it */
    if (self->future.point == FUT_POINT_START && cx->budget > 0 && fut_mutex_take_(self->mutex)) {
        cx->budget--;
        self->output = 0;
        return fut_ready(&self->future);
    }
#endif
    return fut_mutex_lock_slow_(self, cx);
}

/* Does this slot hold its mutex? It was awaited with output 0, and not released. The slot was started at least. */
FUT_INLINE_ bool fut_mutex_is_held(const fut_mutex_lock_t *lock) {
    return fut_is_done(&lock->future) && lock->output == 0;
}
/* For FINALLY: unlock if the slot holds the mutex; stop waiting if it waits; otherwise nothing. Idempotent: the slot's
 * output is then -ECANCELED. */
FUT_INLINE_ void fut_mutex_release(fut_mutex_lock_t *lock) {
    if (fut_mutex_is_held(lock)) {
        lock->output = -FUT_ECANCELED;
        fut_mutex_unlock(lock->mutex);
    } else {
        fut_drop(&lock->future);
    }
}

#endif /* __cplusplus */

/* ---- One thread --------------------------------------------------------------------------- */

/* The same for futures which are all polled by one thread: no atomics. An executor sees a deadlock
 * among those who wait for it. 16 bytes; zeros: not locked. */
typedef struct fut_local_mutex {
    bool          locked;
    fut_waiters_t waiters;
} fut_local_mutex_t;
#define FUT_LOCAL_MUTEX_INIT                                                                                           \
    {                                                                                                                  \
        false, { NULL }                                                                                                \
    }

void fut_local_mutex_init(fut_local_mutex_t *mutex);
void fut_local_mutex_destroy(fut_local_mutex_t *mutex);
void fut_local_mutex_unlock_slow_(fut_local_mutex_t *mutex);

FUT_MUST_USE FUT_INLINE_ bool fut_local_mutex_try_lock(fut_local_mutex_t *mutex) {
    if (mutex->locked) return false;
    return mutex->locked = true;
}
FUT_INLINE_ void fut_local_mutex_unlock(fut_local_mutex_t *mutex) {
    if (FUT_RARELY_(mutex->waiters.first || !mutex->locked))
        fut_local_mutex_unlock_slow_(mutex);
    else
        mutex->locked = false;
}

#ifndef __cplusplus

typedef struct fut_local_mutex_lock {
    FUT_FUTURE(fut_local_mutex_lock, int, fut_local_mutex_t *mutex);
    fut_waiter_t waiter;
} fut_local_mutex_lock_t;

FUT_SPAWNED_(fut_local_mutex_lock)
extern const fut_vtable_t fut_local_mutex_lock_vtable;
fut_poll_t                fut_local_mutex_lock_slow_(fut_local_mutex_lock_t *self, fut_context_t *cx);

FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_local_mutex_lock_poll(fut_local_mutex_lock_t *self, fut_context_t *cx) {
    if (FUT_RARELY_(self->future.point != FUT_POINT_START || cx->budget == 0 || self->mutex->locked))
        return fut_local_mutex_lock_slow_(self, cx);
    cx->budget--;
    self->mutex->locked = true;
    self->output        = 0;
    return fut_ready(&self->future);
}

FUT_INLINE_ bool fut_local_mutex_is_held(const fut_local_mutex_lock_t *lock) {
    return fut_is_done(&lock->future) && lock->output == 0;
}
FUT_INLINE_ void fut_local_mutex_release(fut_local_mutex_lock_t *lock) {
    if (fut_local_mutex_is_held(lock)) {
        lock->output = -FUT_ECANCELED;
        fut_local_mutex_unlock(lock->mutex);
    } else {
        fut_drop(&lock->future);
    }
}

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif

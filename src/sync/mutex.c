/* mutex.c: what is not a single compare-and-swap.                            layer: sync; needs: core
 *
 *     first poll      free: take it, READY. Otherwise line up, PENDING
 *     unlock          nobody waits: free. Otherwise the first is taken out, GRANTED; the mutex stays locked, for it
 *     next poll       GRANTED: READY
 *     drop            QUEUED: leave the line. GRANTED: unlock
 */
#include "futurelock.h"
#include "future/mutex.h"
#include "misuse.h"
#include "waiters.h"

enum { LOCKED = FUT_MUTEX_LOCKED_, WAITERS = FUT_MUTEX_WAITERS_, KNOWN = FUT_MUTEX_KNOWN_ };

void fut_mutex_init(fut_mutex_t *mutex) { *mutex = (fut_mutex_t)FUT_MUTEX_INIT; }

void fut_mutex_destroy(fut_mutex_t *mutex) {
    const uint32_t word = fut__enter(&mutex->word);
    if (mutex->waiters.first) FUT__MISUSE("fut_mutex_destroy", "somebody waits for this mutex");
    if (word & LOCKED) FUT__MISUSE("fut_mutex_destroy", "this mutex is locked");
    fut__leave(&mutex->word, word);
}

/* ---- unlock --------------------------------------------------------------------------------- */

static uint32_t still_waited_for(const fut_mutex_t *mutex) { return mutex->waiters.first ? WAITERS : 0; }

void fut_mutex_unlock_slow_(fut_mutex_t *mutex) {
    const uint32_t      word  = fut__enter(&mutex->word);
    fut_waiter_t *const first = mutex->waiters.first;
    fut_waker_t         waker = {NULL, 0};
    uint32_t            next  = 0;
    if (!(word & LOCKED)) FUT__MISUSE("fut_mutex_unlock", "this mutex is not locked");
    if (word & KNOWN) fut__forget_owner(mutex);
    if (first) {
        if (fut__watching() && fut__note_grant(mutex, first)) next = KNOWN;
        waker = fut__take_out(&mutex->waiters, first, FUT_WAITER_GRANTED);
        next |= LOCKED | still_waited_for(mutex);
    }
    fut__leave(&mutex->word, next);
    fut__wake(waker);
}

/* ---- lock ----------------------------------------------------------------------------------- */

static void note_owner(const fut_mutex_lock_t *self, fut_context_t *cx) {
    const uint32_t known = fut__note_owner(self, cx) ? KNOWN : 0;
    const uint32_t word  = fut__enter(&self->mutex->word);
    fut__leave(&self->mutex->word, (word & ~(uint32_t)KNOWN) | known);
}

static fut_poll_t locked(fut_mutex_lock_t *self, fut_context_t *cx) {
    if (fut__watching()) note_owner(self, cx);
    self->output = 0;
    return fut_ready(&self->future);
}

static fut_poll_t begin(fut_mutex_lock_t *self, fut_context_t *cx) {
    fut_mutex_t *const mutex = self->mutex;
    uint32_t           word;
    if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line yet */
    word = fut__enter(&mutex->word);
    if (!(word & LOCKED)) {
        fut__leave(&mutex->word, word | LOCKED);
        return locked(self, cx);
    }
    if (fut__watching()) fut__note_waiter(self, cx);
    fut__queue(&mutex->waiters, &self->waiter, cx);
    fut__leave(&mutex->word, word | WAITERS);
    return fut_pending(&self->future);
}

fut_poll_t fut_mutex_lock_slow_(fut_mutex_lock_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) return begin(self, cx);
    if (fut__poll_waiter(&self->mutex->word, &self->waiter, cx) != FUT_WAITER_QUEUED) return locked(self, cx);
    if (fut__watching()) fut__look_for_futurelock(self, cx);
    return FUT_PENDING;
}

int fut_mutex_lock_blocking(fut_mutex_t *mutex) {
    fut_mutex_lock_t lock;
    if (fut_mutex_take_(mutex)) return 0;
    FUT_START(lock, fut_mutex_lock, mutex);
    return fut_wait_on_thread(&lock.future);
}

/* ---- drop, describe ------------------------------------------------------------------------- */

static void mutex_lock_drop(fut_future_t *future) {
    fut_mutex_lock_t *const self  = (fut_mutex_lock_t *)(void *)future;
    fut_mutex_t *const      mutex = self->mutex;
    if (future->point == FUT_POINT_START) return;
    if (fut__watching()) fut__forget_waiter(self);
    if (!fut__leave_line(&mutex->word, &mutex->waiters, &self->waiter, WAITERS)) fut_mutex_unlock(mutex);
}

static void mutex_lock_describe(const fut_future_t *future, fut_note_t *note) {
    note->text = fut__describe_owner((const fut_mutex_lock_t *)(const void *)future);
}

FUT_DEFINE_DECLARED(fut_mutex_lock, .drop = mutex_lock_drop, .describe = mutex_lock_describe, .loses = FUT_LOSES_PLACE);

/* ---- One thread ------------------------------------------------------------------------------- */

void fut_local_mutex_init(fut_local_mutex_t *mutex) { *mutex = (fut_local_mutex_t)FUT_LOCAL_MUTEX_INIT; }

void fut_local_mutex_destroy(fut_local_mutex_t *mutex) {
    if (mutex->waiters.first) FUT__MISUSE("fut_local_mutex_destroy", "somebody waits for this mutex");
    if (mutex->locked) FUT__MISUSE("fut_local_mutex_destroy", "this mutex is locked");
}

void fut_local_mutex_unlock_slow_(fut_local_mutex_t *mutex) {
    fut_waiter_t *const first = mutex->waiters.first;
    if (!mutex->locked) FUT__MISUSE("fut_local_mutex_unlock", "this mutex is not locked");
    fut_wake(fut__take_out_here(&mutex->waiters, first, FUT_WAITER_GRANTED));
}

fut_poll_t fut_local_mutex_lock_slow_(fut_local_mutex_lock_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING;
        if (self->mutex->locked) {
            fut__queue_here(&self->mutex->waiters, &self->waiter, cx);
            return fut_pending(&self->future);
        }
        self->mutex->locked = true;
    } else if (fut__poll_waiter_here(&self->waiter, cx) == FUT_WAITER_QUEUED) {
        return FUT_PENDING;
    }
    self->output = 0;
    return fut_ready(&self->future);
}

static void local_mutex_lock_drop(fut_future_t *future) {
    fut_local_mutex_lock_t *const self = (fut_local_mutex_lock_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    if (self->waiter.state == FUT_WAITER_QUEUED)
        fut__unlink(&self->mutex->waiters, &self->waiter);
    else
        fut_local_mutex_unlock(self->mutex);
}

static void local_mutex_lock_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "a mutex of one thread";
}

FUT_DEFINE_DECLARED(fut_local_mutex_lock, .drop = local_mutex_lock_drop, .describe = local_mutex_lock_describe,
                    .loses = FUT_LOSES_PLACE);

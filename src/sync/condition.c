/* condition.c: wait, and lock again.                                         layer: sync; needs: core
 *
 *     first poll      line up, then unlock, PENDING: in this order, so that no notify is lost in between
 *     notify          one: take out the first, GRANTED. All: take out who came before, RELEASED
 *     next poll       taken out, or cancelled: lock
 *     and the next    locked: READY
 *     cancel          leave the line, or hand on the notify; then lock, as if notified
 *     drop            the same, and no lock
 *
 * The condition's list and the mutex's are never locked together.
 */
#include <errno.h>

#include "future/condition.h"
#include "misuse.h"
#include "waiters.h"

enum { WAITING = FUT_POINT_PENDING, LOCKING = 2 }; /* future.point */

void fut_condition_init(fut_condition_t *condition) { *condition = (fut_condition_t)FUT_CONDITION_INIT; }

void fut_condition_destroy(fut_condition_t *condition) {
    const uint32_t word = fut__enter(&condition->word);
    if (condition->waiters.first) FUT__MISUSE("fut_condition_destroy", "somebody waits for this condition");
    fut__leave(&condition->word, word);
}

/* ---- notify ------------------------------------------------------------------------------- */

void fut_condition_notify_one(fut_condition_t *condition) {
    const uint32_t      word  = fut__enter(&condition->word);
    fut_waiter_t *const first = condition->waiters.first;
    fut_waker_t         waker = {NULL, 0};
    if (first) waker = fut__take_out(&condition->waiters, first, FUT_WAITER_GRANTED);
    fut__leave(&condition->word, word);
    fut__wake(waker);
}

void fut_condition_notify_all(fut_condition_t *condition) {
    fut__wakes_t   wakes = {.count = 0};
    uint32_t       word  = fut__enter(&condition->word);
    const uint32_t round = ++condition->round;
    bool           more;
    for (;; word = fut__enter(&condition->word)) {
        more = fut__take_out_older(&condition->waiters, round, &wakes);
        fut__leave(&condition->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
    }
}

/* ---- wait --------------------------------------------------------------------------------- */

/* The slot is started again at once: from here on it says that it does not hold the mutex. */
static void queue_and_unlock(fut_condition_wait_t *self, fut_context_t *cx) {
    fut_condition_t *const condition = self->condition;
    fut_mutex_t *const     mutex     = self->lock->mutex;
    const uint32_t         word      = fut__enter(&condition->word);
    self->waiter.number              = condition->round;
    fut__queue(&condition->waiters, &self->waiter, cx);
    fut__leave(&condition->word, word);
    FUT_START(*self->lock, fut_mutex_lock, mutex);
    fut_mutex_unlock(mutex);
}

/* Out of the line; a notify that was meant for one goes to another. */
static void give_up(fut_condition_wait_t *self) {
    if (fut__leave_line(&self->condition->word, &self->condition->waiters, &self->waiter, 0)) return;
    if (fut__state(&self->waiter) == FUT_WAITER_GRANTED) fut_condition_notify_one(self->condition);
}

static fut_poll_t finish(fut_condition_wait_t *self, int output) {
    self->output = output;
    return fut_ready(&self->future);
}

fut_poll_t fut_condition_wait_poll(fut_condition_wait_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_mutex_is_held(self->lock)) return finish(self, -EPERM);
        self->cancelled = false;
        queue_and_unlock(self, cx);
        return fut_pending(&self->future);
    }
    if (self->future.point == WAITING) {
        if (fut__poll_waiter(&self->condition->word, &self->waiter, cx) == FUT_WAITER_QUEUED) return FUT_PENDING;
        self->future.point = LOCKING;
    }
    if (fut_mutex_lock_poll(self->lock, cx) == FUT_PENDING) return FUT_PENDING;
    return finish(self, self->cancelled ? -ECANCELED : 0);
}

/* ---- drop, cancel, describe ------------------------------------------------------------------ */

/* Notified, but about to be dropped while it locks: somebody else is to look. */
static void condition_wait_drop(fut_future_t *future) {
    fut_condition_wait_t *const self = (fut_condition_wait_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    if (!self->cancelled) give_up(self);
    fut_drop(&self->lock->future);
}

static void condition_wait_cancel(fut_future_t *future) {
    fut_condition_wait_t *const self = (fut_condition_wait_t *)(void *)future;
    if (future->point == FUT_POINT_START) {
        fut_drop(future);
    } else if (!self->cancelled) {
        give_up(self);
        self->cancelled    = true;
        self->future.point = LOCKING;
    }
}

static void condition_wait_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_condition_wait_t *const self = (const fut_condition_wait_t *)(const void *)future;
    note->text                             = future->point == LOCKING ? "for the mutex of a condition:" : "a condition";
    note->child                            = future->point == LOCKING ? &self->lock->future : NULL;
}

FUT_DEFINE_DECLARED(fut_condition_wait, .drop = condition_wait_drop, .cancel = condition_wait_cancel,
                    .describe = condition_wait_describe, .loses = FUT_LOSES_PLACE);

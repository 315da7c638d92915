/* notify.c: one permit, and who waits for it.                                layer: sync; needs: core
 *
 *     first poll      a permit: take it, READY. Otherwise line up, PENDING
 *     notify_one      take out the first, GRANTED; nobody: keep a permit
 *     notify_waiters  take out all that came before, RELEASED
 *     next poll       taken out: READY
 *     drop            QUEUED: leave the line. GRANTED: notify another. RELEASED: that notify was for all, nothing is lost
 */
#include "future/notify.h"
#include "misuse.h"
#include "waiters.h"

enum { PERMIT = FUT_NOTIFY_PERMIT_ };

void fut_notify_init(fut_notify_t *notify) { *notify = (fut_notify_t)FUT_NOTIFY_INIT; }

void fut_notify_destroy(fut_notify_t *notify) {
    const uint32_t word = fut__enter(&notify->word);
    if (notify->waiters.first) FUT__MISUSE("fut_notify_destroy", "somebody waits to be notified");
    fut__leave(&notify->word, word);
}

/* ---- notify ------------------------------------------------------------------------------- */

/* Always through the lock, even where a permit is there: who takes it must see what was written before this one, too. */
void fut_notify_one(fut_notify_t *notify) {
    const uint32_t      word  = fut__enter(&notify->word);
    fut_waiter_t *const first = notify->waiters.first;
    fut_waker_t         waker = {NULL, 0};
    if (first) waker = fut__take_out(&notify->waiters, first, FUT_WAITER_GRANTED);
    fut__leave(&notify->word, first ? word : word | PERMIT);
    fut__wake(waker);
}

void fut_notify_waiters(fut_notify_t *notify) {
    fut__wakes_t   wakes = {.count = 0};
    uint32_t       word  = fut__enter(&notify->word);
    const uint32_t round = ++notify->round;
    bool           more;
    for (;;) {
        more = fut__take_out_older(&notify->waiters, round, &wakes);
        fut__leave(&notify->word, word);
        fut__wake_all(&wakes);
        if (!more) return;
        word = fut__enter(&notify->word);
    }
}

/* ---- wait --------------------------------------------------------------------------------- */

/* False: it waits in line. */
static bool take_permit_or_queue(fut_notify_wait_t *self, fut_context_t *cx) {
    fut_notify_t *const notify = self->notify;
    const uint32_t      word   = fut__enter(&notify->word);
    if (!(word & PERMIT)) {
        self->waiter.number = notify->round;
        fut__queue(&notify->waiters, &self->waiter, cx);
    }
    fut__leave(&notify->word, word & ~(uint32_t)PERMIT);
    return word & PERMIT;
}

fut_poll_t fut_notify_wait_poll(fut_notify_wait_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it is in no line yet */
        if (!take_permit_or_queue(self, cx)) return fut_pending(&self->future);
    } else if (fut__poll_waiter(&self->notify->word, &self->waiter, cx) == FUT_WAITER_QUEUED) {
        return FUT_PENDING;
    }
    self->output = 0;
    return fut_ready(&self->future);
}

static void notify_wait_drop(fut_future_t *future) {
    fut_notify_wait_t *const self = (fut_notify_wait_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    if (fut__leave_line(&self->notify->word, &self->notify->waiters, &self->waiter, 0)) return;
    if (fut__state(&self->waiter) == FUT_WAITER_GRANTED) fut_notify_one(self->notify);
}

static void describe_notify(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "to be notified";
}

FUT_DEFINE_DECLARED(fut_notify_wait, .drop = notify_wait_drop, .describe = describe_notify, .loses = FUT_LOSES_PLACE);

/* ---- One thread ------------------------------------------------------------------------------- */

void fut_local_notify_init(fut_local_notify_t *notify) { *notify = (fut_local_notify_t)FUT_LOCAL_NOTIFY_INIT; }

void fut_local_notify_destroy(fut_local_notify_t *notify) {
    if (notify->waiters.first) FUT__MISUSE("fut_local_notify_destroy", "somebody waits to be notified");
}

void fut_local_notify_one(fut_local_notify_t *notify) {
    fut_waiter_t *const first = notify->waiters.first;
    if (first)
        fut_wake(fut__take_out_here(&notify->waiters, first, FUT_WAITER_GRANTED));
    else
        notify->permit = 1;
}

void fut_local_notify_waiters(fut_local_notify_t *notify) {
    const uint32_t round = ++notify->round;
    fut_waiter_t  *first;
    while ((first = notify->waiters.first) && (int32_t)(first->number - round) < 0)
        fut_wake(fut__take_out_here(&notify->waiters, first, FUT_WAITER_RELEASED));
}

/* False: it waits in line. */
static bool take_permit_or_queue_here(fut_local_notify_wait_t *self, fut_context_t *cx) {
    if (self->notify->permit) {
        self->notify->permit = 0;
        return true;
    }
    self->waiter.number = self->notify->round;
    fut__queue_here(&self->notify->waiters, &self->waiter, cx);
    return false;
}

fut_poll_t fut_local_notify_wait_poll(fut_local_notify_wait_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING;
        if (!take_permit_or_queue_here(self, cx)) return fut_pending(&self->future);
    } else if (fut__poll_waiter_here(&self->waiter, cx) == FUT_WAITER_QUEUED) {
        return FUT_PENDING;
    }
    self->output = 0;
    return fut_ready(&self->future);
}

static void local_notify_wait_drop(fut_future_t *future) {
    fut_local_notify_wait_t *const self = (fut_local_notify_wait_t *)(void *)future;
    if (future->point == FUT_POINT_START) return;
    if (self->waiter.state == FUT_WAITER_QUEUED)
        fut__unlink(&self->notify->waiters, &self->waiter);
    else if (self->waiter.state == FUT_WAITER_GRANTED)
        fut_local_notify_one(self->notify);
}

FUT_DEFINE_DECLARED(fut_local_notify_wait, .drop = local_notify_wait_drop, .describe = describe_notify,
                    .loses = FUT_LOSES_PLACE);

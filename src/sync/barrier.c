/* barrier.c: counting who has come.                                          layer: sync; needs: core
 *
 *     first poll      the last one: a new round, take out all of the old one, RELEASED; READY, 1. Otherwise line up, PENDING
 *     leave           the others have come: a new round; the first is taken out GRANTED, which here means that it leads
 *     next poll       RELEASED: READY, 0. GRANTED: READY, 1
 *     drop            QUEUED in this round: it has not come. Otherwise nothing
 */
#include <errno.h>

#include "future/barrier.h"
#include "misuse.h"
#include "waiters.h"

int fut_barrier_init(fut_barrier_t *barrier, uint32_t parties) {
    if (parties == 0) return -EINVAL;
    *barrier = (fut_barrier_t){0, 0, parties, 0, {NULL}};
    return 0;
}

void fut_barrier_destroy(fut_barrier_t *barrier) {
    const uint32_t word = fut__enter(&barrier->word);
    if (barrier->waiters.first) FUT__MISUSE("fut_barrier_destroy", "somebody waits at this barrier");
    fut__leave(&barrier->word, word);
}

/* Entered. All have come: a new round begins, and those of the old one go. */
static void open_and_leave(fut_barrier_t *barrier, uint32_t word, fut__wakes_t *wakes) {
    const uint32_t round = ++barrier->round;
    bool           more;
    barrier->arrived = 0;
    for (;; word = fut__enter(&barrier->word)) {
        more = fut__take_out_older(&barrier->waiters, round, wakes);
        fut__leave(&barrier->word, word);
        fut__wake_all(wakes);
        if (!more) return;
    }
}

/* Where those of an older round are still being taken out, they come first; none of them is this round's. */
static fut_waiter_t *first_of_this_round(const fut_barrier_t *barrier) {
    fut_waiter_t *waiter = barrier->waiters.first;
    while (waiter && waiter->number != barrier->round) waiter = fut__next(&barrier->waiters, waiter);
    return waiter;
}

void fut_barrier_leave(fut_barrier_t *barrier) {
    const uint32_t word  = fut__enter(&barrier->word);
    fut__wakes_t   wakes = {.count = 0};
    if (barrier->parties <= barrier->arrived) FUT__MISUSE("fut_barrier_leave", "no party is left that could leave");
    barrier->parties--;
    if (barrier->arrived > 0 && barrier->arrived == barrier->parties) {
        fut_waiter_t *const leader = first_of_this_round(barrier);
        fut__wakes_add(&wakes, fut__take_out(&barrier->waiters, leader, FUT_WAITER_GRANTED));
        open_and_leave(barrier, word, &wakes);
    } else {
        fut__leave(&barrier->word, word);
    }
}

/* True: it is the last. */
static bool arrive(fut_barrier_wait_t *self, fut_context_t *cx) {
    fut_barrier_t *const barrier = self->barrier;
    const uint32_t       word    = fut__enter(&barrier->word);
    fut__wakes_t         wakes   = {.count = 0};
    if (barrier->arrived + 1 >= barrier->parties) {
        open_and_leave(barrier, word, &wakes);
        return true;
    }
    barrier->arrived++;
    self->waiter.number = barrier->round;
    fut__queue(&barrier->waiters, &self->waiter, cx);
    fut__leave(&barrier->word, word);
    return false;
}

fut_poll_t fut_barrier_wait_poll(fut_barrier_wait_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; it has not come yet */
        if (!arrive(self, cx)) return fut_pending(&self->future);
        self->output = 1;
        return fut_ready(&self->future);
    }
    switch (fut__poll_waiter(&self->barrier->word, &self->waiter, cx)) {
        case FUT_WAITER_QUEUED: return FUT_PENDING;
        case FUT_WAITER_GRANTED: self->output = 1; break;
        default: self->output = 0; break;
    }
    return fut_ready(&self->future);
}

static void barrier_wait_drop(fut_future_t *future) {
    fut_barrier_wait_t *const self    = (fut_barrier_wait_t *)(void *)future;
    fut_barrier_t *const      barrier = self->barrier;
    uint32_t                  word;
    bool                      queued;
    if (future->point == FUT_POINT_START) return;
    word   = fut__enter(&barrier->word);
    queued = fut__load_relaxed(&self->waiter.state) == FUT_WAITER_QUEUED;
    if (queued) fut__unlink(&barrier->waiters, &self->waiter);
    if (queued && self->waiter.number == barrier->round) barrier->arrived--;
    fut__leave(&barrier->word, word);
    if (queued) fut_waker_drop(self->waiter.waker);
}

static void barrier_wait_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "for the others at a barrier";
}

FUT_DEFINE_DECLARED(fut_barrier_wait, .drop = barrier_wait_drop, .describe = barrier_wait_describe,
                    .loses = FUT_LOSES_PLACE);

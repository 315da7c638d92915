/* shared.c: one child, many who await it.                                    layer: combine; needs: core, sync's list
 *
 * Those who await are in a list from their first poll on. One of them is the poller: the child has its waker, and
 * only its polls reach the child. The other wakers are called when there is something to do for them:
 *
 *     the child is READY        everybody is taken out and woken
 *     the poller is dropped     the next in line is the poller now, and is woken to poll the child with its own waker.
 *                               If it is dropped before it comes to that, so is the one behind it
 *
 * So with children pending and somebody in the list there always is a poller whose waker is with the child, or who
 * was woken and has yet to poll. All of it happens on one thread.
 */
#include <errno.h>

#include "../sync/waiters.h"
#include "future/combine.h"

void fut_shared_init(fut_shared_t *shared, fut_future_t *started) {
    *shared = (fut_shared_t){.poller = NULL};
    fut_strand_init(&shared->strand, started);
}

/* ---- The end of the child ---------------------------------------------------------------------------------------- */

/* A wake may do anything but poll: the list is read afresh each time. */
static void release_all(fut_shared_t *shared) {
    shared->poller = NULL;
    while (shared->waiters.first)
        fut_wake(fut__take_out_here(&shared->waiters, shared->waiters.first, FUT_WAITER_RELEASED));
}

static void end(fut_shared_t *shared, void (*how)(fut_future_t *future)) {
    if (fut_is_done(shared->strand.root)) return;
    shared->cancelled = true;
    how(shared->strand.root);
    if (fut_is_done(shared->strand.root))
        release_all(shared);
    else if (shared->poller)
        fut_wake(shared->poller->waker);
}

void fut_shared_cancel(fut_shared_t *shared) { end(shared, fut_cancel); }
void fut_shared_drop(fut_shared_t *shared) { end(shared, fut_drop); }

/* An output that is no integer cannot say that it was cancelled. */
static int result(const fut_shared_t *shared) {
    const fut_future_t *const child = shared->strand.root;
    if (shared->cancelled && child->vtable->errors == FUT_NO_ERRORS_) return -ECANCELED;
    return fut_result(child) < 0 ? (int)fut_result(child) : 0;
}

/* ---- Awaiting ---------------------------------------------------------------------------------------------------- */

static bool is_in_line(const fut_shared_wait_t *self) {
    return self->future.point != FUT_POINT_START && self->waiter.state == FUT_WAITER_QUEUED;
}

/* The one in front does not wake itself. */
static void finish(fut_shared_wait_t *self) {
    if (is_in_line(self)) (void)fut__take_out_here(&self->shared->waiters, &self->waiter, FUT_WAITER_RELEASED);
    release_all(self->shared);
}

/* Polls the child, where that is this one's part. */
static fut_poll_t poll_child(fut_shared_wait_t *self, fut_context_t *cx) {
    fut_shared_t *const shared = self->shared;
    if (is_in_line(self))
        self->waiter.waker = fut_context_waker(cx);
    else
        fut__queue_here(&shared->waiters, &self->waiter, cx);
    if (!shared->poller) shared->poller = &self->waiter;
    (void)fut_pending(&self->future); /* in line, whatever happens in the child's poll */
    return shared->poller == &self->waiter ? fut_strand_poll(&shared->strand, cx) : FUT_PENDING;
}

fut_poll_t fut_shared_wait_poll(fut_shared_wait_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (!fut_is_done(self->shared->strand.root) && poll_child(self, cx) == FUT_PENDING) return FUT_PENDING;
    finish(self);
    self->output = result(self->shared);
    return fut_ready(&self->future);
}

static void shared_wait_drop(fut_future_t *future) {
    fut_shared_wait_t *const self   = (fut_shared_wait_t *)(void *)future;
    fut_shared_t *const      shared = self->shared;
    if (!is_in_line(self)) return;
    fut__unlink(&shared->waiters, &self->waiter);
    if (shared->poller != &self->waiter) return;
    shared->poller = shared->waiters.first;
    if (shared->poller) fut_wake(shared->poller->waker);
}

static void shared_wait_describe(const fut_future_t *future, fut_note_t *note) {
    note->text  = "with others, for";
    note->child = ((const fut_shared_wait_t *)(const void *)future)->shared->strand.root;
}

FUT_DEFINE_DECLARED(fut_shared_wait, .drop = shared_wait_drop, .describe = shared_wait_describe,
                    .loses = FUT_LOSES_NOTHING);

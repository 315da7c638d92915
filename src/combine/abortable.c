/* abortable.c: a child that is dropped when a token is cancelled.            layer: combine; needs: core, cancel
 *
 * The child is polled first: one that is ready in time has completed even if the token is cancelled, too. */
#include <errno.h>

#include "future/combine.h"

enum { RUNNING = FUT_POINT_PENDING, ENDING };

static fut_poll_t abort_child(fut_abortable_t *self, int reason) {
    fut_drop(self->child);
    self->output = reason;
    return fut_ready(&self->future);
}

fut_poll_t fut_abortable_poll(fut_abortable_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        const int reason = fut_cancel_token_reason(self->token);
        if (reason) return abort_child(self, reason);
        FUT_START(self->stop, fut_cancelled, self->token);
        fut_strand_init(&self->strand, self->child);
        self->future.point = RUNNING;
    }
    if (fut_strand_poll(&self->strand, cx) == FUT_PENDING) {
        if (fut_cancelled_poll(&self->stop, cx) == FUT_PENDING) return FUT_PENDING;
        return abort_child(self, self->future.point == RUNNING ? self->stop.output : -ECANCELED);
    }
    fut_drop(&self->stop.future);
    self->output = self->future.point == RUNNING ? 0 : -ECANCELED;
    return fut_ready(&self->future);
}

static void abortable_drop(fut_future_t *future) {
    fut_abortable_t *const self = (fut_abortable_t *)(void *)future;
    if (future->point != FUT_POINT_START) fut_drop(&self->stop.future);
    fut_drop(self->child);
}

static void abortable_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START) {
        fut_drop(future);
        return;
    }
    future->point = ENDING;
    fut_cancel(((fut_abortable_t *)(void *)future)->child);
}

static void abortable_describe(const fut_future_t *future, fut_note_t *note) {
    note->text  = "until it is aborted, for";
    note->child = ((const fut_abortable_t *)(const void *)future)->child;
}

FUT_DEFINE_DECLARED(fut_abortable, .drop = abortable_drop, .cancel = abortable_cancel, .describe = abortable_describe);

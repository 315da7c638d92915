/* simple.c: never; fuse.                                                     layer: combine; needs: core */
#include "future/combine.h"

/* ---- never ------------------------------------------------------------------------------------------------------- */

fut_poll_t fut_never_poll(fut_never_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    (void)fut_context_waker(cx);
    return fut_pending(&self->future);
}

static void never_describe(const fut_future_t *future, fut_note_t *note) {
    (void)future;
    note->text = "for ever";
}

FUT_DEFINE_DECLARED(fut_never, .describe = never_describe, .loses = FUT_LOSES_NOTHING);

/* ---- fuse -------------------------------------------------------------------------------------------------------- */

enum { WAITS = FUT_POINT_PENDING, BLOWN };

fut_poll_t fut_fuse_poll(fut_fuse_t *self, fut_context_t *cx) {
    int64_t result;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        fut_strand_init(&self->strand, self->child);
        self->future.point = fut_is_done(self->child) ? BLOWN : WAITS;
    }
    if (self->future.point == BLOWN) {
        (void)fut_context_waker(cx);
        return FUT_PENDING;
    }
    if (fut_strand_poll(&self->strand, cx) == FUT_PENDING) return FUT_PENDING;
    result       = fut_result(self->child);
    self->output = result < 0 ? (int)result : 0;
    return fut_ready(&self->future);
}

static void fuse_drop(fut_future_t *future) { fut_drop(((fut_fuse_t *)(void *)future)->child); }

static void fuse_cancel(fut_future_t *future) {
    if (future->point == WAITS)
        fut_cancel(((fut_fuse_t *)(void *)future)->child);
    else
        fut_drop(future);
}

static void fuse_describe(const fut_future_t *future, fut_note_t *note) {
    note->text  = future->point == BLOWN ? "for ever: was ready before" : "once, for";
    note->child = future->point == BLOWN ? NULL : ((const fut_fuse_t *)(const void *)future)->child;
}

FUT_DEFINE_DECLARED(fut_fuse, .drop = fuse_drop, .cancel = fuse_cancel, .describe = fuse_describe);

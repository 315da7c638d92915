/* for_each.c: a source of futures, of which as many run at once as there are slots. */
#include "gather.h"

/* ---- poll ------------------------------------------------------------------------------------------- */

/* A slot is free: what comes into it? */
static void fill(fut_for_each_concurrent_t *self, fut_future_t *slot) {
    int answer;
    if (self->exhausted || self->all.error != 0) return;
    answer = self->next(self->data, slot);
    if (answer > 0)
        fut__gather_begin(&self->all, slot);
    else if (answer == 0)
        self->exhausted = true;
    else
        fut__gather_stop(&self->all, answer);
}

/* A negative output ends it all, unless that is under way. */
static void ended(fut_for_each_concurrent_t *self, fut_future_t *slot) {
    const int result = (int)fut_result(slot);
    if (result < 0) fut__gather_stop(&self->all, result);
    if (self->done) self->done(self->data, slot);
    fill(self, slot);
}

static bool wants_more(const fut_for_each_concurrent_t *self) {
    return self->all.begun < self->slots.count && !self->exhausted && self->all.error == 0;
}

/* Each slot is filled and its future polled once; then those are that were woken. */
static fut_poll_t run(fut_for_each_concurrent_t *self, fut_context_t *cx) {
    for (;;) {
        const bool    filling = wants_more(self);
        fut_future_t *slot;
        if (filling) fill(self, fut__nth(&self->slots, self->all.begun++));
        slot = fut__gather_turn(&self->all, cx, filling);
        if (slot)
            ended(self, slot);
        else if (fut__gather_is_over(&self->all))
            return FUT_PENDING;
        else if (!filling)
            return self->all.left == 0 ? FUT_READY : FUT_PENDING;
    }
}

fut_poll_t fut_for_each_concurrent_poll(fut_for_each_concurrent_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        fut__gather_init(&self->all);
        self->exhausted = false;
        if (self->slots.count == 0) self->all.error = -EINVAL;
    }
    if (run(self, cx) == FUT_PENDING) return fut_pending(&self->future);
    fut__gather_end(&self->all);
    self->output = self->all.error;
    return fut_ready(&self->future);
}

/* ---- drop, cancel, describe ----------------------------------------------------------------------------- */

/* What is in a slot that nothing runs in is not known. */
static void for_each_drop(fut_future_t *future) {
    if (future->point != FUT_POINT_START) fut__gather_drop(&((fut_for_each_concurrent_t *)(void *)future)->all);
}

static void for_each_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else
        fut__gather_stop(&((fut_for_each_concurrent_t *)(void *)future)->all, -ECANCELED);
}

static void for_each_describe(const fut_future_t *future, fut_note_t *note) {
    note->text   = "so many that run:";
    note->kind   = FUT_NOTE_NUMBER;
    note->number = (int64_t)((const fut_for_each_concurrent_t *)(const void *)future)->all.left;
}

FUT_DEFINE_DECLARED(fut_for_each_concurrent, .drop = for_each_drop, .cancel = for_each_cancel,
                    .describe = for_each_describe);

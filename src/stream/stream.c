/* stream.c: how a stream ends, and the futures that read one.                layer: stream; needs: core
 *
 *     OPEN      poll_next of the vtable
 *     ENDING    sources and whatever else it has were cancelled; items that still come are forgotten
 *     ENDED     nothing below is pending any more
 */
#include <errno.h>
#include <string.h>

#include "../core/panic.h"
#include "future/stream_base.h"

/* ---- The end ------------------------------------------------------------------------------------ */

static fut_stream_t *source_after(const fut_stream_t *stream, const fut_stream_t *source) {
    if (stream->vtable->sources) return stream->vtable->sources(stream, source);
    return source ? NULL : stream->source;
}

static void begin_to_end(fut_stream_t *stream, int error) {
    for (fut_stream_t *source = NULL; (source = source_after(stream, source)) != NULL;) fut_stream_cancel(source);
    if (stream->vtable->cancel) stream->vtable->cancel(stream);
    stream->error = error;
    stream->item  = NULL;
    stream->state = FUT_STREAM_ENDING_;
}

fut_poll_t fut_stream_finish(fut_stream_t *stream, fut_context_t *cx, int error) {
    begin_to_end(stream, error);
    return fut_stream_poll_ending_(stream, cx);
}

/* PENDING also where the task has had its turn: then it was woken. */
static fut_poll_t source_ends(fut_stream_t *source, fut_context_t *cx) {
    while (!fut_stream_has_ended(source)) {
        if (fut_stream_poll_next(source, cx) == FUT_PENDING) return FUT_PENDING;
        if (source->item && !fut_context_spend(cx)) return FUT_PENDING;
    }
    return FUT_READY;
}

fut_poll_t fut_stream_poll_ending_(fut_stream_t *stream, fut_context_t *cx) {
    bool pending = false;
    if (fut_stream_has_ended(stream)) return FUT_READY;
    for (fut_stream_t *source = NULL; (source = source_after(stream, source)) != NULL;)
        if (source_ends(source, cx) == FUT_PENDING) pending = true;
    if (stream->vtable->poll_end && stream->vtable->poll_end(stream, cx) == FUT_PENDING) pending = true;
    if (pending) return FUT_PENDING;
    stream->state = FUT_STREAM_ENDED_;
    return FUT_READY;
}

void fut_stream_cancel(fut_stream_t *stream) {
    if (stream && stream->state == FUT_STREAM_OPEN_) begin_to_end(stream, -ECANCELED);
}

void fut_stream_drop(fut_stream_t *stream) {
    if (!stream || fut_stream_has_ended(stream)) return;
    for (fut_stream_t *source = NULL; (source = source_after(stream, source)) != NULL;) fut_stream_drop(source);
    if (stream->vtable->drop) stream->vtable->drop(stream);
    if (stream->state == FUT_STREAM_OPEN_) stream->error = -ECANCELED;
    stream->item  = NULL;
    stream->state = FUT_STREAM_ENDED_;
}

/* ---- Backtraces ----------------------------------------------------------------------------------- */

/* Where the waiting is done: the innermost stream, and its future. */
static void describe(const fut_stream_t *stream, fut_note_t *note) {
    while (stream->source && !fut_stream_has_ended(stream->source)) stream = stream->source;
    note->text = stream->vtable->name;
    if (stream->vtable->waits_for) note->child = stream->vtable->waits_for(stream);
}

/* ---- next ------------------------------------------------------------------------------------------- */

static inline void copy(void *to, const void *from, size_t size) {
    if (size == sizeof(int))
        memcpy(to, from, sizeof(int));
    else if (size == sizeof(void *))
        memcpy(to, from, sizeof(void *));
    else
        memcpy(to, from, size);
}

static void must_fit(const fut_stream_t *stream, size_t size) {
    if (size != stream->size)
        fut__panic(__FILE__, __LINE__, stream->vtable->name,
                   "the items of this stream have another size than the place for them");
}

fut_poll_t fut_stream_next_poll(fut_stream_next_t *self, fut_context_t *cx) {
    fut_stream_t *const stream = self->stream;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) must_fit(stream, self->size);
    if (!fut_context_spend(cx) || fut_stream_poll_next(stream, cx) == FUT_PENDING) return fut_pending(&self->future);
    if (stream->item) copy(self->into, stream->item, self->size);
    self->output = stream->item ? 1 : stream->error;
    return fut_ready(&self->future);
}

static void next_describe(const fut_future_t *future, fut_note_t *note) {
    describe(((const fut_stream_next_t *)(const void *)future)->stream, note);
}

FUT_DEFINE_DECLARED(fut_stream_next, .describe = next_describe, .loses = FUT_LOSES_NOTHING);

/* ---- close ------------------------------------------------------------------------------------------ */

fut_poll_t fut_stream_close_poll(fut_stream_close_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) fut_stream_cancel(self->stream);
    if (self->stream && fut_stream_poll_ending_(self->stream, cx) == FUT_PENDING) return fut_pending(&self->future);
    self->output = 0;
    return fut_ready(&self->future);
}

static void close_drop(fut_future_t *future) { fut_stream_drop(((fut_stream_close_t *)(void *)future)->stream); }
static void close_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START) fut_drop(future); /* otherwise it is ending already */
}
static void close_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_stream_t *stream = ((const fut_stream_close_t *)(const void *)future)->stream;
    if (stream) describe(stream, note);
}

FUT_DEFINE_DECLARED(fut_stream_close, .drop = close_drop, .cancel = close_cancel, .describe = close_describe,
                    .loses = FUT_LOSES_NOTHING);

/* ---- for_each --------------------------------------------------------------------------------------- */

fut_poll_t fut_stream_for_each_poll(fut_stream_for_each_t *self, fut_context_t *cx) {
    fut_stream_t *const stream = self->stream;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->error = 0;
    for (;;) {
        if (!fut_context_spend(cx) || fut_stream_poll_next(stream, cx) == FUT_PENDING)
            return fut_pending(&self->future);
        if (!stream->item) break;
        self->error = self->each(self->data, stream->item);
        if (self->error >= 0)
            self->error = 0;
        else
            fut_stream_cancel(stream);
    }
    self->output = self->error ? self->error : stream->error;
    return fut_ready(&self->future);
}

static void for_each_drop(fut_future_t *future) { fut_stream_drop(((fut_stream_for_each_t *)(void *)future)->stream); }
static void for_each_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else
        fut_stream_cancel(((fut_stream_for_each_t *)(void *)future)->stream);
}
static void for_each_describe(const fut_future_t *future, fut_note_t *note) {
    describe(((const fut_stream_for_each_t *)(const void *)future)->stream, note);
}

FUT_DEFINE_DECLARED(fut_stream_for_each, .drop = for_each_drop, .cancel = for_each_cancel,
                    .describe = for_each_describe, .loses = FUT_LOSES_BYTES);

/* ---- collect ---------------------------------------------------------------------------------------- */

fut_poll_t fut_stream_collect_poll(fut_stream_collect_t *self, fut_context_t *cx) {
    fut_stream_t *const stream = self->stream;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->error = 0, self->count = 0;
    for (;;) {
        if (!fut_context_spend(cx) || fut_stream_poll_next(stream, cx) == FUT_PENDING)
            return fut_pending(&self->future);
        if (!stream->item) break;
        if (self->count < self->room) {
            copy((char *)self->items + self->count++ * stream->size, stream->item, stream->size);
        } else {
            self->error = -ENOBUFS;
            fut_stream_cancel(stream);
        }
    }
    self->output = self->error ? self->error : stream->error ? stream->error : (int)self->count;
    return fut_ready(&self->future);
}

static void collect_drop(fut_future_t *future) { fut_stream_drop(((fut_stream_collect_t *)(void *)future)->stream); }
static void collect_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else
        fut_stream_cancel(((fut_stream_collect_t *)(void *)future)->stream);
}
static void collect_describe(const fut_future_t *future, fut_note_t *note) {
    describe(((const fut_stream_collect_t *)(const void *)future)->stream, note);
}

FUT_DEFINE_DECLARED(fut_stream_collect, .drop = collect_drop, .cancel = collect_cancel, .describe = collect_describe,
                    .loses = FUT_LOSES_BYTES);

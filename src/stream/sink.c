/* sink.c: where items go.                                                        layer: stream; needs: core */
#include <errno.h>
#include <string.h>

#include "future/sink.h"
#include "slot.h"

#define SELF(name, sink) ((name *)(void *)(uintptr_t)(sink))

/* ---- What all of them do -------------------------------------------------------------------------------- */

static int fail(fut_sink_t *sink, int error) { return sink->error = error; }

int fut_sink_start_send(fut_sink_t *sink, const void *item) {
    if (sink->error) return sink->error;
    if (sink->closed) return -EPIPE;
    return sink->vtable->start_send ? fail(sink, sink->vtable->start_send(sink, item)) : 0;
}

/* One that has failed lets go of what it has. */
fut_poll_t fut_sink_poll_close(fut_sink_t *sink, fut_context_t *cx) {
    if (sink->closed) return FUT_READY;
    if (!sink->error && sink->vtable->poll_close && sink->vtable->poll_close(sink, cx) == FUT_PENDING)
        return FUT_PENDING;
    if (sink->error) fut_sink_drop(sink);
    sink->closed = true;
    return FUT_READY;
}

void fut_sink_drop(fut_sink_t *sink) {
    if (!sink || sink->closed) return;
    if (sink->vtable->drop) sink->vtable->drop(sink);
    if (!sink->error) sink->error = -ECANCELED;
    sink->closed = true;
}

/* ---- Futures --------------------------------------------------------------------------------------------- */

fut_poll_t fut_sink_feed_poll(fut_sink_feed_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (!fut_context_spend(cx) || fut_sink_poll_ready(self->sink, cx) == FUT_PENDING) return fut_pending(&self->future);
    self->output = fut_sink_start_send(self->sink, self->item);
    return fut_ready(&self->future);
}

fut_poll_t fut_sink_send_poll(fut_sink_send_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->sent = false;
    if (!self->sent) {
        if (!fut_context_spend(cx) || fut_sink_poll_ready(self->sink, cx) == FUT_PENDING)
            return fut_pending(&self->future);
        self->sent   = true;
        self->output = fut_sink_start_send(self->sink, self->item);
        if (self->output < 0) return fut_ready(&self->future);
    }
    if (fut_sink_poll_flush(self->sink, cx) == FUT_PENDING) return fut_pending(&self->future);
    self->output = self->sink->error;
    return fut_ready(&self->future);
}

fut_poll_t fut_sink_flush_poll(fut_sink_flush_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (fut_sink_poll_flush(self->sink, cx) == FUT_PENDING) return fut_pending(&self->future);
    self->output = self->sink->error;
    return fut_ready(&self->future);
}

fut_poll_t fut_sink_close_poll(fut_sink_close_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (fut_sink_poll_close(self->sink, cx) == FUT_PENDING) return fut_pending(&self->future);
    self->output = self->sink->error;
    return fut_ready(&self->future);
}

static void describe_sink(const fut_sink_t *sink, fut_note_t *note) { note->text = sink->vtable->name; }
static void feed_describe(const fut_future_t *future, fut_note_t *note) {
    describe_sink(((const fut_sink_feed_t *)(const void *)future)->sink, note);
}
static void send_describe(const fut_future_t *future, fut_note_t *note) {
    describe_sink(((const fut_sink_send_t *)(const void *)future)->sink, note);
}
static void flush_describe(const fut_future_t *future, fut_note_t *note) {
    describe_sink(((const fut_sink_flush_t *)(const void *)future)->sink, note);
}
static void close_describe(const fut_future_t *future, fut_note_t *note) {
    describe_sink(((const fut_sink_close_t *)(const void *)future)->sink, note);
}

FUT_DEFINE_DECLARED(fut_sink_feed, .describe = feed_describe, .loses = FUT_LOSES_PLACE);
FUT_DEFINE_DECLARED(fut_sink_send, .describe = send_describe, .loses = FUT_LOSES_PLACE);
FUT_DEFINE_DECLARED(fut_sink_flush, .describe = flush_describe, .loses = FUT_LOSES_NOTHING);
FUT_DEFINE_DECLARED(fut_sink_close, .describe = close_describe, .loses = FUT_LOSES_NOTHING);

/* ---- forward ---------------------------------------------------------------------------------------------- */

static void forward_fails(fut_stream_forward_t *self, int error) {
    if (error && !self->error) self->error = error;
    if (error) fut_stream_cancel(self->stream);
}

/* READY: the stream has ended. While it has nothing, what the sink has goes on its way; and a stream that is ending is polled
 * whether the sink has room or not. */
static fut_poll_t move_items(fut_stream_forward_t *self, fut_context_t *cx) {
    fut_stream_t *const stream = self->stream;
    while (!fut_stream_has_ended(stream)) {
        if (stream->state == FUT_STREAM_OPEN_) {
            if (!fut_context_spend(cx) || fut_sink_poll_ready(self->sink, cx) == FUT_PENDING) return FUT_PENDING;
            forward_fails(self, self->sink->error);
        }
        if (fut_stream_poll_next(stream, cx) == FUT_PENDING) {
            if (stream->state != FUT_STREAM_OPEN_ || fut_sink_poll_flush(self->sink, cx) == FUT_PENDING ||
                !self->sink->error)
                return FUT_PENDING;
            forward_fails(self, self->sink->error); /* now it is ending: look again */
            continue;
        }
        if (stream->item) forward_fails(self, fut_sink_start_send(self->sink, stream->item));
    }
    if (!self->error) self->error = stream->error;
    return FUT_READY;
}

fut_poll_t fut_stream_forward_poll(fut_stream_forward_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        self->error = 0;
        if (self->stream->size != self->sink->size) forward_fails(self, -EINVAL);
    }
    if (move_items(self, cx) == FUT_PENDING || fut_sink_poll_close(self->sink, cx) == FUT_PENDING)
        return fut_pending(&self->future);
    self->output = self->error ? self->error : self->sink->error;
    return fut_ready(&self->future);
}

static void forward_drop(fut_future_t *future) {
    fut_stream_forward_t *const self = SELF(fut_stream_forward_t, future);
    fut_stream_drop(self->stream);
    fut_sink_drop(self->sink);
}
static void forward_cancel(fut_future_t *future) {
    if (future->point == FUT_POINT_START)
        fut_drop(future);
    else
        forward_fails(SELF(fut_stream_forward_t, future), -ECANCELED);
}
static void forward_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_stream_forward_t *const self   = SELF(const fut_stream_forward_t, future);
    const fut_stream_t               *stream = self->stream;
    while (stream->source && !fut_stream_has_ended(stream->source)) stream = stream->source;
    note->text = fut_stream_has_ended(stream) ? self->sink->vtable->name : stream->vtable->name;
    if (stream->vtable->waits_for) note->child = stream->vtable->waits_for(stream);
}

FUT_DEFINE_DECLARED(fut_stream_forward, .drop = forward_drop, .cancel = forward_cancel, .describe = forward_describe,
                    .loses = FUT_LOSES_BYTES);

/* ---- To an array, to a function, nowhere ---------------------------------------------------------------------- */

static int to_array_start_send(fut_sink_t *sink, const void *item) {
    fut_sink_to_array_t *const self = SELF(fut_sink_to_array_t, sink);
    if (self->count == self->room) return -ENOBUFS;
    memcpy(self->items + self->count++ * sink->size, item, sink->size);
    return 0;
}
static const fut_sink_vtable_t to_array_vtable = {.name = "an array", .start_send = to_array_start_send};

fut_sink_t *fut_sink_to_array(fut_sink_to_array_t *self, void *items, size_t size, size_t room) {
    self->items = items;
    self->room  = room;
    self->count = 0;
    return fut_sink_init(&self->sink, &to_array_vtable, size);
}

static int to_fn_start_send(fut_sink_t *sink, const void *item) {
    const int answer = SELF(fut_sink_to_fn_t, sink)->take(SELF(fut_sink_to_fn_t, sink)->data, item);
    return answer < 0 ? answer : 0;
}
static const fut_sink_vtable_t to_fn_vtable = {.name = "a function", .start_send = to_fn_start_send};

fut_sink_t *fut_sink_to_fn(fut_sink_to_fn_t *self, size_t size, int (*take)(void *data, const void *item), void *data) {
    self->take = take;
    self->data = data;
    return fut_sink_init(&self->sink, &to_fn_vtable, size);
}

static const fut_sink_vtable_t drain_vtable = {.name = "nowhere"};
fut_sink_t *fut_sink_drain(fut_sink_t *self, size_t size) { return fut_sink_init(self, &drain_vtable, size); }

/* ---- To futures, to a channel ------------------------------------------------------------------------------------------ */

/* Ready for the next one when the one before it has ended: and so flushed, and closed, as well. */
static fut_poll_t poll_slot(fut_sink_t *sink, fut_stream_slot_t *slot, fut_context_t *cx) {
    if (!slot->running) return FUT_READY;
    if (fut__slot_poll(slot, cx) == FUT_PENDING) return FUT_PENDING;
    if (fut_result(slot->future) < 0) fail(sink, (int)fut_result(slot->future));
    return FUT_READY;
}

static fut_poll_t to_futures_poll(fut_sink_t *sink, fut_context_t *cx) {
    return poll_slot(sink, &SELF(fut_sink_to_futures_t, sink)->slot, cx);
}
static int to_futures_start_send(fut_sink_t *sink, const void *item) {
    fut_sink_to_futures_t *const self   = SELF(fut_sink_to_futures_t, sink);
    const int                    answer = self->start(self->data, item, self->slot.future);
    if (answer < 0) return answer;
    fut__slot_run(&self->slot);
    return 0;
}
static void to_futures_drop(fut_sink_t *sink) { fut__slot_drop(&SELF(fut_sink_to_futures_t, sink)->slot); }
static const fut_sink_vtable_t to_futures_vtable = {.name       = "futures, one after the other",
                                                    .poll_ready = to_futures_poll,
                                                    .start_send = to_futures_start_send,
                                                    .poll_flush = to_futures_poll,
                                                    .poll_close = to_futures_poll,
                                                    .drop       = to_futures_drop};

fut_sink_t *fut_sink_to_futures(fut_sink_to_futures_t *self, size_t size, fut_future_t *slot,
                                int (*start)(void *data, const void *item, fut_future_t *slot), void *data) {
    fut__slot_init(&self->slot, slot);
    self->start = start;
    self->data  = data;
    return fut_sink_init(&self->sink, &to_futures_vtable, size);
}

static fut_poll_t to_send_poll(fut_sink_t *sink, fut_context_t *cx) {
    return poll_slot(sink, &SELF(fut_sink_to_send_t, sink)->slot, cx);
}
static int to_send_start_send(fut_sink_t *sink, const void *item) {
    fut_sink_to_send_t *const self = SELF(fut_sink_to_send_t, sink);
    memcpy(self->item, item, sink->size);
    fut__slot_run_again(&self->slot);
    return 0;
}
static void                    to_send_drop(fut_sink_t *sink) { fut__slot_drop(&SELF(fut_sink_to_send_t, sink)->slot); }
static const fut_sink_vtable_t to_send_vtable = {.name       = "a channel",
                                                 .poll_ready = to_send_poll,
                                                 .start_send = to_send_start_send,
                                                 .poll_flush = to_send_poll,
                                                 .poll_close = to_send_poll,
                                                 .drop       = to_send_drop};

fut_sink_t *fut_sink_to_send(fut_sink_to_send_t *self, fut_future_t *started, void *item, size_t size) {
    fut__slot_init(&self->slot, started);
    self->item = item;
    return fut_sink_init(&self->sink, &to_send_vtable, size);
}

/* ---- map --------------------------------------------------------------------------------------------------------- */

/* What the one below answers; its failure is this one's. */
static fut_poll_t as_below(fut_sink_t *sink, const fut_sink_t *below, fut_poll_t answer) {
    if (answer == FUT_READY && below->error) fail(sink, below->error);
    return answer;
}

static fut_poll_t map_poll_ready(fut_sink_t *sink, fut_context_t *cx) {
    fut_sink_t *const below = SELF(fut_sink_map_t, sink)->below;
    return as_below(sink, below, fut_sink_poll_ready(below, cx));
}
static int map_start_send(fut_sink_t *sink, const void *item) {
    fut_sink_map_t *const self = SELF(fut_sink_map_t, sink);
    self->map(self->data, item, self->out);
    return fut_sink_start_send(self->below, self->out);
}
static fut_poll_t map_poll_flush(fut_sink_t *sink, fut_context_t *cx) {
    fut_sink_t *const below = SELF(fut_sink_map_t, sink)->below;
    return as_below(sink, below, fut_sink_poll_flush(below, cx));
}
static fut_poll_t map_poll_close(fut_sink_t *sink, fut_context_t *cx) {
    fut_sink_t *const below = SELF(fut_sink_map_t, sink)->below;
    return as_below(sink, below, fut_sink_poll_close(below, cx));
}
static void                    map_drop(fut_sink_t *sink) { fut_sink_drop(SELF(fut_sink_map_t, sink)->below); }
static const fut_sink_vtable_t map_vtable = {.name       = "map",
                                             .poll_ready = map_poll_ready,
                                             .start_send = map_start_send,
                                             .poll_flush = map_poll_flush,
                                             .poll_close = map_poll_close,
                                             .drop       = map_drop};

fut_sink_t *fut_sink_map(fut_sink_map_t *self, size_t size, fut_sink_t *below, void *out,
                         void (*map)(void *data, const void *item, void *out), void *data) {
    self->below = below;
    self->out   = out;
    self->map   = map;
    self->data  = data;
    return fut_sink_init(&self->sink, &map_vtable, size);
}

/* ---- buffer ------------------------------------------------------------------------------------------------------ */

/* READY: nothing is left, or the one below has failed. */
static fut_poll_t empty(fut_sink_buffer_t *self, fut_context_t *cx) {
    fut_sink_t *const below = self->below;
    while (self->count > 0) {
        if (fut_sink_poll_ready(below, cx) == FUT_PENDING) return FUT_PENDING;
        if (fut_sink_start_send(below, self->items + self->first * self->sink.size) < 0) break;
        self->first = (self->first + 1) % self->room;
        self->count--;
    }
    return FUT_READY;
}

static fut_poll_t buffer_poll_ready(fut_sink_t *sink, fut_context_t *cx) {
    fut_sink_buffer_t *const self = SELF(fut_sink_buffer_t, sink);
    if (self->room == 0) fail(sink, -EINVAL);
    if (empty(self, cx) == FUT_READY) return as_below(sink, self->below, FUT_READY);
    return self->count < self->room ? FUT_READY : FUT_PENDING;
}
static int buffer_start_send(fut_sink_t *sink, const void *item) {
    fut_sink_buffer_t *const self = SELF(fut_sink_buffer_t, sink);
    memcpy(self->items + (self->first + self->count++) % self->room * sink->size, item, sink->size);
    return 0;
}
static fut_poll_t buffer_poll_flush(fut_sink_t *sink, fut_context_t *cx) {
    fut_sink_buffer_t *const self = SELF(fut_sink_buffer_t, sink);
    if (empty(self, cx) == FUT_PENDING) return FUT_PENDING;
    return as_below(sink, self->below, fut_sink_poll_flush(self->below, cx));
}
static fut_poll_t buffer_poll_close(fut_sink_t *sink, fut_context_t *cx) {
    fut_sink_buffer_t *const self = SELF(fut_sink_buffer_t, sink);
    if (empty(self, cx) == FUT_PENDING) return FUT_PENDING;
    return as_below(sink, self->below, fut_sink_poll_close(self->below, cx));
}
static void                    buffer_drop(fut_sink_t *sink) { fut_sink_drop(SELF(fut_sink_buffer_t, sink)->below); }
static const fut_sink_vtable_t buffer_vtable = {.name       = "buffer",
                                                .poll_ready = buffer_poll_ready,
                                                .start_send = buffer_start_send,
                                                .poll_flush = buffer_poll_flush,
                                                .poll_close = buffer_poll_close,
                                                .drop       = buffer_drop};

fut_sink_t *fut_sink_buffer(fut_sink_buffer_t *self, fut_sink_t *below, void *items, size_t size, size_t room) {
    self->below = below;
    self->items = items;
    self->room  = room;
    self->first = self->count = 0;
    return fut_sink_init(&self->sink, &buffer_vtable, size);
}

/* ---- fan-out ------------------------------------------------------------------------------------------------------ */

/* All of them are asked, so that each goes on. */
static fut_poll_t fan_out_poll(fut_sink_t *sink, fut_context_t *cx,
                               fut_poll_t (*poll)(fut_sink_t *sink, fut_context_t *cx)) {
    fut_sink_fan_out_t *const self   = SELF(fut_sink_fan_out_t, sink);
    fut_poll_t                answer = FUT_READY;
    for (size_t i = 0; i < self->count; i++) {
        if (poll(self->sinks[i], cx) == FUT_PENDING)
            answer = FUT_PENDING;
        else if (self->sinks[i]->error)
            fail(sink, self->sinks[i]->error);
    }
    return sink->error ? FUT_READY : answer;
}
static fut_poll_t fan_out_poll_ready(fut_sink_t *sink, fut_context_t *cx) {
    return fan_out_poll(sink, cx, fut_sink_poll_ready);
}
static fut_poll_t fan_out_poll_flush(fut_sink_t *sink, fut_context_t *cx) {
    return fan_out_poll(sink, cx, fut_sink_poll_flush);
}
static fut_poll_t fan_out_poll_close(fut_sink_t *sink, fut_context_t *cx) {
    return fan_out_poll(sink, cx, fut_sink_poll_close);
}
static int fan_out_start_send(fut_sink_t *sink, const void *item) {
    fut_sink_fan_out_t *const self  = SELF(fut_sink_fan_out_t, sink);
    int                       error = 0;
    for (size_t i = 0; i < self->count; i++) {
        const int answer = fut_sink_start_send(self->sinks[i], item);
        if (answer < 0) error = answer;
    }
    return error;
}
static void fan_out_drop(fut_sink_t *sink) {
    fut_sink_fan_out_t *const self = SELF(fut_sink_fan_out_t, sink);
    for (size_t i = 0; i < self->count; i++) fut_sink_drop(self->sinks[i]);
}
static const fut_sink_vtable_t fan_out_vtable = {.name       = "fan-out",
                                                 .poll_ready = fan_out_poll_ready,
                                                 .start_send = fan_out_start_send,
                                                 .poll_flush = fan_out_poll_flush,
                                                 .poll_close = fan_out_poll_close,
                                                 .drop       = fan_out_drop};

fut_sink_t *fut_sink_fan_out(fut_sink_fan_out_t *self, fut_sink_t *const *sinks, size_t count, size_t size) {
    self->sinks = sinks;
    self->count = count;
    return fut_sink_init(&self->sink, &fan_out_vtable, size);
}

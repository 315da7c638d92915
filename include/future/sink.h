/* sink.h: where items go.                                                        layer: stream; needs: core
 *
 * The other end of a stream. It says when it can take an item, which is how a slow reader holds up a fast writer:
 *
 *     poll_ready      PENDING, it is full; READY, one item may be handed over
 *     start_send      hand over that item; it is copied
 *     poll_flush      PENDING until everything that was handed over has arrived
 *     poll_close      the same, and nothing more will come
 *
 * A sink that has failed stays so: everything answers READY, and sink->error says why. In async functions:
 *
 *     AWAIT_TRY(self->send, fut_sink_send, sink, &self->n);         // ready, hand over, flush
 *     AWAIT_TRY(self->feed, fut_sink_feed, sink, &self->n);         // without flush
 *     AWAIT_TRY(self->end, fut_sink_close, sink);
 *     AWAIT(self->all, fut_stream_forward, stream, sink);           // all of a stream, then close
 *
 * As with streams, one that was polled and not closed is dropped before its storage goes, and owns the sink below it.
 * Executor's thread.
 */
#ifndef FUT_SINK_H
#define FUT_SINK_H

#include "stream_from.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_sink fut_sink_t;

/* Each may be left out where there is nothing to wait for, or to do. READY with sink->error set: it has failed. */
typedef struct fut_sink_vtable {
    const char *name;
    fut_poll_t (*poll_ready)(fut_sink_t *self, fut_context_t *cx);
    int (*start_send)(fut_sink_t *self, const void *item); /* 0, or a negative errno, with which the sink has failed */
    fut_poll_t (*poll_flush)(fut_sink_t *self, fut_context_t *cx);
    fut_poll_t (*poll_close)(fut_sink_t *self, fut_context_t *cx);
    void (*drop)(fut_sink_t *self);
} fut_sink_vtable_t;

struct fut_sink {
    const fut_sink_vtable_t *vtable;
    size_t                   size;  /* of an item              */
    int                      error; /* 0, or why it has failed */
    bool                     closed;
};

FUT_INLINE_ fut_sink_t *fut_sink_init(fut_sink_t *sink, const fut_sink_vtable_t *vtable, size_t size) {
    sink->vtable = vtable;
    sink->size   = size;
    sink->error  = 0;
    sink->closed = false;
    return sink;
}

/* READY: look at sink->error before anything is handed over. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_sink_poll_ready(fut_sink_t *sink, fut_context_t *cx) {
    return sink->error || !sink->vtable->poll_ready ? FUT_READY : sink->vtable->poll_ready(sink, cx);
}
/* After poll_ready was READY, once. 0; the sink's error; -EPIPE: it was closed. */
int                                 fut_sink_start_send(fut_sink_t *sink, const void *item);
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_sink_poll_flush(fut_sink_t *sink, fut_context_t *cx) {
    return sink->error || !sink->vtable->poll_flush ? FUT_READY : sink->vtable->poll_flush(sink, cx);
}
/* Flushes, and closes the sinks below. Idempotent once it is READY. */
FUT_MUST_USE fut_poll_t fut_sink_poll_close(fut_sink_t *sink, fut_context_t *cx);
/* At once: what is on its way is lost; its error is -ECANCELED unless it has one. NULL, and one that is closed, are left
 * alone. */
void fut_sink_drop(fut_sink_t *sink);

#ifndef __cplusplus

/* Outputs: 0, the sink's error, -EPIPE: it is closed, or -ECANCELED. Cancelling send or feed before the item was handed over
 * loses the place of the wait; afterwards nothing, the item goes its way. Cancelling close drops nothing: call it again. */
typedef struct fut_sink_feed {
    FUT_FUTURE(fut_sink_feed, int, fut_sink_t *sink; const void *item);
} fut_sink_feed_t;
FUT_DECLARE(fut_sink_feed);
typedef struct fut_sink_send {
    FUT_FUTURE(fut_sink_send, int, fut_sink_t *sink; const void *item);
    bool sent;
} fut_sink_send_t;
FUT_DECLARE(fut_sink_send);
typedef struct fut_sink_flush {
    FUT_FUTURE(fut_sink_flush, int, fut_sink_t *sink);
} fut_sink_flush_t;
FUT_DECLARE(fut_sink_flush);
typedef struct fut_sink_close {
    FUT_FUTURE(fut_sink_close, int, fut_sink_t *sink);
} fut_sink_close_t;
FUT_DECLARE(fut_sink_close);

/* fut_stream_forward: every item into the sink, which is closed at the end. An item is asked for only when the sink can take
 * it; while there is none the sink is flushed. Output: 0; the stream's error; the sink's, and then the stream was
 * cancelled gracefully; -ECANCELED. -EINVAL: their items have different sizes. Cancelling ends the stream gracefully and
 * closes the sink. Dropping drops both. */
typedef struct fut_stream_forward {
    FUT_FUTURE(fut_stream_forward, int, fut_stream_t *stream; fut_sink_t *sink);
    int error;
} fut_stream_forward_t;
FUT_DECLARE(fut_stream_forward);

#endif /* __cplusplus */

/* ---- Sinks ---------------------------------------------------------------------------------------- */

/* Into an array, FUT_ARRAY(self->room); one item too many: -ENOBUFS. */
typedef struct fut_sink_to_array {
    fut_sink_t sink;
    char      *items;
    size_t     room, count;
} fut_sink_to_array_t;
fut_sink_t *fut_sink_to_array(fut_sink_to_array_t *self, void *items, size_t size, size_t room);

/* Each to a function, which answers 0 or a negative errno and does not block. */
typedef struct fut_sink_to_fn {
    fut_sink_t sink;
    int (*take)(void *data, const void *item);
    void *data;
} fut_sink_to_fn_t;
fut_sink_t *fut_sink_to_fn(fut_sink_to_fn_t *self, size_t size, int (*take)(void *data, const void *item), void *data);

/* Nowhere. */
fut_sink_t *fut_sink_drain(fut_sink_t *self, size_t size);

/* Into a channel, of any kind: a started send, which is begun again for each item, and the place it sends from.
 *
 *     START(self->send, fut_channel_send, FUT_ITEM(self->numbers, &self->n));
 *     self->sink = fut_sink_to_send(&self->to, &self->send.future, FUT_OUT(&self->n));
 *
 * Any future will do whose negative output is an error. Closing the sink does not close the channel. */
typedef struct fut_sink_to_send {
    fut_sink_t        sink;
    fut_stream_slot_t slot;
    void             *item;
} fut_sink_to_send_t;
fut_sink_t *fut_sink_to_send(fut_sink_to_send_t *self, fut_future_t *started, void *item, size_t size);

/* Each to a future, one after the other: `start` starts it in the slot, having copied what it needs of the item, and answers 0
 * or a negative errno. A negative output fails the sink. */
typedef struct fut_sink_to_futures {
    fut_sink_t        sink;
    fut_stream_slot_t slot;
    int (*start)(void *data, const void *item, fut_future_t *slot);
    void *data;
} fut_sink_to_futures_t;
fut_sink_t *fut_sink_to_futures(fut_sink_to_futures_t *self, size_t size, fut_future_t *slot,
                                int (*start)(void *data, const void *item, fut_future_t *slot), void *data);

/* Another item for each, on its way to the sink below. */
typedef struct fut_sink_map {
    fut_sink_t  sink;
    fut_sink_t *below;
    void       *out;
    void (*map)(void *data, const void *item, void *out);
    void *data;
} fut_sink_map_t;
fut_sink_t *fut_sink_map(fut_sink_map_t *self, size_t size, fut_sink_t *below, void *out,
                         void (*map)(void *data, const void *item, void *out), void *data);

/* Room for some items before the sink below, FUT_ARRAY(self->room). A room of 0: -EINVAL at the first item. */
typedef struct fut_sink_buffer {
    fut_sink_t  sink;
    fut_sink_t *below;
    char       *items;
    size_t      room, first, count;
} fut_sink_buffer_t;
fut_sink_t *fut_sink_buffer(fut_sink_buffer_t *self, fut_sink_t *below, void *items, size_t size, size_t room);

/* Each item to all of an array of sinks, as fast as the slowest of them. Where one fails, so does this. The array stays. */
typedef struct fut_sink_fan_out {
    fut_sink_t         sink;
    fut_sink_t *const *sinks;
    size_t             count;
} fut_sink_fan_out_t;
fut_sink_t *fut_sink_fan_out(fut_sink_fan_out_t *self, fut_sink_t *const *sinks, size_t count, size_t size);

#ifdef __cplusplus
}
#endif
#endif

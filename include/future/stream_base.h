/* stream_base.h: values that come one after the other.                     layer: stream; needs: core
 *
 * A future is ready once. A stream is ready again and again, each time with an item, until it ends:
 *
 *     PENDING                     nothing yet; the waker was taken
 *     READY, stream->item         an item, which stays where it points until the next poll
 *     READY, stream->item NULL    the end, for ever. stream->error: 0, or why it ended
 *
 * An async function reads one with FOR_AWAIT:
 *
 *     fut_stream_t *numbers;                                    // in the frame
 *     FUT_NEXT(int) each;                                       // a slot: the wait, and room for an item
 *     ...
 *     FOR_AWAIT(self->each, self->numbers) {
 *         if (self->each.item < 0) continue;
 *         AWAIT(self->store, store, self->each.item);           // break, continue and AWAIT work as in any loop
 *     }
 *     TRY(self->each.next.output);                              // 0, or the stream's error
 *     ASYNC_FINALLY();
 *     fut_stream_drop(self->numbers);                           // whoever began to read it ends it
 *
 * Another one writes one with EMIT, see macros/stream.h; adapters (stream_adapt.h) make one from another; a loop over
 * fut_stream_poll_next reads one without any async function.
 *
 * A stream does nothing before it is polled and makes the next item only when it is asked for it: that is all there is
 * to back-pressure. It belongs to whoever reads it; one that was polled and has not ended may be linked somewhere, so
 * it is dropped, or cancelled and read to its end, before its storage goes. An adapter owns the stream below it in
 * this sense: to drop the last of a chain drops the chain.
 *
 * The price (64 bits): 48 bytes, and what the adapter needs. An item that passes through an adapter costs one call
 * through a pointer. Nothing is allocated. Everything here belongs to the executor's thread.
 */
#ifndef FUT_STREAM_BASE_H
#define FUT_STREAM_BASE_H

#include "../future.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_stream fut_stream_t;

typedef struct fut_stream_vtable {
    const char *name;
    /* Ends in fut_stream_item, fut_stream_finish or PENDING. Not called any more once one of those below was. */
    fut_poll_t (*poll_next)(fut_stream_t *self, fut_context_t *cx);
    /* The streams it owns: the first, the one after `stream`; NULL: no more. Left out: `source` alone. */
    fut_stream_t *(*sources)(const fut_stream_t *self, const fut_stream_t *stream);
    /* What else it has: to release it at once; to begin to end it; to poll until it has ended. Left out: nothing. */
    void (*drop)(fut_stream_t *self);
    void (*cancel)(fut_stream_t *self);
    fut_poll_t (*poll_end)(fut_stream_t *self, fut_context_t *cx);
    /* The future it waits for, for a backtrace; or NULL. Left out: none. */
    const fut_future_t *(*waits_for)(const fut_stream_t *self);
} fut_stream_vtable_t;

enum { FUT_STREAM_OPEN_, FUT_STREAM_ENDING_, FUT_STREAM_ENDED_ };

struct fut_stream {
    const fut_stream_vtable_t *vtable;
    fut_stream_t              *source; /* the stream below; NULL: there is none          */
    void                      *item;   /* after READY                                    */
    size_t                     size;   /* of an item                                     */
    int                        error;  /* why it ends, or has ended: 0, a negative errno */
    uint8_t                    state;
};

/* For whoever writes a stream: fill the first fields of its struct. */
FUT_INLINE_ fut_stream_t *fut_stream_init(fut_stream_t *stream, const fut_stream_vtable_t *vtable, fut_stream_t *source,
                                          size_t size) {
    stream->vtable = vtable;
    stream->source = source;
    stream->item   = NULL;
    stream->size   = size;
    stream->error  = 0;
    stream->state  = FUT_STREAM_OPEN_;
    return stream;
}
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_stream_item(fut_stream_t *stream, void *item) {
    stream->item = item;
    return FUT_READY;
}
/* The stream ends, with this error, as soon as everything that it has has ended: sources are cancelled gracefully. */
FUT_MUST_USE fut_poll_t fut_stream_finish(fut_stream_t *stream, fut_context_t *cx, int error);

/* What a stream answers next; see above. */
FUT_MUST_USE fut_poll_t             fut_stream_poll_ending_(fut_stream_t *stream, fut_context_t *cx);
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_stream_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    if (FUT_RARELY_(stream->state != FUT_STREAM_OPEN_)) return fut_stream_poll_ending_(stream, cx);
    return stream->vtable->poll_next(stream, cx);
}
FUT_INLINE_ bool fut_stream_has_ended(const fut_stream_t *stream) { return stream->state == FUT_STREAM_ENDED_; }

/* End at once: what it holds is released, sources first; FINALLYs below run as in fut_drop. The error is -ECANCELED.
 * Idempotent; NULL, and one that has ended, are left alone. Not from inside its own poll. */
void fut_stream_drop(fut_stream_t *stream);
/* End gracefully: nothing more is made, FINALLYs may await; poll it, or read it, until it has ended. The error is
 * -ECANCELED. Idempotent. Not from inside its own poll. */
void fut_stream_cancel(fut_stream_t *stream);

#ifndef __cplusplus

/* fut_stream_next: the next item, copied to *into, which has `size` bytes, those of an item. Output: 1; 0, the stream
 * has ended; the error it ended with. Cancelling loses nothing: the stream stays where it is. */
typedef struct fut_stream_next {
    FUT_FUTURE(fut_stream_next, int, fut_stream_t *stream; void *into; size_t size);
    bool in_body; /* of a FOR_AWAIT */
} fut_stream_next_t;
FUT_DECLARE(fut_stream_next);

/* fut_stream_close: cancel the stream gracefully, and wait until it has ended. Output: 0, or -ECANCELED: it was
 * dropped. */
typedef struct fut_stream_close {
    FUT_FUTURE(fut_stream_close, int, fut_stream_t *stream);
} fut_stream_close_t;
FUT_DECLARE(fut_stream_close);

/* fut_stream_for_each: call `each` with every item. Output: 0; the stream's error; or what `each` has answered, if that
 * was negative: then the stream was closed. Dropping and cancelling it drops and cancels the stream. */
typedef struct fut_stream_for_each {
    FUT_FUTURE(fut_stream_for_each, int, fut_stream_t *stream; int (*each)(void *data, void *item); void *data);
    int error;
} fut_stream_for_each_t;
FUT_DECLARE(fut_stream_for_each);

/* fut_stream_collect: all items, one after the other, into an array with room for so many. Output: how many; -ENOBUFS:
 * there were more, and the stream was closed; the stream's error. `count` says how many there are in any case. */
typedef struct fut_stream_collect {
    FUT_FUTURE(fut_stream_collect, int, fut_stream_t *stream; void *items; size_t room);
    size_t count;
    int    error;
} fut_stream_collect_t;
FUT_DECLARE(fut_stream_collect);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif

#ifndef __cplusplus
#include "../../macros/stream.h"
#endif
#endif

/* generator.c: an async function that is read as a stream.                   layer: stream; needs: core
 *
 * The function is polled until it waits for something, or stands at an EMIT: then its item is the stream's, and the next
 * poll lets it go on.
 */
#include <errno.h>

#include "future/stream_base.h"

FUT_DEFINE_AS_(, fut_emit, FUT_VTABLE_(fut_emit, FUT_BY_HAND_), .loses = FUT_LOSES_NOTHING);

static fut_generator_t *generator(const fut_stream_t *stream) { return (fut_generator_t *)(void *)(uintptr_t)stream; }

static fut_poll_t generator_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_generator_t *const self = generator(stream);
    self->emit.full             = false;
    if (fut_strand_poll(&self->strand, cx) == FUT_READY) {
        const intmax_t output = fut_result(self->strand.root);
        return fut_stream_finish(stream, cx, output < 0 ? (int)output : 0);
    }
    return self->emit.full ? fut_stream_item(stream, self->place) : FUT_PENDING;
}

static void generator_cancel(fut_stream_t *stream) {
    fut_generator_t *const self = generator(stream);
    self->ending                = true;
    fut_cancel(self->strand.root);
}
static fut_poll_t generator_poll_end(fut_stream_t *stream, fut_context_t *cx) {
    fut_generator_t *const self = generator(stream);
    self->emit.full             = false;
    return fut_strand_poll(&self->strand, cx);
}
static void generator_drop(fut_stream_t *stream) {
    generator(stream)->ending = true;
    fut_drop(generator(stream)->strand.root);
}
static const fut_future_t *generator_waits_for(const fut_stream_t *stream) { return generator(stream)->strand.root; }

static const fut_stream_vtable_t vtable = {.name      = "a generator",
                                           .poll_next = generator_poll_next,
                                           .drop      = generator_drop,
                                           .cancel    = generator_cancel,
                                           .poll_end  = generator_poll_end,
                                           .waits_for = generator_waits_for};

void fut_generator_init_(fut_generator_t *generator, fut_future_t *started, void *place, size_t size) {
    fut_stream_init(&generator->stream, &vtable, NULL, size);
    fut_strand_init(&generator->strand, started);
    generator->place     = place;
    generator->emit.full = false;
    generator->ending    = false;
}

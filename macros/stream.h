/* stream.h: reading and writing streams in async functions.        layer: macros; needs: await.h, future/stream_base.h
 *
 *     FUT_NEXT(T) each;                    a member of the frame: the wait for an item, and the item
 *     FOR_AWAIT(each, stream) { ... }      for each item, each.item; afterwards each.next.output: 0, or the error
 *     AWAIT_NEXT(each, stream)             one item: each.next.output is 1; 0, the end; or an error
 *     START_NEXT(each, stream)             the same as a started slot, each.next: for a SELECT, a JOIN
 *
 * A generator is an async function which writes a stream. Its output, an int, is the error that the stream ends with:
 *
 *     typedef struct count {
 *         ASYNC_STREAM_FRAME(count, int, int from; int to);     // its name, the type of its items, its arguments
 *         int i;
 *     } count_t;
 *
 *     ASYNC_STREAM(count) {
 *         ASYNC_BEGIN();
 *         for (self->i = self->from; self->i < self->to; self->i++) EMIT(self->i);
 *         ASYNC_RETURN(0);
 *         ASYNC_END();
 *     }
 *
 *     START_STREAM(self->numbers, count, 1, 100);               // fill the slot; nothing runs before it is read
 *     FOR_AWAIT(self->each, STREAM_OF(self->numbers)) ...
 *
 * EMIT suspends until the next item is asked for. A generator that is being cancelled goes to its FINALLY from there; in
 * FINALLY, EMIT does nothing.
 */
#ifndef FUT_MACROS_STREAM_H
#define FUT_MACROS_STREAM_H

/* ---- Reading ------------------------------------------------------------------------------ */

#define FUT_NEXT(T)                                                                                                  \
    struct {                                                                                                         \
        fut_stream_next_t next;                                                                                      \
        T                 item;                                                                                      \
    }
#define FUT_START_NEXT(each, stream) \
    FUT_START_M((each).next, fut_stream_next, stream, &(each).item, sizeof (each).item)
#define FUT_AWAIT_NEXT(each, stream) FUT_AWAIT_NEXT_AT_(__COUNTER__, each, stream)
#define FUT_AWAIT_NEXT_AT_(c, each, stream) \
    FUT_AWAIT_M(c, (each).next, fut_stream_next, stream, &(each).item, sizeof (each).item)

/* One turn of the loop waits, and the next is the body: so the body follows the macro, and break and continue are its
 * own. A turn that waits is left at the end of the stream. */
#define FUT_FOR_AWAIT(each, stream) FUT_FOR_AWAIT_AT_(__COUNTER__, each, stream)
#define FUT_FOR_AWAIT_AT_(c, each, stream_)                                                                          \
    for (fut_stream_loop_(&(each).next, stream_, &(each).item, sizeof (each).item);;)                                \
        if (!fut_stream_in_body_(&(each).next)) {                                                                    \
            FUT_WAIT_(c, &(each).next.future, FUT_BY_HAND_,                                                          \
                      FUT_CHECK_AWAIT_(&(each).next.future, cx, fut_stream_next_poll(&(each).next, cx)), (void)0)    \
            if ((each).next.output <= 0) break;                                                                      \
        } else

FUT_INLINE_ void fut_stream_loop_(fut_stream_next_t *next, fut_stream_t *stream, void *into, size_t size) {
    FUT_START_M(*next, fut_stream_next, stream, into, size);
    next->in_body = true;
}
FUT_INLINE_ bool fut_stream_in_body_(fut_stream_next_t *next) {
    next->in_body = !next->in_body;
    if (!next->in_body) FUT_START_HEADER_(*next, fut_stream_next);
    return next->in_body;
}

/* ---- Writing ------------------------------------------------------------------------------ */

/* Pending while an item is in the generator and was not taken. Whoever reads polls again for the next. */
typedef struct fut_emit {
    FUT_FUTURE(fut_emit, void);
    bool full;
} fut_emit_t;
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_emit_poll(fut_emit_t *self, fut_context_t *cx) {
    if (!self->full) return fut_ready(&self->future);
    (void)fut_context_waker(cx);
    return fut_pending(&self->future);
}
FUT_SPAWNED_(fut_emit)
extern const fut_vtable_t fut_emit_vtable;

typedef struct fut_generator {
    fut_stream_t stream;
    fut_strand_t strand; /* the async function */
    void        *place;  /* of its item        */
    fut_emit_t   emit;
    bool         ending;
} fut_generator_t;
void fut_generator_init_(fut_generator_t *generator, fut_future_t *started, void *place, size_t size);

#define FUT_ASYNC_STREAM_FRAME(...) FUT_CAT_(FUT_STREAM_FRAME_, FUT_COUNT_(__VA_ARGS__))(__VA_ARGS__)
#define FUT_STREAM_FRAME_2(name, T)                                                                                  \
    FUT_ASYNC_FRAME(name, int);                                                                                      \
    fut_generator_t generator;                                                                                       \
    T               emitted
#define FUT_STREAM_FRAME_M(name, T, ...)                                                                             \
    FUT_ASYNC_FRAME(name, int, __VA_ARGS__);                                                                         \
    fut_generator_t generator;                                                                                       \
    T               emitted

#define FUT_ASYNC_STREAM(name)      FUT_ASYNC(name)
#define FUT_STREAM_OF(slot)         (&(slot).generator.stream)
#define FUT_START_STREAM(slot, ...)                                                                                  \
    do {                                                                                                             \
        FUT_START(slot, __VA_ARGS__);                                                                                \
        fut_generator_init_(&(slot).generator, &(slot).future, &(slot).emitted, sizeof (slot).emitted);              \
    } while (0)

#define FUT_EMIT(...) FUT_EMIT_AT_(__COUNTER__, __VA_ARGS__)
#define FUT_EMIT_AT_(c, ...)                                                                                         \
    do {                                                                                                             \
        self->emitted             = (__VA_ARGS__);                                                                   \
        self->generator.emit.full = !self->generator.ending;                                                         \
        FUT_AWAIT_2(c, self->generator.emit, fut_emit);                                                              \
    } while (0)

#ifndef FUT_NO_SHORT_NAMES
#define FOR_AWAIT          FUT_FOR_AWAIT
#define AWAIT_NEXT         FUT_AWAIT_NEXT
#define START_NEXT         FUT_START_NEXT
#define ASYNC_STREAM_FRAME FUT_ASYNC_STREAM_FRAME
#define ASYNC_STREAM       FUT_ASYNC_STREAM
#define START_STREAM       FUT_START_STREAM
#define STREAM_OF          FUT_STREAM_OF
#define EMIT               FUT_EMIT
#endif

#endif

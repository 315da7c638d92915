/* from.c: streams that have none below.                                        layer: stream; needs: core */
#include <errno.h>

#include "future/stream_from.h"
#include "slot.h"

#define SELF(name, stream) ((name *)(void *)(uintptr_t)(stream))

/* ---- An array --------------------------------------------------------------------------------------- */

static fut_poll_t from_array_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_from_array_t *const self = SELF(fut_stream_from_array_t, stream);
    char *const                    item = self->next;
    if (self->left == 0) return fut_stream_finish(stream, cx, 0);
    self->next += stream->size;
    self->left--;
    return fut_stream_item(stream, item);
}
static const fut_stream_vtable_t from_array_vtable = {.name = "an array", .poll_next = from_array_poll_next};

fut_stream_t *fut_stream_from_array(fut_stream_from_array_t *self, const void *items, size_t size, size_t count) {
    self->next = (char *)(uintptr_t)items;
    self->left = count;
    return fut_stream_init(&self->stream, &from_array_vtable, NULL, size);
}

/* ---- A function ------------------------------------------------------------------------------------- */

/* 1: an item. 0: the end. Negative: an error. */
static fut_poll_t answered(fut_stream_t *stream, fut_context_t *cx, int answer, void *item) {
    if (answer > 0) return fut_stream_item(stream, item);
    return fut_stream_finish(stream, cx, answer);
}

static fut_poll_t from_fn_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_from_fn_t *const self = SELF(fut_stream_from_fn_t, stream);
    return answered(stream, cx, self->next(self->data, self->item), self->item);
}
static const fut_stream_vtable_t from_fn_vtable = {.name = "a function", .poll_next = from_fn_poll_next};

fut_stream_t *fut_stream_from_fn(fut_stream_from_fn_t *self, void *item, size_t size,
                                 int (*next)(void *data, void *item), void *data) {
    self->item = item;
    self->next = next;
    self->data = data;
    return fut_stream_init(&self->stream, &from_fn_vtable, NULL, size);
}

/* ---- A function that is polled ------------------------------------------------------------------------ */

static fut_poll_t from_poll_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_from_poll_t *const self   = SELF(fut_stream_from_poll_t, stream);
    int                           answer = 0;
    if (self->poll(self->data, cx, self->item, &answer) == FUT_PENDING) return FUT_PENDING;
    if (answer <= 0) self->drop = NULL; /* it has ended by itself */
    return answered(stream, cx, answer, self->item);
}
static void from_poll_drop(fut_stream_t *stream) {
    fut_stream_from_poll_t *const self = SELF(fut_stream_from_poll_t, stream);
    void (*const drop)(void *data)     = self->drop;
    self->drop                         = NULL;
    if (drop) drop(self->data);
}
static const fut_stream_vtable_t from_poll_vtable = {.name      = "a function that is polled",
                                                     .poll_next = from_poll_poll_next,
                                                     .drop      = from_poll_drop,
                                                     .cancel    = from_poll_drop};

fut_stream_t *fut_stream_from_poll(fut_stream_from_poll_t *self, void *item, size_t size,
                                   fut_poll_t (*poll)(void *data, fut_context_t *cx, void *item, int *answer),
                                   void (*drop)(void *data), void *data) {
    self->item = item;
    self->poll = poll;
    self->drop = drop;
    self->data = data;
    return fut_stream_init(&self->stream, &from_poll_vtable, NULL, size);
}

/* ---- A channel ------------------------------------------------------------------------------------------ */

/* The receive was started by the caller, so it is the stream's from the beginning: dropped also if it was never polled. */
static fut_poll_t from_recv_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_from_recv_t *const self = SELF(fut_stream_from_recv_t, stream);
    intmax_t                      answer;
    if (!self->slot.running) fut__slot_run_again(&self->slot);
    if (fut__slot_poll(&self->slot, cx) == FUT_PENDING) return FUT_PENDING;
    answer = fut_result(self->slot.future);
    if (answer < 0) return fut_stream_finish(stream, cx, answer == -EPIPE ? 0 : (int)answer);
    return fut_stream_item(stream, self->item);
}
static void from_recv_drop(fut_stream_t *stream) { fut__slot_drop(&SELF(fut_stream_from_recv_t, stream)->slot); }
static void from_recv_cancel(fut_stream_t *stream) { fut__slot_cancel(&SELF(fut_stream_from_recv_t, stream)->slot); }
static fut_poll_t from_recv_poll_end(fut_stream_t *stream, fut_context_t *cx) {
    return fut__slot_poll(&SELF(fut_stream_from_recv_t, stream)->slot, cx);
}
static const fut_future_t *from_recv_waits_for(const fut_stream_t *stream) {
    return fut__slot_waits_for(&SELF(const fut_stream_from_recv_t, stream)->slot);
}
static const fut_stream_vtable_t from_recv_vtable = {.name      = "a channel",
                                                     .poll_next = from_recv_poll_next,
                                                     .drop      = from_recv_drop,
                                                     .cancel    = from_recv_cancel,
                                                     .poll_end  = from_recv_poll_end,
                                                     .waits_for = from_recv_waits_for};

fut_stream_t *fut_stream_from_recv(fut_stream_from_recv_t *self, fut_future_t *started, void *item, size_t size) {
    fut__slot_init(&self->slot, started);
    fut__slot_run(&self->slot);
    self->item = item;
    return fut_stream_init(&self->stream, &from_recv_vtable, NULL, size);
}

/* ---- Futures ------------------------------------------------------------------------------------------- */

static fut_poll_t from_futures_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_from_futures_t *const self = SELF(fut_stream_from_futures_t, stream);
    void                            *output;
    int                              end;
    if (!self->slot.running) {
        const int answer = self->start(self->data, self->slot.future);
        if (answer <= 0) return fut_stream_finish(stream, cx, answer);
        fut__slot_run(&self->slot);
    }
    if (fut__slot_poll(&self->slot, cx) == FUT_PENDING) return FUT_PENDING;
    output = fut__slot_output(&self->slot);
    end    = self->is_end ? self->is_end(self->data, output) : 0;
    if (end != 0) return fut_stream_finish(stream, cx, end < 0 ? end : 0);
    return fut_stream_item(stream, output);
}
static void from_futures_drop(fut_stream_t *stream) { fut__slot_drop(&SELF(fut_stream_from_futures_t, stream)->slot); }
static void from_futures_cancel(fut_stream_t *stream) {
    fut__slot_cancel(&SELF(fut_stream_from_futures_t, stream)->slot);
}
static fut_poll_t from_futures_poll_end(fut_stream_t *stream, fut_context_t *cx) {
    return fut__slot_poll(&SELF(fut_stream_from_futures_t, stream)->slot, cx);
}
static const fut_future_t *from_futures_waits_for(const fut_stream_t *stream) {
    return fut__slot_waits_for(&SELF(const fut_stream_from_futures_t, stream)->slot);
}
static const fut_stream_vtable_t from_futures_vtable = {.name      = "futures, one after the other",
                                                        .poll_next = from_futures_poll_next,
                                                        .drop      = from_futures_drop,
                                                        .cancel    = from_futures_cancel,
                                                        .poll_end  = from_futures_poll_end,
                                                        .waits_for = from_futures_waits_for};

fut_stream_t *fut_stream_from_futures(fut_stream_from_futures_t *self, fut_future_t *slot, void *output, size_t size,
                                      int (*start)(void *data, fut_future_t *slot),
                                      int (*is_end)(void *data, const void *output), void *data) {
    (void)output; /* the vtable knows where it is, once there is one */
    fut__slot_init(&self->slot, slot);
    self->start  = start;
    self->is_end = is_end;
    self->data   = data;
    return fut_stream_init(&self->stream, &from_futures_vtable, NULL, size);
}

/* ---- One future ------------------------------------------------------------------------------------------ */

static int start_once(void *data, fut_future_t *slot) {
    fut_stream_once_t *const self = data;
    const int                more = !self->begun;
    (void)slot;
    self->begun = true;
    return more;
}

/* It was started before, so it is this stream's from the beginning: dropped also if it was never polled. */
static void once_drop(fut_stream_t *stream) {
    fut_stream_once_t *const self = SELF(fut_stream_once_t, stream);
    fut_drop(self->futures.slot.future);
}
static void once_cancel(fut_stream_t *stream) {
    fut_stream_once_t *const self = SELF(fut_stream_once_t, stream);
    fut_cancel(self->futures.slot.future);
}
static const fut_stream_vtable_t once_vtable = {.name      = "a future",
                                                .poll_next = from_futures_poll_next,
                                                .drop      = once_drop,
                                                .cancel    = once_cancel,
                                                .poll_end  = from_futures_poll_end,
                                                .waits_for = from_futures_waits_for};

fut_stream_t *fut_stream_once(fut_stream_once_t *self, fut_future_t *started, void *output, size_t size) {
    self->begun = false;
    fut_stream_from_futures(&self->futures, started, output, size, start_once, NULL, self);
    self->futures.stream.vtable = &once_vtable;
    return &self->futures.stream;
}

/* ---- Always, and never ------------------------------------------------------------------------------------ */

static fut_poll_t repeat_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    (void)cx;
    return fut_stream_item(stream, SELF(fut_stream_repeat_t, stream)->again);
}
static const fut_stream_vtable_t repeat_vtable = {.name = "an item, repeated", .poll_next = repeat_poll_next};

fut_stream_t *fut_stream_repeat(fut_stream_repeat_t *self, const void *item, size_t size) {
    self->again = (void *)(uintptr_t)item;
    return fut_stream_init(&self->stream, &repeat_vtable, NULL, size);
}

static fut_poll_t empty_poll_next(fut_stream_t *stream, fut_context_t *cx) { return fut_stream_finish(stream, cx, 0); }
static const fut_stream_vtable_t empty_vtable = {.name = "no item", .poll_next = empty_poll_next};

fut_stream_t *fut_stream_empty(fut_stream_empty_t *self, size_t size) {
    return fut_stream_init(&self->stream, &empty_vtable, NULL, size);
}

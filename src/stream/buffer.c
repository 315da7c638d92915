/* buffer.c: a set of futures between two streams.                              layer: stream; needs: core, set
 *
 *     free slot, source open      ask for an item, start the slot, push it into the set
 *     a slot is done              its output is the item; the slot is free with the next poll
 *     exhausted, set empty        the end
 */
#include <errno.h>

#include "future/stream_buffer.h"

#define SELF(stream) ((fut_stream_buffer_t *)(void *)(uintptr_t)(stream))

static fut_future_t *slot_of(const fut_stream_buffer_t *self, const fut_set_child_t *child) {
    const size_t i = (size_t)(child - self->children);
    if (self->slots.stride == 0) return ((fut_future_t *const *)self->slots.first)[i];
    return (fut_future_t *)(void *)((char *)self->slots.first + i * self->slots.stride);
}

/* Children that are free are linked through `data`. */
static void set_free(fut_stream_buffer_t *self, fut_set_child_t *child) {
    child->data = self->free;
    self->free  = child;
}

static void no_more(fut_stream_buffer_t *self, int error) {
    self->exhausted = true;
    self->failed    = error;
    fut_stream_cancel(self->stream.source);
}

/* 1: one more runs. 0: not now, or never. */
static int start_one(fut_stream_buffer_t *self, fut_context_t *cx) {
    fut_stream_t *const    source = self->stream.source;
    fut_set_child_t *const child  = self->free;
    int                    answer;
    if (!child || self->exhausted || fut_stream_poll_next(source, cx) == FUT_PENDING) return 0;
    if (!source->item) return no_more(self, source->error), 0;
    answer = self->start(self->data, source->item, slot_of(self, child));
    if (answer <= 0) return no_more(self, answer), 0;
    self->free = (fut_set_child_t *)child->data;
    answer     = fut_set_push(&self->set, child, slot_of(self, child));
    if (answer == 0) return 1;
    fut_drop(slot_of(self, child));
    set_free(self, child);
    return no_more(self, answer), 0;
}

static fut_poll_t buffer_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_buffer_t *const self = SELF(stream);
    fut_set_child_t           *child;
    if (self->slots.count == 0) return fut_stream_finish(stream, cx, -EINVAL);
    if (self->given) set_free(self, self->given);
    self->given = NULL;
    while (start_one(self, cx)) {}
    if (fut_set_poll_next(&self->set, cx, &child) == FUT_PENDING) return FUT_PENDING;
    if (child) {
        fut_future_t *const slot = slot_of(self, child);
        self->given              = child;
        return fut_stream_item(stream, (char *)slot + slot->vtable->output);
    }
    return self->exhausted ? fut_stream_finish(stream, cx, self->failed) : FUT_PENDING;
}

static void       buffer_drop(fut_stream_t *stream) { fut_set_destroy(&SELF(stream)->set); }
static void       buffer_cancel(fut_stream_t *stream) { fut_set_cancel(&SELF(stream)->set, NULL); }
static fut_poll_t buffer_poll_end(fut_stream_t *stream, fut_context_t *cx) {
    fut_set_child_t *child;
    do {
        if (fut_set_poll_next(&SELF(stream)->set, cx, &child) == FUT_PENDING) return FUT_PENDING;
    } while (child);
    fut_set_destroy(&SELF(stream)->set);
    return FUT_READY;
}

static const fut_stream_vtable_t vtable = {.name      = "so many at once",
                                           .poll_next = buffer_poll_next,
                                           .drop      = buffer_drop,
                                           .cancel    = buffer_cancel,
                                           .poll_end  = buffer_poll_end};

fut_stream_t *fut_stream_buffer(fut_stream_buffer_t *self, fut_stream_t *source, fut_futures_t slots,
                                fut_set_child_t *children, size_t                                     size,
                                int (*start)(void *data, const void *item, fut_future_t *slot), void *data,
                                bool ordered) {
    self->children = children;
    self->free = self->given = NULL;
    self->slots              = slots;
    self->start              = start;
    self->data               = data;
    self->exhausted          = false;
    self->failed             = 0;
    for (size_t i = slots.count; i-- > 0;) {
        fut_set_child_init(&children[i], NULL);
        set_free(self, &children[i]);
    }
    if (ordered)
        fut_set_init_ordered(&self->set);
    else
        fut_set_init(&self->set);
    return fut_stream_init(&self->stream, &vtable, source, size);
}

int fut_first_error(void *data, void *item) {
    (void)data;
    return *(const int *)item < 0 ? *(const int *)item : 0;
}

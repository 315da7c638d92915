/* adapt.c: streams made of streams.                                            layer: stream; needs: core
 *
 * Each asks the one below, and answers with fut_stream_item, fut_stream_finish or PENDING. A loop that may go on for long
 * without giving out an item spends.
 */
#include <errno.h>
#include <string.h>

#include "chunks.h"
#include "future/stream_adapt.h"
#include "slot.h"

#define SELF(name, stream) ((name *)(void *)(uintptr_t)(stream))

/* The next item of the one below, in source->item. The stream ends with it: then its reader has the answer. */
#define PULL(stream, source, cx)                                                                                       \
    do {                                                                                                               \
        if (fut_stream_poll_next(source, cx) == FUT_PENDING) return FUT_PENDING;                                       \
        if (!(source)->item) return fut_stream_finish(stream, cx, (source)->error);                                    \
    } while (0)

/* ---- map, filter, filter_map, scan, inspect, enumerate ------------------------------------------------ */

static fut_poll_t map_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_map_t *const self = SELF(fut_stream_map_t, stream);
    PULL(stream, stream->source, cx);
    self->map(self->data, stream->source->item, self->out);
    return fut_stream_item(stream, self->out);
}
static const fut_stream_vtable_t map_vtable = {.name = "map", .poll_next = map_poll_next};

fut_stream_t *fut_stream_map(fut_stream_map_t *self, fut_stream_t *source, void *out, size_t size,
                             void (*map)(void *data, const void *item, void *out), void *data) {
    self->out  = out;
    self->map  = map;
    self->data = data;
    return fut_stream_init(&self->stream, &map_vtable, source, size);
}

static fut_poll_t filter_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_filter_t *const self = SELF(fut_stream_filter_t, stream);
    do {
        PULL(stream, stream->source, cx);
        if (self->keep(self->data, stream->source->item)) return fut_stream_item(stream, stream->source->item);
    } while (fut_context_spend(cx));
    return FUT_PENDING;
}
static const fut_stream_vtable_t filter_vtable = {.name = "filter", .poll_next = filter_poll_next};

fut_stream_t *fut_stream_filter(fut_stream_filter_t *self, fut_stream_t          *source,
                                bool (*keep)(void *data, const void *item), void *data) {
    self->keep = keep;
    self->data = data;
    return fut_stream_init(&self->stream, &filter_vtable, source, source->size);
}

static fut_poll_t filter_map_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_filter_map_t *const self = SELF(fut_stream_filter_map_t, stream);
    do {
        PULL(stream, stream->source, cx);
        if (self->map(self->data, stream->source->item, self->out)) return fut_stream_item(stream, self->out);
    } while (fut_context_spend(cx));
    return FUT_PENDING;
}
static const fut_stream_vtable_t filter_map_vtable = {.name = "filter_map", .poll_next = filter_map_poll_next};

fut_stream_t *fut_stream_filter_map(fut_stream_filter_map_t *self, fut_stream_t *source, void *out, size_t size,
                                    bool (*map)(void *data, const void *item, void *out), void *data) {
    self->out  = out;
    self->map  = map;
    self->data = data;
    return fut_stream_init(&self->stream, &filter_map_vtable, source, size);
}

static fut_poll_t scan_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_scan_t *const self = SELF(fut_stream_scan_t, stream);
    int                      answer;
    PULL(stream, stream->source, cx);
    answer = self->next(self->data, stream->source->item, self->out);
    if (answer > 0) return fut_stream_item(stream, self->out);
    return fut_stream_finish(stream, cx, answer);
}
static const fut_stream_vtable_t scan_vtable = {.name = "scan", .poll_next = scan_poll_next};

fut_stream_t *fut_stream_scan(fut_stream_scan_t *self, fut_stream_t *source, void *out, size_t size,
                              int (*next)(void *data, const void *item, void *out), void *data) {
    self->out  = out;
    self->next = next;
    self->data = data;
    return fut_stream_init(&self->stream, &scan_vtable, source, size);
}

static fut_poll_t inspect_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_inspect_t *const self = SELF(fut_stream_inspect_t, stream);
    PULL(stream, stream->source, cx);
    self->look(self->data, stream->source->item);
    return fut_stream_item(stream, stream->source->item);
}
static const fut_stream_vtable_t inspect_vtable = {.name = "inspect", .poll_next = inspect_poll_next};

fut_stream_t *fut_stream_inspect(fut_stream_inspect_t *self, fut_stream_t         *source,
                                 void (*look)(void *data, const void *item), void *data) {
    self->look = look;
    self->data = data;
    return fut_stream_init(&self->stream, &inspect_vtable, source, source->size);
}

static fut_poll_t enumerate_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_enumerate_t *const self = SELF(fut_stream_enumerate_t, stream);
    PULL(stream, stream->source, cx);
    self->now = (fut_enumerated_t){self->count++, stream->source->item};
    return fut_stream_item(stream, &self->now);
}
static const fut_stream_vtable_t enumerate_vtable = {.name = "enumerate", .poll_next = enumerate_poll_next};

fut_stream_t *fut_stream_enumerate(fut_stream_enumerate_t *self, fut_stream_t *source) {
    self->count = 0;
    return fut_stream_init(&self->stream, &enumerate_vtable, source, sizeof self->now);
}

/* ---- then ------------------------------------------------------------------------------------------------ */

static fut_poll_t then_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_then_t *const self = SELF(fut_stream_then_t, stream);
    if (!self->slot.running) {
        int answer;
        PULL(stream, stream->source, cx);
        answer = self->start(self->data, stream->source->item, self->slot.future);
        if (answer <= 0) return fut_stream_finish(stream, cx, answer);
        fut__slot_run(&self->slot);
    }
    if (fut__slot_poll(&self->slot, cx) == FUT_PENDING) return FUT_PENDING;
    return fut_stream_item(stream, fut__slot_output(&self->slot));
}
static void       then_drop(fut_stream_t *stream) { fut__slot_drop(&SELF(fut_stream_then_t, stream)->slot); }
static void       then_cancel(fut_stream_t *stream) { fut__slot_cancel(&SELF(fut_stream_then_t, stream)->slot); }
static fut_poll_t then_poll_end(fut_stream_t *stream, fut_context_t *cx) {
    return fut__slot_poll(&SELF(fut_stream_then_t, stream)->slot, cx);
}
static const fut_future_t *then_waits_for(const fut_stream_t *stream) {
    return fut__slot_waits_for(&SELF(const fut_stream_then_t, stream)->slot);
}
static const fut_stream_vtable_t then_vtable = {.name      = "then",
                                                .poll_next = then_poll_next,
                                                .drop      = then_drop,
                                                .cancel    = then_cancel,
                                                .poll_end  = then_poll_end,
                                                .waits_for = then_waits_for};

fut_stream_t *fut_stream_then(fut_stream_then_t *self, fut_stream_t *source, fut_future_t *slot, void *output,
                              size_t size, int (*start)(void *data, const void *item, fut_future_t *slot), void *data) {
    (void)output; /* the vtable knows where it is, once there is one */
    fut__slot_init(&self->slot, slot);
    self->start = start;
    self->data  = data;
    return fut_stream_init(&self->stream, &then_vtable, source, size);
}

/* ---- take, skip, take_while, skip_while, peekable ------------------------------------------------------------ */

static fut_poll_t take_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_count_t *const self = SELF(fut_stream_count_t, stream);
    if (self->left == 0) return fut_stream_finish(stream, cx, 0);
    PULL(stream, stream->source, cx);
    self->left--;
    return fut_stream_item(stream, stream->source->item);
}
static const fut_stream_vtable_t take_vtable = {.name = "take", .poll_next = take_poll_next};

fut_stream_t *fut_stream_take(fut_stream_take_t *self, fut_stream_t *source, size_t count) {
    self->left = count;
    return fut_stream_init(&self->stream, &take_vtable, source, source->size);
}

static fut_poll_t skip_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_count_t *const self = SELF(fut_stream_count_t, stream);
    for (;; self->left--) {
        PULL(stream, stream->source, cx);
        if (self->left == 0) return fut_stream_item(stream, stream->source->item);
        if (!fut_context_spend(cx)) break;
    }
    self->left--;
    return FUT_PENDING;
}
static const fut_stream_vtable_t skip_vtable = {.name = "skip", .poll_next = skip_poll_next};

fut_stream_t *fut_stream_skip(fut_stream_skip_t *self, fut_stream_t *source, size_t count) {
    self->left = count;
    return fut_stream_init(&self->stream, &skip_vtable, source, source->size);
}

static fut_stream_t *init_while(fut_stream_while_t *self, const fut_stream_vtable_t *vtable, fut_stream_t *source,
                                bool (*test)(void *data, const void *item), void *data) {
    self->test   = test;
    self->data   = data;
    self->passed = false;
    return fut_stream_init(&self->stream, vtable, source, source->size);
}

static fut_poll_t take_while_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_while_t *const self = SELF(fut_stream_while_t, stream);
    PULL(stream, stream->source, cx);
    if (!self->test(self->data, stream->source->item)) return fut_stream_finish(stream, cx, 0);
    return fut_stream_item(stream, stream->source->item);
}
static const fut_stream_vtable_t take_while_vtable = {.name = "take_while", .poll_next = take_while_poll_next};

fut_stream_t *fut_stream_take_while(fut_stream_take_while_t *self, fut_stream_t      *source,
                                    bool (*test)(void *data, const void *item), void *data) {
    return init_while(self, &take_while_vtable, source, test, data);
}

static fut_poll_t skip_while_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_while_t *const self = SELF(fut_stream_while_t, stream);
    do {
        PULL(stream, stream->source, cx);
        if (!self->passed) self->passed = !self->test(self->data, stream->source->item);
        if (self->passed) return fut_stream_item(stream, stream->source->item);
    } while (fut_context_spend(cx));
    return FUT_PENDING;
}
static const fut_stream_vtable_t skip_while_vtable = {.name = "skip_while", .poll_next = skip_while_poll_next};

fut_stream_t *fut_stream_skip_while(fut_stream_skip_while_t *self, fut_stream_t      *source,
                                    bool (*test)(void *data, const void *item), void *data) {
    return init_while(self, &skip_while_vtable, source, test, data);
}

static fut_poll_t peekable_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_peekable_t *const self = SELF(fut_stream_peekable_t, stream);
    if (!self->peeked) PULL(stream, stream->source, cx);
    self->peeked = false;
    return fut_stream_item(stream, stream->source->item);
}
static const fut_stream_vtable_t peekable_vtable = {.name = "peekable", .poll_next = peekable_poll_next};

fut_stream_t *fut_stream_peekable(fut_stream_peekable_t *self, fut_stream_t *source) {
    self->peeked = false;
    return fut_stream_init(&self->stream, &peekable_vtable, source, source->size);
}

fut_poll_t fut_stream_poll_peek(fut_stream_peekable_t *self, fut_context_t *cx, void **item) {
    fut_stream_t *const source = self->stream.source;
    *item                      = NULL;
    if (self->stream.state != FUT_STREAM_OPEN_) return FUT_READY;
    if (!self->peeked && fut_stream_poll_next(source, cx) == FUT_PENDING) return FUT_PENDING;
    self->peeked = source->item != NULL;
    *item        = source->item;
    return FUT_READY;
}

/* ---- chain, merge, zip ------------------------------------------------------------------------------------- */

static fut_stream_t *both(const fut_stream_t *stream, const fut_stream_t *source) {
    if (!source) return stream->source;
    return source == stream->source ? SELF(const fut_stream_two_t, stream)->second : NULL;
}
static fut_stream_t *init_two(fut_stream_two_t *self, const fut_stream_vtable_t *vtable, fut_stream_t *first,
                              fut_stream_t *second, size_t size) {
    self->second = second;
    self->turn = self->has_first = false;
    return fut_stream_init(&self->stream, vtable, first, size);
}

static fut_poll_t chain_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_t *const first = stream->source, *const second = SELF(fut_stream_two_t, stream)->second;
    if (!fut_stream_has_ended(first)) {
        if (fut_stream_poll_next(first, cx) == FUT_PENDING) return FUT_PENDING;
        if (first->item) return fut_stream_item(stream, first->item);
    }
    if (first->error) return fut_stream_finish(stream, cx, first->error);
    PULL(stream, second, cx);
    return fut_stream_item(stream, second->item);
}
static const fut_stream_vtable_t chain_vtable = {.name = "chain", .poll_next = chain_poll_next, .sources = both};

fut_stream_t *fut_stream_chain(fut_stream_chain_t *self, fut_stream_t *first, fut_stream_t *second) {
    return init_two(self, &chain_vtable, first, second, first->size);
}

/* One has had the last item, so the other is asked first. */
static fut_poll_t merge_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_two_t *const self    = SELF(fut_stream_two_t, stream);
    bool                    pending = false;
    for (int i = 0; i < 2; i++) {
        fut_stream_t *const source = (i == 0) == self->turn ? self->second : stream->source;
        if (fut_stream_poll_next(source, cx) == FUT_PENDING) {
            pending = true;
        } else if (source->item) {
            self->turn = source == stream->source;
            return fut_stream_item(stream, source->item);
        } else if (source->error) {
            return fut_stream_finish(stream, cx, source->error);
        }
    }
    return pending ? FUT_PENDING : fut_stream_finish(stream, cx, 0);
}
static const fut_stream_vtable_t merge_vtable = {.name = "merge", .poll_next = merge_poll_next, .sources = both};

fut_stream_t *fut_stream_merge(fut_stream_merge_t *self, fut_stream_t *first, fut_stream_t *second) {
    return init_two(self, &merge_vtable, first, second, first->size);
}

static fut_poll_t zip_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_zip_t *const self = SELF(fut_stream_zip_t, stream);
    fut_stream_t *const first = stream->source, *const second = self->two.second;
    if (!self->two.has_first) PULL(stream, first, cx);
    self->two.has_first = true;
    PULL(stream, second, cx);
    self->two.has_first = false;
    self->pair          = (fut_zipped_t){first->item, second->item};
    return fut_stream_item(stream, &self->pair);
}
static const fut_stream_vtable_t zip_vtable = {.name = "zip", .poll_next = zip_poll_next, .sources = both};

fut_stream_t *fut_stream_zip(fut_stream_zip_t *self, fut_stream_t *first, fut_stream_t *second) {
    return init_two(&self->two, &zip_vtable, first, second, sizeof self->pair);
}

/* ---- select_all ----------------------------------------------------------------------------------------------- */

static fut_stream_t *all(const fut_stream_t *stream, const fut_stream_t *source) {
    const fut_stream_select_all_t *const self = SELF(const fut_stream_select_all_t, stream);
    size_t                               i    = 0;
    while (source && i < self->count && self->streams[i++] != source) {}
    return i < self->count ? self->streams[i] : NULL;
}

static fut_poll_t select_all_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_select_all_t *const self    = SELF(fut_stream_select_all_t, stream);
    bool                           pending = false;
    for (size_t i = 0; i < self->count; i++) {
        const size_t        which  = (self->turn + i) % self->count;
        fut_stream_t *const source = self->streams[which];
        if (fut_stream_poll_next(source, cx) == FUT_PENDING) {
            pending = true;
        } else if (source->item) {
            self->winner = which;
            self->turn   = which + 1;
            return fut_stream_item(stream, source->item);
        } else if (source->error) {
            return fut_stream_finish(stream, cx, source->error);
        }
    }
    return pending ? FUT_PENDING : fut_stream_finish(stream, cx, 0);
}
static const fut_stream_vtable_t select_all_vtable = {
    .name = "select_all", .poll_next = select_all_poll_next, .sources = all};

fut_stream_t *fut_stream_select_all(fut_stream_select_all_t *self, fut_stream_t *const *streams, size_t count,
                                    size_t size) {
    self->streams = streams;
    self->count   = count;
    self->turn = self->winner = 0;
    return fut_stream_init(&self->stream, &select_all_vtable, NULL, size);
}

/* ---- flat_map, flatten ----------------------------------------------------------------------------------------- */

static fut_stream_t *outer_and_inner(const fut_stream_t *stream, const fut_stream_t *source) {
    if (!source) return stream->source;
    return source == stream->source ? SELF(const fut_stream_flat_map_t, stream)->inner : NULL;
}

static fut_poll_t flat_map_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_flat_map_t *const self = SELF(fut_stream_flat_map_t, stream);
    do {
        if (!self->inner) {
            int error = 0;
            PULL(stream, stream->source, cx);
            self->inner = self->open(self->data, stream->source->item, &error);
            if (!self->inner && error) return fut_stream_finish(stream, cx, error);
        }
        if (self->inner) {
            if (fut_stream_poll_next(self->inner, cx) == FUT_PENDING) return FUT_PENDING;
            if (self->inner->item) return fut_stream_item(stream, self->inner->item);
            if (self->inner->error) return fut_stream_finish(stream, cx, self->inner->error);
            self->inner = NULL;
        }
    } while (fut_context_spend(cx));
    return FUT_PENDING;
}
static const fut_stream_vtable_t flat_map_vtable = {
    .name = "flat_map", .poll_next = flat_map_poll_next, .sources = outer_and_inner};

fut_stream_t *fut_stream_flat_map(fut_stream_flat_map_t *self, fut_stream_t *source, size_t size,
                                  fut_stream_t *(*open)(void *data, const void *item, int *error), void *data) {
    self->inner = NULL;
    self->open  = open;
    self->data  = data;
    return fut_stream_init(&self->stream, &flat_map_vtable, source, size);
}

static fut_stream_t *open_itself(void *data, const void *item, int *error) {
    (void)data;
    (void)error;
    return *(fut_stream_t *const *)item;
}
fut_stream_t *fut_stream_flatten(fut_stream_flat_map_t *self, fut_stream_t *source, size_t size) {
    return fut_stream_flat_map(self, source, size, open_itself, NULL);
}

/* ---- chunks ------------------------------------------------------------------------------------------------------ */

fut_poll_t fut__chunks_give(fut_stream_chunks_t *self) {
    self->chunk.count = self->have;
    self->have        = 0;
    return fut_stream_item(&self->stream, &self->chunk);
}

/* One more, if there is one. The end is left to be found again by the poll after the last chunk. */
static fut_poll_t fill(fut_stream_chunks_t *self, fut_context_t *cx) {
    fut_stream_t *const source = self->stream.source;
    if (fut_stream_poll_next(source, cx) == FUT_PENDING) return FUT_PENDING;
    if (source->item) memcpy((char *)self->chunk.items + self->have++ * self->size, source->item, self->size);
    return FUT_READY;
}

/* Enough for a chunk: it is full, nothing more comes, or, for ready_chunks, nothing more is there. */
static fut_poll_t chunks_poll(fut_stream_t *stream, fut_context_t *cx, bool ready) {
    fut_stream_chunks_t *const self = SELF(fut_stream_chunks_t, stream);
    if (self->room == 0 || self->size != stream->source->size) return fut_stream_finish(stream, cx, -EINVAL);
    while (self->have < self->room) {
        if (fill(self, cx) == FUT_PENDING) {
            if (!ready || self->have == 0) return FUT_PENDING;
            break;
        }
        if (!stream->source->item) {
            if (self->have == 0) return fut_stream_finish(stream, cx, stream->source->error);
            break;
        }
        if (self->have < self->room && !fut_context_spend(cx)) return FUT_PENDING;
    }
    return fut__chunks_give(self);
}

fut_poll_t        fut__chunks_poll(fut_stream_t *stream, fut_context_t *cx) { return chunks_poll(stream, cx, false); }
static fut_poll_t ready_chunks_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    return chunks_poll(stream, cx, true);
}
static const fut_stream_vtable_t chunks_vtable       = {.name = "chunks", .poll_next = fut__chunks_poll};
static const fut_stream_vtable_t ready_chunks_vtable = {.name = "ready_chunks", .poll_next = ready_chunks_poll_next};

static fut_stream_t *init_chunks(fut_stream_chunks_t *self, const fut_stream_vtable_t *vtable, fut_stream_t *source,
                                 void *items, size_t size, size_t room) {
    self->chunk = (fut_chunk_t){items, 0};
    self->size  = size;
    self->room  = room;
    self->have  = 0;
    return fut_stream_init(&self->stream, vtable, source, sizeof self->chunk);
}
fut_stream_t *fut_stream_chunks(fut_stream_chunks_t *self, fut_stream_t *source, void *items, size_t size,
                                size_t room) {
    return init_chunks(self, &chunks_vtable, source, items, size, room);
}
fut_stream_t *fut_stream_ready_chunks(fut_stream_ready_chunks_t *self, fut_stream_t *source, void *items, size_t size,
                                      size_t room) {
    return init_chunks(self, &ready_chunks_vtable, source, items, size, room);
}

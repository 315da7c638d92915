/* slot.h: one future after the other in the same place.                        layer: stream; needs: core */
#ifndef FUT_SRC_STREAM_SLOT_H
#define FUT_SRC_STREAM_SLOT_H

#include "future/stream_from.h"

static inline void fut__slot_init(fut_stream_slot_t *slot, fut_future_t *future) {
    slot->future  = future;
    slot->running = false;
}

/* It was started. */
static inline void fut__slot_run(fut_stream_slot_t *slot) {
    fut_strand_init(&slot->strand, slot->future);
    slot->running = true;
}

/* With the arguments that it had. */
static inline void fut__slot_run_again(fut_stream_slot_t *slot) {
    slot->future->point = FUT_POINT_START;
    slot->future->line  = 0;
    slot->future->flags = 0;
    fut__slot_run(slot);
}

/* READY: nothing runs. */
static inline fut_poll_t fut__slot_poll(fut_stream_slot_t *slot, fut_context_t *cx) {
    if (slot->running && fut_strand_poll(&slot->strand, cx) == FUT_PENDING) return FUT_PENDING;
    slot->running = false;
    return FUT_READY;
}

static inline void fut__slot_cancel(fut_stream_slot_t *slot) {
    if (slot->running) fut_cancel(slot->future);
}

static inline void fut__slot_drop(fut_stream_slot_t *slot) {
    if (slot->running) fut_drop(slot->future);
    slot->running = false;
}

static inline const fut_future_t *fut__slot_waits_for(const fut_stream_slot_t *slot) {
    return slot->running ? slot->future : NULL;
}

/* What it has answered. */
static inline void *fut__slot_output(const fut_stream_slot_t *slot) {
    return (char *)slot->future + slot->future->vtable->output;
}

#endif

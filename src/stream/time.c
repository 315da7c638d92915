/* time.c: streams that wait for a clock.                               layer: stream; needs: core, driver interface, time
 *
 * Each has one sleep, which is pending only while `sleeping`, `begun` or `has_one` says so.
 */
#include <errno.h>
#include <string.h>

#include "chunks.h"
#include "future/stream_time.h"

#define SELF(name, stream) ((name *)(void *)(uintptr_t)(stream))

/* ---- ticks ------------------------------------------------------------------------------------------ */

static fut_poll_t ticks_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_ticks_t *const self = SELF(fut_stream_ticks_t, stream);
    if (!self->begun) {
        const int error = fut_interval_init(&self->interval, cx, self->period, self->missed);
        if (error < 0) return fut_stream_finish(stream, cx, error);
        self->begun = true;
        FUT_START(self->tick, fut_interval_tick, &self->interval);
    } else if (fut_is_done(&self->tick.future)) {
        FUT_START(self->tick, fut_interval_tick, &self->interval);
    }
    if (fut_interval_tick_poll(&self->tick, cx) == FUT_PENDING) return FUT_PENDING;
    if (self->tick.output < 0) return fut_stream_finish(stream, cx, (int)self->tick.output);
    return fut_stream_item(stream, &self->tick.output);
}
static void ticks_drop(fut_stream_t *stream) {
    fut_stream_ticks_t *const self = SELF(fut_stream_ticks_t, stream);
    if (self->begun) fut_drop(&self->tick.future);
}
static const fut_future_t *ticks_waits_for(const fut_stream_t *stream) {
    const fut_stream_ticks_t *const self = SELF(const fut_stream_ticks_t, stream);
    return self->begun ? &self->tick.future : NULL;
}
static const fut_stream_vtable_t ticks_vtable = {.name      = "ticks",
                                                 .poll_next = ticks_poll_next,
                                                 .drop      = ticks_drop,
                                                 .cancel    = ticks_drop,
                                                 .waits_for = ticks_waits_for};

fut_stream_t *fut_stream_ticks(fut_stream_ticks_t *self, fut_duration_t period, fut_missed_t missed) {
    self->period = period;
    self->missed = missed;
    self->begun  = false;
    return fut_stream_init(&self->stream, &ticks_vtable, NULL, sizeof self->tick.output);
}

/* ---- throttle ------------------------------------------------------------------------------------------ */

static fut_poll_t throttle_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_throttle_t *const self   = SELF(fut_stream_throttle_t, stream);
    fut_stream_t *const          source = stream->source;
    if (self->sleeping) {
        if (fut_sleep_until_poll(&self->sleep, cx) == FUT_PENDING) return FUT_PENDING;
        self->sleeping = false;
        if (self->sleep.output < 0) return fut_stream_finish(stream, cx, self->sleep.output);
    }
    if (fut_stream_poll_next(source, cx) == FUT_PENDING) return FUT_PENDING;
    if (!source->item) return fut_stream_finish(stream, cx, source->error);
    if (!cx->driver) return fut_stream_finish(stream, cx, -ENOTSUP);
    FUT_START(self->sleep, fut_sleep_until, fut_instant_add(fut_now(cx), self->period));
    self->sleeping = true;
    return fut_stream_item(stream, source->item);
}
static void throttle_drop(fut_stream_t *stream) {
    fut_stream_throttle_t *const self = SELF(fut_stream_throttle_t, stream);
    if (self->sleeping) fut_drop(&self->sleep.future);
    self->sleeping = false;
}
static const fut_stream_vtable_t throttle_vtable = {
    .name = "throttle", .poll_next = throttle_poll_next, .drop = throttle_drop, .cancel = throttle_drop};

fut_stream_t *fut_stream_throttle(fut_stream_throttle_t *self, fut_stream_t *source, fut_duration_t period) {
    self->period   = period;
    self->sleeping = false;
    return fut_stream_init(&self->stream, &throttle_vtable, source, source->size);
}

/* ---- debounce ------------------------------------------------------------------------------------------ */

static void forget_latest(fut_stream_debounce_t *self) {
    if (self->has_one) fut_drop(&self->sleep.future);
    self->has_one = false;
}

/* Everything that is there, of which the latest counts; then a look at the clock. */
static fut_poll_t debounce_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_debounce_t *const self   = SELF(fut_stream_debounce_t, stream);
    fut_stream_t *const          source = stream->source;
    if (!cx->driver) return fut_stream_finish(stream, cx, -ENOTSUP);
    while (fut_stream_poll_next(source, cx) == FUT_READY) {
        const bool had_one = self->has_one;
        if (!source->item) {
            if (!had_one) return fut_stream_finish(stream, cx, source->error);
            forget_latest(self);
            return fut_stream_item(stream, self->latest);
        }
        forget_latest(self);
        memcpy(self->latest, source->item, stream->size);
        FUT_START(self->sleep, fut_sleep_until, fut_instant_add(fut_now(cx), self->quiet));
        self->has_one = true;
        if (!fut_context_spend(cx)) return FUT_PENDING;
    }
    if (!self->has_one || fut_sleep_until_poll(&self->sleep, cx) == FUT_PENDING) return FUT_PENDING;
    self->has_one = false;
    if (self->sleep.output < 0) return fut_stream_finish(stream, cx, self->sleep.output);
    return fut_stream_item(stream, self->latest);
}
static void debounce_drop(fut_stream_t *stream) { forget_latest(SELF(fut_stream_debounce_t, stream)); }
static const fut_stream_vtable_t debounce_vtable = {
    .name = "debounce", .poll_next = debounce_poll_next, .drop = debounce_drop, .cancel = debounce_drop};

fut_stream_t *fut_stream_debounce(fut_stream_debounce_t *self, fut_stream_t *source, void *latest, size_t size,
                                  fut_duration_t quiet) {
    self->quiet   = quiet;
    self->latest  = latest;
    self->has_one = false;
    return fut_stream_init(&self->stream, &debounce_vtable, source, size);
}

/* ---- timeout ------------------------------------------------------------------------------------------- */

static void timeout_drop(fut_stream_t *stream) {
    fut_stream_timeout_t *const self = SELF(fut_stream_timeout_t, stream);
    if (self->sleeping) fut_drop(&self->sleep.future);
    self->sleeping = false;
}

/* An item that is there in time wins, even if it is found late. */
static fut_poll_t timeout_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_timeout_t *const self   = SELF(fut_stream_timeout_t, stream);
    fut_stream_t *const         source = stream->source;
    if (fut_stream_poll_next(source, cx) == FUT_READY) {
        timeout_drop(stream);
        if (!source->item) return fut_stream_finish(stream, cx, source->error);
        return fut_stream_item(stream, source->item);
    }
    if (!self->sleeping) FUT_START(self->sleep, fut_sleep, self->duration);
    self->sleeping = true;
    if (fut_sleep_poll(&self->sleep, cx) == FUT_PENDING) return FUT_PENDING;
    self->sleeping = false;
    return fut_stream_finish(stream, cx, self->sleep.output < 0 ? self->sleep.output : -ETIMEDOUT);
}
static const fut_stream_vtable_t timeout_vtable = {
    .name = "timeout", .poll_next = timeout_poll_next, .drop = timeout_drop, .cancel = timeout_drop};

fut_stream_t *fut_stream_timeout(fut_stream_timeout_t *self, fut_stream_t *source, fut_duration_t duration) {
    self->duration = duration;
    self->sleeping = false;
    return fut_stream_init(&self->stream, &timeout_vtable, source, source->size);
}

/* ---- chunks_timeout ------------------------------------------------------------------------------------ */

static void chunks_timeout_drop(fut_stream_t *stream) {
    fut_stream_chunks_timeout_t *const self = SELF(fut_stream_chunks_timeout_t, stream);
    if (self->sleeping) fut_drop(&self->sleep.future);
    self->sleeping = false;
}

/* The chunks do the work; what they have is given out early when the clock says so. */
static fut_poll_t chunks_timeout_poll_next(fut_stream_t *stream, fut_context_t *cx) {
    fut_stream_chunks_timeout_t *const self = SELF(fut_stream_chunks_timeout_t, stream);
    if (fut__chunks_poll(stream, cx) == FUT_READY) {
        chunks_timeout_drop(stream);
        return FUT_READY;
    }
    if (self->chunks.have == 0) return FUT_PENDING;
    if (!self->sleeping) FUT_START(self->sleep, fut_sleep, self->duration);
    self->sleeping = true;
    if (fut_sleep_poll(&self->sleep, cx) == FUT_PENDING) return FUT_PENDING;
    self->sleeping = false;
    if (self->sleep.output < 0) return fut_stream_finish(stream, cx, self->sleep.output);
    return fut__chunks_give(&self->chunks);
}
static const fut_stream_vtable_t chunks_timeout_vtable = {.name      = "chunks_timeout",
                                                          .poll_next = chunks_timeout_poll_next,
                                                          .drop      = chunks_timeout_drop,
                                                          .cancel    = chunks_timeout_drop};

fut_stream_t *fut_stream_chunks_timeout(fut_stream_chunks_timeout_t *self, fut_stream_t *source, void *items,
                                        size_t size, size_t room, fut_duration_t duration) {
    fut_stream_chunks(&self->chunks, source, items, size, room);
    self->chunks.stream.vtable = &chunks_timeout_vtable;
    self->duration             = duration;
    self->sleeping             = false;
    return &self->chunks.stream;
}

/* stream_time.h: streams and clocks.                                     layer: stream; needs: core, driver interface, time
 *
 * As the adapters in stream_adapt.h. Durations are in nanoseconds, counted from polls on the executor's clock. Where the
 * executor has none, these end with -ENOTSUP.
 */
#ifndef FUT_STREAM_TIME_H
#define FUT_STREAM_TIME_H

#include "stream_adapt.h"
#include "time.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __cplusplus

/* ticks: an int64_t each period, from the first poll on: how many periods it stands for, 1 or, with FUT_SKIP, more. A period
 * that is not positive: -EINVAL. */
typedef struct fut_stream_ticks {
    fut_stream_t        stream;
    fut_interval_t      interval;
    fut_interval_tick_t tick;
    fut_duration_t      period;
    fut_missed_t        missed;
    bool                begun;
} fut_stream_ticks_t;
fut_stream_t *fut_stream_ticks(fut_stream_ticks_t *self, fut_duration_t period, fut_missed_t missed);

/* throttle: after each item none is asked for until so much time has passed. Nothing is lost. */
typedef struct fut_stream_throttle {
    fut_stream_t      stream;
    fut_sleep_until_t sleep;
    fut_duration_t    period;
    bool              sleeping;
} fut_stream_throttle_t;
fut_stream_t *fut_stream_throttle(fut_stream_throttle_t *self, fut_stream_t *source, fut_duration_t period);

/* debounce: an item is given once none has come for so long, and those before it are forgotten. The last is given at the end. A
 * place for one item, FUT_OUT(&self->latest). */
typedef struct fut_stream_debounce {
    fut_stream_t      stream;
    fut_sleep_until_t sleep;
    fut_duration_t    quiet;
    void             *latest;
    bool              has_one;
} fut_stream_debounce_t;
fut_stream_t *fut_stream_debounce(fut_stream_debounce_t *self, fut_stream_t *source, void *latest, size_t size,
                                  fut_duration_t quiet);

/* timeout: whoever asks gets an item within this time, or the stream ends with -ETIMEDOUT. */
typedef struct fut_stream_timeout {
    fut_stream_t   stream;
    fut_sleep_t    sleep;
    fut_duration_t duration;
    bool           sleeping;
} fut_stream_timeout_t;
fut_stream_t *fut_stream_timeout(fut_stream_timeout_t *self, fut_stream_t *source, fut_duration_t duration);

/* chunks_timeout: as chunks, but a chunk is given at the latest so long after its first item came. */
typedef struct fut_stream_chunks_timeout {
    fut_stream_chunks_t chunks;
    fut_sleep_t         sleep;
    fut_duration_t      duration;
    bool                sleeping;
} fut_stream_chunks_timeout_t;
fut_stream_t *fut_stream_chunks_timeout(fut_stream_chunks_timeout_t *self, fut_stream_t *source, void *items,
                                        size_t size, size_t room, fut_duration_t duration);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif

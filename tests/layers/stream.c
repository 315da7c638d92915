/* Streams need no executor, no driver and no clock: one is made by one async function and read by another, by hand.
 * links: core set stream time
 */
#include <future/sink.h>
#include <future/stream_buffer.h>

#if defined(FUT_DRIVER_H) || defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) ||               \
    defined(FUT_TIME_H)
#error "an upper layer leaked into future/stream_base.h"
#endif

typedef struct count {
    ASYNC_STREAM_FRAME(count, int, int to);
    int i;
} count_t;

ASYNC_STREAM(count) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->to; self->i++) {
        YIELD();
        EMIT(self->i);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct sum {
    ASYNC_FRAME(sum, int);
    count_t           numbers;
    fut_stream_take_t take;
    fut_stream_t     *stream;
    FUT_NEXT(int) each;
    int total;
} sum_t;

ASYNC(sum) {
    ASYNC_BEGIN();
    START_STREAM(self->numbers, count, 1000);
    self->stream = fut_stream_take(&self->take, STREAM_OF(self->numbers), 10);
    self->total  = 0;
    FOR_AWAIT(self->each, self->stream) self->total += self->each.item;
    ASYNC_RETURN(self->total);
    ASYNC_FINALLY();
    fut_stream_drop(self->stream);
    ASYNC_END();
}

int main(void) {
    sum_t         sum;
    fut_waker_t   nobody = {NULL, 0};
    fut_context_t cx;
    fut_context_init(&cx, nobody, NULL);
    START(sum, sum);
    for (int polls = 0; polls < 100; polls++)
        if (fut_poll(&sum.future, &cx) == READY) return sum.output == 45 ? 0 : 1;
    return 2;
}

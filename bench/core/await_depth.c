/* await_depth_N: a task waits N async functions deep for an event which comes again and again. Does a wake cost
 * more, the more functions are waiting above? */
#include <stdlib.h>

#include "future/executor.h"
#include "harness.h"

/* An event, by hand: it happens as soon as somebody waits for it. One wake through the waker, one more poll. */
typedef struct event {
    FUT_FUTURE(event, void);
} event_t;

static fut_poll_t event_poll(event_t *self, fut_context_t *cx) {
    if (self->future.point != FUT_POINT_START) return fut_ready(&self->future);
    fut_wake(fut_context_waker(cx));
    return fut_pending(&self->future);
}
FUT_DEFINE(event);

/* The frames of the recursion lie one after the other; the last one waits. */
typedef struct deep {
    ASYNC_FRAME(deep, uint64_t, struct deep *below; uint64_t depth; uint64_t count);
    uint64_t i;
    event_t  event;
} deep_t;

ASYNC(deep) {
    ASYNC_BEGIN();
    if (self->depth > 1) {
        AWAIT(*self->below, deep, self->below + 1, self->depth - 1, self->count);
        ASYNC_RETURN(self->below->output);
    }
    for (self->i = 0; self->i < self->count; self->i++) AWAIT(self->event, event);
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

static void wakes(bench_round_t *round) {
    deep_t        *frames = bench_allocate(round->argument * sizeof *frames);
    fut_executor_t executor;
    double         start;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    START(*frames, deep, frames + 1, round->argument, round->count);
    start = bench_now();
    bench_check(fut_block_on(&executor, &frames->future) == 0, "block_on");
    round->value = bench_since(start) / (double)round->count;
    bench_check(frames->output == round->count, "the number of wakes");
    fut_executor_destroy(&executor);
    free(frames);
}

#define DEPTH(n)                                                                                                       \
    { .name = "await_depth_" #n, .system = "libfuture", .unit = "ns", .run = wakes, .count = 5000000, .argument = n }

static const bench_workload_t workloads[] = {DEPTH(1), DEPTH(10), DEPTH(100), DEPTH(1000)};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

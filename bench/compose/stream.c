/* stream_generator: an item from an async function that EMITs to one that reads with FOR_AWAIT. stream_chain: an item of an array
 * through map, filter, take, to a loop. stream_forward: the same into a sink through a buffer.
 *
 * One poll does it all, without an executor. Nothing may be allocated. */
#include <stdlib.h>

#include "future/stream.h"
#include "future/task.h"
#include "harness.h"

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

typedef struct count {
    ASYNC_STREAM_FRAME(count, uint64_t, uint64_t to);
    uint64_t i;
} count_t;
ASYNC_STREAM(count) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->to; self->i++) EMIT(bench_opaque(self->i));
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct add_up {
    ASYNC_FRAME(add_up, int, fut_stream_t *stream);
    FUT_NEXT(uint64_t) each;
    uint64_t sum;
} add_up_t;
ASYNC(add_up) {
    ASYNC_BEGIN();
    FOR_AWAIT(self->each, self->stream) self->sum += self->each.item;
    ASYNC_RETURN(self->each.next.output);
    ASYNC_END();
}

/* ---- What is on the way ------------------------------------------------------------------------------------------- */

static void plus_one(void *data, const void *item, void *out) {
    (void)data;
    *(uint64_t *)out = *(const uint64_t *)item + 1;
}
static bool is_there(void *data, const void *item) { return bench_opaque(*(const uint64_t *)item) != (uintptr_t)data; }
static int  take(void *data, const void *item) {
     *(uint64_t *)data += *(const uint64_t *)item;
     return 0;
}
static int next_number(void *data, void *item) { return (*(uint64_t *)item = (*(uint64_t *)data)++), 1; }

typedef struct chain {
    fut_stream_from_fn_t from;
    fut_stream_map_t     map;
    fut_stream_filter_t  filter;
    fut_stream_take_t    take;
    uint64_t             number, item, out;
} chain_t;
static fut_stream_t *open_chain(chain_t *self, uint64_t count) {
    fut_stream_t *stream;
    self->number = 0;
    stream       = fut_stream_from_fn(&self->from, FUT_OUT(&self->item), next_number, &self->number);
    stream       = fut_stream_map(&self->map, stream, FUT_OUT(&self->out), plus_one, NULL);
    stream       = fut_stream_filter(&self->filter, stream, is_there, NULL);
    return fut_stream_take(&self->take, stream, (size_t)count);
}

/* ---- Running it --------------------------------------------------------------------------------------------------- */

static uint64_t allocations;
static void    *count_allocation(size_t size) {
       allocations++;
       return malloc(size);
}

static void poll_once(fut_future_t *loop, const uint64_t *sum, uint64_t expected, bench_round_t *round) {
    static const fut_allocator_t allocator = {count_allocation, free};
    fut_context_t                cx;
    double                       start;
    fut_set_allocator(&allocator);
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    allocations = 0;
    start       = bench_now();
    do cx.budget = UINT32_MAX;
    while (fut_poll(loop, &cx) == FUT_PENDING);
    round->value = bench_since(start) / (double)round->count;
    bench_check(fut_result(loop) == 0, "the end of the stream");
    bench_check(*sum == expected, "the sum");
    bench_check(allocations == 0, "memory was asked for");
}

static void generator(bench_round_t *round) {
    count_t  numbers;
    add_up_t loop;
    START_STREAM(numbers, count, round->count);
    START(loop, add_up, STREAM_OF(numbers));
    loop.sum = 0;
    poll_once(&loop.future, &loop.sum, round->count * (round->count - 1) / 2, round);
}

static void chain(bench_round_t *round) {
    chain_t  on_the_way;
    add_up_t loop;
    START(loop, add_up, open_chain(&on_the_way, round->count));
    loop.sum = 0;
    poll_once(&loop.future, &loop.sum, round->count * (round->count + 1) / 2, round);
}

static void forward(bench_round_t *round) {
    static uint64_t      room[64];
    chain_t              on_the_way;
    fut_sink_to_fn_t     end;
    fut_sink_buffer_t    buffer;
    fut_stream_forward_t loop;
    uint64_t             sum = 0;
    START(loop, fut_stream_forward, open_chain(&on_the_way, round->count),
          fut_sink_buffer(&buffer, fut_sink_to_fn(&end, sizeof(uint64_t), take, &sum), FUT_ARRAY(room)));
    poll_once(&loop.future, &sum, round->count * (round->count + 1) / 2, round);
}

static const bench_workload_t workloads[] = {
    {.name = "stream_generator", .system = "libfuture", .unit = "ns", .run = generator, .count = 5000000},
    {.name = "stream_chain", .system = "libfuture", .unit = "ns", .run = chain, .count = 5000000},
    {.name = "stream_forward", .system = "libfuture", .unit = "ns", .run = forward, .count = 5000000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

/* channel_*, local_*: messages of four bytes, in one thread and between two; what comes in is added up. Nothing may be
 * allocated on the way. What does one cost? */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "future/channel.h"
#include "future/executor.h"
#include "harness.h"

enum { CAPACITY = 1024, BURST = 128 };

typedef FUT_CHANNEL(uint32_t, CAPACITY) bounded_t;
typedef FUT_LOCAL_CHANNEL(uint32_t, CAPACITY) local_t;
typedef FUT_UNBOUNDED(uint32_t) unbounded_t;

/* ---- Memory ------------------------------------------------------------------------------------------- */

static uint64_t allocations; /* atomic */

static void *count_and_allocate(size_t size) {
    __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED);
    return malloc(size);
}
static uint64_t count_allocations(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }

/* ---- One to another ----------------------------------------------------------------------------------- */

static void destroy_unbounded(fut_unbounded_t *channel) { fut_unbounded_destroy(channel); }

#define SOURCE(kind, send_leaf)                                                                                        \
    typedef struct kind##_source {                                                                                     \
        ASYNC_FRAME(kind##_source, int, kind##_t *channel; uint64_t times);                                            \
        send_leaf##_t send;                                                                                            \
        uint64_t      i;                                                                                               \
        uint32_t      value;                                                                                           \
    } kind##_source_t;                                                                                                 \
    ASYNC(kind##_source) {                                                                                             \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            self->value = (uint32_t)self->i;                                                                           \
            AWAIT_TRY(self->send, send_leaf, FUT_ITEM(self->channel, &self->value));                                   \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }
#define SINK(kind, recv_leaf)                                                                                          \
    typedef struct kind##_sink {                                                                                       \
        ASYNC_FRAME(kind##_sink, int, kind##_t *channel; uint64_t times; uint64_t *sum);                               \
        recv_leaf##_t recv;                                                                                            \
        uint64_t      i;                                                                                               \
        uint32_t      value;                                                                                           \
    } kind##_sink_t;                                                                                                   \
    ASYNC(kind##_sink) {                                                                                               \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            AWAIT_TRY(self->recv, recv_leaf, FUT_ITEM(self->channel, &self->value));                                   \
            *self->sum += self->value;                                                                                 \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }

SOURCE(bounded, fut_channel_send)
SINK(bounded, fut_channel_recv)
SOURCE(local, fut_local_channel_send)
SINK(local, fut_local_channel_recv)

/* Sending does not wait, so it has to stop now and then. */
typedef struct unbounded_source {
    ASYNC_FRAME(unbounded_source, int, unbounded_t *channel; uint64_t times);
    uint64_t i;
    uint32_t value;
} unbounded_source_t;
ASYNC(unbounded_source) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        self->value = (uint32_t)self->i;
        TRY(fut_unbounded_send(FUT_ITEM(self->channel, &self->value)));
        if (self->i % BURST == BURST - 1) YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
SINK(unbounded, fut_unbounded_recv)

/* times * (times - 1) / 2, of values that wrap at 2^32. */
static bool is_sum_of(uint64_t sum, uint64_t times) {
    bench_check(times <= UINT32_MAX, "so many messages have no number");
    return sum == times * (times - 1) / 2;
}

/* A burst first, so that the blocks of an unbounded one are there. */
#define IN_ONE_THREAD(kind, init, destroy)                                                                             \
    static void kind##_stream(bench_round_t *round) {                                                                  \
        static kind##_t channel;                                                                                       \
        uint64_t        sum = 0, before;                                                                               \
        fut_executor_t  executor;                                                                                      \
        double          start;                                                                                         \
        init(&channel);                                                                                                \
        bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");                                           \
        DETACH(SPAWN(&executor, kind##_source, &channel, BURST));                                                      \
        DETACH(SPAWN(&executor, kind##_sink, &channel, BURST, &sum));                                                  \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        sum = 0;                                                                                                       \
        DETACH(SPAWN(&executor, kind##_source, &channel, round->count));                                               \
        DETACH(SPAWN(&executor, kind##_sink, &channel, round->count, &sum));                                           \
        before = count_allocations();                                                                                  \
        start  = bench_now();                                                                                          \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        round->value = bench_since(start) / (double)round->count;                                                      \
        bench_check(count_allocations() - before <= 1, "memory was allocated on the way");                             \
        bench_check(is_sum_of(sum, round->count), "the sum of the messages");                                          \
        fut_executor_destroy(&executor);                                                                               \
        destroy(&channel.channel);                                                                                     \
    }

IN_ONE_THREAD(bounded, FUT_CHANNEL_INIT, fut_channel_destroy)
IN_ONE_THREAD(local, FUT_LOCAL_CHANNEL_INIT, fut_local_channel_destroy)
IN_ONE_THREAD(unbounded, FUT_UNBOUNDED_INIT, destroy_unbounded)

/* ---- Between two threads, an executor in each ------------------------------------------------------------- */

typedef struct far_side {
    bounded_t *channel;
    uint64_t   times;
    bool       failed;
} far_side_t;

static void *send_from_another_thread(void *argument) {
    far_side_t    *far = argument;
    fut_executor_t executor;
    (void)bench_pin(1);
    far->failed = fut_executor_init(&executor, NULL) < 0;
    if (far->failed) return NULL;
    far->failed = BLOCK_ON(&executor, bounded_source, far->channel, far->times) != 0;
    fut_executor_destroy(&executor);
    return NULL;
}

static void between_two_threads(bench_round_t *round) {
    static bounded_t channel;
    far_side_t       far = {&channel, round->count, false};
    uint64_t         sum = 0;
    fut_executor_t   executor;
    pthread_t        thread;
    double           start;
    FUT_CHANNEL_INIT(&channel);
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    start = bench_now();
    bench_check(pthread_create(&thread, NULL, send_from_another_thread, &far) == 0, "no thread");
    bench_check(BLOCK_ON(&executor, bounded_sink, &channel, round->count, &sum) == 0, "run");
    round->value = bench_since(start) / (double)round->count;
    pthread_join(thread, NULL);
    bench_check(!far.failed && is_sum_of(sum, round->count), "the sum of the messages");
    fut_executor_destroy(&executor);
    fut_channel_destroy(&channel.channel);
}

/* ---- There and back ----------------------------------------------------------------------------------------- */

#define PING_PONG(kind, send_leaf, recv_leaf, init)                                                                    \
    typedef struct kind##_player {                                                                                     \
        ASYNC_FRAME(kind##_player, int, kind##_t *out; kind##_t * in; uint64_t times; bool first);                     \
        send_leaf##_t send;                                                                                            \
        recv_leaf##_t recv;                                                                                            \
        uint64_t      i;                                                                                               \
        uint32_t      ball;                                                                                            \
    } kind##_player_t;                                                                                                 \
    ASYNC(kind##_player) {                                                                                             \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            self->ball = (uint32_t)self->i;                                                                            \
            if (self->first) AWAIT_TRY(self->send, send_leaf, FUT_ITEM(self->out, &self->ball));                       \
            AWAIT_TRY(self->recv, recv_leaf, FUT_ITEM(self->in, &self->ball));                                         \
            bench_check(self->ball == (uint32_t)self->i, "another ball");                                              \
            if (!self->first) AWAIT_TRY(self->send, send_leaf, FUT_ITEM(self->out, &self->ball));                      \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }                                                                                                                  \
    static void kind##_ping_pong(bench_round_t *round) {                                                               \
        static kind##_t there, back;                                                                                   \
        fut_executor_t  executor;                                                                                      \
        uint64_t        before;                                                                                        \
        double          start;                                                                                         \
        init(&there);                                                                                                  \
        init(&back);                                                                                                   \
        bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");                                           \
        DETACH(SPAWN(&executor, kind##_player, &there, &back, round->count, true));                                    \
        DETACH(SPAWN(&executor, kind##_player, &back, &there, round->count, false));                                   \
        before = count_allocations();                                                                                  \
        start  = bench_now();                                                                                          \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        round->value = bench_since(start) / (double)round->count;                                                      \
        bench_check(count_allocations() == before, "memory was allocated on the way");                                 \
        fut_executor_destroy(&executor);                                                                               \
    }

PING_PONG(bounded, fut_channel_send, fut_channel_recv, FUT_CHANNEL_INIT)
PING_PONG(local, fut_local_channel_send, fut_local_channel_recv, FUT_LOCAL_CHANNEL_INIT)

/* ---- A question and its answer ----------------------------------------------------------------------------------- */

/* In one task: made, answered, awaited. No executor: one poll does it all. */
typedef struct ask {
    ASYNC_FRAME(ask, int, uint64_t times; uint64_t *sum);
    FUT_ONESHOT(uint32_t) reply;
    fut_oneshot_recv_t recv;
    uint64_t           i;
    uint32_t           value;
} ask_t;
ASYNC(ask) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        self->value = (uint32_t)self->i;
        FUT_ONESHOT_INIT(&self->reply);
        TRY(fut_oneshot_send(FUT_ITEM(&self->reply, &self->value)));
        AWAIT_TRY(self->recv, fut_oneshot_recv, FUT_ITEM(&self->reply, &self->value));
        *self->sum += self->value;
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void oneshot(bench_round_t *round) {
    uint64_t      sum = 0;
    ask_t         task;
    fut_context_t cx;
    double        start;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    START(task, ask, round->count, &sum);
    start = bench_now();
    bench_check(fut_poll(&task.future, &cx) == FUT_READY, "it had to wait");
    round->value = bench_since(start) / (double)round->count;
    bench_check(is_sum_of(sum, round->count), "the sum of the answers");
}

#define WORKLOAD(name_, run_, count_)                                                                                  \
    { .name = name_, .system = "libfuture", .unit = "ns", .run = run_, .count = count_ }
static const bench_workload_t workloads[] = {
    WORKLOAD("channel_mpsc_1024", bounded_stream, 10000000),
    WORKLOAD("local_channel_1024", local_stream, 10000000),
    WORKLOAD("channel_unbounded", unbounded_stream, 10000000),
    WORKLOAD("channel_two_threads", between_two_threads, 5000000),
    WORKLOAD("channel_ping_pong", bounded_ping_pong, 2000000),
    WORKLOAD("local_ping_pong", local_ping_pong, 2000000),
    WORKLOAD("oneshot", oneshot, 10000000),
};

int main(int argc, char **argv) {
    static const fut_allocator_t counting = {.allocate = count_and_allocate, .release = free};
    fut_set_allocator(&counting);
    return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads));
}

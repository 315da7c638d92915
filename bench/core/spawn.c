/* spawn_join_1m, spawn_seq: a task that ends at once. What do its birth, its one poll and its end cost? */
#include <stdlib.h>

#include "future/executor.h"
#include "harness.h"

typedef struct trivial {
    ASYNC_FRAME(trivial, int, int x);
} trivial_t;

ASYNC(trivial) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->x);
    ASYNC_END();
}

/* All are spawned, then all are awaited, in the same order. */
typedef struct in_bulk {
    ASYNC_FRAME(in_bulk, uint64_t, fut_executor_t *executor; struct trivial_join *handles; uint64_t count);
    uint64_t i, sum;
} in_bulk_t;

ASYNC(in_bulk) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->count; self->i++)
        self->handles[self->i] = SPAWN(self->executor, trivial, (int)(self->i & 0xff));
    self->sum = 0;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(self->handles[self->i]);
        self->sum += (uint64_t)self->handles[self->i].output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

/* Each is awaited before the next one is spawned. */
typedef struct in_turn {
    ASYNC_FRAME(in_turn, uint64_t, fut_executor_t *executor; uint64_t count);
    uint64_t            i, sum;
    struct trivial_join handle;
} in_turn_t;

ASYNC(in_turn) {
    ASYNC_BEGIN();
    self->sum = 0;
    for (self->i = 0; self->i < self->count; self->i++) {
        self->handle = SPAWN(self->executor, trivial, (int)(self->i & 0xff));
        AWAIT(self->handle);
        self->sum += (uint64_t)self->handle.output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

static uint64_t expected(uint64_t count) {
    const uint64_t rest = count % 256;
    return count / 256 * (255 * 256 / 2) + (rest ? rest * (rest - 1) / 2 : 0);
}

static void spawn_join(bench_round_t *round) {
    struct trivial_join *handles = bench_allocate(round->count * sizeof *handles);
    fut_executor_t       executor;
    in_bulk_t            bulk;
    double               start;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    START(bulk, in_bulk, &executor, handles, round->count);
    start = bench_now();
    bench_check(fut_block_on(&executor, &bulk.future) == 0, "block_on");
    round->value = bench_since(start) / (double)round->count;
    bench_check(bulk.output == expected(round->count), "the sum of the tasks");
    fut_executor_destroy(&executor);
    free(handles);
}

static void spawn_seq(bench_round_t *round) {
    fut_executor_t executor;
    in_turn_t      turn;
    double         start;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    START(turn, in_turn, &executor, round->count);
    start = bench_now();
    bench_check(fut_block_on(&executor, &turn.future) == 0, "block_on");
    round->value = bench_since(start) / (double)round->count;
    bench_check(turn.output == expected(round->count), "the sum of the tasks");
    fut_executor_destroy(&executor);
}

static const bench_workload_t workloads[] = {
    {.name = "spawn_join_1m", .system = "libfuture", .unit = "ns", .run = spawn_join, .count = 1000000},
    {.name = "spawn_seq", .system = "libfuture", .unit = "ns", .run = spawn_seq, .count = 2000000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

/* sleepers_1m_bytes, sleepers_1m_cpu: a million async functions asleep. What does each occupy, and what do the lives
 * of all of them cost? Each round has a process of its own. */
#include <stdio.h>
#include <unistd.h>

#include "future/executor.h"
#include "future/time.h"
#include "harness.h"

typedef struct sleeper {
    ASYNC_FRAME(sleeper, void, int microseconds);
    fut_sleep_t nap;
} sleeper_t;

static uint64_t woken;

ASYNC(sleeper) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_US(self->microseconds));
    woken++;
    ASYNC_RETURN();
    ASYNC_END();
}

static double resident_bytes(void) {
    unsigned long size, resident = 0;
    FILE         *statm = fopen("/proc/self/statm", "r");
    bench_check(statm && fscanf(statm, "%lu %lu", &size, &resident) == 2, "/proc/self/statm");
    fclose(statm);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* Spawned in no order of their deadlines, which lie between one and two seconds ahead; then polled once. */
static void put_to_sleep(fut_executor_t *executor, uint64_t count) {
    uint64_t random = 88172645463325252u;
    for (uint64_t i = 0; i < count; i++) {
        struct sleeper_join handle = SPAWN(executor, sleeper, 1000000 + (int)(bench_random(&random) % 1000000));
        DETACH(handle);
    }
    bench_check(fut_executor_run_until_stalled(executor) == (long)count && woken == 0, "all of them asleep at once");
}

/* The process ends while they sleep. */
static void bytes(bench_round_t *round) {
    fut_executor_t executor;
    double         before;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    before = resident_bytes();
    put_to_sleep(&executor, round->count);
    round->value = (resident_bytes() - before) / (double)round->count;
}

static void life(bench_round_t *round) {
    fut_executor_t executor;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    put_to_sleep(&executor, round->count);
    bench_check(fut_executor_run(&executor) == 0 && woken == round->count, "all of them awake again");
    fut_executor_destroy(&executor);
}

static const bench_workload_t workloads[] = {
    {.name   = "sleepers_1m_bytes",
     .system = "libfuture",
     .unit   = "bytes",
     .run    = bytes,
     .count  = 1000000,
     .rounds = 3,
     .fresh  = true},
    {.name        = "sleepers_1m_cpu",
     .system      = "libfuture",
     .unit        = "s",
     .run         = life,
     .count       = 1000000,
     .rounds      = 7,
     .fresh       = true,
     .process_cpu = true},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

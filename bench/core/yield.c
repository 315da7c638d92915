/* yield_1, yield_1000: tasks that do nothing but let the others run. What does one turn cost? */
#include <stdlib.h>

#include "future/executor.h"
#include "harness.h"

/* ---- libfuture ----------------------------------------------------------------------------------- */

typedef struct yielder {
    ASYNC_FRAME(yielder, void, uint64_t times; uint64_t *done);
    uint64_t i;
} yielder_t;

ASYNC(yielder) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) YIELD();
    *self->done += self->i;
    ASYNC_RETURN();
    ASYNC_END();
}

static void with_libfuture(bench_round_t *round) {
    const uint64_t tasks = round->argument, times = round->count / tasks;
    uint64_t       done = 0;
    fut_executor_t executor;
    double         start;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    for (uint64_t i = 0; i < tasks; i++) {
        struct yielder_join handle = SPAWN(&executor, yielder, times, &done);
        DETACH(handle);
    }
    start = bench_now();
    bench_check(fut_executor_run(&executor) == 0, "run");
    round->value = bench_since(start) / (double)(tasks * times);
    bench_check(done == tasks * times, "the number of yields");
    fut_executor_destroy(&executor);
}

/* ---- the limit: state machines in a list, polled through a pointer --------------------------------- */

typedef struct machine {
    bool (*poll)(struct machine *self);
    struct machine *next;
    int             state;
    uint64_t        i, times;
} machine_t;

static bool machine_poll(machine_t *self) {
    switch (self->state) {
        case 0:
            for (self->i = 0; self->i < self->times; self->i++) {
                self->state = 1;
                return false;
                case 1:;
            }
    }
    return true;
}

static uint64_t run_machines(machine_t *first, machine_t **last) {
    machine_t *machine;
    uint64_t   done = 0;
    while ((machine = first) != NULL) {
        first = machine->next;
        if (!first) last = &first;
        if (machine->poll(machine)) {
            done += machine->i;
        } else {
            machine->next = NULL;
            *last         = machine;
            last          = &machine->next;
        }
    }
    return done;
}

static void by_hand(bench_round_t *round) {
    const uint64_t tasks = round->argument, times = round->count / tasks;
    machine_t     *machines = bench_allocate(tasks * sizeof *machines);
    double         start;
    uint64_t       done;
    for (uint64_t i = 0; i < tasks; i++)
        machines[i] =
            (machine_t){.poll = machine_poll, .next = i + 1 < tasks ? &machines[i + 1] : NULL, .times = times};
    start        = bench_now();
    done         = run_machines(machines, &machines[tasks - 1].next);
    round->value = bench_since(start) / (double)(tasks * times);
    bench_check(done == tasks * times, "the number of yields by hand");
    free(machines);
}

static const bench_workload_t workloads[] = {
    {.name = "yield_1", .system = "libfuture", .unit = "ns", .run = with_libfuture, .count = 10000000, .argument = 1},
    {.name = "yield_1", .system = "switch", .unit = "ns", .run = by_hand, .count = 10000000, .argument = 1},
    {.name     = "yield_1000",
     .system   = "libfuture",
     .unit     = "ns",
     .run      = with_libfuture,
     .count    = 10000000,
     .argument = 1000},
    {.name = "yield_1000", .system = "switch", .unit = "ns", .run = by_hand, .count = 10000000, .argument = 1000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

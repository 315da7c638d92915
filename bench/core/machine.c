/* atomic_add, clock: no work of anybody's, but what this machine takes for two things that every library does. Numbers from
 * two machines, or from two hours of one that is shared, are compared by them. */
#include "harness.h"

static void atomic_add(bench_round_t *round) {
    uint64_t word  = 0;
    double   start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) __atomic_fetch_add(&word, 1, __ATOMIC_ACQ_REL);
    round->value = bench_since(start) / (double)round->count;
    bench_check(word == round->count, "every addition counts");
}

static void ask_the_clock(bench_round_t *round) {
    double start = bench_now(), last = start;
    for (uint64_t i = 0; i < round->count; i++) {
        double now = bench_now();
        bench_check(now >= last, "time does not go back");
        last = now;
    }
    round->value = bench_since(start) / (double)round->count;
}

static const bench_workload_t workloads[] = {
    {.name = "atomic_add", .system = "machine", .unit = "ns", .run = atomic_add, .count = 20000000},
    {.name = "clock", .system = "machine", .unit = "ns", .run = ask_the_clock, .count = 5000000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

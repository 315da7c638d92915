/* harness.h: rounds, clocks and medians for the programs in bench/core and bench/compose.
 *
 * A program is a table of workloads and one call:
 *
 *     static void yields(bench_round_t *round) { ...; round->value = bench_since(start) / round->count; }
 *
 *     static const bench_workload_t workloads[] = {
 *         {.name = "yield_1", .system = "libfuture", .unit = "ns", .run = yields, .count = 10000000},
 *     };
 *     int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }
 *
 * Without arguments it runs what is in the table, one uncounted round first, and prints a line for each workload:
 * system, name, unit, median, minimum, maximum, with tabs between them. Systems with the same workload take turns, so
 * that a slow minute of the machine is everybody's.
 *
 *     ROUNDS=n              rounds to count, instead of the workload's own number
 *     BENCH_ONLY=pattern    only workloads whose name matches, as in a shell
 *     BENCH_SECOND_THREAD=yes   beside a thread that sleeps: see include/future/alone.h
 *     program --once SYSTEM NAME COUNT      one round of COUNT, nothing is printed: for counting instructions
 *     program --turn SYSTEM NAME COUNT      one round of COUNT after an uncounted one, unpinned: unit and value
 *     program --list        system, name and count of each workload
 *
 * A result that is wrong ends the program with status 1: a benchmark that does not do its work has no time.
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_LENGTH(array) (sizeof(array) / sizeof *(array))

/* What a round is told, and what it answers. */
typedef struct bench_round {
    uint64_t count;    /* how often to do it                      */
    uint64_t argument; /* the workload's own: how deep, how many  */
    double   value;    /* in the workload's unit                  */
    double   cost;     /* in its cost_unit, where it has one      */
} bench_round_t;

typedef struct bench_workload {
    const char *name, *system, *unit;
    void (*run)(bench_round_t *round);
    uint64_t    count, argument;
    const char *cost_unit;   /* NULL: there is only one value                                  */
    int         rounds;      /* 0: seven                                                       */
    bool        fresh;       /* each round in a process of its own, which has done nothing yet */
    bool        process_cpu; /* the value is that process's CPU time, from its first instruction to its end, in s */
} bench_workload_t;

int bench_main(int argc, char **argv, const bench_workload_t *workloads, size_t length);

/* Wall-clock time, in nanoseconds. */
double bench_now(void);
double bench_since(double start);
/* CPU time of this process, user and system, in seconds. */
double bench_cpu(void);

/* Stay on one CPU: the last one this process may use, or the one `before` that. False: there is none. */
bool bench_pin(int before);
/* All CPUs that it was started with: for programs of several threads. */
void bench_unpin(void);

/* The program ends here unless the condition holds. */
void bench_check(bool condition, const char *what);
/* Memory that was asked for is there, touched, and zero. */
void *bench_allocate(size_t size);

/* A value of which the compiler knows nothing: what it was made of must be computed, what is made of it cannot be
 * foreseen. */
static inline uint64_t bench_opaque(uint64_t value) {
    __asm__ volatile("" : "+r"(value));
    return value;
}

/* Numbers that look random and are the same every time (G. Marsaglia, "Xorshift RNGs", 2003). */
static inline uint64_t bench_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

#endif

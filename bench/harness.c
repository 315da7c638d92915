/* harness.c: see harness.h. */
#define _GNU_SOURCE
#include "harness.h"

#include <fnmatch.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 7, MOST_ROUNDS = 1000 };

/* ---- clocks ------------------------------------------------------------------------------------- */

double bench_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

double bench_since(double start) { return bench_now() - start; }

static double seconds(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double cpu_of(const struct rusage *usage) { return seconds(usage->ru_utime) + seconds(usage->ru_stime); }

double bench_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return cpu_of(&usage);
}

/* ---- surroundings -------------------------------------------------------------------------------- */

/* The CPUs that the program was started with; pinning narrows the process's own set. */
static cpu_set_t allowed;

static void remember_cpus(void) {
    if (sched_getaffinity(0, sizeof allowed, &allowed) < 0) CPU_ZERO(&allowed);
}

bool bench_pin(int before) {
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        cpu_set_t one;
        if (!CPU_ISSET(cpu, &allowed) || before-- > 0) continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        return sched_setaffinity(0, sizeof one, &one) == 0;
    }
    return false;
}

void bench_unpin(void) { bench_check(sched_setaffinity(0, sizeof allowed, &allowed) == 0, "no CPUs"); }

void bench_check(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "bench: wrong: %s\n", what);
    exit(1);
}

void *bench_allocate(size_t size) {
    void *memory = malloc(size);
    bench_check(memory != NULL, "out of memory");
    memset(memory, 0, size);
    return memory;
}

/* ---- rounds -------------------------------------------------------------------------------------- */

/* In a process of its own. Its answer comes through a pipe, its CPU time from the kernel once it has ended: so what the
 * kernel does to take its memory back counts, too. */
static void run_fresh(const bench_workload_t *workload, bench_round_t *round) {
    int           ends[2], status;
    pid_t         child = -1;
    struct rusage usage;
    fflush(NULL);
    bench_check(pipe(ends) == 0 && (child = fork()) >= 0, "no pipe or no process");
    if (child == 0) {
        workload->run(round);
        bench_check(write(ends[1], round, sizeof *round) == sizeof *round, "the pipe is broken");
        exit(0);
    }
    close(ends[1]);
    bench_check(read(ends[0], round, sizeof *round) == sizeof *round, workload->name);
    close(ends[0]);
    bench_check(wait4(child, &status, 0, &usage) == child && status == 0, workload->name);
    if (workload->process_cpu) round->value = cpu_of(&usage);
}

static bench_round_t run_once(const bench_workload_t *workload, uint64_t count) {
    bench_round_t round = {.count = count, .argument = workload->argument};
    if (workload->fresh)
        run_fresh(workload, &round);
    else
        workload->run(&round);
    return round;
}

/* ---- results ------------------------------------------------------------------------------------- */

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const bench_workload_t *workload, const char *unit, double *values, int rounds) {
    int    half = rounds / 2;
    double median;
    qsort(values, (size_t)rounds, sizeof *values, by_size);
    median = rounds % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
    printf("%s\t%s\t%s\t%.6g\t%.6g\t%.6g\n", workload->system, workload->name, unit, median, values[0],
           values[rounds - 1]);
    fflush(stdout);
}

typedef struct results {
    double values[MOST_ROUNDS], costs[MOST_ROUNDS];
} results_t;

static int rounds_of(const bench_workload_t *workload) {
    const char *wish   = getenv("ROUNDS");
    int         rounds = wish && *wish ? atoi(wish) : workload->rounds ? workload->rounds : ROUNDS;
    return rounds < 1 ? 1 : rounds > MOST_ROUNDS ? MOST_ROUNDS : rounds;
}

/* `length` systems that stand one after the other in the table, with the same workload: in turns. */
static void compare(const bench_workload_t *workloads, size_t length) {
    const int  rounds  = rounds_of(workloads);
    results_t *results = bench_allocate(length * sizeof *results);
    for (size_t i = 0; i < length; i++)
        if (!workloads[i].fresh) run_once(&workloads[i], workloads[i].count); /* the warm-up */
    for (int r = 0; r < rounds; r++)
        for (size_t i = 0; i < length; i++) {
            bench_round_t round  = run_once(&workloads[i], workloads[i].count);
            results[i].values[r] = round.value;
            results[i].costs[r]  = round.cost;
        }
    for (size_t i = 0; i < length; i++) {
        report(&workloads[i], workloads[i].unit, results[i].values, rounds);
        if (workloads[i].cost_unit) report(&workloads[i], workloads[i].cost_unit, results[i].costs, rounds);
    }
    free(results);
}

/* ---- main ---------------------------------------------------------------------------------------- */

static bool is_wanted(const bench_workload_t *workload) {
    const char *only = getenv("BENCH_ONLY");
    return !only || !*only || fnmatch(only, workload->name, 0) == 0;
}

static void run_all(const bench_workload_t *workloads, size_t length) {
    for (size_t first = 0, after; first < length; first = after) {
        for (after = first + 1; after < length && strcmp(workloads[first].name, workloads[after].name) == 0;) after++;
        if (is_wanted(&workloads[first])) compare(&workloads[first], after - first);
    }
}

static void just_run(const bench_workload_t *workload, uint64_t count) {
    workload->run(&(bench_round_t){.count = count, .argument = workload->argument});
}

/* A turn in a row of processes, see peers/run.sh. This process is fresh, and who started it knows its CPU time. */
static void take_turn(const bench_workload_t *workload, uint64_t count) {
    bench_round_t round = {.count = count, .argument = workload->argument};
    if (!workload->fresh) workload->run(&(bench_round_t){.count = count, .argument = workload->argument});
    workload->run(&round);
    if (workload->process_cpu)
        printf("%s\tprocess\n", workload->unit);
    else
        printf("%s\t%.6g\n", workload->unit, round.value);
    if (workload->cost_unit) printf("%s\t%.6g\n", workload->cost_unit, round.cost);
}

/* SYSTEM, NAME and COUNT are given. */
static int find_and(void (*run)(const bench_workload_t *workload, uint64_t count), const bench_workload_t *workloads,
                    size_t length, char **arguments) {
    for (size_t i = 0; i < length; i++) {
        if (strcmp(workloads[i].system, arguments[0]) != 0 || strcmp(workloads[i].name, arguments[1]) != 0) continue;
        run(&workloads[i], strtoull(arguments[2], NULL, 10));
        return 0;
    }
    fprintf(stderr, "bench: no workload %s of %s\n", arguments[1], arguments[0]);
    return 2;
}

/* BENCH_SECOND_THREAD=yes: there is one, which sleeps. A process with one thread needs no locked instructions. */
static void *sleep_for_ever(void *unused) {
    for (;;) pause();
    return unused;
}
static void add_thread(void) {
    const char *wish = getenv("BENCH_SECOND_THREAD");
    pthread_t   thread;
    if (wish && strcmp(wish, "yes") == 0)
        bench_check(pthread_create(&thread, NULL, sleep_for_ever, NULL) == 0, "a thread");
}

int bench_main(int argc, char **argv, const bench_workload_t *workloads, size_t length) {
    remember_cpus();
    add_thread();
    if (argc == 5 && strcmp(argv[1], "--turn") == 0) return find_and(take_turn, workloads, length, argv + 2);
    bench_pin(0);
    if (argc == 5 && strcmp(argv[1], "--once") == 0) return find_and(just_run, workloads, length, argv + 2);
    if (argc == 2 && strcmp(argv[1], "--list") == 0)
        for (size_t i = 0; i < length; i++)
            printf("%s\t%s\t%llu\n", workloads[i].system, workloads[i].name, (unsigned long long)workloads[i].count);
    else if (argc > 1)
        return fprintf(stderr, "usage: %s [--list | --once SYSTEM NAME COUNT | --turn SYSTEM NAME COUNT]\n", argv[0]),
               2;
    else
        run_all(workloads, length);
    return 0;
}

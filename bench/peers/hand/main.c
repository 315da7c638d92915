/* The limit, by hand: what the work costs where nothing is general. `hand` is a state machine, or a loop, written for
 * this one row; `protothread` the macros of A. Dunkels' protothreads ("Protothreads: simplifying event-driven programming",
 * 2006) in a few lines of our own: a resume point and nothing else, no waker, no result, no cancellation, and whoever
 * waits polls. README.md defines the rows. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness.h"

/* ---- protothreads ---------------------------------------------------------------------------- */

typedef struct pt {
    int line;
} pt_t;

#define PT_BEGIN(pt)                                                                                                   \
    switch ((pt)->line) {                                                                                              \
        case 0:
#define PT_END(pt)                                                                                                     \
    }                                                                                                                  \
    (pt)->line = -1;                                                                                                   \
    return true
#define PT_YIELD(pt)                                                                                                   \
    do {                                                                                                               \
        (pt)->line = __LINE__;                                                                                         \
        return false;                                                                                                  \
        case __LINE__:;                                                                                                \
    } while (0)
#define PT_AWAIT(pt, child, call)                                                                                      \
    do {                                                                                                               \
        (child)->line = 0;                                                                                             \
        (pt)->line    = __LINE__;                                                                                      \
        __attribute__((fallthrough));                                                                                  \
        case __LINE__:                                                                                                 \
            if (!(call)) return false;                                                                                 \
    } while (0)

/* ---- ready_chain_5 --------------------------------------------------------------------------- */

typedef struct link5 {
    pt_t     pt;
    uint64_t x, output;
} link5_t;

static bool link5_poll(link5_t *self) {
    PT_BEGIN(&self->pt);
    self->output = self->x + 1;
    PT_END(&self->pt);
}

#define LINK(name, below)                                                                                              \
    typedef struct name {                                                                                              \
        pt_t      pt;                                                                                                  \
        uint64_t  x, output;                                                                                           \
        below##_t child;                                                                                               \
    } name##_t;                                                                                                        \
    static bool name##_poll(name##_t *self) {                                                                          \
        PT_BEGIN(&self->pt);                                                                                           \
        self->child.x = self->x + 1;                                                                                   \
        PT_AWAIT(&self->pt, &self->child.pt, below##_poll(&self->child));                                              \
        self->output = self->child.output;                                                                             \
        PT_END(&self->pt);                                                                                             \
    }

LINK(link4, link5)
LINK(link3, link4)
LINK(link2, link3)
LINK(link1, link2)

static void chains(bench_round_t *round) {
    link1_t  chain;
    uint64_t sum   = 0;
    double   start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) {
        chain.x       = bench_opaque(i);
        chain.pt.line = 0;
        while (!link1_poll(&chain)) {}
        sum += bench_opaque(chain.output);
    }
    round->value = bench_since(start) / (double)round->count;
    bench_check(sum == round->count * (round->count - 1) / 2 + 5 * round->count, "the sum of the chains");
}

/* ---- yield ----------------------------------------------------------------------------------- */

typedef struct yielder {
    pt_t     pt;
    uint64_t i, times;
} yielder_t;

static __attribute__((noinline)) bool yielder_poll(yielder_t *self) {
    PT_BEGIN(&self->pt);
    for (self->i = 0; self->i < self->times; self->i++) PT_YIELD(&self->pt);
    PT_END(&self->pt);
}

/* In turn, all of them until the last one has ended: they end in the same turn. */
static void yields(bench_round_t *round) {
    const uint64_t tasks = round->argument, times = round->count / tasks;
    yielder_t     *yielders = bench_allocate(tasks * sizeof *yielders);
    uint64_t       done = 0, left = tasks;
    double         start;
    for (uint64_t i = 0; i < tasks; i++) yielders[i].times = times;
    start = bench_now();
    while (left > 0)
        for (uint64_t i = 0; i < tasks; i++)
            if (yielder_poll(&yielders[i])) {
                done += yielders[i].i;
                left--;
            }
    round->value = bench_since(start) / (double)(tasks * times);
    bench_check(done == tasks * times, "the number of yields");
    free(yielders);
}

/* ---- await_depth: a stack of functions which wait, and whoever polls goes through all of them --- */

typedef struct deep {
    pt_t     pt;
    uint64_t depth, count, i, output;
} deep_t;

static __attribute__((noinline)) bool deep_poll(deep_t *self) {
    PT_BEGIN(&self->pt);
    if (self->depth > 1) {
        self[1].depth = self->depth - 1;
        self[1].count = self->count;
        PT_AWAIT(&self->pt, &self[1].pt, deep_poll(self + 1));
        self->output = self[1].output;
    } else {
        for (self->i = 0; self->i < self->count; self->i++) PT_YIELD(&self->pt);
        self->output = self->i;
    }
    PT_END(&self->pt);
}

static void wakes(bench_round_t *round) {
    deep_t *frames = bench_allocate(round->argument * sizeof *frames);
    double  start  = bench_now();
    frames->depth  = round->argument;
    frames->count  = round->count;
    while (!deep_poll(frames)) {}
    round->value = bench_since(start) / (double)round->count;
    bench_check(frames->output == round->count, "the number of wakes");
    free(frames);
}

/* ---- two threads: an eventfd each way; a ring with one end for each -------------------------- */

typedef struct line {
    int      ping, pong;
    uint64_t times;
} line_t;

static void ring(int fd) { bench_check(eventfd_write(fd, 1) == 0, "eventfd"); }

static void await_ring(int fd) {
    eventfd_t value;
    bench_check(eventfd_read(fd, &value) == 0 && value == 1, "eventfd");
}

static void *answer_rings(void *argument) {
    line_t *line = argument;
    for (uint64_t i = 0; i < line->times; i++) {
        await_ring(line->ping);
        ring(line->pong);
    }
    return NULL;
}

static void wake_threads(bench_round_t *round) {
    line_t    line = {.ping = eventfd(0, EFD_CLOEXEC), .pong = eventfd(0, EFD_CLOEXEC), .times = round->count};
    pthread_t thread;
    double    start = bench_now();
    bench_check(pthread_create(&thread, NULL, answer_rings, &line) == 0, "no thread");
    for (uint64_t i = 0; i < round->count; i++) {
        ring(line.ping);
        await_ring(line.pong);
    }
    pthread_join(thread, NULL);
    round->value = bench_since(start) / (double)(2 * round->count);
    close(line.ping);
    close(line.pong);
}

#define ROW(system_, name_, run_, ...)                                                                                 \
    { .name = name_, .system = system_, .unit = "ns", .run = run_, __VA_ARGS__ }

static const bench_workload_t workloads[] = {
    ROW("protothread", "ready_chain_5", chains),
    ROW("protothread", "yield_1", yields, .argument = 1),
    ROW("protothread", "yield_1000", yields, .argument = 1000),
    ROW("protothread", "await_depth_1", wakes, .argument = 1),
    ROW("protothread", "await_depth_10", wakes, .argument = 10),
    ROW("protothread", "await_depth_100", wakes, .argument = 100),
    ROW("protothread", "await_depth_1000", wakes, .argument = 1000),
    ROW("hand", "wake_threads", wake_threads),
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

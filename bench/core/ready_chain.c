/* ready_chain_5: an async function awaits one that awaits one, five deep, and all are ready at once. What does it
 * cost to be cut into five functions? */
#include "future/executor.h"
#include "harness.h"

enum { DEPTH = 5 };

/* ---- libfuture ----------------------------------------------------------------------------------- */

typedef struct link5 {
    ASYNC_FRAME(link5, uint64_t, uint64_t x);
} link5_t;

ASYNC(link5) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->x + 1);
    ASYNC_END();
}

#define LINK(name, below)                                                                                              \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, uint64_t, uint64_t x);                                                                       \
        below##_t child;                                                                                               \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        AWAIT(self->child, below, self->x + 1);                                                                        \
        ASYNC_RETURN(self->child.output);                                                                              \
        ASYNC_END();                                                                                                   \
    }

LINK(link4, link5)
LINK(link3, link4)
LINK(link2, link3)
LINK(link1, link2)

typedef struct chains {
    ASYNC_FRAME(chains, uint64_t, uint64_t count);
    uint64_t i, sum;
    link1_t  chain;
} chains_t;

ASYNC(chains) {
    ASYNC_BEGIN();
    self->sum = 0;
    for (self->i = 0; self->i < self->count; self->i++) {
        AWAIT(self->chain, link1, bench_opaque(self->i));
        self->sum += bench_opaque(self->chain.output);
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

static uint64_t expected(uint64_t count) { return count * (count - 1) / 2 + DEPTH * count; }

static void with_libfuture(bench_round_t *round) {
    fut_executor_t executor;
    chains_t       chains;
    double         start;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    START(chains, chains, round->count);
    start = bench_now();
    bench_check(fut_block_on(&executor, &chains.future) == 0, "block_on");
    round->value = bench_since(start) / (double)round->count;
    bench_check(chains.output == expected(round->count), "the sum of the chains");
    fut_executor_destroy(&executor);
}

/* ---- the limit: the same state machines, written by hand, without vtable, context or waker -------- */

enum { BEGIN, WAITING, DONE };

typedef struct hand5 {
    int      state;
    uint64_t x, output;
} hand5_t;

static bool hand5_poll(hand5_t *self) {
    switch (self->state) {
        case BEGIN: self->output = self->x + 1; self->state = DONE;
    }
    return true;
}

#define HAND(name, below)                                                                                              \
    typedef struct name {                                                                                              \
        int       state;                                                                                               \
        uint64_t  x, output;                                                                                           \
        below##_t child;                                                                                               \
    } name##_t;                                                                                                        \
    static bool name##_poll(name##_t *self) {                                                                          \
        switch (self->state) {                                                                                         \
            case BEGIN: self->child.x = self->x + 1; self->child.state = BEGIN; /* fall through */                     \
            case WAITING:                                                                                              \
                if (!below##_poll(&self->child)) {                                                                     \
                    self->state = WAITING;                                                                             \
                    return false;                                                                                      \
                }                                                                                                      \
                self->output = self->child.output;                                                                     \
                self->state  = DONE;                                                                                   \
        }                                                                                                              \
        return true;                                                                                                   \
    }

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#endif
HAND(hand4, hand5)
HAND(hand3, hand4)
HAND(hand2, hand3)
HAND(hand1, hand2)

static __attribute__((noinline)) uint64_t hand_chains(hand1_t *chain, uint64_t count) {
    uint64_t sum = 0;
    for (uint64_t i = 0; i < count; i++) {
        chain->x     = bench_opaque(i);
        chain->state = BEGIN;
        if (!hand1_poll(chain)) break;
        sum += bench_opaque(chain->output);
    }
    return sum;
}

static void by_hand(bench_round_t *round) {
    hand1_t  chain;
    double   start = bench_now();
    uint64_t sum   = hand_chains(&chain, round->count);
    round->value   = bench_since(start) / (double)round->count;
    bench_check(sum == expected(round->count), "the sum of the chains by hand");
}

static const bench_workload_t workloads[] = {
    {.name = "ready_chain_5", .system = "libfuture", .unit = "ns", .run = with_libfuture, .count = 10000000},
    {.name = "ready_chain_5", .system = "switch", .unit = "ns", .run = by_hand, .count = 10000000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

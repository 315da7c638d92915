/* kit.h: pools whose jobs stand where a test wants them: queued, running, done. Nothing sleeps; a test waits for what it has
 * caused. */
#ifndef TESTS_BLOCKING_KIT_H
#define TESTS_BLOCKING_KIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "future/blocking.h"
#include "future/event.h"
#include "future/executor.h"
#include "future/group.h"
#include "future/mutex.h"
#include "future/test.h"
#include "future/time.h"

#define LOAD(variable)       __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define ADD(variable, value) __atomic_add_fetch(&(variable), value, __ATOMIC_ACQ_REL)
#define UNTIL(condition)                                                                                               \
    while (!(condition)) sched_yield()

/* ---- Memory, counted by any thread ------------------------------------------------------------------ */

static long blocks, requests,
    refused; /* atomic: not released; asked for so far; the request that gets nothing, 0: none */

static void *kit_allocate(size_t size) {
    void *memory;
    if (ADD(requests, 1) == LOAD(refused) || LOAD(refused) < 0) return NULL;
    memory = malloc(size);
    if (memory) ADD(blocks, 1);
    return memory;
}
static void kit_release(void *memory) {
    ADD(blocks, -1);
    free(memory);
}
static inline void count_memory(void) {
    static const fut_allocator_t allocator = {kit_allocate, kit_release};
    fut_set_allocator(&allocator);
}

/* ---- A pool ------------------------------------------------------------------------------------------ */

static fut_pool_t pool; /* one for each test, which is a process of its own */

static inline void open_pool(unsigned threads, unsigned queue) {
    const fut_pool_options_t options = {.threads = threads, .queue = queue};
    count_memory();
    cr_assert_eq(fut_pool_init(&pool, &options), 0);
}
/* Everybody has let go of everything. */
static inline void close_pool(void) {
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
    cr_assert_eq(LOAD(blocks), 0, "%ld blocks of memory are left", LOAD(blocks));
}
static inline fut_pool_counts_t counts(void) {
    fut_pool_counts_t now;
    fut_pool_count(&pool, &now);
    return now;
}

/* ---- A job that waits at a gate ------------------------------------------------------------------------ */

typedef struct gate {
    fut_event_t entered, open;
    unsigned    runs, stops; /* atomic: how often it ran; how often it saw that it was cancelled */
} gate_t;

static inline void gate_init(gate_t *gate) {
    memset(gate, 0, sizeof *gate);
    fut_event_init(&gate->entered, FUT_EVENT_MANUAL);
    fut_event_init(&gate->open, FUT_EVENT_MANUAL);
}
/* Output: value, or its negative where it was asked to end. */
typedef struct hold {
    JOB_FRAME(hold, int, gate_t *gate; int value);
} hold_t;
JOB(hold) {
    ADD(args->gate->runs, 1);
    fut_event_set(&args->gate->entered);
    (void)!fut_event_wait_blocking(&args->gate->open);
    if (fut_job_is_cancelled(job)) ADD(args->gate->stops, 1);
    return fut_job_is_cancelled(job) ? -args->value : args->value;
}

typedef struct add {
    JOB_FRAME(add, int, int a; int b);
} add_t;
JOB(add) { return args->a + args->b; }

#define ON(slot, ...)                                                                                                  \
    do {                                                                                                               \
        START(slot, __VA_ARGS__);                                                                                      \
        fut_blocking_on(&(slot).blocking, &pool);                                                                      \
    } while (0)
#define POLL(leaf, counter)       fut_test_poll(&(leaf).future, &(counter))
#define cr_pending(leaf, counter) cr_assert_eq(POLL(leaf, counter), FUT_PENDING)
#define cr_ready(leaf, counter, out)                                                                                   \
    do {                                                                                                               \
        cr_assert_eq(POLL(leaf, counter), FUT_READY);                                                                  \
        cr_assert_eq((leaf).output, (out));                                                                            \
    } while (0)
#define cr_wait(leaf, out)                                                                                             \
    do {                                                                                                               \
        cr_assert_eq(fut_wait_on_thread(&(leaf).future), 0);                                                           \
        cr_assert_eq((leaf).output, (out));                                                                            \
    } while (0)

/* A job that runs now and holds the only thread. */
static inline void occupy(hold_t *slot, gate_t *gate, fut_test_waker_t *woken) {
    gate_init(gate);
    ON(*slot, hold, gate, 7);
    cr_pending(*slot, *woken);
    cr_assert_eq(fut_event_wait_blocking(&gate->entered), 0);
}

#endif

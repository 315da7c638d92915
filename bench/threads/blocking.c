/* pool_asleep, pool_searching: there and back, from a task to a thread of a pool and again into the task. pool_100: from a
 * hundred tasks at once. pool_withdraw: a job that is queued and taken out again, on one thread, so its instructions can be
 * counted.
 *
 * "machine" is the limit of pool_asleep: the same by hand, a condition variable there, an eventfd and epoll back. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "future/blocking.h"
#include "future/event.h"
#include "future/executor.h"
#include "harness.h"

enum { TO_FALL_ASLEEP = 50000, TASKS = 100 }; /* ns */

/* The harness keeps a program on one CPU. Threads that wake each other need two. */
static void use_all_cpus(void) {
    cpu_set_t all;
    memset(&all, 0xff, sizeof all);
    bench_check(sched_setaffinity(0, sizeof all, &all) == 0, "no CPUs");
}

static void wait_a_moment(void) {
    const double start = bench_now();
    while (bench_since(start) < TO_FALL_ASLEEP) {}
}

/* ---- libfuture -------------------------------------------------------------------------------------------- */

typedef struct twice {
    JOB_FRAME(twice, int64_t, int64_t n);
} twice_t;
JOB(twice) { return 2 * args->n; }

static fut_pool_t pool;

static void wait_until_asleep(void) {
    fut_pool_counts_t counts;
    do fut_pool_count(&pool, &counts);
    while (counts.idle < counts.threads);
    wait_a_moment();
}

typedef struct caller {
    ASYNC_FRAME(caller, int, uint64_t times; bool asleep; double *took);
    uint64_t i;
    double   start;
    twice_t  twice;
} caller_t;
ASYNC(caller) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        if (self->asleep) wait_until_asleep();
        self->start = bench_now();
        BLOCKING_ON(&pool, self->twice, twice, (int64_t)self->i);
        *self->took += bench_since(self->start);
        if (self->twice.output != 2 * (int64_t)self->i) ASYNC_RETURN(-1);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void open_both(fut_executor_t *executor, const fut_pool_options_t *options) {
    use_all_cpus();
    bench_check(fut_pool_init(&pool, options) == 0, "no pool");
    bench_check(fut_executor_init(executor, NULL) == 0, "no executor");
}
static void close_both(fut_executor_t *executor) {
    fut_executor_destroy(executor);
    bench_check(fut_pool_destroy(&pool, FUT_FOREVER) == 0, "the pool does not end");
    bench_pin(0);
}

static void there_and_back(bench_round_t *round, bool asleep) {
    fut_executor_t executor;
    double         took = 0;
    open_both(&executor, &(fut_pool_options_t){.threads = 1, .idle = FUT_FOREVER, .spin = asleep ? -1 : 0});
    bench_check(BLOCK_ON(&executor, caller, round->count, asleep, &took) == 0, "an output");
    round->value = took / 1000 / (double)round->count;
    close_both(&executor);
}
static void asleep(bench_round_t *round) { there_and_back(round, true); }
static void searching(bench_round_t *round) { there_and_back(round, false); }

static void hundred(bench_round_t *round) {
    const uint64_t times = round->count / TASKS;
    fut_executor_t executor;
    double         start, unused = 0;
    open_both(&executor, NULL);
    for (int i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, caller, times, false, &unused));
    start = bench_now();
    bench_check(fut_executor_run(&executor) == 0, "the executor");
    round->value = bench_since(start) / (double)(times * TASKS);
    close_both(&executor);
}

/* ---- One thread ------------------------------------------------------------------------------------------- */

typedef struct hold {
    JOB_FRAME(hold, int, fut_event_t *open);
} hold_t;
JOB(hold) { return fut_event_wait_blocking(args->open); } /* asleep, so that its thread costs nothing */

static void withdraw(bench_round_t *round) {
    fut_event_t   open;
    hold_t        hold;
    twice_t       twice;
    fut_context_t cx;
    double        start;
    bench_check(fut_pool_init(&pool, &(fut_pool_options_t){.threads = 1}) == 0, "no pool");
    fut_event_init(&open, FUT_EVENT_MANUAL);
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    START(hold, hold, &open);
    fut_blocking_on(&hold.blocking, &pool);
    bench_check(fut_poll(&hold.future, &cx) == FUT_PENDING, "it does not wait");
    while (fut_pool_running(&pool, NULL, 0) == 0) sched_yield();
    start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) {
        START(twice, twice, (int64_t)i);
        fut_blocking_on(&twice.blocking, &pool);
        bench_check(fut_poll(&twice.future, &cx) == FUT_PENDING, "it is not queued");
        fut_drop(&twice.future);
    }
    round->value = bench_since(start) / (double)round->count;
    fut_event_set(&open);
    fut_drop(&hold.future);
    bench_check(fut_pool_destroy(&pool, FUT_FOREVER) == 0, "the pool does not end");
}

/* ---- By hand ---------------------------------------------------------------------------------------------- */

typedef struct hand {
    pthread_mutex_t lock;
    pthread_cond_t  there;
    int             bell;
    int64_t         n, answer;
    bool            full, end;
} hand_t;

static void *answer(void *argument) {
    hand_t *const  hand = argument;
    const uint64_t one  = 1;
    pthread_mutex_lock(&hand->lock);
    for (;;) {
        while (!hand->full && !hand->end) pthread_cond_wait(&hand->there, &hand->lock);
        if (hand->end) break;
        hand->answer = 2 * hand->n;
        hand->full   = false;
        pthread_mutex_unlock(&hand->lock);
        bench_check(write(hand->bell, &one, sizeof one) == sizeof one, "the bell");
        pthread_mutex_lock(&hand->lock);
    }
    pthread_mutex_unlock(&hand->lock);
    return NULL;
}

static double ask(hand_t *hand, int epoll, int64_t n) {
    const double       start = bench_now();
    struct epoll_event event;
    uint64_t           count;
    pthread_mutex_lock(&hand->lock);
    hand->n    = n;
    hand->full = true;
    pthread_cond_signal(&hand->there);
    pthread_mutex_unlock(&hand->lock);
    bench_check(epoll_wait(epoll, &event, 1, -1) == 1, "epoll");
    bench_check(read(hand->bell, &count, sizeof count) == sizeof count && hand->answer == 2 * n, "the answer");
    return bench_since(start);
}

static void by_hand(bench_round_t *round) {
    hand_t             hand  = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, eventfd(0, 0), 0, 0, false, false};
    int                epoll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    double             took  = 0;
    pthread_t          thread;
    use_all_cpus();
    bench_check(epoll_ctl(epoll, EPOLL_CTL_ADD, hand.bell, &event) == 0, "epoll");
    bench_check(pthread_create(&thread, NULL, answer, &hand) == 0, "no thread");
    for (uint64_t i = 0; i < round->count; i++) {
        wait_a_moment();
        took += ask(&hand, epoll, (int64_t)i);
    }
    pthread_mutex_lock(&hand.lock);
    hand.end = true;
    pthread_cond_signal(&hand.there);
    pthread_mutex_unlock(&hand.lock);
    pthread_join(thread, NULL);
    close(epoll);
    close(hand.bell);
    round->value = took / 1000 / (double)round->count;
    bench_pin(0);
}

static const bench_workload_t workloads[] = {
    {.name = "pool_asleep", .system = "libfuture", .unit = "us", .run = asleep, .count = 2000},
    {.name = "pool_asleep", .system = "machine", .unit = "us", .run = by_hand, .count = 2000},
    {.name = "pool_searching", .system = "libfuture", .unit = "us", .run = searching, .count = 20000},
    {.name = "pool_100", .system = "libfuture", .unit = "ns", .run = hundred, .count = 100000},
    {.name = "pool_withdraw", .system = "libfuture", .unit = "ns", .run = withdraw, .count = 1000000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

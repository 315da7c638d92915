/* The rows that `make bench` does not have, in libfuture. `libfuture` uses what may be shared by threads,
 * `libfuture_local` what belongs to one. README.md defines the rows. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>

#include "future/channel.h"
#include "future/combine.h"
#include "future/executor.h"
#include "future/set.h"
#include "future/sync.h"
#include "harness.h"

static uint64_t sum_below(uint64_t count) { return count * (count - 1) / 2; }

/* ---- mutex_100, semaphore_100: who has it lets the others run before giving it back ---------- */

#define TURNS(name, object_t, leaf, give, ...)                                                                         \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, int, object_t *object; uint64_t times; uint64_t *done);                                      \
        uint64_t i;                                                                                                    \
        leaf##_t take;                                                                                                 \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            AWAIT(self->take, leaf, self->object __VA_ARGS__);                                                         \
            ++*self->done;                                                                                             \
            YIELD();                                                                                                   \
            give;                                                                                                      \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }                                                                                                                  \
    static void name##_run(bench_round_t *round, object_t *object, uint64_t tasks) {                                   \
        uint64_t       done = 0;                                                                                       \
        fut_executor_t executor;                                                                                       \
        double         start;                                                                                          \
        bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");                                           \
        start = bench_now();                                                                                           \
        for (uint64_t i = 0; i < tasks; i++) DETACH(SPAWN(&executor, name, object, round->count / tasks, &done));      \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        round->value = bench_since(start) / (double)round->count;                                                      \
        bench_check(done == round->count, "the number of turns");                                                      \
        fut_executor_destroy(&executor);                                                                               \
    }

TURNS(locking, fut_mutex_t, fut_mutex_lock, fut_mutex_unlock(self->object), )
TURNS(local_locking, fut_local_mutex_t, fut_local_mutex_lock, fut_local_mutex_unlock(self->object), )
TURNS(acquiring, fut_semaphore_t, fut_semaphore_acquire, fut_semaphore_release(self->object, 1), , 1)
TURNS(local_acquiring, fut_local_semaphore_t, fut_local_semaphore_acquire, fut_local_semaphore_release(self->object, 1),
      , 1)

static void mutex_100(bench_round_t *round) {
    fut_mutex_t mutex;
    fut_mutex_init(&mutex);
    locking_run(round, &mutex, 100);
}

static void local_mutex_100(bench_round_t *round) {
    fut_local_mutex_t mutex;
    fut_local_mutex_init(&mutex);
    local_locking_run(round, &mutex, 100);
}

static void semaphore_100(bench_round_t *round) {
    fut_semaphore_t semaphore;
    bench_check(fut_semaphore_init(&semaphore, 100, 100) == 0, "no semaphore");
    acquiring_run(round, &semaphore, 10000);
    bench_check(fut_semaphore_available(&semaphore) == 100, "all permits are back");
}

static void local_semaphore_100(bench_round_t *round) {
    fut_local_semaphore_t semaphore;
    bench_check(fut_local_semaphore_init(&semaphore, 100, 100) == 0, "no semaphore");
    local_acquiring_run(round, &semaphore, 10000);
}

/* ---- select_loop: a message or a stop, which does not come ----------------------------------- */

#define SELECTING(kind, channel_t_, init, leaf)                                                                        \
    typedef channel_t_(uint32_t, 1024) kind##_messages_t;                                                              \
    typedef channel_t_(uint32_t, 1) kind##_stop_t;                                                                     \
    typedef struct kind##_source {                                                                                     \
        ASYNC_FRAME(kind##_source, int, kind##_messages_t *channel; uint64_t times);                                   \
        leaf##_send_t send;                                                                                            \
        uint64_t      i;                                                                                               \
        uint32_t      value;                                                                                           \
    } kind##_source_t;                                                                                                 \
    ASYNC(kind##_source) {                                                                                             \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            self->value = (uint32_t)self->i;                                                                           \
            AWAIT_TRY(self->send, leaf##_send, FUT_ITEM(self->channel, &self->value));                                 \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }                                                                                                                  \
    typedef struct kind##_sink {                                                                                       \
        ASYNC_FRAME(kind##_sink, int, kind##_messages_t *channel; kind##_stop_t * stop; uint64_t times;                \
                    uint64_t * sum);                                                                                   \
        leaf##_recv_t message, stopped;                                                                                \
        FUT_GROUP(2) group;                                                                                            \
        uint64_t i;                                                                                                    \
        uint32_t value, ignored;                                                                                       \
    } kind##_sink_t;                                                                                                   \
    ASYNC(kind##_sink) {                                                                                               \
        ASYNC_BEGIN();                                                                                                 \
        START(self->stopped, leaf##_recv, FUT_ITEM(self->stop, &self->ignored));                                       \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            SELECT_KEEP(self->group, (self->message, leaf##_recv, FUT_ITEM(self->channel, &self->value)),              \
                        self->stopped);                                                                                \
            bench_check(WON(self->group, self->message), "nobody said stop");                                          \
            *self->sum += self->value;                                                                                 \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_FINALLY();                                                                                               \
        fut_drop(&self->stopped.future);                                                                               \
        ASYNC_END();                                                                                                   \
    }                                                                                                                  \
    static void kind##_select_loop(bench_round_t *round) {                                                             \
        static kind##_messages_t channel;                                                                              \
        static kind##_stop_t     stop;                                                                                 \
        uint64_t                 sum = 0;                                                                              \
        fut_executor_t           executor;                                                                             \
        double                   start;                                                                                \
        init(&channel);                                                                                                \
        init(&stop);                                                                                                   \
        bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");                                           \
        start = bench_now();                                                                                           \
        DETACH(SPAWN(&executor, kind##_source, &channel, round->count));                                               \
        DETACH(SPAWN(&executor, kind##_sink, &channel, &stop, round->count, &sum));                                    \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        round->value = bench_since(start) / (double)round->count;                                                      \
        bench_check(sum == sum_below(round->count), "the sum of the messages");                                        \
        fut_executor_destroy(&executor);                                                                               \
    }

SELECTING(bounded, FUT_CHANNEL, FUT_CHANNEL_INIT, fut_channel)
SELECTING(local, FUT_LOCAL_CHANNEL, FUT_LOCAL_CHANNEL_INIT, fut_local_channel)

/* ---- join_all_N: children that wait once, awaited together ----------------------------------- */

typedef struct event {
    FUT_FUTURE(event, void);
} event_t;

static fut_poll_t event_poll(event_t *self, fut_context_t *cx) {
    if (self->future.point != FUT_POINT_START) return fut_ready(&self->future);
    fut_wake(fut_context_waker(cx));
    return fut_pending(&self->future);
}
FUT_DEFINE(event);

typedef struct child {
    ASYNC_FRAME(child, uint64_t, uint64_t number);
    event_t event;
} child_t;

ASYNC(child) {
    ASYNC_BEGIN();
    AWAIT(self->event, event);
    ASYNC_RETURN(self->number);
    ASYNC_END();
}

typedef struct join_all {
    ASYNC_FRAME(join_all, int, child_t *children; uint64_t size; uint64_t times);
    fut_join_all_t all;
    uint64_t       i, sum;
} join_all_t;

ASYNC(join_all) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        for (uint64_t n = 0; n < self->size; n++) START(self->children[n], child, n);
        AWAIT_TRY(self->all, fut_join_all, FUT_EACH_OF(self->children, self->size));
        self->sum = 0;
        for (uint64_t n = 0; n < self->size; n++) self->sum += self->children[n].output;
        bench_check(self->sum == sum_below(self->size), "the sum of the children");
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void join_all_run(bench_round_t *round) {
    child_t       *children = bench_allocate(round->argument * sizeof *children);
    fut_executor_t executor;
    double         start;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    start = bench_now();
    bench_check(BLOCK_ON(&executor, join_all, children, round->argument, round->count / round->argument) == 0, "join");
    round->value = bench_since(start) / (double)round->count;
    fut_executor_destroy(&executor);
    free(children);
}

/* ---- wake_threads: an executor in each of two threads ---------------------------------------- */

typedef struct sides {
    fut_notify_t ping, pong;
    uint64_t     times;
} sides_t;

typedef struct side {
    ASYNC_FRAME(side, int, fut_notify_t *mine; fut_notify_t * other; uint64_t times; bool first);
    uint64_t          i;
    fut_notify_wait_t wait;
} side_t;

ASYNC(side) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        if (self->first) fut_notify_one(self->other);
        AWAIT(self->wait, fut_notify_wait, self->mine);
        if (!self->first) fut_notify_one(self->other);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void be_side(fut_notify_t *mine, fut_notify_t *other, uint64_t times, bool first) {
    fut_executor_t executor;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    bench_check(BLOCK_ON(&executor, side, mine, other, times, first) == 0, "a side of the game");
    fut_executor_destroy(&executor);
}

static void *other_side(void *argument) {
    sides_t *sides = argument;
    be_side(&sides->ping, &sides->pong, sides->times, false);
    return NULL;
}

static void wake_threads(bench_round_t *round) {
    sides_t   sides = {.ping = FUT_NOTIFY_INIT, .pong = FUT_NOTIFY_INIT, .times = round->count};
    pthread_t thread;
    double    start = bench_now();
    bench_check(pthread_create(&thread, NULL, other_side, &sides) == 0, "no thread");
    be_side(&sides.pong, &sides.ping, sides.times, true);
    pthread_join(thread, NULL);
    round->value = bench_since(start) / (double)(2 * round->count);
}

#define ROW(name_, system_, run_, ...)                                                                                 \
    { .name = name_, .system = system_, .unit = "ns", .run = run_, __VA_ARGS__ }

static const bench_workload_t workloads[] = {
    ROW("mutex_100", "libfuture", mutex_100),
    ROW("mutex_100", "libfuture_local", local_mutex_100),
    ROW("semaphore_100", "libfuture", semaphore_100),
    ROW("semaphore_100", "libfuture_local", local_semaphore_100),
    ROW("select_loop", "libfuture", bounded_select_loop),
    ROW("select_loop", "libfuture_local", local_select_loop),
    ROW("join_all_1000", "libfuture", join_all_run, .argument = 1000),
    ROW("join_all_10000", "libfuture", join_all_run, .argument = 10000),
    ROW("wake_threads", "libfuture", wake_threads),
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

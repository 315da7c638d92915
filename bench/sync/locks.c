/* mutex_free, local_mutex_free, semaphore_free, ...: taken and given back where nobody else wants it.
 * mutex_100, local_mutex_100, semaphore_100: 100 tasks in a queue for one. */
#include "future/executor.h"
#include "future/sync.h"
#include "harness.h"

/* ---- Nobody else -------------------------------------------------------------------------------- */

#define FREE(name, object_t, init, leaf, ...)                                                                          \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, int, object_t *object; uint64_t times);                                                      \
        uint64_t i;                                                                                                    \
        leaf##_t take;                                                                                                 \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            AWAIT(self->take, leaf, self->object);                                                                     \
            __VA_ARGS__;                                                                                               \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }                                                                                                                  \
    static void name##_run(bench_round_t *round) {                                                                     \
        object_t      object;                                                                                          \
        name##_t      loop;                                                                                            \
        fut_context_t cx;                                                                                              \
        double        start;                                                                                           \
        init;                                                                                                          \
        fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);                                                           \
        START(loop, name, &object, round->count);                                                                      \
        start = bench_now();                                                                                           \
        bench_check(fut_poll(&loop.future, &cx) == FUT_READY, "it had to wait");                                       \
        round->value = bench_since(start) / (double)round->count;                                                      \
        bench_check(loop.i == round->count, "the number of locks");                                                    \
    }

FREE(mutex_free, fut_mutex_t, fut_mutex_init(&object), fut_mutex_lock, fut_mutex_unlock(self->object))
FREE(local_mutex_free, fut_local_mutex_t, fut_local_mutex_init(&object), fut_local_mutex_lock,
     fut_local_mutex_unlock(self->object))

/* ---- A hundred ---------------------------------------------------------------------------------- */

/* Each holds it across a YIELD, so that the others line up: every turn is handed over. */
#define CROWD(name, object_t, init, leaf, ...)                                                                         \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, int, object_t *object; uint64_t *sum; uint64_t times);                                       \
        uint64_t i;                                                                                                    \
        leaf##_t take;                                                                                                 \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            AWAIT(self->take, leaf, self->object);                                                                     \
            ++*self->sum;                                                                                              \
            __VA_ARGS__;                                                                                               \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }                                                                                                                  \
    static void name##_run(bench_round_t *round) {                                                                     \
        const uint64_t tasks = 100, times = round->count / tasks;                                                      \
        object_t       object;                                                                                         \
        uint64_t       sum = 0;                                                                                        \
        fut_executor_t executor;                                                                                       \
        double         start;                                                                                          \
        bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");                                           \
        init;                                                                                                          \
        holder_start(&executor, &object, name##_take, name##_give);                                                    \
        for (uint64_t i = 0; i < tasks; i++) DETACH(SPAWN(&executor, name, &object, &sum, times));                     \
        start = bench_now();                                                                                           \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        round->value = bench_since(start) / (double)(tasks * times);                                                   \
        bench_check(sum == tasks * times, "the number of turns");                                                      \
        fut_executor_destroy(&executor);                                                                               \
    }

/* Has it from the start until all the others are in the queue. From then on the queue is never empty: whoever gives it
 * back asks for it again, at the end. */
typedef struct holder {
    ASYNC_FRAME(holder, int, void *object; void (*give)(void *object));
} holder_t;
ASYNC(holder) {
    ASYNC_BEGIN();
    YIELD();
    self->give(self->object);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void holder_start(fut_executor_t *executor, void *object, bool (*take)(void *), void (*give)(void *)) {
    bench_check(take(object), "it is not free");
    DETACH(SPAWN(executor, holder, object, give));
}

static bool mutex_100_take(void *object) { return fut_mutex_try_lock(object); }
static void mutex_100_give(void *object) { fut_mutex_unlock(object); }
CROWD(mutex_100, fut_mutex_t, fut_mutex_init(&object), fut_mutex_lock, fut_mutex_unlock(self->object))

static bool local_mutex_100_take(void *object) { return fut_local_mutex_try_lock(object); }
static void local_mutex_100_give(void *object) { fut_local_mutex_unlock(object); }
CROWD(local_mutex_100, fut_local_mutex_t, fut_local_mutex_init(&object), fut_local_mutex_lock,
      fut_local_mutex_unlock(self->object))

#define WORKLOAD(name_)                                                                                                \
    { .name = #name_, .system = "libfuture", .unit = "ns", .run = name_##_run, .count = 5000000 }
static const bench_workload_t workloads[] = {
    WORKLOAD(mutex_free),
    WORKLOAD(local_mutex_free),
    WORKLOAD(mutex_100),
    WORKLOAD(local_mutex_100),
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

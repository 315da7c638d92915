/* mutex_free and the like: taken and given back where nobody else wants it. mutex_100, local_mutex_100: a hundred tasks want
 * it, and every turn is handed over. */
#include "future/executor.h"
#include "future/sync.h"
#include "harness.h"

/* A loop: await what leaf and the arguments say, do `work`, give it back. In both kinds of workloads. */
#define LOOP(name, object_t, work, give, leaf, ...)                                                                    \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, int, object_t *object; uint64_t times; uint64_t *sum);                                       \
        uint64_t i;                                                                                                    \
        leaf##_t take;                                                                                                 \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        for (self->i = 0; self->i < self->times; self->i++) {                                                          \
            AWAIT(self->take, leaf, __VA_ARGS__);                                                                      \
            work;                                                                                                      \
            give;                                                                                                      \
        }                                                                                                              \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }

/* ---- Nobody else --------------------------------------------------------------------------------- */

/* One poll does it all: no executor. */
#define FREE(name, object_t, init, give, leaf, ...)                                                                    \
    LOOP(name, object_t, (void)0, give, leaf, __VA_ARGS__)                                                             \
    static void name##_run(bench_round_t *round) {                                                                     \
        object_t      object;                                                                                          \
        name##_t      loop;                                                                                            \
        fut_context_t cx;                                                                                              \
        double        start;                                                                                           \
        init;                                                                                                          \
        fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);                                                           \
        START(loop, name, &object, round->count, NULL);                                                                \
        start = bench_now();                                                                                           \
        bench_check(fut_poll(&loop.future, &cx) == FUT_READY, "it had to wait");                                       \
        round->value = bench_since(start) / (double)round->count;                                                      \
        bench_check(loop.i == round->count, "the number of turns");                                                    \
    }

FREE(mutex_free, fut_mutex_t, fut_mutex_init(&object), fut_mutex_unlock(self->object), fut_mutex_lock, self->object)
FREE(local_mutex_free, fut_local_mutex_t, fut_local_mutex_init(&object), fut_local_mutex_unlock(self->object),
     fut_local_mutex_lock, self->object)
FREE(semaphore_free, fut_semaphore_t, bench_check(fut_semaphore_init(&object, 1, 1) == 0, "no semaphore"),
     fut_semaphore_release(self->object, 1), fut_semaphore_acquire, self->object, 1)
FREE(local_semaphore_free, fut_local_semaphore_t,
     bench_check(fut_local_semaphore_init(&object, 1, 1) == 0, "no semaphore"),
     fut_local_semaphore_release(self->object, 1), fut_local_semaphore_acquire, self->object, 1)
FREE(rwlock_read_free, fut_rwlock_t, fut_rwlock_init(&object), fut_rwlock_unlock_read(self->object), fut_rwlock_read,
     self->object)
FREE(rwlock_write_free, fut_rwlock_t, fut_rwlock_init(&object), fut_rwlock_unlock_write(self->object), fut_rwlock_write,
     self->object)

/* A permit that is kept is taken, and put back. */
FREE(notify_free, fut_notify_t, (fut_notify_init(&object), fut_notify_one(&object)), fut_notify_one(self->object),
     fut_notify_wait, self->object)
FREE(local_notify_free, fut_local_notify_t, (fut_local_notify_init(&object), fut_local_notify_one(&object)),
     fut_local_notify_one(self->object), fut_local_notify_wait, self->object)
FREE(event_open, fut_event_t, (fut_event_init(&object, FUT_EVENT_MANUAL), fut_event_set(&object)), (void)0,
     fut_event_wait, self->object)

/* ---- A hundred ----------------------------------------------------------------------------------- */

/* It is taken at first, until all are in the queue. From then on the queue is never empty: whoever gives it back asks again,
 * and stands at the end. */
#define CROWD(name, object_t, init, take, give, leaf, ...)                                                             \
    LOOP(name, object_t, ++*self->sum, give(self->object), leaf, __VA_ARGS__)                                          \
    static void name##_run(bench_round_t *round) {                                                                     \
        const uint64_t tasks = 100, times = round->count / tasks;                                                      \
        object_t       object;                                                                                         \
        uint64_t       sum = 0;                                                                                        \
        fut_executor_t executor;                                                                                       \
        double         start;                                                                                          \
        bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");                                           \
        init(&object);                                                                                                 \
        bench_check(take(&object), "it is not free");                                                                  \
        for (uint64_t i = 0; i < tasks; i++) DETACH(SPAWN(&executor, name, &object, times, &sum));                     \
        bench_check(fut_executor_run_until_stalled(&executor) == (long)tasks, "they do not wait");                     \
        start = bench_now();                                                                                           \
        give(&object);                                                                                                 \
        bench_check(fut_executor_run(&executor) == 0, "run");                                                          \
        round->value = bench_since(start) / (double)(tasks * times);                                                   \
        bench_check(sum == tasks * times, "the number of turns");                                                      \
        fut_executor_destroy(&executor);                                                                               \
    }

CROWD(mutex_100, fut_mutex_t, fut_mutex_init, fut_mutex_try_lock, fut_mutex_unlock, fut_mutex_lock, self->object)
CROWD(local_mutex_100, fut_local_mutex_t, fut_local_mutex_init, fut_local_mutex_try_lock, fut_local_mutex_unlock,
      fut_local_mutex_lock, self->object)

#define WORKLOAD(name_)                                                                                                \
    { .name = #name_, .system = "libfuture", .unit = "ns", .run = name_##_run, .count = 5000000 }
static const bench_workload_t workloads[] = {
    WORKLOAD(mutex_free),     WORKLOAD(local_mutex_free),     WORKLOAD(mutex_100),        WORKLOAD(local_mutex_100),
    WORKLOAD(semaphore_free), WORKLOAD(local_semaphore_free), WORKLOAD(rwlock_read_free), WORKLOAD(rwlock_write_free),
    WORKLOAD(notify_free),    WORKLOAD(local_notify_free),    WORKLOAD(event_open),
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

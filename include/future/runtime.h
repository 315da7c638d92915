/* runtime.h: running tasks on many threads.                  layer: executors; needs: task, driver interface, executor
 *
 *     int main(void) {
 *         fut_runtime_t runtime;
 *         if (fut_runtime_init(&runtime, NULL) < 0) return 1;
 *         int result = BLOCK_ON(&runtime, greet, "world", 3);
 *         fut_runtime_destroy(&runtime);
 *         return result;
 *     }
 *
 * The same futures, SPAWN and BLOCK_ON as with fut_executor_t; that line chooses. A worker thread for each core polls
 * tasks from a queue of its own, and steals from the others when that is empty.
 *
 * The price: a task may be polled by another thread each time, so what tasks share needs locks that are made for it
 * (fut_mutex_t, not fut_local_mutex_t), and what a task leaves in a thread-local is gone. A wake costs atomics.
 *
 * A task stays on one worker from the moment when it first waits for a timer or a descriptor, and from the moment when
 * it opens a scope, whose children stay there, too. So a connection lives where it was accepted, and its leaves need no
 * locks. Tasks that wait for other tasks, channels and locks go wherever there is time. docs/runtime.md says how to
 * spread work.
 */
#ifndef FUT_RUNTIME_H
#define FUT_RUNTIME_H

#include "executor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct fut_runtime {
    struct fut__crew *crew; /* workers, queues and the tasks' memory: outlives the runtime */
};

typedef struct fut_runtime_options {
    unsigned    workers;     /* threads, at most 254; 0: as many as this process may use cores                       */
    const char *name;        /* the threads are called name-0, name-1 ...; NULL: "future"                            */
    size_t      stack_size;  /* bytes for each thread: the 16 KiB that it needs, and your polls; 0: the system's     */
    unsigned    budget;      /* units for each poll; 0: 128, as in executor.h                                        */
    int         search;      /* microseconds at most to look for work before a worker that others wake often sleeps;
                                0: 20, or none where there is one core; negative: none                               */
    bool        lifo;        /* the free task that a worker has spawned or woken last runs next, three times in a row
                                at most: faster for those that wake each other                                       */
    bool        affinity;    /* each worker stays on one core                                                        */
    bool        no_stealing; /* every task stays where it was spawned; those from outside go to each worker in turn  */
    bool        time_polls;  /* every poll goes into the histogram, at two looks at the clock each; else one of 64   */
    void (*on_start)(unsigned worker, void *data); /* on the worker's thread, before its first task                  */
    void (*on_stop)(unsigned worker, void *data);  /* and after its last                                             */
    void *data;
} fut_runtime_options_t;

/* NULL: all defaults. The options are copied, except what they point to: the name is needed during the call only. 0;
 * -EINVAL (too many workers, too small a stack), -ENOMEM, -EAGAIN (no more threads), -EMFILE, -ENFILE. After a failure
 * there is nothing to destroy. The struct must not move. */
int fut_runtime_init(fut_runtime_t *runtime, const fut_runtime_options_t *options);

/* Cancel every task gracefully and spawn no more (-ECANCELED); wait until they have ended, at most so many nanoseconds
 * (negative: for ever). 0, or -ETIMEDOUT: some are left. The workers go on; call it again, or destroy. The cancelling
 * begins once no worker is in a poll, perhaps after the time is over. -EBUSY on a worker, -ECHILD. Any thread. */
int fut_runtime_shutdown(fut_runtime_t *runtime, int64_t nanoseconds);

/* Stop the workers, each after the poll it is in, and drop the tasks that are left: every FINALLY runs, on this thread,
 * nothing leaks. Handles that still wait read -ECANCELED. No other thread uses the runtime or a handle of it meanwhile;
 * wakers may be used at any time. Not on a worker. In the child of a fork: nothing happens. */
void fut_runtime_destroy(fut_runtime_t *runtime);

/* ---- Spawning ----------------------------------------------------------------------------- */

/* SPAWN(runtime, fn, args...) -> struct fn_join, from any thread, as in executor.h. On a worker the task goes to that
 * worker's queue, and to whoever steals it. The handle may be awaited, cancelled, detached on any thread, by one at a
 * time. Inside a task: SPAWN(fut_runtime_of(cx), ...).
 *
 * status: 0; -ECANCELED (shutting down), -ENOMEM, -ECHILD; of SPAWN_ON also -EINVAL: there is no such worker. */

/* SPAWN_ON(runtime, worker, fn, args...) -> struct fn_join: a task that only this worker polls. */
#define FUT_SPAWN_ON(runtime, worker, ...)                                                                             \
    FUT_SPAWN_BY_(fut_runtime_spawn_on_, fut_place_of_(runtime, worker), __VA_ARGS__)

FUT_MUST_USE fut_join_t fut_runtime_spawn(fut_runtime_t *runtime, const fut_vtable_t *vtable, const void *args);
FUT_MUST_USE fut_join_t fut_runtime_spawn_on(fut_runtime_t *runtime, unsigned worker, const fut_vtable_t *vtable,
                                             const void *args);

typedef struct fut_place {
    fut_runtime_t *runtime;
    unsigned       worker;
} fut_place_t;
FUT_INLINE_ fut_place_t fut_place_of_(fut_runtime_t *runtime, unsigned worker) {
    fut_place_t place;
    place.runtime = runtime;
    place.worker  = worker;
    return place;
}
FUT_MUST_USE FUT_INLINE_ fut_join_t fut_runtime_spawn_on_(fut_place_t place, const fut_vtable_t *vtable,
                                                          const void *args, size_t size) {
    (void)size;
    return fut_runtime_spawn_on(place.runtime, place.worker, vtable, args);
}

/* ---- Waiting from outside ----------------------------------------------------------------- */

/* What BLOCK_ON calls: run `started` as a task and sleep until it is READY. Its output is in it. Any thread that is no
 * worker. 0; -EBUSY on a worker, -ECANCELED, -ENOMEM, -ECHILD; -EDEADLK: inside a poll, in a checked build. */
int fut_runtime_block_on(fut_runtime_t *runtime, fut_future_t *started);

/* ---- Blocking in place -------------------------------------------------------------------- */

/* Call a function that blocks or computes from inside a task, in place: it may use the task's frame and whatever the caller
 * can see, and returns where it was called. Meanwhile another thread goes on with this worker: its queue, its timers and
 * descriptors, the tasks that are bound to it; and with the same thread's core, where there is `affinity`. Then the caller
 * takes the worker back, as soon as that is between two polls, and goes on with its own.
 *
 *     static void parse(void *frame) { ((load_t *)frame)->document = parse_file(((load_t *)frame)->path); }
 *     ...
 *     fut_in_place(parse, self);
 *
 * For every other task of the worker this is like an AWAIT: they run meanwhile, so let no local lock be held. The function
 * itself runs outside of every worker: fut_runtime_worker is -1, wakes and SPAWN are as from any thread, and BLOCK_ON and
 * fut_wait_on_thread may wait for a task of this very worker. It must not touch `cx`, nor poll, drop or cancel what belongs
 * to a task. Nobody stops it: fut_runtime_shutdown waits for it (and is -EBUSY inside), and so does fut_runtime_destroy.
 * on_start and on_stop are called on each thread that stands in, too, with the number of its first worker.
 *
 * The price: two changes of threads, some 10 microseconds; a thread, which is kept as a spare until the runtime ends, at
 * most 128 of them. Other code of the same poll waits as ever: what a JOIN or SELECT polls beside it. docs/blocking.md
 * says when a job of a pool is better.
 *
 * The function was called in any case. 0; or nobody stood in, and the worker was blocked: -EAGAIN (no more threads),
 * -ENOMEM, -ECANCELED (the runtime is being destroyed). Anywhere else than in a task of a runtime (on another executor, on a
 * plain thread, inside such a function) it is a plain call, and 0. */
int fut_in_place(void (*function)(void *data), void *data);

/* ---- Looking ------------------------------------------------------------------------------ */

/* The runtime that polls this context, or NULL if it is another executor. */
fut_runtime_t *fut_runtime_of(const fut_context_t *cx);
/* The number of the worker that runs this code, or -1: this thread is no worker of this runtime. */
int      fut_runtime_worker(const fut_runtime_t *runtime);
unsigned fut_runtime_workers(const fut_runtime_t *runtime);
size_t   fut_runtime_tasks(const fut_runtime_t *runtime); /* not ended yet; any thread, as of a moment ago */

/* Since the runtime began. */
enum { FUT_POLL_TIMES = 16 };
typedef struct fut_worker_metrics {
    uint64_t polls;
    uint64_t stolen;        /* tasks that it took from others                                           */
    uint64_t steals;        /* how often it took some                                                   */
    uint64_t searches;      /* how often it looked for work because it had none                         */
    uint64_t parks;         /* how often it slept                                                       */
    uint64_t rings;         /* how often it woke another worker                                         */
    uint64_t overflows;     /* how often its queue was full and half of it went to the common one       */
    uint64_t budgets_spent; /* polls that used up their budget                                          */
    uint64_t depth;         /* tasks on its queue now                                                   */
    uint64_t
        poll_times[FUT_POLL_TIMES]; /* [0]: shorter than 1 us, [n]: than 2^n us, the last: all above. See time_polls */
} fut_worker_metrics_t;

typedef struct fut_runtime_metrics {
    unsigned             workers;
    size_t               tasks;   /* not ended yet                       */
    size_t               waiting; /* on the common queue                 */
    fut_worker_metrics_t total;
} fut_runtime_metrics_t;

/* All of it, and of each worker, as far as there is room. `each` may be NULL. Any thread; the numbers are as of a moment
 * ago, and not of one moment. */
void fut_runtime_metrics(const fut_runtime_t *runtime, fut_runtime_metrics_t *metrics, fut_worker_metrics_t *each,
                         unsigned room);

/* Every live task, with the worker to which it is bound, on whose queue it is or who polls it, and its async backtrace, as
 * fut_dump prints it:
 *
 *     task 0x7f61c0000b70  waiting, bound to worker 1
 *         serve     server.c:41
 *         fut_read  readable, descriptor 7
 *
 * Nobody is stopped: a task that waits is held while it is read, one after the other, so the tasks are not of one moment.
 * One that is ready or in a poll, perhaps the caller's own, is read from the distance; `resumed there`: its poll went on
 * from that line. Where the system does not let the process look at its own memory (a seccomp filter that refuses
 * process_vm_readv), of those there is the root's name at most.
 *
 * 0; -ENOMEM; -EIO: `out` has failed; -ECHILD. Any thread, also inside a poll; not while the runtime is destroyed. */
int fut_runtime_dump(fut_runtime_t *runtime, FILE *out);

#ifndef FUT_NO_SHORT_NAMES
#define SPAWN_ON FUT_SPAWN_ON
#endif

#ifdef __cplusplus
}
#endif
#endif

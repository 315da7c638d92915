/* executor.h: running tasks on one thread.                        layer: executors; needs: task, driver interface
 *
 *     int main(void) {
 *         fut_executor_t executor;
 *         if (fut_executor_init(&executor, NULL) < 0) return 1;
 *         int result = BLOCK_ON(&executor, greet, "world", 3);
 *         fut_executor_destroy(&executor);
 *         return result;
 *     }
 *
 * First come, first served: a woken task goes to the end of the run queue. A task has 128 units of budget in each
 * poll, which I/O leaves spend, so that a busy one cannot starve the others. While tasks are always ready, timers and
 * descriptors are looked at 50 us after the last look, give or take 128 polls.
 *
 * Threads: an executor is used by one thread at a time. Two may live in one thread. Only wakers cross threads.
 */
#ifndef FUT_EXECUTOR_H
#define FUT_EXECUTOR_H

#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "task.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_runtime fut_runtime_t; /* many threads: runtime.h */
typedef struct fut_home    fut_home_t;    /* the run queue, the inbox and the tasks' memory: outlives the executor */

typedef struct fut_executor {
    fut_home_t   *home;
    fut_driver_t *driver;
    void         *reactor; /* the one it made for itself, or NULL */
} fut_executor_t;

typedef struct fut_executor_options {
    fut_driver_t *driver; /* NULL: an epoll reactor of its own. It must outlive the executor and serve no other       */
    unsigned      budget; /* units for each poll; 0: 128                                                              */
    bool          lifo;   /* the task woken last runs next (three times in a row at most): faster for two that talk   */
    bool          quiet;  /* do not print who waits for what when a deadlock was found                                */
    int search; /* microseconds to look for wakes from other threads before it sleeps, where the last ones came
                             soon; 0: 20, or none where there is one core; negative: none                             */
} fut_executor_options_t;

/* 0, -ENOMEM, -EMFILE, -ENFILE. After a failure there is nothing to destroy. */
int fut_executor_init(fut_executor_t *executor, const fut_executor_options_t *options);
/* Drops the tasks that are left: every FINALLY runs, nothing leaks. Not from inside a poll. */
void fut_executor_destroy(fut_executor_t *executor);

/* ---- Spawning ----------------------------------------------------------------------------- */

/* SPAWN(executor, fn, args...) -> struct fn_join: see task.h. Never fails by itself: the handle's status tells. The
 * executor may also be a fut_runtime_t of runtime.h, here and below. */
#define FUT_SPAWN(executor, ...) FUT_SPAWN_BY_(FUT_SPAWN_HERE_, executor, __VA_ARGS__)
#define FUT_SPAWN_HERE_(executor, vtable, args, size)                                                                  \
    _Generic((executor), fut_runtime_t * : fut_runtime_spawn_, default : fut_spawn_here_)(executor, vtable, args, size)
/* SPAWN_IN(executor, slot, fn, args...) -> struct fn_join: the same in the caller's storage, a slot of type fn_t. The slot
 * stays until the handle is done, from which the output is read; detached, until the task has ended. */
#define FUT_SPAWN_IN(executor, slot, ...)                                                                              \
    FUT_CAT_(FUT_SPAWN_IN_, FUT_DEFINE_COUNT_(__VA_ARGS__))(executor, slot, __VA_ARGS__)
#define FUT_SPAWN_IN_1(executor, slot, name)                                                                           \
    (FUT_START_HEADER_(slot, name), (slot).args = (struct name##_args){0},                                             \
     name##_spawned_(FUT_SPAWN_STARTED_(executor, &(slot).future)))
#define FUT_SPAWN_IN_M(executor, slot, name, ...)                                                                      \
    (FUT_START_HEADER_(slot, name), (slot).args = (struct name##_args){__VA_ARGS__},                                   \
     name##_spawned_(FUT_SPAWN_STARTED_(executor, &(slot).future)))
#define FUT_SPAWN_STARTED_(executor, started)                                                                          \
    _Generic((executor), fut_runtime_t * : fut_runtime_spawn_in, default : fut_spawn_in)(executor, started)

/* What SPAWN calls: where vtable and arguments are known to the compiler, so is the size of the copy. */
fut_task_t                         *fut_spawn_begin_(fut_executor_t *executor, const fut_vtable_t *vtable, int *error);
FUT_MUST_USE FUT_INLINE_ fut_join_t fut_spawn_here_(fut_executor_t *executor, const fut_vtable_t *vtable,
                                                    const void *args, size_t size) {
    int         error = 0;
    fut_task_t *task  = fut_spawn_begin_(executor, vtable, &error);
    if (task && args) memcpy((char *)task->leaf + vtable->args, args, size);
    return fut_join_of_(task, vtable, error);
}

FUT_MUST_USE fut_join_t fut_spawn(fut_executor_t *executor, const fut_vtable_t *vtable, const void *args);
FUT_MUST_USE fut_join_t fut_spawn_in(fut_executor_t *executor, fut_future_t *started);

/* ---- Running ------------------------------------------------------------------------------ */

/* Run until `started` is READY. Its output is in it. 0, or
 *     -EDEADLK   nothing can ever run again: no timer, no descriptor, no waker that was cloned. Who waits for what is
 *                printed to stderr, frame by frame (options.quiet: not). The future was dropped.
 *     -EBUSY     called from inside a poll, or while another thread runs this executor
 *     -ENOMEM, -ECHILD (after fork, in the child), or what the driver's park said */
int fut_block_on(fut_executor_t *executor, fut_future_t *started);

/* BLOCK_ON(executor, fn, args...): start fn here, run until it is ready; yields its output where that is an integer,
 * otherwise 0; or the error above. For other outputs START a slot and call fut_block_on. */
#define FUT_BLOCK_ON(executor, ...) FUT_CAT_(FUT_BLOCK_ON_, FUT_DEFINE_COUNT_(__VA_ARGS__))(executor, __VA_ARGS__)
#define FUT_BLOCK_ON_1(executor, name)                                                                                 \
    ((FUT_INTEGER_OF_(name))FUT_BLOCK_ON_STARTED_(executor, &name##_vtable, &(name##_t){.future = {0}}.future, NULL))
#define FUT_BLOCK_ON_M(executor, name, ...)                                                                            \
    ((FUT_INTEGER_OF_(name))FUT_BLOCK_ON_STARTED_(executor, &name##_vtable, &(name##_t){.future = {0}}.future,         \
                                                  FUT_SPAWN_ARGS_(name, __VA_ARGS__)))
#define FUT_BLOCK_ON_STARTED_(executor, vtable, slot, args)                                                            \
    _Generic((executor), fut_runtime_t * : fut_runtime_block_on_, default : fut_block_on_)(executor, vtable, slot, args)
#define FUT_INTEGER_OF_(name) __typeof__(_Generic(((name##_t *)0)->output, long : 0L, long long : 0LL, default : 0))
int64_t fut_block_on_(fut_executor_t *executor, const fut_vtable_t *vtable, fut_future_t *slot, const void *args);

/* The same three for a runtime. */
FUT_MUST_USE fut_join_t fut_runtime_spawn_(fut_runtime_t *runtime, const fut_vtable_t *vtable, const void *args,
                                           size_t size);
FUT_MUST_USE fut_join_t fut_runtime_spawn_in(fut_runtime_t *runtime, fut_future_t *started);
int64_t fut_runtime_block_on_(fut_runtime_t *runtime, const fut_vtable_t *vtable, fut_future_t *slot, const void *args);

/* Run until every task has ended. 0 or the errors above. */
int fut_executor_run(fut_executor_t *executor);
/* Run what can run now, and what that wakes; never block. How many tasks are left, or a negative errno. */
long fut_executor_run_until_stalled(fut_executor_t *executor);

/* To live inside another loop: run what is ready now, once round, look at timers and descriptors, never block. 1:
 * call again soon; 0: nothing to do before fut_executor_deadline or until fut_executor_fd is readable; or a negative
 * errno. */
int fut_executor_turn(fut_executor_t *executor);
/* When the next turn is due at the latest, on the driver's clock: FUT_NOW, an instant, FUT_NEVER. */
fut_instant_t fut_executor_deadline(const fut_executor_t *executor);
/* Readable when a turn is due, also after a wake from another thread. -ENOTSUP: the driver has no descriptor. */
int fut_executor_fd(const fut_executor_t *executor);

/* Cancel every task, gracefully; run on until they have ended. */
void fut_executor_cancel_all(fut_executor_t *executor);

/* ---- Looking ------------------------------------------------------------------------------ */

/* The executor that polls this context, or NULL if it is another kind. For SPAWN inside an async function. */
fut_executor_t *fut_executor_of(const fut_context_t *cx);
size_t          fut_executor_tasks(const fut_executor_t *executor); /* not ended yet */

/* Every live task with its async backtrace:
 *
 *     task 0x55d0c8a2c0  waiting 1.203 s
 *         serve     server.c:41
 *         echo      server.c:22
 *         fut_read  readable, descriptor 7
 */
void fut_dump(const fut_executor_t *executor, FILE *out);

#ifndef FUT_NO_SHORT_NAMES
#define SPAWN    FUT_SPAWN
#define SPAWN_IN FUT_SPAWN_IN
#define BLOCK_ON FUT_BLOCK_ON
#endif

#ifdef __cplusplus
}
#endif
#endif

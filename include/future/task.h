/* task.h: a future that was handed to an executor.                     layer: task; needs: core
 *
 * The one building block of every executor, what async-task is in Rust: a root future, an atomic scheduling state,
 * and a `schedule` hook. An executor is anything that implements `schedule` and calls fut_task_run:
 *
 *     static void schedule(void *self, fut_task_t *task) { push task on self's queue }         // any thread that wakes
 *
 *     fut_scheduler_t *scheduler = fut_scheduler_new(schedule, self);
 *     struct echo_join  done     = TASK_SPAWN(scheduler, echo, fd, 10);
 *     while ((task = pop(self)))   fut_task_run(task, &cx);
 *
 * The price: a task is 48 bytes before its future; both lie in one block which is recycled, never returned to the
 * system while the process lives. That is what lets a waker be a plain value: its memory stays a task for ever, and a
 * generation tells the tenants apart. A future of more than 512 bytes gets memory of its own, which is freed.
 */
#ifndef FUT_TASK_H
#define FUT_TASK_H

#include "../future.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Memory ------------------------------------------------------------------------------- */

/* Where the library gets its memory; malloc and free unless told otherwise. Set before anything else is called.
 * `allocate` may answer NULL: whatever needed the memory then ends with -ENOMEM, and nothing is lost. */
typedef struct fut_allocator {
    void *(*allocate)(size_t size);
    void (*release)(void *memory);
} fut_allocator_t;
void fut_set_allocator(const fut_allocator_t *allocator); /* NULL: malloc and free again */

/* ---- Task --------------------------------------------------------------------------------- */

typedef struct fut_scheduler fut_scheduler_t;

/* A task whose handle may be on another thread: see src/task/shared.h. */
typedef struct fut_awaiter {
    uint32_t  word; /* atomic */
    fut_tag_t tag;  /* of the waker; its target is `awaiter` */
} fut_awaiter_t;

/* The fields, who touches them, and when. "Executor" is the thread that runs the task.
 *
 *     scheduler   written once, when the memory is first used; read by anybody who wakes
 *     state       atomic: generation and two bits, see src/task/state.h; anybody
 *     flags       executor
 *     queued      executor: it is on the local executor's run queue, `next` is in use
 *     next        executor: its run queue. While the task waits the field is `since`, the time of its last poll
 *     link        whoever set NOTIFIED: the scheduler's inbox; nobody else until it was taken from there
 *     leaf, join  executor
 *
 * Under a runtime of several threads "executor" is whoever runs the task at the moment, `queued` is the worker to which
 * it is bound, and `next` and `join` are the two halves of `awaiting`: src/runtime/worker.h.
 */
struct fut_task {
    fut_scheduler_t *scheduler; /* begins with the waker's vtable */
    uint32_t         state;
    uint16_t         flags;
    uint8_t          size; /* of the future, in units of 8 bytes; index of the free list */
    uint8_t          queued;
    union {
        fut_task_t   *next;
        uint64_t      since;
        fut_awaiter_t awaiting;
    };
    fut_task_t   *link;
    fut_future_t *leaf; /* where the next poll begins          */
    union {
        fut_join_t *join; /* the handle, once somebody awaits it */
        void       *awaiter;
    };
};

/* ---- Scheduler ---------------------------------------------------------------------------- */

/* What an executor is to its tasks. `schedule` is called on the thread that wakes, once for many wakes before a poll;
 * it must not run the task, only keep it for fut_task_run, and may use task->next for that. From a signal handler it
 * is called if you use fut_wake_from_interrupt: keep it async-signal-safe then. NULL: out of memory. */
fut_scheduler_t *fut_scheduler_new(void (*schedule)(void *executor, fut_task_t *task), void *executor);
/* Drops every task that is left (their FINALLY runs, see fut_drop); handles which still wait get -ECANCELED.
 * `schedule` is not called any more, whoever still wakes. Executor's thread; not while a task runs. */
void   fut_scheduler_free(fut_scheduler_t *scheduler);
size_t fut_scheduler_tasks(const fut_scheduler_t *scheduler); /* how many have not ended */

/* Poll a task that `schedule` handed over, once for each such call. READY: it has ended, do not touch it again. The
 * context carries the driver and the budget; the waker is filled in. Executor's thread. */
fut_poll_t fut_task_run(fut_task_t *task, fut_context_t *cx);

/* ---- Spawning and joining ----------------------------------------------------------------- */

/* Spawn `vtable`'s future with a copy of the arguments; see TASK_SPAWN. It is scheduled at once, polled later. */
FUT_MUST_USE fut_join_t fut_task_spawn(fut_scheduler_t *scheduler, const fut_vtable_t *vtable, const void *args);
/* The same for a started future in the caller's storage, which must stay until the handle is done; detached, until the
 * task has ended. */
FUT_MUST_USE fut_join_t fut_task_spawn_in(fut_scheduler_t *scheduler, fut_future_t *future);

/* `struct echo_join` is the handle of a spawned echo: a future with echo's output, which is awaited like any other,
 *
 *     self->worker = SPAWN(executor, echo, fd, 10);
 *     AWAIT(self->worker);                               self->worker.output, self->worker.join.status
 *
 * or cancelled, or detached. One of these must happen: an ended task keeps its output until somebody takes it.
 * Dropping the handle detaches. Once polled it must not move. Executor's thread. Cancelling the wait loses the
 * output, not the task.
 *
 * status: 0; -ECANCELED; -ENOMEM or -EPERM where nothing was spawned. An integer output says the same.
 *
 * The handle of a task on a runtime (runtime.h) may be on any thread, used by one at a time. */

/* Ask the task to end: gracefully, see fut_cancel. Await the handle to see it end. Idempotent. */
void fut_join_cancel(fut_join_t *join);
/* Let the task run by itself. */
void fut_join_detach(fut_join_t *join);
/* Has it ended? */
bool fut_join_is_done(const fut_join_t *join);
/* Outside of an async function: take the output of a task that has ended into the handle, as awaiting it would. The
 * status; or -EAGAIN: it has not ended. */
int                       fut_join_take(fut_join_t *join);
extern const fut_vtable_t fut_join_vtable;

/* A handle for a task that was spawned just now; for none, where that failed with `status`. */
FUT_INLINE_ fut_join_t fut_join_of_(fut_task_t *task, const fut_vtable_t *vtable, int status) {
    fut_join_t join;
    join.future.vtable = &fut_join_vtable;
    join.future.line   = 0;
    join.future.point  = FUT_POINT_START;
    join.future.flags  = 0;
    join.task          = task;
    join.waker.target  = (void *)(uintptr_t)vtable; /* until it is polled for the first time */
    join.waker.tag     = 0;
    join.tag           = task ? __atomic_load_n(&task->state, __ATOMIC_RELAXED) & ~(fut_tag_t)3 : 0;
    join.status        = status;
    return join;
}

#define FUT_SPAWN_ARGS_(name, ...)                                                                                     \
    (&(struct name##_args){__VA_ARGS__} + 0 * sizeof(((name##_t *)0)->fut_takes_arguments_))

/* FUT_SPAWN_BY_(spawner, executor, fn, args...) -> struct fn_join */
#define FUT_SPAWN_BY_(spawner, executor, ...)                                                                          \
    FUT_CAT_(FUT_SPAWN_BY_, FUT_DEFINE_COUNT_(__VA_ARGS__))(spawner, executor, __VA_ARGS__)
#define FUT_SPAWN_BY_1(spawner, executor, name) name##_spawned_(spawner(executor, &name##_vtable, NULL, 0))
#define FUT_SPAWN_BY_M(spawner, executor, name, ...)                                                                   \
    name##_spawned_(spawner(executor, &name##_vtable, FUT_SPAWN_ARGS_(name, __VA_ARGS__), sizeof(struct name##_args)))
#define FUT_TASK_SPAWN_(scheduler, vtable, args, size) fut_task_spawn(scheduler, vtable, args)

#define FUT_TASK_SPAWN(scheduler, ...) FUT_SPAWN_BY_(FUT_TASK_SPAWN_, scheduler, __VA_ARGS__)

/* DETACH(SPAWN(...)), or of a handle that was kept: it may be forgotten from then on. */
#define FUT_DETACH(handle) fut_join_detach_((handle).join)
FUT_INLINE_ void fut_join_detach_(fut_join_t join) { fut_join_detach(&join); }

#ifndef FUT_NO_SHORT_NAMES
#define TASK_SPAWN FUT_TASK_SPAWN
#define DETACH     FUT_DETACH
#endif

#ifdef __cplusplus
}
#endif
#endif

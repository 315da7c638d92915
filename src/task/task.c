/* task.c: wake, run, end; spawn and join. state.h has the diagram whose numbers stand in brackets here. */
#include "task.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "../core/memory.h"
#include "pool.h"

_Static_assert(ECANCELED == FUT_ECANCELED, "the core's number for ECANCELED is not this system's");
_Static_assert(sizeof(fut_task_t) <= 64, "a task's header fits a cache line");

/* ---- wake, run, end ------------------------------------------------------------------------ */

/* Any thread, signal handlers. `flights` goes up before the state changes: whoever ends the task afterwards knows that
 * schedule may still be called, and fut__scheduler_clear waits for it. */
void fut__task_wake(void *target, fut_tag_t tag) {
    fut_task_t      *task      = target;
    fut_scheduler_t *scheduler = task->scheduler;
    uint32_t         state     = fut__load_relaxed(&task->state);
    if ((state & FUT__GENERATION_MASK) != tag) return; /* another tenant: spare the counter */
    fut__add(&scheduler->flights, 1);
    do {
        if ((state & FUT__GENERATION_MASK) != tag) break;
    } while (!fut__cas(&task->state, &state, state | FUT__NOTIFIED)); /* (1) (2) (3) */
    if (state == tag) scheduler->schedule(scheduler->executor, task); /* was neither NOTIFIED nor RUNNING */
    fut__add(&scheduler->flights, (size_t)-1);
}

fut_poll_t fut_task_run(fut_task_t *task, fut_context_t *cx) {
    uint32_t state;
    fut__add(&task->state, FUT__RUNNING - FUT__NOTIFIED); /* (4) */
    if (fut__task_poll(task, cx) == FUT_READY) {
        fut__task_end(task, 0);
        return FUT_READY;
    }
    task->since = 0;
    state       = fut__clear(&task->state, (uint32_t)FUT__RUNNING); /* (5) */
    if (state & FUT__NOTIFIED) task->scheduler->schedule(task->scheduler->executor, task); /* (6) */
    return FUT_PENDING;
}

static void deliver(fut_task_t *task, fut_join_t *join);

/* The task's end is also the end of its wakers, so the generation moves before anything else can happen. */
void fut__task_end(fut_task_t *task, int status) {
    uint32_t state = fut__add(&task->state, FUT__GENERATION); /* (7) */
    /* A NOTIFIED that came while it was RUNNING put the task into no queue. Nobody has the new generation: a plain store. */
    if (state & FUT__RUNNING)
        fut__store_relaxed(&task->state, (state & FUT__GENERATION_MASK) + FUT__GENERATION);
    if (status < 0) task->flags |= FUT__CANCELLED;
    task->flags |= FUT__ENDED;
    task->scheduler->live--;
    if (task->join) {
        fut_join_t *join = task->join;
        deliver(task, join);
        fut_wake(join->waker);
    }
    fut__task_recycle(task);
}

void fut__task_recycle(fut_task_t *task) {
    uint32_t state = fut__load_relaxed(&task->state);
    if (!(task->flags & FUT__ENDED) || task->flags & FUT__JOINABLE || task->queued || state & FUT__NOTIFIED) return;
    if (task->flags & FUT__OWNED) fut__release(((void **)(void *)(task + 1))[1]);
    fut__store_relaxed(&task->state, state + FUT__GENERATION); /* handles of this tenant are out of date, too */
    fut__pool_put(&task->scheduler->pool, task);
}

void fut__task_begin_cancel(fut_task_t *task) {
    fut_future_t *root = fut__task_root(task);
    task->flags &= (uint16_t)~FUT__CANCEL;
    if (fut_is_frame_(root) && root->flags & FUT_FINALIZING_) return; /* ending by itself */
    task->flags |= FUT__CANCELLED;
    fut_cancel(root);
}

/* ---- spawn --------------------------------------------------------------------------------- */

static fut_task_t *live(fut_task_t *task, unsigned flags, fut_future_t *root) {
    task->flags = (uint16_t)(FUT__LIVE | flags | (fut_is_frame_(root) ? 0 : FUT__BY_HAND));
    task->queued = 0;
    task->next  = NULL;
    task->leaf  = root;
    task->join  = NULL;
    task->scheduler->live++;
    return task;
}

/* A future too large, or too strictly aligned, for the pool. The block holds its address and that of the memory. */
static void *own_memory(fut_task_t *task, const fut_vtable_t *vtable) {
    size_t align  = vtable->align > 16 ? vtable->align : 0;
    char  *memory = fut__allocate(vtable->size + align);
    if (!memory) return NULL;
    ((void **)(void *)(task + 1))[1] = memory;
    if (align) memory += align - (uintptr_t)memory % align;
    return ((void **)(void *)(task + 1))[0] = memory;
}

fut_task_t *fut__task_new(fut_scheduler_t *scheduler, const fut_vtable_t *vtable, const void *args) {
    bool          fits = vtable->size <= FUT__LARGEST && vtable->align <= 16;
    size_t        unit = vtable->align > 8 ? 16 : 8;
    size_t        size = fits ? (vtable->size + unit - 1) / unit * unit / 8 : 2 * sizeof(void *) / 8;
    fut_task_t   *task = fut__pool_take(&scheduler->pool, scheduler, size);
    fut_future_t *root;
    if (!task) return NULL;
    root = fits ? (void *)(task + 1) : own_memory(task, vtable);
    if (!root) {
        fut__pool_put(&scheduler->pool, task);
        return NULL;
    }
    *root = (fut_future_t){.vtable = vtable};
    if (args)
        memcpy((char *)root + vtable->args, args, vtable->args_size);
    else
        memset((char *)root + vtable->args, 0, vtable->args_size);
    return live(task, fits ? FUT__INLINE : FUT__OWNED, root);
}

fut_task_t *fut__task_new_in(fut_scheduler_t *scheduler, fut_future_t *future) {
    fut_task_t *task = fut__pool_take(&scheduler->pool, scheduler, sizeof(void *) / 8 + (sizeof(void *) < 8));
    if (!task) return NULL;
    *(fut_future_t **)(void *)(task + 1) = future;
    return live(task, 0, future);
}

static fut_join_t spawned(fut_task_t *task, const fut_vtable_t *vtable) {
    fut_join_t join = fut__join_new(task, vtable, task ? 0 : -ENOMEM);
    if (task) fut__task_wake(task, fut__task_tag(task));
    return join;
}

fut_join_t fut_task_spawn(fut_scheduler_t *scheduler, const fut_vtable_t *vtable, const void *args) {
    if (scheduler->closing) return fut__join_new(NULL, vtable, -ECANCELED);
    return spawned(fut__task_new(scheduler, vtable, args), vtable);
}

fut_join_t fut_task_spawn_in(fut_scheduler_t *scheduler, fut_future_t *future) {
    if (scheduler->closing) return fut__join_new(NULL, future->vtable, -ECANCELED);
    return spawned(fut__task_new_in(scheduler, future), future->vtable);
}

/* ---- join ---------------------------------------------------------------------------------- */

/* A handle says whose it is by task and tag, where the tag is the generation in which the task was spawned:
 *
 *     same generation                          it has not ended
 *     the next, and ENDED                      it has ended, the output waits in its memory
 *     anything else                            the executor is gone: -ECANCELED
 *
 * Until it is polled for the first time nobody knows where the handle lies, and waker.target keeps the vtable. From then on the
 * task knows the handle, and its end writes into it. */
fut_join_t fut__join_new(fut_task_t *task, const fut_vtable_t *vtable, int status) {
    fut_join_t join = {.future = {.vtable = &fut_join_vtable},
                       .task   = task,
                       .waker  = {(void *)(uintptr_t)vtable, 0},
                       .status = status};
    if (task) {
        join.tag = fut__task_tag(task);
        task->flags |= FUT__JOINABLE;
    }
    return join;
}

static bool is_running(const fut_join_t *join) { return join->task && fut__task_tag(join->task) == join->tag; }

static bool has_ended(const fut_join_t *join) {
    return join->task && fut__task_tag(join->task) == join->tag + FUT__GENERATION && join->task->flags & FUT__ENDED;
}

/* Move the output from the task to the handle. */
static void deliver(fut_task_t *task, fut_join_t *join) {
    const fut_future_t *root   = fut__task_root(task);
    const fut_vtable_t *vtable = root->vtable;
    memcpy((char *)join + vtable->joined, (const char *)root + vtable->output, vtable->output_size);
    join->status = task->flags & FUT__CANCELLED ? -ECANCELED : 0;
    join->task   = NULL;
    task->join   = NULL;
    task->flags &= (uint16_t)~FUT__JOINABLE;
}

static void fail(fut_join_t *join, int status) {
    const fut_vtable_t *vtable = join->waker.target;
    join->status               = status;
    join->task                 = NULL;
    fut_fail_at_((char *)join + vtable->joined, vtable->errors, status);
}

static fut_poll_t join_poll(fut_future_t *future, fut_context_t *cx) {
    fut_join_t *join = (fut_join_t *)(void *)future;
    if (fut_is_done(future)) return FUT_READY;
    if (is_running(join)) {
        join->waker      = fut_context_waker(cx);
        join->task->join = join;
        return fut_pending(future);
    }
    if (has_ended(join)) {
        fut_task_t *task = join->task;
        deliver(task, join);
        fut__task_recycle(task);
    } else if (future->point == FUT_POINT_START) {
        fail(join, join->status < 0 ? join->status : -ECANCELED);
    }
    return fut_ready(future);
}

void fut_join_detach(fut_join_t *join) {
    fut_task_t *task = join->task;
    if (is_running(join) || has_ended(join)) {
        task->join = NULL;
        task->flags &= (uint16_t)~FUT__JOINABLE;
        fut__task_recycle(task);
    }
    join->task         = NULL;
    join->future.point = FUT_POINT_DONE;
}

static void join_drop(fut_future_t *future) { fut_join_detach((fut_join_t *)(void *)future); }

static void join_describe(const fut_future_t *future, fut_note_t *note) {
    const fut_join_t *join = (const fut_join_t *)(const void *)future;
    note->text             = "the end of";
    note->child            = is_running(join) ? fut__task_root(join->task) : NULL;
}

const fut_vtable_t fut_join_vtable = {.name     = "join",
                                      .poll     = join_poll,
                                      .drop     = join_drop,
                                      .describe = join_describe,
                                      .file     = __FILE__,
                                      .line     = __LINE__,
                                      .size     = sizeof(fut_join_t),
                                      .align    = _Alignof(fut_join_t),
                                      .loses    = FUT_LOSES_BYTES};

void fut_join_cancel(fut_join_t *join) {
    if (!is_running(join)) return;
    join->task->flags |= FUT__CANCEL;
    fut_wake((fut_waker_t){join->task, join->tag});
}

bool fut_join_is_done(const fut_join_t *join) { return fut_is_done(&join->future) || !is_running(join); }

/* ---- schedulers ---------------------------------------------------------------------------- */

/* Schedulers are type-stable, too: a waker's first word points to one. They wait on a shelf for the next executor. */
static pthread_mutex_t  shelves = PTHREAD_MUTEX_INITIALIZER;
static fut_scheduler_t *shelf;

fut_scheduler_t *fut__scheduler_take(fut_scheduler_t **from, size_t size, bool *fresh) {
    fut_scheduler_t *scheduler;
    pthread_mutex_lock(&shelves);
    scheduler = *from;
    if (scheduler) *from = scheduler->idle;
    pthread_mutex_unlock(&shelves);
    *fresh = !scheduler;
    return scheduler ? scheduler : fut__allocate_zeroed(size);
}

void fut__scheduler_put(fut_scheduler_t **to, fut_scheduler_t *scheduler) {
    pthread_mutex_lock(&shelves);
    scheduler->idle = *to;
    *to             = scheduler;
    pthread_mutex_unlock(&shelves);
}

static void drop_task(fut_task_t *task, void *unused) {
    (void)unused;
    if (task->flags & FUT__ENDED) return;
    fut_drop(fut__task_root(task));
    fut__task_end(task, -ECANCELED);
}

/* Nobody can wake any more, and whatever queue the task was on is forgotten. */
static void forget_task(fut_task_t *task, void *unused) {
    (void)unused;
    fut__clear(&task->state, (uint32_t)FUT__NOTIFIED);
    task->flags &= (uint16_t)~FUT__JOINABLE;
    task->queued = 0;
    fut__task_recycle(task);
}

/* Spawning is refused from here on, so the list of tasks only shrinks while FINALLYs run. The wait is for wakes on other
 * threads which found a task alive and are a few instructions before the end of schedule(). */
void fut__scheduler_clear(fut_scheduler_t *scheduler) {
    scheduler->closing = true;
    fut__pool_visit(&scheduler->pool, drop_task, NULL);
    while (fut__load_acquire(&scheduler->flights) != 0) sched_yield();
    fut__pool_visit(&scheduler->pool, forget_task, NULL);
    scheduler->closing = false;
}

fut_scheduler_t *fut_scheduler_new(void (*schedule)(void *executor, fut_task_t *task), void *executor) {
    bool             fresh;
    fut_scheduler_t *scheduler = fut__scheduler_take(&shelf, sizeof *scheduler, &fresh);
    if (!scheduler) return NULL;
    scheduler->waker    = (fut_waker_vtable_t){.wake = fut__task_wake, .wake_from_interrupt = fut__task_wake};
    scheduler->schedule = schedule;
    scheduler->executor = executor;
    return scheduler;
}

void fut_scheduler_free(fut_scheduler_t *scheduler) {
    if (!scheduler) return;
    fut__scheduler_clear(scheduler);
    fut__scheduler_put(&shelf, scheduler);
}

size_t fut_scheduler_tasks(const fut_scheduler_t *scheduler) { return scheduler->live; }

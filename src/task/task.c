/* task.c: wake, run, end; spawn and join. state.h has the diagram whose numbers stand in brackets here. */
#include "task.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "../core/memory.h"
#include "../core/fork.h"
#include "life.h"
#include "shared.h"

_Static_assert(ECANCELED == FUT_ECANCELED && ENOTSUP == FUT_ENOTSUP, "the core's numbers are not this system's");
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
    if (fut__task_poll(task, cx) == FUT_READY) return fut__task_end(task, 0);
    task->since = 0;
    state       = fut__clear(&task->state, (uint32_t)FUT__RUNNING);                        /* (5) */
    if (state & FUT__NOTIFIED) task->scheduler->schedule(task->scheduler->executor, task); /* (6) */
    return FUT_PENDING;
}

void fut__task_begin_cancel(fut_task_t *task) {
    fut_future_t *root = fut__task_root(task);
    fut__task_set_flags(task, task->flags & ~(unsigned)FUT__CANCEL);
    if (fut_is_frame_(root) && root->flags & FUT_FINALIZING_) return; /* ending by itself */
    fut__task_set_flags(task, task->flags | FUT__CANCELLED);
    fut_cancel(root);
}

/* ---- spawn --------------------------------------------------------------------------------- */

/* A future too large, or too strictly aligned, for the pool. */
fut_task_t *fut__task_new_large(fut_scheduler_t *scheduler, const fut_vtable_t *vtable) {
    size_t      align  = vtable->align > 16 ? vtable->align : 0;
    fut_task_t *task   = fut__pool_take(&scheduler->pool, scheduler, FUT__ADDRESSES);
    char       *memory = task ? fut__allocate(vtable->size + align) : NULL, *root = memory;
    void      **addresses;
    if (!memory) {
        if (task) fut__pool_put(&scheduler->pool, task);
        return NULL;
    }
    if (align) root += align - (uintptr_t)memory % align;
    addresses                     = (void **)(void *)(task + 1);
    addresses[0]                  = root;
    addresses[1]                  = memory;
    *(fut_future_t *)(void *)root = (fut_future_t){.vtable = vtable};
    return fut__task_live(task, FUT__OWNED, vtable, (fut_future_t *)(void *)root);
}

fut_task_t *fut__task_new_in(fut_scheduler_t *scheduler, fut_future_t *future) {
    fut_task_t *task = fut__pool_take(&scheduler->pool, scheduler, FUT__ADDRESSES);
    if (!task) return NULL;
    *(fut_future_t **)(void *)(task + 1) = future;
    return fut__task_live(task, 0, future->vtable, future);
}

/* Known to the queue only once the arguments are there: another thread may run it at once. */
static fut_join_t scheduled(fut_task_t *task, const fut_vtable_t *vtable, int error) {
    fut_join_t join = fut_join_of_(task, vtable, error);
    if (task) fut__task_wake(task, join.tag);
    return join;
}

fut_join_t fut_task_spawn(fut_scheduler_t *scheduler, const fut_vtable_t *vtable, const void *args) {
    int         error = scheduler->closing ? -ECANCELED : 0;
    fut_task_t *task  = NULL;
    if (error == 0 && !(task = fut__task_new(scheduler, vtable))) error = -ENOMEM;
    if (task && args) memcpy((char *)task->leaf + vtable->args, args, vtable->args_size);
    if (task && vtable->spawned) vtable->spawned(task->leaf);
    return scheduled(task, vtable, error);
}

fut_join_t fut_task_spawn_in(fut_scheduler_t *scheduler, fut_future_t *future) {
    int         error = scheduler->closing ? -ECANCELED : 0;
    fut_task_t *task  = NULL;
    if (error == 0 && !(task = fut__task_new_in(scheduler, future))) error = -ENOMEM;
    return scheduled(task, future->vtable, error);
}

/* ---- join ---------------------------------------------------------------------------------- */

/* A handle says whose it is by task and tag, where the tag is the generation in which the task was spawned:
 *
 *     same generation                          it has not ended
 *     the next, and ENDED                      it has ended, the output waits in its memory
 *     anything else                            the executor is gone: -ECANCELED
 *
 * Until it is polled for the first time nobody knows where the handle lies, and waker.target keeps the vtable. From
 * then on the task knows the handle, and its end writes into it. */
static bool is_running(const fut_join_t *join) { return join->task && fut__task_tag(join->task) == join->tag; }

static bool has_ended(const fut_join_t *join) {
    return join->task && fut__task_tag(join->task) == join->tag + FUT__GENERATION && join->task->flags & FUT__ENDED;
}

static void fail(fut_join_t *join, int status) {
    const fut_vtable_t *vtable = join->waker.target;
    join->status               = status;
    join->task                 = NULL;
    fut_fail_at_((char *)join + vtable->joined, vtable->errors, status);
}

/* The task has ended, was never there, or went with its executor. */
static void settle(fut_join_t *join) {
    if (has_ended(join)) {
        fut_task_t *task = join->task;
        fut__deliver(task, join);
        fut__task_recycle(task);
    } else if (join->future.point == FUT_POINT_START) {
        fail(join, join->status < 0 ? join->status : -ECANCELED);
    }
    join->future.point = FUT_POINT_DONE;
}

static fut_poll_t join_poll(fut_future_t *future, fut_context_t *cx) {
    fut_join_t *join = (fut_join_t *)(void *)future;
    if (fut_is_done(future)) return FUT_READY;
    if (is_running(join)) {
        join->waker      = fut_context_waker(cx);
        join->task->join = join;
        return fut_pending(future);
    }
    settle(join);
    return FUT_READY;
}

int fut_join_take(fut_join_t *join) {
    if (fut__is_shared(join)) return fut__shared_take(join);
    if (!fut_join_is_done(join)) return -EAGAIN;
    if (!fut_is_done(&join->future)) settle(join);
    return join->status;
}

void fut_join_detach(fut_join_t *join) {
    fut_task_t *task = join->task;
    if (fut__is_shared(join)) {
        fut__shared_detach(join);
        return;
    }
    if (is_running(join) || has_ended(join)) {
        task->join = NULL;
        task->flags &= (uint16_t)~FUT__JOINABLE;
        fut__task_recycle(task);
    }
    join->task         = NULL;
    join->future.point = FUT_POINT_DONE;
}

static void join_drop(fut_future_t *future) {
    fut_join_t *join = (fut_join_t *)(void *)future;
    if (is_running(join) || has_ended(join)) {
        const fut_vtable_t *vtable = fut__task_root(join->task)->vtable;
        fut_join_detach(join);
        join->waker.target = (void *)(uintptr_t)vtable;
        fail(join, -ECANCELED);
    } else if (future->point == FUT_POINT_START) {
        fail(join, -ECANCELED);
    }
    future->point = FUT_POINT_DONE;
}

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
    if (fut__is_shared(join)) {
        fut__shared_cancel(join);
        return;
    }
    if (!is_running(join)) return;
    join->task->flags |= FUT__CANCEL;
    fut_wake((fut_waker_t){join->task, join->tag});
}

bool fut_join_is_done(const fut_join_t *join) {
    if (fut__is_shared(join)) return fut__shared_is_done(join);
    return fut_is_done(&join->future) || !is_running(join);
}

/* ---- schedulers ---------------------------------------------------------------------------- */

/* Schedulers are type-stable, too: a waker's first word points to one. They wait on a shelf for the next executor.
 * What a stale waker may read at any time, the vtable, is written before anybody can know the scheduler, and never
 * again. */
static pthread_mutex_t  lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t   once = PTHREAD_ONCE_INIT;
static fut_scheduler_t *all; /* so that each can be reached from somewhere, also in the child of a fork */

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork(void) { pthread_mutex_unlock(&lock); }
static void watch_forks(void) { fut__at_fork(before_fork, after_fork, after_fork); }

fut_scheduler_t *fut__scheduler_take(fut__shelf_t *shelf, size_t size, const fut_waker_vtable_t *waker,
                                     unsigned forks) {
    fut_scheduler_t *scheduler;
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&lock);
    while ((scheduler = shelf->first) != NULL) {
        shelf->first = scheduler->idle;
        if (scheduler->forks == forks) break;
    }
    if (!scheduler && (scheduler = fut__allocate_zeroed(size)) != NULL) {
        scheduler->waker = *waker;
        scheduler->forks = forks;
        scheduler->all   = all;
        all              = scheduler;
    }
    pthread_mutex_unlock(&lock);
    return scheduler;
}

/* In the child of a fork one that the parent made is not used again: a bell of its executor would be the parent's. */
void fut__scheduler_put(fut__shelf_t *shelf, fut_scheduler_t *scheduler) {
    pthread_mutex_lock(&lock);
    scheduler->idle = shelf->first;
    shelf->first    = scheduler;
    pthread_mutex_unlock(&lock);
}

static void drop_task(fut_task_t *task, void *unused) {
    (void)unused;
    if (task->flags & FUT__ENDED) return;
    fut_drop(fut__task_root(task));
    (void)fut__task_end(task, -ECANCELED);
}

/* Nobody can wake any more, and whatever queue the task was on is forgotten. */
static void forget_task(fut_task_t *task, void *unused) {
    (void)unused;
    fut__clear(&task->state, (uint32_t)FUT__NOTIFIED);
    task->flags &= (uint16_t)~FUT__JOINABLE;
    task->queued = 0;
    fut__task_recycle(task);
}

/* Spawning is refused from here on, so the list of tasks only shrinks while FINALLYs run. The wait is for wakes on
 * other threads which found a task alive and are a few instructions before the end of schedule(). */
void fut__scheduler_clear(fut_scheduler_t *scheduler) {
    scheduler->closing = true;
    fut__pool_visit(&scheduler->pool, drop_task, NULL);
    while (fut__load_acquire(&scheduler->flights) != 0) sched_yield();
    fut__pool_visit(&scheduler->pool, forget_task, NULL);
    scheduler->closing = false;
}

static fut__shelf_t shelf;

static int spawn_beside(void *target, fut_tag_t tag, const fut_vtable_t *vtable, const void *args) {
    fut_join_t join = fut_task_spawn(((fut_task_t *)target)->scheduler, vtable, args);
    (void)tag;
    fut_join_detach(&join);
    return join.status;
}

static const fut_waker_vtable_t waker = {
    .wake = fut__task_wake, .wake_from_interrupt = fut__task_wake, .spawn = spawn_beside};

fut_scheduler_t *fut_scheduler_new(void (*schedule)(void *executor, fut_task_t *task), void *executor) {
    fut_scheduler_t *scheduler = fut__scheduler_take(&shelf, sizeof *scheduler, &waker, fut__forks());
    if (!scheduler) {
        errno = ENOMEM;
        return NULL;
    }
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

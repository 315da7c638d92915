/* life.h: from the first moment of a task to the last. Inline, because a short task consists of little else.
 * layer: task
 *
 *     new     a block from the pool, the future at its start
 *     end     the future is done: the generation moves on, the output goes to the handle if somebody awaits it
 *     recycle the block goes back once nothing refers to it: output taken, on no queue, in no inbox
 */
#ifndef FUT_SRC_LIFE_H
#define FUT_SRC_LIFE_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "../core/memory.h"
#include "pool.h"

/* ---- new ------------------------------------------------------------------------------------ */

/* The size of a block that holds no future, but its address and that of its memory. */
enum { FUT__ADDRESSES = (2 * sizeof(void *) + 7) / 8 };

static inline fut_task_t *fut__task_live(fut_task_t *task, unsigned flags, const fut_vtable_t *vtable,
                                         fut_future_t *root) {
    task->flags  = (uint16_t)(FUT__LIVE | FUT__JOINABLE | flags | (vtable->kind == FUT_IS_FRAME_ ? 0 : FUT__BY_HAND));
    task->queued = 0;
    task->since  = 0;
    task->leaf   = root;
    task->join   = NULL;
    task->scheduler->live++;
    return task;
}

fut_task_t *fut__task_new_large(fut_scheduler_t *scheduler, const fut_vtable_t *vtable);

/* Not scheduled yet; its future is at task->leaf, started, the arguments not yet written. NULL: out of memory. */
static inline fut_task_t *fut__task_new(fut_scheduler_t *scheduler, const fut_vtable_t *vtable) {
    fut_task_t   *task;
    fut_future_t *root;
    if (__builtin_expect(vtable->cell == 0, 0)) return fut__task_new_large(scheduler, vtable);
    task = fut__pool_take(&scheduler->pool, scheduler, vtable->cell);
    if (__builtin_expect(!task, 0)) return NULL;
    root  = (fut_future_t *)(void *)(task + 1);
    *root = (fut_future_t){.vtable = vtable};
    return fut__task_live(task, FUT__INLINE, vtable, root);
}

/* ---- end ------------------------------------------------------------------------------------- */

/* Most are small; the library's memcpy is a call. */
static inline void fut__copy_output(char *to, const char *from, size_t size) {
    if (size == sizeof(int))
        memcpy(to, from, sizeof(int));
    else if (size == sizeof(void *))
        memcpy(to, from, sizeof(void *));
    else
        memcpy(to, from, size);
}

/* Move the output from the task to the handle, which is done then. */
static inline void fut__deliver(fut_task_t *task, fut_join_t *join) {
    const fut_future_t *root   = fut__task_root(task);
    const fut_vtable_t *vtable = root->vtable;
    fut__copy_output((char *)join + vtable->joined, (const char *)root + vtable->output, vtable->output_size);
    join->status       = task->flags & FUT__CANCELLED ? -ECANCELED : 0;
    join->task         = NULL;
    join->future.point = FUT_POINT_DONE;
    task->join         = NULL;
    task->flags &= (uint16_t)~FUT__JOINABLE;
}

/* Give the memory back, unless something still refers to it. */
static inline void fut__task_recycle(fut_task_t *task) {
    uint32_t state = fut__load_relaxed(&task->state);
    if (!(task->flags & FUT__ENDED) || task->flags & FUT__JOINABLE || task->queued || state & FUT__NOTIFIED) return;
    if (task->flags & FUT__OWNED) fut__release(((void **)(void *)(task + 1))[1]);
    fut__store_relaxed(&task->state, state + FUT__GENERATION); /* handles of this tenant are out of date, too */
    fut__pool_put(&task->scheduler->pool, task);
}

/* The usual end: the future lies in the block, and nothing else refers to it. */
static inline bool fut__ends_plainly(const fut_task_t *task, uint32_t state) {
    return (task->flags & (FUT__INLINE | FUT__CANCELLED)) == FUT__INLINE && !task->queued &&
           !(state & (FUT__RUNNING | FUT__NOTIFIED));
}

static __attribute__((noinline, unused)) void fut__task_end_rarely(fut_task_t *task, uint32_t state, int status) {
    fut_join_t *join = task->join;
    /* A NOTIFIED that came while it was RUNNING put the task into no queue. Nobody has the new generation: a plain
     * store. */
    if (state & FUT__RUNNING) fut__store_relaxed(&task->state, (state & FUT__GENERATION_MASK) + FUT__GENERATION);
    if (status < 0) task->flags |= FUT__CANCELLED;
    task->flags |= FUT__ENDED;
    if (join) {
        fut__deliver(task, join);
        fut_wake(join->waker);
    }
    fut__task_recycle(task);
}

/* The task's end is also the end of its wakers, so the generation moves before anything else can happen. A wake may
 * run code of somebody else's executor, so it comes last. READY, so that a poll can end with this. */
static inline fut_poll_t fut__task_end(fut_task_t *task, int status) {
    uint32_t    state = fut__add(&task->state, FUT__GENERATION); /* (7) */
    fut_join_t *join  = task->join;
    task->scheduler->live--;
    if (__builtin_expect(status < 0 || !fut__ends_plainly(task, state), 0)) {
        fut__task_end_rarely(task, state, status);
        return FUT_READY;
    }
    if (!join && task->flags & FUT__JOINABLE) { /* the output waits for somebody to ask */
        task->flags |= FUT__ENDED;
        return FUT_READY;
    }
    if (join) fut__deliver(task, join);
    fut__store_relaxed(&task->state, state + 2 * FUT__GENERATION);
    fut__pool_put(&task->scheduler->pool, task);
    if (join) fut_wake(join->waker);
    return FUT_READY;
}

#endif

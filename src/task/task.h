/* task.h: the task, as executors inside the library see it; the caller's side is future/task.h.      layer: task
 *
 * Inline, because this is the path of every poll.
 */
#ifndef FUT_SRC_TASK_H
#define FUT_SRC_TASK_H

#include <string.h>

#include "../core/atomic.h"
#include "../core/check.h"
#include "future/task.h"
#include "state.h"

/* ---- The memory of tasks ------------------------------------------------------------------- */

enum { FUT__LARGEST = 512, FUT__SIZES = FUT__LARGEST / 8 + 1 };

/* Equal blocks, one after the other: a task and room for its future. Never released: see pool.c. */
typedef struct fut__chunk {
    struct fut__chunk *next;
    size_t             block, used, count; /* bytes of a block; blocks handed out so far; blocks */
} fut__chunk_t;

typedef struct fut__pool {
    fut_task_t   *free[FUT__SIZES];  /* by size / 8, linked through `next`                */
    fut__chunk_t *fresh[FUT__SIZES]; /* the chunk that still has untouched blocks, or NULL */
    fut__chunk_t *chunks;            /* all of them                                       */
} fut__pool_t;

struct fut_scheduler {
    fut_waker_vtable_t waker; /* first: what a waker's target points to */
    void (*schedule)(void *executor, fut_task_t *task);
    void *executor;
    void (*recycle)(fut_task_t *task); /* of one whose handle is shared: see shared.h. Any thread */
    fut__pool_t      pool;
    unsigned         forks;   /* fut__forks() when it was made                                  */
    size_t           live;    /* tasks that have not ended                                       */
    bool             closing; /* nothing is spawned any more                                     */
    size_t           flights; /* atomic: wakes between (1) and the return of schedule            */
    fut_scheduler_t *all;     /* the one made before this one: none is ever released               */
    fut_scheduler_t *idle;    /* the next one that waits to be used again                        */
};

/* Schedulers that wait to be used again. */
typedef struct fut__shelf {
    fut_scheduler_t *first;
} fut__shelf_t;

/* A scheduler of `size` bytes, of which it is the first part, used before or new; a new one is zero behind its own
 * fields. Its waker's vtable is the shelf's, the same at every call. One that was made before a fork stays where it
 * is. NULL: out of memory. */
fut_scheduler_t *fut__scheduler_take(fut__shelf_t *shelf, size_t size, const fut_waker_vtable_t *waker, unsigned forks);
void             fut__scheduler_put(fut__shelf_t *shelf, fut_scheduler_t *scheduler);
/* Drop every task. */
void fut__scheduler_clear(fut_scheduler_t *scheduler);

/* A task for a future of the caller's. life.h has the other ways in, and the way out. */
fut_task_t *fut__task_new_in(fut_scheduler_t *scheduler, fut_future_t *future);
/* (1) (2) (3) */
void fut__task_wake(void *target, fut_tag_t tag);

typedef void fut__task_visitor_t(fut_task_t *task, void *data);
/* Those that live. Any thread; where others take and put meanwhile, the visitor knows how to hold what it is given. */
void fut__pool_visit(const fut__pool_t *pool, fut__task_visitor_t *visit, void *data);

/* ---- Running ------------------------------------------------------------------------------- */

static inline fut_tag_t fut__task_tag(const fut_task_t *task) {
    return fut__load_relaxed(&task->state) & FUT__GENERATION_MASK;
}

/* By whoever runs the task; a dump of a runtime looks at them without being that. */
static inline void fut__task_set_flags(fut_task_t *task, unsigned flags) { fut__show(&task->flags, (uint16_t)flags); }

static inline fut_future_t *fut__task_root(fut_task_t *task) {
    return fut__load_relaxed(&task->flags) & FUT__INLINE ? (fut_future_t *)(void *)(task + 1)
                                                         : *(fut_future_t **)(void *)(task + 1);
}

void fut__task_begin_cancel(fut_task_t *task);

/* Poll the task once. The context's driver and budget are set. READY: call fut__task_end. */
static inline fut_poll_t fut__task_poll(fut_task_t *task, fut_context_t *cx) {
    fut_future_t *root = fut__task_root(task);
    fut_poll_t    answer;
    cx->waker.target = task;
    cx->waker.tag    = fut__task_tag(task);
    cx->held         = 0;
    if (__builtin_expect(task->flags & FUT__CANCEL, 0)) {
        fut__task_begin_cancel(task);
        if (fut_is_done(root)) return FUT_READY;
    }
    answer = fut_poll_leaf(root, &task->leaf, cx);
    if (__builtin_expect(fut__checking, 0)) answer == FUT_PENDING ? fut__check_root(root, cx) : fut__check_end(root);
    return answer;
}

#endif

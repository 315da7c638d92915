/* pool.h: type-stable memory for tasks; pool.c says why. Executor's thread. */
#ifndef FUT_SRC_POOL_H
#define FUT_SRC_POOL_H

#include "task.h"

#if defined(__SANITIZE_ADDRESS__)
#define FUT__POISONING 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FUT__POISONING 1
#endif
#endif
#ifdef FUT__POISONING
#include <sanitizer/asan_interface.h>
#define FUT__POISON(at, size)   ASAN_POISON_MEMORY_REGION(at, size)
#define FUT__UNPOISON(at, size) ASAN_UNPOISON_MEMORY_REGION(at, size)
#else
#define FUT__POISON(at, size)   ((void)0)
#define FUT__UNPOISON(at, size) ((void)0)
#endif

/* A block that nobody has used yet, from a chunk. */
fut_task_t *fut__pool_cut(fut__pool_t *pool, fut_scheduler_t *scheduler, size_t size);

/* `size`: of the future, in units of 8 bytes. The task's scheduler, state and size are set. NULL: out of memory. */
static inline fut_task_t *fut__pool_take(fut__pool_t *pool, fut_scheduler_t *scheduler, size_t size) {
    fut_task_t *task = pool->free[size];
    if (__builtin_expect(!task, 0)) return fut__pool_cut(pool, scheduler, size);
    pool->free[size] = task->next;
    FUT__UNPOISON(task + 1, size * 8);
    return task;
}

static inline void fut__pool_put(fut__pool_t *pool, fut_task_t *task) {
    task->flags            = 0;
    task->next             = pool->free[task->size];
    pool->free[task->size] = task;
    FUT__POISON(task + 1, (size_t)task->size * 8);
}

#endif

/* pool.h: type-stable memory for tasks; pool.c says why. Executor's thread. */
#ifndef FUT_SRC_POOL_H
#define FUT_SRC_POOL_H

#include "task.h"

/* `size`: of the future, in units of 8 bytes. The task's scheduler, state and size are set. NULL: out of memory. */
fut_task_t *fut__pool_take(fut__pool_t *pool, fut_scheduler_t *scheduler, size_t size);
void        fut__pool_put(fut__pool_t *pool, fut_task_t *task);

#endif

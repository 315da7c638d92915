/* inbox.h: tasks that other threads hand to an executor.                    layer: task; needs: core
 *
 * A stack, linked through `link`, that is only ever emptied whole, so the ABA problem does not arise (R. K. Treiber,
 * Systems Programming: Coping with Parallelism, 1986).
 */
#ifndef FUT_SRC_INBOX_H
#define FUT_SRC_INBOX_H

#include <stddef.h>

#include "../core/atomic.h"
#include "task.h"

/* Any thread, signal handlers. Publishes the link, and all that this thread did before, to whoever empties it. */
static inline void fut__inbox_add(fut_task_t **inbox, fut_task_t *task) {
    fut_task_t *first = fut__load_relaxed(inbox);
    do task->link = first;
    while (!fut__cas(inbox, &first, task));
}

/* Everything in it, oldest first. The exchange pairs with the swap above. A link may change as soon as its task may be
 * added again: read it before. */
static inline fut_task_t *fut__inbox_empty(fut_task_t **inbox) {
    fut_task_t *task = fut__exchange(inbox, NULL), *oldest = NULL, *next;
    for (; task; task = next) {
        next       = task->link;
        task->link = oldest;
        oldest     = task;
    }
    return oldest;
}

#endif

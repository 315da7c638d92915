/* store.h: the memory of tasks, for several threads.                                                layer: runtime
 *
 * Each worker has a store, a pool (../task/pool.c) with magazines in front of it: free blocks of each size, taken and put
 * without an atomic. A task is often born on one worker and ends on another, so a store that is full of free blocks gives
 * a magazine of them to the depot, where an empty one finds it: one lock for 64 tasks. (Magazines and depot: J. Bonwick,
 * J. Adams, "Magazines and Vmem", USENIX 2001.)
 *
 * Blocks are type-stable, as everywhere: their memory stays a task's for ever, and a stale waker finds a generation that
 * is not its own. A block's `scheduler`, the store it was cut from, never changes, whoever has it now; it leads to the
 * crew, and to nothing else.
 */
#ifndef FUT_SRC_STORE_H
#define FUT_SRC_STORE_H

#include <pthread.h>

#include "../task/pool.h"

enum { FUT__MAGAZINE = 64 };

typedef struct fut__magazine {
    fut_task_t *first; /* linked through `link` */
    unsigned    count;
} fut__magazine_t;

/* Full magazines: first blocks, linked through `awaiter`. */
typedef struct fut__depot {
    pthread_mutex_t lock;
    fut_task_t     *full[FUT__SIZES]; /* under the lock; looked at without it */
} fut__depot_t;

typedef struct fut__crew fut__crew_t;

typedef struct fut__store {
    fut_scheduler_t scheduler; /* first: a task's `scheduler` is the store that its memory was cut from */
    fut__crew_t    *crew;
    fut__depot_t   *depot;
    fut__magazine_t loaded[FUT__SIZES], spare[FUT__SIZES];
} fut__store_t;

/* All of these: the store's owner. */

/* NULL: out of memory. The generation is the block's own, flags are 0. */
fut_task_t *fut__store_take(fut__store_t *store, size_t size);
void        fut__store_put(fut__store_t *store, fut_task_t *task);

#endif

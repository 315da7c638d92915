/* surplus.h: free tasks that are ready and on no worker's queue.                                    layer: runtime
 *
 *     listed     woken or spawned by threads that are no workers: a list, first come, first served
 *     batched    half of a queue that was full: pointers in a block, so that no task is touched on the way
 *
 * A worker that has nothing takes the newest batch, whole: its tasks are the youngest, still in a cache, and closest to
 * their ends. So a tree of tasks that spawn others is walked nearly depth first, with some thousands of tasks alive
 * instead of half of them all. One that has enough takes a few of the oldest now and then, for the sake of fairness. (Blumofe and
 * Leiserson, "Scheduling Multithreaded Computations by Work Stealing", 1999, on the room that depth first saves.)
 *
 * All functions: under the crew's surplus_lock. `length` may be read without it, as a hint.
 */
#ifndef FUT_SRC_SURPLUS_H
#define FUT_SRC_SURPLUS_H

#include "run_queue.h"

enum { FUT__BATCH = FUT__RING / 2 };

typedef struct fut__batch {
    struct fut__batch *prev, *next; /* utlist */
    unsigned           from, to;    /* what is left of it, oldest first */
    fut_task_t        *tasks[FUT__BATCH];
} fut__batch_t;

typedef struct fut__surplus {
    size_t        length;        /* atomic: of both kinds            */
    size_t        listed;        /* in the list                      */
    fut_task_t   *first, **last; /* oldest first, linked through `link` */
    fut__batch_t *newest;
} fut__surplus_t;

void fut__surplus_begin(fut__surplus_t *surplus);
/* Forgets the tasks and gives back the batches. */
void fut__surplus_end(fut__surplus_t *surplus);

/* From `first` to the end of its links. NULL: nothing. */
void fut__surplus_list(fut__surplus_t *surplus, fut_task_t *first);
/* tasks[0 .. FUT__BATCH) were written by the caller, oldest first; the batch is the surplus's now. */
void fut__surplus_put(fut__surplus_t *surplus, fut__batch_t *batch);

/* Up to `most` of them, most <= FUT__BATCH. How many. */
size_t fut__surplus_take_listed(fut__surplus_t *surplus, fut_task_t **tasks, size_t most);
/* The same of the newest batch, or of the oldest. A batch that is empty then goes to the caller, in *empty, else NULL. */
size_t fut__surplus_take_newest(fut__surplus_t *surplus, fut_task_t **tasks, size_t most, fut__batch_t **empty);
size_t fut__surplus_take_oldest(fut__surplus_t *surplus, fut_task_t **tasks, size_t most, fut__batch_t **empty);

#endif

/* run_queue.h: the tasks of one worker that are ready, where others may steal.                   layer: runtime
 *
 * A ring with two counters that only grow. The owner pushes at the tail and pops at the head; a thief takes half of
 * what there is from the head, with one swap. (The queue of Go's scheduler, D. Vyukov, 2012, first come, first served;
 * stealing half: D. Hendler, N. Shavit, "Non-Blocking Steal-Half Work Queues", PODC 2002.)
 *
 *               head                 tail
 *     ...........|####################|...........      # slots that hold a task; tail - head of them, at most all
 *
 * head   atomic: moved by a swap, of whoever takes tasks. The swap is what takes them: between reading the slots and the
 *        swap they may have been taken by somebody else, and then the swap fails and what was read is forgotten.
 * tail   atomic: written by the owner alone.
 * ring   each slot is written by the owner alone, while nobody can take it: outside of head .. tail.
 * latest atomic, beside the ring: one task that goes before all of them, or NULL. Filled by the owner alone; whoever
 *        wants the task, owner or thief, takes it away by a swap. So the owner needs no swap to fill an empty one.
 *        (Go's `runnext`; here a thief may have it, too.)
 *
 * Which order each access needs, and the bad interleaving without it; tests/models/run_queue.pml finds each:
 *
 *     (a) tail, store    release   after the slot and the task. Else a thief sees the tail and reads an old slot: a task
 *                                  runs twice and another never.
 *     (b) tail, load     acquire   pairs with (a).
 *     (c) head, swap     release   after the slots were read. Else the owner sees them free and overwrites one that is
 *                                  still to be read: the new task runs twice, the old one never.
 *     (d) head, load     acquire   by the owner before it writes a slot: pairs with (c). A thief need not: its tail may be older than
 *                                  the head in any case, and `share` refuses a difference that is nonsense.
 *
 *     (e) latest, store  release   after the task was written. Else a thief polls a task that is not all there.
 *     (f) latest, swap   acquire   by a thief: pairs with (e). And a swap: of two who take the task one finds NULL. The
 *                                  owner, too, displaces what lies there by a swap, not by a store: a thief may just
 *                                  have taken it. tests/models/latest.pml finds these three.
 *
 * The counters have the width of a pointer. A thief that is stopped between reading and its swap while the head goes once
 * round all their values would take what is no longer there: with 64 bits not in this world, with 32 after four thousand
 * million tasks in between.
 */
#ifndef FUT_SRC_RUN_QUEUE_H
#define FUT_SRC_RUN_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "../core/atomic.h"
#include "future/task.h"

enum { FUT__RING = 256 }; /* a power of two */

typedef struct fut__run_queue {
    size_t      head, tail;
    fut_task_t *latest;
    fut_task_t *ring[FUT__RING];
} fut__run_queue_t;

/* Any thread: how many there were a moment ago. The head first: (d). One that is on its way from the slot to the ring
 * is not seen; whoever put it there tells the others afterwards. What its owner did before the last task was taken is
 * visible: see is_worth_it in worker.c. */
static inline size_t fut__queue_length(const fut__run_queue_t *queue) {
    const size_t head = fut__load_acquire(&queue->head);
    const size_t tail = fut__load_acquire(&queue->tail);
    return tail - head + (fut__load_acquire(&queue->latest) ? 1 : 0);
}

/* Owner. */
static inline size_t fut__queue_room(const fut__run_queue_t *queue) {
    return FUT__RING - (fut__load_relaxed(&queue->tail) - fut__load_acquire(&queue->head)); /* (d) */
}

/* Owner. False: it is full. */
static inline bool fut__queue_push(fut__run_queue_t *queue, fut_task_t *task) {
    const size_t tail = fut__load_relaxed(&queue->tail);                                        /* its own */
    if (__builtin_expect(tail - fut__load_acquire(&queue->head) >= FUT__RING, 0)) return false; /* (d) */
    fut__store_relaxed(&queue->ring[tail % FUT__RING], task);                                   /* (a) publishes it */
    fut__store_release(&queue->tail, tail + 1);                                                 /* (a) */
    return true;
}

/* Owner. The oldest, or NULL. The owner wrote the slots itself, so it needs no order to read them. */
static inline fut_task_t *fut__queue_pop(fut__run_queue_t *queue) {
    const size_t tail = fut__load_relaxed(&queue->tail); /* its own */
    size_t       head = fut__load_acquire(&queue->head);
    fut_task_t  *task;
    do {
        if (head == tail) return NULL;
        task = fut__load_relaxed(&queue->ring[head % FUT__RING]);
    } while (!fut__cas(&queue->head, &head, head + 1)); /* (c) */
    return task;
}

/* Owner. The task is the latest now. Who was it before, or NULL: the caller pushes it. */
static inline fut_task_t *fut__queue_put_latest(fut__run_queue_t *queue, fut_task_t *task) {
    if (fut__load_relaxed(&queue->latest)) return fut__exchange(&queue->latest, task); /* (e) */
    fut__store_release(&queue->latest, task);                                          /* (e): nobody else fills it */
    return NULL;
}

/* Any thread. The latest, or NULL. */
static inline fut_task_t *fut__queue_take_latest(fut__run_queue_t *queue) {
    return fut__load_relaxed(&queue->latest) ? fut__exchange(&queue->latest, NULL) : NULL; /* (f) */
}

/* Owner: half of a full queue, FUT__RING / 2, oldest first. How many, or 0: a thief was there, and there is room again. */
size_t fut__queue_shed(fut__run_queue_t *queue, fut_task_t **tasks);

/* The owner of `mine` takes half of what is in the ring of `victim`, the larger half. How many; one of them, the oldest, in *task, the
 * others are in `mine`. 0: there was nothing. */
size_t fut__queue_steal(fut__run_queue_t *mine, fut__run_queue_t *victim, fut_task_t **task);

#endif

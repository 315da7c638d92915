/* crew.h: what worker.c and runtime.c say to each other.                                            layer: runtime */
#ifndef FUT_SRC_CREW_H
#define FUT_SRC_CREW_H

#include "worker.h"

static inline fut__crew_t *fut__crew_of(const fut_task_t *task) {
    return ((fut__store_t *)(void *)task->scheduler)->crew;
}

/* ---- worker.c ------------------------------------------------------------------------------------- */

void *fut__worker_main(void *worker);
/* This thread, if it is a worker of that crew, or NULL. */
fut__worker_t *fut__worker_of(const fut__crew_t *crew);
bool           fut__is_worker(void); /* of any crew */
/* In the child of a fork: this thread is no worker any more. */
void fut__worker_forked(void);
/* Put a task on its queue, which this thread holds by its state. This worker's thread. */
void fut__worker_push(fut__worker_t *worker, fut_task_t *task);
/* The same from any thread, signal handlers: the hook of the stores' schedulers. */
void fut__crew_schedule(void *crew, fut_task_t *task);
void fut__crew_wake(void *target, fut_tag_t tag);
/* The task that is polled here stays with this worker. */
void fut__worker_bind(void);
/* The driver tells the worker whom to bind. */
void fut__worker_adopt(fut__worker_t *worker, fut_driver_t *driver);
/* After crew->orders was changed: nobody sleeps through it. */
void fut__crew_tell_all(fut__crew_t *crew);

/* ---- runtime.c ------------------------------------------------------------------------------------ */

/* Nothing refers to the task any more. The store's owner. */
void fut__give_back(fut__store_t *store, fut_task_t *task);
/* Every worker is at rest. Under crew->lock. */
void fut__crew_cancel_all(fut__crew_t *crew);
/* Every task that lives: see fut__pool_visit. */
void fut__crew_visit(fut__crew_t *crew, fut__task_visitor_t *visitor, void *data);
/* A task has ended while somebody waits for the last one. */
void fut__crew_tell_closer(fut__crew_t *crew);

#endif

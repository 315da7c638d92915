/* crew.h: what worker.c and runtime.c say to each other.                                            layer: runtime */
#ifndef FUT_SRC_CREW_H
#define FUT_SRC_CREW_H

#include "worker.h"

static inline fut__crew_t *fut__crew_of(const fut_task_t *task) {
    return ((fut__store_t *)(void *)task->scheduler)->crew;
}

/* ---- worker.c ------------------------------------------------------------------------------------- */

void *fut__worker_main(void *worker);
void *fut__stand_in_main(void *hand);
/* This thread, if it is a worker of any crew, or NULL. */
fut__worker_t *fut__worker_here(void);
/* In the middle of a poll: this thread is no worker any more; it is one again, and polls that task. */
void fut__worker_stand_up(fut__worker_t *worker);
void fut__worker_sit_down(fut__worker_t *worker, fut_task_t *polled);
/* It is awake, or rung: after its orders were changed. */
void fut__worker_tell(fut__worker_t *worker);
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

/* ---- in_place.c ----------------------------------------------------------------------------------- */

/* Somebody wants the worker back, or it is to stop: what this thread operates next. NULL: its end. */
fut__worker_t *fut__seat_next(fut__hand_t *hand, fut__worker_t *worker);
/* After STOP. */
void fut__crew_join_stand_ins(fut__crew_t *crew);
/* Is this thread's task blocking in place? */
bool fut__is_away(const fut__crew_t *crew);
/* The worker whose task this is, which blocks in place, or -1. */
int fut__absent_from(fut__crew_t *crew, const fut_task_t *task);

/* ---- runtime.c ------------------------------------------------------------------------------------ */

/* A thread with the options' stack. 0, or what went wrong. */
int fut__crew_start(fut__crew_t *crew, pthread_t *thread, void *(*body)(void *), void *argument);
/* Nothing refers to the task any more. The store's owner. */
void fut__give_back(fut__store_t *store, fut_task_t *task);
/* Every worker is at rest. Under crew->lock. */
void fut__crew_cancel_all(fut__crew_t *crew);
/* Every task that lives: see fut__pool_visit. */
void fut__crew_visit(fut__crew_t *crew, fut__task_visitor_t *visitor, void *data);
/* A task has ended while somebody waits for the last one. */
void fut__crew_tell_closer(fut__crew_t *crew);

#endif

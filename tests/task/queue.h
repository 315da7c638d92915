/* queue.h: the smallest executor there is, and the fakes that the tests of this folder share. */
#ifndef TESTS_TASK_QUEUE_H
#define TESTS_TASK_QUEUE_H

#include <errno.h>

#include <criterion/criterion.h>

#include "../counting.h"
#include "future.h"
#include "future/task.h"
#include "future/test.h"

/* A ring of tasks to run. Every call of the hook is counted. */
typedef struct queue {
    fut_task_t      *tasks[64];
    size_t           first, end;
    unsigned         schedules, runs;
    fut_scheduler_t *scheduler;
} queue_t;

static inline void queue_schedule(void *executor, fut_task_t *task) {
    queue_t *queue                  = executor;
    queue->tasks[queue->end++ % 64] = task;
    queue->schedules++;
    fut_test_say("schedule");
}

static inline void queue_open(queue_t *queue) {
    *queue = (queue_t){.scheduler = fut_scheduler_new(queue_schedule, queue)};
    cr_assert_not_null(queue->scheduler);
}

static inline void queue_close(queue_t *queue) { fut_scheduler_free(queue->scheduler); }

/* Run the oldest one. */
static inline fut_poll_t queue_run_one(queue_t *queue) {
    fut_context_t cx;
    cr_assert_neq(queue->first, queue->end, "nothing was scheduled");
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    queue->runs++;
    return fut_task_run(queue->tasks[queue->first++ % 64], &cx);
}

/* Run all, and whatever that schedules. */
static inline void queue_run(queue_t *queue) {
    while (queue->first != queue->end) (void)queue_run_one(queue);
}

/* Waits for an event and says what it does. */
typedef struct listener {
    ASYNC_FRAME(listener, int, const char *name; fut_test_event_t *event);
    fut_test_wait_t wait;
} listener_t;
ASYNC(listener) {
    ASYNC_BEGIN();
    fut_test_say("%s begins", self->name);
    AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("%s got %d", self->name, self->wait.output);
    ASYNC_RETURN(self->wait.output);
    ASYNC_END();
}

/* The same with a farewell, which waits for another event. */
typedef struct polite {
    ASYNC_FRAME(polite, int, const char *name; fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t wait;
} polite_t;
ASYNC(polite) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("%s closes", self->name);
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say("%s ends", self->name);
    ASYNC_END();
}

/* Ready in its first poll. */
typedef struct answer {
    ASYNC_FRAME(answer, int, int value);
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

#endif

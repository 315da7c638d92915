/* Wakers that outlive their task, their executor, their scheduler: used all the time by other threads while executors are made and
 * destroyed in the same memory. */
#define _GNU_SOURCE
#include <sched.h>

#include "plain.h"

enum { THREADS = 3, WAKERS = 64, ROUNDS = 1500, TASKS = 8 };

/* The wakers of every task there ever was, the oldest overwritten. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static fut_waker_t     wakers[WAKERS];
static unsigned        kept;
static bool            finished; /* atomic */
static long            wakes;    /* atomic */

static void keep(fut_waker_t waker) {
    pthread_mutex_lock(&lock);
    wakers[kept++ % WAKERS] = waker;
    pthread_mutex_unlock(&lock);
}

static void *wake_the_past(void *seed) {
    while (!LOAD(finished)) {
        fut_waker_t waker;
        pthread_mutex_lock(&lock);
        waker = wakers[any(seed) % WAKERS];
        pthread_mutex_unlock(&lock);
        for (unsigned i = any(seed) % 8; i > 0; i--) {
            ADD(wakes, 1);
            if (i % 2)
                fut_wake(waker);
            else
                fut_wake_from_interrupt(waker);
        }
        if (any(seed) % 4 == 0) fut_waker_drop(fut_waker_clone(waker));
    }
    return NULL;
}

/* Keeps its waker, then yields a few times; polled more often where a stale waker hits. */
typedef struct keeper {
    ASYNC_FRAME(keeper, int, int yields; bool waits);
    fut_sleep_t nap;
    int         i;
} keeper_t;
ASYNC(keeper) {
    ASYNC_BEGIN();
    keep(fut_context_waker(cx));
    for (self->i = 0; self->i < self->yields; self->i++) YIELD();
    if (self->waits) AWAIT(self->nap, fut_sleep, FUT_S(1000));
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

static void fire(void (*body)(void)) {
    pthread_t threads[THREADS];
    unsigned  seeds[THREADS];
    STORE(finished, false);
    for (int i = 0; i < THREADS; i++) {
        seeds[i]   = (unsigned)i;
        threads[i] = start(wake_the_past, &seeds[i]);
    }
    body();
    STORE(finished, true);
    for (int i = 0; i < THREADS; i++) join(threads[i]);
    CHECK(LOAD(wakes) > 0);
}

static void executors_come_and_go(void) {
    for (int round = 0; round < ROUNDS; round++) {
        fut_executor_t executor;
        CHECK(fut_executor_init(&executor, &(fut_executor_options_t){.lifo = round % 3 == 0, .quiet = true}) == 0);
        for (int i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, keeper, i % 3, i % 2));
        CHECK(BLOCK_ON(&executor, keeper, 5, false) == 5);
        /* A wake in flight keeps its task away for a moment. */
        while (fut_executor_run_until_stalled(&executor) != TASKS / 2) sched_yield();
        DETACH(SPAWN(&executor, keeper, 0, true)); /* on the queue when the executor goes */
        fut_executor_destroy(&executor);
    }
}
static void stale_wakers_do_not_reach_the_next_executor(void) { fire(executors_come_and_go); }

/* A wake from elsewhere takes a task out of the executor's hands for a moment. That is no deadlock, although nobody has cloned
 * a waker. */
static void nothing_to_do_but_yield(void) {
    for (int round = 0; round < ROUNDS; round++) {
        fut_executor_t executor;
        CHECK(fut_executor_init(&executor, NULL) == 0);
        CHECK(BLOCK_ON(&executor, keeper, 50, false) == 50);
        fut_executor_destroy(&executor);
    }
}
static void stale_wakers_make_no_deadlock(void) { fire(nothing_to_do_but_yield); }

/* The clock is lent: its bell is listened to by one executor after the other. */
static void executors_come_and_go_on_one_clock(void) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    CHECK(clock != NULL);
    for (int round = 0; round < ROUNDS; round++) {
        fut_executor_t executor;
        CHECK(fut_executor_init(&executor, &(fut_executor_options_t){.driver = fut_virtual_clock_driver(clock)}) == 0);
        for (int i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, keeper, i % 3, i % 2));
        CHECK(BLOCK_ON(&executor, keeper, 5, false) == 5);
        fut_executor_destroy(&executor);
    }
    fut_virtual_clock_free(clock);
}
static void stale_wakers_do_not_disturb_a_lent_clock(void) { fire(executors_come_and_go_on_one_clock); }

/* ---- An executor of one's own ----------------------------------------------------------------------------------- */

typedef struct queue {
    pthread_mutex_t lock;
    fut_task_t     *tasks[256];
    size_t          first, end;
    bool            open;
    long            too_late; /* schedule was called after fut_scheduler_free */
} queue_t;

static void schedule(void *executor, fut_task_t *task) {
    queue_t *queue = executor;
    pthread_mutex_lock(&queue->lock);
    if (queue->open)
        queue->tasks[queue->end++ % 256] = task;
    else
        queue->too_late++;
    pthread_mutex_unlock(&queue->lock);
}

static fut_task_t *pop(queue_t *queue) {
    fut_task_t *task = NULL;
    pthread_mutex_lock(&queue->lock);
    if (queue->first != queue->end) task = queue->tasks[queue->first++ % 256];
    pthread_mutex_unlock(&queue->lock);
    return task;
}

static void schedulers_come_and_go(void) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    queue_t              queue = {.open = false};
    fut_context_t        cx;

    CHECK(clock != NULL);
    pthread_mutex_init(&queue.lock, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        fut_scheduler_t *scheduler = fut_scheduler_new(schedule, &queue);
        fut_task_t      *task;
        pthread_mutex_lock(&queue.lock);
        queue.first = queue.end = 0;
        queue.open              = true;
        pthread_mutex_unlock(&queue.lock);
        for (int i = 0; i < TASKS; i++) DETACH(TASK_SPAWN(scheduler, keeper, i % 3, i % 2));
        for (int polls = 0; polls < 50 && (task = pop(&queue)) != NULL; polls++) {
            fut_context_init(&cx, (fut_waker_t){NULL, 0}, fut_virtual_clock_driver(clock));
            (void)fut_task_run(task, &cx);
        }
        fut_scheduler_free(scheduler);
        pthread_mutex_lock(&queue.lock);
        queue.open = false;
        pthread_mutex_unlock(&queue.lock);
    }
    CHECK(queue.too_late == 0);
    fut_virtual_clock_free(clock);
}
static void schedule_is_not_called_after_its_scheduler_has_gone(void) { fire(schedulers_come_and_go); }

int main(void) {
    RUN(stale_wakers_do_not_reach_the_next_executor);
    RUN(stale_wakers_make_no_deadlock);
    RUN(stale_wakers_do_not_disturb_a_lent_clock);
    RUN(schedule_is_not_called_after_its_scheduler_has_gone);
    return finish();
}

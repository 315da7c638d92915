/* Chapter 6: an executor of your own.
 *
 * A task is a future and a `schedule` hook: it is called, by whatever thread wakes, once for many wakes. An executor
 * keeps the task and later calls fut_task_run. When there is nothing to run it parks in a driver, here the epoll
 * reactor. That is the whole contract, and it fits on a screen. Futures see only their context, so the dishes of
 * chapter 3 are cooked here unchanged. At the end a thread rings the doorbell.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "future/executor.h"
#include "future/reactor.h"
#include "future/task.h"
#include "kitchen.h"
#include "tour.h"

/* ---- The executor ------------------------------------------------------------------------- */
enum { FIRST_LINE = __LINE__ };

typedef struct mine {
    fut_scheduler_t *scheduler; /* its tasks                                           */
    fut_reactor_t   *reactor;   /* its driver: the clock and the descriptors           */
    int              bell;      /* an eventfd; wakes from other threads end a park     */
    pthread_mutex_t  lock;      /* over what follows, since any thread may wake        */
    fut_task_t      *first, **last;
    bool             asleep;
} mine_t;

/* Any thread: keep the task. */
static void schedule(void *executor, fut_task_t *task) {
    mine_t *mine = executor;
    bool    asleep;
    pthread_mutex_lock(&mine->lock);
    task->next   = NULL;
    *mine->last  = task;
    mine->last   = &task->next;
    asleep       = mine->asleep;
    mine->asleep = false;
    pthread_mutex_unlock(&mine->lock);
    if (asleep) eventfd_write(mine->bell, 1);
}

/* Everything that is ready, oldest first; NULL: nothing, and from now on a wake rings the bell. */
static fut_task_t *take_ready(mine_t *mine) {
    fut_task_t *ready;
    pthread_mutex_lock(&mine->lock);
    ready        = mine->first;
    mine->first  = NULL;
    mine->last   = &mine->first;
    mine->asleep = !ready;
    pthread_mutex_unlock(&mine->lock);
    return ready;
}

/* Run until every task has ended: poll what is ready, then look at the driver, or sleep in it. */
static int mine_run(mine_t *mine) {
    fut_driver_t *driver = fut_reactor_driver(mine->reactor);
    fut_context_t cx;
    int           error = 0;
    while (error == 0 && fut_scheduler_tasks(mine->scheduler) > 0) {
        fut_task_t *task = take_ready(mine), *next;
        bool        idle = !task;
        for (; task; task = next) {
            next = task->next; /* read first: a task that wakes itself is scheduled again */
            fut_context_init(&cx, (fut_waker_t){NULL, 0}, driver);
            cx.budget = 128; /* so that a busy task lets the others run */
            fut_task_run(task, &cx);
        }
        error = driver->vtable->park(driver, idle ? FUT_NEVER : FUT_NOW);
    }
    return error;
}

static void mine_destroy(mine_t *mine) {
    fut_scheduler_free(mine->scheduler); /* drops the tasks that are left */
    fut_reactor_free(mine->reactor);
    if (mine->bell >= 0) close(mine->bell);
}

static int mine_init(mine_t *mine) {
    fut_driver_t *driver;
    int           error;
    *mine           = (mine_t){.lock = PTHREAD_MUTEX_INITIALIZER, .last = &mine->first};
    mine->bell      = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mine->reactor   = mine->bell < 0 ? NULL : fut_reactor_new();
    mine->scheduler = mine->reactor ? fut_scheduler_new(schedule, mine) : NULL;
    driver          = mine->scheduler ? fut_reactor_driver(mine->reactor) : NULL;
    error           = driver ? driver->vtable->listen(driver, mine->bell) : -(errno ? errno : ENOMEM);
    if (error < 0) mine_destroy(mine);
    return error;
}

enum { LINES = __LINE__ - FIRST_LINE - 1 };
_Static_assert(LINES < 80, "it fits on a screen");

/* ---- A future whose event comes from a thread ---------------------------------------------- */

typedef struct doorbell {
    pthread_mutex_t lock;
    bool            rung;
    fut_waker_t     waker;   /* who listens, or {NULL, 0}      */
    long            arrival; /* of the guest, in milliseconds */
} doorbell_t;

/* Ready when the bell was rung. */
typedef struct hear {
    FUT_FUTURE(hear, int, doorbell_t *bell);
} hear_t;

/* The waker goes to another thread, so it is a clone: that tells an executor which looks for deadlocks that a wake
 * may come from outside. A clone is dropped when it is used, replaced or taken back. */
static fut_waker_t swap_waker(doorbell_t *bell, fut_waker_t waker) {
    fut_waker_t before = bell->waker;
    bell->waker        = waker;
    return before;
}

static fut_poll_t hear_poll(hear_t *self, fut_context_t *cx) {
    fut_waker_t before = {NULL, 0};
    bool        rung;
    if (fut_is_done(&self->future)) return FUT_READY;
    pthread_mutex_lock(&self->bell->lock);
    rung = self->bell->rung;
    if (!rung) before = swap_waker(self->bell, fut_waker_clone(fut_context_waker(cx)));
    pthread_mutex_unlock(&self->bell->lock);
    fut_waker_drop(before);
    if (!rung) return fut_pending(&self->future);
    self->output = 0;
    return fut_ready(&self->future);
}

static void hear_drop(fut_future_t *future) {
    doorbell_t *bell = ((hear_t *)future)->bell;
    if (!fut_is_pending(future)) return;
    pthread_mutex_lock(&bell->lock);
    fut_waker_t mine = swap_waker(bell, (fut_waker_t){NULL, 0});
    pthread_mutex_unlock(&bell->lock);
    fut_waker_drop(mine);
}

FUT_DEFINE(hear, .drop = hear_drop);

/* The thread: a guest who arrives, and rings. */
static void *guest(void *argument) {
    doorbell_t     *bell = argument;
    struct timespec way  = {.tv_nsec = bell->arrival * 1000000};
    while (nanosleep(&way, &way) < 0 && errno == EINTR) {}
    pthread_mutex_lock(&bell->lock);
    bell->rung        = true;
    fut_waker_t waker = swap_waker(bell, (fut_waker_t){NULL, 0});
    pthread_mutex_unlock(&bell->lock);
    fut_wake(waker); /* any thread may */
    fut_waker_drop(waker);
    return NULL;
}

/* ---- Tasks -------------------------------------------------------------------------------- */

typedef struct answer_door {
    ASYNC_FRAME(answer_door, int, doorbell_t *bell; fut_instant_t opened);
    hear_t hear;
} answer_door_t;

ASYNC(answer_door) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->hear, hear, self->bell);
    printf("    %4ld ms  the doorbell, from another thread\n", milliseconds_since(cx, self->opened));
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* As in chapter 3, with a fourth thing to wait for. TASK_SPAWN takes a scheduler, whatever executor is behind it.
 * Output: milliseconds. */
typedef struct evening {
    ASYNC_FRAME(evening, long, fut_scheduler_t *scheduler; doorbell_t *bell);
    fut_instant_t           opened;
    struct dish_join        eggs, toast, coffee;
    struct answer_door_join door;
} evening_t;

ASYNC(evening) {
    ASYNC_BEGIN();
    self->opened = fut_now(cx);
    self->eggs   = TASK_SPAWN(self->scheduler, dish, "eggs", 3, self->opened);
    self->toast  = TASK_SPAWN(self->scheduler, dish, "toast", 4, self->opened);
    self->coffee = TASK_SPAWN(self->scheduler, dish, "coffee", 5, self->opened);
    self->door   = TASK_SPAWN(self->scheduler, answer_door, self->bell, self->opened);
    AWAIT_TRY(self->eggs);
    AWAIT_TRY(self->toast);
    AWAIT_TRY(self->coffee);
    AWAIT_TRY(self->door);
    ASYNC_RETURN(milliseconds_since(cx, self->opened));

    ASYNC_FINALLY();
    DETACH(self->eggs);
    DETACH(self->toast);
    DETACH(self->coffee);
    DETACH(self->door);
    ASYNC_END();
}

/* ---- On the executor above, then on the library's own ---------------------------------------- */

/* Output: milliseconds, or an error. `evening` is in our own storage; when its task has ended, its output is in it. */
static long cook(doorbell_t *bell) {
    mine_t     mine;
    evening_t  evening;
    fut_join_t handle;
    int        error = mine_init(&mine);
    if (error < 0) return error;
    START(evening, evening, mine.scheduler, bell);
    handle = fut_task_spawn_in(mine.scheduler, &evening.future);
    error  = handle.status;
    fut_join_detach(&handle);
    if (error == 0) error = mine_run(&mine);
    mine_destroy(&mine);
    return error < 0 ? error : evening.output;
}

static long listen_only(doorbell_t *bell) {
    fut_executor_t executor;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;
    error = BLOCK_ON(&executor, hear, bell);
    fut_executor_destroy(&executor);
    return error;
}

/* With a guest on the way. */
static long with_guest(long arrival, long (*what)(doorbell_t *bell)) {
    doorbell_t bell = {.lock = PTHREAD_MUTEX_INITIALIZER, .arrival = arrival};
    pthread_t  thread;
    int        error = pthread_create(&thread, NULL, guest, &bell);
    long       result;
    if (error) return -error;
    result = what(&bell);
    pthread_join(thread, NULL);
    pthread_mutex_destroy(&bell.lock);
    return result;
}

int executor(void) {
    long result;
    printf("This executor is %d lines of 6-executor.c. It cooks the dishes of chapter 3:\n\n", LINES);
    result = with_guest(175, cook);
    if (result < 0) return (int)result;
    printf("\n%ld ms. The dishes did not notice whose executor ran them.\n\n", result);

    printf("The library's own executor looks for deadlocks. Here it has no timer and no\n"
           "descriptor; it waits, because the waker that the thread has is a clone.\n\n");
    result = with_guest(20, listen_only);
    if (result < 0) return (int)result;
    printf("    the doorbell, from another thread\n");
    return 0;
}

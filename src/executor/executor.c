/* executor.c: tasks on one thread.
 *
 * wake, push, pop, poll stand in this order. A wake on the executor's own thread is four plain instructions; a wake
 * from elsewhere goes through the task's atomic state (src/task/state.h), the inbox and, if the executor sleeps, the
 * bell:
 *
 *        own thread                    another thread, a signal handler
 *        ----------                    --------------------------------
 *        local_wake                    fut__task_wake: NOTIFIED
 *            |                                |
 *            v                                v
 *        run queue  <--- take_inbox ---     inbox  ---(armed)--->  bell ---> driver
 *            |
 *            v
 *          poll
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "../core/fork.h"
#include "../core/memory.h"
#include "../core/panic.h"
#include "../core/pause.h"
#include "future/reactor.h"
#include "../task/inbox.h"
#include "../task/life.h"
#include "../task/watched.h"
#include "home.h"

enum {
    BUDGET        = 128,
    POLLS         = 128,   /* polls between two looks at the clock                             */
    LOOK_INTERVAL = 50000, /* nanoseconds between two looks at the driver while tasks are ready */
    LIFO_STREAK   = 3,     /* how often the LIFO slot may go first                             */
    MOST_LOOKS    = 1000,  /* at the clock, in one search                                      */
    PAUSES        = 8,     /* between two of them                                              */
};

/* ---- threads --------------------------------------------------------------------------------- */

/* Threads have numbers, since the address of a thread-local, or a pthread_t, may come back for another thread.
 * initial-exec: one instruction instead of a call, also in the shared library. */
static __attribute__((tls_model("initial-exec"))) _Thread_local uint64_t thread_number;
static uint64_t                                                          thread_count;
static __attribute__((tls_model("initial-exec"))) _Thread_local unsigned polls_under_way;

static uint64_t this_thread(void) {
    if (thread_number == 0) thread_number = fut__add(&thread_count, 1) + 1;
    return thread_number;
}

#define NOBODY UINT64_MAX /* as an owner: equal to no thread's number, not even 0, one that has none yet */

/* ---- wake --------------------------------------------------------------------------------------- */

static fut_home_t *home_of(const fut_task_t *task) { return (fut_home_t *)(void *)task->scheduler; }

static void push(fut_home_t *home, fut_task_t *task) {
    task->queued = 1;
    task->next   = NULL;
    *home->last  = task;
    home->last   = &task->next;
}

/* The executor's own thread needs no atomics: a poll cannot begin before this returns. A state that is not the tag
 * belongs to another tenant, or says that the inbox has the task already. */
static bool wants_push(const fut_task_t *task, fut_tag_t tag) {
    return fut__load_relaxed(&task->state) == tag && !task->queued;
}

static void wake(void *target, fut_tag_t tag) {
    fut_task_t *task = target;
    fut_home_t *home = home_of(task);
    if (__builtin_expect(fut__load_relaxed(&home->owner) != thread_number, 0))
        fut__task_wake(target, tag);
    else if (wants_push(task, tag))
        push(home, task);
}

/* The same with a LIFO slot; who is displaced goes to the end. */
static void wake_lifo(void *target, fut_tag_t tag) {
    fut_task_t *task = target;
    fut_home_t *home = home_of(task);
    if (fut__load_relaxed(&home->owner) != thread_number) {
        fut__task_wake(target, tag);
    } else if (wants_push(task, tag)) {
        fut_task_t *displaced = home->latest;
        home->latest          = task;
        task->queued          = 1;
        if (displaced) push(home, displaced);
    }
}

static void ring(fut_home_t *home) {
    const uint64_t once        = 1;
    int            saved_errno = errno; /* perhaps in a signal handler */
    fut_driver_t  *driver      = home->driver;
    if (driver && driver->vtable->unpark)
        driver->vtable->unpark(driver);
    else
        while (write(home->bell, &once, sizeof once) < 0 && errno == EINTR) {} /* EAGAIN: it is loud enough */
    errno = saved_errno;
}

/* The scheduler's hook, any thread. The executor may be about to sleep. It sets `armed`, then looks at the inbox; here the
 * inbox is filled, then `armed` is read. With a full fence between the two steps on either side at least one of them sees
 * the other: no wake is lost. Whoever swaps `armed` to 0 rings, so a burst of wakes is one ring. */
static void schedule(void *executor, fut_task_t *task) {
    fut_home_t *home = executor;
    fut__inbox_add(&home->inbox, task);
    fut__fence();
    if (fut__load_relaxed(&home->armed) && fut__exchange(&home->armed, 0)) ring(home);
}

/* Empty the inbox into the run queue. The link is read before NOTIFIED goes: from then on the task may be put into the
 * inbox again. */
static void take_inbox(fut_home_t *home) {
    fut_task_t *task = fut__inbox_empty(&home->inbox), *next;
    for (; task; task = next) {
        next = task->link;
        fut__clear(&task->state, (uint32_t)FUT__NOTIFIED); /* (8) */
        if (task->flags & FUT__ENDED)
            fut__task_recycle(task);
        else if (!task->queued)
            push(home, task);
    }
}

static void count_clone(void *target, fut_tag_t tag) {
    (void)tag;
    fut__add(&home_of(target)->outside, 1);
}

static void count_drop(void *target, fut_tag_t tag) {
    (void)tag;
    fut__add(&home_of(target)->outside, -1);
}

/* ---- poll --------------------------------------------------------------------------------------- */

/* Look at timers and descriptors without waiting. */
static int look(fut_home_t *home, fut_driver_t *driver) {
    int error = driver->vtable->park(driver, FUT_NOW);
    home->now = driver->vtable->now(driver);
    return error;
}

/* While tasks are always ready: now and then the inbox, a glance at the clock, and a look at the driver when it is
 * time. */
static int glance(fut_home_t *home, fut_driver_t *driver) {
    fut_instant_t now = driver->vtable->now(driver);
    take_inbox(home);
    if (now - home->now < LOOK_INTERVAL) return 0;
    home->now = now;
    if (driver->waits == 0 && driver->vtable->next(driver) > now) return 0;
    return look(home, driver);
}

/* What is ready becomes the batch: first what is left of the last one, then the queue. The inbox was looked at just
 * now. */
static fut_task_t *next_batch(fut_home_t *home) {
    fut_task_t *batch = home->batch;
    if (!batch) {
        if (fut__load_relaxed(&home->inbox) != NULL) take_inbox(home);
        batch       = home->first;
        home->first = NULL;
        home->last  = &home->first;
    }
    home->batch = NULL;
    return batch;
}

/* The leaf was READY: its parents, and perhaps the end. */
static __attribute__((noinline)) fut_poll_t climb(fut_task_t *task, fut_context_t *cx) {
    if (fut_climb_(fut__task_root(task), task->leaf, &task->leaf, cx) == FUT_PENDING) return FUT_PENDING;
    return fut__task_end(task, 0);
}

/* Any task, with every check. */
static __attribute__((noinline)) fut_poll_t poll_any(fut_task_t *task, fut_context_t *cx) {
    if (task->flags & FUT__ENDED) {
        fut__task_recycle(task);
        return FUT_READY;
    }
    if (fut__task_poll(task, cx) == FUT_PENDING) return FUT_PENDING;
    return fut__task_end(task, 0);
}

/* Most tasks: running, an async function, not being cancelled. `queued` goes before the poll, so that a wake from
 * inside the poll makes one more. A task that was also woken elsewhere is left to the inbox, which has it in a
 * moment: many wakes, one poll. */
static inline __attribute__((always_inline)) fut_poll_t poll_task(fut_task_t *task, fut_context_t *cx, uint32_t budget,
                                                                  bool checking) {
    uint32_t      state = fut__load_relaxed(&task->state);
    fut_future_t *leaf  = task->leaf;
    task->queued        = 0;
    cx->budget          = budget;
    cx->held            = 0;
    if (__builtin_expect(state & FUT__NOTIFIED, 0)) return FUT_PENDING;
    if (__builtin_expect(task->flags & FUT__UNUSUAL || checking, 0)) return poll_any(task, cx);
    cx->waker.target = task;
    cx->waker.tag    = state;
    if (__builtin_expect(leaf->vtable->poll(leaf, cx) == FUT_READY, 0)) return climb(task, cx);
    task->leaf = &cx->leaf->future;
    return FUT_PENDING;
}

/* The LIFO slot, for the rare executor that has one. */
static fut_task_t *take_latest(fut_home_t *home, const fut_task_t *batch) {
    fut_task_t *task = home->latest;
    home->latest     = NULL;
    if (!task) {
        home->streak = 0;
    } else if (home->streak++ >= LIFO_STREAK && (batch || home->first)) {
        home->streak = 0;
        push(home, task);
        task = NULL;
    }
    return task;
}

/* A task that yields with nobody else about: the queue of one is the batch. */
static inline fut_task_t *requeue_alone(fut_task_t *task) {
    task->queued = 1;
    task->next   = NULL;
    return task;
}

/* What a watchdog sees: by these one poll is told from the next. */
static void show(fut_home_t *home, fut_task_t *task) {
    fut__store_relaxed(&home->current, task);
    fut__store_relaxed(&home->polls, home->polls + 1);
}

static bool is_watched(const fut_home_t *home) { return fut__load_relaxed(&home->watched) != 0; }

/* Run tasks that are ready, until *stop shows ENDED, or until `last` has had its poll. Negative: what the driver said.
 * `plain` and `watched` are known to the compiler. Plain: no LIFO slot, no checks, no `last`. When a watchdog comes, back
 * to the caller, who comes again. */
static inline __attribute__((always_inline)) int run_tasks(fut_home_t *home, fut_driver_t *driver, const uint16_t *stop,
                                                           const fut_task_t *last, bool plain, bool watched) {
    fut_context_t  cx;
    fut_task_t    *task, *batch = next_batch(home);
    const uint32_t budget = home->budget;
    int            error = 0, polls = POLLS;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, driver);
    cx.self       = &cx;
    home->polling = &cx;
    for (;;) {
        task = plain || !home->lifo ? NULL : take_latest(home, batch);
        if (plain || !task) {
            if (!batch && !(batch = next_batch(home))) {
                if (!plain && home->latest) continue;
                break;
            }
            task  = batch;
            batch = task->next;
        }
        if (watched) show(home, task);
        if (__builtin_expect(poll_task(task, &cx, budget, !plain && fut__checking) == FUT_READY, 0)) {
            if (*stop & FUT__ENDED) break;
        } else if (!task->queued) {
            if (!(cx.held & FUT_YIELDED_))
                task->since = home->now;
            else if (plain && !batch && !home->first)
                batch = requeue_alone(task);
            else
                push(home, task);
        }
        if (__builtin_expect(--polls == 0, 0)) {
            polls = POLLS;
            if ((error = glance(home, driver)) < 0) break;
            if (!watched && is_watched(home)) break;
        }
        if (!plain && task == last) break;
    }
    home->batch   = batch;
    home->polling = NULL;
    if (watched) show(home, NULL);
    return error;
}

static __attribute__((noinline)) int run_watched(fut_home_t *home, fut_driver_t *driver, const uint16_t *stop,
                                                 const fut_task_t *last) {
    fut__store_relaxed(&home->thread, fut__thread_number());
    return run_tasks(home, driver, stop, last, false, true);
}

static int run_ready(fut_home_t *home, fut_driver_t *driver, const uint16_t *stop, const fut_task_t *last) {
    if (is_watched(home)) return run_watched(home, driver, stop, last);
    if (home->lifo || fut__checking || last) return run_tasks(home, driver, stop, last, false, false);
    return run_tasks(home, driver, stop, NULL, true, false);
}

/* ---- park --------------------------------------------------------------------------------------- */

static bool is_idle(const fut_home_t *home) {
    return !home->first && !home->batch && !home->latest && fut__load_relaxed(&home->inbox) == NULL;
}

/* From here on a wake rings. False: one came before that. See schedule(). */
static bool arm(fut_home_t *home) {
    fut__store_relaxed(&home->armed, 1);
    fut__fence();
    return is_idle(home);
}

/* Look for a wake from elsewhere without sleeping. What comes from the driver does not wait for the end of it. True:
 * something is ready. Negative in *error: what the driver said. A clock that stands still ends it, too. */
static bool search(fut_home_t *home, fut_driver_t *driver, fut_instant_t until, int *error) {
    const fut_instant_t start = driver->vtable->now(driver), limit = home->patience.limit;
    home->now = start;
    for (int looks = 0; looks < MOST_LOOKS && home->now - start < limit && home->now < until; looks++) {
        for (int i = 0; i < PAUSES && !fut__load_relaxed(&home->inbox); i++) fut__pause();
        home->now = driver->vtable->now(driver);
        if (driver->waits > 0 || driver->vtable->next(driver) <= home->now) *error = look(home, driver);
        if (!is_idle(home)) return true;
        if (*error < 0) return false;
    }
    return false;
}

/* Asleep, and how long, if there are wakers elsewhere. */
static int sleep_until_rung(fut_home_t *home, fut_driver_t *driver, fut_instant_t until) {
    const bool          watch = home->patience.limit > 0 && fut__load_relaxed(&home->outside) > 0;
    const fut_instant_t start = watch ? driver->vtable->now(driver) : 0;
    int                 error = driver->vtable->park(driver, until);
    home->now                 = driver->vtable->now(driver);
    if (watch && fut__load_relaxed(&home->inbox)) fut__patience_slept(&home->patience, home->now - start);
    return error;
}

static int park(fut_home_t *home, fut_driver_t *driver, fut_instant_t until) {
    int error = 0;
    if (fut__is_hopeful(&home->patience)) {
        const bool found = search(home, driver, until, &error);
        fut__patience_searched(&home->patience, found);
        if (found || error < 0) return error;
    }
    if (arm(home)) error = sleep_until_rung(home, driver, until);
    fut__store_relaxed(&home->armed, 0);
    fut__watch_unparked(&home->watched);
    return error;
}

/* Can anything still happen by itself? A wake in flight has set NOTIFIED and will fill the inbox in a moment: a task that
 * poll_task has left to it is on no queue meanwhile. The fence: poll_task saw the bit with a plain load, and `flights`
 * was raised before the bit was set. */
static bool is_deadlocked(const fut_home_t *home, fut_driver_t *driver) {
    if (!is_idle(home) || driver->waits != 0 || driver->vtable->next(driver) != FUT_NEVER) return false;
    fut__fence();
    return fut__load_acquire(&home->outside) <= 0 && fut__load_acquire(&home->scheduler.flights) == 0 && is_idle(home);
}

static void report_deadlock(const fut_home_t *home) {
    if (home->quiet) return;
    fprintf(stderr,
            "libfuture: deadlock: no timer, no descriptor and no cloned waker can wake any of these tasks.\n"
            "(If another thread or a signal was to do it: keep the waker with fut_waker_clone until it has.)\n");
    fut_dump(home->executor, stderr);
}

/* ---- entering ----------------------------------------------------------------------------------- */

/* One thread at a time, not from inside its own poll, not in the child of a fork. */
static int enter(fut_home_t *home, fut_driver_t *driver) {
    uint64_t owner = NOBODY;
    if (home->scheduler.forks != fut__forks()) return -ECHILD;
    while (!fut__cas(&home->owner, &owner, this_thread()))
        if (owner != NOBODY) return -EBUSY;
    fut__store_relaxed(&home->armed, 0);
    fut__watch_unparked(&home->watched);
    home->now = driver->vtable->now(driver);
    polls_under_way++;
    return 0;
}

/* Armed from now on: a wake between two runs rings, for the foreign loop around us. True: one is waiting already. */
static bool leave(fut_home_t *home) {
    const bool is_done = arm(home);
    polls_under_way--;
    fut__store_release(&home->owner, NOBODY);
    return !is_done;
}

static const uint16_t never = 0; /* the flags of a task that does not end */

/* Run until *stop shows ENDED, or every task has ended. */
static int run(fut_executor_t *executor, const uint16_t *stop) {
    fut_home_t   *home   = executor->home;
    fut_driver_t *driver = executor->driver;
    int           error;
    if (polls_under_way > 0) return -EBUSY;
    error = enter(home, driver);
    if (error < 0) return error;
    for (;;) {
        error = run_ready(home, driver, stop, NULL);
        if (error < 0 || *stop & FUT__ENDED || home->scheduler.live == 0) break;
        if (is_deadlocked(home, driver)) {
            report_deadlock(home);
            error = -EDEADLK;
            break;
        }
        error = park(home, driver, FUT_NEVER);
        if (error < 0) break;
    }
    leave(home);
    return error;
}

/* ---- the public side ------------------------------------------------------------------------------ */

static int spawn_beside(void *target, fut_tag_t tag, const fut_vtable_t *vtable, const void *args) {
    fut_executor_t *executor = home_of(target)->executor;
    fut_join_t      join;
    (void)tag;
    if (!executor) return -ECANCELED;
    join = fut_spawn(executor, vtable, args);
    if (join.task && vtable->spawned) vtable->spawned(join.task->leaf);
    fut_join_detach(&join);
    return join.status;
}

/* Tasks stay with the thread that runs their executor. */
static bool is_here(void *target, fut_tag_t tag) {
    (void)tag;
    return fut__load_relaxed(&home_of(target)->owner) == thread_number;
}

/* Homes that wait for the next executor: those without and with a LIFO slot. Apart, because a stale waker may be
 * reading the vtable, which is therefore written once and never again. */
static fut__shelf_t shelves[2];

static const fut_waker_vtable_t wakers[2] = {
    {wake, fut__task_wake, count_clone, count_drop, spawn_beside, NULL, is_here},
    {wake_lifo, fut__task_wake, count_clone, count_drop, spawn_beside, NULL, is_here},
};

fut_home_t *fut__home_take(bool lifo) {
    fut_home_t *home =
        (fut_home_t *)(void *)fut__scheduler_take(&shelves[lifo], sizeof(fut_home_t), &wakers[lifo], fut__forks());
    if (!home) {
        errno = ENOMEM;
        return NULL;
    }
    home->lifo = lifo;
    if (!home->has_bell) home->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    home->has_bell = home->bell >= 0;
    if (home->has_bell) return home;
    fut__home_put(home);
    return NULL;
}

void fut__home_put(fut_home_t *home) { fut__scheduler_put(&shelves[home->lifo], &home->scheduler); }

static void forget_queue(fut_home_t *home) {
    home->first = home->batch = home->latest = NULL;
    home->last                               = &home->first;
    fut__store_relaxed(&home->inbox, NULL);
}

static void move_in(fut_home_t *home, fut_executor_t *executor, const fut_executor_options_t *options) {
    home->scheduler.schedule = schedule;
    home->scheduler.executor = home;
    home->executor           = executor;
    home->driver             = executor->driver;
    forget_queue(home);
    home->now    = 0;
    home->budget = options->budget ? options->budget : BUDGET;
    home->streak = 0;
    home->quiet  = options->quiet;
    fut__patience_begin(&home->patience, fut__search_option(options->search));
    fut__store_relaxed(&home->armed, 0);
    fut__store_relaxed(&home->owner, NOBODY);
}

int fut_executor_init(fut_executor_t *executor, const fut_executor_options_t *options) {
    const fut_executor_options_t defaults = {0};
    fut_reactor_t               *reactor  = NULL;
    fut_driver_t                *driver   = options ? options->driver : NULL;
    fut_home_t                  *home     = fut__home_take(options && options->lifo);
    int                          error    = 0;
    if (!home) return -errno;
    if (!driver) {
        reactor = fut_reactor_new();
        if (reactor)
            driver = fut_reactor_driver(reactor);
        else
            error = -errno;
    }
    if (driver && driver->vtable->listen) error = driver->vtable->listen(driver, home->bell);
    if (error < 0) {
        fut_reactor_free(reactor);
        fut__home_put(home);
        return error;
    }
    *executor = (fut_executor_t){home, driver, reactor};
    move_in(home, executor, options ? options : &defaults);
    return 0;
}

/* FINALLYs run here, on this thread; what they wake is dropped with the rest. */
void fut_executor_destroy(fut_executor_t *executor) {
    fut_home_t *home = executor->home;
    if (!home) return;
    if (fut__load_relaxed(&home->owner) != NOBODY)
        fut__panic(__FILE__, __LINE__, "fut_executor_destroy",
                   "called while the executor runs: from inside a poll, or on another thread");
    fut__store_relaxed(&home->watched, 0); /* a watchdog finds another ticket than its own */
    fut__scheduler_clear(&home->scheduler);
    forget_queue(home);
    home->executor = NULL;
    home->driver   = NULL;
    if (executor->driver->vtable->listen) executor->driver->vtable->listen(executor->driver, -1);
    fut_reactor_free(executor->reactor);
    fut__home_put(home);
    *executor = (fut_executor_t){NULL, NULL, NULL};
}

/* Most tasks are spawned by another one, inside a run. */
static bool runs_here(const fut_home_t *home) { return fut__load_relaxed(&home->owner) == thread_number; }

static int may_spawn(const fut_home_t *home) {
    if (__builtin_expect(home->scheduler.closing, 0)) return -ECANCELED;
    return runs_here(home) || fut__load_relaxed(&home->owner) == NOBODY ? 0 : -EPERM;
}

/* Outside of a run the executor may be armed, waiting inside a foreign loop: then the bell tells it. */
static __attribute__((noinline)) void tell_foreign_loop(fut_home_t *home) {
    if (fut__load_relaxed(&home->armed) && fut__exchange(&home->armed, 0)) ring(home);
}

static void schedule_first(fut_home_t *home, fut_task_t *task) {
    push(home, task);
    if (!runs_here(home)) tell_foreign_loop(home);
}

fut_task_t *fut_spawn_begin_(fut_executor_t *executor, const fut_vtable_t *vtable, int *error) {
    fut_home_t *home = executor->home;
    fut_task_t *task;
    if (__builtin_expect((*error = may_spawn(home)) < 0, 0)) return NULL;
    task = fut__task_new(&home->scheduler, vtable);
    if (__builtin_expect(!task, 0)) {
        *error = -ENOMEM;
        return NULL;
    }
    schedule_first(home, task);
    return task;
}

fut_join_t fut_spawn(fut_executor_t *executor, const fut_vtable_t *vtable, const void *args) {
    return fut_spawn_here_(executor, vtable, args, vtable->args_size);
}

fut_join_t fut_spawn_in(fut_executor_t *executor, fut_future_t *started) {
    fut_home_t *home  = executor->home;
    int         error = may_spawn(home);
    fut_task_t *task  = NULL;
    if (error == 0 && !(task = fut__task_new_in(&home->scheduler, started))) error = -ENOMEM;
    if (task) schedule_first(home, task);
    return fut_join_of_(task, started->vtable, error);
}

/* Its task must not be recycled before its end was seen: a handle that nobody has keeps it. */
int fut_block_on(fut_executor_t *executor, fut_future_t *started) {
    fut_join_t  join;
    fut_task_t *task;
    int         error;
    if (polls_under_way > 0) return -EBUSY;
    join = fut_spawn_in(executor, started);
    if (join.status < 0) return join.status == -EPERM ? -EBUSY : join.status; /* another thread runs it */
    task  = join.task;
    error = run(executor, &task->flags);
    if (!(task->flags & FUT__ENDED)) {
        fut_drop(started);
        (void)fut__task_end(task, -ECANCELED);
    }
    fut_join_detach(&join);
    return error;
}

int64_t fut_block_on_(fut_executor_t *executor, const fut_vtable_t *vtable, fut_future_t *slot, const void *args) {
    int error;
    *slot = (fut_future_t){.vtable = vtable};
    if (args) memcpy((char *)slot + vtable->args, args, vtable->args_size);
    error = fut_block_on(executor, slot);
    return error < 0 ? error : fut_result(slot);
}

int fut_executor_run(fut_executor_t *executor) { return run(executor, &never); }

/* The task at the end of the queue; NULL: nothing is ready. `last` points to its `next`. */
static const fut_task_t *last_ready(const fut_home_t *home) {
    const fut_task_t *task = home->batch;
    if (home->first) return (const fut_task_t *)(const void *)((const char *)home->last - offsetof(fut_task_t, next));
    if (!task) return home->latest;
    while (task->next) task = task->next;
    return task;
}

/* One look at the driver, then what is ready: up to the task that is last in the queue now, or all there is. 1: there
 * is more. */
static int run_round(fut_executor_t *executor, bool once_round) {
    fut_home_t       *home = executor->home;
    const fut_task_t *last;
    bool              more;
    int               error = enter(home, executor->driver);
    if (error < 0) return error;
    error = look(home, executor->driver);
    take_inbox(home);
    last = last_ready(home);
    if (error == 0 && last) error = run_ready(home, executor->driver, &never, once_round ? last : NULL);
    more = leave(home);
    return error < 0 ? error : more;
}

long fut_executor_run_until_stalled(fut_executor_t *executor) {
    int more;
    do more = run_round(executor, false);
    while (more > 0);
    return more < 0 ? more : (long)executor->home->scheduler.live;
}

int fut_executor_turn(fut_executor_t *executor) { return run_round(executor, true); }

fut_instant_t fut_executor_deadline(const fut_executor_t *executor) {
    return is_idle(executor->home) ? executor->driver->vtable->next(executor->driver) : FUT_NOW;
}

int fut_executor_fd(const fut_executor_t *executor) {
    return executor->reactor ? fut_reactor_fd(executor->reactor) : -ENOTSUP;
}

static void cancel_task(fut_task_t *task, void *unused) {
    (void)unused;
    if (task->flags & FUT__ENDED) return;
    task->flags |= FUT__CANCEL;
    fut_wake((fut_waker_t){task, fut__task_tag(task)});
}

void fut_executor_cancel_all(fut_executor_t *executor) {
    fut__pool_visit(&executor->home->scheduler.pool, cancel_task, NULL);
}

fut_executor_t *fut_executor_of(const fut_context_t *cx) {
    const fut_waker_t waker = fut__task_waker(cx->waker);
    if (!waker.target || fut_waker_vtable_(waker)->clone != count_clone) return NULL;
    return home_of(waker.target)->executor;
}

size_t fut_executor_tasks(const fut_executor_t *executor) { return executor->home->scheduler.live; }

/* runtime.c: crews, spawning, the beginning and the end of a runtime. */
#define _GNU_SOURCE
#include "future/runtime.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../core/check.h"
#include "../core/cores.h"
#include "../core/fork.h"
#include "../core/memory.h"
#include "../core/panic.h"
#include "../task/life.h"
#include "crew.h"
#include "future/waiter.h"

enum { BUDGET = 128 };

/* ---- tasks --------------------------------------------------------------------------------------- */

typedef struct birth {
    const fut_vtable_t *vtable;
    const void         *args;
    fut_future_t       *started; /* in the caller's storage, or NULL */
    unsigned            place;   /* a worker's number and one; 0: anywhere */
    bool                kept;    /* there is a handle */
    fut_tag_t           tag;     /* what became of it: its generation */
} birth_t;

/* Where the future of a new task will be; for one that is large, in memory of its own. NULL: out of memory. */
static fut_future_t *house(fut__store_t *store, const birth_t *birth, fut_task_t **task, unsigned *flags) {
    const fut_vtable_t *vtable = birth->vtable;
    const bool          large  = vtable->cell == 0 && !birth->started;
    const size_t        align  = large && vtable->align > 16 ? vtable->align : 0;
    void               *memory = large ? fut__allocate(vtable->size + align) : NULL;
    fut_future_t       *root   = birth->started;
    *task = large && !memory ? NULL : fut__store_take(store, large || root ? FUT__ADDRESSES : vtable->cell);
    if (!*task) {
        fut__release(memory);
        return NULL;
    }
    *flags = large ? FUT__OWNED : root ? 0 : FUT__INLINE;
    if (*flags == FUT__INLINE) return (fut_future_t *)(void *)(*task + 1);
    if (large) root = (fut_future_t *)(void *)((char *)memory + (align ? align - (uintptr_t)memory % align : 0));
    ((void **)(void *)(*task + 1))[0] = root;
    ((void **)(void *)(*task + 1))[1] = memory;
    return root;
}

/* Everything is written with plain stores: nobody knows the task before it is queued, which publishes it. RUNNING, as its
 * first poll is certain. */
static fut_task_t *make(fut__store_t *store, birth_t *birth) {
    const fut_vtable_t *vtable = birth->vtable;
    unsigned            flags  = 0;
    fut_task_t         *task;
    fut_future_t       *root = house(store, birth, &task, &flags);
    if (!root) return NULL;
    if (!birth->started) {
        *root = (fut_future_t){.vtable = vtable};
        if (birth->args) memcpy((char *)root + vtable->args, birth->args, vtable->args_size);
        if (vtable->spawned) vtable->spawned(root);
    }
    flags |= FUT__LIVE | (vtable->kind == FUT_IS_FRAME_ ? 0 : FUT__BY_HAND);
    fut__store_relaxed(&task->queued, (uint8_t)birth->place);
    task->leaf = root;
    fut__store_relaxed(&task->awaiting.word, birth->kept ? FUT__KEPT : 0u);
    birth->tag = fut__task_tag(task);
    fut__store_relaxed(&task->state, birth->tag | FUT__RUNNING);
    fut__store_release(&task->flags, (uint16_t)flags); /* after the state: pairs with claim, in runtime_dump.c */
    return task;
}

void fut__give_back(fut__store_t *store, fut_task_t *task) {
    if (task->flags & FUT__OWNED) fut__release(((void **)(void *)(task + 1))[1]);
    fut__store_put(store, task);
}

/* By a handle, on any thread. Not while the crew is cleared, see drop_task; and never in the child of a fork, where the
 * lock may be held by a thread that is not there. */
static void recycle(fut_task_t *task) {
    fut__crew_t   *crew   = fut__crew_of(task);
    fut__worker_t *worker = fut__worker_of(crew);
    if (worker) {
        fut__give_back(&worker->store, task);
        return;
    }
    if (crew->clearing || crew->forks != fut__forks()) return;
    pthread_mutex_lock(&crew->outside_lock);
    fut__give_back(&crew->outside, task);
    pthread_mutex_unlock(&crew->outside_lock);
}

/* ---- spawn --------------------------------------------------------------------------------------- */

static fut_task_t *spawn_here(fut__worker_t *worker, birth_t *birth, int *error) {
    fut_task_t *task;
    if (fut__load_relaxed(&worker->crew->orders) & FUT__CLOSING) {
        *error = -ECANCELED;
        return NULL;
    }
    if (birth->place == 0 && worker->crew->options.no_stealing) birth->place = worker->number + 1;
    task = make(&worker->store, birth);
    if (!task) {
        *error = -ENOMEM;
        return NULL;
    }
    fut__store_relaxed(&worker->spawned, worker->spawned + 1); /* published with the task */
    return task;
}

static fut_task_t *spawn_outside(fut__crew_t *crew, birth_t *birth, int *error) {
    fut_task_t *task = NULL;
    pthread_mutex_lock(&crew->outside_lock);
    if (crew->options.no_stealing && birth->place == 0) birth->place = 1 + crew->next_worker++ % crew->count;
    if (fut__load_relaxed(&crew->orders) & FUT__CLOSING)
        *error = -ECANCELED;
    else if (!(task = make(&crew->outside, birth)))
        *error = -ENOMEM;
    else
        fut__store_relaxed(&crew->spawned, crew->spawned + 1);
    pthread_mutex_unlock(&crew->outside_lock);
    return task;
}

static fut_task_t *spawn(fut__crew_t *crew, birth_t *birth, int *error) {
    fut__worker_t *worker = fut__worker_of(crew);
    fut_task_t    *task;
    *error = 0;
    if (worker) {
        task = spawn_here(worker, birth, error);
        if (task) fut__worker_push(worker, task);
        return task;
    }
    if (crew->forks != fut__forks()) {
        *error = -ECHILD;
        return NULL;
    }
    task = spawn_outside(crew, birth, error);
    if (task) fut__crew_schedule(crew, task);
    return task;
}

/* The task may have ended already, and its generation moved on; so the tag is the one of its birth. */
static fut_join_t spawn_kept(fut_runtime_t *runtime, birth_t birth) {
    int         error;
    fut_task_t *task;
    birth.kept = true;
    task       = spawn(runtime->crew, &birth, &error);
    return fut__shared_join_of(task, birth.tag, birth.vtable, error);
}

fut_join_t fut_runtime_spawn(fut_runtime_t *runtime, const fut_vtable_t *vtable, const void *args) {
    return spawn_kept(runtime, (birth_t){.vtable = vtable, .args = args});
}

fut_join_t fut_runtime_spawn_(fut_runtime_t *runtime, const fut_vtable_t *vtable, const void *args, size_t size) {
    (void)size;
    return fut_runtime_spawn(runtime, vtable, args);
}

fut_join_t fut_runtime_spawn_on(fut_runtime_t *runtime, unsigned worker, const fut_vtable_t *vtable, const void *args) {
    if (worker >= runtime->crew->count) return fut__shared_join_of(NULL, 0, vtable, -EINVAL);
    return spawn_kept(runtime, (birth_t){.vtable = vtable, .args = args, .place = worker + 1});
}

fut_join_t fut_runtime_spawn_in(fut_runtime_t *runtime, fut_future_t *started) {
    return spawn_kept(runtime, (birth_t){.vtable = started->vtable, .started = started});
}

/* Beside the task that is polled. What wants to know where it lies shares memory with the one that spawns it, as the
 * children of a scope do: both stay here. */
static int spawn_beside(void *target, fut_tag_t tag, const fut_vtable_t *vtable, const void *args) {
    fut__crew_t   *crew   = fut__crew_of(target);
    fut__worker_t *worker = fut__worker_of(crew);
    birth_t        birth  = {.vtable = vtable, .args = args};
    int            error;
    (void)tag;
    if (!worker) return -EPERM;
    if (vtable->spawned) {
        fut__worker_bind();
        birth.place = worker->number + 1;
    }
    (void)spawn(crew, &birth, &error);
    return error;
}

static const fut_waker_vtable_t waker = {
    .wake = fut__crew_wake, .wake_from_interrupt = fut__task_wake, .spawn = spawn_beside};

/* ---- waiting from outside ------------------------------------------------------------------------ */

/* The handle keeps no vtable: the output is in the caller's future. */
int fut_runtime_block_on(fut_runtime_t *runtime, fut_future_t *started) {
    fut_join_t join;
    int        error;
    if (fut__is_worker()) return -EBUSY;
    if (fut__check_is_polling()) return -EDEADLK;
    join = fut_runtime_spawn_in(runtime, started);
    if (join.status < 0) return join.status;
    join.waker.target = NULL;
    error             = fut_wait_on_thread(&join.future);
    return error < 0 ? error : join.status;
}

int64_t fut_runtime_block_on_(fut_runtime_t *runtime, const fut_vtable_t *vtable, fut_future_t *slot,
                              const void *args) {
    int error;
    *slot = (fut_future_t){.vtable = vtable};
    if (args) memcpy((char *)slot + vtable->args, args, vtable->args_size);
    error = fut_runtime_block_on(runtime, slot);
    return error < 0 ? error : fut_result(slot);
}

/* ---- crews --------------------------------------------------------------------------------------- */

static pthread_mutex_t shelf_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t  shelf_once = PTHREAD_ONCE_INIT;
static fut__crew_t    *shelf, *all; /* those that wait to be used again; all of them, so that each can be reached */

static void lock_shelf(void) { pthread_mutex_lock(&shelf_lock); }
static void unlock_shelf(void) { pthread_mutex_unlock(&shelf_lock); }
static void after_fork_in_child(void) {
    unlock_shelf();
    fut__worker_forked();
}
static void watch_forks(void) { fut__at_fork(lock_shelf, unlock_shelf, after_fork_in_child); }

/* What a stale waker may read at any time is written here, and never again. */
static void open_store(fut__store_t *store, fut__crew_t *crew) {
    store->scheduler.waker    = waker;
    store->scheduler.schedule = fut__crew_schedule;
    store->scheduler.executor = crew;
    store->scheduler.recycle  = recycle;
    store->crew               = crew;
    store->depot              = &crew->depot;
}

static fut__crew_t *new_crew(unsigned forks) {
    fut__crew_t       *crew = fut__allocate_zeroed(sizeof *crew);
    pthread_condattr_t monotonic;
    if (!crew) return NULL;
    crew->forks = forks;
    open_store(&crew->outside, crew);
    pthread_mutex_init(&crew->surplus_lock, NULL);
    pthread_mutex_init(&crew->outside_lock, NULL);
    pthread_mutex_init(&crew->lock, NULL);
    pthread_mutex_init(&crew->depot.lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&crew->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    crew->all = all;
    all       = crew;
    return crew;
}

/* In the child of a fork one that the parent made is not used again. */
static fut__crew_t *take_crew(void) {
    const unsigned forks = fut__forks();
    fut__crew_t   *crew;
    pthread_once(&shelf_once, watch_forks);
    lock_shelf();
    while ((crew = shelf) != NULL) {
        shelf = crew->idle_next;
        if (crew->forks == forks) break;
    }
    if (!crew) crew = new_crew(forks);
    unlock_shelf();
    return crew;
}

static void put_crew(fut__crew_t *crew) {
    lock_shelf();
    crew->idle_next = shelf;
    shelf           = crew;
    unlock_shelf();
}

/* Room for so many workers; those that are there stay where they are. 0, or what went wrong. */
static int make_workers(fut__crew_t *crew, unsigned count) {
    fut__worker_t **workers;
    if (count > crew->room) {
        workers = fut__allocate_zeroed(count * sizeof *workers);
        if (!workers) return -ENOMEM;
        for (unsigned i = 0; i < crew->room; i++) workers[i] = crew->workers[i];
        fut__release(crew->workers);
        crew->workers = workers;
        crew->room    = count;
    }
    for (unsigned i = 0; i < count; i++) {
        fut__worker_t *worker = crew->workers[i];
        if (!worker) {
            if (!(worker = fut__allocate_zeroed(sizeof *worker))) return -ENOMEM;
            open_store(&worker->store, crew);
            worker->crew     = crew;
            worker->number   = i;
            crew->workers[i] = worker;
        }
        if (!worker->has_bell) worker->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (worker->bell < 0) return -errno;
        worker->has_bell = true;
    }
    return 0;
}

/* All of them are counters. Atomically: a watchdog may still look at the worker's last runtime. */
static void clear_metrics(fut__worker_t *worker) {
    uint64_t *counters = (uint64_t *)(void *)&worker->metrics;
    for (size_t i = 0; i < sizeof worker->metrics / sizeof *counters; i++) fut__store_relaxed(&counters[i], 0);
}

/* A worker that has not begun. */
static int ready_worker(fut__worker_t *worker) {
    int error       = 0;
    worker->reactor = fut_reactor_new();
    if (!worker->reactor) return -errno;
    fut__worker_adopt(worker, fut_reactor_driver(worker->reactor));
    error         = worker->inner->listen(worker->driver, worker->bell);
    worker->first = NULL;
    worker->last  = &worker->first;
    fut__store_relaxed(&worker->current, NULL);
    worker->now   = 0;
    worker->ticks = worker->turns = worker->streak = worker->pushed = 0;
    worker->random                                                  = 2654435761u * (worker->number + 1);
    worker->searching                                               = false;
    fut__patience_begin(&worker->patience, worker->crew->options.search);
    clear_metrics(worker);
    worker->spawned = worker->ended = 0;
    worker->queue.head = worker->queue.tail = 0;
    fut__store_relaxed(&worker->queue.latest, NULL);
    fut__store_relaxed(&worker->inbox, NULL);
    worker->absent = NULL;
    worker->vacant = false;
    fut__store_relaxed(&worker->recalled, 0);
    fut__store_relaxed(&worker->armed, 0);
    return error;
}

static void ready_crew(fut__crew_t *crew) {
    fut__surplus_begin(&crew->surplus);
    crew->spawned = crew->ended = 0;
    crew->next_worker = crew->halted = crew->rounds = crew->recalled = 0;
    crew->idle                                                       = (fut__idle_t){0};
    fut__store_relaxed(&crew->inbox, NULL);
    fut__store_relaxed(&crew->orders, 0);
}

static void free_reactors(fut__crew_t *crew) {
    for (unsigned i = 0; i < crew->room; i++) {
        if (!crew->workers[i]) continue;
        fut_reactor_free(crew->workers[i]->reactor);
        crew->workers[i]->reactor = NULL;
    }
}

/* Nobody polls any more. */
static void free_batches(fut__crew_t *crew) {
    fut__surplus_end(&crew->surplus);
    for (unsigned i = 0; i < crew->room; i++) {
        if (!crew->workers[i]) continue;
        if (crew->workers[i]->blank) fut__release(crew->workers[i]->blank);
        crew->workers[i]->blank = NULL;
    }
}

/* ---- threads ------------------------------------------------------------------------------------- */

/* Of those in the set, of which there is one. */
static int nth_core(const cpu_set_t *set, unsigned n) {
    for (unsigned core = 0;; core = (core + 1) % CPU_SETSIZE)
        if (CPU_ISSET(core, set) && n-- == 0) return (int)core;
}

int fut__crew_start(fut__crew_t *crew, pthread_t *thread, void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    int            error = pthread_attr_init(&attributes);
    if (error == 0 && crew->options.stack_size > 0)
        error = pthread_attr_setstacksize(&attributes, crew->options.stack_size);
    if (error == 0) error = pthread_create(thread, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return -error;
}

static int start_thread(fut__worker_t *worker, const char *name) {
    const int error = fut__crew_start(worker->crew, &worker->hand.thread, fut__worker_main, worker);
    char      full[16];
    if (error < 0) return error;
    snprintf(full, sizeof full, "%.11s-%u", name, worker->number);
    (void)pthread_setname_np(worker->hand.thread, full);
    return 0;
}

static void stop_threads(fut__crew_t *crew, unsigned count) {
    pthread_mutex_lock(&crew->lock);
    fut__store_relaxed(&crew->orders, FUT__CLOSING | FUT__STOP);
    pthread_cond_broadcast(&crew->changed); /* those at rest, and spare ones */
    pthread_mutex_unlock(&crew->lock);
    fut__crew_tell_all(crew);
    for (unsigned i = 0; i < count; i++) pthread_join(crew->workers[i]->hand.thread, NULL);
    fut__crew_join_stand_ins(crew);
}

static int start_threads(fut__crew_t *crew, const char *name) {
    unsigned started;
    int      error = 0;
    for (started = 0; started < crew->count && error == 0; started += error == 0)
        error = start_thread(crew->workers[started], name);
    if (error < 0) stop_threads(crew, started);
    return error;
}

/* ---- init ---------------------------------------------------------------------------------------- */

static void take_options(fut__crew_t *crew, const fut_runtime_options_t *options) {
    const fut_runtime_options_t none      = {0};
    fut_runtime_options_t      *mine      = &crew->options;
    const unsigned              available = fut__cores();
    *mine                                 = options ? *options : none;
    if (mine->workers == 0) mine->workers = available < FUT__MOST_WORKERS ? available : FUT__MOST_WORKERS;
    if (mine->budget == 0) mine->budget = BUDGET;
    mine->search = fut__search_option(mine->search);
}

static void choose_cores(fut__crew_t *crew) {
    cpu_set_t  set;
    const bool bound = crew->options.affinity && sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0;
    for (unsigned i = 0; i < crew->count; i++) crew->workers[i]->cpu = bound ? nth_core(&set, i) : -1;
}

int fut_runtime_init(fut_runtime_t *runtime, const fut_runtime_options_t *options) {
    fut__crew_t *crew;
    int          error;
    runtime->crew = NULL;
    if (options && options->workers > FUT__MOST_WORKERS) return -EINVAL;
    crew = take_crew();
    if (!crew) return -ENOMEM;
    take_options(crew, options);
    error       = make_workers(crew, crew->options.workers);
    crew->count = error == 0 ? crew->options.workers : 0;
    ready_crew(crew);
    for (unsigned i = 0; i < crew->count && error == 0; i++) error = ready_worker(crew->workers[i]);
    if (error == 0) {
        choose_cores(crew);
        crew->runtime = runtime;
        error         = start_threads(crew, crew->options.name ? crew->options.name : "future");
    }
    if (error < 0) {
        free_reactors(crew);
        put_crew(crew);
        return error;
    }
    runtime->crew = crew;
    return 0;
}

/* ---- shutdown ------------------------------------------------------------------------------------ */

/* Ended first: see worker->ended. Each task that was seen to end was seen to begin. */
static size_t live(const fut__crew_t *crew) {
    uint64_t ended = fut__load_acquire(&crew->ended), spawned;
    for (unsigned i = 0; i < crew->count; i++) ended += fut__load_acquire(&crew->workers[i]->ended);
    spawned = fut__load_relaxed(&crew->spawned);
    for (unsigned i = 0; i < crew->count; i++) spawned += fut__load_relaxed(&crew->workers[i]->spawned);
    return (size_t)(spawned - ended);
}

/* The last two may end at once: under the lock one of them sees both. */
void fut__crew_tell_closer(fut__crew_t *crew) {
    pthread_mutex_lock(&crew->lock);
    if (live(crew) == 0) pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

void fut__crew_visit(fut__crew_t *crew, fut__task_visitor_t *visitor, void *data) {
    fut__pool_visit(&crew->outside.scheduler.pool, visitor, data);
    for (unsigned i = 0; i < crew->room; i++)
        if (crew->workers[i]) fut__pool_visit(&crew->workers[i]->store.scheduler.pool, visitor, data);
}

static void cancel_task(fut_task_t *task, void *unused) {
    (void)unused;
    if (task->flags & (FUT__ENDED | FUT__CANCELLED)) return;
    fut__task_set_flags(task, task->flags | FUT__CANCEL);
    fut__task_wake(task, fut__task_tag(task));
}

/* The workers are at rest, between two polls, and the outside is locked out, so nobody else touches a task, except to wake
 * it. Each has seen CLOSING when it goes on. */
void fut__crew_cancel_all(fut__crew_t *crew) {
    pthread_mutex_lock(&crew->outside_lock);
    fut__crew_visit(crew, cancel_task, NULL);
    pthread_mutex_unlock(&crew->outside_lock);
}

static struct timespec from_now(int64_t nanoseconds) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += (time_t)(nanoseconds / 1000000000);
    time.tv_nsec += (long)(nanoseconds % 1000000000);
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

/* Under crew->lock, until something changes. 0, or -ETIMEDOUT. NULL: for ever. */
static int wait_for_change(fut__crew_t *crew, const struct timespec *deadline) {
    return -(deadline ? pthread_cond_timedwait(&crew->changed, &crew->lock, deadline)
                      : pthread_cond_wait(&crew->changed, &crew->lock));
}

int fut_runtime_shutdown(fut_runtime_t *runtime, int64_t nanoseconds) {
    fut__crew_t           *crew  = runtime->crew;
    const struct timespec  time  = from_now(nanoseconds > 0 ? nanoseconds : 0);
    const struct timespec *until = nanoseconds < 0 ? NULL : &time;
    unsigned               round;
    int                    error = 0;
    if (fut__is_worker() || fut__is_away(crew)) return -EBUSY;
    if (crew->forks != fut__forks()) return -ECHILD;
    pthread_mutex_lock(&crew->lock);
    round = crew->rounds;
    fut__store_relaxed(&crew->orders, crew->orders | FUT__HALT | FUT__CLOSING);
    fut__crew_tell_all(crew);
    while ((crew->rounds == round || live(crew) > 0) && error == 0) error = wait_for_change(crew, until);
    error = live(crew) > 0 ? error : 0;
    pthread_mutex_unlock(&crew->lock);
    return error;
}

/* ---- destroy ------------------------------------------------------------------------------------- */

/* One thread is left. FINALLYs run; what they wake is dropped with the rest. The memory stays where it is: a wake on another
 * thread which found the task alive may be about to link it into an inbox. */
static void drop_task(fut_task_t *task, void *data) {
    fut__crew_t *crew = data;
    if (task->flags & FUT__ENDED) return;
    fut_drop(fut__task_root(task));
    task->flags |= FUT__ENDED | FUT__CANCELLED;
    fut__store_release(&task->state, fut__task_tag(task) + FUT__GENERATION);
    fut__store_release(&crew->ended, crew->ended + 1);
    (void)fut__shared_end(task);
}

/* All that is left: what was dropped, and outputs that nobody has asked for. A handle finds a generation which is neither
 * its own nor the next. */
static void forget_task(fut_task_t *task, void *unused) {
    (void)unused;
    fut__store_relaxed(&task->state, fut__task_tag(task) + FUT__GENERATION);
    fut__give_back((fut__store_t *)(void *)task->scheduler, task); /* where it will be needed again */
}

/* Wakes on other threads that found a task alive are a few instructions before the end of fut__crew_schedule. */
static void wait_for_flights(const fut__store_t *store) {
    while (fut__load_acquire(&store->scheduler.flights) != 0) sched_yield();
}

void fut_runtime_destroy(fut_runtime_t *runtime) {
    fut__crew_t *crew = runtime->crew;
    if (!crew || crew->forks != fut__forks()) return; /* in the child its threads are the parent's */
    if (fut__worker_of(crew) || fut__is_away(crew))
        fut__panic(__FILE__, __LINE__, "fut_runtime_destroy", "called on one of its own workers");
    stop_threads(crew, crew->count);
    fut__store_relaxed(&crew->watched, 0); /* a watchdog finds another ticket than its own */
    crew->clearing = true;
    fut__crew_visit(crew, drop_task, crew);
    wait_for_flights(&crew->outside);
    for (unsigned i = 0; i < crew->room; i++)
        if (crew->workers[i]) wait_for_flights(&crew->workers[i]->store);
    fut__crew_visit(crew, forget_task, NULL);
    crew->clearing = false;
    free_batches(crew);
    free_reactors(crew);
    crew->runtime = NULL;
    runtime->crew = NULL;
    put_crew(crew);
}

/* ---- looking ------------------------------------------------------------------------------------- */

fut_runtime_t *fut_runtime_of(const fut_context_t *cx) {
    fut_waker_t at = cx->waker;
    while (at.target && fut_waker_vtable_(at)->outer) at = fut_waker_vtable_(at)->outer(at.target, at.tag);
    if (!at.target || fut_waker_vtable_(at)->wake != fut__crew_wake) return NULL;
    return fut__crew_of(at.target)->runtime;
}

int fut_runtime_worker(const fut_runtime_t *runtime) {
    const fut__worker_t *worker = fut__worker_of(runtime->crew);
    return worker ? (int)worker->number : -1;
}

unsigned fut_runtime_workers(const fut_runtime_t *runtime) { return runtime->crew->count; }

size_t fut_runtime_tasks(const fut_runtime_t *runtime) { return live(runtime->crew); }

/* ---- metrics ------------------------------------------------------------------------------------- */

/* All counters, one after the other. */
enum { COUNTERS = sizeof(fut_worker_metrics_t) / sizeof(uint64_t) };
_Static_assert(COUNTERS * sizeof(uint64_t) == sizeof(fut_worker_metrics_t), "nothing but counters");

static fut_worker_metrics_t read_metrics(const fut__worker_t *worker) {
    fut_worker_metrics_t metrics;
    const uint64_t      *from = (const uint64_t *)(const void *)&worker->metrics;
    for (int i = 0; i < COUNTERS; i++) ((uint64_t *)(void *)&metrics)[i] = fut__load_relaxed(&from[i]);
    metrics.depth = fut__queue_length(&worker->queue);
    return metrics;
}

void fut_runtime_metrics(const fut_runtime_t *runtime, fut_runtime_metrics_t *metrics, fut_worker_metrics_t *each,
                         unsigned room) {
    const fut__crew_t *crew = runtime->crew;
    uint64_t          *sum  = (uint64_t *)(void *)&metrics->total;
    *metrics                = (fut_runtime_metrics_t){
                       .workers = crew->count, .tasks = live(crew), .waiting = fut__load_relaxed(&crew->surplus.length)};
    for (unsigned i = 0; i < crew->count; i++) {
        const fut_worker_metrics_t one = read_metrics(crew->workers[i]);
        for (int n = 0; n < COUNTERS; n++) sum[n] += ((const uint64_t *)(const void *)&one)[n];
        if (each && i < room) each[i] = one;
    }
}

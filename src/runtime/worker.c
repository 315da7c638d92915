/* worker.c: wake, push, take, search, sleep, poll. worker.h has the picture. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "../core/check.h"
#include "../core/memory.h"
#include "../core/panic.h"
#include "../core/pause.h"
#include "../task/inbox.h"
#include "../task/watched.h"
#include "crew.h"

enum {
    POLLS         = 128,   /* polls between two looks at the clock                              */
    LOOK_INTERVAL = 50000, /* nanoseconds between two looks at the driver while tasks are ready  */
    COMMON        = 61,    /* tasks from the own queues between two from the common ones; prime */
    FEW           = 16,    /* tasks of the oldest batch that are taken then                     */
    STREAK        = 3,     /* times in a row that the latest task goes before the others        */
    TIMED         = 64     /* one of so many polls is timed                                      */
};

static __attribute__((tls_model("initial-exec"))) _Thread_local fut__worker_t *here;

/* The child of a fork in a poll has this thread alone, and a driver that is the parent's: it ends after the poll. */
void fut__worker_forked(void) {
    if (here) fut__store_relaxed(&here->crew->orders, FUT__CLOSING | FUT__STOP);
    here = NULL;
}

fut__worker_t *fut__worker_of(const fut__crew_t *crew) { return here && here->crew == crew ? here : NULL; }
bool           fut__is_worker(void) { return here != NULL; }
fut__worker_t *fut__worker_here(void) { return here; }

/* One writer, and readers who do not mind to be late. */
static inline void count(uint64_t *counter, uint64_t more) {
    fut__store_relaxed(counter, fut__load_relaxed(counter) + more);
}

/* ---- ring ---------------------------------------------------------------------------------------- */

/* Whoever swaps `armed` to 0 rings, so many wakes are one ring. What is to be found was written before, and a fence
 * stands in between: pairs with the one in sleep_until_rung. errno: perhaps this is a signal handler. */
static void ring(fut__worker_t *worker) {
    const uint64_t once        = 1;
    const int      saved_errno = errno;
    if (!fut__load_relaxed(&worker->armed) || !fut__exchange(&worker->armed, 0)) return;
    while (write(worker->bell, &once, sizeof once) < 0 && errno == EINTR) {} /* EAGAIN: it is loud enough */
    errno = saved_errno;
}

/* Something is on a queue that everybody looks at. */
static bool tell_one(fut__crew_t *crew) {
    const int sleeper = fut__idle_choose(&crew->idle);
    if (sleeper < 0) return false;
    ring(crew->workers[sleeper]);
    return true;
}

/* The same by a worker, which counts it. */
static void tell_another(fut__worker_t *worker) {
    if (tell_one(worker->crew)) count(&worker->metrics.rings, 1);
}

void fut__worker_tell(fut__worker_t *worker) {
    fut__fence();
    ring(worker);
}

void fut__crew_tell_all(fut__crew_t *crew) {
    fut__fence();
    for (unsigned i = 0; i < crew->count; i++) ring(crew->workers[i]);
}

/* ---- push ---------------------------------------------------------------------------------------- */

static void send_to(fut__worker_t *worker, fut_task_t *task) {
    fut__inbox_add(&worker->inbox, task);
    fut__fence(); /* between the inbox and `armed`: pairs with sleep_until_rung */
    ring(worker);
}

/* Any thread, signal handlers: task->queued was published by whoever let go of the task. */
void fut__crew_schedule(void *executor, fut_task_t *task) {
    fut__crew_t *crew = executor;
    if (task->queued) {
        send_to(crew->workers[task->queued - 1], task);
    } else {
        fut__inbox_add(&crew->inbox, task);
        (void)tell_one(crew);
    }
}

/* A block for a batch: the one that was kept, or a new one. NULL: out of memory. */
static fut__batch_t *take_blank(fut__worker_t *worker) {
    fut__batch_t *blank = worker->blank;
    worker->blank       = NULL;
    return blank ? blank : fut__allocate(sizeof *blank);
}

static void keep_blank(fut__worker_t *worker, fut__batch_t *blank) {
    if (worker->blank)
        fut__release(blank);
    else
        worker->blank = blank;
}

static fut_task_t *linked(fut_task_t **tasks, size_t count) {
    for (size_t i = 0; i < count; i++) tasks[i]->link = i + 1 < count ? tasks[i + 1] : NULL;
    return tasks[0];
}

/* Half of a full queue becomes surplus. Where there is no memory for a batch, its tasks are linked. */
static void shed(fut__worker_t *worker) {
    fut__surplus_t *surplus = &worker->crew->surplus;
    fut__batch_t   *batch   = take_blank(worker);
    fut_task_t     *loose[FUT__BATCH], **tasks = batch ? batch->tasks : loose;
    const size_t    length = fut__queue_shed(&worker->queue, tasks);
    if (length == 0) { /* a thief has made room */
        if (batch) keep_blank(worker, batch);
        return;
    }
    count(&worker->metrics.overflows, 1);
    pthread_mutex_lock(&worker->crew->surplus_lock);
    if (batch)
        fut__surplus_put(surplus, batch);
    else
        fut__surplus_list(surplus, linked(tasks, length));
    pthread_mutex_unlock(&worker->crew->surplus_lock);
}

static void push_free(fut__worker_t *worker, fut_task_t *task) {
    while (!fut__queue_push(&worker->queue, task)) shed(worker);
}

/* Before all others, and who was the latest until now goes to the end. */
static void push_latest(fut__worker_t *worker, fut_task_t *task) {
    fut_task_t *displaced = fut__queue_put_latest(&worker->queue, task);
    if (displaced) push_free(worker, displaced);
}

static void push_bound(fut__worker_t *worker, fut_task_t *task) {
    task->link    = NULL;
    *worker->last = task;
    worker->last  = &task->link;
}

/* Back on its queue: it was polled just now and is to be polled again. */
static void push_again(fut__worker_t *worker, fut_task_t *task) {
    if (task->queued)
        push_bound(worker, task); /* only its own worker polls it */
    else
        push_free(worker, task);
}

/* Sleepers are told of new tasks at the second, the fourth, the eighth one ... of a poll, and at its end if there is more
 * than this worker will take next. To tell costs a fence; and of one task alone nobody is told, since it is polled here
 * after this poll, and two that wake each other in turn had better stay together. A task that is pushed again is not
 * new. */
void fut__worker_push(fut__worker_t *worker, fut_task_t *task) {
    if (task->queued == 0) {
        if (worker->crew->options.lifo)
            push_latest(worker, task);
        else
            push_free(worker, task);
        worker->pushed++;
        if (worker->pushed > 1 && (worker->pushed & (worker->pushed - 1)) == 0) tell_another(worker);
    } else if (task->queued == worker->number + 1) {
        push_bound(worker, task);
    } else {
        send_to(worker->crew->workers[task->queued - 1], task);
    }
}

static void announce(fut__worker_t *worker) {
    worker->pushed = 0;
    if (fut__queue_length(&worker->queue) > (worker->first ? 0 : 1)) tell_another(worker);
}

/* ---- wake ---------------------------------------------------------------------------------------- */

/* The state is shared with other workers, which may run the task; what lies behind it is this worker's alone. No flight
 * is counted, since a crew stops its workers before it clears its tasks. */
void fut__crew_wake(void *target, fut_tag_t tag) {
    fut_task_t *task  = target;
    uint32_t    state = fut__load_relaxed(&task->state);
    if (__builtin_expect(!here || here->crew != fut__crew_of(task), 0)) {
        fut__task_wake(target, tag);
        return;
    }
    do {
        if ((state & (uint32_t)FUT__GENERATION_MASK) != tag) return;
    } while (!fut__cas(&task->state, &state, state | FUT__NOTIFIED)); /* (1) (2) (3) */
    if (state == tag) fut__worker_push(here, task);
}

/* ---- bind ---------------------------------------------------------------------------------------- */

/* From now on only this worker polls the task that it is polling. */
void fut__worker_bind(void) {
    if (here && here->current) fut__store_relaxed(&here->current->queued, (uint8_t)(here->number + 1));
}

/* The driver's vtable is the worker's copy: what registers something binds, and goes on to the reactor's own. */
static fut__worker_t *worker_of(const fut_driver_t *driver) {
    return (fut__worker_t *)(void *)((char *)(uintptr_t)driver->vtable - offsetof(fut__worker_t, vtable));
}

static void timer_insert(fut_driver_t *driver, fut_timer_t *timer) {
    fut__worker_bind();
    worker_of(driver)->inner->timer_insert(driver, timer);
}

static int io_wait(fut_driver_t *driver, fut_io_t *io) {
    fut__worker_bind();
    return worker_of(driver)->inner->io_wait(driver, io);
}

static int io_attach(fut_driver_t *driver, int fd) {
    fut__worker_bind();
    return worker_of(driver)->inner->io_attach(driver, fd);
}

void fut__worker_adopt(fut__worker_t *worker, fut_driver_t *driver) {
    worker->inner               = driver->vtable;
    worker->vtable              = *driver->vtable;
    worker->vtable.timer_insert = timer_insert;
    worker->vtable.io_wait      = io_wait;
    worker->vtable.io_attach    = io_attach;
    driver->vtable              = &worker->vtable;
    worker->driver              = driver;
}

/* ---- take ---------------------------------------------------------------------------------------- */

/* A free task alone was told to nobody, since it was to be polled next: now something may go before it. A searcher does
 * so in stop_searching. */
static void tell_of_the_rest(fut__worker_t *worker) {
    if (!worker->searching && fut__queue_length(&worker->queue) > 0) tell_another(worker);
}

static void take_inbox(fut__worker_t *worker) {
    fut_task_t *task = fut__inbox_empty(&worker->inbox), *next;
    for (; task; task = next) {
        next = task->link;
        push_bound(worker, task);
    }
    tell_of_the_rest(worker);
}

static fut_task_t *pop_bound(fut__worker_t *worker) {
    fut_task_t *task = worker->first;
    if (!task) return NULL;
    worker->first = task->link;
    if (!worker->first) worker->last = &worker->first;
    return task;
}

/* Under the lock. What comes from outside goes first, but not every time. Who has nothing takes a batch, the others a few
 * tasks. */
static size_t take_some(fut__worker_t *worker, fut_task_t **tasks, size_t most, bool hungry, fut__batch_t **empty) {
    fut__crew_t    *crew    = worker->crew;
    fut__surplus_t *surplus = &crew->surplus;
    const size_t    fair    = surplus->listed / crew->count + 1;
    const bool      outside = hungry || worker->ticks / COMMON % 2;
    if (surplus->listed && (outside || !surplus->newest))
        return fut__surplus_take_listed(surplus, tasks, fair < most ? fair : most);
    if (hungry) return fut__surplus_take_newest(surplus, tasks, most, empty);
    return fut__surplus_take_oldest(surplus, tasks, most < FEW ? most : FEW, empty);
}

/* One to be polled now, and a share for the run queue. */
static fut_task_t *take_common(fut__worker_t *worker, bool hungry) {
    fut__crew_t  *crew = worker->crew;
    fut_task_t   *tasks[FUT__BATCH];
    fut__batch_t *empty = NULL;
    size_t        most  = fut__queue_room(&worker->queue) + 1, length; /* one needs no room */
    if (!fut__load_relaxed(&crew->inbox) && !fut__load_relaxed(&crew->surplus.length)) return NULL;
    if (most > FUT__BATCH) most = FUT__BATCH;
    pthread_mutex_lock(&crew->surplus_lock);
    fut__surplus_list(&crew->surplus, fut__inbox_empty(&crew->inbox));
    length = take_some(worker, tasks, most, hungry, &empty);
    pthread_mutex_unlock(&crew->surplus_lock);
    if (empty) keep_blank(worker, empty);
    if (length == 0) return NULL;
    for (size_t i = 1; i < length; i++) /* there was room, and thieves only make more */
        (void)fut__queue_push(&worker->queue, tasks[i]);
    tell_of_the_rest(worker);
    return tasks[0];
}

/* The next task of its own. The latest, a few times in a row, as on one thread (a tree of tasks gains next to nothing by
 * sixteen, and all others wait for the longer streak); then, in turns, the run queue and the bound ones; now and
 * then the common queue. */
static fut_task_t *take(fut__worker_t *worker) {
    fut_task_t *task = NULL;
    if (fut__load_relaxed(&worker->inbox)) take_inbox(worker);
    if (++worker->ticks % COMMON == 0 && (task = take_common(worker, false))) return task;
    if (worker->streak < STREAK && (task = fut__queue_take_latest(&worker->queue))) {
        worker->streak++;
        return task;
    }
    worker->streak = 0;
    if (++worker->turns & 1) task = pop_bound(worker);
    if (!task) task = fut__queue_pop(&worker->queue);
    if (!task) task = pop_bound(worker);
    return task ? task : fut__queue_take_latest(&worker->queue);
}

/* ---- look at the driver ---------------------------------------------------------------------------- */

static void check_driver(int error) {
    if (error < 0) fut__panic(__FILE__, __LINE__, "fut_runtime", "a worker's epoll instance is broken: was it closed?");
}

static void look_at_driver(fut__worker_t *worker) {
    check_driver(worker->inner->park(worker->driver, FUT_NOW));
    worker->now = worker->driver->seen;
}

static void look_if_due(fut__worker_t *worker, fut_instant_t now) {
    if (worker->driver->waits > 0 || worker->inner->next(worker->driver) <= now) look_at_driver(worker);
}

/* While tasks are always ready: now and then a glance at the clock, and a look at the driver when it is time. */
static void glance(fut__worker_t *worker) {
    const fut_instant_t now = worker->inner->now(worker->driver);
    if (now - worker->now < LOOK_INTERVAL) return;
    worker->now = now;
    look_if_due(worker, now);
    if (worker->pushed) announce(worker);
}

/* ---- search -------------------------------------------------------------------------------------- */

static unsigned any(fut__worker_t *worker) { /* xorshift: G. Marsaglia, 2003 */
    worker->random ^= worker->random << 13;
    worker->random ^= worker->random >> 17;
    return worker->random ^= worker->random << 5;
}

static void pause_a_little(void) {
    for (int i = 0; i < 8; i++) fut__pause();
}

/* A task alone is taken by its worker in a moment, unless that is in a long poll. The polls are counted after the look at
 * the queue, whose loads acquire: else the poll that ends meanwhile may be one before the task was alone. */
static bool is_worth_it(const fut__worker_t *victim) {
    const size_t length = fut__queue_length(&victim->queue);
    uint64_t     polls;
    if (length != 1) return length > 1;
    polls = fut__load_relaxed(&victim->metrics.polls);
    pause_a_little();
    return fut__load_relaxed(&victim->metrics.polls) == polls && fut__queue_length(&victim->queue) > 0;
}

static fut_task_t *robbed(fut__worker_t *worker, fut_task_t *task, size_t stolen) {
    count(&worker->metrics.steals, 1);
    count(&worker->metrics.stolen, stolen);
    return task;
}

/* Who can be robbed of nothing else gives the latest. */
static fut_task_t *steal(fut__worker_t *worker) {
    fut__crew_t   *crew  = worker->crew;
    const unsigned first = any(worker) % crew->count;
    fut__worker_t *poor  = NULL;
    fut_task_t    *task;
    for (unsigned i = 0; i < crew->count; i++) {
        fut__worker_t *victim = crew->workers[(first + i) % crew->count];
        size_t         stolen;
        if (victim == worker || !is_worth_it(victim)) continue;
        if ((stolen = fut__queue_steal(&worker->queue, &victim->queue, &task)) > 0) return robbed(worker, task, stolen);
        poor = victim;
    }
    return poor && (task = fut__queue_take_latest(&poor->queue)) ? robbed(worker, task, 1) : NULL;
}

/* Every queue there is. */
static fut_task_t *look_everywhere(fut__worker_t *worker) {
    fut_task_t *task;
    if (fut__load_relaxed(&worker->inbox)) take_inbox(worker);
    if ((task = pop_bound(worker)) || (task = fut__queue_pop(&worker->queue))) return task;
    if ((task = fut__queue_take_latest(&worker->queue))) return task; /* the driver has woken it */
    if ((task = take_common(worker, true)) || worker->crew->options.no_stealing) return task;
    return steal(worker);
}

/* Is there anything that others should take? The owner of a queue that is not empty is awake, so what is not worth it is
 * polled all the same. */
static bool is_anything_left(const fut__crew_t *crew) {
    if (fut__load_relaxed(&crew->inbox) || fut__load_relaxed(&crew->surplus.length)) return true;
    for (unsigned i = 0; i < crew->count; i++)
        if (is_worth_it(crew->workers[i])) return true;
    return false;
}

/* The promise of a searcher, kept: somebody may have trusted it to find more than it did. It is about to poll, perhaps for
 * long, so even a single task on its own queue is for others. */
static void stop_searching(fut__worker_t *worker) {
    worker->searching = false;
    if (!fut__idle_found(&worker->crew->idle)) return;
    fut__fence(); /* between `searching` and the look: pairs with the one in fut__idle_choose */
    if (fut__queue_length(&worker->queue) > 0 || is_anything_left(worker->crew)) tell_another(worker);
}

/* Half of the workers wait like this, at most. */
static bool may_wait(const fut__worker_t *worker) {
    const fut__crew_t *crew = worker->crew;
    return fut__is_hopeful(&worker->patience) && fut__load_relaxed(&crew->idle.searching) * 2 <= crew->count + 1;
}

static void begin_searching(fut__worker_t *worker) {
    fut__idle_search(&worker->crew->idle);
    worker->searching = true;
}

/* Is it to go back to where orders are carried out? CLOSING alone is none. */
static bool is_ordered(const fut__worker_t *worker) {
    const uint32_t orders = fut__load_relaxed(&worker->crew->orders);
    return orders & (FUT__HALT | FUT__STOP) || (orders & FUT__RECALL && fut__load_relaxed(&worker->recalled) > 0);
}

/* After a look everywhere that found nothing: what is here now, its driver has woken. */
static bool has_own(const fut__worker_t *worker) {
    return worker->first || fut__queue_length(&worker->queue) > 0 || fut__load_relaxed(&worker->queue.latest);
}

/* What comes from the driver does not wait for the end of the search; nor is it what the search was for. */
static fut_task_t *search(fut__worker_t *worker) {
    fut_task_t   *task;
    fut_instant_t start, now;
    bool          own;
    if (!worker->searching) begin_searching(worker);
    count(&worker->metrics.searches, 1);
    task = look_everywhere(worker);
    if (task || !may_wait(worker)) return task;
    start = now = worker->inner->now(worker->driver);
    do {
        look_if_due(worker, now);
        own = has_own(worker);
        pause_a_little();
        task = look_everywhere(worker);
        now  = worker->inner->now(worker->driver);
    } while (!task && !is_ordered(worker) && now - start < worker->patience.limit);
    fut__patience_searched(&worker->patience, task && !own);
    return task;
}

/* ---- sleep --------------------------------------------------------------------------------------- */

/* The look (3) of idle.h, after a fence. */
static bool may_sleep(const fut__worker_t *worker) {
    return !fut__load_relaxed(&worker->inbox) && !is_ordered(worker) && !is_anything_left(worker->crew);
}

/* Whether it was another thread that ended the sleep, and how soon, says whether to search before the next one. */
static void park(fut__worker_t *worker) {
    const fut_instant_t start = worker->inner->now(worker->driver);
    count(&worker->metrics.parks, 1);
    check_driver(worker->inner->park(worker->driver, FUT_NEVER));
    worker->now = worker->driver->seen;
    if (!fut__load_relaxed(&worker->armed)) fut__patience_slept(&worker->patience, worker->now - start);
}

/* From here on a wake rings. Who may not sleep has promised to look: whatever it finds first, it searches until then. */
static void sleep_until_rung(fut__worker_t *worker) {
    fut__idle_t *idle = &worker->crew->idle;
    bool         slept;
    fut__store_relaxed(&worker->armed, 1);
    fut__idle_enter(idle, worker->number, worker->searching); /* with a fence at its end */
    slept = may_sleep(worker);
    if (slept) park(worker);
    fut__store_relaxed(&worker->armed, 0);
    fut__watch_unparked(&worker->crew->watched);
    worker->searching = fut__idle_leave(idle, worker->number);
    if (!slept && !worker->searching) begin_searching(worker);
    announce(worker);
}

/* ---- poll ---------------------------------------------------------------------------------------- */

/* RUNNING was set by whoever queued it, or is set now: (4). A NOTIFIED that came meanwhile is this poll. Both swaps
 * acquire what the waking threads wrote. */
static void begin(fut_task_t *task) {
    const uint32_t state = fut__load_relaxed(&task->state);
    if (!(state & FUT__RUNNING))
        fut__add(&task->state, FUT__RUNNING - FUT__NOTIFIED); /* (4) */
    else if (state & FUT__NOTIFIED)
        fut__clear(&task->state, (uint32_t)FUT__NOTIFIED);
}

/* The cancellation was asked for by the handle or by fut_runtime_shutdown. */
static __attribute__((noinline)) fut_poll_t poll_any(fut_task_t *task, fut_context_t *cx) {
    if (fut__load_relaxed(&task->awaiting.word) & FUT__ASKED) {
        fut__clear(&task->awaiting.word, (uint32_t)FUT__ASKED);
        if (!(task->flags & FUT__CANCELLED)) fut__task_set_flags(task, task->flags | FUT__CANCEL);
    }
    return fut__task_poll(task, cx);
}

static fut_poll_t poll(fut_task_t *task, fut_context_t *cx) {
    fut_future_t *leaf = task->leaf;
    if (__builtin_expect(
            (task->flags & FUT__UNUSUAL) | (fut__load_relaxed(&task->awaiting.word) & FUT__ASKED) | fut__checking, 0))
        return poll_any(task, cx);
    cx->waker.target = task;
    cx->waker.tag    = fut__task_tag(task);
    if (__builtin_expect(leaf->vtable->poll(leaf, cx) == FUT_READY, 0))
        return fut_climb_(fut__task_root(task), leaf, &task->leaf, cx);
    task->leaf = &cx->leaf->future;
    return FUT_PENDING;
}

/* A plain store, since RUNNING has kept the task off every queue. The release pairs with the handle's look at the
 * generation; nobody else has the new one. Then the task is not touched any more, unless it is given back here. */
static void end(fut__worker_t *worker, fut_task_t *task) {
    fut__crew_t *crew = worker->crew;
    fut__task_set_flags(task, task->flags | FUT__ENDED);
    fut__store_release(&task->state, fut__task_tag(task) + FUT__GENERATION); /* (7) */
    fut__store_release(&worker->ended, worker->ended + 1);                   /* pairs with live(), in runtime.c */
    if (fut__shared_end(task)) fut__give_back(&worker->store, task);
    if (__builtin_expect(fut__load_relaxed(&crew->orders) & FUT__CLOSING, 0)) fut__crew_tell_closer(crew);
}

static void poll_and_time(fut__worker_t *worker, fut_task_t *task, fut_context_t *cx, fut_poll_t *answer) {
    const uint64_t start = worker->inner->now(worker->driver);
    uint64_t       took;
    int            bucket = 0;
    *answer               = poll(task, cx);
    took                  = (worker->inner->now(worker->driver) - start) / 1000;
    while (took > 0 && bucket < FUT_POLL_TIMES - 1) took >>= 1, bucket++;
    count(&worker->metrics.poll_times[bucket], 1);
}

static void run(fut__worker_t *worker, fut_task_t *task, fut_context_t *cx) {
    fut_poll_t answer;
    begin(task);
    fut__store_relaxed(&worker->current, task);
    cx->budget = worker->crew->options.budget;
    cx->held   = 0;
    if (__builtin_expect(worker->ticks % TIMED == 0 || worker->crew->options.time_polls, 0))
        poll_and_time(worker, task, cx, &answer);
    else
        answer = poll(task, cx);
    fut__store_relaxed(&worker->current, NULL);
    count(&worker->metrics.polls, 1);
    if (__builtin_expect(cx->budget == 0, 0)) count(&worker->metrics.budgets_spent, 1);
    if (answer == FUT_READY)
        end(worker, task);
    else if (cx->held & FUT_YIELDED_)
        push_again(worker, task);
    else if (fut__clear(&task->state, (uint32_t)FUT__RUNNING) &
             FUT__NOTIFIED)       /* (5), and from here on it is not ours */
        push_again(worker, task); /* unless (6) */
    if (worker->pushed) announce(worker);
}

/* ---- the thread ---------------------------------------------------------------------------------- */

/* At rest: between two polls. The last one to come cancels every task for all of them, and they go on. */
static void rest(fut__worker_t *worker) {
    fut__crew_t *crew = worker->crew;
    unsigned     round;
    pthread_mutex_lock(&crew->lock);
    round = crew->rounds;
    if (!(crew->orders & FUT__HALT)) {
        /* it was withdrawn meanwhile: STOP */
    } else if (++crew->halted == crew->count) {
        fut__crew_cancel_all(crew);
        crew->halted = 0;
        crew->rounds++;
        fut__store_relaxed(&crew->orders, crew->orders & ~(uint32_t)FUT__HALT);
        pthread_cond_broadcast(&crew->changed);
    } else {
        while (crew->rounds == round && !(crew->orders & FUT__STOP)) pthread_cond_wait(&crew->changed, &crew->lock);
    }
    pthread_mutex_unlock(&crew->lock);
}

/* False: the thread leaves the worker. */
static __attribute__((noinline, cold)) bool obey(fut__worker_t *worker, uint32_t orders) {
    if (orders & FUT__STOP) return false;
    if (fut__load_relaxed(&worker->recalled) > 0) {
        if (worker->searching) stop_searching(worker);
        return false;
    }
    if (orders & FUT__HALT) rest(worker);
    return true;
}

static __attribute__((noinline)) void serve(fut__worker_t *worker) {
    fut__crew_t  *crew = worker->crew;
    fut_context_t cx;
    uint32_t      orders;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, worker->driver);
    cx.self = &cx;
    for (;;) {
        fut_task_t *task;
        orders = fut__load_relaxed(&crew->orders); /* what they mean is read under the lock, or after pthread_join */
        if (__builtin_expect(orders & (FUT__STOP | FUT__HALT | FUT__RECALL), 0) && !obey(worker, orders)) return;
        task = take(worker);
        if (!task && !(task = search(worker))) {
            sleep_until_rung(worker);
            continue;
        }
        if (worker->searching) stop_searching(worker);
        run(worker, task, &cx);
        if (worker->ticks % POLLS == 0) glance(worker);
    }
}

static void move_to_core(const fut__worker_t *worker) {
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)worker->cpu, &cores);
    (void)pthread_setaffinity_np(pthread_self(), sizeof cores, &cores); /* where it may not, it stays where it is */
}

void fut__worker_stand_up(fut__worker_t *worker) {
    announce(worker);
    fut__store_relaxed(&worker->current, NULL);
    here = NULL;
}

void fut__worker_sit_down(fut__worker_t *worker, fut_task_t *polled) {
    here = worker;
    fut__store_relaxed(&worker->thread_number, fut__thread_number());
    fut__store_relaxed(&worker->current, polled);
}

static void call(void (*hook)(unsigned worker, void *data), unsigned number, void *data) {
    if (hook) hook(number, data);
}

/* From seat to seat, see in_place.c. The hooks are this thread's, under the number of its first worker. */
static void work(fut__hand_t *hand, fut__worker_t *worker) {
    fut__crew_t                 *crew    = worker->crew;
    const fut_runtime_options_t *options = &crew->options;
    const unsigned               number  = worker->number;
    bool                         started = false, stopped = false;
    fut__check_shares = true;
    for (; worker; worker = fut__seat_next(hand, worker)) {
        fut__worker_sit_down(worker, NULL);
        if (worker->cpu >= 0) move_to_core(worker);
        if (!started) call(options->on_start, number, options->data);
        started = true;
        serve(worker);
        stopped = fut__load_relaxed(&crew->orders) & FUT__STOP;
        if (stopped) call(options->on_stop, number, options->data);
        here = NULL;
    }
    if (!stopped) call(options->on_stop, number, options->data);
}

void *fut__worker_main(void *worker) {
    work(&((fut__worker_t *)worker)->hand, worker);
    return NULL;
}

void *fut__stand_in_main(void *hand) {
    work(hand, ((fut__hand_t *)hand)->seat);
    return NULL;
}

/* Wakes from many threads while the task is polled, sleeps, ends: none is lost, and many make few polls. */
#define _GNU_SOURCE
#include <sched.h>

#include "plain.h"

enum { THREADS = 4 };

/* What threads post and one task takes. Ready once everything was seen. Output: how many polls that took. */
typedef struct box {
    fut_waker_t waker;
    bool        open;                           /* atomic: the waker may be used */
    long        posted[THREADS], seen[THREADS]; /* atomic */
} box_t;

typedef struct collect {
    FUT_FUTURE(collect, long, box_t *box; long total);
    long polls;
} collect_t;
static fut_poll_t collect_poll(collect_t *self, fut_context_t *cx) {
    box_t *box = self->box;
    long   sum = 0;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        self->polls = 0;
        box->waker  = fut_waker_clone(fut_context_waker(cx));
        STORE(box->open, true);
    }
    (void)fut_context_waker(cx); /* always the same one */
    self->polls++;
    for (int i = 0; i < THREADS; i++) {
        long posted = LOAD(box->posted[i]);
        STORE(box->seen[i], posted);
        sum += posted;
    }
    if (sum < self->total) return fut_pending(&self->future);
    fut_waker_drop(box->waker);
    self->output = self->polls;
    return fut_ready(&self->future);
}
FUT_DEFINE(collect);

typedef struct poster {
    box_t *box;
    int    index;
    long   count, late; /* wakes after the last one */
    bool   handshake;   /* wait until each was seen: then a lost wake is a hang */
} poster_t;
static void *post(void *argument) {
    const poster_t *self = argument;
    box_t          *box  = self->box;
    while (!LOAD(box->open)) sched_yield();
    for (long i = 1; i <= self->count; i++) {
        ADD(box->posted[self->index], 1);
        if (i % 3)
            fut_wake(box->waker);
        else
            fut_wake_from_interrupt(box->waker);
        while (self->handshake && LOAD(box->seen[self->index]) < i) sched_yield();
    }
    for (long i = 0; i < self->late; i++) fut_wake(box->waker);
    return NULL;
}

/* Yields until *stop: keeps the executor awake. */
typedef struct busy {
    ASYNC_FRAME(busy, void, const bool *stop);
} busy_t;
ASYNC(busy) {
    ASYNC_BEGIN();
    while (!*self->stop) YIELD();
    ASYNC_RETURN();
    ASYNC_END();
}

static void all_is_seen(long count, bool handshake, bool awake, fut_executor_options_t options) {
    fut_executor_t executor;
    box_t          box;
    poster_t       posters[THREADS];
    pthread_t      threads[THREADS];
    bool           stop = false;
    long           polls;

    CHECK(fut_executor_init(&executor, &options) == 0);
    memset(&box, 0, sizeof box);
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (poster_t){&box, i, count, 1000, handshake};
        threads[i] = start(post, &posters[i]);
    }
    if (awake) DETACH(SPAWN(&executor, busy, &stop));
    polls = BLOCK_ON(&executor, collect, &box, count * THREADS);
    CHECK(polls > 0 && polls <= (count + 1000) * THREADS + 1); /* at most one for each wake, and the first */
    stop = true;
    CHECK(fut_executor_run(&executor) == 0);
    for (int i = 0; i < THREADS; i++) join(threads[i]); /* their late wakes meet a task that has ended */
    CHECK(BLOCK_ON(&executor, fut_sleep, FUT_US(1)) == 0);
    fut_executor_destroy(&executor);
}

static void no_wake_is_lost_in_a_storm(void) { all_is_seen(10000, false, false, (fut_executor_options_t){0}); }
static void no_wake_is_lost_one_at_a_time(void) { all_is_seen(600, true, false, (fut_executor_options_t){0}); }
static void no_wake_is_lost_while_another_task_is_busy(void) {
    all_is_seen(600, true, true, (fut_executor_options_t){0});
}
static void no_wake_is_lost_with_a_lifo_slot(void) {
    all_is_seen(600, true, false, (fut_executor_options_t){.lifo = true});
}
static void no_wake_is_lost_on_a_virtual_clock(void) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    CHECK(clock != NULL);
    all_is_seen(600, true, false, (fut_executor_options_t){.driver = fut_virtual_clock_driver(clock)});
    fut_virtual_clock_free(clock);
}

/* ---- A thousand wakes while nobody looks ------------------------------------------------------------------------ */

static void many_wakes_while_nobody_looks_make_one_poll(void) {
    fut_executor_t      executor;
    box_t               box;
    pthread_t           threads[THREADS];
    poster_t            posters[THREADS];
    struct collect_join handle;

    CHECK(fut_executor_init(&executor, NULL) == 0);
    memset(&box, 0, sizeof box);
    handle = SPAWN(&executor, collect, &box, 1000 * THREADS);
    CHECK(fut_executor_run_until_stalled(&executor) == 1);
    for (int i = 0; i < THREADS; i++) {
        posters[i] = (poster_t){&box, i, 1000, 0, false};
        threads[i] = start(post, &posters[i]);
    }
    for (int i = 0; i < THREADS; i++) join(threads[i]);
    CHECK(fut_executor_run_until_stalled(&executor) == 0);
    CHECK(fut_join_is_done(&handle.join));
    fut_context_t cx;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    CHECK(fut_poll(&handle.join.future, &cx) == FUT_READY);
    CHECK(handle.output == 2); /* the first, and one for four thousand wakes */
    fut_executor_destroy(&executor);
}

/* ---- Many tasks ------------------------------------------------------------------------------------------------- */

/* Tasks that come, wait for a number of events, and go; threads that wake any of them at any time. */
enum { SLOTS = 16, LIVES = 60, EVENTS = 8 };
static struct slot {
    pthread_mutex_t lock;
    fut_waker_t     waker;  /* of the present tenant, or of the last one */
    long            events; /* atomic */
} slots[SLOTS];
static bool finished; /* atomic */

typedef struct mayfly {
    FUT_FUTURE(mayfly, int, struct slot *slot);
    long until;
} mayfly_t;
static fut_poll_t mayfly_poll(mayfly_t *self, fut_context_t *cx) {
    struct slot *slot = self->slot;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        pthread_mutex_lock(&slot->lock);
        slot->waker = fut_context_waker(cx);
        pthread_mutex_unlock(&slot->lock);
        self->until = LOAD(slot->events) + EVENTS;
    }
    (void)fut_context_waker(cx);
    if (LOAD(slot->events) < self->until) return fut_pending(&self->future);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(mayfly);

typedef struct lives {
    ASYNC_FRAME(lives, int, int slot);
    struct mayfly_join mayfly;
    int                i;
} lives_t;
ASYNC(lives) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < LIVES; self->i++) {
        self->mayfly = SPAWN(fut_executor_of(cx), mayfly, &slots[self->slot]);
        if ((self->i + self->slot) % 5 == 0) fut_join_cancel(&self->mayfly.join); /* some are cancelled under fire */
        AWAIT(self->mayfly);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void *wake_anybody(void *seed) {
    while (!LOAD(finished)) {
        struct slot *slot = &slots[any(seed) % SLOTS];
        fut_waker_t  waker;
        pthread_mutex_lock(&slot->lock);
        waker = slot->waker;
        pthread_mutex_unlock(&slot->lock);
        ADD(slot->events, 1);
        fut_wake(waker);
    }
    return NULL;
}

typedef struct everybody {
    ASYNC_FRAME(everybody, int);
    struct lives_join lives[SLOTS];
    int               i;
} everybody_t;
ASYNC(everybody) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < SLOTS; self->i++) self->lives[self->i] = SPAWN(fut_executor_of(cx), lives, self->i);
    for (self->i = 0; self->i < SLOTS; self->i++) AWAIT_TRY(self->lives[self->i]);
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* The wake after an event may go to the tenant before; then a later event does it. */
static void tasks_come_and_go_under_fire(void) {
    fut_executor_t executor;
    pthread_t      threads[THREADS];
    unsigned       seeds[THREADS];
    fut_waker_t    hope;

    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int i = 0; i < SLOTS; i++) pthread_mutex_init(&slots[i].lock, NULL);
    /* One clone says for all of them that wakes come from outside. */
    struct mayfly_join first = SPAWN(&executor, mayfly, &slots[0]);
    CHECK(fut_executor_run_until_stalled(&executor) == 1);
    hope = fut_waker_clone(slots[0].waker);
    for (int i = 0; i < THREADS; i++) {
        seeds[i]   = (unsigned)i;
        threads[i] = start(wake_anybody, &seeds[i]);
    }
    CHECK(BLOCK_ON(&executor, everybody) == 0);
    STORE(finished, true);
    for (int i = 0; i < THREADS; i++) join(threads[i]);
    fut_waker_drop(hope);
    DETACH(first);
    fut_executor_destroy(&executor);
}

int main(void) {
    RUN(no_wake_is_lost_in_a_storm);
    RUN(no_wake_is_lost_one_at_a_time);
    RUN(no_wake_is_lost_while_another_task_is_busy);
    RUN(no_wake_is_lost_with_a_lifo_slot);
    RUN(no_wake_is_lost_on_a_virtual_clock);
    RUN(many_wakes_while_nobody_looks_make_one_poll);
    RUN(tasks_come_and_go_under_fire);
    return finish();
}

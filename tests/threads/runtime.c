/* A runtime under fire: tasks that move, wakes from everywhere, handles on other threads. Nothing is lost, nothing runs
 * twice, and ThreadSanitizer sees no race. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>

#include "future/event.h"
#include "future/mutex.h"
#include "future/notify.h"
#include "future/runtime.h"
#include "future/scope.h"

#include "plain.h"

#include "../meeting.h"
#include "../sanitized.h"

static fut_runtime_t runtime;

static bool lifo; /* the tests of free tasks run with the latest first, too */

static void open_with(fut_runtime_options_t options) {
    options.lifo = lifo;
    CHECK(fut_runtime_init(&runtime, &options) == 0);
}
static void open_workers(unsigned workers) { open_with((fut_runtime_options_t){.workers = workers, .search = 5}); }
static void shut(void) {
    CHECK(fut_runtime_tasks(&runtime) == 0);
    fut_runtime_destroy(&runtime);
}

/* ---- Trees: every task runs once ---------------------------------------------------------------------------------- */

typedef struct tree {
    ASYNC_FRAME(tree, long, int depth);
    struct tree_join *left_right;
} tree_t;
ASYNC(tree) {
    ASYNC_BEGIN();
    if (self->depth == 0) ASYNC_RETURN(1);
    self->left_right    = malloc(2 * sizeof *self->left_right);
    self->left_right[0] = SPAWN(fut_runtime_of(cx), tree, self->depth - 1);
    self->left_right[1] = SPAWN(fut_runtime_of(cx), tree, self->depth - 1);
    AWAIT(self->left_right[0]);
    AWAIT(self->left_right[1]);
    self->output = self->left_right[0].output + self->left_right[1].output;
    free(self->left_right);
    ASYNC_RETURN(self->output);
    ASYNC_END();
}

static void every_leaf_of_a_tree_is_counted_once(void) {
    for (unsigned workers = 1; workers <= 4; workers++) {
        open_workers(workers);
        for (int i = 0; i < 5; i++) CHECK(BLOCK_ON(&runtime, tree, 11) == 1 << 11);
        shut();
    }
}

/* ---- Yields ------------------------------------------------------------------------------------------------------- */

static long polls; /* atomic */

typedef struct storm {
    ASYNC_FRAME(storm, int, int times);
    int i;
} storm_t;
ASYNC(storm) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) YIELD();
    ADD(polls, self->times);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct storms {
    ASYNC_FRAME(storms, int, int count; int times);
    int                i;
    struct storm_join *all;
} storms_t;
ASYNC(storms) {
    ASYNC_BEGIN();
    self->all = malloc((size_t)self->count * sizeof *self->all);
    for (self->i = 0; self->i < self->count; self->i++)
        self->all[self->i] = SPAWN(fut_runtime_of(cx), storm, self->times);
    for (self->i = 0; self->i < self->count; self->i++) AWAIT(self->all[self->i]);
    free(self->all);
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void a_storm_of_yields_ends(void) {
    open_workers(3);
    polls = 0;
    CHECK(BLOCK_ON(&runtime, storms, 1000, 50) == 0); /* more than a run queue holds */
    CHECK(polls == 50000);
    CHECK(BLOCK_ON(&runtime, storms, 3, 5000) == 0);
    shut();
}

/* ---- As many as there are workers compute at once: none is left alone while another worker sleeps ------------------- */

static void nobody_sleeps_while_a_task_waits_for_a_worker(void) {
    for (int workers = 2; workers <= 4; workers++) {
        open_with((fut_runtime_options_t){.workers = (unsigned)workers, .search = workers == 3 ? 20 : -1});
        for (int i = 0; i < 500; i++) {
            struct meet_join handles[4];
            CHECK(BLOCK_ON(&runtime, meets, workers) == 0);
            STORE(meeting, 0);
            for (int n = 0; n < workers; n++) handles[n] = SPAWN(&runtime, meet, workers);
            for (int n = 0; n < workers; n++) CHECK(fut_wait_on_thread(&handles[n].join.future) == 0);
        }
        while (fut_runtime_tasks(&runtime) > 0) sched_yield();
        shut();
    }
}

/* ---- Handles on other threads ------------------------------------------------------------------------------------- */

typedef struct answer {
    ASYNC_FRAME(answer, int, int value; int yields);
    int i;
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->yields; self->i++) YIELD();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

static long sums; /* atomic */

static void *spawn_from_outside(void *argument) {
    unsigned seed = *(unsigned *)argument;
    for (int i = 0; i < 400; i++) {
        struct answer_join handle = SPAWN(&runtime, answer, i, (int)(any(&seed) % 3));
        switch (any(&seed) % 5) {
            case 0: /* wait for it */
                CHECK(fut_wait_on_thread(&handle.join.future) == 0);
                CHECK(handle.output == i);
                break;
            case 1: /* look until it is there */
                while (fut_join_take(&handle.join) == -EAGAIN) sched_yield();
                CHECK(handle.output == i);
                break;
            case 2: DETACH(handle); break;
            case 3: fut_drop(&handle.join.future); break;
            default: /* cancel it, perhaps too late */
                fut_join_cancel(&handle.join);
                CHECK(fut_wait_on_thread(&handle.join.future) == 0);
                CHECK(handle.output == i || handle.output == -ECANCELED);
        }
        ADD(sums, 1);
    }
    return NULL;
}

static void handles_live_on_any_thread(void) {
    unsigned  seeds[4];
    pthread_t threads[4];
    open_workers(2);
    sums = 0;
    for (int i = 0; i < 4; i++) {
        seeds[i]   = (unsigned)i;
        threads[i] = start(spawn_from_outside, &seeds[i]);
    }
    for (int i = 0; i < 4; i++) join(threads[i]);
    CHECK(sums == 1600);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield(); /* those that were detached */
    shut();
}

/* ---- Wakes -------------------------------------------------------------------------------------------------------- */

enum { POSTERS = 3, BOXES = 8, POSTS = 300 };
typedef struct box {
    fut_waker_t waker;
    bool        open;                           /* atomic */
    long        posted[POSTERS], seen[POSTERS]; /* atomic */
    long        inside;                         /* atomic: polls under way, which must not be two */
} box_t;
static box_t boxes[BOXES];

typedef struct collect {
    FUT_FUTURE(collect, int, box_t *box);
    long polled; /* not atomic: passes from worker to worker */
} collect_t;
static fut_poll_t collect_poll(collect_t *self, fut_context_t *cx) {
    box_t *box = self->box;
    long   sum = 0;
    if (fut_is_done(&self->future)) return FUT_READY;
    CHECK(ADD(box->inside, 1) == 1);
    if (self->future.point == FUT_POINT_START) {
        self->polled = 0;
        box->waker   = fut_context_waker(cx);
        STORE(box->open, true);
    }
    (void)fut_context_waker(cx);
    self->polled++;
    for (int i = 0; i < POSTERS; i++) {
        long posted = LOAD(box->posted[i]);
        STORE(box->seen[i], posted);
        sum += posted;
    }
    ADD(box->inside, -1);
    if (sum < POSTERS * POSTS) return fut_pending(&self->future);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(collect);

typedef struct poster {
    int  index;
    bool handshake;
} poster_t;
static void *post(void *argument) {
    const poster_t *self = argument;
    for (int b = 0; b < BOXES; b++)
        while (!LOAD(boxes[b].open)) sched_yield();
    for (long i = 1; i <= POSTS; i++)
        for (int b = 0; b < BOXES; b++) {
            ADD(boxes[b].posted[self->index], 1);
            if (i % 3)
                fut_wake(boxes[b].waker);
            else
                fut_wake_from_interrupt(boxes[b].waker);
            while (self->handshake && LOAD(boxes[b].seen[self->index]) < i) sched_yield();
        }
    for (int i = 0; i < 100; i++) fut_wake(boxes[i % BOXES].waker);
    return NULL;
}

static void all_is_seen(unsigned workers, bool handshake, bool no_stealing) {
    struct collect_join handles[BOXES];
    poster_t            posters[POSTERS];
    pthread_t           threads[POSTERS];
    open_with((fut_runtime_options_t){.workers = workers, .search = -1, .no_stealing = no_stealing});
    memset(boxes, 0, sizeof boxes);
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (poster_t){i, handshake};
        threads[i] = start(post, &posters[i]);
    }
    for (int b = 0; b < BOXES; b++) handles[b] = SPAWN(&runtime, collect, &boxes[b]);
    for (int b = 0; b < BOXES; b++) CHECK(fut_wait_on_thread(&handles[b].join.future) == 0 && handles[b].output == 0);
    for (int i = 0; i < POSTERS; i++) join(threads[i]); /* their last wakes meet tasks that have ended */
    shut();
}
static void no_wake_from_outside_is_lost_in_a_storm(void) { all_is_seen(2, false, false); }
static void no_wake_from_outside_is_lost_one_at_a_time(void) { all_is_seen(2, true, false); }
static void no_wake_from_outside_is_lost_where_tasks_are_bound(void) { all_is_seen(2, true, true); }

/* ---- Ping-pong ---------------------------------------------------------------------------------------------------- */

static fut_notify_t ping, pong;

typedef struct player {
    ASYNC_FRAME(player, int, fut_notify_t *mine; fut_notify_t *other; int rounds);
    fut_notify_wait_t wait;
    int               i;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->rounds; self->i++) {
        AWAIT(self->wait, fut_notify_wait, self->mine);
        fut_notify_one(self->other);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void a_ball_between_two_workers_is_never_lost(void) {
    struct player_join a, b;
    open_workers(2);
    fut_notify_init(&ping);
    fut_notify_init(&pong);
    a = SPAWN_ON(&runtime, 0, player, &ping, &pong, 3000);
    b = SPAWN_ON(&runtime, 1, player, &pong, &ping, 3000);
    fut_notify_one(&ping);
    CHECK(fut_wait_on_thread(&a.join.future) == 0);
    CHECK(fut_wait_on_thread(&b.join.future) == 0);
    shut();
}

/* ---- A mutex, where plain memory passes between workers ------------------------------------------------------------ */

static fut_mutex_t mutex;
static long        guarded;

typedef struct adder {
    ASYNC_FRAME(adder, int, int times);
    fut_mutex_lock_t lock;
    int              i;
} adder_t;
ASYNC(adder) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT(self->lock, fut_mutex_lock, &mutex);
        guarded++;
        fut_mutex_unlock(&mutex);
        if (self->i % 7 == 0) YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void a_mutex_holds_between_workers(void) {
    struct adder_join handles[16];
    open_workers(3);
    fut_mutex_init(&mutex);
    guarded = 0;
    for (int i = 0; i < 16; i++) handles[i] = SPAWN(&runtime, adder, 500);
    for (int i = 0; i < 16; i++) CHECK(fut_wait_on_thread(&handles[i].join.future) == 0);
    CHECK(guarded == 8000);
    shut();
}

/* ---- Timers, descriptors, scopes ----------------------------------------------------------------------------------- */

typedef struct sleeper {
    ASYNC_FRAME(sleeper, int, int times);
    fut_sleep_t nap;
    int         i, worker;
} sleeper_t;
ASYNC(sleeper) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        YIELD();
        AWAIT(self->nap, fut_sleep, FUT_US(10 * (self->i % 3)));
        if (self->i == 2) self->worker = fut_runtime_worker(&runtime); /* it has waited for a timer by now */
        if (self->i > 2 && self->worker != fut_runtime_worker(&runtime)) ASYNC_RETURN(-EXDEV);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void whoever_has_slept_stays(void) {
    struct sleeper_join handles[64];
    open_workers(3);
    for (int i = 0; i < 64; i++) handles[i] = SPAWN(&runtime, sleeper, 40);
    for (int i = 0; i < 64; i++) {
        CHECK(fut_wait_on_thread(&handles[i].join.future) == 0);
        CHECK(handles[i].output == 0);
    }
    shut();
}

typedef struct echo {
    ASYNC_FRAME(echo, int, int fd);
    char byte;
    union {
        fut_read_t  read;
        fut_write_t write;
    } io;
} echo_t;
ASYNC(echo) {
    ASYNC_BEGIN();
    for (;;) {
        AWAIT(self->io.read, fut_read, self->fd, &self->byte, 1);
        if (self->io.read.output <= 0) ASYNC_RETURN((int)self->io.read.output);
        AWAIT(self->io.write, fut_write, self->fd, &self->byte, 1);
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

typedef struct caller {
    ASYNC_FRAME(caller, int, int fd; int times);
    char byte;
    int  i;
    union {
        fut_read_t  read;
        fut_write_t write;
    } io;
} caller_t;
ASYNC(caller) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        self->byte = (char)self->i;
        AWAIT(self->io.write, fut_write, self->fd, &self->byte, 1);
        AWAIT(self->io.read, fut_read, self->fd, &self->byte, 1);
        if (self->io.read.output != 1 || self->byte != (char)self->i) ASYNC_RETURN(-EIO);
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

#include <sys/socket.h>
static void bytes_go_round_between_workers(void) {
    struct echo_join   echoes[16];
    struct caller_join callers[16];
    open_workers(2);
    for (int i = 0; i < 16; i++) {
        int pair[2];
        CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
        echoes[i]  = SPAWN(&runtime, echo, pair[0]);
        callers[i] = SPAWN(&runtime, caller, pair[1], 100);
    }
    for (int i = 0; i < 16; i++) {
        CHECK(fut_wait_on_thread(&callers[i].join.future) == 0 && callers[i].output == 0);
        CHECK(fut_wait_on_thread(&echoes[i].join.future) == 0 && echoes[i].output == 0);
    }
    shut();
}

typedef struct child {
    ASYNC_FRAME(child, int, int *sum);
    int i;
} child_t;
ASYNC(child) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 5; self->i++) {
        YIELD();
        *self->sum += 1; /* of the parent's frame, without a lock */
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct parent {
    ASYNC_FRAME(parent, int);
    fut_scope_t scope;
    int         sum, i;
} parent_t;
ASYNC(parent) {
    ASYNC_BEGIN();
    self->sum = 0;
    SCOPE(self->scope) {
        for (self->i = 0; self->i < 20; self->i++) SCOPE_SPAWN_NEW(self->scope, child, &self->sum);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

static void a_scope_stays_together(void) {
    struct parent_join handles[32];
    open_workers(3);
    for (int i = 0; i < 32; i++) handles[i] = SPAWN(&runtime, parent);
    for (int i = 0; i < 32; i++) {
        CHECK(fut_wait_on_thread(&handles[i].join.future) == 0);
        CHECK(handles[i].output == 100);
    }
    shut();
}

/* ---- Cancelling ---------------------------------------------------------------------------------------------------- */

static long begun, ended; /* atomic */

typedef struct patient {
    ASYNC_FRAME(patient, int, int kind);
    fut_sleep_t       nap;
    fut_notify_wait_t wait;
} patient_t;
static fut_notify_t never;
ASYNC(patient) {
    ASYNC_BEGIN();
    ADD(begun, 1);
    for (;;) {
        if (self->kind % 3 == 0) AWAIT(self->nap, fut_sleep, FUT_S(1000));
        if (self->kind % 3 == 1) AWAIT(self->wait, fut_notify_wait, &never);
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    AWAIT(self->nap, fut_sleep, FUT_US(self->kind % 50));
    ADD(ended, 1);
    ASYNC_END();
}

static void who_has_begun_comes_to_its_finally(bool gracefully) {
    open_workers(2);
    fut_notify_init(&never);
    begun = ended = 0;
    for (int i = 0; i < 300; i++) DETACH(SPAWN(&runtime, patient, i));
    while (LOAD(begun) < 150) sched_yield();
    if (gracefully) {
        CHECK(fut_runtime_shutdown(&runtime, 20000000000) == 0);
        CHECK(fut_runtime_tasks(&runtime) == 0);
    }
    fut_runtime_destroy(&runtime);
    if (gracefully) CHECK(begun == ended);
}
static void shutting_down_waits_for_every_finally(void) { who_has_begun_comes_to_its_finally(true); }
static void destroying_drops_what_is_left(void) { who_has_begun_comes_to_its_finally(false); }

static void *cancel_some(void *argument) {
    struct patient_join *handles = argument;
    for (int i = 0; i < 100; i++) fut_join_cancel(&handles[i].join);
    for (int i = 0; i < 100; i++) CHECK(fut_wait_on_thread(&handles[i].join.future) == 0);
    return NULL;
}
static void handles_cancel_from_any_thread(void) {
    static struct patient_join handles[2][100];
    pthread_t                  threads[2];
    open_workers(2);
    fut_notify_init(&never);
    begun = ended = 0;
    for (int t = 0; t < 2; t++) {
        for (int i = 0; i < 100; i++) handles[t][i] = SPAWN(&runtime, patient, i);
        threads[t] = start(cancel_some, handles[t]);
    }
    for (int t = 0; t < 2; t++) join(threads[t]);
    CHECK(begun == ended);
    shut();
}

/* Threads go on spawning while it shuts down: each task ends, by itself or cancelled, or was refused. */
static long accepted; /* atomic */

static void *spawn_until_refused(void *unused) {
    for (;;) {
        struct answer_join detached = SPAWN(&runtime, answer, 1, 2), handle;
        if (detached.join.status < 0) break;
        DETACH(detached);
        handle = SPAWN(&runtime, answer, 1, 1);
        if (handle.join.status == 0) ADD(accepted, 1);
        CHECK(fut_wait_on_thread(&handle.join.future) == 0);
        CHECK(handle.output == (handle.join.status < 0 ? -ECANCELED : 1));
    }
    return unused;
}
static void shutting_down_in_a_storm_of_spawns_loses_nobody(void) {
    for (int round = 0; round < 20; round++) {
        pthread_t threads[2];
        open_workers(2);
        accepted = 0;
        for (int t = 0; t < 2; t++) threads[t] = start(spawn_until_refused, NULL);
        while (LOAD(accepted) < 50) sched_yield();
        CHECK(fut_runtime_shutdown(&runtime, -1) == 0);
        CHECK(fut_runtime_tasks(&runtime) == 0);
        for (int t = 0; t < 2; t++) join(threads[t]);
        shut();
    }
}

/* ---- The latest ---------------------------------------------------------------------------------------------------- */

/* Each makes one, which is alone on its worker, and stays in its poll for a while: long enough for a thief, or not. What
 * it has written before is plain memory. */
typedef struct chain {
    ASYNC_FRAME(chain, long, long left; const long *above);
    long              mine;
    struct chain_join next;
} chain_t;
ASYNC(chain) {
    ASYNC_BEGIN();
    CHECK(*self->above == self->left + 1);
    if (self->left == 0) ASYNC_RETURN(0);
    self->mine = self->left;
    self->next = SPAWN(fut_runtime_of(cx), chain, self->left - 1, &self->mine);
    for (volatile long i = 0; i < self->left * 7919 % 3000;) i = i + 1;
    AWAIT(self->next);
    ASYNC_RETURN(self->next.output + 1);
    ASYNC_END();
}

static void the_latest_is_polled_once_and_sees_what_was_written_before(void) {
    static const long     above = 3001;
    fut_runtime_metrics_t metrics;
    uint64_t              stolen = 0;
    for (int round = 0; round < 20; round++) {
        open_with((fut_runtime_options_t){.workers = 2 + (unsigned)round % 2, .search = 1000});
        CHECK(BLOCK_ON(&runtime, chain, 3000, &above) == 3000);
        fut_runtime_metrics(&runtime, &metrics, NULL, 0);
        stolen += metrics.total.stolen;
        while (fut_runtime_tasks(&runtime) > 0) sched_yield();
        shut();
    }
    CHECK(stolen > 0);
}

/* ---- Signals ------------------------------------------------------------------------------------------------------- */

static void on_signal(int number) {
    (void)number;
    for (int b = 0; b < BOXES; b++) {
        if (!LOAD(boxes[b].open)) continue; /* they all are; this thread has not seen it yet */
        ADD(boxes[b].posted[0], 1);
        fut_wake_from_interrupt(boxes[b].waker);
    }
}

/* ThreadSanitizer keeps a signal back until its thread does something that it looks at. A thread that falls asleep just
 * then has to be disturbed, by a signal that wakes no task. */
static void disturb(int number) { (void)number; }

static void *send_signals(void *unused) {
    for (int b = 0; b < BOXES; b++)
        while (!LOAD(boxes[b].open)) sched_yield();
    for (long i = 0; i < POSTERS * POSTS; i++) {
        kill(getpid(), SIGUSR1); /* some thread gets it, a worker or this one */
        for (long n = 1; LOAD(boxes[0].seen[0]) < i + 1; n++) {
            if (SANITIZED && n % 10000 == 0) kill(getpid(), SIGUSR2);
            sched_yield();
        }
    }
    return unused;
}
static void wakes_from_handlers_on_top_of_workers_arrive(void) {
    struct collect_join handles[BOXES];
    pthread_t           thread;
    struct sigaction    action = {.sa_handler = on_signal}, other = {.sa_handler = disturb};
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &other, NULL);
    open_workers(2);
    memset(boxes, 0, sizeof boxes);
    thread = start(send_signals, NULL);
    for (int b = 0; b < BOXES; b++) handles[b] = SPAWN(&runtime, collect, &boxes[b]);
    for (int b = 0; b < BOXES; b++) CHECK(fut_wait_on_thread(&handles[b].join.future) == 0);
    join(thread);
    shut();
}

/* ---- Stale wakers -------------------------------------------------------------------------------------------------- */

static bool  finished; /* atomic */
static void *wake_the_dead(void *unused) {
    while (!LOAD(finished))
        for (int b = 0; b < BOXES; b++)
            if (LOAD(boxes[b].open)) fut_wake(boxes[b].waker);
    return unused;
}
typedef struct leave_waker {
    FUT_FUTURE(leave_waker, int, box_t *box);
} leave_waker_t;
static fut_poll_t leave_waker_poll(leave_waker_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    self->box->waker = fut_context_waker(cx);
    STORE(self->box->open, true);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(leave_waker);
static void wakers_outlive_their_runtime(void) {
    pthread_t thread;
    memset(boxes, 0, sizeof boxes);
    open_workers(2);
    for (int b = 0; b < BOXES; b++) CHECK(BLOCK_ON(&runtime, leave_waker, &boxes[b]) == 0);
    thread = start(wake_the_dead, NULL);
    shut();
    for (unsigned i = 1; i < 10; i++) {
        open_workers(i % 3 + 1);
        CHECK(BLOCK_ON(&runtime, tree, 6) == 1 << 6);
        shut();
    }
    STORE(finished, true);
    join(thread);
}

static void tasks_that_are_free(void) {
    RUN(every_leaf_of_a_tree_is_counted_once);
    RUN(a_storm_of_yields_ends);
    RUN(nobody_sleeps_while_a_task_waits_for_a_worker);
    RUN(handles_live_on_any_thread);
    RUN(no_wake_from_outside_is_lost_in_a_storm);
    RUN(no_wake_from_outside_is_lost_one_at_a_time);
    RUN(a_mutex_holds_between_workers);
    RUN(the_latest_is_polled_once_and_sees_what_was_written_before);
    RUN(shutting_down_waits_for_every_finally);
    RUN(destroying_drops_what_is_left);
    RUN(handles_cancel_from_any_thread);
    RUN(shutting_down_in_a_storm_of_spawns_loses_nobody);
}

int main(void) {
    tasks_that_are_free();
    RUN(no_wake_from_outside_is_lost_where_tasks_are_bound);
    RUN(a_ball_between_two_workers_is_never_lost);
    RUN(whoever_has_slept_stays);
    RUN(bytes_go_round_between_workers);
    RUN(a_scope_stays_together);
    RUN(wakes_from_handlers_on_top_of_workers_arrive);
    RUN(wakers_outlive_their_runtime);
    lifo = true;
    tasks_that_are_free();
    return finish();
}

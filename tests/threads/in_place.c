/* Workers that go from hand to hand: tasks block in place while others sleep, read, yield and are bound there. Nothing is lost,
 * no task is polled twice at once, and ThreadSanitizer sees no race. */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/socket.h>

#include "future/event.h"
#include "future/runtime.h"
#include "future/waiter.h"
#include "future/watchdog.h"

#include "plain.h"

static fut_runtime_t runtime;
static bool          finished; /* atomic */

static void open_with(fut_runtime_options_t options) { CHECK(fut_runtime_init(&runtime, &options) == 0); }
static void shut(void) {
    CHECK(fut_runtime_tasks(&runtime) == 0);
    fut_runtime_destroy(&runtime);
}

/* ---- A crowd of which some block ---------------------------------------------------------------------------------- */

static long called; /* atomic */

static void pause_for(void *microseconds) {
    ADD(called, 1);
    if (*(unsigned *)microseconds > 0) usleep(*(unsigned *)microseconds);
    *(unsigned *)microseconds = 0;
}

typedef struct blocks {
    ASYNC_FRAME(blocks, int, unsigned seed; int times);
    fut_sleep_t nap;
    unsigned    pause;
    int         i, worker, polled; /* plain: `polled` counts in and out */
} blocks_t;
ASYNC(blocks) {
    ASYNC_BEGIN();
    self->polled = 0;
    for (self->i = 0; self->i < self->times; self->i++) {
        self->pause  = any(&self->seed) % 4 ? 0 : any(&self->seed) % 300;
        self->worker = fut_runtime_worker(&runtime);
        CHECK(self->polled++ == 0);
        CHECK(fut_in_place(pause_for, &self->pause) == 0);
        CHECK(--self->polled == 0);
        CHECK(self->pause == 0);
        CHECK(fut_runtime_worker(&runtime) == self->worker);
        if (any(&self->seed) % 2)
            YIELD();
        else if (any(&self->seed) % 2)
            AWAIT(self->nap, fut_sleep, FUT_US(any(&self->seed) % 50));
    }
    ASYNC_RETURN(1);
    ASYNC_END();
}

/* On one worker, with a timer each time: its own memory is plain. */
static long ticks[4];
typedef struct ticks_on {
    ASYNC_FRAME(ticks_on, int, int worker; int times);
    fut_sleep_t nap;
    int         i;
} ticks_on_t;
ASYNC(ticks_on) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT(self->nap, fut_sleep, FUT_US(20));
        CHECK(fut_runtime_worker(&runtime) == self->worker);
        ticks[self->worker]++; /* plain: tasks of one worker take turns, whoever operates it */
    }
    ASYNC_RETURN(1);
    ASYNC_END();
}

typedef struct echo {
    ASYNC_FRAME(echo, int, int fd; int times; bool first);
    char byte;
    int  i;
    union {
        fut_read_t  read;
        fut_write_t write;
    } io;
} echo_t;
ASYNC(echo) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        if (self->first) AWAIT(self->io.write, fut_write, self->fd, "x", 1);
        AWAIT(self->io.read, fut_read, self->fd, &self->byte, 1);
        if (!self->first) AWAIT(self->io.write, fut_write, self->fd, "y", 1);
    }
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

static void nothing_is_lost(unsigned workers, fut_runtime_options_t options) {
    struct blocks_join   blocking[24];
    struct ticks_on_join ticking[8];
    struct echo_join     echoes[2];
    int                  pair[2];
    options.workers = workers;
    open_with(options);
    called = 0;
    memset(ticks, 0, sizeof ticks);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    for (int i = 0; i < 2; i++) echoes[i] = SPAWN_ON(&runtime, (unsigned)i % workers, echo, pair[i], 100, i == 0);
    for (int i = 0; i < 8; i++) {
        const int worker = i % (int)workers;
        ticking[i]       = SPAWN_ON(&runtime, (unsigned)worker, ticks_on, worker, 50);
    }
    for (int i = 0; i < 24; i++)
        blocking[i] = i % 2 ? SPAWN(&runtime, blocks, (unsigned)i, 20)
                            : SPAWN_ON(&runtime, (unsigned)i % workers, blocks, (unsigned)i, 20);
    for (int i = 0; i < 24; i++) CHECK(fut_wait_on_thread(&blocking[i].join.future) == 0 && blocking[i].output == 1);
    for (int i = 0; i < 8; i++) CHECK(fut_wait_on_thread(&ticking[i].join.future) == 0 && ticking[i].output == 1);
    for (int i = 0; i < 2; i++) CHECK(fut_wait_on_thread(&echoes[i].join.future) == 0 && echoes[i].output == 1);
    CHECK(called == 24 * 20);
    CHECK(ticks[0] + ticks[1] + ticks[2] + ticks[3] == 8 * 50);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    shut();
}
static void one_worker_goes_from_hand_to_hand(void) { nothing_is_lost(1, (fut_runtime_options_t){.search = -1}); }
static void two_workers_go_from_hand_to_hand(void) { nothing_is_lost(2, (fut_runtime_options_t){.search = 5}); }
static void three_workers_without_stealing_do(void) {
    nothing_is_lost(3, (fut_runtime_options_t){.no_stealing = true});
}
static void two_workers_on_their_cores_do(void) { nothing_is_lost(2, (fut_runtime_options_t){.affinity = true}); }

/* ---- Waiting in place for a task of the same worker ------------------------------------------------------------------ */

typedef struct answer {
    ASYNC_FRAME(answer, int, int value);
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

static void ask(void *value) { *(int *)value = BLOCK_ON(&runtime, answer, *(int *)value) + 1; }

typedef struct asks {
    ASYNC_FRAME(asks, int, int depth);
    int value;
} asks_t;
static void ask_deeper(void *depth);
ASYNC(asks) {
    ASYNC_BEGIN();
    self->value = self->depth;
    if (self->depth == 0) {
        CHECK(fut_in_place(ask, &self->value) == 0);
    } else {
        CHECK(fut_in_place(ask_deeper, &self->value) == 0);
    }
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

static void ask_deeper(void *depth) { *(int *)depth = BLOCK_ON(&runtime, asks, *(int *)depth - 1); }
static void a_pile_of_tasks_waits_for_one_another_in_place(void) {
    open_with((fut_runtime_options_t){.workers = 1});
    for (int i = 0; i < 20; i++) CHECK(BLOCK_ON(&runtime, asks, 20) == 1);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    shut();
}

/* ---- Searching --------------------------------------------------------------------------------------------------------- */

static bool came_back, has_run; /* atomic */

typedef struct runs {
    ASYNC_FRAME(runs, int);
} runs_t;
ASYNC(runs) {
    ASYNC_BEGIN();
    STORE(has_run, true);
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* In the rest of its poll it is no help to others, so nobody may count on it. */
typedef struct comes_back {
    ASYNC_FRAME(comes_back, int, unsigned pause);
} comes_back_t;
ASYNC(comes_back) {
    ASYNC_BEGIN();
    CHECK(fut_in_place(pause_for, &self->pause) == 0);
    STORE(came_back, true);
    while (!LOAD(has_run)) sched_yield();
    ASYNC_RETURN(1);
    ASYNC_END();
}

static void who_comes_back_keeps_nobody_asleep(void) {
    open_with((fut_runtime_options_t){.workers = 2, .search = 50});
    for (unsigned i = 0; i < 500; i++) {
        struct comes_back_join handle;
        STORE(came_back, false);
        STORE(has_run, false);
        handle = SPAWN(&runtime, comes_back, i % 4);
        while (!LOAD(came_back)) sched_yield();
        DETACH(SPAWN(&runtime, runs));
        CHECK(fut_wait_on_thread(&handle.join.future) == 0 && handle.output == 1);
        if (i % 8 == 0) usleep(200); /* all sleep */
    }
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    shut();
}

/* ---- The end ----------------------------------------------------------------------------------------------------------- */

static long ended; /* atomic */
typedef struct for_ever {
    ASYNC_FRAME(for_ever, int, unsigned seed);
    fut_sleep_t nap;
    unsigned    pause;
} for_ever_t;
ASYNC(for_ever) {
    ASYNC_BEGIN();
    for (;;) {
        self->pause = any(&self->seed) % 100;
        (void)fut_in_place(pause_for, &self->pause);
        if (any(&self->seed) % 2) AWAIT(self->nap, fut_sleep, FUT_US(any(&self->seed) % 100));
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    self->pause = 10;
    (void)fut_in_place(pause_for, &self->pause);
    ADD(ended, 1);
    ASYNC_END();
}

static void the_end_finds_everybody(bool gracefully) {
    for (unsigned round = 0; round < 20; round++) {
        open_with((fut_runtime_options_t){.workers = 1 + round % 3});
        called = ended = 0;
        for (unsigned i = 0; i < 10; i++) DETACH(SPAWN(&runtime, for_ever, round * 100 + i));
        while (LOAD(called) < 30) sched_yield();
        if (gracefully) {
            CHECK(fut_runtime_shutdown(&runtime, -1) == 0);
            CHECK(ended == 10);
        }
        fut_runtime_destroy(&runtime);
    }
}
static void shutting_down_waits_for_those_in_place(void) { the_end_finds_everybody(true); }
static void destroying_waits_for_those_in_place(void) { the_end_finds_everybody(false); }

/* ---- Looked at --------------------------------------------------------------------------------------------------------- */

static void *dump_until_finished(void *unused) {
    FILE *out = fopen("/dev/null", "w");
    while (!LOAD(finished)) CHECK(fut_runtime_dump(&runtime, out) == 0);
    fclose(out);
    return unused;
}
static void ignore(const fut_stall_t *stall, void *unused) { (void)stall, (void)unused; }

static void dumps_and_a_watchdog_disturb_nobody(void) {
    const fut_watchdog_options_t options = {.limit = FUT_MS(1), .report = ignore};
    struct blocks_join           handles[20];
    fut_watchdog_t               watchdog;
    pthread_t                    thread;
    open_with((fut_runtime_options_t){.workers = 2});
    CHECK(fut_watchdog_init(&watchdog, &options) == 0);
    CHECK(WATCH(&watchdog, &runtime, "server") == 0);
    finished = false;
    thread   = start(dump_until_finished, NULL);
    for (unsigned i = 0; i < 20; i++) handles[i] = SPAWN(&runtime, blocks, i, 20);
    for (int i = 0; i < 20; i++) CHECK(fut_wait_on_thread(&handles[i].join.future) == 0 && handles[i].output == 1);
    STORE(finished, true);
    join(thread);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    shut();
    fut_watchdog_destroy(&watchdog);
}

int main(void) {
    RUN(one_worker_goes_from_hand_to_hand);
    RUN(two_workers_go_from_hand_to_hand);
    RUN(three_workers_without_stealing_do);
    RUN(two_workers_on_their_cores_do);
    RUN(a_pile_of_tasks_waits_for_one_another_in_place);
    RUN(who_comes_back_keeps_nobody_asleep);
    RUN(shutting_down_waits_for_those_in_place);
    RUN(destroying_waits_for_those_in_place);
    RUN(dumps_and_a_watchdog_disturb_nobody);
    return finish();
}

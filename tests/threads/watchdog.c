/* Looking at a runtime from outside while everything moves: dumps and a watchdog read tasks that begin, end, move, are woken
 * and cancelled. Nothing is lost for it, and ThreadSanitizer sees no race. */
#define _GNU_SOURCE
#include <sched.h>

#include "future/channel_local.h"
#include "future/event.h"
#include "future/notify.h"
#include "future/scope.h"
#include "future/watchdog.h"

#include "plain.h"

static fut_runtime_t  runtime;
static fut_watchdog_t watchdog;
static bool           finished; /* atomic */
static long           ended, dumps;

/* ---- A crowd ------------------------------------------------------------------------------------------------------ */

typedef struct walker {
    ASYNC_FRAME(walker, int, unsigned seed);
    fut_sleep_t nap;
    int         i;
} walker_t;
ASYNC(walker) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 5; self->i++) {
        YIELD();
        if (any(&self->seed) % 2) AWAIT(self->nap, fut_sleep, FUT_US(any(&self->seed) % 100));
    }
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    ADD(ended, 1);
    ASYNC_END();
}

/* Its children's frames go with it, whoever looks at them: see visit. */
typedef struct household {
    ASYNC_FRAME(household, int, unsigned seed);
    fut_scope_t scope;
    walker_t    children[3];
} household_t;
ASYNC(household) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->children[0], walker, self->seed);
        SCOPE_SPAWN(self->scope, self->children[1], walker, self->seed + 1);
        SCOPE_SPAWN_NEW(self->scope, walker, self->seed + 2);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct visit {
    ASYNC_FRAME(visit, int, unsigned seed);
    household_t *home;
    char         large[600]; /* memory of its own */
    fut_sleep_t  nap;
} visit_t;
ASYNC(visit) {
    ASYNC_BEGIN();
    self->home = malloc(sizeof *self->home);
    START(*self->home, household, self->seed);
    CHECK(fut_poll(&self->home->future, cx) == FUT_PENDING);
    AWAIT(self->nap, fut_sleep, FUT_US(self->seed % 50));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_drop(&self->home->future); /* at once, children and all */
    free(self->home);
    ASYNC_END();
}

/* Two that talk through plain memory. */
typedef struct talker {
    ASYNC_FRAME(talker, int, fut_local_channel_t *channel);
    fut_local_channel_send_t send;
    int                      i;
} talker_t;
ASYNC(talker) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 20; self->i++) {
        AWAIT(self->send, fut_local_channel_send, self->channel, &self->i);
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
static fut_local_channel_t channels[2]; /* of two workers */
static int                 memory[2][2];
typedef struct listener {
    ASYNC_FRAME(listener, int, fut_local_channel_t *channel);
    fut_local_channel_recv_t recv;
    int                      i, value;
} listener_t;
ASYNC(listener) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 20; self->i++) AWAIT(self->recv, fut_local_channel_recv, self->channel, &self->value);
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

/* ---- Who looks ---------------------------------------------------------------------------------------------------- */

static void *dump_until_finished(void *unused) {
    FILE *out = fopen("/dev/null", "w");
    while (!LOAD(finished)) {
        CHECK(fut_runtime_dump(&runtime, out) == 0);
        ADD(dumps, 1);
    }
    fclose(out);
    return unused;
}

static void a_crowd_loses_nobody_while_it_is_dumped(void) {
    pthread_t threads[2];
    long      expected = 0;
    unsigned  seed     = 1;
    CHECK(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2, .search = 5}) == 0);
    finished = false;
    ended = dumps = 0;
    for (int t = 0; t < 2; t++) threads[t] = start(dump_until_finished, NULL);
    for (int round = 0; round < 30 || LOAD(dumps) < 50; round++) {
        struct walker_join   walkers[20];
        struct visit_join    visits[5];
        struct listener_join listeners[2];
        for (unsigned w = 0; w < 2; w++) {
            CHECK(fut_local_channel_init(&channels[w], memory[w], sizeof(int), 2) == 0);
            listeners[w] = SPAWN_ON(&runtime, w, listener, &channels[w]);
            DETACH(SPAWN_ON(&runtime, w, talker, &channels[w]));
        }
        for (int i = 0; i < 20; i++) walkers[i] = SPAWN(&runtime, walker, any(&seed));
        for (int i = 0; i < 5; i++) visits[i] = SPAWN(&runtime, visit, any(&seed));
        for (int i = 0; i < 20; i += 5) fut_join_cancel(&walkers[i].join);
        for (int i = 0; i < 20; i++) {
            CHECK(fut_wait_on_thread(&walkers[i].join.future) == 0);
            CHECK(walkers[i].output == 1 || (i % 5 == 0 && walkers[i].output == -ECANCELED));
        }
        for (int i = 0; i < 5; i++) CHECK(fut_wait_on_thread(&visits[i].join.future) == 0 && visits[i].output == 0);
        for (int w = 0; w < 2; w++)
            CHECK(fut_wait_on_thread(&listeners[w].join.future) == 0 && listeners[w].output == 19);
        while (fut_runtime_tasks(&runtime) > 0) sched_yield();
        expected += 20;
    }
    CHECK(ended >= expected * 3 / 4); /* those that were cancelled before they began have no FINALLY */
    STORE(finished, true);
    for (int t = 0; t < 2; t++) join(threads[t]);
    fut_runtime_destroy(&runtime);
}

typedef struct sleeper {
    ASYNC_FRAME(sleeper, int);
    fut_sleep_t nap;
} sleeper_t;
ASYNC(sleeper) {
    ASYNC_BEGIN();
    for (;;) AWAIT(self->nap, fut_sleep, FUT_US(20));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    YIELD();
    ADD(ended, 1);
    ASYNC_END();
}

static void shutting_down_while_it_is_dumped_cancels_all(void) {
    for (int round = 0; round < 10; round++) {
        pthread_t thread;
        CHECK(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}) == 0);
        finished = false;
        dumps    = 0;
        for (int i = 0; i < 50; i++) DETACH(SPAWN(&runtime, sleeper));
        thread = start(dump_until_finished, NULL);
        while (LOAD(dumps) < 3) sched_yield();
        CHECK(fut_runtime_shutdown(&runtime, -1) == 0);
        CHECK(fut_runtime_tasks(&runtime) == 0);
        STORE(finished, true);
        join(thread);
        fut_runtime_destroy(&runtime);
    }
}

/* ---- A watchdog --------------------------------------------------------------------------------------------------- */

static long begun, over; /* atomic */

static void count_stall(const fut_stall_t *stall, void *unused) {
    (void)unused;
    CHECK(stall->nanoseconds >= 1000000);
    for (unsigned i = 0; i < stall->depth; i++) CHECK(strlen(stall->frames[i].function) < 48);
    if (stall->over)
        ADD(over, 1);
    else
        ADD(begun, 1);
}

/* Blocks under two frames until it was noticed. */
typedef struct blocks {
    ASYNC_FRAME(blocks, int, long until);
    fut_sleep_t nap;
} blocks_t;
ASYNC(blocks) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_US(1));
    while (LOAD(begun) < self->until) sched_yield();
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct calls {
    ASYNC_FRAME(calls, int, long until);
    blocks_t blocks;
} calls_t;
ASYNC(calls) {
    ASYNC_BEGIN();
    AWAIT(self->blocks, blocks, self->until);
    ASYNC_RETURN(self->blocks.output);
    ASYNC_END();
}

static void *watch_and_unwatch(void *unused) {
    while (!LOAD(finished)) {
        CHECK(WATCH(&watchdog, &runtime, "server") == 0);
        for (int i = 0; i < 200; i++) sched_yield();
        CHECK(UNWATCH(&watchdog, &runtime) == 0);
    }
    return unused;
}

/* Polls of every length, while it is watched now and then. */
static void a_watchdog_disturbs_nobody(void) {
    const fut_watchdog_options_t options = {.limit = FUT_MS(1), .report = count_stall};
    pthread_t                    thread;
    unsigned                     seed = 7;
    CHECK(fut_watchdog_init(&watchdog, &options) == 0);
    CHECK(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}) == 0);
    finished = false;
    thread   = start(watch_and_unwatch, NULL);
    for (int round = 0; round < 50; round++) {
        struct walker_join walkers[20];
        for (int i = 0; i < 20; i++) walkers[i] = SPAWN(&runtime, walker, any(&seed));
        for (int i = 0; i < 20; i++) CHECK(fut_wait_on_thread(&walkers[i].join.future) == 0 && walkers[i].output == 1);
    }
    STORE(finished, true);
    join(thread);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

static void every_stall_is_noticed(void) {
    const fut_watchdog_options_t options = {.limit = FUT_MS(1), .report = count_stall};
    begun = over = 0;
    CHECK(fut_watchdog_init(&watchdog, &options) == 0);
    CHECK(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}) == 0);
    CHECK(WATCH(&watchdog, &runtime, "server") == 0);
    for (int i = 0; i < 30; i++) {
        const long before = LOAD(begun);
        if (i % 10 == 0) usleep(10000); /* it sleeps */
        CHECK(BLOCK_ON(&runtime, calls, before + 1) == 0);
    }
    CHECK(LOAD(begun) >= 30);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

static void *run_blocking(void *argument) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int i = 0; i < 10; i++) {
        CHECK(WATCH(&watchdog, &executor, argument) == 0);
        CHECK(BLOCK_ON(&executor, calls, LOAD(begun) + 1) == 0);
        CHECK(UNWATCH(&watchdog, &executor) == 0);
    }
    CHECK(WATCH(&watchdog, &executor, argument) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}

static void executors_on_many_threads_are_watched_by_one(void) {
    const fut_watchdog_options_t options = {.limit = FUT_MS(1), .report = count_stall};
    pthread_t                    threads[3];
    static char                  names[3][2] = {"a", "b", "c"};
    begun = over = 0;
    CHECK(fut_watchdog_init(&watchdog, &options) == 0);
    for (int i = 0; i < 3; i++) threads[i] = start(run_blocking, names[i]);
    for (int i = 0; i < 3; i++) join(threads[i]);
    fut_watchdog_destroy(&watchdog);
}

int main(void) {
    RUN(a_crowd_loses_nobody_while_it_is_dumped);
    RUN(shutting_down_while_it_is_dumped_cancels_all);
    RUN(a_watchdog_disturbs_nobody);
    RUN(every_stall_is_noticed);
    RUN(executors_on_many_threads_are_watched_by_one);
    return finish();
}

/* Tokens among threads: who cancels, who waits, who is called, and who is gone, all at the same time. */
#define _GNU_SOURCE
#include <sched.h>

#include "future/cancel.h"
#include "plain.h"

/* ---- A callback that runs elsewhere ------------------------------------------------------------------------------ */

typedef struct slow {
    fut_cancel_token_t token;
    int                begun, may_end; /* atomic                                             */
    int                ended;          /* plain: who unregisters has waited, and so sees it */
} slow_t;
static void end_slowly(void *argument, int reason) {
    slow_t *slow = argument;
    CHECK(reason == -EPIPE);
    STORE(slow->begun, 1);
    while (!LOAD(slow->may_end)) sched_yield();
    slow->ended = 1;
}
static void *cancel_slow(void *argument) {
    CHECK(fut_cancel_token_cancel(&((slow_t *)argument)->token, -EPIPE));
    return NULL;
}
static void *let_end(void *argument) {
    for (int i = 0; i < 100; i++) sched_yield();
    STORE(((slow_t *)argument)->may_end, 1);
    return NULL;
}
static void unregistering_waits_for_the_callback(void) {
    for (int i = 0; i < 200; i++) {
        slow_t                slow = {.token = FUT_CANCEL_TOKEN_INIT};
        fut_cancel_callback_t callback;
        pthread_t             canceller, other;
        CHECK(fut_cancel_token_register(&slow.token, &callback, end_slowly, &slow) == 0);
        canceller = start(cancel_slow, &slow);
        while (!LOAD(slow.begun)) sched_yield();
        other = start(let_end, &slow);
        CHECK(!fut_cancel_token_unregister(&callback));
        CHECK(slow.ended == 1);
        memset(&callback, 0x55, sizeof callback);
        fut_cancel_token_destroy(&slow.token);
        join(canceller);
        join(other);
    }
}

/* ---- Gone as soon as its wait is over ---------------------------------------------------------------------------- */

static void *cancel_token(void *token) {
    fut_cancel_token_cancel(token, 0);
    return NULL;
}
static void a_token_may_be_destroyed_by_whoever_waited_for_it(void) {
    for (int i = 0; i < 1000; i++) {
        fut_cancel_token_t *token = malloc(sizeof *token);
        fut_cancelled_t     stop;
        pthread_t           canceller;
        CHECK(token != NULL);
        fut_cancel_token_init(token, NULL);
        canceller = start(cancel_token, token);
        START(stop, fut_cancelled, token);
        CHECK(fut_wait_on_thread(&stop.future) == 0);
        fut_cancel_token_destroy(token);
        free(token);
        join(canceller);
    }
}

/* ---- Called, or unregistered: one of the two --------------------------------------------------------------------- */

enum { ROUNDS = 4000, CALLBACKS = 8 };
static struct {
    fut_cancel_token_t    root, child;
    fut_cancel_callback_t callbacks[2][CALLBACKS];
    int                   calls[2][CALLBACKS]; /* plain: whoever unregisters, or has cancelled, sees them */
    unsigned              ready;               /* atomic: who has come to the start of a round            */
} crowd;

static void count(void *calls, int reason) {
    (void)reason;
    ++*(int *)calls;
}
/* All threads go through each round together. */
static void meet(unsigned *round, unsigned threads) {
    ADD(crowd.ready, 1);
    ++*round;
    while (LOAD(crowd.ready) < *round * threads) sched_yield();
}
static void *register_and_leave(void *which) {
    const int half = *(int *)which;
    unsigned  seed = (unsigned)half, meeting = 0;
    for (int round = 0; round < ROUNDS; round++) {
        bool in[CALLBACKS];
        meet(&meeting, 4);
        for (int i = 0; i < CALLBACKS; i++) {
            fut_cancel_token_t *token = any(&seed) % 2 ? &crowd.root : &crowd.child;
            crowd.calls[half][i]      = 0;
            in[i] = fut_cancel_token_register(token, &crowd.callbacks[half][i], count, &crowd.calls[half][i]) == 0;
        }
        for (int i = 0; i < CALLBACKS; i++) {
            const bool left = fut_cancel_token_unregister(&crowd.callbacks[half][i]);
            CHECK(crowd.calls[half][i] == (in[i] && !left));
            memset(&crowd.callbacks[half][i], 0x55, sizeof crowd.callbacks[half][i]);
        }
        meet(&meeting, 4);
    }
    return NULL;
}
static void *cancel_child(void *unused) {
    unsigned meeting = 0;
    (void)unused;
    for (int round = 0; round < ROUNDS; round++) {
        meet(&meeting, 4);
        for (int i = 0; i < round % 64; i++) sched_yield();
        fut_cancel_token_cancel(&crowd.child, 0);
        meet(&meeting, 4);
    }
    return NULL;
}
/* This thread makes the trees, and cancels most roots. */
static void a_callback_is_called_once_or_was_unregistered(void) {
    static int numbers[2] = {0, 1};
    pthread_t  threads[3];
    unsigned   meeting = 0;
    fut_cancel_token_init(&crowd.root, NULL);
    fut_cancel_token_init(&crowd.child, &crowd.root);
    threads[0] = start(register_and_leave, &numbers[0]);
    threads[1] = start(register_and_leave, &numbers[1]);
    threads[2] = start(cancel_child, NULL);
    for (int round = 0; round < ROUNDS; round++) {
        meet(&meeting, 4);
        if (round % 3) fut_cancel_token_cancel(&crowd.root, 0);
        if (round % 7 == 0) sched_yield();
        meet(&meeting, 4); /* now the tree is nobody's else, and is replaced before the next round */
        fut_cancel_token_destroy(&crowd.child);
        fut_cancel_token_destroy(&crowd.root);
        fut_cancel_token_init(&crowd.root, NULL);
        fut_cancel_token_init(&crowd.child, &crowd.root);
    }
    for (int i = 0; i < 3; i++) join(threads[i]);
    fut_cancel_token_destroy(&crowd.child);
    fut_cancel_token_destroy(&crowd.root);
}

/* ---- Tasks of two executors that are stopped from outside -------------------------------------------------------- */

enum { TREES = 1500, TASKS = 6 };
static struct {
    fut_cancel_token_t root;
    int                open, left; /* atomic: the root that everybody hangs on; who is through with it */
} forest;

typedef struct naps {
    ASYNC_FRAME(naps, int);
    fut_sleep_t nap;
} naps_t;
ASYNC(naps) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_S(60));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    AWAIT(self->nap, fut_sleep, FUT_NS(1)); /* graceful: its end may wait */
    CHECK(self->nap.output == 0);
    ASYNC_END();
}

/* Each has a token below the root, which it destroys as soon as it goes on. */
typedef struct tenant {
    ASYNC_FRAME(tenant, int, unsigned number; int *ended);
    fut_cancel_token_t token;
    fut_with_token_t   with;
    fut_cancelled_t    stop;
    naps_t             naps;
} tenant_t;
ASYNC(tenant) {
    ASYNC_BEGIN();
    fut_cancel_token_init(&self->token, &forest.root);
    if (self->number % 3 == 0) {
        AWAIT(self->stop, fut_cancelled, &self->token);
        ++*self->ended;
        CHECK(self->stop.output == -ESHUTDOWN);
    } else {
        WITH_TOKEN(self->with, &self->token, (self->naps, naps));
        CHECK(self->naps.output == -ECANCELED); /* it was stopped, or never began */
        CHECK(self->with.output == -ESHUTDOWN);
        ++*self->ended;
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_cancel_token_destroy(&self->token);
    memset(&self->token, 0x55, sizeof self->token);
    ASYNC_END();
}

static void *run_tenants(void *number) {
    fut_executor_t executor;
    (void)number;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int tree = 1; tree <= TREES; tree++) {
        int ended = 0;
        while (LOAD(forest.open) < tree) sched_yield();
        for (unsigned i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, tenant, i, &ended));
        CHECK(fut_executor_run(&executor) == 0);
        CHECK(ended == TASKS);
        ADD(forest.left, 1);
    }
    fut_executor_destroy(&executor);
    return NULL;
}
static void tasks_are_stopped_from_another_thread_and_their_tokens_are_gone_at_once(void) {
    pthread_t threads[2] = {start(run_tenants, NULL), start(run_tenants, NULL)};
    unsigned  seed       = 1;
    for (int tree = 1; tree <= TREES; tree++) {
        fut_cancel_token_init(&forest.root, NULL);
        STORE(forest.open, tree);
        for (unsigned i = any(&seed) % 200; i > 0; i--) sched_yield();
        CHECK(fut_cancel_token_cancel(&forest.root, -ESHUTDOWN));
        while (LOAD(forest.left) < 2 * tree) sched_yield();
        fut_cancel_token_destroy(&forest.root);
    }
    for (int i = 0; i < 2; i++) join(threads[i]);
}

int main(void) {
    RUN(unregistering_waits_for_the_callback);
    RUN(a_token_may_be_destroyed_by_whoever_waited_for_it);
    RUN(a_callback_is_called_once_or_was_unregistered);
    RUN(tasks_are_stopped_from_another_thread_and_their_tokens_are_gone_at_once);
    return finish();
}

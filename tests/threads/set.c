/* Sets whose children are woken by other threads: no wake is lost, and wakers of children long gone do no harm. */
#define _GNU_SOURCE
#include <sched.h>

#include "future/set.h"
#include "plain.h"

enum { CHILDREN = 16, ROUNDS = 3000, THREADS = 2 };

/* A child that waits until somebody opens its gate. */
typedef struct gate {
    bool        open;    /* atomic */
    bool        waiting; /* atomic: the waker may be used */
    fut_waker_t waker;
} gate_t;

typedef struct pass {
    FUT_FUTURE(pass, int, gate_t *gate);
} pass_t;
static fut_poll_t pass_poll(pass_t *self, fut_context_t *cx) {
    gate_t *gate = self->gate;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (LOAD(gate->open)) {
        self->output = 1;
        return fut_ready(&self->future);
    }
    (void)fut_context_waker(cx);
    if (self->future.point == FUT_POINT_START) {
        gate->waker = fut_waker_clone(cx->waker);
        STORE(gate->waiting, true);
    }
    return fut_pending(&self->future);
}
FUT_DEFINE(pass);

/* The wakers of every child there ever was, the oldest overwritten. */
enum { PAST = 64 };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static fut_waker_t     past[PAST];
static unsigned        kept;
static bool            finished; /* atomic */

static void keep(fut_waker_t waker) {
    pthread_mutex_lock(&lock);
    past[kept++ % PAST] = waker;
    pthread_mutex_unlock(&lock);
}

static void *wake_the_past(void *seed) {
    while (!LOAD(finished)) {
        fut_waker_t waker;
        pthread_mutex_lock(&lock);
        waker = past[any(seed) % PAST];
        pthread_mutex_unlock(&lock);
        for (unsigned i = any(seed) % 8; i > 0; i--) {
            if (i % 2)
                fut_wake(waker);
            else
                fut_wake_from_interrupt(waker);
        }
        if (any(seed) % 4 == 0) fut_waker_drop(fut_waker_clone(waker));
    }
    return NULL;
}

/* ---- Gates opened by a thread ------------------------------------------------------------------------------------ */

typedef struct round_of_gates {
    gate_t   gates[CHILDREN];
    unsigned seed;
} round_of_gates_t;

static void *open_gates(void *argument) {
    round_of_gates_t *round = argument;
    for (int left = CHILDREN; left > 0;) {
        gate_t *gate = &round->gates[any(&round->seed) % CHILDREN];
        if (!LOAD(gate->waiting) || LOAD(gate->open)) {
            sched_yield();
            continue;
        }
        STORE(gate->open, true);
        fut_wake(gate->waker);
        fut_waker_drop(gate->waker);
        left--;
    }
    return NULL;
}

typedef struct collect {
    ASYNC_FRAME(collect, int, gate_t *gates; bool ordered; int limit);
    fut_set_t       set;
    fut_set_child_t children[CHILDREN];
    pass_t          passes[CHILDREN];
    fut_set_next_t  next;
    int             i;
} collect_t;
ASYNC(collect) {
    ASYNC_BEGIN();
    if (self->ordered)
        fut_set_init_ordered(&self->set);
    else
        fut_set_init(&self->set);
    for (self->i = 0; self->i < CHILDREN; self->i++) {
        fut_set_child_init(&self->children[self->i], NULL);
        START(self->passes[self->i], pass, &self->gates[self->i]);
        TRY(fut_set_push(&self->set, &self->children[self->i], &self->passes[self->i].future));
    }
    for (self->i = 0; self->i < self->limit; self->i++) {
        AWAIT(self->next, fut_set_next, &self->set);
        if (!self->next.output) break;
    }
    ASYNC_RETURN(self->i);
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}

typedef struct gather {
    ASYNC_FRAME(gather, int, gate_t *gates);
    pass_t         passes[CHILDREN];
    fut_join_all_t all;
    int            i;
} gather_t;
ASYNC(gather) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < CHILDREN; self->i++) START(self->passes[self->i], pass, &self->gates[self->i]);
    AWAIT(self->all, fut_join_all, FUT_EACH(self->passes));
    ASYNC_RETURN(self->all.output);
    ASYNC_END();
}

static void no_wake_from_another_thread_is_lost(void) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        round_of_gates_t round  = {.seed = (unsigned)i};
        pthread_t        thread = start(open_gates, &round);
        if (i % 3 == 0)
            CHECK(BLOCK_ON(&executor, gather, round.gates) == 0);
        else
            CHECK(BLOCK_ON(&executor, collect, round.gates, i % 3 == 1, CHILDREN + 1) == CHILDREN);
        join(thread);
    }
    fut_executor_destroy(&executor);
}

/* ---- Sets come and go on several threads, in the same memory ----------------------------------------------------- */

/* Waits for ever, or yields a little; leaves its waker to the past. */
typedef struct relic {
    ASYNC_FRAME(relic, int, int yields; bool waits);
    gate_t gate;
    pass_t pass;
    int    i;
} relic_t;
ASYNC(relic) {
    ASYNC_BEGIN();
    keep(fut_context_waker(cx));
    for (self->i = 0; self->i < self->yields; self->i++) YIELD();
    self->gate = (gate_t){.open = !self->waits};
    AWAIT(self->pass, pass, &self->gate);
    ASYNC_RETURN(self->i);
    ASYNC_FINALLY();
    if (self->waits) fut_waker_drop(self->gate.waker);
    ASYNC_END();
}

typedef struct age {
    ASYNC_FRAME(age, int, unsigned seed);
    fut_set_t       set;
    fut_set_child_t children[6];
    relic_t         relics[6];
    fut_set_next_t  next;
    int             i;
} age_t;
ASYNC(age) {
    ASYNC_BEGIN();
    fut_set_init(&self->set);
    for (self->i = 0; self->i < 6; self->i++) {
        fut_set_child_init(&self->children[self->i], NULL);
        START(self->relics[self->i], relic, (int)(any(&self->seed) % 4), self->i >= 4);
        TRY(fut_set_push(&self->set, &self->children[self->i], &self->relics[self->i].future));
    }
    for (self->i = 0; self->i < 4; self->i++) {
        AWAIT(self->next, fut_set_next, &self->set);
        if (any(&self->seed) % 3 == 0) YIELD();
    }
    ASYNC_RETURN(self->i);
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}

static void *live_through_ages(void *argument) {
    fut_executor_t executor;
    unsigned       seed = *(unsigned *)argument;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int i = 0; i < 2 * ROUNDS; i++) CHECK(BLOCK_ON(&executor, age, any(&seed)) == 4);
    fut_executor_destroy(&executor);
    return NULL;
}

static void sets_come_and_go_while_others_wake_the_past(void) {
    pthread_t threads[2 * THREADS];
    unsigned  seeds[2 * THREADS];
    STORE(finished, false);
    for (int i = 0; i < 2 * THREADS; i++) {
        seeds[i]   = (unsigned)i;
        threads[i] = start(i < THREADS ? live_through_ages : wake_the_past, &seeds[i]);
    }
    for (int i = 0; i < THREADS; i++) join(threads[i]);
    STORE(finished, true);
    for (int i = THREADS; i < 2 * THREADS; i++) join(threads[i]);
}

/* ---- The task changes while somebody wakes ----------------------------------------------------------------------- */

typedef struct flag {
    const fut_waker_vtable_t *vtable;
    bool                      up; /* atomic */
} flag_t;
static void flag_wake(void *target, fut_tag_t tag) {
    (void)tag;
    STORE(((flag_t *)target)->up, true);
}
static const fut_waker_vtable_t flag_vtable = {.wake = flag_wake, .wake_from_interrupt = flag_wake};

/* Every poll comes from another task. Its flag is cleared by an exchange: what a mere store leaves in the processor's
 * store buffer could hide a wake that came after it. The wake reaches the one that polled last, or the one that was told to poll
 * again. */
static void the_task_that_polled_last_is_woken(void) {
    for (int i = 0; i < ROUNDS; i++) {
        round_of_gates_t round    = {.seed = (unsigned)i};
        flag_t           flags[2] = {{&flag_vtable, false}, {&flag_vtable, false}};
        pass_t           passes[CHILDREN];
        fut_join_all_t   all;
        fut_context_t    cx;
        pthread_t        thread;
        unsigned         polls = 0;
        for (int n = 0; n < CHILDREN; n++) START(passes[n], pass, &round.gates[n]);
        START(all, fut_join_all, FUT_EACH(passes));
        thread = start(open_gates, &round);
        do {
            flag_t *flag = &flags[polls++ / 3 % 2];
            (void)TAKE(flag->up);
            fut_context_init(&cx, (fut_waker_t){flag, 0}, NULL);
            if (fut_poll(&all.future, &cx) == READY) break;
            if (polls % 3 == 0)
                while (!LOAD(flag->up)) sched_yield(); /* hangs if the wake went elsewhere */
        } while (true);
        join(thread);
        CHECK(all.output == 0);
    }
}

int main(void) {
    RUN(no_wake_from_another_thread_is_lost);
    RUN(sets_come_and_go_while_others_wake_the_past);
    RUN(the_task_that_polled_last_is_woken);
    return finish();
}

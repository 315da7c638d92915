/* One object, two executors, plain threads, and waiters that lose their patience: what is guarded stays whole, no permit and
 * no wake is lost, and an object may be gone as soon as its last user has it. */
#define _GNU_SOURCE
#include <sched.h>

#include "future/sync.h"
#include "plain.h"

enum { EXECUTORS = 2, TASKS = 6, THREADS = 2, ROUNDS = 5000 };

/* ---- Waiting with little patience ---------------------------------------------------------------- */

/* Poll the child so many times at most, then drop it. Output: 1, it was ready. No patience (0): for ever. */
typedef struct impatient {
    FUT_FUTURE(impatient, int, fut_future_t *child; unsigned patience);
} impatient_t;
static fut_poll_t impatient_poll(impatient_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    self->output = fut_poll(self->child, cx) == FUT_READY;
    if (self->output) return fut_ready(&self->future);
    if (self->patience == 0) return fut_pending(&self->future);
    if (--self->patience == 0) {
        fut_drop(self->child);
        return fut_ready(&self->future);
    }
    fut_wake(fut_context_waker(cx));
    return fut_pending(&self->future);
}
static void impatient_drop(fut_future_t *future) { fut_drop(((impatient_t *)(void *)future)->child); }
FUT_DEFINE(impatient, .drop = impatient_drop);

/* ---- A crowd: EXECUTORS x TASKS tasks and THREADS threads do the same ------------------------------ */

/* A leaf of any kind in the place of one, and what to do once it is ready. */
typedef struct game {
    void (*start)(fut_future_t *leaf, unsigned any);
    void (*inside)(unsigned any);
    void (*give)(unsigned any);
    long turns; /* atomic */
} game_t;
typedef union leaf {
    fut_future_t            future;
    fut_mutex_lock_t        mutex;
    fut_semaphore_acquire_t semaphore;
    fut_rwlock_read_t       read;
    fut_rwlock_write_t      write;
} leaf_t;

typedef struct player {
    ASYNC_FRAME(player, int, game_t *game; unsigned seed);
    leaf_t      leaf;
    impatient_t wait;
    unsigned    i, any;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < ROUNDS; self->i++) {
        self->any = any(&self->seed);
        self->game->start(&self->leaf.future, self->any);
        AWAIT(self->wait, impatient, &self->leaf.future, self->any % 3);
        if (!self->wait.output) continue;
        self->game->inside(self->any);
        if (self->any % 5 == 0) YIELD(); /* has it across an await */
        ADD(self->game->turns, 1);
        self->game->give(self->any);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static game_t *current; /* of the threads below */

static void *play_in_executor(void *argument) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (unsigned i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, player, current, i + 100 * *(unsigned *)argument));
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void *play_plainly(void *argument) {
    unsigned seed = *(unsigned *)argument + 77;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned now = any(&seed);
        leaf_t         leaf;
        current->start(&leaf.future, now);
        CHECK(fut_wait_on_thread(&leaf.future) == 0);
        current->inside(now);
        ADD(current->turns, 1);
        current->give(now);
    }
    return NULL;
}
static void play(game_t *game) {
    pthread_t threads[EXECUTORS + THREADS];
    unsigned  seeds[EXECUTORS + THREADS];
    current = game;
    for (unsigned i = 0; i < EXECUTORS + THREADS; i++) {
        seeds[i]   = i;
        threads[i] = start(i < EXECUTORS ? play_in_executor : play_plainly, &seeds[i]);
    }
    for (unsigned i = 0; i < EXECUTORS + THREADS; i++) join(threads[i]);
    CHECK(game->turns >= THREADS * ROUNDS);
}

/* ---- mutex ---------------------------------------------------------------------------------------- */

static fut_mutex_t mutex;
static long        guarded; /* not atomic: the mutex is what guards it */
static bool        occupied;

static void mutex_start(fut_future_t *leaf, unsigned any) {
    (void)any;
    START(*(fut_mutex_lock_t *)(void *)leaf, fut_mutex_lock, &mutex);
}
static void mutex_inside(unsigned any) {
    (void)any;
    CHECK(!occupied);
    occupied = true;
    guarded++;
}
static void mutex_give(unsigned any) {
    (void)any;
    occupied = false;
    fut_mutex_unlock(&mutex);
}
static void what_a_mutex_guards_stays_whole(void) {
    game_t game = {mutex_start, mutex_inside, mutex_give, 0};
    play(&game);
    CHECK(guarded == game.turns);
    fut_mutex_destroy(&mutex);
}

/* ---- semaphore ------------------------------------------------------------------------------------ */

static fut_semaphore_t semaphore;
static long            out; /* atomic: permits that are out */

static unsigned amount(unsigned any) { return any / 8 % 4 == 3 ? 5 : any / 8 % 4; }
static void     semaphore_start(fut_future_t *leaf, unsigned any) {
        START(*(fut_semaphore_acquire_t *)(void *)leaf, fut_semaphore_acquire, &semaphore, amount(any));
}
static void semaphore_inside(unsigned any) { CHECK(ADD(out, amount(any)) <= 5); }
static void semaphore_give(unsigned any) {
    ADD(out, -(long)amount(any));
    fut_semaphore_release(&semaphore, amount(any));
}
static void no_permit_is_lost_or_made(void) {
    game_t game = {semaphore_start, semaphore_inside, semaphore_give, 0};
    CHECK(fut_semaphore_init(&semaphore, 5, 5) == 0);
    play(&game);
    CHECK(fut_semaphore_available(&semaphore) == 5);
    fut_semaphore_destroy(&semaphore);
}

/* ---- rwlock --------------------------------------------------------------------------------------- */

static fut_rwlock_t rwlock;
static long         readers, writers; /* atomic */
static long         table[2];         /* not atomic; both are the same, unless somebody writes */

static bool writes(unsigned any) { return any / 8 % 4 == 0; }
static void rwlock_start(fut_future_t *leaf, unsigned any) {
    if (writes(any))
        START(*(fut_rwlock_write_t *)(void *)leaf, fut_rwlock_write, &rwlock);
    else
        START(*(fut_rwlock_read_t *)(void *)leaf, fut_rwlock_read, &rwlock);
}
static void rwlock_inside(unsigned any) {
    if (writes(any)) {
        CHECK(ADD(writers, 1) == 1);
        CHECK(LOAD(readers) == 0);
        table[0]++, table[1]++;
    } else {
        ADD(readers, 1);
        CHECK(LOAD(writers) == 0);
        CHECK(table[0] == table[1]);
    }
}
static void rwlock_give(unsigned any) {
    if (writes(any)) {
        ADD(writers, -1);
        if (any % 2 == 0) {
            fut_rwlock_unlock_write(&rwlock);
            return;
        }
        fut_rwlock_downgrade(&rwlock);
        CHECK(LOAD(writers) == 0);
    } else {
        ADD(readers, -1);
    }
    fut_rwlock_unlock_read(&rwlock);
}
static void readers_and_writers_do_not_meet(void) {
    game_t game = {rwlock_start, rwlock_inside, rwlock_give, 0};
    play(&game);
    fut_rwlock_destroy(&rwlock);
}

/* ---- event, notify: a ball between a task and a thread ------------------------------------------------ */

enum { STROKES = 5000 };
static fut_event_t  yours, mine;
static fut_notify_t hit;
static long         strokes; /* not atomic: the events pass it on */

typedef struct partner {
    ASYNC_FRAME(partner, int);
    fut_event_wait_t wait;
    int              i;
} partner_t;
ASYNC(partner) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < STROKES; self->i++) {
        AWAIT(self->wait, fut_event_wait, &yours);
        strokes++;
        fut_event_set(&mine);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void *serve_balls(void *argument) {
    (void)argument;
    for (int i = 0; i < STROKES; i++) {
        CHECK(strokes == 2 * i);
        strokes++;
        fut_event_set(&yours);
        CHECK(fut_event_wait_blocking(&mine) == 0);
    }
    return NULL;
}
static void no_set_is_lost_between_a_task_and_a_thread(void) {
    fut_executor_t executor;
    pthread_t      thread;
    fut_event_init(&yours, FUT_EVENT_AUTO);
    fut_event_init(&mine, FUT_EVENT_AUTO);
    CHECK(fut_executor_init(&executor, NULL) == 0);
    thread = start(serve_balls, NULL);
    CHECK(BLOCK_ON(&executor, partner) == 0);
    join(thread);
    CHECK(strokes == 2 * STROKES);
    fut_executor_destroy(&executor);
}

/* Each notify_one is one permit at most: what is posted is counted beside it, and all of it is seen in the end. */
static long  posted, seen; /* atomic */
static void *post(void *argument) {
    (void)argument;
    for (int i = 0; i < STROKES; i++) {
        ADD(posted, 1);
        fut_notify_one(&hit);
    }
    return NULL;
}
typedef struct taker {
    ASYNC_FRAME(taker, int, unsigned seed);
    fut_notify_wait_t notified;
    impatient_t       wait;
} taker_t;
ASYNC(taker) {
    ASYNC_BEGIN();
    while (LOAD(seen) < 2 * STROKES) {
        START(self->notified, fut_notify_wait, &hit);
        AWAIT(self->wait, impatient, &self->notified.future, any(&self->seed) % 4);
        STORE(seen, LOAD(posted));
    }
    fut_notify_one(&hit); /* for the other taker */
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void *take(void *argument) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    CHECK(BLOCK_ON(&executor, taker, *(unsigned *)argument) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void no_notify_is_lost_when_waits_are_dropped(void) {
    unsigned  seeds[2]   = {1, 2};
    pthread_t threads[4] = {start(take, &seeds[0]), start(take, &seeds[1]), start(post, NULL), start(post, NULL)};
    for (int i = 0; i < 4; i++) join(threads[i]);
    CHECK(LOAD(seen) == 2 * STROKES);
}

/* ---- barrier -------------------------------------------------------------------------------------- */

enum { PARTIES = 4, PHASES = 1000 };
static fut_barrier_t barrier;
static long          phases[PARTIES]; /* not atomic: the barrier orders them */
static long          leaders;         /* atomic */

static void *march(void *argument) {
    const unsigned self = *(unsigned *)argument;
    for (int i = 0; i < PHASES; i++) {
        fut_barrier_wait_t wait;
        phases[self]++;
        START(wait, fut_barrier_wait, &barrier);
        CHECK(fut_wait_on_thread(&wait.future) == 0);
        ADD(leaders, wait.output);
        for (int k = 0; k < PARTIES; k++) CHECK(phases[k] == i + 1);
        START(wait, fut_barrier_wait, &barrier);
        CHECK(fut_wait_on_thread(&wait.future) == 0);
    }
    return NULL;
}
static void nobody_passes_a_barrier_before_all_have_come(void) {
    pthread_t threads[PARTIES];
    unsigned  numbers[PARTIES];
    CHECK(fut_barrier_init(&barrier, PARTIES) == 0);
    for (unsigned i = 0; i < PARTIES; i++) {
        numbers[i] = i;
        threads[i] = start(march, &numbers[i]);
    }
    for (int i = 0; i < PARTIES; i++) join(threads[i]);
    CHECK(LOAD(leaders) == PHASES);
    fut_barrier_destroy(&barrier);
}

/* ---- once ----------------------------------------------------------------------------------------- */

enum { TRIES = 400 };
static fut_once_t onces[TRIES];
static long       made[TRIES]; /* not atomic: once orders them */

typedef struct make {
    ASYNC_FRAME(make, int, int which; bool fail);
} make_t;
ASYNC(make) {
    ASYNC_BEGIN();
    if (self->fail) ASYNC_RETURN(-EIO);
    made[self->which]++;
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void *make_them(void *argument) {
    unsigned seed = *(unsigned *)argument;
    for (int i = 0; i < TRIES; i++) {
        fut_once_run_t run;
        make_t         make;
        do {
            START(make, make, i, any(&seed) % 3 == 0);
            START(run, fut_once_run, &onces[i], &make.future);
            CHECK(fut_wait_on_thread(&run.future) == 0);
        } while (run.output == -EIO);
        CHECK(run.output == 0 && made[i] == 1);
    }
    return NULL;
}
static void once_is_once(void) {
    pthread_t threads[4];
    unsigned  seeds[4];
    for (unsigned i = 0; i < 4; i++) {
        seeds[i]   = i;
        threads[i] = start(make_them, &seeds[i]);
    }
    for (int i = 0; i < 4; i++) join(threads[i]);
}

/* ---- condition ------------------------------------------------------------------------------------- */

enum { ROOM = 2, GOODS = 3000 };
static fut_mutex_t     store_mutex;
static fut_condition_t filled, emptied;
static int             stock; /* not atomic: the mutex */
static long            sold;

typedef struct trader {
    ASYNC_FRAME(trader, int, bool buys);
    fut_mutex_lock_t     lock;
    fut_condition_wait_t wait;
    int                  i;
} trader_t;
ASYNC(trader) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < GOODS; self->i++) {
        AWAIT(self->lock, fut_mutex_lock, &store_mutex);
        while (stock == (self->buys ? 0 : ROOM))
            AWAIT(self->wait, fut_condition_wait, self->buys ? &filled : &emptied, &self->lock);
        stock += self->buys ? -1 : 1;
        sold += self->buys;
        CHECK(stock >= 0 && stock <= ROOM);
        fut_condition_notify_one(self->buys ? &emptied : &filled);
        fut_mutex_release(&self->lock);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void *trade(void *argument) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int i = 0; i < 2; i++) DETACH(SPAWN(&executor, trader, *(unsigned *)argument == 1));
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void no_notify_of_a_condition_is_lost(void) {
    unsigned  sides[2]   = {0, 1};
    pthread_t threads[2] = {start(trade, &sides[0]), start(trade, &sides[1])};
    for (int i = 0; i < 2; i++) join(threads[i]);
    CHECK(sold == 2 * GOODS && stock == 0);
}

/* ---- The way to sleep, and the last moment of an object -------------------------------------------------- */

/* A thread lets another go after ever other pauses; so some find it between its poll and its sleep, and some, where it polls
 * without sleeping, find it looking while they are still inside. Whoever goes on may do away with the object, so nothing
 * is written to it afterwards: it is filled, and must stay so. */
typedef struct bubble {
    fut_mutex_t     mutex;
    fut_event_t     event;
    fut_semaphore_t semaphore;
} bubble_t;
static bubble_t bubble;
static long     blown, burst; /* atomic: how many */

static void pause_for(unsigned turns) {
    while (turns-- > 0) __asm__ volatile("" ::: "memory");
}
static void wait_until(long *count, long value) {
    for (unsigned tries = 1; LOAD(*count) < value; tries++)
        if (tries % 4096 == 0) sched_yield();
}

static void *burst_them(void *argument) {
    unsigned seed = 1;
    (void)argument;
    for (long i = 0; i < 8 * ROUNDS; i++) {
        wait_until(&blown, i + 1);
        pause_for(any(&seed) % 1024);
        switch (i % 3) {
            case 0: fut_event_set(&bubble.event); break;
            case 1: fut_mutex_unlock(&bubble.mutex); break;
            default: fut_semaphore_release(&bubble.semaphore, 1); break;
        }
        STORE(burst, i + 1);
    }
    return NULL;
}

static void blow(long i) {
    memset(&bubble, 0, sizeof bubble);
    CHECK(fut_mutex_try_lock(&bubble.mutex));
    CHECK(fut_semaphore_init(&bubble.semaphore, 0, 1) == 0);
    STORE(blown, i + 1);
}
static void nothing_was_written_since(long i) {
    memset(&bubble, 0xff, sizeof bubble);
    wait_until(&burst, i + 1);
    for (size_t k = 0; k < sizeof bubble; k++) CHECK(((unsigned char *)&bubble)[k] == 0xff);
}
static void start_any(fut_future_t *leaf, long i) {
    switch (i % 3) {
        case 0: START(*(fut_event_wait_t *)(void *)leaf, fut_event_wait, &bubble.event); break;
        case 1: START(*(fut_mutex_lock_t *)(void *)leaf, fut_mutex_lock, &bubble.mutex); break;
        default: START(*(fut_semaphore_acquire_t *)(void *)leaf, fut_semaphore_acquire, &bubble.semaphore, 1); break;
    }
}

/* As wait_until: where there are fewer cores than threads, the other one may be waiting for this one to stop. */
static void poll_until_ready(fut_future_t *wait, fut_context_t *cx) {
    for (unsigned tries = 1; fut_poll(wait, cx) == FUT_PENDING; tries++)
        if (tries % 1024 == 0) sched_yield();
}

static void wait_for_bursts(bool sleeping) {
    pthread_t thread;
    STORE(blown, 0);
    STORE(burst, 0);
    thread = start(burst_them, NULL);
    for (long i = 0; i < 8 * ROUNDS; i++) {
        union {
            fut_future_t     future;
            leaf_t           leaf;
            fut_event_wait_t event;
        } wait;
        fut_context_t cx;
        fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
        blow(i);
        start_any(&wait.future, i);
        if (sleeping) CHECK(fut_wait_on_thread(&wait.future) == 0);
        poll_until_ready(&wait.future, &cx);
        nothing_was_written_since(i);
    }
    join(thread);
}
static void no_wake_is_lost_on_the_way_to_sleep(void) { wait_for_bursts(true); }
static void an_object_may_be_gone_as_soon_as_a_wait_has_ended(void) { wait_for_bursts(false); }

int main(void) {
    RUN(what_a_mutex_guards_stays_whole);
    RUN(no_permit_is_lost_or_made);
    RUN(readers_and_writers_do_not_meet);
    RUN(no_set_is_lost_between_a_task_and_a_thread);
    RUN(no_notify_is_lost_when_waits_are_dropped);
    RUN(nobody_passes_a_barrier_before_all_have_come);
    RUN(once_is_once);
    RUN(no_notify_of_a_condition_is_lost);
    RUN(no_wake_is_lost_on_the_way_to_sleep);
    RUN(an_object_may_be_gone_as_soon_as_a_wait_has_ended);
    return finish();
}

/* Park and unpark: an executor that goes to sleep while somebody wakes it. A wake lost in between is a hang. */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <semaphore.h>

#include "plain.h"

enum { ROUNDS = 20000 };

/* A ball between a task and a thread: whose turn it is by parity. */
typedef struct table {
    long        strokes; /* atomic; even: the thread's turn */
    fut_waker_t waker;
    bool        open; /* atomic: the waker may be used */
    sem_t       thread_wakes;
    bool        spin; /* the thread looks instead of sleeping: the race is tighter */
} table_t;

typedef struct task_player {
    FUT_FUTURE(task_player, int, table_t *table);
} task_player_t;
static fut_poll_t task_player_poll(task_player_t *self, fut_context_t *cx) {
    table_t *table = self->table;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        table->waker = fut_waker_clone(fut_context_waker(cx));
        STORE(table->open, true);
        sem_post(&table->thread_wakes);
    }
    (void)fut_context_waker(cx);
    if (LOAD(table->strokes) % 2 == 0) return fut_pending(&self->future);
    if (ADD(table->strokes, 1) < 2 * ROUNDS) {
        if (!table->spin) sem_post(&table->thread_wakes);
        return fut_pending(&self->future);
    }
    fut_waker_drop(table->waker);
    if (!table->spin) sem_post(&table->thread_wakes);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(task_player);

static void *thread_player(void *argument) {
    table_t *table = argument;
    sem_wait(&table->thread_wakes);
    for (long i = 0; i < ROUNDS; i++) {
        ADD(table->strokes, 1);
        fut_wake(table->waker);
        while (table->spin && LOAD(table->strokes) == 2 * i + 1) sched_yield();
        while (!table->spin && sem_wait(&table->thread_wakes) < 0 && errno == EINTR) {}
    }
    return NULL;
}

static void open_table(table_t *table, bool spin) {
    memset(table, 0, sizeof *table);
    table->spin = spin;
    sem_init(&table->thread_wakes, 0, 0);
}

static void play_blocking(bool spin, fut_driver_t *driver) {
    fut_executor_t executor;
    table_t        table;
    pthread_t      thread;

    CHECK(fut_executor_init(&executor, &(fut_executor_options_t){.driver = driver}) == 0);
    open_table(&table, spin);
    thread = start(thread_player, &table);
    CHECK(BLOCK_ON(&executor, task_player, &table) == 0);
    CHECK(LOAD(table.strokes) == 2 * ROUNDS);
    join(thread);
    fut_executor_destroy(&executor);
}

static void an_executor_and_a_sleeping_thread_play(void) { play_blocking(false, NULL); }
static void an_executor_and_a_restless_thread_play(void) { play_blocking(true, NULL); }
static void an_executor_on_a_virtual_clock_plays(void) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    CHECK(clock != NULL);
    play_blocking(false, fut_virtual_clock_driver(clock));
    play_blocking(true, fut_virtual_clock_driver(clock));
    fut_virtual_clock_free(clock);
}

/* The same from a loop around the executor, which waits for its descriptor. */
static void play_turns(bool spin) {
    fut_executor_t executor;
    table_t        table;
    pthread_t      thread;

    CHECK(fut_executor_init(&executor, NULL) == 0);
    open_table(&table, spin);
    thread = start(thread_player, &table);
    DETACH(SPAWN(&executor, task_player, &table));
    while (fut_executor_tasks(&executor) > 0) {
        struct pollfd poll_fd = {fut_executor_fd(&executor), POLLIN, 0};
        if (fut_executor_deadline(&executor) != FUT_NOW) CHECK(poll(&poll_fd, 1, 10000) == 1);
        CHECK(fut_executor_turn(&executor) >= 0);
        if (failures) break;
    }
    if (failures) _exit(1); /* the thread would wait for ever */
    join(thread);
    fut_executor_destroy(&executor);
}
static void a_foreign_loop_and_a_sleeping_thread_play(void) { play_turns(false); }
static void a_foreign_loop_and_a_restless_thread_play(void) { play_turns(true); }

/* ---- Two executors ---------------------------------------------------------------------------------------------- */

typedef struct court {
    long        strokes; /* atomic */
    fut_waker_t wakers[2];
    bool        open[2]; /* atomic */
} court_t;

typedef struct side {
    FUT_FUTURE(side, int, court_t *court; int mine);
} side_t;
static fut_poll_t side_poll(side_t *self, fut_context_t *cx) {
    court_t *court = self->court;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        court->wakers[self->mine] = fut_waker_clone(fut_context_waker(cx));
        STORE(court->open[self->mine], true);
    }
    (void)fut_context_waker(cx);
    if (!LOAD(court->open[!self->mine])) { /* the other has not come yet */
        fut_context_yield(cx);
        return fut_pending(&self->future);
    }
    if (LOAD(court->strokes) < 2 * ROUNDS && LOAD(court->strokes) % 2 != self->mine) return fut_pending(&self->future);
    if (LOAD(court->strokes) < 2 * ROUNDS) {
        ADD(court->strokes, 1);
        fut_wake(court->wakers[!self->mine]);
    }
    if (LOAD(court->strokes) < 2 * ROUNDS) return fut_pending(&self->future);
    fut_wake(court->wakers[!self->mine]); /* it may be asleep, and the game over */
    fut_waker_drop(court->wakers[self->mine]);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(side);

static court_t court;
static void   *play_side(void *mine) {
      fut_executor_t executor;
      CHECK(fut_executor_init(&executor, NULL) == 0);
      CHECK(BLOCK_ON(&executor, side, &court, *(int *)mine) == 0);
      fut_executor_destroy(&executor);
      return NULL;
}

static void two_executors_in_two_threads_play(void) {
    int       sides[2] = {0, 1};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) threads[i] = start(play_side, &sides[i]);
    for (int i = 0; i < 2; i++) join(threads[i]);
    CHECK(LOAD(court.strokes) == 2 * ROUNDS);
}

int main(void) {
    RUN(an_executor_and_a_sleeping_thread_play);
    RUN(an_executor_and_a_restless_thread_play);
    RUN(an_executor_on_a_virtual_clock_plays);
    RUN(a_foreign_loop_and_a_sleeping_thread_play);
    RUN(a_foreign_loop_and_a_restless_thread_play);
    RUN(two_executors_in_two_threads_play);
    return finish();
}

/* Pools under many hands: several executors and plain threads, a narrow queue, jobs that are dropped and cancelled at any moment,
 * threads that end and come again, pools that end in the middle of it. No output is lost, mixed up or taken twice; no
 * memory is touched that is not there. */
#define _GNU_SOURCE
#include <sched.h>

#include "../../src/blocking/crew.h"
#include "future/blocking.h"
#include "future/group.h"
#include "future/sync.h"
#include "plain.h"

enum { EXECUTORS = 2, TASKS = 8, PLAIN = 2, ROUNDS = 400 };

static long begun, ended, taken, discarded; /* atomic */

/* ---- A job with an output that must not get lost ---------------------------------------------------------- */

static void discard(int64_t output) {
    CHECK(output > 0);
    ADD(discarded, 1);
}
static void work_a_little(bool yield) {
    for (volatile int i = 0; i < 300; i++) {}
    if (yield) sched_yield();
}
typedef struct job {
    JOB_FRAME(job, int64_t, char text[24]; unsigned work; bool *runs);
} job_t;
JOB_DISCARDING(job, discard) {
    int64_t sum = 1;
    ADD(begun, 1);
    if (args->runs) STORE(*args->runs, true);
    for (unsigned i = 0; i < args->work % 32; i++) work_a_little(args->work % 7 == 0);
    for (const char *at = args->text; *at; at++) sum = sum * 10 + (*at - '0');
    ADD(ended, 1);
    return sum;
}
static void write_text(char *text, unsigned number) { snprintf(text, 24, "%05u", number % 100000); }

/* The copy that the job has is what counts; this one is overwritten as soon as it was polled. */
static void start_job(job_t *slot, fut_pool_t *pool, unsigned number, bool *runs) {
    START(*slot, job, .work = number, .runs = runs);
    write_text(slot->text, number);
    fut_blocking_on(&slot->blocking, pool);
}
static void take_output(const job_t *slot, unsigned number) {
    if (slot->output == -ECANCELED || slot->output == -EAGAIN) return; /* the second one: see refuse_some */
    CHECK(slot->output == 100000 + (int64_t)(number % 100000));
    ADD(taken, 1);
}

/* ---- Whoever has little patience -------------------------------------------------------------------------- */

/* Poll the child so many times, yielding in between, and then until it runs, if there is a word for that; then end it, one way or
 * the other. */
typedef struct impatient {
    FUT_FUTURE(impatient, int, fut_future_t *child; unsigned patience; bool *runs; bool hard);
    bool ending;
} impatient_t;
static fut_poll_t impatient_poll(impatient_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->ending = false;
    self->output = 0;
    if (fut_poll(self->child, cx) == FUT_READY) return fut_ready(&self->future);
    if (self->ending) return fut_pending(&self->future);
    if (self->patience > 0) {
        if (self->patience-- > 4) return fut_pending(&self->future); /* a long one: it waits for the wake */
        fut_context_yield(cx);
        return fut_pending(&self->future);
    }
    if (self->runs && !LOAD(*self->runs)) {
        sched_yield(); /* to the thread that is to run it */
        fut_context_yield(cx);
        return fut_pending(&self->future);
    }
    self->ending = true;
    if (self->hard) {
        fut_drop(self->child);
        return fut_ready(&self->future);
    }
    fut_cancel(self->child);
    if (fut_poll(self->child, cx) == FUT_READY) return fut_ready(&self->future);
    return fut_pending(&self->future);
}
static void impatient_drop(fut_future_t *future) { fut_drop(((impatient_t *)(void *)future)->child); }
FUT_DEFINE(impatient, .drop = impatient_drop);

typedef struct player {
    ASYNC_FRAME(player, int, fut_pool_t *pool; unsigned seed; bool *runs);
    job_t       job;
    impatient_t wait;
    unsigned    i, number;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < ROUNDS; self->i++) {
        self->number = any(&self->seed);
        STORE(*self->runs, false); /* a job that was left behind may set it again: that is too early, and no harm */
        start_job(&self->job, self->pool, self->number, self->runs);
        AWAIT(self->wait, impatient, &self->job.future, self->number / 64 % 8, self->i % 3 ? self->runs : NULL,
              self->number % 2);
        take_output(&self->job, self->number);
        memset(&self->job, 0xdd, sizeof self->job); /* what still runs has no part in it */
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* The system gives a thread to every third who asks. What counts on one that does not come is done by another, or fails; whoever
 * is forgotten would never end. */
static unsigned asked, refusals; /* atomic */
static int refuse_some(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    if (ADD(asked, 1) % 3 == 0) return pthread_create(thread, attributes, body, argument);
    ADD(refusals, 1);
    sched_yield(); /* the others may go idle, or leave, meanwhile */
    return EAGAIN;
}

static fut_pool_t pool;
static bool       runs[EXECUTORS][TASKS]; /* atomic */

static void *play_in_executor(void *argument) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (unsigned i = 0; i < TASKS; i++)
        DETACH(SPAWN(&executor, player, &pool, i + 100 * (unsigned)(uintptr_t)argument, &runs[(uintptr_t)argument][i]));
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void *play_plainly(void *argument) {
    unsigned seed = 77 + (unsigned)(uintptr_t)argument;
    for (int i = 0; i < ROUNDS; i++) {
        const unsigned number = any(&seed);
        job_t          slot;
        start_job(&slot, &pool, number, NULL);
        CHECK(fut_wait_on_thread(&slot.future) == 0);
        CHECK(slot.output > 0 || LOAD(refusals) > 0);
        take_output(&slot, number);
    }
    return NULL;
}

static void play(const fut_pool_options_t *options) {
    pthread_t         threads[EXECUTORS + PLAIN];
    fut_pool_counts_t counts;
    begun = ended = taken = discarded = 0;
    CHECK(fut_pool_init(&pool, options) == 0);
    for (uintptr_t i = 0; i < EXECUTORS + PLAIN; i++)
        threads[i] = start(i < EXECUTORS ? play_in_executor : play_plainly, (void *)i);
    for (int i = 0; i < EXECUTORS + PLAIN; i++) join(threads[i]);
    while (fut_pool_count(&pool, &counts), counts.running > 0) sched_yield();
    CHECK(counts.queued == 0 && counts.waiting == 0);
    CHECK(fut_pool_destroy(&pool, FUT_FOREVER) == 0);
    CHECK(begun == ended && ended == (long)counts.ended);
    CHECK(taken + discarded == ended);
    CHECK(taken >= PLAIN * ROUNDS || refusals > 0);
    CHECK(discarded > 0); /* otherwise the play was too tame */
}

static void no_output_is_lost_with_room_for_all(void) { play(&(fut_pool_options_t){.threads = 3}); }
static void no_output_is_lost_in_a_narrow_queue(void) { play(&(fut_pool_options_t){.threads = 2, .queue = 2}); }
static void no_output_is_lost_while_threads_come_and_go(void) {
    play(&(fut_pool_options_t){.threads = 3, .queue = 1, .idle = -1, .spin = -1});
}

static void no_job_is_forgotten_where_threads_are_refused(void) {
    fut__create_thread = refuse_some;
    play(&(fut_pool_options_t){.threads = 3, .queue = 2, .idle = -1, .spin = -1});
    CHECK(refusals > 0);
    play(&(fut_pool_options_t){.threads = 3, .idle = FUT_US(50)});
    fut__create_thread = pthread_create;
    refusals           = 0;
}

/* ---- The end of a pool ------------------------------------------------------------------------------------ */

typedef struct user {
    ASYNC_FRAME(user, int, unsigned seed);
    job_t    job;
    unsigned i, number;
} user_t;
ASYNC(user) {
    ASYNC_BEGIN();
    for (;;) {
        self->number = any(&self->seed);
        start_job(&self->job, &pool, self->number, NULL);
        AWAIT(self->job);
        take_output(&self->job, self->number);
        if (self->job.output < 0) break;
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void *use(void *argument) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (unsigned i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, user, i + 10 * (unsigned)(uintptr_t)argument));
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void a_pool_may_close_while_all_use_it(void) {
    for (uintptr_t round = 0; round < 30; round++) {
        pthread_t threads[EXECUTORS];
        CHECK(fut_pool_init(&pool, &(fut_pool_options_t){.threads = 2, .queue = 2, .idle = round % 2 ? -1 : 0}) == 0);
        STORE(taken, 0);
        for (uintptr_t i = 0; i < EXECUTORS; i++) threads[i] = start(use, (void *)(i + round));
        while (LOAD(taken) < 50) sched_yield();
        fut_pool_close(&pool);
        for (int i = 0; i < EXECUTORS; i++) join(threads[i]);
        if (round % 3 == 0)
            fut_pool_abandon(&pool);
        else
            CHECK(fut_pool_destroy(&pool, FUT_FOREVER) == 0);
    }
}

/* ---- Waiting inside of jobs -------------------------------------------------------------------------------- */

static fut_mutex_t mutex;
static long        guarded; /* not atomic */
typedef struct guard {
    JOB_FRAME(guard, int);
} guard_t;
JOB(guard) {
    if (fut_mutex_lock_blocking(&mutex) < 0) return -1;
    guarded++;
    fut_mutex_unlock(&mutex);
    return 0;
}
typedef struct guards {
    ASYNC_FRAME(guards, int);
    guard_t          jobs[4];
    fut_mutex_lock_t lock;
    FUT_GROUP(4) all;
    int i;
} guards_t;
ASYNC(guards) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < ROUNDS; self->i++) {
        AWAIT_TRY(self->lock, fut_mutex_lock, &mutex);
        guarded++;
        START(self->jobs[0], guard);
        START(self->jobs[1], guard);
        START(self->jobs[2], guard);
        START(self->jobs[3], guard);
        fut_mutex_release(&self->lock);
        JOIN(self->all, self->jobs[0], self->jobs[1], self->jobs[2], self->jobs[3]);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void tasks_and_jobs_share_a_mutex(void) {
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    CHECK(BLOCK_ON(&executor, guards) == 0);
    CHECK(guarded == 5L * ROUNDS);
    fut_executor_destroy(&executor);
    CHECK(fut_pool_destroy(fut_pool_default(), FUT_FOREVER) == 0);
}

int main(void) {
    RUN(no_output_is_lost_with_room_for_all);
    RUN(no_output_is_lost_in_a_narrow_queue);
    RUN(no_output_is_lost_while_threads_come_and_go);
    RUN(no_job_is_forgotten_where_threads_are_refused);
    RUN(a_pool_may_close_while_all_use_it);
    RUN(tasks_and_jobs_share_a_mutex);
    return finish();
}

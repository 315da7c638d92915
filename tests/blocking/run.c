/* A job runs on another thread, and its future is one like any other. */
#include "kit.h"

static fut_executor_t executor;

/* ---- Outputs and arguments ---------------------------------------------------------------------------- */

typedef struct sum {
    ASYNC_FRAME(sum, int, int a; int b);
    add_t add;
} sum_t;
ASYNC(sum) {
    ASYNC_BEGIN();
    BLOCKING(self->add, add, self->a, self->b);
    ASYNC_RETURN(self->add.output);
    ASYNC_END();
}

Test(blocking, the_output_is_what_the_function_returned) {
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(BLOCK_ON(&executor, sum, 3, 4), 7);
    fut_executor_destroy(&executor);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
}

typedef struct which {
    JOB_FRAME(which, int, pthread_t caller; fut_job_t **current);
} which_t;
JOB(which) {
    *args->current = fut_job_current();
    return pthread_equal(args->caller, pthread_self()) || *args->current != job;
}
Test(blocking, a_job_runs_on_another_thread_which_knows_it) {
    fut_job_t *current = NULL;
    which_t    slot;
    open_pool(1, 0);
    ON(slot, which, pthread_self(), &current);
    cr_wait(slot, 0);
    cr_assert_not_null(current);
    cr_assert_null(fut_job_current());
    close_pool();
}

typedef struct pair {
    double      x;
    const char *text;
    char        more[100];
} pair_t;
typedef struct make_pair {
    JOB_FRAME(make_pair, pair_t, char name[16]; double x);
} make_pair_t;
JOB(make_pair) {
    pair_t pair = {args->x * 2, "text", {0}};
    strcpy(pair.more, args->name);
    return pair;
}
Test(blocking, any_type_may_be_an_argument_or_an_output) {
    make_pair_t slot;
    open_pool(1, 0);
    ON(slot, make_pair, "hello", .x = 1.5);
    cr_assert_eq(fut_wait_on_thread(&slot.future), 0);
    cr_assert_eq(slot.blocking.status, 0);
    cr_assert(slot.output.x == 3.0);
    cr_assert_str_eq(slot.output.text, "text");
    cr_assert_str_eq(slot.output.more, "hello");
    close_pool();
}

static int ran; /* atomic */
typedef struct nothing {
    JOB_FRAME(nothing, void);
} nothing_t;
JOB(nothing) {
    ADD(ran, 1);
    return (fut_unit_t){0};
}
Test(blocking, a_job_needs_neither_arguments_nor_an_output) {
    nothing_t slot;
    open_pool(1, 0);
    ON(slot, nothing);
    cr_assert_eq(fut_wait_on_thread(&slot.future), 0);
    cr_assert_eq(slot.blocking.status, 0);
    cr_assert_eq(LOAD(ran), 1);
    close_pool();
}

Test(blocking, the_job_has_a_copy_of_its_arguments) {
    fut_test_waker_t woken = {0};
    hold_t           first;
    gate_t           gate;
    add_t            slot;
    open_pool(1, 0);
    occupy(&first, &gate, &woken);
    ON(slot, add, 3, 4);
    cr_pending(slot, woken);
    slot.a = slot.b = 1000;
    fut_event_set(&gate.open);
    cr_wait(slot, 7);
    cr_wait(first, 7);
    close_pool();
}

Test(blocking, nothing_happens_before_the_first_poll) {
    add_t slot;
    open_pool(1, 0);
    ON(slot, add, 3, 4);
    cr_assert_eq(counts().threads, 0);
    fut_drop(&slot.future);
    cr_assert_eq(slot.output, -ECANCELED);
    cr_assert_eq(slot.blocking.status, -ECANCELED);
    ON(slot, add, 3, 4);
    fut_cancel(&slot.future);
    cr_assert(fut_is_done(&slot.future));
    cr_assert_eq(counts().started, 0);
    close_pool();
}

/* ---- Names ---------------------------------------------------------------------------------------------- */

/* As a header would. */
typedef struct exported {
    JOB_FRAME(exported, int, int a);
} exported_t;
JOB_DECLARE(exported);
typedef struct exported_too {
    JOB_FRAME(exported_too, int, int a);
} exported_too_t;
JOB_DECLARE(exported_too);

/* What the macros themselves call something. */
typedef struct name {
    JOB_FRAME(name, int, int size; int run; int kind);
} name_t;
typedef struct job {
    JOB_FRAME(job, int, int name; int discard; int line);
} job_t;
JOB(name) { return args->size + args->run + args->kind; }
JOB(job) { return args->name + args->discard + args->line; }

JOB_DEFINE(exported) { return args->a + 1; }
static void nothing_to_discard(int output) { (void)output; }
JOB_DEFINE_DISCARDING(exported_too, nothing_to_discard) { return args->a + 2; }

Test(blocking, a_job_may_be_declared_in_a_header_and_have_any_name) {
    exported_t     first;
    exported_too_t second;
    name_t         third;
    job_t          fourth;
    open_pool(1, 0);
    ON(first, exported, 1);
    cr_wait(first, 2);
    ON(second, exported_too, 1);
    cr_wait(second, 3);
    ON(third, name, 1, 2, 3);
    cr_wait(third, 6);
    ON(fourth, job, 1, 2, .line = 4);
    cr_wait(fourth, 7);
    close_pool();
}

Test(blocking, no_pool_means_the_default_one) {
    add_t slot;
    START(slot, add, 3, 4);
    fut_blocking_on(&slot.blocking, NULL);
    cr_wait(slot, 7);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
}

/* ---- Polls and wakes ------------------------------------------------------------------------------------- */

Test(blocking, polls_for_nothing_change_nothing_and_the_last_waker_is_woken) {
    fut_test_waker_t first = {0}, second = {0};
    hold_t           slot;
    gate_t           gate;
    open_pool(1, 0);
    occupy(&slot, &gate, &first);
    cr_pending(slot, first);
    cr_pending(slot, second);
    cr_pending(slot, second);
    fut_event_set(&gate.open);
    UNTIL(LOAD(second.drops));
    cr_assert_eq(LOAD(second.wakes), 1);
    cr_assert_eq(LOAD(first.wakes), 0);
    cr_ready(slot, second, 7);
    slot.output = 1;
    cr_ready(slot, second, 1); /* READY again, output untouched */
    cr_assert_eq(first.clones, first.drops);
    cr_assert_eq(second.clones, second.drops);
    close_pool();
}

Test(blocking, the_wake_comes_after_the_end_and_the_clone_is_given_back) {
    fut_test_waker_t woken = {0};
    add_t            slot;
    open_pool(1, 0);
    for (int i = 0; i < 100; i++) {
        const unsigned before = LOAD(woken.drops);
        ON(slot, add, i, 1);
        if (POLL(slot, woken) == FUT_PENDING) {
            UNTIL(LOAD(woken.drops) > before);
            cr_assert_eq(LOAD(woken.wakes), LOAD(woken.drops));
            cr_ready(slot, woken, i + 1);
        }
        cr_assert_eq(slot.output, i + 1);
        UNTIL(LOAD(woken.drops) == LOAD(woken.clones)); /* a poll may see the end before the wake comes */
    }
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
}

Test(blocking, a_stutter_changes_nothing) {
    fut_test_stutter_t stutter;
    add_t              slot;
    open_pool(1, 0);
    ON(slot, add, 3, 4);
    START(stutter, fut_test_stutter, &slot.future);
    cr_assert_eq(fut_wait_on_thread(&stutter.future), 0);
    cr_assert_eq(slot.output, 7);
    close_pool();
}

/* ---- Composed --------------------------------------------------------------------------------------------- */

typedef struct both {
    ASYNC_FRAME(both, int, gate_t *gate);
    hold_t      a, b;
    add_t       c;
    fut_sleep_t nap;
    FUT_GROUP(3) group;
} both_t;
ASYNC(both) {
    ASYNC_BEGIN();
    JOIN(self->group, (self->a, hold, self->gate, 1), (self->b, hold, self->gate, 2), (self->c, add, 3, 4));
    ASYNC_RETURN(self->a.output + self->b.output + self->c.output);
    ASYNC_END();
}
Test(blocking, jobs_can_be_joined) {
    gate_t gate;
    gate_init(&gate);
    fut_event_set(&gate.open);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(BLOCK_ON(&executor, both, &gate), 10);
    fut_executor_destroy(&executor);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
}

/* Ends as soon as it is asked to. */
typedef struct patient {
    JOB_FRAME(patient, int, unsigned *rounds);
} patient_t;
JOB(patient) {
    for (; !fut_job_is_cancelled(job); sched_yield()) ++*args->rounds;
    return -EINTR;
}

typedef struct chooser {
    ASYNC_FRAME(chooser, int, unsigned *rounds);
    patient_t patient;
    add_t     add;
    FUT_GROUP(2) group;
} chooser_t;
ASYNC(chooser) {
    ASYNC_BEGIN();
    START(self->patient, patient, self->rounds);
    START(self->add, add, 3, 4);
    fut_blocking_on(&self->patient.blocking, &pool);
    fut_blocking_on(&self->add.blocking, &pool);
    SELECT(self->group, self->patient, self->add);
    if (!WON(self->group, self->add) || !fut_is_done(&self->patient.future)) ASYNC_RETURN(-EILSEQ);
    if (*self->rounds == 0) /* taken out of the queue */
        ASYNC_RETURN(self->patient.output == -ECANCELED || self->patient.output == -EINTR ? 0 : -EILSEQ);
    ASYNC_RETURN(self->patient.output == -EINTR ? 0 : -EILSEQ);
    ASYNC_END();
}
Test(blocking, a_job_that_loses_a_select_has_ended_behind_it) {
    unsigned rounds = 0; /* not atomic: SELECT does not end before the job has */
    open_pool(2, 0);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(BLOCK_ON(&executor, chooser, &rounds), 0);
    fut_executor_destroy(&executor);
    fut_pool_destroy(&pool, FUT_FOREVER);
}

typedef struct limited {
    ASYNC_FRAME(limited, int, unsigned *rounds);
    patient_t     patient;
    fut_timeout_t limit;
} limited_t;
ASYNC(limited) {
    ASYNC_BEGIN();
    TIMEOUT(self->limit, FUT_S(3600), (self->patient, patient, self->rounds));
    ASYNC_RETURN(self->limit.output == -ETIMEDOUT && fut_is_done(&self->patient.future) ? 0 : -EILSEQ);
    ASYNC_END();
}
Test(blocking, a_timeout_asks_the_job_to_end_and_waits_for_that) {
    fut_virtual_clock_t *clock  = fut_virtual_clock_new();
    unsigned             rounds = 0;
    cr_assert_eq(fut_executor_init(&executor, &(fut_executor_options_t){.driver = fut_virtual_clock_driver(clock)}), 0);
    cr_assert_eq(BLOCK_ON(&executor, limited, &rounds), 0);
    fut_executor_destroy(&executor);
    fut_virtual_clock_free(clock);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
}

/* ---- Storage of one's own ------------------------------------------------------------------------------- */

typedef struct keeper {
    ASYNC_FRAME(keeper, int, struct add_job *storage);
    add_t add;
    int   i;
} keeper_t;
ASYNC(keeper) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 10; self->i++) {
        BLOCKING_IN(*self->storage, self->add, add, self->i, 1);
        TRY(self->add.output);
    }
    ASYNC_RETURN(self->add.output);
    ASYNC_END();
}
Test(blocking, storage_of_ones_own_serves_one_job_after_the_other) {
    static struct add_job storage;
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(BLOCK_ON(&executor, keeper, &storage), 10);
    cr_assert(fut_job_is_free(&storage.job));
    fut_executor_destroy(&executor);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
}

Test(blocking, with_storage_of_ones_own_nothing_is_allocated) {
    static struct add_job storage;
    add_t                 slot;
    long                  before;
    open_pool(1, 0);
    before = LOAD(requests);
    ON(slot, add, 1, 2);
    fut_blocking_in(&slot.blocking, &storage.job);
    cr_wait(slot, 3);
    cr_assert_eq(LOAD(requests), before);
    close_pool();
}

Test(blocking, storage_that_is_in_use_is_refused) {
    static struct hold_job storage;
    fut_test_waker_t       woken = {0};
    hold_t                 slot, other;
    gate_t                 gate;
    gate_init(&gate);
    open_pool(2, 0);
    ON(slot, hold, &gate, 5);
    fut_blocking_in(&slot.blocking, &storage.job);
    cr_pending(slot, woken);
    ON(other, hold, &gate, 6);
    fut_blocking_in(&other.blocking, &storage.job);
    cr_ready(other, woken, -EBUSY);
    cr_assert_eq(fut_event_wait_blocking(&gate.entered), 0);
    fut_drop(&slot.future); /* the job still runs in there */
    ON(other, hold, &gate, 6);
    fut_blocking_in(&other.blocking, &storage.job);
    cr_ready(other, woken, -EBUSY);
    cr_assert(!fut_job_is_free(&storage.job));
    fut_event_set(&gate.open);
    UNTIL(fut_job_is_free(&storage.job));
    ON(other, hold, &gate, 6);
    fut_blocking_in(&other.blocking, &storage.job);
    cr_wait(other, 6);
    close_pool();
}

/* ---- Blocking inside of a job ------------------------------------------------------------------------------ */

typedef struct waiting {
    JOB_FRAME(waiting, int, fut_mutex_t *mutex; fut_test_after_t *after; add_t *other);
} waiting_t;
JOB(waiting) {
    if (fut_mutex_lock_blocking(args->mutex) < 0) return -1;
    fut_mutex_unlock(args->mutex);
    if (fut_wait_on_thread(&args->after->future) < 0) return -2;
    if (fut_wait_on_thread(&args->other->future) < 0) return -3; /* a job of the default pool */
    return args->after->output + args->other->output;
}
Test(blocking, a_job_may_wait_for_locks_for_futures_and_for_jobs_of_another_pool) {
    fut_test_waker_t woken = {0};
    fut_mutex_t      mutex = FUT_MUTEX_INIT;
    fut_test_after_t after;
    add_t            other;
    waiting_t        slot;
    open_pool(1, 0);
    cr_assert(fut_mutex_try_lock(&mutex));
    START(after, fut_test_after, 5, 100);
    START(other, add, 10, 20);
    ON(slot, waiting, &mutex, &after, &other);
    cr_pending(slot, woken);
    fut_mutex_unlock(&mutex);
    cr_wait(slot, 130);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
    close_pool();
}

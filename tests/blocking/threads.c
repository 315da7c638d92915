/* Threads are made when there is work, never more than allowed, and end when there is none. */
#include "kit.h"

#include "../../src/blocking/crew.h"

static fut_test_waker_t woken;
static int              started, stopped; /* atomic */
static void             on_start(void *data) { ADD(started, *(int *)data); }
static void             on_stop(void *data) { ADD(stopped, *(int *)data); }
static int              one = 1;

static void open_hooked(unsigned threads, fut_duration_t idle) {
    const fut_pool_options_t options = {
        .threads = threads, .idle = idle, .on_start = on_start, .on_stop = on_stop, .data = &one};
    count_memory();
    cr_assert_eq(fut_pool_init(&pool, &options), 0);
}

Test(blocking, there_are_never_more_threads_than_allowed) {
    enum { JOBS = 20, THREADS = 3 };
    hold_t slots[JOBS];
    gate_t gate;
    gate_init(&gate);
    open_hooked(THREADS, FUT_FOREVER);
    for (int i = 0; i < JOBS; i++) {
        ON(slots[i], hold, &gate, i);
        cr_pending(slots[i], woken);
    }
    UNTIL(LOAD(gate.runs) == THREADS);
    cr_assert_eq(counts().threads, THREADS);
    cr_assert_eq(counts().running, THREADS);
    cr_assert_eq(counts().queued, JOBS - THREADS);
    fut_event_set(&gate.open);
    for (int i = 0; i < JOBS; i++) cr_wait(slots[i], i);
    cr_assert_eq(counts().ended, JOBS);
    close_pool();
    cr_assert_eq(LOAD(started), THREADS);
    cr_assert_eq(LOAD(stopped), THREADS);
}

Test(blocking, an_idle_thread_is_used_again) {
    add_t slot;
    open_hooked(4, FUT_FOREVER);
    for (int i = 0; i < 50; i++) {
        ON(slot, add, i, i);
        cr_wait(slot, 2 * i);
        UNTIL(counts().idle == 1);
    }
    close_pool();
    cr_assert_eq(LOAD(started), 1);
}

Test(blocking, idle_threads_end_and_others_come_when_there_is_work_again) {
    add_t slot;
    open_hooked(2, -1);
    for (int i = 1; i <= 5; i++) {
        ON(slot, add, i, i);
        cr_wait(slot, 2 * i);
        UNTIL(LOAD(stopped) == i);
        cr_assert_eq(counts().threads, 0);
    }
    close_pool();
    cr_assert_eq(LOAD(started), 5);
    cr_assert_eq(LOAD(stopped), 5);
}

Test(blocking, a_thread_that_waited_for_its_idle_time_ends) {
    add_t slot;
    open_hooked(1, FUT_MS(2));
    ON(slot, add, 1, 1);
    cr_wait(slot, 2);
    UNTIL(LOAD(stopped) == 1);
    close_pool();
}

/* ---- What a thread inherits ----------------------------------------------------------------------------- */

typedef struct look {
    JOB_FRAME(look, int, sigset_t *blocked; char *name);
} look_t;
JOB(look) {
    pthread_sigmask(SIG_SETMASK, NULL, args->blocked);
    pthread_getname_np(pthread_self(), args->name, 16);
    return 0;
}
Test(blocking, signals_are_for_other_threads_and_a_thread_has_a_name) {
    const fut_pool_options_t options = {.threads = 1, .name = "elevenbytes", .stack = 1 << 20};
    sigset_t                 blocked, mine;
    char                     name[16];
    look_t                   slot;
    cr_assert_eq(fut_pool_init(&pool, &options), 0);
    ON(slot, look, &blocked, name);
    cr_wait(slot, 0);
    cr_assert(sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGCHLD) && sigismember(&blocked, SIGTERM));
    cr_assert(!sigismember(&blocked, SIGSEGV)); /* its own mistakes are reported */
    cr_assert_str_eq(name, "elevenbytes-1");
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    cr_assert(!sigismember(&mine, SIGINT));
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
}

Test(blocking, options_that_cannot_be_are_refused) {
    cr_assert_eq(fut_pool_init(&pool, &(fut_pool_options_t){.stack = 1}), -EINVAL);
    cr_assert_null(pool.crew);
    cr_assert_eq(fut_pool_init(&pool, &(fut_pool_options_t){.name = "twelve bytes"}), -EINVAL);
    cr_assert_eq(fut_pool_destroy(&pool, 0), 0); /* nothing to do */
}

/* ---- No more threads --------------------------------------------------------------------------------------- */

static int allowed; /* atomic: so many more */
static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    if (ADD(allowed, -1) < 0) return EAGAIN;
    return pthread_create(thread, attributes, body, argument);
}

Test(blocking, without_any_thread_a_job_fails_and_nothing_is_left) {
    add_t slot;
    open_pool(2, 0);
    fut__create_thread = create;
    for (int i = 0; i < 3; i++) {
        ON(slot, add, 1, 2);
        cr_ready(slot, woken, -EAGAIN);
        cr_assert_eq(slot.blocking.status, -EAGAIN);
    }
    cr_assert_eq(counts().threads, 0);
    cr_assert_eq(counts().queued, 0);
    allowed = 1;
    ON(slot, add, 1, 2);
    cr_wait(slot, 3);
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
}

Test(blocking, where_there_are_threads_a_job_waits_for_one_of_them) {
    hold_t first;
    add_t  slot;
    gate_t gate;
    open_pool(2, 0);
    occupy(&first, &gate, &woken);
    fut__create_thread = create;
    ON(slot, add, 1, 2);
    cr_pending(slot, woken);
    cr_assert_eq(counts().threads, 1);
    cr_assert_eq(counts().queued, 1);
    fut_event_set(&gate.open);
    cr_wait(slot, 3);
    cr_wait(first, 7);
    close_pool();
}

/* The thread that lives goes idle while another one cannot be made; a job that counted on the other must not be forgotten. */
static int    calls;
static hold_t holder;
static add_t  meanwhile;
static gate_t its_gate;
static int    create_late(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
       (void)thread, (void)attributes, (void)body, (void)argument;
       calls++;
       fut_event_set(&its_gate.open);
       UNTIL(counts().idle == 1); /* it has done the job for which we were called */
       ON(meanwhile, add, 20, 30);
       cr_pending(meanwhile, woken); /* somebody is coming, it says, and that is us */
       return EAGAIN;
}
Test(blocking, a_job_that_counted_on_a_thread_which_cannot_be_made_is_not_forgotten) {
    const fut_pool_options_t options = {.threads = 2, .spin = -1};
    add_t                    slot;
    cr_assert_eq(fut_pool_init(&pool, &options), 0);
    occupy(&holder, &its_gate, &woken);
    fut__create_thread = create_late;
    ON(slot, add, 1, 2);
    if (POLL(slot, woken) == FUT_PENDING) cr_wait(slot, 3);
    cr_assert_eq(slot.output, 3);
    cr_assert_eq(calls, 1);
    cr_wait(meanwhile, 50);
    cr_wait(holder, 7);
    cr_assert_eq(fut_pool_destroy(&pool, FUT_FOREVER), 0);
}

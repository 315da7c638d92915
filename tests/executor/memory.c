/* Without memory everything fails with -ENOMEM and nothing is lost; with it the steady state needs none. */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "../sanitized.h"
#include "kit.h"

/* ---- Everything once ----------------------------------------------------------------------------------------- */

static int ends[2];

typedef struct worker {
    ASYNC_FRAME(worker, int);
    fut_sleep_t nap;
    char        locals[1000]; /* too large for the pool */
} worker_t;
ASYNC(worker) {
    ASYNC_BEGIN();
    memset(self->locals, 1, sizeof self->locals);
    AWAIT(self->nap, fut_sleep, FUT_US(1));
    ASYNC_RETURN(1);
    ASYNC_END();
}

/* Output: what worked, or -ENOMEM. */
typedef struct scenario {
    ASYNC_FRAME(scenario, int);
    fut_sleep_t        nap;
    fut_read_t         read;
    fut_write_t        write;
    fut_readable_t     readable;
    fut_timeout_t      timeout;
    struct worker_join worker;
    struct answer_join answer;
    char               byte;
} scenario_t;
ASYNC(scenario) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->nap, fut_sleep, FUT_US(1));
    self->worker = SPAWN(fut_executor_of(cx), worker);
    self->answer = SPAWN(fut_executor_of(cx), answer, 1);
    START(self->read, fut_read, ends[0], &self->byte, 1);
    AWAIT(self->timeout, fut_timeout, &self->read.future, FUT_US(1));
    if (self->timeout.output != -ETIMEDOUT) TRY((int)self->read.output);
    TRY(self->timeout.output == -ETIMEDOUT ? 0 : self->timeout.output);
    AWAIT_TRY(self->write, fut_write, ends[1], "x", 1);
    AWAIT_TRY(self->readable, fut_readable, ends[0]);
    AWAIT_TRY(self->read, fut_read, ends[0], &self->byte, 1);
    TRY(fut_attach(cx, ends[0]));
    AWAIT(self->worker);
    TRY(self->worker.output);
    AWAIT(self->answer);
    TRY(self->answer.output);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (!fut_is_done(&self->worker.join.future) && self->worker.join.future.vtable) fut_drop(&self->worker.join.future);
    if (!fut_is_done(&self->answer.join.future) && self->answer.join.future.vtable) fut_drop(&self->answer.join.future);
    ASYNC_END();
}

static int run_scenario(void) {
    fut_executor_t executor;
    int            error;
    cr_assert_eq(pipe(ends), 0);
    error = fut_executor_init(&executor, &(fut_executor_options_t){.quiet = true});
    if (error == 0) {
        error = BLOCK_ON(&executor, scenario);
        fut_executor_destroy(&executor);
    }
    fut_close(ends[0]);
    close(ends[1]);
    return error;
}

/* In a process of its own, where nothing was recycled yet: the nth request fails, then all goes well, twice. Its exit code: 0, or
 * which promise was broken; 100: there is no nth request. */
enum { KEPT, WRONG_ERROR, NOT_RECOVERED, LEAKED, NOT_REACHED = 100 };
static int without_request(size_t n) {
    size_t live;
    int    error;
    counting.refuse = n;
    error           = run_scenario();
    if (counting.calls < n) return error == 0 ? NOT_REACHED : WRONG_ERROR;
    if (error != 0 && error != -ENOMEM) return WRONG_ERROR;
    counting.refuse = 0;
    if (run_scenario() != 0) return NOT_RECOVERED;
    live = counting.live;
    if (run_scenario() != 0) return NOT_RECOVERED;
    return counting.live == live ? KEPT : LEAKED;
}

Test(executor, out_of_memory_at_any_request_is_ENOMEM_and_loses_nothing, .timeout = 120) {
    size_t n      = 0;
    int    status = 0;

    counting_begin();
    do {
        pid_t child = fork();
        cr_assert_geq(child, 0);
        n++;
        if (child == 0) _exit(without_request(n));
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert(WIFEXITED(status), "request %zu: crashed", n);
        cr_assert(WEXITSTATUS(status) == KEPT || WEXITSTATUS(status) == NOT_REACHED, "request %zu: %d", n,
                  WEXITSTATUS(status));
    } while (WEXITSTATUS(status) != NOT_REACHED);
    cr_assert_gt(n, 5, "the scenario allocates hardly anything: it proves nothing");
}

Test(executor, init_without_memory_is_ENOMEM_and_nothing_is_left) {
    size_t before;

    counting_begin();
    open_quietly();
    fut_executor_destroy(&executor);
    before              = counting.live;
    counting.refuse_all = true;
    for (int i = 0; i < 10; i++) cr_assert_eq(fut_executor_init(&executor, NULL), -ENOMEM);
    counting.refuse_all = false;
    cr_assert_eq(counting.live, before);
    open_quietly();
    fut_executor_destroy(&executor);
    cr_assert_eq(counting.live, before);
}

Test(executor, a_reactor_without_memory_is_NULL_and_says_ENOMEM) {
    counting_begin();
    counting.refuse_all = true;
    errno               = 0;
    cr_assert_null(fut_reactor_new());
    cr_assert_eq(errno, ENOMEM);
    fut_reactor_free(NULL);
}

/* ---- The steady state ---------------------------------------------------------------------------------------- */

/* malloc itself is counted as well, where nobody else has replaced it. */
#if !defined(__GLIBC__) || SANITIZED
#define MALLOC_IS_REPLACED
#endif

static volatile size_t mallocs; /* volatile: compilers know that malloc changes no variable of ours */
#ifndef MALLOC_IS_REPLACED
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
void        *malloc(size_t size) {
           mallocs++;
           return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    mallocs++;
    return __libc_calloc(count, size);
}
void *realloc(void *memory, size_t size) {
    mallocs++;
    return __libc_realloc(memory, size);
}
#endif

/* Everything that a program does again and again. */
typedef struct routine {
    ASYNC_FRAME(routine, int, int times; bool attached; fut_test_event_t *event);
    fut_sleep_t          nap;
    fut_read_t           read;
    fut_write_t          write;
    fut_timeout_t        timeout;
    struct listener_join listener;
    struct answer_join   answer;
    char                 byte;
    int                  i;
} routine_t;
ASYNC(routine) {
    ASYNC_BEGIN();
    if (self->attached) {
        TRY(fut_attach(cx, ends[0]));
        TRY(fut_attach(cx, ends[1]));
    }
    for (self->i = 0; self->i < self->times; self->i++) {
        YIELD();
        AWAIT_TRY(self->nap, fut_sleep, FUT_US(1));
        START(self->read, fut_read, ends[0], &self->byte, 1);
        AWAIT(self->timeout, fut_timeout, &self->read.future, FUT_US(1));
        AWAIT_TRY(self->write, fut_write, ends[1], "x", 1);
        AWAIT_TRY(self->read, fut_read, ends[0], &self->byte, 1);
        self->listener = SPAWN(fut_executor_of(cx), listener, "a", self->event);
        self->answer   = SPAWN(fut_executor_of(cx), answer, 1);
        AWAIT(self->answer);
        YIELD();
        fut_test_event_fire(self->event, 1);
        fut_wake_from_interrupt(cx->waker);
        AWAIT(self->listener);
        fut_test_hush();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void the_steady_state_allocates_nothing(bool attached) {
    fut_test_event_t event = {0};
    size_t           calls, all;

    counting_begin();
    cr_assert_eq(pipe(ends), 0);
    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, routine, 2, attached, &event), 0); /* warm up */
    calls = counting.calls;
    all   = mallocs;
    cr_assert_eq(BLOCK_ON(&executor, routine, 200, attached, &event), 0);
#ifdef FUT_CHECKED /* a checked build keeps a table of what is pending */
    (void)calls, (void)all;
#else
    cr_assert_eq(counting.calls, calls);
    cr_assert_eq(mallocs, all);
#endif
    fut_executor_destroy(&executor);
}

Test(executor, the_steady_state_allocates_nothing, .timeout = 60) { the_steady_state_allocates_nothing(false); }
Test(executor, the_steady_state_allocates_nothing_with_attached_descriptors, .timeout = 60) {
    the_steady_state_allocates_nothing(true);
}

#ifndef MALLOC_IS_REPLACED
Test(executor, the_count_of_mallocs_counts) {
    const char *preloaded = getenv("LD_PRELOAD");
    size_t      before    = mallocs;
    if (preloaded && strstr(preloaded, "vgpreload")) return; /* valgrind has a malloc of its own */
    void *volatile memory = malloc(10);
    cr_assert_eq(mallocs, before + 1);
    free(memory);
}
#endif

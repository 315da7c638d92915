/* What the system gives: threads with names, stacks, cores; descriptors, memory and threads that run out; fork; sleep. */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/wait.h>

#include "../fork.h"
#include "../refuse.h"
#include "kit.h"

/* ---- Threads ------------------------------------------------------------------------------------------------------ */

static long  started, stopped; /* atomic: bits */
static void *data_seen;        /* atomic */
static void  on_start(unsigned worker, void *data) {
     STORE(data_seen, data);
     ADD(started, 1L << worker);
}
static void on_stop(unsigned worker, void *data) {
    (void)data;
    ADD(stopped, 1L << worker);
}

Test(runtime, hooks_are_called_on_each_worker_before_its_first_task_and_after_its_last) {
    open_with((fut_runtime_options_t){.workers = 3, .on_start = on_start, .on_stop = on_stop, .data = &started});
    for (unsigned i = 0; i < 3; i++) {
        struct where_join handle = SPAWN_ON(&runtime, i, where);
        cr_assert_eq(WAIT(handle), (int)i);
        cr_assert(LOAD(started) & 1L << i);
    }
    cr_assert_eq(LOAD(stopped), 0);
    cr_assert_eq(LOAD(data_seen), &started);
    shut();
    cr_assert_eq(started, 7);
    cr_assert_eq(stopped, 7);
}

typedef struct looks_at_thread {
    ASYNC_FRAME(looks_at_thread, int);
} looks_at_thread_t;
static char      name_seen[16];
static size_t    stack_seen;
static cpu_set_t cores_seen;
ASYNC(looks_at_thread) {
    pthread_attr_t attributes;
    ASYNC_BEGIN();
    pthread_getname_np(pthread_self(), name_seen, sizeof name_seen);
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstacksize(&attributes, &stack_seen);
    pthread_attr_destroy(&attributes);
    sched_getaffinity(0, sizeof cores_seen, &cores_seen);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void look_at(unsigned worker) {
    struct looks_at_thread_join handle = SPAWN_ON(&runtime, worker, looks_at_thread);
    cr_assert_eq(WAIT(handle), 0);
}

Test(runtime, threads_have_the_name_and_the_stack_that_were_asked_for) {
    char name[] = "baker";
    open_with((fut_runtime_options_t){.workers = 2, .name = name, .stack_size = 3 * 1024 * 1024});
    name[0] = 'x'; /* it was copied */
    look_at(1);
    cr_assert_str_eq(name_seen, "baker-1");
    cr_assert_eq(stack_seen, 3 * 1024 * 1024);
    shut();
    open_with((fut_runtime_options_t){.workers = 12, .name = "a name that is too long"});
    look_at(11);
    cr_assert_str_eq(name_seen, "a name that-11");
    shut();
    open_workers(1);
    look_at(0);
    cr_assert_str_eq(name_seen, "future-0");
    shut();
}

Test(runtime, with_affinity_each_worker_has_one_core_of_ours) {
    cpu_set_t mine;
    cr_assert_eq(sched_getaffinity(0, sizeof mine, &mine), 0);
    open_with((fut_runtime_options_t){.workers = 3, .affinity = true}); /* perhaps more workers than cores */
    for (unsigned i = 0; i < 3; i++) {
        look_at(i);
        cr_assert_eq(CPU_COUNT(&cores_seen), 1);
        CPU_AND(&cores_seen, &cores_seen, &mine);
        cr_assert_eq(CPU_COUNT(&cores_seen), 1);
    }
    shut();
    open_workers(1);
    look_at(0);
    cr_assert(CPU_EQUAL(&cores_seen, &mine), "without it, all of them");
    shut();
}

/* ---- What runs out ------------------------------------------------------------------------------------------------ */

Test(runtime, a_stack_too_small_or_too_large_is_an_error_and_nothing_was_begun) {
    const fut_runtime_options_t too_large = {
        .workers = 3, .stack_size = (size_t)1 << 50, .on_start = on_start, .on_stop = on_stop};
    int error;
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2, .stack_size = 100}), -EINVAL);
    started = stopped = 0;
    error             = fut_runtime_init(&runtime, &too_large);
    cr_assert(error == -EAGAIN || error == -EINVAL, "%d: valgrind answers such an mmap with EINVAL", error);
    cr_assert_eq(started, stopped);
    fut_runtime_destroy(&runtime); /* there is nothing to destroy */
    open_workers(2);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    shut();
}

/* Criterion opens some of its own while a test runs: a few more are no leak, one for each time is. */
enum { A_FEW = 6 };
static int lowest_free(void) {
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}

Test(runtime, without_descriptors_init_is_EMFILE_and_later_goes_well) {
    const int     first = lowest_free();
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int allowed = 0; allowed < 6; allowed++) { /* three workers need six; three of them are kept for the next */
        struct rlimit less = {(rlim_t)(first + allowed), limit.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
        for (int i = 0; i < 20; i++)
            cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 3}), -EMFILE);
        cr_assert_leq(lowest_free(), first + 3 + A_FEW);
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    open_workers(3);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    shut();
    for (int i = 0; i < 50; i++) {
        open_workers(3);
        shut();
    }
    cr_assert_leq(lowest_free(), first + 3 + A_FEW, "one after the other uses the same descriptors");
}

/* 0, or the first thing that went wrong. */
typedef struct asks_for_memory {
    ASYNC_FRAME(asks_for_memory, int);
    struct answer_join child;
    fut_sleep_t        nap;
    char               locals[1000]; /* too large for the pool */
} asks_for_memory_t;
ASYNC(asks_for_memory) {
    ASYNC_BEGIN();
    self->child = SPAWN(fut_runtime_of(cx), answer, 3, 1);
    AWAIT(self->child);
    TRY(self->child.output);
    AWAIT_TRY(self->nap, fut_sleep, FUT_US(1));
    ASYNC_RETURN(self->child.output == 3 ? 0 : -EPROTO);
    ASYNC_END();
}
static int needs_memory(void) {
    struct asks_for_memory_join handle;
    int                         error = fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1});
    if (error < 0) return error;
    handle = SPAWN(&runtime, asks_for_memory);
    error  = WAIT(handle);
    shut();
    return error;
}

Test(runtime, every_request_for_memory_may_be_refused) {
    size_t refused = 0;
    counting_begin();
    for (size_t nth = 1; nth < 100; nth++) {
        int error;
        counting.refuse = counting.calls + nth;
        error           = needs_memory();
        counting.refuse = 0;
        cr_assert(error == 0 || error == -ENOMEM, "request %zu: %d", nth, error);
        refused += error == -ENOMEM;
        cr_assert_eq(needs_memory(), 0, "after request %zu was refused", nth);
        if (error == 0) break;
    }
    cr_assert_gt(refused, 0);
}

/* In the steady state nothing is asked for. */
Test(runtime, tasks_one_after_the_other_need_no_memory) {
    size_t before;
    counting_begin();
    open_workers(1);
    for (int i = 0; i < 300; i++) cr_assert_eq(BLOCK_ON(&runtime, answer, i, 1), i);
    before = counting.calls;
    for (int i = 0; i < 3000; i++) cr_assert_eq(BLOCK_ON(&runtime, answer, i, 1), i);
    cr_assert_eq(counting.calls, before);
    shut();
}

/* As on a machine with more cores than a cpu_set_t has bits. */
Test(runtime, where_the_affinity_cannot_be_had_all_cores_count_and_none_is_chosen) {
    const long all = sysconf(_SC_NPROCESSORS_ONLN);
    if (SANITIZED) cr_skip_test("a sanitizer asks for it in each thread");
    if (!refuse_call(SYS_sched_getaffinity, EINVAL)) cr_skip_test("no seccomp here");
    open_with((fut_runtime_options_t){.affinity = true});
    cr_assert_eq(fut_runtime_workers(&runtime), all < 254 ? (unsigned)all : 254);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    shut();
}

/* ---- fork --------------------------------------------------------------------------------------------------------- */

static int status_of(pid_t child) {
    int status = 0;
    cr_assert_eq(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int in_child(struct guest_join *handle, fut_waker_t waker) {
    struct answer_join refused;
    alarm(100); /* a lock that nobody will release */
    refused = SPAWN(&runtime, answer, 1, 0);
    if (refused.join.status != -ECHILD) return 1;
    if (BLOCK_ON(&runtime, answer, 1, 0) != -ECHILD) return 2;
    if (fut_runtime_shutdown(&runtime, -1) != -ECHILD) return 3;
    fut_wake(waker);
    fut_join_detach(&handle->join);
    fut_runtime_destroy(&runtime);
#if !defined(__SANITIZE_THREAD__) /* which lets a child of many threads start none */
    if (fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}) < 0) return 4;
    if (BLOCK_ON(&runtime, answer, 7, 3) != 7) return 5;
    fut_runtime_destroy(&runtime);
#endif
    return 0;
}

Test(runtime, the_child_of_a_fork_has_no_part_in_it_and_makes_its_own) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handle;
    pid_t             child;
    open_workers(2);
    handle = SPAWN(&runtime, guest, &door);
    until_count(&begun, 1);
    for (int i = 0; i < 20; i++) {
        struct guest_join copy = handle;
        child                  = quiet_fork();
        if (child == 0) _exit(in_child(&copy, (fut_waker_t){handle.join.task, handle.join.tag}));
        cr_assert_eq(status_of(child), 0);
        cr_assert_eq(BLOCK_ON(&runtime, answer, i, 1), i);
    }
    fut_event_set(&door);
    cr_assert_geq(WAIT(handle), 0);
    shut();
}

typedef struct forks {
    ASYNC_FRAME(forks, int);
    struct answer_join beside;
    pid_t              child;
} forks_t;
ASYNC(forks) {
    ASYNC_BEGIN();
    self->child = quiet_fork();
    if (self->child == 0) {
        alarm(100);
        if (fut_runtime_worker(&runtime) != -1) _exit(1);
        self->beside = SPAWN(&runtime, answer, 1, 0);
        _exit(self->beside.join.status == -ECHILD ? 33 : 2);
    }
    ASYNC_RETURN((int)self->child);
    ASYNC_END();
}

Test(runtime, a_task_may_fork_and_its_child_is_no_worker) {
    int child;
    open_workers(2);
    child = BLOCK_ON(&runtime, forks);
    cr_assert_gt(child, 0);
    cr_assert_eq(status_of(child), 33);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    shut();
}

/* ---- Sleep -------------------------------------------------------------------------------------------------------- */

static uint64_t microseconds_used(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* A tenth of a second of real time in which nearly no processor was used: the one thing that cannot be had otherwise. Who
 * spins uses all of each; under valgrind the first ones may still be spent on getting there. */
static bool comes_to_rest(void) {
    for (int i = 0; i < 20; i++) {
        const uint64_t before = microseconds_used();
        usleep(100000);
        if (microseconds_used() - before < 10000) return true;
    }
    return false;
}

Test(runtime, an_idle_runtime_uses_no_processor) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handle;
    open_with((fut_runtime_options_t){.workers = 4, .search = 20});
    handle = SPAWN(&runtime, guest, &door);
    DETACH(SPAWN(&runtime, fut_sleep, FUT_S(1000)));
    until_count(&begun, 1);
    cr_assert(comes_to_rest());
    fut_event_set(&door);
    cr_assert_geq(WAIT(handle), 0);
    shut();
}

Test(runtime, one_that_shuts_down_sleeps_while_it_waits) {
    open_workers(2);
    DETACH(SPAWN(&runtime, fut_sleep, FUT_S(1000)));
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    cr_assert(comes_to_rest());
    shut();
}

/* ---- Search ------------------------------------------------------------------------------------------------------- */

static uint64_t parks(void) {
    fut_runtime_metrics_t metrics;
    fut_runtime_metrics(&runtime, &metrics, NULL, 0);
    return metrics.total.parks;
}

typedef struct naps {
    ASYNC_FRAME(naps, int, int times);
    fut_sleep_t nap;
    int         i;
} naps_t;
ASYNC(naps) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) AWAIT(self->nap, fut_sleep, FUT_US(100));
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* A search that lasts a second would find each timer: the worker would hardly sleep. */
Test(runtime, whom_its_own_driver_wakes_sleeps_at_once) {
    open_with((fut_runtime_options_t){.workers = 1, .search = 1000000});
    cr_assert_eq(BLOCK_ON(&runtime, naps, 200), 0);
    cr_assert_geq(parks(), 150);
    shut();
}

static uint64_t nanoseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Each question comes so long after the last answer that the worker sleeps by then, unless it searches, and so soon that
 * it is worth while. */
Test(runtime, whom_others_wake_soon_searches_for_the_next_wake) {
    uint64_t quickest = UINT64_MAX;
    int      awake    = 0;
    open_with((fut_runtime_options_t){.workers = 1, .search = 1000000});
    for (int i = 0; i < 2000 && awake < 20; i++) {
        const uint64_t before = parks(), start = nanoseconds();
        uint64_t       took;
        while (nanoseconds() - start < 20000) {}
        cr_assert_eq(BLOCK_ON(&runtime, answer, i, 0), i);
        took     = nanoseconds() - start;
        quickest = took < quickest ? took : quickest;
        awake    = parks() == before ? awake + 1 : 0;
    }
    shut();
    if (awake < 20 && quickest > 60000) cr_skip_test("no sleep here is a short one");
    cr_assert_eq(awake, 20);
}

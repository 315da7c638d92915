/* fut_watchdog_t: a poll that goes on for too long is reported, once, and once more when it is over. Those that stall do so
 * until they were reported; so nothing here depends on how fast the machine is. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "../counting.h"
#include "../fork.h"
#include "../refuse.h"
#include "future/time.h"
#include "future/waiter.h"
#include "future/watchdog.h"

#define LOAD(variable)         __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define STORE(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELEASE)
#define ADD(variable, value)   __atomic_add_fetch(&(variable), value, __ATOMIC_ACQ_REL)

enum { LIMIT = 2000000, MOST = 16 };

static fut_watchdog_t watchdog;
static fut_executor_t executor;
static fut_runtime_t  runtime;

/* ---- What was reported ---------------------------------------------------------------------------------------------- */

typedef struct note {
    char        name[32], function[64];
    int         worker;
    long        thread;
    const void *task;
    uint64_t    nanoseconds;
    unsigned    depth;
    char        text[2048];
} note_t;
static note_t begun[MOST], over[MOST];
static int    begun_count, over_count; /* atomic: the notes below these numbers are written */

static void keep(note_t *notes, int *count, const fut_stall_t *stall) {
    note_t *note = &notes[LOAD(*count)];
    FILE   *out  = fmemopen(note->text, sizeof note->text, "w");
    snprintf(note->name, sizeof note->name, "%s", stall->name);
    snprintf(note->function, sizeof note->function, "%s", stall->function);
    note->worker      = stall->worker;
    note->thread      = stall->thread;
    note->task        = stall->task;
    note->nanoseconds = stall->nanoseconds;
    note->depth       = stall->depth;
    fut_stall_print(stall, out);
    fclose(out);
    ADD(*count, 1);
}

static void (*on_report)(const fut_stall_t *stall); /* atomic */

static void report(const fut_stall_t *stall, void *data) {
    cr_assert_eq(data, (void *)&watchdog);
    if (stall->over)
        keep(over, &over_count, stall);
    else
        keep(begun, &begun_count, stall);
    void (*const then)(const fut_stall_t *stall) = LOAD(on_report);
    if (then) then(stall);
}

static void open_watchdog_with(int64_t limit) {
    fut_watchdog_options_t options = {.limit = limit, .report = report, .data = &watchdog};
    cr_assert_eq(fut_watchdog_init(&watchdog, &options), 0);
}
static void open_watchdog(void) { open_watchdog_with(LIMIT); }

static void until_count(const int *count, int least) {
    while (LOAD(*count) < least) sched_yield();
}

/* ---- Those that stall ----------------------------------------------------------------------------------------------- */

static int  lines[3];
static long stalled_on; /* atomic: the thread */

/* In one poll, until that many stalls were reported in all. */
typedef struct stall {
    ASYNC_FRAME(stall, int, int until);
} stall_t;
ASYNC(stall) {
    ASYNC_BEGIN();
    STORE(stalled_on, syscall(SYS_gettid));
    until_count(&begun_count, self->until);
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* After a sleep, under two others. */
typedef struct inner {
    ASYNC_FRAME(inner, int, int until);
    fut_sleep_t nap;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    STORE(lines[2], __LINE__ + 1);
    AWAIT(self->nap, fut_sleep, FUT_US(1));
    until_count(&begun_count, self->until);
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct middle {
    ASYNC_FRAME(middle, int, int until);
    inner_t       inner;
    fut_timeout_t timeout;
} middle_t;
ASYNC(middle) {
    ASYNC_BEGIN();
    STORE(lines[1], __LINE__ + 2);
    START(self->inner, inner, self->until);
    AWAIT(self->timeout, fut_timeout, &self->inner.future, FUT_S(1000));
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct outer {
    ASYNC_FRAME(outer, int, int until);
    middle_t middle;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    STORE(lines[0], __LINE__ + 1);
    AWAIT(self->middle, middle, self->until);
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void assert_text(const char *text, const char *format, ...) {
    char    expected[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    cr_assert_not_null(strstr(text, expected), "no\n%sin\n%s", expected, text);
}

/* ---- Noticing ------------------------------------------------------------------------------------------------------- */

Test(watchdog, a_long_poll_of_an_executor_is_reported_once_and_again_when_it_is_over) {
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(BLOCK_ON(&executor, stall, 1), 0);
    until_count(&over_count, 1);
    cr_assert_str_eq(begun[0].name, "loop");
    cr_assert_str_eq(begun[0].function, "stall");
    cr_assert_eq(begun[0].worker, -1);
    cr_assert_eq(begun[0].thread, stalled_on);
    cr_assert_geq(begun[0].nanoseconds, LIMIT);
    cr_assert_eq(begun[0].depth, 1);
    cr_assert_eq(over[0].task, begun[0].task);
    cr_assert_str_eq(over[0].function, "stall");
    cr_assert_geq(over[0].nanoseconds, begun[0].nanoseconds);
    cr_assert_eq(over[0].depth, 0);
    fut_watchdog_destroy(&watchdog);
    cr_assert_eq(LOAD(begun_count), 1);
    cr_assert_eq(LOAD(over_count), 1);
    fut_executor_destroy(&executor);
}

Test(watchdog, a_long_poll_of_a_worker_is_reported_with_its_number_and_thread) {
    struct stall_join handle;
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 3}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    handle = SPAWN_ON(&runtime, 2, stall, 1);
    cr_assert_eq(fut_wait_on_thread(&handle.join.future), 0);
    until_count(&over_count, 1);
    cr_assert_str_eq(begun[0].name, "server");
    cr_assert_eq(begun[0].worker, 2);
    cr_assert_eq(begun[0].thread, stalled_on);
    assert_text(begun[0].text, "libfuture: server, worker 2, thread %ld: a poll of task %p goes on, ", stalled_on,
                begun[0].task);
    assert_text(over[0].text, "libfuture: server, worker 2, thread %ld: a poll of task %p (stall) took ", stalled_on,
                begun[0].task);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
    cr_assert_eq(LOAD(begun_count), 1);
}

static void assert_backtrace(void) {
    assert_text(begun[0].text,
                " by now\n"
                "    outer                 watchdog.c:%d\n"
                "    middle                watchdog.c:%d\n"
                "    fut_timeout\n"
                "    inner                 watchdog.c:%d, resumed there\n",
                LOAD(lines[0]), LOAD(lines[1]), LOAD(lines[2]));
}

Test(watchdog, the_backtrace_shows_where_the_poll_went_on_from) {
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(BLOCK_ON(&executor, outer, 1), 0);
    assert_backtrace();
    fut_executor_destroy(&executor);
    fut_watchdog_destroy(&watchdog);
}

Test(watchdog, the_backtrace_of_a_worker_shows_it_too) {
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    cr_assert_eq(BLOCK_ON(&runtime, outer, 1), 0);
    assert_backtrace();
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

typedef struct deep {
    ASYNC_FRAME(deep, int, int depth);
    struct deep *child;
    stall_t      stall;
    fut_sleep_t  nap;
} deep_t;
ASYNC(deep) {
    ASYNC_BEGIN();
    if (self->depth > 0) {
        self->child = malloc(sizeof *self->child);
        AWAIT(*self->child, deep, self->depth - 1);
        free(self->child);
        ASYNC_RETURN(0);
    }
    AWAIT(self->nap, fut_sleep, FUT_US(1));
    AWAIT(self->stall, stall, 1);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(watchdog, of_a_deep_backtrace_the_outermost_32_are_shown) {
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(BLOCK_ON(&executor, deep, 100), 0);
    cr_assert_eq(begun[0].depth, 32);
    assert_text(begun[0].text, "\n    ...\n");
    fut_executor_destroy(&executor);
    fut_watchdog_destroy(&watchdog);
}

typedef struct yields {
    ASYNC_FRAME(yields, int);
} yields_t;
ASYNC(yields) {
    ASYNC_BEGIN();
    while (LOAD(begun_count) == 0) {
        for (volatile int i = 0; i < 20000; i++) {} /* so that it is seen in a poll most of the time */
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* One that stalls is the clock: when it is reported, the limit is over. The limit is long, since a worker that the kernel
 * leaves waiting in the middle of a poll does stall. */
Test(watchdog, many_short_polls_of_one_task_are_not_a_long_one) {
    struct yields_join yielding;
    struct stall_join  stalling;
    open_watchdog_with(FUT_S(1));
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    yielding = SPAWN_ON(&runtime, 0, yields);
    stalling = SPAWN_ON(&runtime, 1, stall, 1);
    cr_assert_eq(fut_wait_on_thread(&stalling.join.future), 0);
    cr_assert_eq(fut_wait_on_thread(&yielding.join.future), 0);
    cr_assert_eq(LOAD(begun_count), 1);
    cr_assert_eq(begun[0].worker, 1);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

typedef struct yields_then_stalls {
    ASYNC_FRAME(yields_then_stalls, int);
    int i;
} yields_then_stalls_t;
ASYNC(yields_then_stalls) {
    ASYNC_BEGIN();
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    for (self->i = 0; self->i < 1000; self->i++) YIELD();
    until_count(&begun_count, 1);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(watchdog, watching_may_begin_while_tasks_are_always_ready) {
    for (int lifo = 0; lifo < 2; lifo++) {
        STORE(begun_count, 0), STORE(over_count, 0);
        open_watchdog();
        cr_assert_eq(fut_executor_init(&executor, &(fut_executor_options_t){.lifo = lifo}), 0);
        cr_assert_eq(BLOCK_ON(&executor, yields_then_stalls), 0);
        assert_text(begun[0].text, ", resumed there\n");
        fut_executor_destroy(&executor);
        fut_watchdog_destroy(&watchdog);
    }
}

Test(watchdog, an_executor_inside_another_loop_is_watched_in_its_turns) {
    struct stall_join handle;
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    handle = SPAWN(&executor, stall, 1);
    while (!fut_join_is_done(&handle.join)) cr_assert_geq(fut_executor_turn(&executor), 0);
    until_count(&over_count, 1);
    cr_assert_str_eq(begun[0].function, "stall");
    DETACH(handle);
    fut_executor_destroy(&executor);
    fut_watchdog_destroy(&watchdog);
}

Test(watchdog, each_stall_is_reported_and_of_each_worker) {
    struct stall_join handles[2];
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    for (unsigned i = 0; i < 2; i++) handles[i] = SPAWN_ON(&runtime, i, stall, 2);
    for (int i = 0; i < 2; i++) cr_assert_eq(fut_wait_on_thread(&handles[i].join.future), 0);
    cr_assert_eq(begun[0].worker + begun[1].worker, 1);
    until_count(&over_count, 2);
    cr_assert_eq(BLOCK_ON(&runtime, stall, 3), 0);
    until_count(&over_count, 3);
    cr_assert_eq(LOAD(begun_count), 3);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

Test(watchdog, one_watchdog_watches_many) {
    fut_executor_t executors[3];
    open_watchdog();
    for (int i = 0; i < 3; i++) {
        char name[8];
        snprintf(name, sizeof name, "loop %d", i);
        cr_assert_eq(fut_executor_init(&executors[i], NULL), 0);
        cr_assert_eq(WATCH(&watchdog, &executors[i], name), 0);
    }
    for (int i = 2; i >= 0; i--) cr_assert_eq(BLOCK_ON(&executors[i], stall, 3 - i), 0);
    for (int i = 0; i < 3; i++) cr_assert_eq(begun[i].name[5], '2' - i);
    for (int i = 0; i < 3; i++) fut_executor_destroy(&executors[i]);
    fut_watchdog_destroy(&watchdog);
}

/* ---- Who is watched -------------------------------------------------------------------------------------------------- */

Test(watchdog, watching_twice_is_EBUSY_and_who_is_not_watched_is_ENOENT) {
    fut_watchdog_t other;
    open_watchdog();
    cr_assert_eq(fut_watchdog_init(&other, NULL), 0);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    cr_assert_eq(UNWATCH(&watchdog, &executor), -ENOENT);
    cr_assert_eq(UNWATCH(&watchdog, &runtime), -ENOENT);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "a name that is longer than there is room for"), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), -EBUSY);
    cr_assert_eq(WATCH(&other, &executor, "loop"), -EBUSY);
    cr_assert_eq(WATCH(&other, &runtime, "server"), -EBUSY);
    cr_assert_eq(UNWATCH(&other, &runtime), -ENOENT);
    cr_assert_eq(UNWATCH(&watchdog, &executor), 0);
    cr_assert_eq(UNWATCH(&watchdog, &executor), -ENOENT);
    cr_assert_eq(WATCH(&other, &executor, "loop"), 0);
    fut_watchdog_destroy(&other);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0, "the end of a watchdog unwatches");
    cr_assert_eq(BLOCK_ON(&runtime, stall, 1), 0);
    cr_assert_str_eq(begun[0].name, "a name that is longer than ther");
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

/* Two that stall, of which one alone is watched: until the other was reported twice. */
static void nobody_reports(const char *name) {
    struct stall_join clock = SPAWN(&runtime, stall, LOAD(begun_count) + 1);
    cr_assert_eq(BLOCK_ON(&executor, stall, LOAD(begun_count) + 1), 0);
    cr_assert_eq(fut_wait_on_thread(&clock.join.future), 0);
    for (int i = 0; i < LOAD(begun_count); i++) cr_assert_str_neq(begun[i].name, name);
}

Test(watchdog, who_is_not_watched_any_more_is_not_reported) {
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(UNWATCH(&watchdog, &executor), 0);
    nobody_reports("loop");
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

Test(watchdog, who_moves_into_the_memory_of_one_that_was_watched_is_not) {
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fut_executor_init(&executor, NULL), 0);
        cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0, "in round %d", i);
        fut_executor_destroy(&executor);
    }
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    nobody_reports("loop");
    fut_executor_destroy(&executor);
    for (unsigned i = 1; i < 5; i++) {
        fut_runtime_destroy(&runtime);
        cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = i}), 0);
        cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    }
    cr_assert_eq(BLOCK_ON(&runtime, stall, LOAD(begun_count) + 1), 0);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

/* ---- The end during a stall ------------------------------------------------------------------------------------------ */

static bool release; /* atomic */
typedef struct hog {
    ASYNC_FRAME(hog, int);
} hog_t;
ASYNC(hog) {
    ASYNC_BEGIN();
    while (!LOAD(release)) sched_yield();
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(watchdog, it_may_end_while_a_stall_goes_on) {
    struct hog_join handle;
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    handle = SPAWN(&runtime, hog);
    until_count(&begun_count, 1);
    fut_watchdog_destroy(&watchdog);
    fut_watchdog_destroy(&watchdog); /* there is nothing left */
    open_watchdog();
    cr_assert_eq(WATCH(&watchdog, &runtime, "the same"), 0);
    until_count(&begun_count, 2); /* a new watchdog finds the old stall */
    cr_assert_str_eq(begun[1].name, "the same");
    STORE(release, true);
    cr_assert_eq(fut_wait_on_thread(&handle.join.future), 0);
    until_count(&over_count, 1);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

static void let_go(const fut_stall_t *stall) {
    (void)stall;
    STORE(release, true);
}

Test(watchdog, a_runtime_may_end_while_it_stalls_and_nobody_unwatches_it) {
    STORE(on_report, let_go);
    open_watchdog();
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    DETACH(SPAWN(&runtime, hog));
    until_count(&begun_count, 1);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

/* ---- Reports that call back -------------------------------------------------------------------------------------------- */

static int unwatched;

static void unwatch_all(const fut_stall_t *stall) {
    (void)stall;
    unwatched = UNWATCH(&watchdog, &runtime);
    cr_assert_eq(UNWATCH(&watchdog, &executor), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "anew"), 0);
    STORE(release, true);
}

Test(watchdog, a_report_may_watch_and_unwatch) {
    STORE(on_report, unwatch_all);
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    cr_assert_eq(BLOCK_ON(&runtime, hog), 0);
    cr_assert_eq(unwatched, 0);
    STORE(on_report, NULL);
    cr_assert_eq(BLOCK_ON(&executor, stall, 2), 0);
    cr_assert_str_eq(begun[1].name, "anew");
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

static void destroy_itself(const fut_stall_t *stall) {
    (void)stall;
    fut_watchdog_destroy(&watchdog);
}

Test(watchdog, a_report_that_destroys_its_watchdog_stops_the_program, .signal = SIGABRT) {
    STORE(on_report, destroy_itself);
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    (void)BLOCK_ON(&executor, hog);
}

/* ---- Text -------------------------------------------------------------------------------------------------------------- */

Test(watchdog, a_stall_prints_as_one_line_and_one_for_each_frame) {
    char                    text[512] = "";
    FILE                   *out       = fmemopen(text, sizeof text, "w");
    const fut_stall_frame_t frames[3] = {{"serve", "server.c", 41, true, false},
                                         {"parse", "server.c", 22, true, true},
                                         {"fut_read", NULL, 0, true, false}};
    fut_stall_t             stall     = {.name        = "loop",
                                         .worker      = -1,
                                         .thread      = 7,
                                         .task        = (void *)0x10,
                                         .function    = "serve",
                                         .nanoseconds = 1105000000,
                                         .frames      = frames,
                                         .depth       = 3,
                                         .deeper      = true};
    fut_stall_print(&stall, out);
    stall =
        (fut_stall_t){.over = true, .name = "s", .worker = 1, .task = (void *)0x10, .function = "", .nanoseconds = 7};
    fut_stall_print(&stall, out);
    fclose(out);
    cr_assert_str_eq(text, "libfuture: loop, thread 7: a poll of task 0x10 goes on, 1.105 s by now\n"
                           "    serve                 server.c:41\n"
                           "    parse                 server.c:22, resumed there\n"
                           "    fut_read\n"
                           "    ...\n"
                           "libfuture: s, worker 1, thread 0: a poll of task 0x10 took 0.000 s\n");
}

Test(watchdog, where_the_system_refuses_to_read_the_root_is_named) {
    if (!refuse_call(SYS_process_vm_readv, EPERM)) cr_skip_test("no seccomp here");
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    cr_assert_eq(BLOCK_ON(&runtime, stall, 1), 0);
    assert_text(begun[0].text, " by now\n    (not readable)\n");
    DETACH(SPAWN(&runtime, stall, 2));
    until_count(&begun_count, 2);
    assert_text(begun[1].text, " by now\n    stall\n");
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

/* ---- Sleep -------------------------------------------------------------------------------------------------------------- */

/* How often the watchdog's thread has slept, or -1. */
static long times_slept(void) {
    DIR           *threads = opendir("/proc/self/task");
    struct dirent *thread;
    long           times = -1;
    while ((thread = readdir(threads)) != NULL) {
        char  path[300], line[128];
        FILE *status;
        bool  found = false;
        snprintf(path, sizeof path, "/proc/self/task/%s/status", thread->d_name);
        if (thread->d_name[0] == '.' || !(status = fopen(path, "r"))) continue;
        while (fgets(line, sizeof line, status)) {
            if (strcmp(line, "Name:\twatchdog\n") == 0) found = true;
            if (found) (void)sscanf(line, "voluntary_ctxt_switches: %ld", &times);
        }
        fclose(status);
    }
    closedir(threads);
    return times;
}

/* 2,000 rounds a second, if it did not sleep: a hundred in each of these looks. It may take a few until all are asleep. */
static bool comes_to_rest(void) {
    for (int i = 0; i < 40; i++) {
        const long before = times_slept();
        cr_assert_geq(before, 0);
        usleep(50000);
        if (times_slept() <= before + 2) return true;
    }
    return false;
}

Test(watchdog, while_all_is_asleep_it_sleeps_and_wakes_for_the_next_stall) {
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 2}), 0);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    for (int round = 1; round < 6; round += 2) {
        cr_assert(comes_to_rest());
        cr_assert_eq(BLOCK_ON(&runtime, stall, round), 0);
        cr_assert(comes_to_rest());
        cr_assert_eq(BLOCK_ON(&executor, stall, round + 1), 0);
    }
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

/* ---- What may go wrong --------------------------------------------------------------------------------------------------- */

Test(watchdog, a_limit_that_is_too_short_is_EINVAL) {
    cr_assert_eq(fut_watchdog_init(&watchdog, &(fut_watchdog_options_t){.limit = 999999}), -EINVAL);
    cr_assert_eq(fut_watchdog_init(&watchdog, &(fut_watchdog_options_t){.limit = -1}), -EINVAL);
    fut_watchdog_destroy(&watchdog); /* there is nothing to destroy */
}

Test(watchdog, without_memory_it_is_ENOMEM_and_later_goes_well) {
    size_t live;
    counting_begin();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    live                = counting.live;
    counting.refuse_all = true;
    cr_assert_eq(fut_watchdog_init(&watchdog, NULL), -ENOMEM);
    counting.refuse_all = false;
    open_watchdog();
    counting.refuse_all = true;
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), -ENOMEM);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), -ENOMEM);
    counting.refuse_all = false;
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), -EBUSY);
    cr_assert_eq(WATCH(&watchdog, &runtime, "server"), 0);
    cr_assert_eq(UNWATCH(&watchdog, &runtime), 0);
    fut_watchdog_destroy(&watchdog);
    cr_assert_eq(counting.live, live);
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
}

/* In a process of its own, since sanitizers start a thread at the end. */
static int without_threads(void) {
    counting_begin();
    if (!refuse_call(SYS_clone3, ENOSYS) || !refuse_call(SYS_clone, EAGAIN)) return 77;
    if (fut_watchdog_init(&watchdog, NULL) != -EAGAIN) return 1;
    return counting.live == 0 ? 0 : 2;
}

Test(watchdog, without_threads_it_is_EAGAIN) {
    int   status;
    pid_t child = quiet_fork();
    if (child == 0) _exit(without_threads());
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77) cr_skip_test("no seccomp here");
    cr_assert_eq(status, 0);
}

static int in_child(void) {
    fut_watchdog_t own;
    alarm(100);
    if (WATCH(&watchdog, &runtime, "server") != -ECHILD) return 1;
    if (UNWATCH(&watchdog, &executor) != -ECHILD) return 2;
    fut_watchdog_destroy(&watchdog);
    if (fut_watchdog_init(&own, NULL) != 0) return 3;
    if (WATCH(&own, &executor, "the parent's") != -ECHILD) return 4;
    if (fut_executor_init(&executor, NULL) < 0 || WATCH(&own, &executor, "loop") < 0) return 5;
    fut_executor_destroy(&executor);
    fut_watchdog_destroy(&own);
    return 0;
}

/* ThreadSanitizer takes the threads of the child for those of the parent, whose stacks they get. */
#if defined(__SANITIZE_THREAD__)
#define KNOWS_NO_FORKS true
#elif defined(__has_feature)
#define KNOWS_NO_FORKS __has_feature(thread_sanitizer)
#else
#define KNOWS_NO_FORKS false
#endif

Test(watchdog, the_child_of_a_fork_has_no_part_in_it_and_makes_its_own) {
    if (KNOWS_NO_FORKS) cr_skip_test("not under ThreadSanitizer");
    open_watchdog();
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(WATCH(&watchdog, &executor, "loop"), 0);
    cr_assert_eq(fut_runtime_init(&runtime, &(fut_runtime_options_t){.workers = 1}), 0);
    for (int i = 0; i < 20; i++) {
        int   status;
        pid_t child = quiet_fork();
        if (child == 0) _exit(in_child());
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
    }
    cr_assert_eq(BLOCK_ON(&executor, stall, 1), 0, "the parent's goes on");
    fut_executor_destroy(&executor);
    fut_runtime_destroy(&runtime);
    fut_watchdog_destroy(&watchdog);
}

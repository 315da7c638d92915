/* fut_runtime_dump: every live task with its worker and its backtrace, while the workers go on. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <sys/wait.h>

#include "../fork.h"
#include "../refuse.h"
#include "kit.h"

static char *dumped;

static const char *dump(void) {
    size_t size;
    FILE  *out;
    free(dumped);
    out = open_memstream(&dumped, &size);
    cr_assert_not_null(out);
    cr_assert_eq(fut_runtime_dump(&runtime, out), 0);
    fclose(out);
    return dumped;
}

/* Of all tasks the one of the handle, without its address. */
static const char *dump_of(const fut_join_t *handle) {
    static char one[4096];
    char        first[64];
    const char *begin, *end;
    int         skip = snprintf(first, sizeof first, "task %p  ", (void *)handle->task);
    begin            = strstr(dump(), first);
    cr_assert_not_null(begin, "no %s in:\n%s", first, dumped);
    end = strstr(begin + 1, "\ntask ");
    snprintf(one, sizeof one, "%.*s", (int)((end ? (size_t)(end + 1 - begin) : strlen(begin)) - (size_t)skip),
             begin + skip);
    return one;
}

static void assert_dump(const fut_join_t *handle, const char *format, ...) {
    char    expected[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(expected, sizeof expected, format, arguments);
    va_end(arguments);
    cr_assert_str_eq(dump_of(handle), expected);
}

static bool contains(const char *text, const char *part) { return strstr(text, part) != NULL; }

/* ---- Those that wait ----------------------------------------------------------------------------------------------- */

static int lines[5];

typedef struct stay {
    ASYNC_FRAME(stay, int, fut_event_t *door);
    fut_event_wait_t wait;
} stay_t;
ASYNC(stay) {
    ASYNC_BEGIN();
    ADD(begun, 1);
    STORE(lines[4], __LINE__ + 1);
    AWAIT(self->wait, fut_event_wait, self->door);
    ADD(finished, 1);
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

typedef struct visit {
    ASYNC_FRAME(visit, int, fut_event_t *door; int bind);
    fut_sleep_t nap;
    stay_t      stay;
} visit_t;
ASYNC(visit) {
    ASYNC_BEGIN();
    if (self->bind) AWAIT(self->nap, fut_sleep, FUT_US(1));
    STORE(lines[0], __LINE__ + 1);
    AWAIT(self->stay, stay, self->door);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, a_runtime_without_tasks_dumps_nothing) {
    open_workers(2);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    cr_assert_str_empty(dump());
    shut();
}

/* The last poll may still be on its way back when `begun` has been counted. */
static void until_it_waits(const fut_join_t *handle) {
    while (strncmp(dump_of(handle), "waiting", 7) != 0) sched_yield();
}

Test(runtime, a_dump_shows_each_function_with_file_and_line_and_what_it_waits_for) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct visit_join handle;
    open_workers(2);
    handle = SPAWN(&runtime, visit, &door, 0);
    until_count(&begun, 1);
    until_it_waits(&handle.join);
    assert_dump(&handle.join,
                "waiting\n"
                "    visit                 dump.c:%d\n"
                "    stay                  dump.c:%d\n"
                "    fut_event_wait        an event\n",
                lines[0], lines[4]);
    fut_event_set(&door);
    cr_assert_eq(WAIT(handle), 0);
    shut();
}

Test(runtime, a_dump_says_to_which_worker_a_task_is_bound) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct visit_join slept;
    struct stay_join  born;
    open_workers(3);
    slept = SPAWN(&runtime, visit, &door, 1);
    born  = SPAWN_ON(&runtime, 2, stay, &door);
    until_count(&begun, 2);
    until_it_waits(&slept.join);
    until_it_waits(&born.join);
    cr_assert(contains(dump_of(&slept.join), "waiting, bound to worker "), "%s", dumped);
    cr_assert(contains(dump_of(&born.join), "waiting, bound to worker 2\n"), "%s", dumped);
    fut_event_set(&door);
    cr_assert_eq(WAIT(slept), 0);
    cr_assert_eq(WAIT(born), 2);
    shut();
}

typedef struct nursery {
    ASYNC_FRAME(nursery, int, fut_event_t *door);
    fut_scope_t scope;
    stay_t      children[2];
} nursery_t;
ASYNC(nursery) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->children[0], stay, self->door);
        SCOPE_SPAWN(self->scope, self->children[1], stay, self->door);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, a_dump_shows_the_children_of_a_scope) {
    fut_event_t         door = FUT_EVENT_INIT;
    struct nursery_join handle;
    const char         *first;
    char                expected[256];
    open_workers(2);
    handle = SPAWN(&runtime, nursery, &door);
    until_count(&begun, 2);
    until_it_waits(&handle.join);
    cr_assert(contains(dump_of(&handle.join), "fut_scope             children left: 2\n"), "%s", dumped);
    snprintf(expected, sizeof expected,
             "    fut__scope_child\n    stay                  dump.c:%d\n    fut_event_wait\n", lines[4]);
    first = strstr(dump(), expected);
    cr_assert_not_null(first, "%s", dumped);
    cr_assert_not_null(strstr(first + 1, "    fut__scope_child\n    stay "), "%s", dumped);
    fut_event_set(&door);
    cr_assert_eq(WAIT(handle), 0);
    shut();
}

Test(runtime, a_dump_of_many_tasks_has_all_of_them) {
    fut_event_t      door = FUT_EVENT_INIT;
    struct stay_join handles[300];
    size_t           seen = 0;
    open_workers(2);
    for (int i = 0; i < 300; i++) handles[i] = SPAWN(&runtime, stay, &door);
    until_count(&begun, 300);
    for (const char *at = dump(); (at = strstr(at, "task ")) != NULL; at++) seen++;
    cr_assert_eq(seen, 300);
    fut_event_set(&door);
    for (int i = 0; i < 300; i++) cr_assert_geq(WAIT(handles[i]), 0);
    cr_assert_eq(finished, 300);
    shut();
}

/* ---- Those that do not --------------------------------------------------------------------------------------------- */

Test(runtime, a_worker_in_a_long_poll_holds_no_dump_up_and_is_named) {
    fut_event_t        door = FUT_EVENT_INIT;
    struct hog_join    hogs[2];
    struct stay_join   waiting;
    struct answer_join queued;
    open_workers(2);
    waiting = SPAWN(&runtime, stay, &door);
    until_count(&begun, 1);
    until_it_waits(&waiting.join);
    hogs[0] = SPAWN_ON(&runtime, 0, hog);
    until(&busy);
    STORE(busy, false);
    hogs[1] = SPAWN_ON(&runtime, 1, hog);
    until(&busy);
    queued = SPAWN_ON(&runtime, 1, answer, 1, 0);
    assert_dump(&waiting.join, "waiting\n    stay                  dump.c:%d\n    fut_event_wait        an event\n",
                lines[4]);
    cr_assert(contains(dump_of(&hogs[0].join), "being polled by worker 0, bound to worker 0\n    hog  "), "%s", dumped);
    cr_assert(contains(dump_of(&hogs[0].join), ", polled for the first time\n"), "%s", dumped);
    cr_assert(contains(dump_of(&hogs[1].join), "being polled by worker 1, bound to worker 1\n    hog  "), "%s", dumped);
    cr_assert(contains(dump_of(&queued.join), "ready to run, bound to worker 1\n    answer  "), "%s", dumped);
    cr_assert(contains(dump_of(&queued.join), ", not polled yet\n"), "%s", dumped);
    STORE(release, true);
    fut_event_set(&door);
    cr_assert_eq(WAIT(hogs[0]) + WAIT(hogs[1]), 1);
    cr_assert_eq(WAIT(queued), 1);
    cr_assert_geq(WAIT(waiting), 0);
    shut();
}

typedef struct dumper {
    ASYNC_FRAME(dumper, int, int depth);
    struct dumper   *child;
    fut_sleep_t      nap;
    struct stay_join beside;
} dumper_t;
static fut_event_t inner_door = FUT_EVENT_INIT;
ASYNC(dumper) {
    ASYNC_BEGIN();
    self->child = NULL;
    if (self->depth > 0) {
        self->child = malloc(sizeof *self->child);
        STORE(lines[1], __LINE__ + 1);
        AWAIT(*self->child, dumper, self->depth - 1);
        ASYNC_RETURN(self->child->output);
    }
    self->beside = SPAWN(fut_runtime_of(cx), stay, &inner_door);
    STORE(lines[2], __LINE__ + 1);
    AWAIT(self->nap, fut_sleep, FUT_US(1));
    dump();
    fut_event_set(&inner_door);
    STORE(lines[3], __LINE__ + 1);
    AWAIT(self->beside);
    ASYNC_RETURN(self->beside.output >= 0 ? 7 : -1);
    ASYNC_FINALLY();
    free(self->child);
    ASYNC_END();
}

Test(runtime, a_task_may_dump_its_own_runtime_and_sees_itself_being_polled) {
    char expected[256];
    open_workers(1);
    cr_assert_eq(BLOCK_ON(&runtime, dumper, 1), 7);
    snprintf(expected, sizeof expected,
             "being polled by worker 0, bound to worker 0\n"
             "    dumper                dump.c:%d\n"
             "    dumper                dump.c:%d, resumed there\n",
             lines[1], lines[2]);
    cr_assert(contains(dumped, expected), "%s\nis not in:\n%s", expected, dumped);
    cr_assert(contains(dumped, "    stay "), "%s", dumped);
    shut();
}

Test(runtime, a_dump_shows_who_has_ended_until_the_output_is_taken) {
    struct answer_join handle;
    open_workers(1);
    handle = SPAWN(&runtime, answer, 3, 0);
    while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    cr_assert(contains(dump_of(&handle.join), "has ended, output not taken\n    answer "), "%s", dumped);
    cr_assert(contains(dumped, ", done\n"), "%s", dumped);
    cr_assert_eq(WAIT(handle), 3);
    cr_assert_str_empty(dump());
    shut();
}

/* A frame of its own memory, and one of the caller's. */
typedef struct large {
    ASYNC_FRAME(large, int, fut_event_t *door);
    char   locals[2000];
    stay_t stay;
} large_t;
ASYNC(large) {
    ASYNC_BEGIN();
    AWAIT(self->stay, stay, self->door);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, a_dump_finds_frames_that_do_not_lie_in_the_task) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct large_join heap, mine;
    static large_t    slot;
    open_workers(1);
    heap = SPAWN(&runtime, large, &door);
    mine = SPAWN_IN(&runtime, slot, large, &door);
    until_count(&begun, 2);
    until_it_waits(&heap.join);
    until_it_waits(&mine.join);
    cr_assert(contains(dump_of(&heap.join), "    large "), "%s", dumped);
    cr_assert(contains(dump_of(&mine.join), "    stay  "), "%s", dumped);
    fut_event_set(&door);
    cr_assert_eq(WAIT(heap), 0);
    cr_assert_eq(fut_wait_on_thread(&mine.join.future), 0);
    shut();
}

/* ---- What may go wrong ---------------------------------------------------------------------------------------------- */

Test(runtime, a_dump_to_a_stream_that_fails_says_so) {
    fut_event_t      door = FUT_EVENT_INIT;
    struct stay_join handle;
    FILE            *full = fopen("/dev/full", "w");
    if (!full) cr_skip_test("no /dev/full");
    setvbuf(full, NULL, _IONBF, 0);
    open_workers(1);
    handle = SPAWN(&runtime, stay, &door);
    until_count(&begun, 1);
    cr_assert_eq(fut_runtime_dump(&runtime, full), -EIO);
    fclose(full);
    fut_event_set(&door);
    cr_assert_geq(WAIT(handle), 0);
    shut();
}

Test(runtime, in_the_child_of_a_fork_there_is_no_dump) {
    pid_t child;
    int   status;
    open_workers(1);
    child = quiet_fork();
    if (child == 0) _exit(fut_runtime_dump(&runtime, stdout) == -ECHILD ? 0 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    shut();
}

Test(runtime, where_the_system_refuses_to_read_there_is_the_name_of_the_root) {
    fut_event_t      door = FUT_EVENT_INIT;
    struct stay_join waiting;
    struct hog_join  handle;
    if (!refuse_call(SYS_process_vm_readv, EPERM)) cr_skip_test("no seccomp here");
    open_workers(2);
    waiting = SPAWN(&runtime, stay, &door);
    until_count(&begun, 1);
    until_it_waits(&waiting.join);
    handle = SPAWN_ON(&runtime, 0, hog);
    until(&busy);
    assert_dump(&handle.join, "being polled by worker 0, bound to worker 0\n    hog\n");
    assert_dump(&waiting.join, "waiting\n    stay                  dump.c:%d\n    fut_event_wait        an event\n",
                lines[4]);
    STORE(release, true);
    fut_event_set(&door);
    cr_assert_eq(WAIT(handle), 0);
    cr_assert_geq(WAIT(waiting), 0);
    shut();
}

/* fut_dump: every live task, frame by frame. */
#define _GNU_SOURCE
#include <stdlib.h>
#include "kit.h"

static char  *dumped;
static size_t dumped_size;

static const char *dump(void) {
    FILE *out;
    free(dumped);
    out = open_memstream(&dumped, &dumped_size);
    cr_assert_not_null(out);
    fut_dump(&executor, out);
    fclose(out);
    return dumped;
}

/* Of several tasks the one at `task`: up to the next one's first line. */
static const char *dump_of(const struct fut_join *handle) {
    static char one[2048];
    char        first[64];
    const char *begin, *end;
    snprintf(first, sizeof first, "task %p ", (void *)handle->task);
    begin = strstr(dump(), first);
    cr_assert_not_null(begin, "no %s in:\n%s", first, dumped);
    end = strstr(begin + 1, "\ntask ");
    snprintf(one, sizeof one, "%.*s", end ? (int)(end + 1 - begin) : (int)strlen(begin), begin);
    return one;
}

static int lines[3];

typedef struct inner {
    ASYNC_FRAME(inner, int, fut_duration_t duration);
    fut_sleep_t nap;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    lines[2] = __LINE__ + 1;
    AWAIT(self->nap, fut_sleep, self->duration);
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct middle {
    ASYNC_FRAME(middle, int, fut_duration_t duration);
    inner_t inner;
} middle_t;
ASYNC(middle) {
    ASYNC_BEGIN();
    lines[1] = __LINE__ + 1;
    AWAIT(self->inner, inner, self->duration);
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct outer {
    ASYNC_FRAME(outer, int, fut_duration_t duration);
    middle_t middle;
} outer_t;
ASYNC(outer) {
    ASYNC_BEGIN();
    lines[0] = __LINE__ + 1;
    AWAIT(self->middle, middle, self->duration);
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void assert_dump(const fut_join_t *handle, const char *rest, ...) {
    char    expected[1024];
    int     length = snprintf(expected, sizeof expected, "task %p  ", (void *)handle->task);
    va_list arguments;
    va_start(arguments, rest);
    vsnprintf(expected + length, sizeof expected - (size_t)length, rest, arguments);
    va_end(arguments);
    cr_assert_str_eq(dump_of(handle), expected);
}

Test(executor, an_executor_without_tasks_dumps_nothing) {
    open_virtual();
    cr_assert_str_empty(dump());
    DETACH(SPAWN(&executor, answer, 1));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_str_empty(dump());
    close_virtual();
}

Test(executor, a_dump_shows_each_function_with_file_and_line_and_how_long_it_waits) {
    struct outer_join handle;

    open_virtual();
    handle = SPAWN(&executor, outer, FUT_MS(4250));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_virtual_clock_advance(virtual_clock, FUT_MS(1203));
    assert_dump(&handle.join,
                "waiting 1.203 s\n"
                "    outer                 dump.c:%d\n"
                "    middle                dump.c:%d\n"
                "    inner                 dump.c:%d\n"
                "    fut_sleep             for another 3.047 s\n",
                lines[0], lines[1], lines[2]);
    fut_virtual_clock_advance(virtual_clock, FUT_S(100)); /* long due, and nobody has looked */
    assert_dump(&handle.join,
                "waiting 101.203 s\n"
                "    outer                 dump.c:%d\n"
                "    middle                dump.c:%d\n"
                "    inner                 dump.c:%d\n"
                "    fut_sleep             for another 0.000 s\n",
                lines[0], lines[1], lines[2]);
    DETACH(handle);
    close_virtual();
}

Test(executor, a_dump_shows_who_is_ready_and_who_was_not_polled_yet_and_who_has_ended) {
    struct outer_join  fresh;
    struct answer_join ended;
    fut_test_event_t   event = {0};

    open_virtual();
    ended                      = SPAWN(&executor, answer, 1);
    struct listener_join woken = SPAWN(&executor, listener, "a", &event);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fresh = SPAWN(&executor, outer, FUT_S(1));
    cr_assert_not_null(strstr(dump_of(&fresh.join), "  ready to run\n    outer "));
    cr_assert_not_null(strstr(dump_of(&fresh.join), ", not polled yet\n"));
    cr_assert_not_null(strstr(dump_of(&ended.join), "has ended, output not taken\n    answer "));
    cr_assert_not_null(strstr(dump_of(&ended.join), ", done\n"));
    fut_test_event_fire(&event, 1);
    cr_assert_not_null(strstr(dump_of(&woken.join), "  waiting 0.000 s\n    listener "),
                       "the inbox was not looked at yet");
    fut_test_hush();
    DETACH(ended);
    DETACH(fresh);
    DETACH(woken);
    close_virtual();
}

/* ---- Leaves -------------------------------------------------------------------------------------------------- */

static struct outer_join awaited;
typedef struct leaves {
    ASYNC_FRAME(leaves, int, int fd; int which);
    union {
        fut_read_t     read;
        fut_write_t    write;
        fut_readable_t readable;
        fut_timeout_t  timeout;
    } leaf;
    fut_sleep_until_t nap;
    char              byte;
} leaves_t;
ASYNC(leaves) {
    ASYNC_BEGIN();
    if (self->which == 0) AWAIT(self->leaf.read, fut_read, self->fd, &self->byte, 1);
    if (self->which == 1) AWAIT(self->leaf.readable, fut_readable, self->fd);
    if (self->which == 2) {
        START(self->nap, fut_sleep_until, FUT_NEVER);
        AWAIT(self->leaf.timeout, fut_timeout, &self->nap.future, FUT_S(9));
    }
    if (self->which == 3) AWAIT(self->nap, fut_sleep_until, FUT_NEVER);
    if (self->which == 4) AWAIT(awaited);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_dump_says_what_the_innermost_one_waits_for) {
    char               readable[64];
    int                ends[2];
    struct leaves_join handles[5];

    cr_assert_eq(pipe(ends), 0);
    open_quietly();
    awaited = SPAWN(&executor, outer, FUT_S(9));
    for (int i = 0; i < 5; i++) handles[i] = SPAWN(&executor, leaves, ends[0], i);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 6);
    snprintf(readable, sizeof readable, "\n    fut_read              readable, descriptor %d\n", ends[0]);
    cr_assert_not_null(strstr(dump_of(&handles[0].join), readable));
    snprintf(readable, sizeof readable, "\n    fut_readable          readable, descriptor %d\n", ends[0]);
    cr_assert_not_null(strstr(dump_of(&handles[1].join), readable));
    cr_assert_not_null(
        strstr(dump_of(&handles[2].join), "\n    fut_timeout           for a while, for fut_sleep_until\n"));
    cr_assert_not_null(strstr(dump_of(&handles[3].join), "\n    fut_sleep_until       for ever\n"));
    cr_assert_not_null(strstr(dump_of(&handles[4].join), "\n    join                  the end of outer\n"));
    fut_executor_destroy(&executor);
}

typedef struct dumps {
    ASYNC_FRAME(dumps, int);
} dumps_t;
ASYNC(dumps) {
    ASYNC_BEGIN();
    dump();
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_task_may_dump_and_finds_itself_being_polled) {
    open_virtual();
    DETACH(SPAWN(&executor, outer, FUT_S(1)));
    cr_assert_eq(BLOCK_ON(&executor, dumps), 0);
    cr_assert_not_null(strstr(dumped, "  being polled\n    dumps\n"), "%s", dumped);
    cr_assert_not_null(strstr(dumped, "  waiting 0.000 s\n    outer "), "%s", dumped);
    close_virtual();
}

/* A thousand deep. */
typedef struct nest nest_t;
struct nest {
    ASYNC_FRAME(nest, int, nest_t *frames; int below);
    fut_sleep_t nap;
};
static nest_t frames[1000];
ASYNC(nest) {
    ASYNC_BEGIN();
    if (self->below > 0)
        AWAIT(self->frames[self->below - 1], nest, self->frames, self->below - 1);
    else
        AWAIT(self->nap, fut_sleep, FUT_S(1));
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_dump_goes_down_to_the_leaf_however_deep) {
    int count = 0;

    open_virtual();
    DETACH(SPAWN(&executor, nest, frames, 1000));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    for (const char *at = dump(); (at = strstr(at, "\n    nest ")) != NULL; at++) count++;
    cr_assert_eq(count, 1001);
    cr_assert_not_null(strstr(dumped, "\n    fut_sleep             for another 1.000 s\n"));
    close_virtual();
}

/* Running out of descriptors, and fork. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "../fork.h"
#include "kit.h"

/* ---- Descriptors --------------------------------------------------------------------------------------------- */

static int lowest_free(void) {
    int fd = dup(STDERR_FILENO);
    close(fd);
    return fd;
}
static void allow_descriptors(int count) {
    struct rlimit limit;
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)count;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Test(executor, without_descriptors_init_is_EMFILE_and_keeps_none) {
    const int     first = lowest_free();
    struct rlimit limit;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (int allowed = 0; allowed < 2; allowed++) { /* it needs two: the bell, which is kept for the next, and epoll */
        struct rlimit less = {(rlim_t)(first + allowed), limit.rlim_max};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &less), 0);
        for (int i = 0; i < 5; i++) cr_assert_eq(fut_executor_init(&executor, NULL), -EMFILE);
        cr_assert_leq(lowest_free(), first + allowed);
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, outside), 0);
    fut_executor_destroy(&executor);
}

Test(executor, a_reactor_without_descriptors_is_NULL_and_says_EMFILE) {
    allow_descriptors(lowest_free());
    errno = 0;
    cr_assert_null(fut_reactor_new());
    cr_assert_eq(errno, EMFILE);
    allow_descriptors(256); /* for the leak checker, which reads /proc */
}

Test(executor, executors_one_after_the_other_use_the_same_descriptors) {
    int first;

    open_quietly();
    fut_executor_destroy(&executor);
    first = lowest_free();
    for (int i = 0; i < 100; i++) {
        open_quietly();
        fut_executor_destroy(&executor);
    }
    cr_assert_eq(lowest_free(), first);
}

Test(executor, its_descriptors_are_closed_on_exec) {
    enum { LOOKED_AT = 256 };
    bool ours[LOOKED_AT]; /* whoever started the tests may have left some open, without the flag */
    int  found = 0;

    for (int fd = 0; fd < LOOKED_AT; fd++) ours[fd] = fcntl(fd, F_GETFD) < 0;
    open_quietly();
    for (int fd = 0; fd < LOOKED_AT; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (!ours[fd] || flags < 0) continue;
        cr_assert(flags & FD_CLOEXEC, "descriptor %d", fd);
        found++;
    }
    cr_assert_geq(found, 2); /* the bell, unless it was recycled, epoll, timer */
    fut_executor_destroy(&executor);
}

/* ---- fork ---------------------------------------------------------------------------------------------------- */

/* Run `child` in a child and answer its exit code. */
static int in_child(int (*child)(void)) {
    int   status;
    pid_t pid = quiet_fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        alarm(100);
        _exit(child());
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int the_parents_executor_is_refused(void) {
    if (BLOCK_ON(&executor, answer, 1) != -ECHILD) return 1;
    if (fut_executor_run(&executor) != -ECHILD) return 2;
    if (fut_executor_turn(&executor) != -ECHILD) return 3;
    if (fut_executor_run_until_stalled(&executor) != -ECHILD) return 4;
    return 0;
}

Test(executor, after_fork_the_childs_use_of_the_parents_executor_is_ECHILD) {
    fut_test_event_t event = {0};

    open_quietly();
    DETACH(SPAWN(&executor, listener, "a", &event));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    cr_assert_eq(in_child(the_parents_executor_is_refused), 0);
    fut_test_event_fire(&event, 1);
    cr_assert_eq(fut_executor_run(&executor), 0, "and the parent goes on");
    cr_assert(fut_test_said("a begins", "a got 1", "a ends"));
    fut_executor_destroy(&executor);
}

static int an_executor_of_ones_own(void) {
    fut_executor_t own;
    if (fut_executor_init(&own, NULL) != 0) return 1;
    if (BLOCK_ON(&own, answer, 7) != 7) return 2;
    if (BLOCK_ON(&own, fut_sleep, FUT_MS(1)) != 0) return 3;
    if (BLOCK_ON(&own, outside) != 0) return 4;
    fut_executor_destroy(&own);
    return 0;
}

Test(executor, after_fork_the_child_makes_an_executor_of_its_own) {
    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, answer, 1), 1);
    cr_assert_eq(in_child(an_executor_of_ones_own), 0);
    cr_assert_eq(BLOCK_ON(&executor, outside), 0);
    fut_executor_destroy(&executor);
    cr_assert_eq(in_child(an_executor_of_ones_own), 0, "also where one was left on the shelf");
    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, outside), 0);
    fut_executor_destroy(&executor);
}

static int destroy_the_parents(void) {
    fut_executor_destroy(&executor);
    return an_executor_of_ones_own();
}

/* The child inherits the frames, so their FINALLYs run there, too; but the parent's epoll and bell must stay as they are. */
Test(executor, after_fork_the_child_may_destroy_its_copy_and_the_parent_still_hears_the_bell, .timeout = 60) {
    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, outside), 0);
    cr_assert_eq(in_child(destroy_the_parents), 0);
    DETACH(SPAWN(&executor, outside));
    while (fut_executor_tasks(&executor) > 0) { /* the wake may come inside of a turn */
        struct pollfd poll_fd = {fut_executor_fd(&executor), POLLIN, 0};
        const int     more    = fut_executor_turn(&executor);
        cr_assert_geq(more, 0);
        if (fut_executor_tasks(&executor) == 0) break;
        if (more == 0) cr_assert_eq(poll(&poll_fd, 1, 10000), 1, "the wake of another thread did not ring");
    }
    fut_executor_destroy(&executor);
}

/* A pipe that the parent has attached, closed by the child. */
static int ends[2];
static int close_the_parents(void) { return -fut_close(ends[0]); }

typedef struct attached_reader {
    ASYNC_FRAME(attached_reader, int);
    fut_read_t read;
    char       byte;
} attached_reader_t;
ASYNC(attached_reader) {
    ASYNC_BEGIN();
    TRY(fut_attach(cx, ends[0]));
    AWAIT_TRY(self->read, fut_read, ends[0], &self->byte, 1);
    ASYNC_RETURN(self->byte);
    ASYNC_END();
}

Test(executor, after_fork_the_child_may_close_its_copy_of_a_descriptor_and_the_parent_still_waits, .timeout = 60) {
    cr_assert_eq(pipe(ends), 0);
    open_quietly();
    DETACH(SPAWN(&executor, attached_reader));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    cr_assert_eq(in_child(close_the_parents), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0, "the reader was not woken");
    fut_executor_destroy(&executor);
}

/* From inside a poll, and the child goes on with its copy of the loop. */
typedef struct forker {
    ASYNC_FRAME(forker, int, int *status);
    pid_t child;
} forker_t;
ASYNC(forker) {
    ASYNC_BEGIN();
    self->child = quiet_fork();
    if (self->child == 0) _exit(BLOCK_ON(&executor, answer, 1) < 0 ? 0 : 1);
    TRY(waitpid(self->child, self->status, 0));
    YIELD();
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_task_may_fork) {
    int status = -1;

    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, forker, &status), 0);
    cr_assert_eq(status, 0);
    fut_executor_destroy(&executor);
}

/* fork in a process whose other threads make executors, attach descriptors, wake: the child makes its own all the same. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "../fork.h"
#include "plain.h"

/* Under a sanitizer there are no others: see fork.h. */
enum { THREADS = SANITIZED ? 0 : 3, FORKS = SANITIZED ? 10 : 60 };
static bool finished; /* atomic */

typedef struct chat {
    ASYNC_FRAME(chat, int, int in; int out);
    fut_read_t  read;
    fut_write_t write;
    fut_sleep_t nap;
    char        byte;
} chat_t;
ASYNC(chat) {
    ASYNC_BEGIN();
    TRY(fut_attach(cx, self->in));
    YIELD();
    AWAIT_TRY(self->write, fut_write, self->out, "x", 1);
    AWAIT_TRY(self->read, fut_read, self->in, &self->byte, 1);
    AWAIT_TRY(self->nap, fut_sleep, FUT_US(1));
    ASYNC_RETURN(self->byte);
    ASYNC_FINALLY();
    fut_close(self->in);
    fut_close(self->out);
    ASYNC_END();
}

/* An executor's whole life. 0: all went well. */
static int live(void) {
    fut_executor_t executor;
    int            ends[2];
    if (pipe(ends) < 0) return 1;
    if (fut_executor_init(&executor, NULL) < 0) return 2;
    if (BLOCK_ON(&executor, chat, ends[0], ends[1]) != 'x') return 3;
    fut_executor_destroy(&executor);
    return 0;
}

static void nothing(void *executor, fut_task_t *task) {
    (void)executor;
    (void)task;
}

static void *live_again_and_again(void *unused) {
    (void)unused;
    while (!LOAD(finished)) {
        fut_scheduler_t *scheduler = fut_scheduler_new(nothing, NULL);
        if (live() != 0) ADD(failures, 1);
        fut_scheduler_free(scheduler);
    }
    return NULL;
}

static void a_child_of_many_threads_makes_an_executor_of_its_own(void) {
    pthread_t      threads[THREADS + 1];
    fut_executor_t mine;

    CHECK(fut_executor_init(&mine, NULL) == 0);
    for (int i = 0; i < THREADS; i++) threads[i] = start(live_again_and_again, NULL);
    for (int i = 0; i < FORKS; i++) {
        int   status = 0;
        pid_t child  = fork();
        if (child == 0) {
            signal(SIGALRM, SIG_DFL);
            alarm(100); /* a lock that nobody will release */
            if (fut_executor_run(&mine) != -ECHILD) _exit(10);
            for (int n = 0; n < 3; n++)
                if (live() != 0) _exit(11 + n);
            fut_scheduler_free(fut_scheduler_new(nothing, NULL));
            _exit(0);
        }
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        if (failures) break;
    }
    STORE(finished, true);
    for (int i = 0; i < THREADS; i++) join(threads[i]);
    CHECK(BLOCK_ON(&mine, fut_sleep, FUT_US(1)) == 0);
    fut_executor_destroy(&mine);
}

int main(void) {
    RUN(a_child_of_many_threads_makes_an_executor_of_its_own);
    return finish();
}

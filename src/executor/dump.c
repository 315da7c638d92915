/* dump.c: every live task with what it waits for, frame by frame. */
#include "../task/backtrace.h"
#include "home.h"

typedef struct dump {
    FILE         *out;
    fut_instant_t now;
    const void   *polling; /* the task that called fut_dump, if one did */
} dump_t;

static void print_task(fut_task_t *task, void *data) {
    const dump_t *dump = data;
    fprintf(dump->out, "task %p  ", (void *)task);
    if (dump->polling == task) { /* its frames are on their way: only the root is sure to be there */
        fprintf(dump->out, "being polled\n    %s\n", fut__task_root(task)->vtable->name);
        return;
    }
    if (task->flags & FUT__ENDED) {
        fprintf(dump->out, "has ended, output not taken\n");
    } else if (task->queued) {
        fprintf(dump->out, "ready to run\n");
    } else {
        fprintf(dump->out, "waiting");
        fut__print_seconds(dump->out, dump->now > task->since ? dump->now - task->since : 0);
        fprintf(dump->out, "\n");
    }
    fut__print_backtrace(dump->out, fut__task_root(task), dump->now);
}

void fut_dump(const fut_executor_t *executor, FILE *out) {
    const fut_context_t *polling = executor->home->polling;
    dump_t               dump    = {out, executor->driver->vtable->now(executor->driver),
                   polling ? fut__task_waker(polling->waker).target : NULL};
    fut__pool_visit(&executor->home->scheduler.pool, print_task, &dump);
}

/* dump.c: every live task with what it waits for, frame by frame. */
#include <inttypes.h>

#include "home.h"

typedef struct dump {
    FILE         *out;
    fut_instant_t now;
    const void   *polling; /* the task that called fut_dump, if one did */
} dump_t;

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void print_seconds(FILE *out, fut_instant_t nanoseconds) {
    fprintf(out, " %" PRIu64 ".%03" PRIu64 " s", nanoseconds / 1000000000, nanoseconds / 1000000 % 1000);
}

static void print_leaf(const dump_t *dump, const fut_future_t *future) {
    fut_note_t    note     = {0};
    fut_instant_t deadline = 0;
    if (future->vtable->describe) future->vtable->describe(future, &note);
    fprintf(dump->out, "    %-20s", future->vtable->name);
    if (note.text) fprintf(dump->out, "  %s", note.text);
    if (note.kind == FUT_NOTE_NUMBER) fprintf(dump->out, " %" PRId64, note.number);
    if (note.kind == FUT_NOTE_DEADLINE) {
        deadline = (fut_instant_t)note.number;
        print_seconds(dump->out, deadline > dump->now ? deadline - dump->now : 0);
    }
    if (note.child) fprintf(dump->out, " %s", note.child->vtable->name);
    fprintf(dump->out, "\n");
}

/* Down the chain of what awaits what. A future written by hand may name one child. */
static void print_backtrace(const dump_t *dump, const fut_future_t *future) {
    while (future && fut_is_frame_(future)) {
        const fut_vtable_t *vtable = future->vtable;
        bool                begun  = fut_is_pending(future);
        fprintf(dump->out, "    %-20s  %s:%" PRIu32 "%s\n", vtable->name, base_name(vtable->file),
                begun ? fut_line(future) : vtable->line,
                begun                 ? ""
                : fut_is_done(future) ? ", done"
                                      : ", not polled yet");
        future = begun ? ((const fut_frame_t *)(const void *)future)->awaiting : NULL;
    }
    if (future) print_leaf(dump, future);
}

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
        print_seconds(dump->out, dump->now > task->since ? dump->now - task->since : 0);
        fprintf(dump->out, "\n");
    }
    print_backtrace(dump, fut__task_root(task));
}

void fut_dump(const fut_executor_t *executor, FILE *out) {
    const fut_context_t *polling = executor->home->polling;
    dump_t               dump    = {out, executor->driver->vtable->now(executor->driver),
                   polling ? fut__task_waker(polling->waker).target : NULL};
    fut__pool_visit(&executor->home->scheduler.pool, print_task, &dump);
}

/* runtime_dump.c: every live task of a runtime, while its workers go on.
 *
 * A task that waits is *claimed*: RUNNING is set as if it were polled, so nobody polls it and nothing of it changes; a wake
 * meanwhile leaves its NOTIFIED, and the task is scheduled when it is let go. A task that is on a queue, or in a poll,
 * cannot be had this way: it is read from the distance (../task/snapshot.h), and never holds anybody up.
 *
 * What is printed under a claim goes to memory first: the caller's stream may block, and whoever is to read it may be the
 * very task.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "../core/fork.h"
#include "../task/backtrace.h"
#include "../task/snapshot.h"
#include "crew.h"

/* ---- struct -------------------------------------------------------------------------------------- */

typedef struct dump {
    fut__crew_t    *crew;
    FILE           *out, *page; /* the caller's; memory, for one task */
    char           *text;
    size_t          length;
    fut_instant_t   now;
    int             error;
    fut__snapshot_t snapshot;
} dump_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* two dumps would take each other's claims for polls */

/* ---- hold ---------------------------------------------------------------------------------------- */

/* It waits, and lives. Memory without a task shows a state of the same kind, so the order matters, see `make` in runtime.c
 * and `end` in worker.c: a generation which is that of a task to come is seen with the old tenant's ENDED, or with no LIVE;
 * and where the flags are the new one's, its state has moved on, and the swap fails. Acquires what the last poll wrote. */
static bool claim(fut_task_t *task) {
    uint32_t state = fut__load_acquire(&task->state);
    unsigned flags = fut__load_acquire(&task->flags);
    if ((flags & (FUT__LIVE | FUT__ENDED)) != FUT__LIVE) return false;
    for (const uint32_t seen = state; !(state & (FUT__RUNNING | FUT__NOTIFIED)) && state == seen;)
        if (fut__cas(&task->state, &state, state | FUT__RUNNING)) return true;
    return false;
}

/* (5) (6) */
static void let_go(fut__crew_t *crew, fut_task_t *task) {
    if (fut__clear(&task->state, (uint32_t)FUT__RUNNING) & FUT__NOTIFIED) fut__crew_schedule(crew, task);
}

/* ---- where is it? -------------------------------------------------------------------------------- */

static int polling_worker(const fut__crew_t *crew, const fut_task_t *task) {
    for (unsigned i = 0; i < crew->count; i++)
        if (fut__load_relaxed(&crew->workers[i]->current) == task) return (int)i;
    return -1;
}

static bool is_on(const fut__run_queue_t *queue, const fut_task_t *task) {
    const size_t head = fut__load_acquire(&queue->head), tail = fut__load_acquire(&queue->tail);
    for (size_t i = head; i != tail && i - head < FUT__RING; i++)
        if (fut__load_relaxed(&queue->ring[i % FUT__RING]) == task) return true;
    return false;
}

static int queueing_worker(const fut__crew_t *crew, const fut_task_t *task) {
    for (unsigned i = 0; i < crew->count; i++)
        if (is_on(&crew->workers[i]->queue, task)) return (int)i;
    return -1;
}

/* ---- print --------------------------------------------------------------------------------------- */

static void print_head(const dump_t *dump, const fut_task_t *task, const char *what) {
    const unsigned home = fut__load_relaxed(&task->queued);
    fprintf(dump->page, "task %p  %s", (const void *)task, what);
    if (home > 0) fprintf(dump->page, ", bound to worker %u", home - 1);
}

/* A task that shares memory with the one that has spawned it may lose its frames to that one's poll, see scope_drop. */
static bool is_all_its_own(fut_task_t *task) { return !fut__task_root(task)->vtable->spawned; }

static void print_claimed(dump_t *dump, fut_task_t *task) {
    print_head(dump, task, "waiting");
    fprintf(dump->page, "\n");
    if (is_all_its_own(task)) {
        fut__print_backtrace(dump->page, fut__task_root(task), dump->now);
    } else {
        (void)fut__snapshot_take(&dump->snapshot, task);
        fut__snapshot_print(&dump->snapshot, dump->page, false);
    }
    fflush(dump->page);
}

/* Ended, queued or polled, as far as one can tell. */
static void print_from_afar(dump_t *dump, fut_task_t *task) {
    const unsigned flags  = fut__load_relaxed(&task->flags);
    const int      worker = polling_worker(dump->crew, task);
    int            queue = -1, away = -1;
    char           what[64] = "ready to run";
    if (!(flags & FUT__LIVE)) return;
    (void)fut__snapshot_take(&dump->snapshot, task);
    if (worker >= 0) snprintf(what, sizeof what, "being polled by worker %d", worker);
    if (flags & FUT__ENDED) snprintf(what, sizeof what, "has ended, output not taken");
    if (worker < 0 && !(flags & FUT__ENDED)) queue = queueing_worker(dump->crew, task);
    if (worker < 0 && queue < 0 && (away = fut__absent_from(dump->crew, task)) >= 0)
        snprintf(what, sizeof what, "blocking in place, from worker %d", away);
    print_head(dump, task, what);
    if (queue >= 0) fprintf(dump->page, ", in the queue of worker %d", queue);
    fprintf(dump->page, "\n");
    fut__snapshot_print(&dump->snapshot, dump->page, worker >= 0 || away >= 0);
    fflush(dump->page);
}

static void print_task(fut_task_t *task, void *data) {
    dump_t *dump = data;
    rewind(dump->page);
    if (claim(task)) {
        print_claimed(dump, task);
        let_go(dump->crew, task);
    } else {
        print_from_afar(dump, task);
    }
    if (ferror(dump->page))
        dump->error = -ENOMEM;
    else if (ftello(dump->page) > 0)
        fwrite(dump->text, 1, (size_t)ftello(dump->page), dump->out);
}

/* ---- dump ---------------------------------------------------------------------------------------- */

static fut_instant_t now_of(const fut__crew_t *crew) {
    fut__worker_t *any = crew->workers[0];
    return any->inner->now(any->driver);
}

int fut_runtime_dump(fut_runtime_t *runtime, FILE *out) {
    fut__crew_t *crew = runtime->crew;
    dump_t       dump = {.crew = crew, .out = out};
    if (crew->forks != fut__forks()) return -ECHILD;
    dump.page = open_memstream(&dump.text, &dump.length);
    if (!dump.page) return -ENOMEM;
    dump.now = now_of(crew);
    pthread_mutex_lock(&lock);
    fut__crew_visit(crew, print_task, &dump);
    pthread_mutex_unlock(&lock);
    fclose(dump.page);
    free(dump.text);
    return dump.error < 0 ? dump.error : ferror(out) ? -EIO : 0;
}

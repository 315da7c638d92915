/* watchdog.c: sampling, reporting, sleeping; one thread.
 *
 *     round      for each that is watched: is it in the same poll as last time, and for longer than the limit?
 *     report     without the lock: it may watch, unwatch, and take its time
 *     rest       a quarter of the limit; or, when all were parked for a while, until one of them is not
 *
 * A poll is known by the worker, its count of polls and the task. All three are read without order, and the count twice:
 * should a sample mix two polls all the same, the next one differs from it, and timing begins anew.
 */
#define _GNU_SOURCE
#include "watchdog.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "../core/fork.h"
#include "../core/memory.h"
#include "../core/panic.h"
#include "../core/signals.h"
#include "../task/backtrace.h"
#include "../task/snapshot.h"

enum {
    LIMIT    = 100000000, /* nanoseconds                                          */
    LEAST    = 1000000,   /* nanoseconds                                          */
    SAMPLES  = 4,         /* in each limit                                        */
    PATIENCE = 8,         /* samples that find all parked before the watchdog sleeps */
    NAME     = 32,
    STACK    = 256 * 1024
};

/* ---- struct -------------------------------------------------------------------------------------- */

/* One that polls, and what was seen of it last. */
typedef struct mark {
    fut__watched_t    watched;
    const fut_task_t *task; /* NULL: it polled nothing */
    uint64_t          poll, since;
    long              thread; /* a worker may go to another one when the poll is over */
    bool              reported;
    char              root[FUT__WORD];
} mark_t;

struct fut__entry {
    fut__entry_t *next; /* by rising number */
    uint64_t     *ticket, number;
    char          name[NAME];
    unsigned      count;
    mark_t        marks[];
};

/* All but what is written before the thread starts: under fut__watch_lock. */
typedef struct fut__watchdog {
    fut_watchdog_options_t options;
    unsigned               forks;
    pthread_t              thread;
    bool                   stopping;
    unsigned               quiet_rounds;
    fut__entry_t          *entries;

    /* The thread's own. */
    fut__snapshot_t   snapshot;
    fut_stall_frame_t frames[FUT__DEPTH];
} fut__watchdog_t;

static uint64_t last_number; /* under fut__watch_lock */

fut__entry_t *fut__entry_new(unsigned count, const char *name) {
    fut__entry_t *entry = fut__allocate_zeroed(sizeof *entry + count * sizeof entry->marks[0]);
    if (!entry) return NULL;
    entry->count = count;
    strncpy(entry->name, name, NAME - 1);
    return entry;
}

fut__watched_t *fut__entry_at(fut__entry_t *entry, unsigned number) { return &entry->marks[number].watched; }

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- report -------------------------------------------------------------------------------------- */

static void print_frame(const fut_stall_frame_t *frame, FILE *out) {
    if (!frame->file)
        fprintf(out, "    %s\n", frame->function);
    else
        fut__print_frame(out, frame->function, frame->file, frame->line,
                         !frame->begun    ? ", polled for the first time"
                         : frame->resumed ? ", resumed there"
                                          : "");
}

void fut_stall_print(const fut_stall_t *stall, FILE *out) {
    fprintf(out, "libfuture: %s, ", stall->name);
    if (stall->worker >= 0) fprintf(out, "worker %d, ", stall->worker);
    fprintf(out, "thread %ld: a poll of task %p ", stall->thread, stall->task);
    if (stall->function[0] && stall->depth == 0) fprintf(out, "(%s) ", stall->function);
    fprintf(out, stall->over ? "took" : "goes on,");
    fut__print_seconds(out, stall->nanoseconds);
    fprintf(out, stall->over ? "\n" : " by now\n");
    for (unsigned i = 0; i < stall->depth; i++) print_frame(&stall->frames[i], out);
    if (stall->deeper) fprintf(out, "    ...\n");
    if (!stall->over && stall->depth == 0) fprintf(out, "    (not readable)\n");
}

static void print_to_stderr(const fut_stall_t *stall, void *unused) {
    (void)unused;
    flockfile(stderr);
    fut_stall_print(stall, stderr);
    funlockfile(stderr);
}

static void fill_frames(fut__watchdog_t *self) {
    const int innermost = self->snapshot.deeper ? -1 : fut__snapshot_innermost(&self->snapshot);
    for (unsigned i = 0; i < self->snapshot.count; i++) {
        const fut__shot_t *shot = &self->snapshot.frames[i];
        self->frames[i]         = (fut_stall_frame_t){.function = shot->name,
                                                      .file     = shot->stand == FUT__BY_ITSELF ? NULL : shot->file,
                                                      .line     = shot->line,
                                                      .begun    = shot->stand != FUT__NOT_BEGUN,
                                                      .resumed  = (int)i == innermost && shot->stand == FUT__WAITS};
    }
}

/* Everything that the report shows is a copy: when the lock is left the entry may go. */
static void report(fut__watchdog_t *self, const fut__entry_t *entry, const mark_t *mark, uint64_t time, bool over) {
    char        name[NAME], root[FUT__WORD];
    fut_stall_t stall = {.over        = over,
                         .name        = memcpy(name, entry->name, sizeof name),
                         .worker      = mark->watched.worker,
                         .thread      = mark->thread,
                         .task        = mark->task,
                         .function    = memcpy(root, mark->root, sizeof root),
                         .nanoseconds = time - mark->since};
    if (!over) {
        fill_frames(self);
        stall.frames = self->frames;
        stall.depth  = self->snapshot.count;
        stall.deeper = self->snapshot.deeper;
    }
    pthread_mutex_unlock(&fut__watch_lock);
    self->options.report(&stall, self->options.data);
    pthread_mutex_lock(&fut__watch_lock);
}

/* ---- sample -------------------------------------------------------------------------------------- */

static const fut_task_t *polled(const mark_t *mark, uint64_t *poll) {
    const fut_task_t *task;
    *poll = fut__load_acquire(mark->watched.polls);
    task  = fut__load_acquire(mark->watched.current);
    return fut__load_relaxed(mark->watched.polls) == *poll ? task : NULL;
}

static bool is_in_the_same_poll(const mark_t *mark) {
    uint64_t poll;
    return mark->task && polled(mark, &poll) == mark->task && poll == mark->poll;
}

/* The backtrace counts only if the poll is still under way when it has been read. */
static bool take_snapshot(fut__watchdog_t *self, mark_t *mark) {
    (void)fut__snapshot_take(&self->snapshot, mark->task);
    if (!is_in_the_same_poll(mark)) return false;
    memcpy(mark->root, self->snapshot.frames[0].name, sizeof mark->root); /* zeros, if there is none */
    return true;
}

static void begin_timing(mark_t *mark, uint64_t time) {
    mark->task     = polled(mark, &mark->poll);
    mark->thread   = fut__load_relaxed(mark->watched.thread);
    mark->since    = time;
    mark->reported = false;
    memset(mark->root, 0, sizeof mark->root);
}

/* True: the lock was left. */
static bool sample(fut__watchdog_t *self, const fut__entry_t *entry, mark_t *mark) {
    const uint64_t time = now();
    mark_t         seen;
    if (is_in_the_same_poll(mark)) {
        if (mark->reported || time - mark->since < (uint64_t)self->options.limit) return false;
        mark->reported = true;
        if (take_snapshot(self, mark)) {
            report(self, entry, mark, time, false);
            return true;
        }
    }
    seen = *mark;
    begin_timing(mark, time);
    if (seen.reported) report(self, entry, &seen, time, true);
    return seen.reported;
}

/* ---- round --------------------------------------------------------------------------------------- */

static void remove_entry(fut__entry_t **at) {
    fut__entry_t *entry = *at;
    *at                 = entry->next;
    fut__release(entry);
}

/* What was destroyed has no ticket any more, or one of another time. */
static void forget_the_gone(fut__watchdog_t *self) {
    for (fut__entry_t **at = &self->entries; *at;) {
        if (fut__load_relaxed((*at)->ticket) == (*at)->number)
            at = &(*at)->next;
        else
            remove_entry(at);
    }
}

static fut__entry_t *entry_from(const fut__watchdog_t *self, uint64_t number) {
    fut__entry_t *entry = self->entries;
    while (entry && entry->number < number) entry = entry->next;
    return entry;
}

/* Entries may go whenever the lock was left. */
static void look_at(fut__watchdog_t *self, fut__entry_t *entry) {
    const uint64_t number = entry->number;
    for (unsigned i = 0; i < entry->count; i++) {
        if (!sample(self, entry, &entry->marks[i])) continue;
        entry = entry_from(self, number);
        if (!entry || entry->number != number) return;
    }
}

static void look_at_all(fut__watchdog_t *self) {
    fut__entry_t *entry;
    uint64_t      number;
    forget_the_gone(self);
    for (number = 0; !self->stopping && (entry = entry_from(self, number)) != NULL; number++) {
        number = entry->number;
        look_at(self, entry);
    }
}

/* ---- rest ---------------------------------------------------------------------------------------- */

static bool is_quiet(void *watchdog) {
    const fut__watchdog_t *self = watchdog;
    for (const fut__entry_t *entry = self->entries; entry; entry = entry->next)
        for (unsigned i = 0; i < entry->count; i++)
            if (!fut__load_relaxed(entry->marks[i].watched.armed) || entry->marks[i].task) return false;
    return true;
}

static void rest(fut__watchdog_t *self) {
    self->quiet_rounds = is_quiet(self) ? self->quiet_rounds + 1 : 0;
    if (self->quiet_rounds < PATIENCE) {
        fut__watch_wait((uint64_t)self->options.limit / SAMPLES);
        return;
    }
    fut__watch_sleep(is_quiet, self);
    self->quiet_rounds = 0;
}

static void *run(void *watchdog) {
    fut__watchdog_t *self = watchdog;
    pthread_mutex_lock(&fut__watch_lock);
    while (!self->stopping) {
        look_at_all(self);
        if (!self->stopping) rest(self);
    }
    pthread_mutex_unlock(&fut__watch_lock);
    return NULL;
}

/* ---- init, destroy ------------------------------------------------------------------------------- */

static int start(fut__watchdog_t *self) {
    pthread_attr_t attributes;
    sigset_t       before;
    int            error = pthread_attr_init(&attributes);
    if (error != 0) return -error;
    (void)pthread_attr_setstacksize(&attributes, STACK); /* where that is too small, the system's */
    fut__close_to_signals(&before);
    error = pthread_create(&self->thread, &attributes, run, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (error == 0) (void)pthread_setname_np(self->thread, "watchdog");
    return -error;
}

int fut_watchdog_init(fut_watchdog_t *watchdog, const fut_watchdog_options_t *options) {
    fut__watchdog_t *self;
    int              error;
    watchdog->state = NULL;
    if (options && options->limit != 0 && options->limit < LEAST) return -EINVAL;
    self = fut__allocate_zeroed(sizeof *self);
    if (!self) return -ENOMEM;
    if (options) self->options = *options;
    if (self->options.limit == 0) self->options.limit = LIMIT;
    if (!self->options.report) self->options.report = print_to_stderr;
    self->forks = fut__forks();
    fut__watch_begin();
    error = start(self);
    if (error < 0)
        fut__release(self);
    else
        watchdog->state = self;
    return error;
}

void fut_watchdog_destroy(fut_watchdog_t *watchdog) {
    fut__watchdog_t *self = watchdog->state;
    if (!self || self->forks != fut__forks()) return;
    if (pthread_equal(pthread_self(), self->thread))
        fut__panic(__FILE__, __LINE__, "fut_watchdog_destroy", "called by its own report");
    pthread_mutex_lock(&fut__watch_lock);
    self->stopping = true;
    fut__watch_tell();
    pthread_mutex_unlock(&fut__watch_lock);
    pthread_join(self->thread, NULL);
    pthread_mutex_lock(&fut__watch_lock);
    while (self->entries) {
        if (fut__load_relaxed(self->entries->ticket) == self->entries->number)
            fut__store_relaxed(self->entries->ticket, 0);
        remove_entry(&self->entries);
    }
    pthread_mutex_unlock(&fut__watch_lock);
    fut__release(self);
    watchdog->state = NULL;
}

/* ---- watch --------------------------------------------------------------------------------------- */

int fut__watch(fut_watchdog_t *watchdog, fut__entry_t *entry, uint64_t *ticket) {
    fut__watchdog_t *self  = watchdog->state;
    fut__entry_t   **at    = &self->entries;
    int              error = self->forks == fut__forks() ? 0 : -ECHILD;
    if (error == 0) pthread_mutex_lock(&fut__watch_lock);
    if (error == 0 && fut__load_relaxed(ticket) != 0) {
        pthread_mutex_unlock(&fut__watch_lock);
        error = -EBUSY;
    }
    if (error < 0) {
        fut__release(entry);
        return error;
    }
    entry->ticket = ticket;
    entry->number = ++last_number;
    while (*at) at = &(*at)->next;
    *at = entry;
    fut__store_relaxed(ticket, entry->number);
    fut__watch_tell(); /* it may be asleep */
    pthread_mutex_unlock(&fut__watch_lock);
    return 0;
}

int fut__unwatch(fut_watchdog_t *watchdog, const uint64_t *ticket) {
    fut__watchdog_t *self  = watchdog->state;
    int              error = -ENOENT;
    if (self->forks != fut__forks()) return -ECHILD;
    pthread_mutex_lock(&fut__watch_lock);
    for (fut__entry_t **at = &self->entries; *at; at = &(*at)->next) {
        if ((*at)->ticket != ticket || fut__load_relaxed(ticket) != (*at)->number) continue;
        fut__store_relaxed((*at)->ticket, 0);
        remove_entry(at);
        error = 0;
        break;
    }
    pthread_mutex_unlock(&fut__watch_lock);
    return error;
}

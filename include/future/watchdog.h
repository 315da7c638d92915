/* watchdog.h: who blocks its thread is noticed, and named.               layer: executors; needs: executor, runtime
 *
 *     fut_watchdog_t watchdog;
 *     if (fut_watchdog_init(&watchdog, NULL) < 0) return 1;
 *     WATCH(&watchdog, &runtime, "server");
 *
 *     libfuture: server, worker 1, thread 4711: a poll of task 0x7f61c0000b70 goes on, 0.105 s by now
 *         serve                 server.c:41
 *         parse                 server.c:22, resumed there
 *     libfuture: server, worker 1, thread 4711: a poll of task 0x7f61c0000b70 (serve) took 2.313 s
 *
 * A poll that computes or blocks stops every other task of its thread. A watchdog is a thread that looks a few times in
 * each `limit` at what the executors and runtimes which it watches are doing, and reports each poll that it has seen for
 * longer than that: once while it goes on, and once more when it is over.
 *
 * The price: nothing for polls that nobody watches. A worker of a runtime that is watched pays nothing for a poll either,
 * and two loads and a fence whenever it wakes from its sleep; an executor 27 instructions for a poll, since it notes down
 * what it polls and takes the loop that has all options. The watchdog wakes four times in each limit, 40 times a second by
 * default; when all that it watches is asleep it sleeps, too, and uses no CPU at all.
 *
 * What is seen: polls, not what happens between them, nor on_start and on_stop of a runtime. A poll is timed from the
 * moment when it was first seen, so the numbers are too small by up to a quarter of the limit; nothing shorter than the
 * limit is reported, and everything longer than one and a quarter of it is, if the system lets the watchdog run.
 */
#ifndef FUT_WATCHDOG_H
#define FUT_WATCHDOG_H

#include "executor.h"
#include "runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_watchdog {
    struct fut__watchdog *state;
} fut_watchdog_t;

/* ---- What is reported --------------------------------------------------------------------- */

/* One frame of an async backtrace. */
typedef struct fut_stall_frame {
    const char *function;
    const char *file;    /* without folders; NULL: a future written by hand, which has no line      */
    uint32_t    line;    /* where it waits, or `resumed`, waited before this poll; or where it begins */
    bool        begun;   /* it was polled before                                                    */
    bool        resumed; /* the innermost async function: the poll went on from here                 */
} fut_stall_frame_t;

typedef struct fut_stall {
    bool                     over;        /* false: it goes on, and there is a backtrace; true: it has ended       */
    const char              *name;        /* of what is watched                                                   */
    int                      worker;      /* of a runtime; -1: a fut_executor_t                                    */
    long                     thread;      /* as gettid says; 0: not known                                          */
    const void              *task;        /* as in fut_dump                                                       */
    const char              *function;    /* the task's root, or "": not known                                     */
    uint64_t                 nanoseconds; /* for so long, at least                                                */
    const fut_stall_frame_t *frames;      /* the root first                                                       */
    unsigned                 depth;       /* how many, at most 32; 0: it could not be read, or is over             */
    bool                     deeper;      /* there are more, the innermost ones                                   */
} fut_stall_t;

/* One line, and one for each frame. */
void fut_stall_print(const fut_stall_t *stall, FILE *out);

/* ---- The watchdog ------------------------------------------------------------------------- */

typedef struct fut_watchdog_options {
    int64_t limit;                                        /* nanoseconds, 1 ms or more; 0: 100 ms                  */
    void (*report)(const fut_stall_t *stall, void *data); /* on the watchdog's thread, one at a time; the stall is
                                                             gone when it returns. It may watch and unwatch. NULL:
                                                             fut_stall_print to stderr                              */
    void *data;
} fut_watchdog_options_t;

/* NULL: all defaults. 0; -EINVAL (the limit), -ENOMEM, -EAGAIN (no more threads). After a failure there is nothing to
 * destroy. */
int fut_watchdog_init(fut_watchdog_t *watchdog, const fut_watchdog_options_t *options);
/* Ends its thread, after the report that it is in, and unwatches all. Before or after what it watches; any thread but its
 * own. In the child of a fork: nothing happens. */
void fut_watchdog_destroy(fut_watchdog_t *watchdog);

/* From now on; the name is copied, 31 bytes of it. 0; -EBUSY: a watchdog watches it already; -ENOMEM, -ECHILD. Any thread,
 * also inside a poll; not while it is being destroyed. */
int fut_watchdog_watch_executor(fut_watchdog_t *watchdog, fut_executor_t *executor, const char *name);
int fut_watchdog_watch_runtime(fut_watchdog_t *watchdog, fut_runtime_t *runtime, const char *name);
/* What begins after this has returned is not reported; a report on its way may still be. 0; -ENOENT: it does not watch it;
 * -ECHILD. Not necessary before the executor or runtime is destroyed, which unwatches it. */
int fut_watchdog_unwatch_executor(fut_watchdog_t *watchdog, fut_executor_t *executor);
int fut_watchdog_unwatch_runtime(fut_watchdog_t *watchdog, fut_runtime_t *runtime);

/* WATCH(watchdog, executor, name), UNWATCH(watchdog, executor): of a fut_executor_t or a fut_runtime_t. C only. */
#define FUT_WATCH(watchdog, executor, name)                                                                            \
    _Generic((executor), fut_runtime_t *                                                                               \
             : fut_watchdog_watch_runtime, default                                                                     \
             : fut_watchdog_watch_executor)(watchdog, executor, name)
#define FUT_UNWATCH(watchdog, executor)                                                                                \
    _Generic((executor), fut_runtime_t *                                                                               \
             : fut_watchdog_unwatch_runtime, default                                                                   \
             : fut_watchdog_unwatch_executor)(watchdog, executor)

#ifndef FUT_NO_SHORT_NAMES
#define WATCH   FUT_WATCH
#define UNWATCH FUT_UNWATCH
#endif

#ifdef __cplusplus
}
#endif
#endif

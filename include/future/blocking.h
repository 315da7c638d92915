/* blocking.h: work that would stop the loop, on threads.                  layer: blocking; needs: core, driver interface, time
 *
 *     typedef struct checksum {
 *         JOB_FRAME(checksum, uint64_t, const uint8_t *bytes; size_t length);      // name, output, arguments
 *     } checksum_t;
 *
 *     JOB(checksum) {                                       // an ordinary function, on a thread of the pool
 *         uint64_t sum = 0;
 *         for (size_t i = 0; i < args->length && !fut_job_is_cancelled(job); i++) sum = sum * 31 + args->bytes[i];
 *         return sum;
 *     }
 *
 *     BLOCKING(self->sum, checksum, bytes, length);         // in an async function, where self->sum is a checksum_t
 *     use(self->sum.output);
 *
 * A call that blocks (getaddrinfo, fsync, a database's client) or that computes for long stops every task of a loop. Here
 * it is a job: it runs on a thread of a pool, and the future beside it is ready when it has ended. That future is one like
 * any other: START, AWAIT, JOIN, SELECT, TIMEOUT, a set. It works on any executor, and polled by hand.
 *
 * The price: one allocation for each job, of 72 bytes, its arguments and its output (none with BLOCKING_IN), released on the
 * pool's thread where the future was dropped; two visits to the pool's lock; and a wake in each direction, a few
 * microseconds while the thread of the pool still looks for work, more where it sleeps. What takes less than that is better
 * done in place.
 *
 * THE JOB OWNS A COPY of its arguments, so the future may be dropped at any time. What they point to is not copied. It has
 * to stay until the job has ended, and only a graceful cancellation waits for that:
 *
 *     the job is                  fut_cancel, then poll until READY           fut_drop
 *     waiting for room, queued    it never runs, -ECANCELED                   it never runs, -ECANCELED
 *     running                     its flag is set; PENDING until it has       its flag is set; it goes on by itself, detached:
 *                                 ended, and its output is the function's     memory and output are the job's own, and go with it
 *     done, not polled yet        READY with its output                       its output is discarded
 *
 * So what a job borrows (a buffer in the frame, a lock) is for functions that are cancelled gracefully; a job that may be
 * dropped gets values, or memory that it owns. Cancelling never stops a thread: the function asks fut_job_is_cancelled.
 *
 * Where an output is no signed integer, and so cannot say what went wrong, slot.blocking.status does: 0, the function has
 * run, and the output is what it returned; otherwise, as in an integer output,
 *     -ECANCELED   dropped or cancelled before it ran, or the pool was closed
 *     -ENOMEM      no memory for the job, or for the default pool
 *     -EAGAIN      the system gives no thread, and the pool has none
 *     -ECHILD      the pool is the parent's, and this is the child of a fork
 *     -EBUSY       BLOCKING_IN: the storage is in use
 */
#ifndef FUT_BLOCKING_H
#define FUT_BLOCKING_H

#include "time.h"
#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Pools ---------------------------------------------------------------------------------- */

typedef struct fut_crew fut_crew_t; /* the threads and their queue: outlives the pool while anybody needs it */

typedef struct fut_pool {
    fut_crew_t *crew; /* NULL: destroyed */
} fut_pool_t;

#define FUT_FOREVER ((fut_duration_t)INT64_MAX)

typedef struct fut_pool_options {
    unsigned threads; /* at most; 0: as many as this process may use cores                                         */
    unsigned queue;   /* jobs that may wait for a thread; 0: 1,024. A future that does not fit waits, see below     */
    fut_duration_t idle; /* a thread without work ends after so long; 0: 10 s; negative: at once; FUT_FOREVER: never */
    fut_duration_t spin; /* it looks for work before it sleeps; 0: 10 us, on one core not at all; negative: never    */
    size_t      stack; /* of a thread, in bytes; 0: what the system gives                                             */
    const char *name;  /* of the threads, for debuggers: at most 11 bytes, and a number follows; NULL: "blocking"     */
    /* On each thread, before its first job and after its last one. */
    void (*on_start)(void *data);
    void (*on_stop)(void *data);
    void *data;
} fut_pool_options_t;

/* A pool without threads: they are started when there is work for them. NULL: all options are 0. The options are copied,
 * the name too. 0, -ENOMEM; -EINVAL: the stack is smaller than the system's least, or a name is longer than 11 bytes. After
 * a failure there is nothing to destroy. */
int fut_pool_init(fut_pool_t *pool, const fut_pool_options_t *options);

/* The pool of the process, which BLOCKING uses: all options are 0. Made when it is asked for, after a fork anew. It need not
 * be destroyed; if it was, the next call makes another. NULL: out of memory. Any thread. */
fut_pool_t *fut_pool_default(void);

/* The beginning of the end, which does not wait: no more jobs. Those that are queued or wait for room end with -ECANCELED; those
 * that run get their flag. Any thread. Idempotent. */
void fut_pool_close(fut_pool_t *pool);

/* Close, and wait until every thread has ended, stop hooks included; then free. Futures that are pending may be polled
 * and dropped afterwards. Nobody else uses the handle at the same time. 0; or nothing was freed, and it may be called again:
 *     -ETIMEDOUT   some jobs still run; fut_pool_running names them
 *     -EDEADLK     called on a thread of this pool: by a job, a hook, a discard
 * In the child of a fork: -ECHILD; the handle is empty then, what it meant is the parent's. */
int fut_pool_destroy(fut_pool_t *pool, fut_duration_t patience);

/* Close, and wait for nobody: the last thread frees what is left. The way out after -ETIMEDOUT, where the process goes on.
 * What the hooks and the jobs use has to stay. */
void fut_pool_abandon(fut_pool_t *pool);

/* ---- Looking -------------------------------------------------------------------------------- */

typedef struct fut_pool_counts {
    unsigned threads, idle; /* threads that live, those of them that sleep or look for work */
    unsigned running;       /* jobs that run                                                */
    unsigned queued;        /* jobs that wait for a thread                                  */
    unsigned waiting;       /* futures that wait for room in the queue                      */
    uint64_t ended;         /* jobs that have run, since the pool was made                  */
    uint64_t discarded;     /* of these, those whose output nobody took                     */
    uint64_t started;       /* threads, since then                                          */
} fut_pool_counts_t;
/* As it is now. Any thread. */
void fut_pool_count(const fut_pool_t *pool, fut_pool_counts_t *counts);

typedef struct fut_pool_running {
    const char    *name; /* of the job, and where it is defined */
    const char    *file;
    unsigned long  line;
    fut_duration_t since;     /* it has run for so long                  */
    bool           cancelled; /* it was asked to end                     */
    bool           detached;  /* its future was dropped                  */
} fut_pool_running_t;
/* The jobs that run, the first so many of them. How many there are, which may be more. Any thread. */
size_t fut_pool_running(const fut_pool_t *pool, fut_pool_running_t *jobs, size_t room);

/* ---- Jobs ----------------------------------------------------------------------------------- */

typedef struct fut_job fut_job_t;

/* What all jobs of one JOB have in common. */
typedef struct fut_job_kind {
    const char *name, *file;
    uint32_t    line, size;
    uint32_t    args, output; /* their offsets in the job */
    void (*run)(fut_job_t *job);
    void (*discard)(fut_job_t *job); /* NULL: an output may be forgotten */
} fut_job_kind_t;

/* A job, before its arguments and its output. The fields, and who touches them:
 *
 *     prev, next   the crew's lock: the queue
 *     crew, kind   written before it is queued
 *     waker        the crew's lock; read without it by whoever writes it, the future
 *     state        atomic, written under the crew's lock, except to and from FREE; see src/blocking/crew.h
 *     cancelled    atomic
 *     error        written before DONE: why it has not run
 *     detached     the crew's lock: the future is gone
 *     owned        written before it is queued: allocated, and to be released
 *     since        the crew's lock: when it began to run
 */
struct fut_job {
    fut_job_t            *prev, *next;
    fut_crew_t           *crew;
    const fut_job_kind_t *kind;
    fut_waker_t           waker;
    uint32_t              state;
    uint32_t              cancelled;
    int                   error;
    bool                  detached, owned;
    uint64_t              since;
};

/* Has somebody asked the job to end? What was written before that is visible then. Any thread, while the job runs. */
FUT_INLINE_ bool fut_job_is_cancelled(const fut_job_t *job) {
    return __atomic_load_n(&job->cancelled, __ATOMIC_ACQUIRE) != 0;
}
/* The job that runs on this thread, or NULL: for code far below the function that was handed it. */
fut_job_t *fut_job_current(void);
/* May this storage (BLOCKING_IN) be used for another job, or for something else? Any thread. */
FUT_INLINE_ bool fut_job_is_free(const fut_job_t *storage) {
    return __atomic_load_n(&storage->state, __ATOMIC_ACQUIRE) == 0;
}

/* ---- The future ----------------------------------------------------------------------------- */

/* What every future of a job begins with. A future whose job does not fit into the queue stands in a line, first come, first
 * served, and allocates nothing before its turn. Given a place, it needs one poll to use it: a task which does not poll
 * the future that it has begun keeps that place from others. */
typedef struct fut_blocking {
    fut_future_t future;
    int          status; /* see above                                                        */
    fut_job_t   *job;    /* the caller's storage, later the job                              */
    union {
        fut_pool_t *pool; /* until the first poll: where it is to run                        */
        fut_crew_t *crew; /* from then on                                                   */
    };
    fut_waiter_t waiter; /* its place in the line                                            */
} fut_blocking_t;

enum { FUT_BLOCKING_ON_ = 1, FUT_BLOCKING_IN_ = 2 }; /* future.flags: pool, job were set */

/* Between START and the first poll: use this pool; NULL: the default one. It stays until that poll. */
FUT_INLINE_ void fut_blocking_on(fut_blocking_t *started, fut_pool_t *pool) {
    started->pool = pool;
    started->future.flags |= FUT_BLOCKING_ON_;
}
/* Between START and the first poll: put the job here, and allocate nothing. All zero before its first use; it stays until
 * fut_job_is_free, which after a drop may be later. Of the right size: BLOCKING_IN checks that. */
FUT_INLINE_ void fut_blocking_in(fut_blocking_t *started, fut_job_t *storage) {
    started->job = storage;
    started->future.flags |= FUT_BLOCKING_IN_;
}

fut_poll_t fut_blocking_poll_(fut_blocking_t *self, const fut_job_kind_t *kind, fut_context_t *cx);
void       fut_blocking_drop_(fut_future_t *future);
void       fut_blocking_cancel_(fut_future_t *future);
void       fut_blocking_describe_(const fut_future_t *future, fut_note_t *note);

#ifndef __cplusplus

/* JOB_FRAME(name, output type, arguments): the first line of struct name_t, the future. Declares struct name_job beside it,
 * the storage of a job. An output that a job may fail to produce is best a signed integer. */
#define FUT_JOB_FRAME(...)                                                                                             \
    union {                                                                                                            \
        fut_future_t   future;                                                                                         \
        fut_blocking_t blocking;                                                                                       \
        char           fut_kind_[1 + FUT_BY_HAND_];                                                                    \
    };                                                                                                                 \
    FUT_CAT_(FUT_CAT_(FUT_MEMBERS_, FUT_COUNT_(__VA_ARGS__)), _)(__VA_ARGS__);                                         \
    FUT_CAT_(FUT_CAT_(FUT_JOB_TYPE_, FUT_COUNT_(__VA_ARGS__)), _)(__VA_ARGS__)
#define FUT_JOB_TYPE_2_(name, T)      FUT_JOB_TYPE_AS_(name, T)
#define FUT_JOB_TYPE_M_(name, T, ...) FUT_JOB_TYPE_AS_(name, T)
#define FUT_JOB_TYPE_AS_(name, T)                                                                                      \
    _Static_assert(_Alignof(struct name##_job {                                                                        \
                       fut_job_t          job;                                                                         \
                       struct name##_args args;                                                                        \
                       FUT_OUTPUT_TYPE_(T) output;                                                                     \
                   }) <= _Alignof(max_align_t),                                                                        \
                   #name ": malloc does not align so strictly")

/* JOB(name) { ... return output; }: the function, `output type name_run(struct name_args *args, fut_job_t *job)`, static.
 * It may change its arguments, which are the job's own, may block, and may wait with fut_wait_on_thread and the _blocking
 * functions of sync.h; not for another job of its pool, which may never get a thread. A job with output void ends with
 * `return (fut_unit_t){0};`.
 *
 * JOB_DISCARDING(name, discard) { ... }: discard(output) is called where the function has run and nobody takes the output:
 * to close a descriptor, to free. On the job's thread, or where the future is dropped. It must not block for long.
 *
 * A header says JOB_DECLARE(name), and its file JOB_DEFINE(name) { ... } or JOB_DEFINE_DISCARDING. */
#define FUT_JOB(name)        FUT_JOB_AS_(static, FUT_JOB_DEFINE_HERE_, name, NULL)
#define FUT_JOB_DEFINE(name) FUT_JOB_AS_(, FUT_DEFINE_DECLARED, name, NULL)
#define FUT_JOB_DISCARDING(name, discard_)                                                                             \
    FUT_JOB_DISCARD_(name, discard_) FUT_JOB_AS_(static, FUT_JOB_DEFINE_HERE_, name, name##_discard_)
#define FUT_JOB_DEFINE_DISCARDING(name, discard_)                                                                      \
    FUT_JOB_DISCARD_(name, discard_) FUT_JOB_AS_(, FUT_DEFINE_DECLARED, name, name##_discard_)
#define FUT_JOB_DECLARE(name)     FUT_DECLARE(name)
#define FUT_JOB_DEFINE_HERE_(...) FUT_DEFINE(__VA_ARGS__)

#define FUT_JOB_AS_(linkage, define, fn, discard_)                                                                     \
    static __typeof__(((fn##_t *)0)->output) fn##_run(struct fn##_args *args, fut_job_t *job);                         \
    static void                              fn##_run_(fut_job_t *job) {                                               \
                                     struct fn##_job *const self = (struct fn##_job *)(void *)job;                     \
                                     self->output                = fn##_run(&self->args, job);                         \
    }                                                                                                                  \
    static const fut_job_kind_t fn##_kind = {                                                                          \
        .name    = #fn,                                                                                                \
        .file    = __FILE__,                                                                                           \
        .line    = __LINE__,                                                                                           \
        .size    = sizeof(struct fn##_job),                                                                            \
        .args    = offsetof(struct fn##_job, args),                                                                    \
        .output  = offsetof(struct fn##_job, output),                                                                  \
        .run     = fn##_run_,                                                                                          \
        .discard = discard_,                                                                                           \
    };                                                                                                                 \
    linkage __attribute__((unused)) fut_poll_t fn##_poll(fn##_t *self, fut_context_t *cx) {                            \
        return fut_blocking_poll_(&self->blocking, &fn##_kind, cx);                                                    \
    }                                                                                                                  \
    define(fn, .drop = fut_blocking_drop_, .cancel = fut_blocking_cancel_, .describe = fut_blocking_describe_,         \
           .loses = FUT_LOSES_BYTES);                                                                                  \
    static __typeof__(((fn##_t *)0)->output) fn##_run(__attribute__((unused)) struct fn##_args *args,                  \
                                                      __attribute__((unused)) fut_job_t        *job)
#define FUT_JOB_DISCARD_(name, discard_)                                                                               \
    static void name##_discard_(fut_job_t *job) { discard_(((struct name##_job *)(void *)job)->output); }

/* BLOCKING(slot, fn, args...): AWAIT for jobs, on the default pool.
 * BLOCKING_ON(pool, slot, fn, args...): on this one; NULL: the default one.
 * BLOCKING_IN(storage, slot, fn, args...): on the default pool, without allocating; storage is a struct fn_job.
 * For everything else, START, then fut_blocking_on and fut_blocking_in. */
#define FUT_BLOCKING(...)                                                                                              \
    do {                                                                                                               \
        (void)sizeof((FUT_FIRST_(__VA_ARGS__, 0)).blocking);                                                           \
        FUT_AWAIT(__VA_ARGS__);                                                                                        \
    } while (0)
#define FUT_BLOCKING_ON(pool_, slot, ...)                                                                              \
    do {                                                                                                               \
        FUT_START(slot, __VA_ARGS__);                                                                                  \
        fut_blocking_on(&(slot).blocking, pool_);                                                                      \
        FUT_AWAIT(slot);                                                                                               \
    } while (0)
#define FUT_BLOCKING_IN(storage, slot, ...)                                                                            \
    do {                                                                                                               \
        FUT_START(slot, __VA_ARGS__);                                                                                  \
        FUT_STORAGE_IS_(storage, FUT_FIRST_(__VA_ARGS__, 0));                                                          \
        fut_blocking_in(&(slot).blocking, &(storage).job);                                                             \
        FUT_AWAIT(slot);                                                                                               \
    } while (0)
#define FUT_STORAGE_IS_(storage, name) FUT_STORAGE_IS_AS_(storage, name)
#define FUT_STORAGE_IS_AS_(storage, name)                                                                              \
    _Static_assert(_Generic(&(storage), struct name##_job * : 1, default : 0),                                         \
                   "`" #storage "` is not a struct " #name "_job")

#ifndef FUT_NO_SHORT_NAMES
#define JOB_FRAME             FUT_JOB_FRAME
#define JOB                   FUT_JOB
#define JOB_DISCARDING        FUT_JOB_DISCARDING
#define JOB_DECLARE           FUT_JOB_DECLARE
#define JOB_DEFINE            FUT_JOB_DEFINE
#define JOB_DEFINE_DISCARDING FUT_JOB_DEFINE_DISCARDING
#define BLOCKING              FUT_BLOCKING
#define BLOCKING_ON           FUT_BLOCKING_ON
#define BLOCKING_IN           FUT_BLOCKING_IN
#endif

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif

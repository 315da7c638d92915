/* future.h: Rust's async model in C.                                      layer: core
 *
 * A *future* is a value that will be ready later. It does nothing by itself: somebody polls it.
 *
 *     poll(future, context)  ->  FUT_READY      the output is there
 *                            ->  FUT_PENDING    not yet; the context's waker was left where the
 *                                               event will find it
 *
 * A *waker* says "poll that task again". An *executor* polls tasks which were woken, and sleeps
 * when none was. A *driver* turns clocks and descriptors into wakes. That is the whole model; this
 * file holds the half of it that needs no system: Poll, Future, Waker, Context, how to write a
 * future by hand, how to cancel one, and the macros that turn a function into a future.
 *
 * What it costs, before anything else: an async function is a `switch`, its frame is a struct
 * which the caller provides, and locals that must survive an AWAIT live in that struct.
 *
 *     typedef struct greet {
 *         ASYNC_FRAME(greet, int, const char *name; int times);     // name, output, arguments
 *         int         i;                                            // survives an AWAIT
 *         fut_sleep_t nap;                                          // a child: embedded
 *     } greet_t;
 *
 *     ASYNC(greet) {
 *         ASYNC_BEGIN();
 *         for (self->i = 0; self->i < self->times; self->i++) {
 *             AWAIT(self->nap, fut_sleep, FUT_MS(100));
 *             printf("hello %s\n", self->name);
 *         }
 *         ASYNC_RETURN(self->i);
 *         ASYNC_END();
 *     }
 *
 * Freestanding: this file and macros/ include nothing but the three headers below, allocate
 * nothing and use no thread-local. Everything here is static inline or a macro.
 *
 * Threads: a future is polled, cancelled and dropped by one thread at a time, that of its
 * executor. Wakers alone may travel: fut_wake may be called from any thread.
 */
#ifndef FUT_FUTURE_H
#define FUT_FUTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUT_VERSION_MAJOR 0
#define FUT_VERSION_MINOR 1
#define FUT_VERSION_PATCH 0

#if defined(__GNUC__)
#define FUT_MUST_USE           __attribute__((warn_unused_result))
#define FUT_INLINE_            static inline __attribute__((unused))
#define FUT_COLD_              __attribute__((cold, noinline, unused))
#define FUT_RARELY_(condition) __builtin_expect(!!(condition), 0)
#else
#define FUT_MUST_USE
#define FUT_INLINE_ static inline
#define FUT_COLD_
#define FUT_RARELY_(condition) (condition)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Poll ------------------------------------------------------------------------------- */

typedef enum { FUT_PENDING, FUT_READY } fut_poll_t;

typedef struct fut_future  fut_future_t;  /* the first member, `future`, of every future    */
typedef struct fut_vtable  fut_vtable_t;  /* what a future can do, one per kind of future   */
typedef struct fut_waker   fut_waker_t;   /* two words, a plain value                       */
typedef struct fut_context fut_context_t; /* what poll is handed                            */
typedef struct fut_driver  fut_driver_t;  /* clocks and descriptors; see future/driver.h    */
typedef struct fut_frame   fut_frame_t;   /* what an async function starts with             */

/* Outputs are >= 0, or a negative errno. The core includes no <errno.h>, so it knows the two
 * numbers that it produces itself: the output of a future that was cancelled, and what an executor cannot do. */
#if defined(__linux__) && defined(__mips__)
enum { FUT_ECANCELED = 158, FUT_ENOTSUP = 122 };
#elif defined(__linux__)
enum { FUT_ECANCELED = 125, FUT_ENOTSUP = 95 };
#elif defined(__APPLE__)
enum { FUT_ECANCELED = 89, FUT_ENOTSUP = 45 };
#elif defined(__FreeBSD__)
enum { FUT_ECANCELED = 85, FUT_ENOTSUP = 45 };
#elif defined(_WIN32)
enum { FUT_ECANCELED = 105, FUT_ENOTSUP = 129 };
#else
enum { FUT_ECANCELED = 140, FUT_ENOTSUP = 134 }; /* newlib, and wherever nobody says otherwise */
#endif

/* ---- Future ----------------------------------------------------------------------------- */

/* The header of every future: 16 bytes, 8 where pointers have 4. `point` says where the future
 * stands. Three of its values mean the same everywhere; the others belong to the future. */
enum {
    FUT_POINT_START   = 0,      /* constructed, not polled yet                               */
    FUT_POINT_PENDING = 1,      /* a future written by hand: polled, and not ready           */
    FUT_POINT_FINALLY = 1,      /* an async function: about to run its ASYNC_FINALLY         */
    FUT_POINT_DONE    = 0xffff, /* completed or dropped: poll answers READY, drop does nothing */
};

/* Flags of an async function: it was asked to stop and will go to ASYNC_FINALLY as soon as what
 * it awaits is READY (set by fut_cancel and fut_drop, cleared on entering FINALLY); it is in FINALLY, and a
 * second request to stop changes nothing (set there, never cleared). */
enum { FUT_CANCELLING_ = 1, FUT_FINALIZING_ = 2 };

struct fut_future {
    const fut_vtable_t *vtable;
#if UINTPTR_MAX > 0xffffffffu
    union {
        uint32_t line; /* an async function: where it waits; fut_line  */
        uint32_t word; /* a future written by hand: its own use  */
    };
    uint16_t point;
    uint16_t flags;
#else
    unsigned point : 16; /* one word of 32 bits, so that a frame has 16 bytes */
    unsigned line : 14;
    unsigned flags : 2;
#endif
};

/* What cancelling a pending future loses; see docs/cancellation.md. */
typedef enum {
    FUT_LOSES_UNKNOWN, /* what the futures inside it lose                  */
    FUT_LOSES_NOTHING, /* await it again and nothing has happened          */
    FUT_LOSES_PLACE,   /* its place in a queue                             */
    FUT_LOSES_BYTES,   /* work done so far: bytes read or written, a value */
} fut_loses_t;

/* One line about what a pending future waits for; a backtrace prints it. */
enum { FUT_NOTE_TEXT, FUT_NOTE_NUMBER, FUT_NOTE_DEADLINE };
typedef struct fut_note {
    const char         *text;   /* "readable, descriptor": static storage                       */
    int64_t             number; /* shown after the text; a deadline as the time that is left     */
    int                 kind;   /* what the number is: FUT_NOTE_TEXT, there is none              */
    const fut_future_t *child;  /* a future that it waits for, or NULL                           */
} fut_note_t;

enum { FUT_BY_HAND_, FUT_IS_FRAME_ };                                 /* vtable.kind   */
enum { FUT_NO_ERRORS_, FUT_SHORT_, FUT_INT_, FUT_LONG_, FUT_LLONG_ }; /* vtable.errors */

struct fut_vtable {
    const char *name;
    /* Never blocks. PENDING: the waker of the latest context was stored where an event will find
     * it. May be polled although nothing happened. Once READY: READY again, output untouched. */
    fut_poll_t (*poll)(fut_future_t *self, fut_context_t *cx);
    /* Release what it holds and leave every list; NULL: nothing to do. fut_drop calls it at most
     * once, never after READY, perhaps before the first poll. */
    void (*drop)(fut_future_t *self);
    /* Begin a graceful end: afterwards it is polled until READY. NULL: it is dropped instead. */
    void (*cancel)(fut_future_t *self);
    /* NULL: nothing to say. Perhaps on another thread, while nobody polls it: what is not its own is read atomically. */
    void (*describe)(const fut_future_t *self, fut_note_t *note);
    /* Told by fut_context_spawn where it lies until it is READY or dropped: the arguments are there, nobody has polled
     * it yet. NULL: it need not know. */
    void (*spawned)(fut_future_t *self);
    const char *file; /* where it was defined */
    uint32_t    line;
    uint32_t    size;
    uint32_t    args, args_size;     /* offset and size of the arguments         */
    uint32_t    output, output_size; /* offset and size of the output            */
    uint32_t    joined;              /* offset of the output in a task's handle  */
    uint8_t     align, kind;
    uint8_t     errors; /* the integer type of the output, if it can carry an errno            */
    uint8_t     loses;  /* fut_loses_t                                                         */
    uint8_t     cell;   /* the size in units of 8 bytes; 0: too large or too strictly aligned for a pool */
    uint16_t    awaits; /* written by hand: offset of a pointer to the future that it awaits; 0: there is none */
};

/* The line at which a suspended async function waits. (Above it, 8 bits of a resume point that is a label's address.) */
FUT_INLINE_ uint32_t fut_line(const fut_future_t *future) { return future->line & 0xffffffu; }

/* Has it completed, or been dropped? */
FUT_INLINE_ bool fut_is_done(const fut_future_t *future) { return future->point == FUT_POINT_DONE; }

#include "../macros/check.h" /* FUT_CHECKED: checks around each poll and drop; otherwise nothing at all */

FUT_INLINE_ fut_poll_t fut_poll_(fut_future_t *future, fut_context_t *cx) {
    return fut_is_done(future) ? FUT_READY : future->vtable->poll(future, cx);
}

/* Poll any future. Executor's thread. Whoever ignores the answer waits for ever. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_poll(fut_future_t *future, fut_context_t *cx) {
    return FUT_CHECK_POLL_(future, cx, fut_poll_(future, cx));
}

/* How a poll written by hand ends: `return fut_ready(&self->future);` once the output is set,
 * `return fut_pending(&self->future);` once the waker is stored. They keep `point` true. */
FUT_INLINE_ fut_poll_t fut_ready(fut_future_t *future) {
    future->point = FUT_POINT_DONE;
    return FUT_READY;
}
FUT_INLINE_ fut_poll_t fut_pending(fut_future_t *future) {
    future->point = FUT_POINT_PENDING;
    return FUT_PENDING;
}
FUT_INLINE_ bool fut_is_pending(const fut_future_t *future) {
    return future->point != FUT_POINT_DONE && future->point != FUT_POINT_START;
}

/* Write a negative errno to an output which is a signed integer; one of another type stays. */
FUT_INLINE_ void fut_fail_at_(void *output, uint8_t type, int error) {
    switch (type) {
        case FUT_SHORT_: *(short *)output = (short)error; break;
        case FUT_INT_: *(int *)output = error; break;
        case FUT_LONG_: *(long *)output = error; break;
        case FUT_LLONG_: *(long long *)output = error; break;
        default: break;
    }
}
FUT_INLINE_ void fut_fail(fut_future_t *future, int error) {
    fut_fail_at_((char *)future + future->vtable->output, future->vtable->errors, error);
}

/* The output, where that is a signed integer: negative, it is an errno. 0 for an output of another type. */
FUT_INLINE_ int64_t fut_result(const fut_future_t *future) {
    const void *output = (const char *)future + future->vtable->output;
    switch (future->vtable->errors) {
        case FUT_SHORT_: return *(const short *)output;
        case FUT_INT_: return *(const int *)output;
        case FUT_LONG_: return *(const long *)output;
        case FUT_LLONG_: return *(const long long *)output;
        default: return 0;
    }
}

/* Cancel at once: release what the future holds. Innermost first, every ASYNC_FINALLY runs; an
 * await inside it gets one poll and is then cut with -ECANCELED. Afterwards nobody holds a pointer
 * to the future, it counts as done, and an integer output reads -ECANCELED. Idempotent; harmless on a completed
 * future, whose output stays. Not on a future that is being polled. Executor's thread. */
FUT_INLINE_ void fut_drop(fut_future_t *future);

/* Cancel gracefully: begin, then poll until READY, as with any pending future. What is awaited is
 * dropped, and each ASYNC_FINALLY runs innermost first and may AWAIT. A future with no `cancel` is dropped,
 * so that the next poll answers READY. Idempotent. Executor's thread. */
FUT_INLINE_ void fut_cancel(fut_future_t *future);

/* ---- Waker ------------------------------------------------------------------------------ */

typedef uint32_t fut_tag_t;

/* The first word of a waker's target points to one of these. `wake` takes a note for whoever polls, who takes it back by an
 * atomic exchange (acquire and release) before each poll: it publishes what wakers wrote, and a mere store could reach memory
 * after the poll has looked, on top of a wake that came since. */
typedef struct fut_waker_vtable {
    void (*wake)(void *target, fut_tag_t tag);                /* any thread                          */
    void (*wake_from_interrupt)(void *target, fut_tag_t tag); /* also on top of the executor's  */
    void (*clone)(void *target, fut_tag_t tag);               /* for those who count; NULL: plain    */
    void (*drop)(void *target, fut_tag_t tag);
    /* Start another future beside the task: see fut_context_spawn. Calls vtable->spawned, where there is one, before
     * anybody can poll it. NULL: this executor cannot. */
    int (*spawn)(void *target, fut_tag_t tag, const fut_vtable_t *vtable, const void *args);
    /* The waker of one child among many: that of the whole, under which the child is polled. Only from inside a poll
     * under it. NULL: it is a task's own. */
    fut_waker_t (*outer)(void *target, fut_tag_t tag);
    /* Is this the thread that polls the task, so that nothing of it can be polled before the caller returns? Any thread.
     * NULL: nobody knows, as with an executor of several threads. */
    bool (*is_here)(void *target, fut_tag_t tag);
} fut_waker_vtable_t;

/* A plain value: copy it, keep it, use it from any thread, any number of times, also when its task
 * has ended and its executor is gone: never a crash, at worst nothing happens. Nothing needs to be
 * released. {NULL, 0} is a waker that wakes nobody. */
struct fut_waker {
    void     *target;
    fut_tag_t tag; /* tells one tenant of the target from the next */
};

FUT_INLINE_ const fut_waker_vtable_t *fut_waker_vtable_(fut_waker_t waker) {
    return *(const fut_waker_vtable_t *const *)waker.target;
}

/* Have the task polled again. Any thread. Many wakes before a poll make one poll. What the waking
 * thread wrote before is visible to that poll. */
FUT_INLINE_ void fut_wake(fut_waker_t waker) {
    if (waker.target) fut_waker_vtable_(waker)->wake(waker.target, waker.tag);
}

/* The same from a signal or interrupt handler, which may run on top of the executor itself. */
FUT_INLINE_ void fut_wake_from_interrupt(fut_waker_t waker) {
    if (waker.target) fut_waker_vtable_(waker)->wake_from_interrupt(waker.target, waker.tag);
}

/* For a waker that is handed to another thread, a device or a foreign library: clone says "a wake
 * may come from outside", drop takes that back. An executor that looks for deadlocks counts them;
 * others ignore both. Forgetting them never makes waking unsafe. */
FUT_INLINE_ fut_waker_t fut_waker_clone(fut_waker_t waker) {
    if (waker.target && fut_waker_vtable_(waker)->clone) fut_waker_vtable_(waker)->clone(waker.target, waker.tag);
    return waker;
}
FUT_INLINE_ void fut_waker_drop(fut_waker_t waker) {
    if (waker.target && fut_waker_vtable_(waker)->drop) fut_waker_vtable_(waker)->drop(waker.target, waker.tag);
}

/* Would both wake the same task? */
FUT_INLINE_ bool fut_waker_same(fut_waker_t a, fut_waker_t b) { return a.target == b.target && a.tag == b.tag; }

/* ---- Context ---------------------------------------------------------------------------- */

/* A value that is handed down: whoever polls a future with a binding in the context binds the key for that future and all
 * below it. Keys are addresses. The binding is the caller's, and stays while the future lives. */
typedef struct fut_binding fut_binding_t;
struct fut_binding {
    const fut_binding_t *next; /* what was bound above */
    const void          *key;
    void                *value;
};

/* Everything a leaf needs, passed down explicitly: so two executors run in one thread, a test hands
 * in a virtual clock, and a microcontroller needs nothing else. Lives for one poll. */
struct fut_context {
    fut_waker_t          waker;     /* read it with fut_context_waker                        */
    fut_driver_t        *driver;    /* NULL: this executor has no clock and no descriptors   */
    fut_frame_t         *leaf;      /* the innermost frame that suspended in this poll       */
    fut_frame_t         *cut;       /* the frame whose FINALLY must not suspend: fut_drop    */
    fut_context_t       *self;      /* this context, where its owner looks for FUT_YIELDED_  */
    const fut_binding_t *inherited; /* what those above have bound; fut_context_get          */
    uint32_t             budget;    /* what the task may still do in this poll               */
    uint8_t              held;      /* how the next poll is made sure of:                    */
};
enum { FUT_HELD_ = 1, FUT_YIELDED_ = 2 }; /* somebody took the waker; nobody had to: poll again */

FUT_INLINE_ void fut_context_init(fut_context_t *cx, fut_waker_t waker, fut_driver_t *driver) {
    cx->waker     = waker;
    cx->driver    = driver;
    cx->leaf      = NULL;
    cx->cut       = NULL;
    cx->self      = NULL;
    cx->inherited = NULL;
    cx->budget    = UINT32_MAX;
    cx->held      = 0;
}

/* A context for a child that is to wake somebody else. Never change the waker of the context you were handed. */
FUT_INLINE_ fut_context_t fut_context_with_waker(const fut_context_t *cx, fut_waker_t waker) {
    fut_context_t child = *cx;
    child.waker         = waker;
    child.self          = NULL;
    return child;
}

/* The waker to store before answering PENDING. Checked builds stop at a future which answers
 * PENDING although nobody under it took the waker. */
FUT_INLINE_ fut_waker_t fut_context_waker(fut_context_t *cx) {
    cx->held |= FUT_HELD_;
    return cx->waker;
}

/* Wake the task that is being polled: fut_wake(cx->waker), or less. An executor that looks into the context after the
 * poll (self is its address; a copy's is not) is told there, which saves the way through the waker. */
FUT_INLINE_ void fut_context_yield(fut_context_t *cx) {
    if (cx->self == cx)
        cx->held = FUT_HELD_ | FUT_YIELDED_;
    else
        fut_wake(fut_context_waker(cx));
}

/* The cooperative budget. A leaf that could go on for ever (bytes always there, a channel never
 * empty) spends before it answers READY; false means that the task has had its turn: the waker was
 * woken, answer PENDING. */
FUT_INLINE_ bool fut_context_spend(fut_context_t *cx) {
    if (cx->budget > 0) {
        cx->budget--;
        return true;
    }
    fut_context_yield(cx);
    return false;
}

/* What is bound to the key, by the nearest above; or NULL. */
FUT_INLINE_ void *fut_context_get(const fut_context_t *cx, const void *key) {
    const fut_binding_t *binding = cx->inherited;
    while (binding && binding->key != key) binding = binding->next;
    return binding ? binding->value : NULL;
}

/* Start another future beside the task that is being polled, on whatever executor that is: a task of its own, polled
 * later, with a copy of the arguments. 0; -ENOMEM, -ECANCELED (the executor is going), -ENOTSUP (it cannot spawn).
 * Executor's thread. */
FUT_INLINE_ int fut_context_spawn(fut_context_t *cx, const fut_vtable_t *vtable, const void *args) {
    if (!cx->waker.target || !fut_waker_vtable_(cx->waker)->spawn) return -FUT_ENOTSUP;
    return fut_waker_vtable_(cx->waker)->spawn(cx->waker.target, cx->waker.tag, vtable, args);
}

/* ---- Async functions: what is under the macros ------------------------------------------- */

/* An async function starts with this: 32 bytes, 16 where pointers have 4. `awaiting` counts while
 * the function is suspended; `parent` while another async function directly awaits this one. */
struct fut_frame {
    fut_future_t  future;
    fut_frame_t  *parent;
    fut_future_t *awaiting;
};

/* A handle to a spawned task; future/task.h says how it is used. Its layout stands here because
 * ASYNC_FRAME declares `struct NAME_join`, the handle with a typed output. */
typedef struct fut_task fut_task_t;
typedef struct fut_join {
    fut_future_t future;
    fut_task_t  *task;
    fut_waker_t  waker;  /* who awaits the handle                               */
    fut_tag_t    tag;    /* the task's generation                               */
    int          status; /* 0; -ECANCELED; why it could not be spawned          */
} fut_join_t;

/* The output of an async function that returns nothing. */
typedef struct fut_unit {
    char nothing_;
} fut_unit_t;

/* Where a frame stands and what it waits for: written once for each AWAIT that is PENDING at first. Whatever is
 * polled again finds it as it was, with the flag that fut_cancel may have set meanwhile. */
FUT_INLINE_ void fut_set_point_(fut_frame_t *self, fut_future_t *awaiting, uint32_t point, uint32_t line,
                                bool finally) {
    self->awaiting     = awaiting;
    self->future.point = (uint16_t)point;
    self->future.flags = finally ? FUT_FINALIZING_ : 0; /* known, and so all three are one store */
#if UINTPTR_MAX > 0xffffffffu
    self->future.line = line | (point & 0xff0000u) << 8;
#else
    self->future.line = line & 0x3fffu;
#endif
}

/* Waking costs the same at any depth. When a frame suspends, it writes itself into the frame that it directly
 * awaits. So from the innermost frame, the leaf, a chain of parents leads up; the owner of the chain polls the
 * leaf, and a parent only when its child is READY. Anything else in between (a future written by hand) ends the
 * chain: the frame that awaits it is the leaf, and polls it.
 *
 * False: this frame is being dropped, so it may not suspend; the child was dropped instead. */
FUT_INLINE_ bool fut_suspend_(fut_frame_t *self, fut_future_t *child, uint8_t child_kind, fut_context_t *cx) {
    if (FUT_RARELY_(cx->cut == self)) {
        fut_drop(child);
        return false;
    }
    if (child_kind == FUT_IS_FRAME_)
        ((fut_frame_t *)(void *)child)->parent = self;
    else
        cx->leaf = self;
    return true;
}

/* The same for YIELD: nothing is awaited, and the task is woken at once. In two halves, so that the usual one makes no
 * call. A context that is `cut` is never looked into. */
FUT_INLINE_ bool fut_yield_fast_(fut_frame_t *self, uint32_t point, uint32_t line, bool finally, fut_context_t *cx) {
    if (cx->self != cx) return false;
    cx->held = FUT_HELD_ | FUT_YIELDED_;
    cx->leaf = self;
    fut_set_point_(self, NULL, point, line, finally);
    return true;
}
FUT_COLD_ static fut_poll_t fut_yield_slow_(fut_frame_t *self, uint32_t point, uint32_t line, bool finally,
                                            fut_context_t *cx) {
    cx->leaf = self;
    fut_set_point_(self, NULL, point, line, finally);
    fut_wake(fut_context_waker(cx));
    return FUT_PENDING;
}

/* `future` was READY: poll its parents, up to the root or to the first that is PENDING. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_climb_(fut_future_t *root, fut_future_t *future, fut_future_t **leaf,
                                               fut_context_t *cx) {
    while (future != root) {
        future = &((fut_frame_t *)(void *)future)->parent->future;
        if (FUT_CHECK_POLL_(future, cx, future->vtable->poll(future, cx)) == FUT_PENDING) {
            *leaf = &cx->leaf->future;
            return FUT_PENDING;
        }
    }
    return FUT_READY;
}

/* Poll a future at its leaf and climb while what was polled is READY. `*leaf` is where the last
 * poll left off; at first, and after READY, it is the root. O(1) per wake, whatever the depth. */
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_poll_leaf(fut_future_t *root, fut_future_t **leaf, fut_context_t *cx) {
    fut_future_t *future = *leaf;
    if (FUT_CHECK_POLL_(future, cx, future->vtable->poll(future, cx)) == FUT_PENDING) {
        if (future->vtable->kind == FUT_IS_FRAME_) *leaf = &cx->leaf->future;
        return FUT_PENDING;
    }
    if (fut_climb_(root, future, leaf, cx) == FUT_PENDING) return FUT_PENDING;
    *leaf = root;
    return FUT_READY;
}

/* A future that is polled at its leaf, for whoever polls children by hand. */
typedef struct fut_strand {
    fut_future_t *root, *leaf;
} fut_strand_t;

FUT_INLINE_ void fut_strand_init(fut_strand_t *strand, fut_future_t *started) { strand->root = strand->leaf = started; }
FUT_MUST_USE FUT_INLINE_ fut_poll_t fut_strand_poll(fut_strand_t *strand, fut_context_t *cx) {
    if (fut_is_done(strand->root)) return FUT_READY;
    return fut_poll_leaf(strand->root, &strand->leaf, cx);
}

FUT_INLINE_ bool fut_is_frame_(const fut_future_t *future) { return future->vtable->kind == FUT_IS_FRAME_; }

/* The child that a suspended async function waits for, if that is an async function, too. */
FUT_INLINE_ fut_frame_t *fut_awaited_frame_(const fut_frame_t *frame) {
    fut_future_t *child = frame->awaiting;
    return child && fut_is_frame_(child) && fut_is_pending(child) ? (fut_frame_t *)(void *)child : NULL;
}

/* The `drop` of every async function: down to the innermost frame, then up again, a FINALLY at a
 * time. A loop, because a chain may be deeper than the stack. Each frame goes on where it waits, finds its child done and
 * itself cancelled, and so takes the way to FINALLY that a graceful cancellation takes, through whatever lies on it. */
FUT_INLINE_ void fut_frame_drop_(fut_future_t *future) {
    fut_frame_t *const root = (fut_frame_t *)(void *)future, *frame = root, *child;
    if (future->point == FUT_POINT_START) return; /* the body never began: nothing to finish */
    while (!(frame->future.flags & FUT_FINALIZING_) && (child = fut_awaited_frame_(frame)) != NULL) {
        child->parent = frame;
        frame         = child;
    }
    for (;;) {
        fut_context_t cx;
        fut_waker_t   nobody = {NULL, 0};
        fut_context_init(&cx, nobody, NULL);
        cx.cut = frame;
        if (!(frame->future.flags & FUT_FINALIZING_)) {
            if (frame->awaiting) fut_drop(frame->awaiting);
            fut_fail(&frame->future, -FUT_ECANCELED);
            frame->future.flags |= FUT_CANCELLING_;
        }
        (void)frame->future.vtable->poll(&frame->future, &cx); /* READY: it cannot suspend */
        if (frame == root) return;
        frame = frame->parent;
    }
}

/* The `cancel` of every async function: mark the chain, then stop what its innermost frame awaits.
 * Nothing runs yet. The next poll finds that child READY, and each marked frame goes to FINALLY. */
FUT_INLINE_ void fut_frame_cancel_(fut_future_t *future) {
    fut_frame_t *frame = (fut_frame_t *)(void *)future, *child;
    if (future->point == FUT_POINT_START) {
        fut_drop(future);
        return;
    }
    for (;; frame = child) {
        if (frame->future.flags & (FUT_CANCELLING_ | FUT_FINALIZING_)) return; /* already ending */
        frame->future.flags |= FUT_CANCELLING_;
        fut_fail(&frame->future, -FUT_ECANCELED);
        child = fut_awaited_frame_(frame);
        if (!child) break;
    }
    if (frame->awaiting) fut_cancel(frame->awaiting);
}

FUT_INLINE_ void fut_cancel(fut_future_t *future) {
    if (fut_is_done(future)) return;
    if (future->vtable->cancel)
        future->vtable->cancel(future);
    else
        fut_drop(future);
}

/* ---- Mistakes ---------------------------------------------------------------------------- */

/* What cannot be prevented is diagnosed: FUT_PANIC stops at once and names the place. libfuture
 * supplies fut_panic, which prints a line and aborts; without the library it traps. Define your own
 * before including this file where neither fits; it must not return. */
#ifndef FUT_PANIC
#if defined(__ELF__) && defined(__GNUC__) && __STDC_HOSTED__
__attribute__((weak, cold, noreturn)) void fut_panic(const char *file, unsigned long line, const char *name,
                                                     const char *mistake);
#define FUT_PANIC(file, line, name, mistake)                                                                           \
    do {                                                                                                               \
        if (fut_panic) fut_panic(file, line, name, mistake);                                                           \
        __builtin_trap();                                                                                              \
    } while (0)
#elif defined(__GNUC__)
#define FUT_PANIC(file, line, name, mistake)                                                                           \
    do {                                                                                                               \
        (void)(file), (void)(line), (void)(name), (void)(mistake);                                                     \
        __builtin_trap();                                                                                              \
    } while (0)
#else
#define FUT_PANIC(file, line, name, mistake)                                                                           \
    do {                                                                                                               \
        (void)(file), (void)(line), (void)(name), (void)(mistake);                                                     \
        for (;;) {}                                                                                                    \
    } while (0)
#endif
#endif

FUT_INLINE_ void fut_drop(fut_future_t *future) {
    if (fut_is_done(future)) return;
    FUT_CHECK_DROP_(future);
    if (future->vtable->drop) future->vtable->drop(future);
    if (fut_is_done(future)) return; /* an async function, whose FINALLY may have set its output */
    future->point = FUT_POINT_DONE;
    fut_fail(future, -FUT_ECANCELED);
}

/* A resume point that the switch of a function does not know: see FUT_POINT_MISSING_ in macros/. */
FUT_COLD_ static void fut_lost_point_(const fut_future_t *future) {
    FUT_PANIC(future->vtable->file, fut_line(future), future->vtable->name,
              "this AWAIT stands inside a switch of yours, which swallowed its resume point: use if / "
              "else, or compile with -DFUT_COMPUTED_GOTO");
}

#ifdef __cplusplus
}
#endif

/* ---- The language ------------------------------------------------------------------------ */

#include "../macros/arguments.h" /* counting arguments                                       */
#include "../macros/frame.h"     /* ASYNC_FRAME, FUT_FUTURE, FUT_DEFINE, START                */
#include "../macros/point.h"     /* one resume point: a case label, or a label as a value      */
#include "../macros/async.h"     /* ASYNC, ASYNC_BEGIN, ASYNC_RETURN, TRY, ASYNC_FINALLY, _END */
#include "../macros/await.h"     /* AWAIT, AWAIT_TRY, YIELD                                    */
#include "../macros/short_names.h"

#endif

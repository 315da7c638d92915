/* driver.h: what an executor and the leaves ask of the system.       layer: drivers; needs: core
 *
 * For those who write a driver: a reactor over epoll, a virtual clock, the tick of a microcontroller, somebody else's
 * event loop. Users of a driver read reactor.h and time.h.
 *
 * A driver is reached through cx->driver, so the same leaf works on any. It is used by one thread, its executor's,
 * except for `unpark`. All waits are intrusive: the leaf owns the node, the driver links it, whoever comes first
 * (event or drop) unlinks it; waiting allocates nothing.
 */
#ifndef FUT_DRIVER_H
#define FUT_DRIVER_H

#include "../future.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Time: nanoseconds since an epoch of the driver's. Monotonic. */
typedef uint64_t fut_instant_t;
#define FUT_NEVER UINT64_MAX /* the end of time: a deadline that does not come */
#define FUT_NOW   ((fut_instant_t)0)

/* A timer: the header of a leaf and its place among the driver's timers. 48 bytes. A driver keeps timers in circular
 * lists with a head, in whatever structure it likes, so that a leaf which is dropped can unlink itself without
 * knowing the driver. */
typedef struct fut_timer {
    fut_future_t      future; /* point is PENDING while linked                   */
    struct fut_timer *prev, *next;
    fut_instant_t     deadline;
    void             *target; /* of the waker; its tag is in future.word, to keep the node small */
#if UINTPTR_MAX <= 0xffffffffu
    fut_tag_t tag;
#endif
} fut_timer_t;

FUT_INLINE_ void fut_timer_set_waker(fut_timer_t *timer, fut_waker_t waker) {
    timer->target = waker.target;
#if UINTPTR_MAX > 0xffffffffu
    timer->future.word = waker.tag;
#else
    timer->tag = waker.tag;
#endif
}
FUT_INLINE_ fut_waker_t fut_timer_waker(const fut_timer_t *timer) {
    fut_waker_t waker;
    waker.target = timer->target;
#if UINTPTR_MAX > 0xffffffffu
    waker.tag = timer->future.word;
#else
    waker.tag  = timer->tag;
#endif
    return waker;
}

FUT_INLINE_ void fut_timer_unlink(fut_timer_t *timer) {
    timer->prev->next = timer->next;
    timer->next->prev = timer->prev;
}

/* Interest in a descriptor, and its place among the waits of that descriptor. */
enum { FUT_IO_READ = 1, FUT_IO_WRITE = 2 };
typedef struct fut_io {
    struct fut_io *prev, *next;
    fut_driver_t  *driver; /* NULL: not linked                                              */
    void          *source; /* the driver's record of the descriptor                         */
    fut_waker_t    waker;
    int            fd;
    short          interest; /* FUT_IO_READ or FUT_IO_WRITE                                    */
    short          error;    /* set by the driver with the wake: 0, or a negative errno       */
} fut_io_t;

/* What a driver knows of a descriptor. */
enum {
    FUT_IO_ATTACHED     = 1, /* registered for its life; the two bits below are kept          */
    FUT_IO_MAYBE_READ   = 2, /* not known to block                                            */
    FUT_IO_MAYBE_WRITE  = 4,
    FUT_IO_STREAM       = 8, /* a short read means that nothing is left                       */
    FUT_IO_NOT_A_SOCKET = 16,
    FUT_IO_MORE         = 32, /* a short read does not mean so: the end, or urgent data, is still to come */
};

typedef struct fut_driver_vtable {
    const char *name;
    fut_instant_t (*now)(fut_driver_t *driver);

    /* Link a timer, whose deadline and waker are set. When its deadline has come the driver unlinks it, sets
     * future.point to FUT_POINT_FIRED and wakes. Never early. The leaf takes it out before that with
     * fut_timer_unlink. */
    void (*timer_insert)(fut_driver_t *driver, fut_timer_t *timer);
    /* The earliest deadline that is linked, or one before it; FUT_NEVER: none is. */
    fut_instant_t (*next)(fut_driver_t *driver);

    /* Descriptors; all NULL in a driver that has none.
     * io_wait: link `io` (fd, interest and waker are set) until the descriptor is ready; the driver unlinks it, then
     *     wakes. 0; 1: it is always ready (a file); or a negative errno.
     * io_cancel: unlink before that.
     * io_state: the FUT_IO_ bits above, or NULL: nothing is known. They stay where they are. The leaf clears a MAYBE bit
     *     when a system call said EAGAIN, or a stream gave less than was asked for; the driver sets it.
     * io_attach: register for the descriptor's life.
     * io_detach: forget it; who waits is woken with -EBADF. */
    int (*io_wait)(fut_driver_t *driver, fut_io_t *io);
    void (*io_cancel)(fut_driver_t *driver, fut_io_t *io);
    uint8_t *(*io_state)(fut_driver_t *driver, int fd);
    int (*io_attach)(fut_driver_t *driver, int fd);
    void (*io_detach)(fut_driver_t *driver, int fd);

    /* Wait until something happens, at most until `until`; FUT_NOW: only look. Wakes what is due. 0, or a negative
     * errno. */
    int (*park)(fut_driver_t *driver, fut_instant_t until);
    /* End a park, now or the next one. Any thread, signal handlers. The driver outlives every waker that can ring it;
     * one that cannot promise this implements `listen` instead: wait also for the executor's bell, a descriptor which
     * becomes readable and which the executor owns (negative: no longer). */
    void (*unpark)(fut_driver_t *driver);
    int (*listen)(fut_driver_t *driver, int bell);
} fut_driver_vtable_t;

/* The first member of every driver. */
struct fut_driver {
    const fut_driver_vtable_t *vtable;
    size_t                     waits; /* linked waits for descriptors: with `next`, whether anything can still happen */
    fut_instant_t              seen;  /* the clock when the driver last looked at it: not after now                   */
};

enum { FUT_POINT_FIRED = 2 }; /* a timer's future.point after its deadline */

/* A hard drop gives its FINALLY a context without driver and waker: a leaf that would have to wait answers PENDING,
 * and the await is cut. Anywhere else a missing driver is the output -ENOTSUP. */
FUT_INLINE_ bool fut_context_is_cut(const fut_context_t *cx) { return cx->cut != NULL; }

#ifdef __cplusplus
}
#endif
#endif

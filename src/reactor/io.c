/* io.c: readable, writable, read, write: leaves over a driver's descriptors. They know no executor.
 *
 *     first poll     try, unless the driver knows that it would block. EAGAIN: link the wait, PENDING
 *     ready          the driver unlinks the wait, then wakes
 *     next poll      wait not linked: its error, or try again
 *     drop           unlink
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "future/reactor.h"

/* ---- waiting ------------------------------------------------------------------------------- */

static bool is_waiting(const fut_future_t *future, const fut_io_t *io) {
    return future->point == FUT_POINT_PENDING && io->driver;
}

/* Link the wait. 0: linked. 1: no need to wait. Negative: it cannot. In a hard drop nobody is there to wait: it
 * counts as linked, and the await is cut. */
static int wait_for(fut_io_t *io, int fd, short interest, fut_context_t *cx) {
    io->fd       = fd;
    io->interest = interest;
    io->error    = 0;
    io->driver   = NULL;
    if (fut_context_is_cut(cx)) return 0;
    if (!cx->driver || !cx->driver->vtable->io_wait) return -ENOTSUP;
    io->waker = fut_context_waker(cx);
    return cx->driver->vtable->io_wait(cx->driver, io);
}

static void leave(fut_future_t *future, fut_io_t *io) {
    if (is_waiting(future, io)) io->driver->vtable->io_cancel(io->driver, io);
}

/* What the driver knows of the descriptor, and where it keeps that; NULL: nothing. */
static uint8_t *state_of(fut_context_t *cx, int fd) {
    return cx->driver && cx->driver->vtable->io_state ? cx->driver->vtable->io_state(cx->driver, fd) : NULL;
}

static uint8_t maybe(short interest) { return interest == FUT_IO_READ ? FUT_IO_MAYBE_READ : FUT_IO_MAYBE_WRITE; }

/* ---- readable, writable ---------------------------------------------------------------------- */

/* The kernel is asked, because its answer is about now: readiness that was kept may be used up by the caller's own
 * system calls. */
static bool is_ready(int fd, short interest) {
    struct pollfd poll_fd = {fd, interest == FUT_IO_READ ? POLLIN | POLLRDHUP : POLLOUT, 0};
    return poll(&poll_fd, 1, 0) != 0;
}

static fut_poll_t poll_ready(fut_future_t *future, fut_io_t *io, int *output, int fd, short interest,
                             fut_context_t *cx) {
    uint8_t *state;
    int      waiting;
    if (fut_is_done(future)) return FUT_READY;
    if (is_waiting(future, io)) {
        io->waker = fut_context_waker(cx);
        return FUT_PENDING;
    }
    if (future->point == FUT_POINT_PENDING) { /* woken by the driver */
        *output = io->error;
        return fut_ready(future);
    }
    state = state_of(cx, fd);
    if (state && *state & FUT_IO_ATTACHED) { /* an edge may be past: look first */
        if (is_ready(fd, interest)) {
            if (!fut_context_spend(cx)) return FUT_PENDING;
            *output = 0;
            return fut_ready(future);
        }
        *state &= (uint8_t)~maybe(interest);
    }
    waiting = wait_for(io, fd, interest, cx);
    if (waiting == 0) return fut_pending(future);
    if (waiting > 0 && !fut_context_spend(cx)) return FUT_PENDING; /* a file, always ready, but its turn is over */
    *output = waiting < 0 ? waiting : 0;
    return fut_ready(future);
}

fut_poll_t fut_readable_poll(fut_readable_t *self, fut_context_t *cx) {
    return poll_ready(&self->future, &self->io, &self->output, self->fd, FUT_IO_READ, cx);
}

fut_poll_t fut_writable_poll(fut_writable_t *self, fut_context_t *cx) {
    return poll_ready(&self->future, &self->io, &self->output, self->fd, FUT_IO_WRITE, cx);
}

/* ---- system calls ------------------------------------------------------------------------------ */

/* Blocking must be impossible: sockets are told with each call, others are switched to O_NONBLOCK, once where they
 * are attached and otherwise before each call, since a plain number may be another descriptor every time. */
static int prepare_other(int fd, unsigned state) {
    int flags;
    if (state & FUT_IO_ATTACHED) return 0;
    flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) ? 0 : -errno;
}

static ssize_t or_errno(ssize_t count) { return count < 0 ? -errno : count; }

/* Write to what is no socket without a SIGPIPE: hold the signal back in this thread, and if the write raised one,
 * take it away before letting signals through again. One that was pending before stays. */
static ssize_t write_without_sigpipe(int fd, const void *buffer, size_t size) {
    const struct timespec at_once = {0, 0};
    sigset_t              sigpipe, pending, before;
    ssize_t               count;
    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigpending(&pending);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
    count = or_errno(write(fd, buffer, size));
    if (count == -EPIPE && !sigismember(&pending, SIGPIPE))
        while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR) {}
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return count;
}

/* One transfer, in either direction. */
typedef struct transfer {
    int    fd;
    short  interest;
    void  *buffer; /* not written to by FUT_IO_WRITE */
    size_t size;
} transfer_t;

static ssize_t try_socket(const transfer_t *t) {
    return or_errno(t->interest == FUT_IO_READ ? recv(t->fd, t->buffer, t->size, MSG_DONTWAIT)
                                               : send(t->fd, t->buffer, t->size, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static ssize_t try_other(const transfer_t *t, unsigned state) {
    int error = prepare_other(t->fd, state);
    if (error < 0) return error;
    return t->interest == FUT_IO_READ ? or_errno(read(t->fd, t->buffer, t->size))
                                      : write_without_sigpipe(t->fd, t->buffer, t->size);
}

static ssize_t try_once(const transfer_t *t, unsigned state) {
    ssize_t count = state & FUT_IO_NOT_A_SOCKET ? -ENOTSOCK : try_socket(t);
    return count == -ENOTSOCK ? try_other(t, state) : count;
}

/* A stream that gave less than was asked for is empty, one that took less is full: the next one need not ask. Unless
 * the end has been seen, since that is still to be read. */
static bool is_exhausted(const transfer_t *t, unsigned state, ssize_t count) {
    return count == -EAGAIN ||
           (count > 0 && (size_t)count < t->size && state & FUT_IO_STREAM && !(state & FUT_IO_MORE));
}

/* ---- read, write ------------------------------------------------------------------------------- */

/* -EAGAIN: wait. Known beforehand, or said by the kernel. */
static ssize_t attempt(const transfer_t *t, fut_context_t *cx) {
    uint8_t      *kept  = state_of(cx, t->fd);
    const uint8_t state = kept ? *kept : 0;
    ssize_t       count;
    if (state & FUT_IO_ATTACHED && !(state & maybe(t->interest))) return -EAGAIN;
    do count = try_once(t, state);
    while (count == -EINTR);
    if (kept && is_exhausted(t, state, count)) *kept &= (uint8_t)~maybe(t->interest);
    return count;
}

static fut_poll_t poll_transfer(fut_future_t *future, fut_io_t *io, ssize_t *output, transfer_t t, fut_context_t *cx) {
    int waiting;
    if (fut_is_done(future)) return FUT_READY;
    if (is_waiting(future, io)) { /* a spurious poll; the context may have another waker */
        io->waker = fut_context_waker(cx);
        return FUT_PENDING;
    }
    if (future->point == FUT_POINT_PENDING && io->error < 0) { /* closed under the wait */
        *output = io->error;
        return fut_ready(future);
    }
    if (!fut_context_spend(cx)) return FUT_PENDING; /* its turn is over; nothing has happened yet */
    *output = attempt(&t, cx);
    if (*output != -EAGAIN) return fut_ready(future);
    waiting = wait_for(io, t.fd, t.interest, cx);
    if (waiting == 0) return fut_pending(future);
    if (waiting < 0) *output = waiting;
    return fut_ready(future);
}

fut_poll_t fut_read_poll(fut_read_t *self, fut_context_t *cx) {
    transfer_t t = {self->fd, FUT_IO_READ, self->buffer, self->size};
    return poll_transfer(&self->future, &self->io, &self->output, t, cx);
}

fut_poll_t fut_write_poll(fut_write_t *self, fut_context_t *cx) {
    transfer_t t = {self->fd, FUT_IO_WRITE, (void *)(uintptr_t)self->buffer, self->size};
    return poll_transfer(&self->future, &self->io, &self->output, t, cx);
}

/* ---- drop, describe ------------------------------------------------------------------------------ */

#define LEAF(name, words)                                                                                              \
    static void name##_drop(fut_future_t *future) { leave(future, &((name##_t *)(void *)future)->io); }                \
    static void name##_describe(const fut_future_t *future, fut_note_t *note) {                                        \
        note->text   = words;                                                                                          \
        note->number = ((const name##_t *)(const void *)future)->fd;                                                   \
        note->kind   = FUT_NOTE_NUMBER;                                                                                \
    }                                                                                                                  \
    FUT_DEFINE_DECLARED(name, .drop = name##_drop, .describe = name##_describe, .loses = FUT_LOSES_NOTHING)

LEAF(fut_readable, "readable, descriptor");
LEAF(fut_writable, "writable, descriptor");
LEAF(fut_read, "readable, descriptor");
LEAF(fut_write, "writable, descriptor");

/* reactor.h: descriptors as futures.                              layer: drivers; needs: core, driver interface
 *
 *     AWAIT_TRY(self->io.read, fut_read, self->fd, self->buf, sizeof self->buf);     // like read(2)
 *     AWAIT(self->ready, fut_readable, listener);                                   // then call accept yourself
 *
 * The price: two ways to use a descriptor.
 *
 *     plain       nothing to declare, close() as you like. Each wait is one epoll_ctl: the registration is renewed, so
 *                 a number which was closed and given to another descriptor is never mistaken for the old one.
 *     attached    fut_attach(cx, fd) once, fut_close(fd) at the end. One registration for its life, edge-triggered,
 *                 readiness cached: a wait costs no system call, and a stream read that comes back short saves the
 *                 one that would say EAGAIN. A number closed behind the reactor's back is found out at the next
 *                 fut_attach.
 *
 * Sockets may be in blocking mode; other descriptors are put into O_NONBLOCK at first use. SIGPIPE is never raised:
 * writing to a closed peer is -EPIPE. EINTR is handled. Executor's thread. Waiting allocates nothing, except for the
 * record of a descriptor number that is used for the first time (-ENOMEM where that fails).
 *
 * Outputs: >= 0, or a negative errno: what the system call said; -EBADF when fut_close was called under the wait;
 * -ENOTSUP where the executor's driver has no descriptors; -ECANCELED.
 */
#ifndef FUT_REACTOR_H
#define FUT_REACTOR_H

#include <sys/types.h>

#include "driver.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The driver: epoll -------------------------------------------------------------------- */

typedef struct fut_reactor fut_reactor_t;

/* An executor makes its own; make one to share its clock or to lend it to an executor of yours. NULL with errno:
 * EMFILE, ENFILE, ENOMEM. Free it after its executor. Not across fork. */
fut_reactor_t *fut_reactor_new(void);
void           fut_reactor_free(fut_reactor_t *reactor);
fut_driver_t  *fut_reactor_driver(fut_reactor_t *reactor);
/* Readable when the reactor has something to do: poll it in a foreign loop. Never read from it. */
int fut_reactor_fd(const fut_reactor_t *reactor);

/* Register a descriptor for its life; again: no effect. 0, -EBADF, -EPERM (a file: always ready), -ENOSPC, -ENOMEM. */
int fut_attach(fut_context_t *cx, int fd);
/* close(2) for a descriptor which is attached, and for any other. Whoever still waits for it gets -EBADF, if this is
 * the thread of the executor which waits; from another thread it is close and no more. 0 or -errno. */
int fut_close(int fd);

/* ---- The leaves --------------------------------------------------------------------------- */

#ifndef __cplusplus
/* Ready when reading (writing) would not block, at the latest with the end of the stream or an error. Level: what is
 * there already counts. Cancelling loses nothing. */
typedef struct fut_readable {
    FUT_FUTURE(fut_readable, int, int fd);
    fut_io_t io;
} fut_readable_t;
typedef struct fut_writable {
    FUT_FUTURE(fut_writable, int, int fd);
    fut_io_t io;
} fut_writable_t;

/* read(2) and write(2), from `size` bytes at once to none: as many as there are, at least one; 0 from fut_read is the
 * end. The buffer must live until the future is done or dropped. Cancelling loses nothing: bytes move only in the
 * poll that answers READY. */
typedef struct fut_read {
    FUT_FUTURE(fut_read, ssize_t, int fd; void *buffer; size_t size);
    fut_io_t io;
} fut_read_t;
typedef struct fut_write {
    FUT_FUTURE(fut_write, ssize_t, int fd; const void *buffer; size_t size);
    fut_io_t io;
} fut_write_t;

FUT_DECLARE(fut_readable);
FUT_DECLARE(fut_writable);
FUT_DECLARE(fut_read);
FUT_DECLARE(fut_write);
#endif

#ifdef __cplusplus
}
#endif
#endif

/* Chapter 5: a timeout, a cancellation, and what FINALLY is for.
 *
 * A future can be stopped at any AWAIT. What follows ASYNC_FINALLY runs then, as it does on return and on error, so
 * the socket below is closed whatever happens. There are two speeds:
 *
 *     graceful    a task that is cancelled, a timeout: FINALLY may AWAIT, and whoever cancelled can wait for the end
 *     hard        fut_drop, an executor that is destroyed: at once; an await in FINALLY gets one poll and is then cut
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "future/executor.h"
#include "future/reactor.h"
#include "future/time.h"
#include "tour.h"

/* Listens to a peer that never says a word. The descriptor is the session's: it closes it. */
typedef struct session {
    ASYNC_FRAME(session, ssize_t, int fd);
    char        heard[64];
    fut_read_t  read;
    fut_sleep_t flush;
    fut_write_t write;
} session_t;

ASYNC(session) {
    ASYNC_BEGIN();
    printf("    session   waits for the peer to speak\n");
    do AWAIT_TRY(self->read, fut_read, self->fd, self->heard, sizeof self->heard);
    while (self->read.output > 0);
    ASYNC_RETURN(0);

    ASYNC_FINALLY();
    printf("    session   FINALLY: flush, which takes 30 ms\n");
    AWAIT(self->flush, fut_sleep, FUT_MS(30));
    printf("    session   FINALLY: %s, say goodbye\n", self->flush.output == 0 ? "flushed" : "the flush was cut short");
    AWAIT(self->write, fut_write, self->fd, "goodbye", sizeof "goodbye");
    printf("    session   FINALLY: close the socket\n");
    fut_close(self->fd);
    ASYNC_END();
}

/* A timeout around any future. Output: -ETIMEDOUT, or what the session ended with. */
typedef struct with_timeout {
    ASYNC_FRAME(with_timeout, ssize_t, int fd);
    session_t     session;
    fut_timeout_t limit;
} with_timeout_t;

ASYNC(with_timeout) {
    ASYNC_BEGIN();
    START(self->session, session, self->fd); /* fill the slot; the timeout polls it */
    AWAIT_TRY(self->limit, fut_timeout, &self->session.future, FUT_MS(100));
    ASYNC_RETURN(self->session.output);
    ASYNC_END();
}

/* Spawn, wait a little, cancel, and see it end. Output: how the session ended. */
typedef struct with_cancel {
    ASYNC_FRAME(with_cancel, int, fut_executor_t *executor; int fd);
    struct session_join session;
    fut_sleep_t         patience;
} with_cancel_t;

ASYNC(with_cancel) {
    ASYNC_BEGIN();
    self->session = SPAWN(self->executor, session, self->fd);
    AWAIT_TRY(self->patience, fut_sleep, FUT_MS(50));
    printf("    parent    cancels it, and awaits its end\n");
    fut_join_cancel(&self->session.join);
    AWAIT(self->session);
    ASYNC_RETURN(self->session.join.status);

    ASYNC_FINALLY();
    DETACH(self->session);
    ASYNC_END();
}

/* ---- The peer, and the clock on the wall: plain C ---- */

/* The session has ended, so whatever it sent is there. -EPROTO: the socket is still open. */
static int listen_to_the_end(int fd) {
    char    word[64];
    ssize_t size = recv(fd, word, sizeof word, MSG_DONTWAIT);
    if (size > 0) {
        printf("    peer      heard \"%.*s\"\n", (int)size, word);
        size = recv(fd, word, sizeof word, MSG_DONTWAIT);
    }
    if (size != 0) return -EPROTO;
    printf("    peer      sees the end of the stream\n");
    return 0;
}

static double milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- Three ways to end a session; each answers how it ended ---- */

static ssize_t by_timeout(fut_executor_t *executor, int fd) { return BLOCK_ON(executor, with_timeout, fd); }

static ssize_t by_cancelling(fut_executor_t *executor, int fd) { return BLOCK_ON(executor, with_cancel, executor, fd); }

static ssize_t by_destroying(fut_executor_t *executor, int fd) {
    struct session_join session = SPAWN(executor, session, fd);
    int                 status  = session.join.status;
    DETACH(session);
    if (status == 0 && fut_executor_run_until_stalled(executor) == 1) status = -ECANCELED;
    printf("    parent    destroys the executor\n");
    fut_executor_destroy(executor);
    return status;
}

/* With a pair of sockets: one end for the session, the other for the peer. */
static int scene(fut_executor_t *executor, ssize_t (*end)(fut_executor_t *executor, int fd), int expected) {
    int     ends[2], error = 0;
    double  start = milliseconds();
    ssize_t how;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -errno;
    how = end(executor, ends[0]);
    if (how != expected) error = how < 0 ? (int)how : -EPROTO;
    if (error == 0) error = listen_to_the_end(ends[1]);
    if (error == 0) printf("\n    %.0f ms in all.\n", milliseconds() - start);
    fut_close(ends[1]);
    return error;
}

int cancelled(void) {
    fut_executor_t executor;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;

    printf("A timeout of 100 ms. It cancels gracefully: FINALLY takes the time it needs.\n\n");
    error = scene(&executor, by_timeout, -ETIMEDOUT);
    if (error == 0) {
        printf("\nA task that is cancelled after 50 ms, gracefully as well.\n\n");
        error = scene(&executor, by_cancelling, -ECANCELED);
    }
    if (error == 0) {
        printf("\nA hard end: no time to flush, but a goodbye that need not wait still goes out.\n\n");
        error = scene(&executor, by_destroying, -ECANCELED);
    }
    if (error < 0) fut_executor_destroy(&executor); /* idempotent */
    return error;
}

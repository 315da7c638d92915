/* Chapter 4: an echo server and 1,000 clients, in one thread.
 *
 * Real TCP over loopback. The server is a task that accepts, and a task for each connection; each client is a task,
 * too. All of them read as if they had a thread of their own, and none has: where one would wait, another runs.
 *
 * Each descriptor is attached: registered with epoll once, for its life, and closed with fut_close: the reactor knows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "future/executor.h"
#include "future/reactor.h"
#include "future/time.h"
#include "net.h"
#include "tour.h"

enum { CLIENTS = 1000, ROUNDS = 50, MESSAGE = 256, OTHER_DESCRIPTORS = 32 };

/* ---- The server ---- */

/* One connection: what comes goes back, until the end of the stream. */
typedef struct answer {
    ASYNC_FRAME(answer, ssize_t, int fd);
    char buffer[1024];
    union { /* one after the other, so they share their memory */
        fut_read_t  read;
        write_all_t write;
    } io;
} answer_t;

ASYNC(answer) {
    ASYNC_BEGIN();
    TRY(send_at_once(self->fd));
    TRY(fut_attach(cx, self->fd));
    for (;;) {
        AWAIT_TRY(self->io.read, fut_read, self->fd, self->buffer, sizeof self->buffer);
        if (self->io.read.output == 0) ASYNC_RETURN(0);
        AWAIT_TRY(self->io.write, write_all, self->fd, self->buffer, (size_t)self->io.read.output);
    }
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

/* Accept until cancelled. When it ends, connections that nobody accepted are reset, so no client waits for ever. */
typedef struct serve {
    ASYNC_FRAME(serve, int, fut_executor_t *executor; int listener);
    fut_readable_t ready;
} serve_t;

/* 0: a connection was accepted, or it was gone already. */
static int accept_one(fut_executor_t *executor, int listener) {
    struct answer_join connection;
    int                fd = or_errno(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)), status;
    if (fd < 0) return fd == -EAGAIN || fd == -ECONNABORTED ? 0 : fd;
    connection = SPAWN(executor, answer, fd);
    status     = connection.join.status;
    if (status < 0) fut_close(fd); /* not spawned, so it will not close */
    DETACH(connection);            /* it ends by itself                 */
    return status;
}

ASYNC(serve) {
    ASYNC_BEGIN();
    TRY(fut_attach(cx, self->listener));
    for (;;) {
        AWAIT_TRY(self->ready, fut_readable, self->listener);
        TRY(accept_one(self->executor, self->listener));
    }
    ASYNC_FINALLY();
    fut_close(self->listener);
    ASYNC_END();
}

/* ---- A client ---- */

/* What is in the nth byte of a message: other bytes for each client and each round. */
static char byte_of(int client, int round, size_t n) { return (char)((size_t)client * 31 + (size_t)round * 17 + n); }

static void fill(char *message, int client, int round) {
    for (size_t n = 0; n < MESSAGE; n++) message[n] = byte_of(client, round, n);
}

static bool is_right(const char *message, int client, int round) {
    for (size_t n = 0; n < MESSAGE; n++)
        if (message[n] != byte_of(client, round, n)) return false;
    return true;
}

/* Output: how many messages came back right. */
typedef struct client {
    ASYNC_FRAME(client, int, const struct sockaddr_in *server; int number);
    int  fd, round;
    char message[MESSAGE];
    union {
        fut_writable_t connected;
        write_all_t    write;
        read_all_t     read;
    } io;
} client_t;

ASYNC(client) {
    ASYNC_BEGIN();
    TRY(self->fd = begin_connect(self->server));
    TRY(fut_attach(cx, self->fd));
    AWAIT_TRY(self->io.connected, fut_writable, self->fd);
    TRY(end_connect(self->fd));
    for (self->round = 0; self->round < ROUNDS; self->round++) {
        fill(self->message, self->number, self->round);
        AWAIT_TRY(self->io.write, write_all, self->fd, self->message, MESSAGE);
        memset(self->message, 0, MESSAGE);
        AWAIT_TRY(self->io.read, read_all, self->fd, self->message, MESSAGE);
        if (!is_right(self->message, self->number, self->round)) ASYNC_RETURN(-EILSEQ);
    }
    ASYNC_RETURN(self->round);
    ASYNC_FINALLY();
    if (self->fd >= 0) fut_close(self->fd);
    ASYNC_END();
}

/* ---- All of them ---- */

/* Output: nanoseconds from the first connect to the last answer, or the first error. */
typedef struct crowd {
    ASYNC_FRAME(crowd, int64_t, fut_executor_t *executor; int listener; const struct sockaddr_in *server; int clients;
                struct client_join *handles; long *messages);
    fut_instant_t     start;
    struct serve_join serving;
    int               i;
} crowd_t;

ASYNC(crowd) {
    ASYNC_BEGIN();
    self->start   = fut_now(cx);
    self->serving = SPAWN(self->executor, serve, self->executor, self->listener);
    TRY(self->serving.join.status);
    for (self->i = 0; self->i < self->clients; self->i++)
        self->handles[self->i] = SPAWN(self->executor, client, self->server, self->i);
    for (self->i = 0; self->i < self->clients; self->i++) {
        AWAIT_TRY(self->handles[self->i]);
        *self->messages += self->handles[self->i].output;
    }
    ASYNC_RETURN((int64_t)(fut_now(cx) - self->start));

    ASYNC_FINALLY(); /* if one failed, the others are told to end; the server always is */
    for (self->i = 0; self->i < self->clients; self->i++) {
        fut_join_cancel(&self->handles[self->i].join);
        DETACH(self->handles[self->i]);
    }
    fut_join_cancel(&self->serving.join);
    AWAIT(self->serving);
    if (self->serving.join.status == 0) ASYNC_RETURN(self->serving.output); /* it failed before it was told to end */
    ASYNC_END();
}

/* ---- Before and after ---- */

/* Two descriptors for each client, one on either side. Output: how many clients there can be. */
static int count_clients(void) {
    struct rlimit limit;
    rlim_t        needed = 2 * CLIENTS + OTHER_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    if (limit.rlim_cur >= needed) return CLIENTS;
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) return -errno;
    if (limit.rlim_cur >= needed) return CLIENTS;
    if (limit.rlim_cur < OTHER_DESCRIPTORS + 2) return -EMFILE;
    printf("This process may open %lu descriptors: fewer clients, then.\n", (unsigned long)limit.rlim_cur);
    return (int)(limit.rlim_cur - OTHER_DESCRIPTORS) / 2;
}

/* Output: nanoseconds, or an error. */
static int64_t run(fut_executor_t *executor, int clients, long *messages) {
    struct client_join *handles = calloc((size_t)clients, sizeof *handles);
    struct sockaddr_in  server;
    int                 listener    = handles ? listen_somewhere(&server, CLIENTS) : -ENOMEM;
    int64_t             nanoseconds = listener, rest;
    if (listener >= 0) {
        nanoseconds = BLOCK_ON(executor, crowd, executor, listener, &server, clients, handles, messages);
        rest        = fut_executor_run(executor); /* the server's connections see the end of their streams */
        if (nanoseconds >= 0 && rest < 0) nanoseconds = rest;
    }
    free(handles);
    return nanoseconds;
}

int echo(void) {
    fut_executor_t executor;
    long           messages = 0;
    int64_t        nanoseconds;
    double         seconds;
    int            clients = count_clients(), error;
    if (clients < 0) return clients;
    if ((error = fut_executor_init(&executor, NULL)) < 0) return error;

    printf("%d clients connect to one server over TCP, each sends %d messages of\n", clients, ROUNDS);
    printf("%d bytes, one after the other, and compares every byte that comes back.\n\n", MESSAGE);
    nanoseconds = run(&executor, clients, &messages);
    fut_executor_destroy(&executor);
    if (nanoseconds < 0) return (int)nanoseconds;

    seconds = (double)nanoseconds / 1e9;
    printf("    %8ld      messages came back, every byte right\n", messages);
    printf("    %8.3f s    from the first connect to the last answer\n", seconds);
    printf("    %8.0f /s   messages there and back\n", (double)messages / seconds);
    printf("    %8.1f MB/s each way\n\n", (double)messages * MESSAGE / seconds / 1e6);
    printf("One thread, %d tasks: a client is %zu bytes, a connection of the server %zu,\n", 2 * clients + 2,
           sizeof(client_t), sizeof(answer_t));
    printf("buffers included. A thread each would have needed a stack each.\n");
    return 0;
}

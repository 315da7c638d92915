/* tcp_echo_N: N connections over loopback send 64 bytes and wait for the same 64 bytes, again and again. How many
 * round trips are there in a second, and what does one cost the server?
 *
 * Two servers, one client. The server has one thread in a process of its own: an executor with an async function for
 * each connection, or a hand-written epoll loop, which is the limit. The client is a plain epoll loop in a third
 * process, on another CPU where there is one. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "future/executor.h"
#include "future/reactor.h"
#include "future/runtime.h"
#include "harness.h"

enum { MESSAGE = 64, BUFFER = 1024, EVENTS = 256 };

/* In milliseconds. */
enum { WARM_UP = 300, MEASURED = 2000 };

/* Both servers answer at once. */
static void no_delay(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* ---- the server, in libfuture --------------------------------------------------------------------- */

typedef struct echo {
    ASYNC_FRAME(echo, int, int fd);
    size_t size, sent;
    union {
        fut_read_t  read;
        fut_write_t write;
    } io;
    char buffer[BUFFER]; /* last: what each turn touches lies together */
} echo_t;

ASYNC(echo) {
    ASYNC_BEGIN();
    for (;;) {
        AWAIT_TRY(self->io.read, fut_read, self->fd, self->buffer, sizeof self->buffer);
        self->size = (size_t)self->io.read.output;
        if (self->size == 0) ASYNC_RETURN(0);
        for (self->sent = 0; self->sent < self->size; self->sent += (size_t)self->io.write.output)
            AWAIT_TRY(self->io.write, fut_write, self->fd, self->buffer + self->sent, self->size - self->sent);
    }
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

/* Serves as many connections as it was told, and ends with the last one. */
typedef struct serve {
    ASYNC_FRAME(serve, int, fut_executor_t *executor; int listener; uint64_t connections);
    uint64_t       accepted;
    int            error;
    fut_readable_t ready;
} serve_t;

/* 0: a connection was accepted and has its task. -EAGAIN: nobody is there. */
static int accept_one(const serve_t *self, fut_context_t *cx) {
    const int        fd = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct echo_join handle;
    int              error;
    if (fd < 0) return -errno;
    no_delay(fd);
    error = fut_attach(cx, fd);
    if (error < 0) return error;
    handle = SPAWN(self->executor, echo, fd);
    if (handle.join.status < 0) return handle.join.status;
    DETACH(handle);
    return 0;
}

ASYNC(serve) {
    ASYNC_BEGIN();
    for (self->accepted = 0; self->accepted < self->connections;) {
        self->error = accept_one(self, cx);
        if (self->error == 0)
            self->accepted++;
        else if (self->error == -EAGAIN)
            AWAIT_TRY(self->ready, fut_readable, self->listener);
        else
            ASYNC_RETURN(self->error);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void serve_with_libfuture(int listener, uint64_t connections) {
    fut_executor_t executor;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    bench_check(BLOCK_ON(&executor, serve, &executor, listener, connections) == 0, "serve");
    bench_check(fut_executor_run(&executor) == 0, "run");
    fut_executor_destroy(&executor);
}

/* ---- the same on workers, one for each CPU ------------------------------------------------------------ */

/* Lives where it was polled first. */
typedef struct echo_here {
    ASYNC_FRAME(echo_here, int, int fd);
    echo_t echo;
} echo_here_t;
ASYNC(echo_here) {
    ASYNC_BEGIN();
    bench_check(fut_attach(cx, self->fd) == 0, "attach");
    AWAIT_TRY(self->echo, echo, self->fd);
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* One task accepts, and awaits all the others. */
typedef struct serve_all {
    ASYNC_FRAME(serve_all, int, int listener; uint64_t connections; struct echo_here_join *handles);
    uint64_t       accepted, ended;
    int            error;
    fut_readable_t ready;
} serve_all_t;
static int accept_for(serve_all_t *self, fut_context_t *cx) {
    const int fd = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return -errno;
    no_delay(fd);
    self->handles[self->accepted++] = SPAWN(fut_runtime_of(cx), echo_here, fd);
    return 0;
}

ASYNC(serve_all) {
    ASYNC_BEGIN();
    for (self->accepted = 0; self->accepted < self->connections;) {
        self->error = accept_for(self, cx);
        if (self->error == -EAGAIN)
            AWAIT_TRY(self->ready, fut_readable, self->listener);
        else if (self->error < 0)
            ASYNC_RETURN(self->error);
    }
    for (self->ended = 0; self->ended < self->connections; self->ended++)
        AWAIT(self->handles[self->ended]); /* perhaps it was reset */
    ASYNC_RETURN(0);
    ASYNC_END();
}

static void serve_with_runtime(int listener, uint64_t connections) {
    struct echo_here_join *handles = bench_allocate(connections * sizeof *handles);
    fut_runtime_t          runtime;
    bench_check(fut_runtime_init(&runtime, NULL) == 0, "no runtime");
    bench_check(BLOCK_ON(&runtime, serve_all, listener, connections, handles) == 0, "serve");
    fut_runtime_destroy(&runtime);
    free(handles);
}

/* ---- the server, by hand --------------------------------------------------------------------------- */

/* The same system calls: edge-triggered, one registration, a read that comes back short is the last one. */

typedef struct connection {
    int    fd;
    size_t size, sent; /* what was read, and how much of it was written */
    char   buffer[BUFFER];
} connection_t;

static void watch(int epoll, int fd, void *data, uint32_t events) {
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = data};
    bench_check(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static uint64_t accept_all(int epoll, int listener) {
    uint64_t accepted = 0;
    for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0; accepted++) {
        connection_t *connection = malloc(sizeof *connection);
        bench_check(connection != NULL, "out of memory");
        connection->fd   = fd;
        connection->size = connection->sent = 0;
        no_delay(fd);
        watch(epoll, fd, connection, EPOLLIN | EPOLLOUT | EPOLLRDHUP);
    }
    return accepted;
}

/* False: it is full. */
static bool flush(connection_t *connection) {
    while (connection->sent < connection->size) {
        ssize_t count = send(connection->fd, connection->buffer + connection->sent, connection->size - connection->sent,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count < 0 && errno == EAGAIN) return false;
        bench_check(count > 0, "send");
        connection->sent += (size_t)count;
    }
    return true;
}

/* False: the other side has closed it. */
static bool echo_by_hand(connection_t *connection, bool hangup) {
    for (bool more = true; flush(connection) && more;) {
        ssize_t count = recv(connection->fd, connection->buffer, sizeof connection->buffer, MSG_DONTWAIT);
        if (count < 0 && errno == EAGAIN) return true;
        if (count <= 0) return false;
        connection->size = (size_t)count;
        connection->sent = 0;
        more             = (size_t)count == sizeof connection->buffer || hangup;
    }
    return true;
}

static void serve_by_hand(int listener, uint64_t connections) {
    struct epoll_event events[EVENTS];
    const int          epoll = epoll_create1(EPOLL_CLOEXEC);
    uint64_t           ended = 0;
    watch(epoll, listener, NULL, EPOLLIN);
    while (ended < connections) {
        int count = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            connection_t *connection = events[i].data.ptr;
            if (!connection) {
                accept_all(epoll, listener);
            } else if (!echo_by_hand(connection, events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
                close(connection->fd);
                free(connection);
                ended++;
            }
        }
    }
    close(epoll);
}

/* ---- the client, the same for both ------------------------------------------------------------------ */

typedef struct client {
    int      fd;
    size_t   received;
    uint64_t message[MESSAGE / sizeof(uint64_t)]; /* the first word counts, the last one says who it is */
    uint64_t reply[MESSAGE / sizeof(uint64_t)];
} client_t;

static void send_message(client_t *client) {
    client->message[0]++;
    client->received = 0;
    bench_check(send(client->fd, client->message, MESSAGE, MSG_NOSIGNAL) == MESSAGE, "the client's send");
}

static void connect_client(client_t *client, int epoll, int port, uint64_t number) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    client->fd               = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_check(client->fd >= 0 && connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    no_delay(client->fd);
    bench_check(epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event) == 0, "the client's epoll_ctl");
    client->message[MESSAGE / sizeof(uint64_t) - 1] = number;
    send_message(client);
}

/* True: the reply is complete. */
static bool receive(client_t *client) {
    ssize_t count =
        recv(client->fd, (char *)client->reply + client->received, MESSAGE - client->received, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return false;
    bench_check(count > 0, "the server has hung up");
    client->received += (size_t)count;
    if (client->received < MESSAGE) return false;
    bench_check(memcmp(client->message, client->reply, MESSAGE) == 0, "the echo");
    return true;
}

/* Round trips until the clock says `until`. */
static uint64_t talk(int epoll, double until) {
    struct epoll_event events[EVENTS];
    uint64_t           replies = 0;
    while (bench_now() < until) {
        int count = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < count; i++) {
            client_t *client = events[i].data.ptr;
            if (!receive(client)) continue;
            replies++;
            send_message(client);
        }
    }
    return replies;
}

/* CPU time of another process, user and system, in nanoseconds. */
static double cpu_of(pid_t process) {
    clockid_t       clock;
    struct timespec time;
    bench_check(clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &time) == 0, "the server's clock");
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void measure(bench_round_t *round, int port, pid_t server) {
    const uint64_t connections = round->argument;
    client_t      *clients     = bench_allocate(connections * sizeof *clients);
    const int      epoll       = epoll_create1(EPOLL_CLOEXEC);
    double         start, cpu;
    uint64_t       replies;
    for (uint64_t i = 0; i < connections; i++) connect_client(&clients[i], epoll, port, i);
    talk(epoll, bench_now() + WARM_UP * 1e6);
    start        = bench_now();
    cpu          = cpu_of(server);
    replies      = talk(epoll, start + MEASURED * 1e6);
    cpu          = cpu_of(server) - cpu;
    round->value = (double)replies / (bench_since(start) / 1e9);
    round->cost  = cpu / 1e3 / (double)replies;
    for (uint64_t i = 0; i < connections; i++) close(clients[i].fd);
    close(epoll);
    free(clients);
}

/* ---- the play ----------------------------------------------------------------------------------------- */

static int listen_anywhere(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          length  = sizeof address;
    const int          fd      = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bench_check(fd >= 0 && bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 4096) == 0 &&
                    getsockname(fd, (struct sockaddr *)&address, &length) == 0,
                "no port to listen at");
    *port = ntohs(address.sin_port);
    return fd;
}

/* This process is the client; the harness has made it for this round alone. */
static void play(bench_round_t *round, void (*serve)(int listener, uint64_t connections)) {
    int       port, status;
    const int listener = listen_anywhere(&port);
    pid_t     server   = fork();
    bench_check(server >= 0, "no process");
    if (server == 0) {
        bench_pin(1);
        serve(listener, round->argument);
        exit(0);
    }
    close(listener);
    measure(round, port, server);
    bench_check(waitpid(server, &status, 0) == server && status == 0, "the server's end");
}

static void against_libfuture(bench_round_t *round) { play(round, serve_with_libfuture); }
static void against_epoll(bench_round_t *round) { play(round, serve_by_hand); }

#define ECHO(n, of, against)                                                                                           \
    {                                                                                                                  \
        .name = "tcp_echo_" #n, .system = of, .unit = "requests/s", .cost_unit = "us CPU/request", .run = against,     \
        .argument = n, .rounds = 5, .fresh = true                                                                      \
    }

static const bench_workload_t workloads[] = {
    ECHO(1, "libfuture", against_libfuture),    ECHO(1, "epoll", against_epoll),
    ECHO(64, "libfuture", against_libfuture),   ECHO(64, "epoll", against_epoll),
    ECHO(1000, "libfuture", against_libfuture), ECHO(1000, "epoll", against_epoll),
};

/* `--turn SYSTEM serve N`, for a client that is another program: see peers/tools/client.c. */
static int serve_others(const char *system, uint64_t connections) {
    int       port;
    const int listener = listen_anywhere(&port);
    printf("%d\n", port);
    fflush(stdout);
    if (strcmp(system, "libfuture") == 0)
        serve_with_libfuture(listener, connections);
    else if (strcmp(system, "libfuture_mt") == 0)
        serve_with_runtime(listener, connections);
    else
        serve_by_hand(listener, connections);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 5 && strcmp(argv[1], "--turn") == 0 && strcmp(argv[3], "serve") == 0)
        return serve_others(argv[2], strtoull(argv[4], NULL, 10));
    return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads));
}

/* client: talks to an echo server, which it starts, and says how fast it answers.
 *
 *     client echo CONNECTIONS SERVER ARGUMENTS...      as fast as the server answers: requests/s, CPU for each
 *     client echo_all CONNECTIONS SERVER ARGUMENTS...  the same; the server may use every CPU
 *     client pace CONNECTIONS SERVER ARGUMENTS...      20,000 requests/s whatever the server does: latency
 *
 * The server is called with the number of connections as its last argument. It prints its port, serves so many
 * connections, and ends with them. It has a CPU for itself, the last one of those that may be used, but for echo_all;
 * the client has another.
 *
 * `pace` is free of coordinated omission: each request has its time, and the latency counts from then, also when the
 * connection still waited for an answer and the request was sent late (G. Tene, "How NOT to measure latency"). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64, EVENTS = 256, RATE = 20000 };

#define WARM_UP  0.2 /* seconds */
#define MEASURED 0.6 /* seconds */

static void check(bool condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "client: wrong: %s (%s)\n", what, strerror(errno));
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- the server ------------------------------------------------------------------------------ */

static void pin(int before) {
    cpu_set_t allowed, one;
    check(sched_getaffinity(0, sizeof allowed, &allowed) == 0, "affinity");
    if (CPU_COUNT(&allowed) <= before) return;
    for (int cpu = CPU_SETSIZE - 1; cpu >= 0; cpu--) {
        if (!CPU_ISSET(cpu, &allowed) || before-- > 0) continue;
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        sched_setaffinity(0, sizeof one, &one);
        return;
    }
}

typedef struct server {
    pid_t process;
    FILE *output;
    int   port;
} server_t;

static server_t start_server(char **command, bool pinned) {
    server_t server = {0};
    int      ends[2];
    check(pipe(ends) == 0 && (server.process = fork()) >= 0, "no process");
    if (server.process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (pinned) pin(0);
        dup2(ends[1], 1);
        close(ends[0]);
        close(ends[1]);
        execv(command[0], command);
        _exit(127);
    }
    close(ends[1]);
    server.output = fdopen(ends[0], "r");
    check(server.output && fscanf(server.output, "%d", &server.port) == 1, "the server's port");
    pin(1);
    return server;
}

static double cpu_of(pid_t process) {
    clockid_t       clock;
    struct timespec time;
    check(clock_getcpuclockid(process, &clock) == 0 && clock_gettime(clock, &time) == 0, "the server's clock");
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* ---- connections ----------------------------------------------------------------------------- */

typedef struct connection {
    int      fd;
    size_t   received;
    double   due;                                 /* pace: when the request under way should have been sent */
    uint64_t message[MESSAGE / sizeof(uint64_t)]; /* the first word counts, the last one says who it is     */
    uint64_t reply[MESSAGE / sizeof(uint64_t)];
} connection_t;

static void send_message(connection_t *connection) {
    connection->message[0]++;
    connection->received = 0;
    check(send(connection->fd, connection->message, MESSAGE, MSG_NOSIGNAL) == MESSAGE, "send");
}

/* True: the reply is complete. */
static bool receive(connection_t *connection) {
    ssize_t count = recv(connection->fd, (char *)connection->reply + connection->received,
                         MESSAGE - connection->received, MSG_DONTWAIT);
    if (count < 0 && errno == EAGAIN) return false;
    check(count > 0, "the server has hung up");
    connection->received += (size_t)count;
    if (connection->received < MESSAGE) return false;
    check(memcmp(connection->message, connection->reply, MESSAGE) == 0, "the echo");
    return true;
}

static connection_t *connect_all(int epoll, int port, size_t length) {
    const int          on      = 1;
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    connection_t *all = calloc(length, sizeof *all);
    check(all != NULL, "memory");
    for (size_t i = 0; i < length; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        all[i].fd                = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        check(all[i].fd >= 0 && connect(all[i].fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
        setsockopt(all[i].fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        check(epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event) == 0, "epoll_ctl");
        all[i].message[MESSAGE / sizeof(uint64_t) - 1] = i;
    }
    return all;
}

/* ---- echo: the next request follows the reply ------------------------------------------------ */

static uint64_t talk(int epoll, double until) {
    struct epoll_event events[EVENTS];
    uint64_t           replies = 0;
    while (now() < until) {
        const int count = epoll_wait(epoll, events, EVENTS, 100);
        for (int i = 0; i < count; i++) {
            if (!receive(events[i].data.ptr)) continue;
            replies++;
            send_message(events[i].data.ptr);
        }
    }
    return replies;
}

static void echo(int epoll, connection_t *all, size_t length, pid_t server) {
    double   start, cpu, seconds;
    uint64_t replies;
    for (size_t i = 0; i < length; i++) send_message(&all[i]);
    talk(epoll, now() + WARM_UP);
    start   = now();
    cpu     = cpu_of(server);
    replies = talk(epoll, start + MEASURED);
    cpu     = cpu_of(server) - cpu;
    seconds = now() - start;
    check(replies > 0, "no reply");
    printf("requests/s\t%.1f\nus CPU/request\t%.4f\n", (double)replies / seconds, cpu * 1e6 / (double)replies);
}

/* ---- pace: the clock says when --------------------------------------------------------------- */

/* Connections take turns. One that still waits for its answer keeps its place in time: the request is sent when the
 * answer is there, and is late from the moment at which it was due. */
typedef struct paced {
    double *latencies;
    size_t  count, length;
} paced_t;

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void pace(int epoll, connection_t *all, size_t length) {
    const double       gap   = (double)length / RATE; /* between two requests of a connection */
    const double       start = now(), counted = start + WARM_UP, end = counted + 2 * MEASURED;
    paced_t            paced = {.length = (size_t)(RATE * (end - start)) + length};
    bool              *waits = calloc(length, sizeof *waits);
    struct epoll_event events[EVENTS];
    paced.latencies = calloc(paced.length, sizeof *paced.latencies);
    check(waits && paced.latencies, "memory");
    for (size_t i = 0; i < length; i++) all[i].due = start + (double)i / RATE;
    for (double time = start; time < end; time = now()) {
        int count;
        for (size_t i = 0; i < length; i++) {
            if (waits[i] || all[i].due > time) continue;
            send_message(&all[i]);
            waits[i] = true;
        }
        count = epoll_wait(epoll, events, EVENTS, 0); /* it has a CPU for itself, and must not be late */
        for (int i = 0; i < count; i++) {
            connection_t *connection = events[i].data.ptr;
            if (!receive(connection)) continue;
            if (connection->due >= counted) paced.latencies[paced.count++] = now() - connection->due;
            connection->due += gap;
            waits[connection - all] = false;
        }
    }
    for (size_t i = 0; i < length; i++) /* what should have been answered and was not is as late as it is now */
        for (; all[i].due < end; all[i].due += gap)
            if (all[i].due >= counted) paced.latencies[paced.count++] = end - all[i].due;
    check(paced.count > 100, "no replies");
    qsort(paced.latencies, paced.count, sizeof *paced.latencies, by_size);
    printf("us p50\t%.2f\n", paced.latencies[paced.count / 2] * 1e6);
    printf("us p99\t%.2f\n", paced.latencies[paced.count - 1 - paced.count / 100] * 1e6);
    printf("us p99.9\t%.2f\n", paced.latencies[paced.count - 1 - paced.count / 1000] * 1e6);
    free(paced.latencies);
    free(waits);
}

int main(int argc, char **argv) {
    char         *command[16] = {NULL};
    server_t      server;
    connection_t *all;
    size_t        connections;
    int           epoll, status;
    check(argc >= 4 && argc < 16, "usage: client echo|echo_all|pace CONNECTIONS SERVER ARGUMENTS...");
    connections = strtoull(argv[2], NULL, 10);
    for (int i = 3; i < argc; i++) command[i - 3] = argv[i];
    command[argc - 3] = argv[2];
    server            = start_server(command, strcmp(argv[1], "echo_all") != 0);
    epoll             = epoll_create1(EPOLL_CLOEXEC);
    all               = connect_all(epoll, server.port, connections);
    if (strcmp(argv[1], "pace") != 0)
        echo(epoll, all, connections, server.process);
    else
        pace(epoll, all, connections);
    for (size_t i = 0; i < connections; i++) close(all[i].fd);
    check(waitpid(server.process, &status, 0) == server.process && status == 0, "the server's end");
    free(all);
    return 0;
}

/* The rows in libev: callbacks and a loop, no tasks, so what needs tasks is not here. A sleeper is a bare timer.
 * README.md defines the rows. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

/* ---- timers ---------------------------------------------------------------------------------- */

enum { PENDING_TIMERS = 1000, DELAYS = 4096 };

static uint64_t fired;

static void count_fire(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)timer, (void)events;
    fired++;
}

static void mix_delays(double *delays) {
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < DELAYS; i++) {
        delays[i] = pow(10, (double)(bench_random(&random) % 3000) / 1000);
        delays[i] += (double)(bench_random(&random) % 1000000) / 1e9;
    }
}

static void timer_churn(bench_round_t *round) {
    static double   delays[DELAYS];
    static ev_timer others[PENDING_TIMERS];
    struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
    ev_timer        timer;
    double          start;
    fired = 0;
    mix_delays(delays);
    bench_check(loop != NULL, "no loop");
    for (size_t i = 0; i < PENDING_TIMERS; i++) {
        ev_timer_init(&others[i], count_fire, delays[i], 0);
        ev_timer_start(loop, &others[i]);
    }
    start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) {
        ev_timer_init(&timer, count_fire, delays[i % DELAYS], 0);
        ev_timer_start(loop, &timer);
        ev_timer_stop(loop, &timer);
    }
    round->value = bench_since(start) / (double)round->count;
    bench_check(fired == 0, "no timer fires");
    ev_loop_destroy(loop);
}

static void timer_fire(bench_round_t *round) {
    ev_timer       *timers = bench_allocate(round->count * sizeof *timers);
    struct ev_loop *loop   = ev_loop_new(EVFLAG_AUTO);
    uint64_t        random = 88172645463325252u;
    double          start;
    bench_check(loop != NULL, "no loop");
    for (uint64_t i = 0; i < round->count; i++) {
        ev_timer_init(&timers[i], count_fire, 1 + (double)(bench_random(&random) % 1000000000) / 1e9, 0);
        ev_timer_start(loop, &timers[i]);
    }
    start = bench_cpu();
    ev_run(loop, 0);
    round->value = bench_cpu() - start;
    bench_check(fired == round->count, "each of them has fired");
    ev_loop_destroy(loop);
    free(timers);
}

static double resident_bytes(void) {
    unsigned long size, resident = 0;
    FILE         *statm = fopen("/proc/self/statm", "r");
    bench_check(statm && fscanf(statm, "%lu %lu", &size, &resident) == 2, "/proc/self/statm");
    fclose(statm);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

/* Each timer is a block of its own, as the state of a callback is. */
static void wake_up(struct ev_loop *loop, ev_timer *timer, int events) {
    (void)loop, (void)events;
    fired++;
    free(timer);
}

static void sleepers(bench_round_t *round) {
    struct ev_loop *loop   = ev_loop_new(EVFLAG_AUTO);
    uint64_t        random = 88172645463325252u;
    double          before = resident_bytes();
    bench_check(loop != NULL, "no loop");
    for (uint64_t i = 0; i < round->count; i++) {
        ev_timer *timer = malloc(sizeof *timer);
        bench_check(timer != NULL, "out of memory");
        ev_timer_init(timer, wake_up, 1 + (double)(bench_random(&random) % 1000000) / 1e6, 0);
        ev_timer_start(loop, timer);
    }
    round->cost = (resident_bytes() - before) / (double)round->count;
    ev_run(loop, 0);
    bench_check(fired == round->count, "all of them awake again");
    ev_loop_destroy(loop);
}

/* ---- wake_threads ---------------------------------------------------------------------------- */

typedef struct side {
    struct ev_loop *loop;
    ev_async        bell;
    struct side    *other;
    uint64_t        left;
    bool            first;
} side_t;

static void on_ring(struct ev_loop *loop, ev_async *bell, int events) {
    side_t *side = bell->data;
    (void)events;
    side->left--;
    if (!side->first || side->left > 0) ev_async_send(side->other->loop, &side->other->bell);
    if (side->left == 0) ev_async_stop(loop, bell);
}

static void init_side(side_t *side, side_t *other, uint64_t times, bool first) {
    *side = (side_t){.loop = ev_loop_new(EVFLAG_AUTO), .other = other, .left = times, .first = first};
    bench_check(side->loop != NULL, "no loop");
    ev_async_init(&side->bell, on_ring);
    side->bell.data = side;
    ev_async_start(side->loop, &side->bell);
}

static void *run_loop(void *loop) {
    ev_run(loop, 0);
    return NULL;
}

static void wake_threads(bench_round_t *round) {
    side_t    here, there;
    pthread_t thread;
    double    start = bench_now();
    init_side(&here, &there, round->count, true);
    init_side(&there, &here, round->count, false);
    bench_check(pthread_create(&thread, NULL, run_loop, there.loop) == 0, "no thread");
    ev_async_send(there.loop, &there.bell);
    run_loop(here.loop);
    pthread_join(thread, NULL);
    round->value = bench_since(start) / (double)(2 * round->count);
    bench_check(here.left == 0 && there.left == 0, "the number of wakes");
    ev_loop_destroy(here.loop);
    ev_loop_destroy(there.loop);
}

/* ---- echo ------------------------------------------------------------------------------------ */

/* Reads, and writes at once. What does not fit is kept until the socket is writable. */
typedef struct connection {
    ev_io  reading, writing;
    size_t size, sent;
    char   buffer[1024];
} connection_t;

static uint64_t left_to_accept;

static void end(struct ev_loop *loop, connection_t *connection) {
    ev_io_stop(loop, &connection->reading);
    ev_io_stop(loop, &connection->writing);
    close(connection->reading.fd);
    free(connection);
}

/* True: all of it was sent. */
static bool send_rest(connection_t *self) {
    while (self->sent < self->size) {
        const ssize_t count =
            send(self->reading.fd, self->buffer + self->sent, self->size - self->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0) return false;
        self->sent += (size_t)count;
    }
    return true;
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events) {
    connection_t *self = io->data;
    const ssize_t size = recv(io->fd, self->buffer, sizeof self->buffer, MSG_DONTWAIT);
    (void)events;
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        end(loop, self);
        return;
    }
    self->size = (size_t)size;
    self->sent = 0;
    if (send_rest(self)) return;
    ev_io_stop(loop, &self->reading);
    ev_io_start(loop, &self->writing);
}

static void on_writable(struct ev_loop *loop, ev_io *io, int events) {
    connection_t *self = io->data;
    (void)events;
    if (!send_rest(self)) return;
    ev_io_stop(loop, &self->writing);
    ev_io_start(loop, &self->reading);
}

static void on_connection(struct ev_loop *loop, ev_io *listener, int events) {
    const int     on = 1, fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    connection_t *connection;
    (void)events;
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connection = bench_allocate(sizeof *connection);
    ev_io_init(&connection->reading, on_readable, fd, EV_READ);
    ev_io_init(&connection->writing, on_writable, fd, EV_WRITE);
    connection->reading.data = connection->writing.data = connection;
    ev_io_start(loop, &connection->reading);
    if (--left_to_accept == 0) ev_io_stop(loop, listener);
}

static void serve(bench_round_t *round) {
    struct ev_loop    *loop     = ev_loop_new(EVFLAG_AUTO);
    struct sockaddr_in address  = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          length   = sizeof address;
    const int          listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ev_io              accepting;
    bench_check(loop && bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 4096) == 0 &&
                    getsockname(listener, (struct sockaddr *)&address, &length) == 0,
                "no port to listen at");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    left_to_accept = round->count;
    ev_io_init(&accepting, on_connection, listener, EV_READ);
    ev_io_start(loop, &accepting);
    ev_run(loop, 0);
    ev_loop_destroy(loop);
}

#define ROW(name_, unit_, run_, ...)                                                                                   \
    { .name = name_, .system = "libev", .unit = unit_, .run = run_, __VA_ARGS__ }
#define SERVER(name_) ROW(name_, "", serve, .fresh = true)

static const bench_workload_t workloads[] = {
    ROW("timer_churn", "ns", timer_churn),
    ROW("timer_fire_1m", "s", timer_fire, .fresh = true),
    ROW("sleepers_1m", "s", sleepers, .cost_unit = "bytes", .fresh = true, .process_cpu = true),
    ROW("wake_threads", "ns", wake_threads),
    SERVER("tcp_echo_1"),
    SERVER("tcp_echo_64"),
    SERVER("tcp_echo_1000"),
    SERVER("tcp_pace_64"),
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

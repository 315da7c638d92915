/* The rows in libuv: callbacks and a loop, no tasks, so what needs tasks is not here. A sleeper is a bare timer.
 * uv_timer_t counts milliseconds: the rows' shorter times are rounded. README.md defines the rows. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "harness.h"

/* ---- timers ---------------------------------------------------------------------------------- */

enum { PENDING_TIMERS = 1000, DELAYS = 4096 };

static uint64_t fired;

static void count_fire(uv_timer_t *timer) {
    (void)timer;
    fired++;
}

static void mix_delays(uint64_t *delays) {
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < DELAYS; i++) {
        delays[i] = (uint64_t)(1e3 * pow(10, (double)(bench_random(&random) % 3000) / 1000));
        bench_random(&random);
    }
}

static void timer_churn(bench_round_t *round) {
    static uint64_t   delays[DELAYS];
    static uv_timer_t others[PENDING_TIMERS];
    uv_loop_t         loop;
    uv_timer_t        timer;
    double            start;
    fired = 0;
    mix_delays(delays);
    bench_check(uv_loop_init(&loop) == 0 && uv_timer_init(&loop, &timer) == 0, "no loop");
    for (size_t i = 0; i < PENDING_TIMERS; i++)
        bench_check(uv_timer_init(&loop, &others[i]) == 0 && uv_timer_start(&others[i], count_fire, delays[i], 0) == 0,
                    "a timer");
    start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) {
        uv_timer_start(&timer, count_fire, delays[i % DELAYS], 0);
        uv_timer_stop(&timer);
    }
    round->value = bench_since(start) / (double)round->count;
    bench_check(fired == 0, "no timer fires");
    for (size_t i = 0; i < PENDING_TIMERS; i++) uv_close((uv_handle_t *)&others[i], NULL);
    uv_close((uv_handle_t *)&timer, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_check(uv_loop_close(&loop) == 0, "the loop's end");
}

static void timer_fire(bench_round_t *round) {
    uv_timer_t *timers = bench_allocate(round->count * sizeof *timers);
    uint64_t    random = 88172645463325252u;
    uv_loop_t   loop;
    double      start;
    bench_check(uv_loop_init(&loop) == 0, "no loop");
    for (uint64_t i = 0; i < round->count; i++)
        bench_check(uv_timer_init(&loop, &timers[i]) == 0 &&
                        uv_timer_start(&timers[i], count_fire, 1000 + bench_random(&random) % 1000, 0) == 0,
                    "a timer");
    start = bench_cpu();
    uv_run(&loop, UV_RUN_DEFAULT);
    round->value = bench_cpu() - start;
    bench_check(fired == round->count, "each of them has fired");
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
static void wake_up(uv_timer_t *timer) {
    fired++;
    uv_close((uv_handle_t *)timer, (uv_close_cb)free);
}

static void sleepers(bench_round_t *round) {
    uint64_t  random = 88172645463325252u;
    uv_loop_t loop;
    double    before;
    bench_check(uv_loop_init(&loop) == 0, "no loop");
    before = resident_bytes();
    for (uint64_t i = 0; i < round->count; i++) {
        uv_timer_t *timer = malloc(sizeof *timer);
        bench_check(timer && uv_timer_init(&loop, timer) == 0 &&
                        uv_timer_start(timer, wake_up, 1000 + bench_random(&random) % 1000000 / 1000, 0) == 0,
                    "a timer");
    }
    round->cost = (resident_bytes() - before) / (double)round->count;
    uv_run(&loop, UV_RUN_DEFAULT);
    bench_check(fired == round->count && uv_loop_close(&loop) == 0, "all of them awake again");
}

/* ---- wake_threads ---------------------------------------------------------------------------- */

typedef struct side {
    uv_loop_t   loop;
    uv_async_t  bell;
    uv_async_t *other;
    uint64_t    left;
    bool        first;
} side_t;

static void on_ring(uv_async_t *bell) {
    side_t *side = bell->data;
    side->left--;
    if (!side->first || side->left > 0) uv_async_send(side->other);
    if (side->left == 0) uv_close((uv_handle_t *)bell, NULL);
}

static void init_side(side_t *side, side_t *other, uint64_t times, bool first) {
    bench_check(uv_loop_init(&side->loop) == 0 && uv_async_init(&side->loop, &side->bell, on_ring) == 0, "no loop");
    side->bell.data = side;
    side->other     = &other->bell;
    side->left      = times;
    side->first     = first;
}

static void run_loop(void *loop) { uv_run(loop, UV_RUN_DEFAULT); }

static void wake_threads(bench_round_t *round) {
    side_t      here, there;
    uv_thread_t thread;
    double      start = bench_now();
    init_side(&here, &there, round->count, true);
    init_side(&there, &here, round->count, false);
    bench_check(uv_thread_create(&thread, run_loop, &there.loop) == 0, "no thread");
    uv_async_send(&there.bell);
    run_loop(&here.loop);
    uv_thread_join(&thread);
    round->value = bench_since(start) / (double)(2 * round->count);
    bench_check(here.left == 0 && there.left == 0, "the number of wakes");
    bench_check(uv_loop_close(&here.loop) == 0 && uv_loop_close(&there.loop) == 0, "the loops' end");
}

/* ---- echo ------------------------------------------------------------------------------------ */

typedef struct connection {
    uv_tcp_t   tcp;
    uv_write_t request;
    char       buffer[1024];
} connection_t;

static uint64_t left_to_accept;

static void lend_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
    connection_t *connection = (connection_t *)handle;
    (void)suggested;
    *buffer = uv_buf_init(connection->buffer, sizeof connection->buffer);
}

static void written(uv_write_t *request, int status) {
    bench_check(status == 0, "write");
    free(request->data);
    free(request);
}

/* Most writes fit into the socket at once; the rest is queued, with a copy. */
static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
    uv_buf_t    rest = uv_buf_init(buffer->base, size > 0 ? (unsigned)size : 0);
    uv_write_t *request;
    int         count;
    if (size == 0) return;
    if (size < 0) {
        uv_close((uv_handle_t *)stream, (uv_close_cb)free);
        return;
    }
    count = uv_try_write(stream, &rest, 1);
    if (count == size) return;
    if (count > 0) rest.base += count, rest.len -= (size_t)count;
    request       = malloc(sizeof *request);
    request->data = malloc(rest.len);
    for (size_t i = 0; i < rest.len; i++) ((char *)request->data)[i] = rest.base[i];
    rest.base = request->data;
    uv_write(request, stream, &rest, 1, written);
}

static void on_connection(uv_stream_t *listener, int status) {
    connection_t *connection = bench_allocate(sizeof *connection);
    bench_check(status == 0 && uv_tcp_init(listener->loop, &connection->tcp) == 0 &&
                    uv_accept(listener, (uv_stream_t *)&connection->tcp) == 0,
                "accept");
    uv_tcp_nodelay(&connection->tcp, 1);
    uv_read_start((uv_stream_t *)&connection->tcp, lend_buffer, on_read);
    if (--left_to_accept == 0) uv_close((uv_handle_t *)listener, NULL);
}

static void serve(bench_round_t *round) {
    uv_loop_t          loop;
    uv_tcp_t           listener;
    struct sockaddr_in address;
    int                length = sizeof address;
    left_to_accept            = round->count;
    bench_check(uv_loop_init(&loop) == 0 && uv_tcp_init(&loop, &listener) == 0 &&
                    uv_ip4_addr("127.0.0.1", 0, &address) == 0 &&
                    uv_tcp_bind(&listener, (struct sockaddr *)&address, 0) == 0 &&
                    uv_listen((uv_stream_t *)&listener, 4096, on_connection) == 0 &&
                    uv_tcp_getsockname(&listener, (struct sockaddr *)&address, &length) == 0,
                "no port to listen at");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    uv_run(&loop, UV_RUN_DEFAULT);
}

#define ROW(name_, unit_, run_, ...)                                                                                   \
    { .name = name_, .system = "libuv", .unit = unit_, .run = run_, __VA_ARGS__ }
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

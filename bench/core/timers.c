/* timer_churn: a timer is set and taken back, as every timeout that does not expire. timer_fire_1m: a million
 * expire. No executor takes part: the futures are polled here, and the driver is parked here. */
#include <math.h>
#include <stdlib.h>

#include "future/reactor.h"
#include "future/time.h"
#include "harness.h"

/* A waker that counts. */
typedef struct counter {
    const fut_waker_vtable_t *vtable;
    uint64_t                  wakes;
} counter_t;

static void count_wake(void *target, fut_tag_t tag) {
    (void)tag;
    ((counter_t *)target)->wakes++;
}

static const fut_waker_vtable_t counting = {.wake = count_wake, .wake_from_interrupt = count_wake};

static fut_driver_t *driver_of(fut_reactor_t *reactor) {
    bench_check(reactor != NULL, "no reactor");
    return fut_reactor_driver(reactor);
}

static void sleep_until(fut_sleep_until_t *sleep, fut_instant_t deadline, fut_context_t *cx) {
    START(*sleep, fut_sleep_until, deadline);
    bench_check(fut_sleep_until_poll(sleep, cx) == PENDING, "a deadline to come");
}

/* ---- churn --------------------------------------------------------------------------------------- */

/* Each factor of ten between one second and a thousand seconds gets as many deadlines as any other. */
enum { PENDING_TIMERS = 1000, DEADLINES = 4096 };

static void mix_deadlines(fut_instant_t now, fut_instant_t *deadlines, size_t count) {
    uint64_t random = 88172645463325252u;
    for (size_t i = 0; i < count; i++)
        deadlines[i] = now + (fut_instant_t)(1e9 * pow(10, (double)(bench_random(&random) % 3000) / 1000) +
                                             (double)(bench_random(&random) % 1000000));
}

typedef struct churn {
    fut_reactor_t    *reactor;
    fut_context_t     cx;
    fut_sleep_until_t others[PENDING_TIMERS];
    fut_instant_t     deadlines[DEADLINES];
} churn_t;

static churn_t *churn_begin(counter_t *counter) {
    churn_t *churn = bench_allocate(sizeof *churn);
    churn->reactor = fut_reactor_new();
    fut_context_init(&churn->cx, (fut_waker_t){counter, 0}, driver_of(churn->reactor));
    mix_deadlines(fut_now(&churn->cx), churn->deadlines, PENDING_TIMERS);
    for (size_t i = 0; i < PENDING_TIMERS; i++) sleep_until(&churn->others[i], churn->deadlines[i], &churn->cx);
    mix_deadlines(fut_now(&churn->cx), churn->deadlines, DEADLINES);
    return churn;
}

static void churn_end(churn_t *churn) {
    for (size_t i = 0; i < PENDING_TIMERS; i++) fut_drop(&churn->others[i].future);
    bench_check(churn->cx.driver->vtable->next(churn->cx.driver) == FUT_NEVER, "no timer is left");
    fut_reactor_free(churn->reactor);
    free(churn);
}

/* The future as a user has it: started, polled once, dropped. */
static void timer_churn(bench_round_t *round) {
    counter_t         counter = {&counting, 0};
    churn_t          *churn   = churn_begin(&counter);
    fut_sleep_until_t sleep;
    double            start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) {
        sleep_until(&sleep, churn->deadlines[i % DEADLINES], &churn->cx);
        fut_drop(&sleep.future);
    }
    round->value = bench_since(start) / (double)round->count;
    bench_check(counter.wakes == 0, "no timer fires");
    churn_end(churn);
}

/* The driver's part of it: link and unlink. What is left to the future is the difference. */
static void driver_churn(bench_round_t *round) {
    counter_t     counter = {&counting, 0};
    churn_t      *churn   = churn_begin(&counter);
    fut_driver_t *driver  = churn->cx.driver;
    fut_timer_t   timer;
    double        start = bench_now();
    for (uint64_t i = 0; i < round->count; i++) {
        timer.deadline = churn->deadlines[i % DEADLINES];
        fut_timer_set_waker(&timer, churn->cx.waker);
        driver->vtable->timer_insert(driver, &timer);
        fut_timer_unlink(&timer);
    }
    round->value = bench_since(start) / (double)round->count;
    churn_end(churn);
}

/* ---- fire ---------------------------------------------------------------------------------------- */

static void timer_fire(bench_round_t *round) {
    counter_t          counter = {&counting, 0};
    uint64_t           random  = 88172645463325252u;
    fut_reactor_t     *reactor = fut_reactor_new();
    fut_driver_t      *driver  = driver_of(reactor);
    fut_sleep_until_t *sleeps  = bench_allocate(round->count * sizeof *sleeps);
    fut_context_t      cx;
    fut_instant_t      first;
    double             start;
    fut_context_init(&cx, (fut_waker_t){&counter, 0}, driver);
    first = fut_now(&cx) + 1000 * round->count; /* time enough to set all of them */
    for (uint64_t i = 0; i < round->count; i++)
        sleep_until(&sleeps[i], first + bench_random(&random) % 1000000000, &cx);
    start = bench_cpu();
    while (counter.wakes < round->count) bench_check(driver->vtable->park(driver, FUT_NEVER) == 0, "park");
    round->value = bench_cpu() - start;
    for (uint64_t i = 0; i < round->count; i++)
        bench_check(fut_sleep_until_poll(&sleeps[i], &cx) == READY && sleeps[i].output == 0, "each of them has fired");
    fut_reactor_free(reactor);
    free(sleeps);
}

static const bench_workload_t workloads[] = {
    {.name = "timer_churn", .system = "libfuture", .unit = "ns", .run = timer_churn, .count = 2000000},
    {.name = "timer_churn", .system = "driver", .unit = "ns", .run = driver_churn, .count = 2000000},
    {.name = "timer_fire_1m", .system = "libfuture", .unit = "s", .run = timer_fire, .count = 1000000, .fresh = true},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

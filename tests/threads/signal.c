/* Wakes from a signal handler, which runs on top of the executor's own thread, wherever that is. */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/time.h>

#include "plain.h"

static volatile sig_atomic_t ticks;
static fut_waker_t           waker; /* set while the signal is not yet, or no longer, sent */
static volatile sig_atomic_t waking;

enum { ENOUGH = 250, FAR_TOO_MANY = 120000 };

static void tick(int signal) {
    (void)signal;
    if (++ticks > FAR_TOO_MANY) _exit(1); /* the handler is the watchdog, too: SIGALRM is taken */
    if (waking) fut_wake_from_interrupt(waker);
}

static void every_millisecond(bool on) {
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, on ? &often : &never, NULL);
}

/* Ready after so many ticks. Output: how many polls that took. */
typedef struct pulse {
    FUT_FUTURE(pulse, int, int until);
    int polls;
} pulse_t;
static fut_poll_t pulse_poll(pulse_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        self->polls = 0;
        waker       = fut_waker_clone(fut_context_waker(cx));
        waking      = 1;
    }
    (void)fut_context_waker(cx);
    self->polls++;
    if (ticks < self->until) return fut_pending(&self->future);
    waking = 0;
    fut_waker_drop(waker);
    self->output = self->polls;
    return fut_ready(&self->future);
}
FUT_DEFINE(pulse);

typedef struct busy {
    ASYNC_FRAME(busy, void, const bool *stop);
    fut_sleep_t nap;
    int         i;
} busy_t;
ASYNC(busy) {
    ASYNC_BEGIN();
    for (self->i = 0; !*self->stop; self->i++) {
        YIELD();
        if (self->i % 1000 == 0) AWAIT(self->nap, fut_sleep, FUT_US(10)); /* now and then asleep */
    }
    ASYNC_RETURN();
    ASYNC_END();
}
typedef struct stops {
    ASYNC_FRAME(stops, int, bool *stop);
    pulse_t pulse;
} stops_t;
ASYNC(stops) {
    ASYNC_BEGIN();
    AWAIT(self->pulse, pulse, ENOUGH);
    *self->stop = true;
    ASYNC_RETURN(self->pulse.output);
    ASYNC_END();
}

static fut_executor_t executor;
static void           open_executor(void) {
              CHECK(fut_executor_init(&executor, NULL) == 0);
              ticks = 0;
}
static void close_executor(void) {
    every_millisecond(false);
    fut_executor_destroy(&executor);
}

static void an_interrupt_wakes_a_parked_executor(void) {
    int polls;
    open_executor();
    every_millisecond(true);
    polls = BLOCK_ON(&executor, pulse, ENOUGH);
    CHECK(polls > 1 && polls <= ENOUGH + 2);
    close_executor();
}

static void an_interrupt_wakes_a_busy_executor(void) {
    int  polls;
    bool stop = false;
    open_executor();
    DETACH(SPAWN(&executor, busy, &stop));
    DETACH(SPAWN(&executor, busy, &stop));
    every_millisecond(true);
    polls = BLOCK_ON(&executor, stops, &stop);
    CHECK(polls > 1 && polls <= ENOUGH + 2);
    CHECK(fut_executor_run(&executor) == 0);
    close_executor();
}

/* Spawning, ending and waking locally, at any moment interrupted by a wake. */
typedef struct child {
    ASYNC_FRAME(child, int);
} child_t;
ASYNC(child) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}
typedef struct breeder {
    ASYNC_FRAME(breeder, int, const bool *stop);
    struct child_join child;
    int               count;
} breeder_t;
ASYNC(breeder) {
    ASYNC_BEGIN();
    for (self->count = 0; !*self->stop; self->count++) {
        self->child = SPAWN(fut_executor_of(cx), child);
        fut_wake(cx->waker);
        AWAIT(self->child);
        if (self->child.output != 1) ASYNC_RETURN(-1);
    }
    ASYNC_RETURN(self->count);
    ASYNC_END();
}
static void an_interrupt_may_come_at_any_moment(void) {
    bool                stop = false;
    struct breeder_join handle;
    open_executor();
    handle = SPAWN(&executor, breeder, &stop);
    every_millisecond(true);
    CHECK(BLOCK_ON(&executor, stops, &stop) > 1);
    CHECK(fut_executor_run(&executor) == 0);
    CHECK(fut_join_is_done(&handle.join));
    DETACH(handle);
    close_executor();
}

static void an_interrupt_may_wake_a_task_that_has_ended_and_an_executor_that_has_gone(void) {
    for (int i = 0; i < 30; i++) {
        fut_executor_t executor_of_the_moment;
        ticks = 0;
        every_millisecond(true);
        CHECK(fut_executor_init(&executor_of_the_moment, NULL) == 0);
        CHECK(BLOCK_ON(&executor_of_the_moment, pulse, 2) >= 1);
        waking = 1; /* again: the waker is stale now */
        CHECK(BLOCK_ON(&executor_of_the_moment, fut_sleep, FUT_MS(3)) == 0);
        fut_executor_destroy(&executor_of_the_moment);
        while (ticks < 8) usleep(500);
        waking = 0;
        every_millisecond(false);
    }
}

int main(void) {
    struct sigaction action = {.sa_handler = tick};
    sigaction(SIGALRM, &action, NULL);
    RUN(an_interrupt_wakes_a_parked_executor);
    RUN(an_interrupt_wakes_a_busy_executor);
    RUN(an_interrupt_may_come_at_any_moment);
    RUN(an_interrupt_may_wake_a_task_that_has_ended_and_an_executor_that_has_gone);
    return finish();
}

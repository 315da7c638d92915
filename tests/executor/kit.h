/* kit.h: what the tests of this folder share. */
#ifndef TESTS_EXECUTOR_KIT_H
#define TESTS_EXECUTOR_KIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* usleep, and what else the system has */
#endif
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "../counting.h"
#include "future/executor.h"
#include "future/reactor.h"
#include "future/test.h"
#include "future/time.h"

static fut_executor_t executor; /* one for each test, which is a process of its own */

static inline void open_with(fut_executor_options_t options) {
    cr_assert_eq(fut_executor_init(&executor, &options), 0);
}
static inline void open_quietly(void) { open_with((fut_executor_options_t){.quiet = true}); }

/* The same on a virtual clock. */
static fut_virtual_clock_t *virtual_clock;
static inline void          open_virtual(void) {
             virtual_clock = fut_virtual_clock_new();
             cr_assert_not_null(virtual_clock);
             open_with((fut_executor_options_t){.driver = fut_virtual_clock_driver(virtual_clock), .quiet = true});
}
static inline void close_virtual(void) {
    fut_executor_destroy(&executor);
    fut_virtual_clock_free(virtual_clock);
}

/* Waits for an event and says what it does. */
typedef struct listener {
    ASYNC_FRAME(listener, int, const char *name; fut_test_event_t *event);
    fut_test_wait_t wait;
} listener_t;
ASYNC(listener) {
    ASYNC_BEGIN();
    fut_test_say("%s begins", self->name);
    AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("%s got %d", self->name, self->wait.output);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("%s ends", self->name);
    ASYNC_END();
}

/* Says its name a number of times, a poll each. */
typedef struct counter {
    ASYNC_FRAME(counter, int, const char *name; int times);
    int i;
} counter_t;
ASYNC(counter) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        if (self->i > 0) YIELD();
        fut_test_say("%s%d", self->name, self->i + 1);
    }
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

/* Ready in its first poll. */
typedef struct answer {
    ASYNC_FRAME(answer, int, int value);
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

/* Yields until *stop, at most `limit` times. Output: how often, or -ETIMEDOUT. */
typedef struct busy {
    ASYNC_FRAME(busy, int, const bool *stop; int limit);
    int i;
} busy_t;
ASYNC(busy) {
    ASYNC_BEGIN();
    for (self->i = 0; !*self->stop; self->i++) {
        if (self->i == self->limit) ASYNC_RETURN(-ETIMEDOUT);
        YIELD();
    }
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

/* Ready once another thread has woken it. The waker is cloned: a wake comes from outside. */
typedef struct outside {
    FUT_FUTURE(outside, int);
    fut_waker_t waker;
    pthread_t   thread;
    bool        done; /* atomic */
} outside_t;
static void *work_outside(void *future) {
    outside_t *self = future;
    usleep(1000); /* so that the executor is probably asleep: both cases are right, this one is of interest */
    __atomic_store_n(&self->done, true, __ATOMIC_RELEASE);
    fut_wake(self->waker);
    return NULL;
}
static fut_poll_t outside_poll(outside_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        self->done  = false;
        self->waker = fut_waker_clone(fut_context_waker(cx));
        cr_assert_eq(pthread_create(&self->thread, NULL, work_outside, self), 0);
        return fut_pending(&self->future);
    }
    (void)fut_context_waker(cx);
    if (!__atomic_load_n(&self->done, __ATOMIC_ACQUIRE)) return fut_pending(&self->future);
    pthread_join(self->thread, NULL);
    fut_waker_drop(self->waker);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(outside);

#endif

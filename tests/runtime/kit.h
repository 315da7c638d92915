/* kit.h: what the tests of this folder share. Tasks run on other threads, so they report through outputs, and the test's own
 * thread compares. */
#ifndef TESTS_RUNTIME_KIT_H
#define TESTS_RUNTIME_KIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "../counting.h"
#include "future/event.h"
#include "future/runtime.h"
#include "future/reactor.h"
#include "future/scope.h"
#include "future/test.h"
#include "future/time.h"

static fut_runtime_t runtime; /* one for each test, which is a process of its own */

static inline void open_with(fut_runtime_options_t options) { cr_assert_eq(fut_runtime_init(&runtime, &options), 0); }
static inline void open_workers(unsigned workers) { open_with((fut_runtime_options_t){.workers = workers}); }
static inline void shut(void) { fut_runtime_destroy(&runtime); }

#define LOAD(variable)         __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define STORE(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELEASE)
#define ADD(variable, value)   __atomic_add_fetch(&(variable), value, __ATOMIC_ACQ_REL)

/* The output of a handle, once it is there. */
#define WAIT(handle) (fut_wait_on_thread(&(handle).join.future) == 0 ? (handle).output : -EPROTO)

typedef struct answer {
    ASYNC_FRAME(answer, int, int value; int yields);
    int i;
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->yields; self->i++) YIELD();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

/* Which worker polls me? */
typedef struct where {
    ASYNC_FRAME(where, int);
} where_t;
ASYNC(where) {
    ASYNC_BEGIN();
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

/* Waits until the door is open. Counts how it went. */
static long begun, finished, cancelled; /* atomic */
typedef struct guest {
    ASYNC_FRAME(guest, int, fut_event_t *door);
    fut_event_wait_t wait;
} guest_t;
ASYNC(guest) {
    ASYNC_BEGIN();
    ADD(begun, 1);
    AWAIT(self->wait, fut_event_wait, self->door);
    ADD(finished, 1);
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_FINALLY();
    if (self->output == -ECANCELED) ADD(cancelled, 1);
    ASYNC_END();
}

/* Keeps its worker busy, which tests may and programs should not: until *release is set. */
static bool busy, release; /* atomic */
typedef struct hog {
    ASYNC_FRAME(hog, int);
} hog_t;
ASYNC(hog) {
    ASYNC_BEGIN();
    STORE(busy, true);
    while (!LOAD(release)) sched_yield();
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

static inline void until(const bool *flag) {
    while (!LOAD(*flag)) sched_yield();
}
static inline void until_count(const long *count, long least) {
    while (LOAD(*count) < least) sched_yield();
}

#endif

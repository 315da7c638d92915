/* kit.h: what the tests of this folder share. */
#ifndef TESTS_REACTOR_KIT_H
#define TESTS_REACTOR_KIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* usleep, and what else the system has */
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "../counting.h"
#include "future/executor.h"
#include "future/reactor.h"
#include "future/test.h"
#include "future/time.h"

/* Each test is a process of its own: two ends of something, an executor, a reactor to poll by hand. */
static int            ends[2]; /* read from the first, write to the second */
static fut_executor_t executor;
static fut_reactor_t *reactor;

static inline void open_executor(void) {
    cr_assert_eq(fut_executor_init(&executor, &(fut_executor_options_t){.quiet = true}), 0);
}
static inline void open_reactor(void) {
    reactor = fut_reactor_new();
    cr_assert_not_null(reactor);
}
static inline void open_pipe(void) { cr_assert_eq(pipe(ends), 0); }
static inline void open_sockets(void) { cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0); }

/* A connection over loopback TCP. */
void open_tcp(int both[2]);

/* One poll by hand. */
static inline fut_poll_t poll_with_reactor(fut_future_t *future, fut_test_waker_t *counter) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(counter), fut_reactor_driver(reactor));
    return fut_poll(future, &cx);
}
static inline int attach_by_hand(int fd) {
    fut_context_t cx;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, fut_reactor_driver(reactor));
    return fut_attach(&cx, fd);
}
/* Look without waiting. */
static inline void look(void) {
    fut_driver_t *driver = fut_reactor_driver(reactor);
    cr_assert_eq(driver->vtable->park(driver, FUT_NOW), 0);
}
static inline size_t   waits(void) { return fut_reactor_driver(reactor)->waits; }
static inline unsigned state_of(int fd) {
    fut_driver_t  *driver = fut_reactor_driver(reactor);
    const uint8_t *state  = driver->vtable->io_state(driver, fd);
    return state ? *state : 0;
}

/* Fill what can be written to until it blocks. How many bytes. */
size_t fill(int fd);
/* Read everything that is there. */
size_t drain(int fd);

/* The kinds of things one reads from and writes to; for tests that hold for all of them. */
typedef struct kind {
    const char *name;
    void (*open)(int both[2]);
} kind_t;
enum { KINDS = 3 };
extern const kind_t kinds[KINDS];

#endif

/* plain.h: tests without a framework, since the one that the others use does not run under ThreadSanitizer.
 *
 *     static void name_of_the_test(void) { CHECK(1 + 1 == 2); }
 *     int main(void) { RUN(name_of_the_test); return finish(); }
 *
 * Prints `ok NAME` for each test. What hangs is killed after four minutes.
 */
#ifndef TESTS_THREADS_PLAIN_H
#define TESTS_THREADS_PLAIN_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "future/executor.h"
#include "future/reactor.h"
#include "future/time.h"

static int failures, failures_before;

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf("%s:%d: %s is false\n", __FILE__, __LINE__, #condition);                                            \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

#define RUN(test)                                                                                                      \
    do {                                                                                                               \
        alarm(400);                                                                                                    \
        failures_before = failures;                                                                                    \
        test();                                                                                                        \
        printf("%s %s\n", failures == failures_before ? "ok" : "not ok", #test);                                       \
        fflush(stdout);                                                                                                \
    } while (0)

static inline int finish(void) { return failures ? 1 : 0; }

/* Threads, and the one way to share a number between them. */
static inline pthread_t start(void *(*body)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, argument) != 0) {
        perror("pthread_create");
        exit(1);
    }
    return thread;
}
static inline void join(pthread_t thread) { pthread_join(thread, NULL); }

#define LOAD(variable)         __atomic_load_n(&(variable), __ATOMIC_ACQUIRE)
#define STORE(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELEASE)
#define TAKE(flag)             __atomic_exchange_n(&(flag), false, __ATOMIC_ACQ_REL)
#define ADD(variable, value)   __atomic_add_fetch(&(variable), value, __ATOMIC_ACQ_REL)

/* A sequence of its own for each thread, the same every time. */
static inline unsigned any(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

#endif

/* step.h: put in front of every file that is to be interleaved (-include): each atomic access, and each call that can wait
 * for another thread, becomes a step of explorer.c, which decides who makes the next one.
 *
 * The library is compiled as it is. A macro may have a builtin's name, and does not expand inside of itself. poll() is taken by
 * the linker (--wrap), since futures have a field of that name.
 */
#ifndef TESTS_INTERLEAVE_STEP_H
#define TESTS_INTERLEAVE_STEP_H

/* What the library includes; their own inline functions are not steps. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* Before a load: what this thread has stored there reaches memory. Before a read-modify-write: all that it has stored. */
void step_load(const volatile void *at, const char *file, int line);
void step_swap(const volatile void *at, const char *file, int line);
void step_fence(const char *file, int line);
/* Now, or later than this thread's next loads of other places: what a processor's store buffer does (TSO). */
void step_store(volatile void *at, const void *value, size_t size, const char *file, int line);

void step_lock(pthread_mutex_t *mutex, const char *file, int line);
void step_unlock(pthread_mutex_t *mutex, const char *file, int line);
/* Until somebody else has done something. */
int  step_pause(const char *file, int line);
long step_syscall(const char *file, int line, long number, ...);

#define FUT_ALONE_ 0 /* future/alone.h: the threads here are not the system's */

#define STEP_HERE_ __FILE__, __LINE__

#define __atomic_load_n(p, order) (step_load(p, STEP_HERE_), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)                                                                                  \
    __extension__({                                                                                                    \
        __typeof__(*(p)) step_value_ = (v);                                                                            \
        step_store(p, &step_value_, sizeof step_value_, STEP_HERE_);                                                   \
    })
#define __atomic_fetch_add(p, v, order)  (step_swap(p, STEP_HERE_), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_and(p, v, order)  (step_swap(p, STEP_HERE_), __atomic_fetch_and(p, v, order))
#define __atomic_fetch_or(p, v, order)   (step_swap(p, STEP_HERE_), __atomic_fetch_or(p, v, order))
#define __atomic_exchange_n(p, v, order) (step_swap(p, STEP_HERE_), __atomic_exchange_n(p, v, order))
#define __atomic_compare_exchange_n(p, expected, v, weak, order, failure)                                              \
    (step_swap(p, STEP_HERE_), __atomic_compare_exchange_n(p, expected, v, weak, order, failure))
#define __atomic_thread_fence(order) step_fence(STEP_HERE_)

#define pthread_mutex_lock(mutex)   step_lock(mutex, STEP_HERE_)
#define pthread_mutex_unlock(mutex) step_unlock(mutex, STEP_HERE_)
#define sched_yield()               step_pause(STEP_HERE_)
#define nanosleep(duration, rest)   ((void)(duration), step_pause(STEP_HERE_))
#define __builtin_ia32_pause()      ((void)step_pause(STEP_HERE_))
#define syscall(...)                step_syscall(STEP_HERE_, __VA_ARGS__)

#endif

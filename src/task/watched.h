/* watched.h: what a watchdog sees of those that poll, and how it is told that one of them wakes up.        layer: task
 *
 * Whoever polls (an executor's home, a worker of a runtime) has a few words that it writes with plain stores: the task
 * that it polls, a count of polls, whether it is parked. The watchdog samples them; nobody waits for anybody.
 *
 * While everything that it watches is parked the watchdog sleeps, too:
 *
 *     watchdog                             who leaves its park, and is watched
 *     --------                             -----------------------------------
 *     asleep = 1                           armed = 0
 *     fence                                fence
 *     all of them armed: sleep             asleep: wake it
 *
 * One of the two sees the other (Dekker). All watchdogs of the process sleep under one lock, so that who wakes them needs
 * to know none of them.
 */
#ifndef FUT_SRC_WATCH_H
#define FUT_SRC_WATCH_H

#include <pthread.h>
#include <stdint.h>

#include "../core/atomic.h"
#include "future/task.h"

/* One that polls. All are read by any thread, without order, and stay readable when it has ended. */
typedef struct fut__watched {
    fut_task_t *const *current; /* what it polls, or NULL                                 */
    const uint64_t    *polls;   /* differs from one poll to the next                      */
    const uint32_t    *armed;   /* it is parked, or about to be: a wake rings              */
    const long        *thread;  /* the kernel's number of the thread that runs it, or 0   */
    int                worker;  /* of a runtime: its number; -1: a one-thread executor    */
} fut__watched_t;

extern pthread_mutex_t fut__watch_lock;
extern uint32_t        fut__watch_asleep; /* atomic: some watchdog sleeps until it is told; set under the lock */

/* Once, before anything else here: the clock of the condition, and forks. */
void fut__watch_begin(void);
/* Under the lock, which is given back meanwhile: for so many nanoseconds, or until told. */
void fut__watch_wait(uint64_t nanoseconds);
/* Under the lock: until told, unless `is_quiet` says no, which is asked when no wake can be missed any more. */
void fut__watch_sleep(bool (*is_quiet)(void *data), void *data);
void fut__watch_tell(void); /* all who wait; under the lock */

void fut__watch_wake(void);

/* By who has left its park, after `armed` was set to 0. `ticket`: its own, not 0 while it is watched. */
static inline void fut__watch_unparked(const uint64_t *ticket) {
    if (__builtin_expect(fut__load_relaxed(ticket) == 0, 1)) return;
    fut__fence(); /* between `armed` and `asleep`: pairs with fut__watch_sleep */
    if (fut__load_relaxed(&fut__watch_asleep)) fut__watch_wake();
}

long fut__thread_number(void); /* the kernel's number of this thread */

#endif

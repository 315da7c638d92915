/* meeting.h: as many tasks as there are workers, who wait for one another inside their polls.
 *
 * On fewer workers they would do so for ever: that they end shows that nobody slept while a task waited for a worker. For
 * those who have LOAD, STORE and ADD; to be included behind them.
 */
#ifndef TESTS_MEETING_H
#define TESTS_MEETING_H

#include <sched.h>

#include "future/runtime.h"

static long meeting; /* atomic */

typedef struct meet {
    ASYNC_FRAME(meet, int, long number);
} meet_t;
ASYNC(meet) {
    ASYNC_BEGIN();
    ADD(meeting, 1);
    while (LOAD(meeting) < self->number) sched_yield();
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* Spawned from inside. */
typedef struct meets {
    ASYNC_FRAME(meets, int, int number);
    struct meet_join handles[4];
    int              i;
} meets_t;
ASYNC(meets) {
    ASYNC_BEGIN();
    STORE(meeting, 0);
    for (self->i = 0; self->i < self->number; self->i++)
        self->handles[self->i] = SPAWN(fut_runtime_of(cx), meet, self->number);
    for (self->i = 0; self->i < self->number; self->i++) AWAIT(self->handles[self->i]);
    ASYNC_RETURN(0);
    ASYNC_END();
}

#endif

/* park.pml: an executor that is about to sleep, and threads that wake its tasks: `armed`, the bell, and the deadlock report.
 *
 * Mirrors src/executor/executor.c: schedule, arm, is_idle, park, is_deadlocked, leave; and src/task/task.c: fut__task_wake as far
 * as `flights` goes. One of the threads holds a cloned waker, which is counted in `outside`.
 *
 * Memory: the executor's store of `armed` may reach the others late, at the fence at the latest (a store buffer of one). The
 * wakers' load of `armed` may have happened early, before the swap of the inbox, unless a fence stands in between. Either alone
 * loses a wake (Dekker). 
 *
 * Asserted: at rest the inbox is empty: nobody sleeps beside a task. No deadlock is reported while a cloned waker is
 * about, nor while a wake is under way that poll_task has seen.
 */
byte inbox;                      /* the tasks that lie in it: 1, 2 */
byte armed, late = 9;            /* late: a store to armed that the others do not see yet; 9: none */
byte bell, flights, outside = 1;
byte polled;                     /* the tasks that were */
bool notified, reported;         /* the state of task 1; -EDEADLK */

active proctype store_buffer() {
end:
    do :: d_step { late != 9 -> armed = late; late = 9 } od
}

inline set_armed(value) { if :: atomic { late == 9 -> late = value } fi }
inline fence_of_executor() { late == 9 }

inline schedule() {
    early = armed;               /* a load that nothing holds back */
    inbox = inbox | (1 << me);
#ifndef WEAKEN_FENCE_IN_SCHEDULE
    early = armed;
#endif
    if
    :: early ->
        d_step { was = (late == 1 -> 0 : armed); armed = 0; } /* a swap reads the latest that can be seen */
        if :: was -> bell = 1 :: else fi
    :: else
    fi
}

proctype waker(byte me) {
    byte early, was;
#ifndef WEAKEN_FLIGHTS
    flights++;
#endif
    if :: me == 0 -> notified = true :: else fi;
    schedule();
#ifndef WEAKEN_FLIGHTS
    flights--;
#endif
    if :: me == 1 -> outside-- :: else fi /* fut_waker_drop, after the wake */
}

/* The last word before -EDEADLK. poll_task has `seen` the NOTIFIED of a wake whose task is not in the inbox yet. Each load
 * that nothing holds back may have happened before the one in front of it. */
inline is_deadlocked() {
    d_step { deadlocked = false; early = flights; }
    seen = notified;
    if :: inbox != 0 -> goto no :: else fi;
#ifndef WEAKEN_FENCE_IN_IS_DEADLOCKED
    early = flights;
#endif
    look = inbox;
    if :: outside != 0 -> goto no :: else fi;
#ifndef WEAKEN_OUTSIDE_ACQUIRE
    look = inbox;
#ifndef WEAKEN_FENCE_IN_IS_DEADLOCKED
    early = flights;
#endif
#endif
    if :: early != 0 -> goto no :: else fi;
#if !defined(WEAKEN_FLIGHTS_ACQUIRE) && !defined(WEAKEN_OUTSIDE_ACQUIRE)
    look = inbox;
#endif
#ifdef WEAKEN_SECOND_LOOK
    look = 0;
#endif
    deadlocked = (look == 0);
no: skip
}

active proctype executor() {
    bool deadlocked, seen;
    byte early, look;
    do
    :: inbox != 0 -> d_step { polled = polled | inbox; inbox = 0; }
    :: else ->
        is_deadlocked();
        if
        :: deadlocked -> assert(polled & 2); assert(!seen || polled & 1); reported = true; break
        :: else
        fi;
#ifdef WEAKEN_LOOK_FIRST             /* the look, then armed */
        if :: inbox != 0 -> goto up :: else fi;
        set_armed(1);
        fence_of_executor();
#else
        set_armed(1);
#ifndef WEAKEN_FENCE_IN_ARM
        fence_of_executor();
#endif
        if :: inbox != 0 -> goto up :: else fi;
#endif
end_asleep:
        d_step { bell -> bell = 0 }
up:     set_armed(0)
    od
}

init {
    atomic { run waker(0); run waker(1) }
    timeout -> assert(reported || (inbox == 0 && polled == 3))
}

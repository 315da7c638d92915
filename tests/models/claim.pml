/* claim.pml: a dump holds a task that waits, as a poll would, while workers poll, end and recycle it.
 *
 * Mirrors src/runtime/runtime_dump.c (claim, let_go) beside make, begin, run and end of src/runtime. One block of memory has two
 * tenants, one after the other. The task waits for an event; a waker sets it and wakes; the worker polls; the dumper claims
 * whatever it finds. The state is generation, NOTIFIED and RUNNING; the flags say whether somebody lives here.
 *
 * Memory: each access is a step, in the order in which the release and acquire of the code make them visible; a weakened
 * order is another order of steps.
 *
 * Asserted: one holds the task at a time, polls or reads; who is held lives; it is on one queue at most. And nobody waits for
 * ever: no lost wake.
 */
#define NOTIFIED   1
#define RUNNING    2
#define BITS       3
#define GENERATION 4
#define LIVE       1
#define ENDED      2
#define TENANTS    2

byte state, flags, queued, holders;
bool lives, event[TENANTS], there[TENANTS];

inline schedule() { atomic { queued++; assert(queued == 1) } }
inline hold() { atomic { assert(holders == 0 && lives); holders++ } }
inline release() { holders-- }

inline let_go() {
    atomic { old = state; state = state & ~RUNNING } /* (5) */
    if :: old & NOTIFIED -> schedule() :: else fi    /* (6) */
}

inline make() {
    lives = true;
#ifdef WEAKEN_FLAGS_FIRST
    flags = LIVE;
    state = tenant * GENERATION | RUNNING;
#else
    state = tenant * GENERATION | RUNNING;
    flags = LIVE;
#endif
    there[tenant] = true;
    schedule()
}

inline begin() { /* (4), or the poll was certain */
    atomic {
        if
        :: !(state & RUNNING) -> state = state + RUNNING - NOTIFIED
        :: else -> state = state & ~NOTIFIED
        fi
    }
}

inline end() {
    lives = false;
#ifdef WEAKEN_END_FIRST
    state = (tenant + 1) * GENERATION;
    flags = LIVE | ENDED;
#else
    flags = LIVE | ENDED;
    state = (tenant + 1) * GENERATION;
#endif
    flags = 0 /* given back */
}

active proctype worker() {
    byte tenant, old;
    bool ready;
    for (tenant : 0 .. TENANTS - 1) {
        make();
        do
        :: atomic { queued > 0 -> queued-- }
           begin();
           hold();
           ready = event[tenant];
           release();
           if
           :: ready -> end(); break
           :: else -> let_go()
           fi
        od
    }
}

active proctype waker() {
    byte tenant, old;
    for (tenant : 0 .. TENANTS - 1) {
        there[tenant];
        event[tenant] = true;
        atomic { /* (1) (2) (3) */
            old = state;
            if :: (old & ~BITS) == tenant * GENERATION -> state = old | NOTIFIED :: else fi
        }
        if :: old == tenant * GENERATION -> schedule() :: else fi
    }
}

active proctype dumper() {
    byte seen, found, old;
    bool mine;
    do
    :: break
    ::
#ifdef WEAKEN_FLAGS_READ_FIRST
        found = flags;
        seen  = state;
#else
        seen  = state;
        found = flags;
#endif
        mine = false;
#ifdef WEAKEN_TAKES_QUEUED
        if
        :: found == LIVE && !(seen & RUNNING) ->
#else
        if
        :: found == LIVE && !(seen & BITS) ->
#endif
#ifdef WEAKEN_CLAIM_WITHOUT_SWAP
           mine = (state == seen);
           if :: mine -> state = seen | RUNNING :: else fi
#else
           atomic { if :: state == seen -> state = seen | RUNNING; mine = true :: else fi }
#endif
        :: else
        fi;
        if
        :: mine ->
           hold();
           release();
#ifdef WEAKEN_LET_GO
           state = state & ~RUNNING
#else
           let_go()
#endif
        :: else
        fi
    od
}

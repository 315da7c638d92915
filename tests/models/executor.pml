/* executor.pml: tasks on one thread, woken from elsewhere: the inbox, NOTIFIED, and memory that is used again.
 *
 * Mirrors src/executor/executor.c: wake, wants_push, take_inbox, poll_task; src/task/inbox.h; src/task/task.c:
 * fut__task_wake; src/task/life.h: fut__task_end, fut__task_recycle; `flights` with fut__scheduler_clear at the end. Two
 * tasks in two blocks of memory; the first block has two tenants, one after the other. Two other threads wake each of both,
 * with tags that may be out of date.
 * How the executor sleeps is park.pml: here it looks into the inbox for ever.
 *
 * Memory: the inbox is a list through `link`, and what is wrong with its order shows as a lost task. Messages are as in
 * task.pml: what a thread knows, it leaves with the state by a release, and with the inbox. The plain load in poll_task may be
 * old.
 *
 * Asserted: no block is twice in the inbox, or free while the inbox or the queue has it; only live tasks are polled; at
 * rest every message to a living task was got; after the clearing of the scheduler nobody calls schedule.
 */
#define NOTIFIED 1
#define GEN      4
#define TAG(s)   ((s) & ~3)
#define NONE     9

byte state[2], left[2];          /* left: what lies with the state */
byte link[2] = NONE;
byte inbox = NONE, inbox_left;
bool in_inbox[2], queued[2], ended[2], live[2] = true, in_use[2] = true;
byte written[2], got[2];         /* by task, a bit for each thread */
byte tag_of[4];                  /* by task and thread: 2 * task + me */
byte flights;
bool cleared;

inline wake(task, tag) {
    d_step { known = known | (1 << me); written[task] = written[task] | (1 << me); tag_of[2 * task + me] = tag; }
    if :: TAG(state[task]) != tag -> goto told :: else fi;
#ifndef WEAKEN_FLIGHTS
    flights++;
#endif
    d_step {
        old = state[task];
        if
        :: TAG(old) != tag -> old = 255
        :: else -> state[task] = old | NOTIFIED;
#ifndef WEAKEN_WAKE_RELEASE
                   left[task] = left[task] | known
#endif
        fi
    }
    if
    :: old == tag ->
        assert(!cleared);
#ifdef WEAKEN_LINK_LATE              /* the task is in the inbox before its link is written */
        d_step { assert(!in_inbox[task]); first = inbox; in_inbox[task] = true; inbox = task; inbox_left = inbox_left | known; }
        link[task] = first;
#else
        first = inbox;
        do
        :: link[task] = first;
            if
            :: d_step { inbox == first -> assert(!in_inbox[task]); in_inbox[task] = true; inbox = task;
                        inbox_left = inbox_left | known; } break
            :: else -> first = inbox
            fi
        od
#endif
    :: else
    fi;
#ifndef WEAKEN_FLIGHTS
    flights--;
#endif
told: skip;
}

proctype waker(byte me) {
    byte known, old, first, tag;
    if :: tag = 0 :: tag = 2 * GEN fi;
end:
    in_use[0] && TAG(state[0]) >= tag; /* the second tenant's wait for it, perhaps for ever */
    wake(0, tag)
}

proctype waker_of_second(byte me) { byte known, old, first; wake(1, 0) }

inline recycle(task) {
    atomic {
        if
#ifdef WEAKEN_RECYCLE                /* although the inbox still has its link */
        :: ended[task] && !queued[task] ->
#else
        :: ended[task] && !queued[task] && !(state[task] & NOTIFIED) ->
#endif
            assert(!in_inbox[task]);
            state[task] = state[task] + GEN; left[task] = 0; ended[task] = false; live[task] = false; in_use[task] = false
        :: else
        fi
    }
}

#define CLEAR_NOTIFIED state[task] = state[task] & ~NOTIFIED; in_inbox[task] = false

inline take_inbox() {
    atomic { task = inbox; inbox = NONE; oldest = NONE; known = known | inbox_left; }
    do
    :: task != NONE -> atomic { next = link[task]; link[task] = oldest; oldest = task; task = next; }
    :: else -> break
    od;
    task = oldest;
    do
    :: task != NONE ->
#ifdef WEAKEN_LINK_READ_LATE         /* from then on it may be in the inbox again */
        atomic { CLEAR_NOTIFIED; known = known | left[task]; }
        next = link[task];
#else
        next = link[task];
        atomic { CLEAR_NOTIFIED;     /* (8) */
#ifndef WEAKEN_TAKE_ACQUIRE
                 known = known | left[task];
#endif
        }
#endif
        if
        :: ended[task] -> recycle(task)
        :: else -> if :: !queued[task] -> queued[task] = true :: else fi
        fi;
        task = next
    :: else -> break
    od
}

inline end_of(task) {                /* (7), then the block goes back, unless something refers to it */
    atomic { state[task] = state[task] + GEN; ended[task] = true; }
    recycle(task)
}

inline poll(me_task) {
    atomic { assert(queued[me_task] && in_use[me_task]); queued[me_task] = false; task = me_task; old = state[task]; }
    if
    :: ended[task] -> recycle(task)
    :: else ->
        if :: old = TAG(old) :: skip fi; /* a plain load, perhaps an old value */
        if
        :: old & NOTIFIED            /* the inbox has it in a moment */
        :: else ->
            assert(live[task]);
            got[task] = got[task] | known;
            if
            :: !yielded -> yielded = true; /* its own wake, from inside of the poll */
                if :: d_step { state[task] == TAG(old) && !queued[task] -> queued[task] = true } :: else fi
            :: task == 0 && TAG(old) == 0 -> end_of(task)
            :: true
            fi
        fi
    fi
}

active proctype executor() {
    byte known, task, next, oldest, old;
    bool yielded;
end:
    do
    :: inbox != NONE -> take_inbox()
    :: queued[0] -> poll(0)
    :: queued[1] -> poll(1)
    :: !in_use[0] ->                 /* the next tenant: nobody knows the new generation */
        atomic { in_use[0] = true; live[0] = true; queued[0] = true; got[0] = 0 }
    :: cleared == false && yielded -> break /* its end: fut__scheduler_clear */
    od;
    atomic { state[0] = state[0] + GEN; state[1] = state[1] + GEN; }
    flights == 0;                    /* the acquire: what the wakes have put into the inbox is there */
    cleared = true;
    take_inbox();
    assert(inbox == NONE)
}

#define LOST(t, w) (written[t] & (1 << (w)) && tag_of[2 * (t) + (w)] == TAG(state[t]) && !(got[t] & (1 << (w))))

init {
    atomic { run waker(0); run waker(1); run waker_of_second(0) }
    timeout ->
    assert(cleared || (inbox == NONE && !queued[0] && !queued[1]));
    assert(cleared || !(live[0] && (LOST(0, 0) || LOST(0, 1))));
    assert(cleared || !LOST(1, 0))
}

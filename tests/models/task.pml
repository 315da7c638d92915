/* task.pml: the state word of one task, two workers that may run it, two threads that wake it.
 *
 * Mirrors src/task/state.h: (1) (2) (3) fut__task_wake; (4) to (7) as in fut_task_run, and, in begin(), as an executor of
 * several threads may do it: RUNNING also stands for a task that waits on a queue for a certain poll, after spawn and
 * after a YIELD; the end is a plain store. The memory has two tenants, one after the other; wakers of both are about at any
 * time.
 *
 * The queue is a set of tasks here.
 *
 * Memory: what a thread knows is a set of messages (a bit for each waker) and a version of the frame. A release leaves
 * what its thread knows with the word, an acquire takes what lies there; read-modify-writes only add to it; a plain store
 * replaces it. A poll that does not know a message does not get it. (It may get more than it must know: `luck`.) A plain load
 * of the word may be old.
 *
 * Asserted: one poll at a time; only a live task is polled, and on the queue at most once; each poll knows the frame of the
 * last one; at rest, every message to a living task was got: no lost wake.
 */
#define NOTIFIED 1
#define RUNNING  2
#define GEN      4
#define TAG(s)   ((s) & ~3)

byte state = RUNNING;            /* spawned; the spawner knows nothing that matters */
byte left_known, left_frame;     /* what lies with the state */
byte queue_known, queue_frame;   /* with the queue           */
bool on_queue = true, polling, live = true;
byte frame, written, got;        /* truth: the version, messages sent, messages a poll has seen */
byte tag_of[2];                  /* whom the message was for */

#define RELEASE_STATE left_known = left_known | known; left_frame = (my_frame > left_frame -> my_frame : left_frame)
#define ACQUIRE_STATE known = known | left_known; my_frame = (left_frame > my_frame -> left_frame : my_frame)

#ifdef WEAKEN_QUEUE_RELEASE
#define PUBLISH_QUEUE queue_known = 0; queue_frame = 0
#else
#define PUBLISH_QUEUE queue_known = known; queue_frame = my_frame
#endif

inline push() { d_step { assert(!on_queue); assert(live); on_queue = true; PUBLISH_QUEUE; } }

/* fut__task_wake: the loop of compare-and-swaps is one step. */
inline wake(tag) {
    d_step {
        old = state;
        known = known | (1 << me);
        written = written | (1 << me);
        tag_of[me] = tag;
    }
#ifdef WEAKEN_NOTIFIED_LOAD          /* (2) as a load: already NOTIFIED, go */
    if :: (old & NOTIFIED) && TAG(old) == tag -> goto told :: else fi;
#endif
    d_step {
        old = state;
#ifndef WEAKEN_TAG
        if
        :: TAG(state) != tag -> old = 255
        :: else ->
#else
        if
        :: true ->
#endif
            state = state | NOTIFIED;
#ifndef WEAKEN_WAKE_RELEASE
            RELEASE_STATE;
#endif
            ACQUIRE_STATE;
        fi
    }
#ifdef WEAKEN_RUNNING_IGNORED        /* (3) schedules, too */
    if :: old == tag || old == (tag | RUNNING) -> push() :: else fi;
#else
    if :: old == tag || (old != 255 && !(old & 3)) -> push() :: else fi;
#endif
told: skip;
}

proctype waker(byte me; byte tag) {
    byte known, my_frame, old;
end:
    tag == 0 || TAG(state) == tag; /* the second tenant's wait for it, perhaps for ever */
    wake(tag)
}

inline begin() {
    old = state;
    if :: old = old & ~NOTIFIED :: skip fi; /* a plain load, perhaps an old value */
    if
    :: !(old & RUNNING) ->
        d_step { assert((state & 3) == NOTIFIED); state = state + RUNNING - NOTIFIED; /* (4) */
#ifndef WEAKEN_RUN_ACQUIRE
                 ACQUIRE_STATE;
#endif
                 RELEASE_STATE; }
    :: (old & RUNNING) && (old & NOTIFIED) -> d_step { state = state & ~NOTIFIED;
#ifndef WEAKEN_BEGIN_ACQUIRE
                 ACQUIRE_STATE;
#endif
                 RELEASE_STATE; }
    :: else
    fi
}

active [2] proctype worker() {
    byte known, my_frame, old;
end:
    do
    :: d_step { on_queue -> on_queue = false; known = known | queue_known;
                my_frame = (queue_frame > my_frame -> queue_frame : my_frame); }
        begin();
        d_step { assert(!polling); polling = true; assert(live); assert(my_frame == frame); }
        if :: known = known | written :: skip fi; /* luck */
        d_step { got = got | known; frame++; my_frame = frame; }
        d_step { polling = false; }
        if
        :: frame < 3 -> push()               /* YIELD */
        :: true ->
            d_step { old = state;                 /* (5) (6) */
#ifdef WEAKEN_PENDING_STORE
                     state = TAG(state);
#else
                     state = state & ~RUNNING;
#endif
#ifndef WEAKEN_PENDING_RELEASE
                     RELEASE_STATE;
#endif
                     /* what it acquires nobody needs: (4) does so again */
                   }
            if :: old & NOTIFIED -> push() :: else fi
        :: TAG(state) == 0 ->                /* READY (7), and the next tenant moves in */
#ifdef WEAKEN_END_LATE                       /* the memory is given back before the generation moves */
            d_step { live = false; left_known = known; left_frame = my_frame; }
            d_step { state = 2 * GEN; }
#else
            d_step { state = TAG(state) + GEN; left_known = known; left_frame = my_frame; }
            d_step { live = false; }
#endif
            d_step { state = 2 * GEN | RUNNING; left_known = 0; left_frame = 0; live = true; } /* relaxed */
            push()
        :: TAG(state) == 2 * GEN -> d_step { state = 3 * GEN; live = false; }
        fi
    od
}

init {
    atomic {
        run waker(0, 0);
        if :: run waker(1, 0) :: run waker(1, 2 * GEN) fi
    }
    timeout -> /* everybody is at rest */
    assert(!on_queue && !polling);
    assert(!live || (state & 3) == 0);
    assert(!live || !(written & 1) || tag_of[0] != TAG(state) || (got & 1));
    assert(!live || !(written & 2) || tag_of[1] != TAG(state) || (got & 2));
}

/* idle.pml: which workers sleep, who searches, and who is to be woken.
 *
 * Mirrors src/runtime/idle.h and idle.c: fut__idle_enter (1) (2), fut__idle_leave, fut__idle_choose; and
 * src/runtime/worker.c: ring, tell_one, send_to, search, stop_searching, sleep_until_rung (3) (4). Two workers; two
 * makers of free tasks, which lie in the common inbox, or one of a task that is bound to worker 0, in that one's inbox.
 * A worker may also be woken once by something else: a timer, a descriptor. And one poll may last for ever.
 *
 * Memory: the steps (1) and (2), the bell's swap and the pushes are read-modify-writes. A load that no fence holds back
 * may have happened before the step in front of it. The plain store of `armed` is released by (1).
 *
 * Asserted: at rest no task lies in an inbox, but one that is bound to a worker which is stuck in a poll: none was left
 * alone. Who is not stuck sleeps, and nobody is counted as searching.
 */
byte common, bound;              /* tasks in the inboxes */
byte searching, asleep;          /* asleep: a bit for each worker */
bool armed[2], bell[2];
byte surprises = 1, stuck;       /* stuck: the worker, and one, whose poll does not end */

inline ring(w) {
    if
    :: armed[w] ->
        if :: d_step { armed[w] -> armed[w] = false } bell[w] = true :: else fi
    :: else
    fi
}

/* After a push. The two loads may come in either order. */
inline tell_one() {
    do
    ::
#ifdef WEAKEN_FENCE_IN_CHOOSE
        if :: early == 1 -> early = 0; break :: early == 2 -> early = 0 :: else fi;
#endif
        if
        :: atomic { searching -> break }
        :: atomic { !asleep -> break }
        :: else
        fi;
        if
        :: d_step { searching == 0 -> searching = 1 }
            if
            :: d_step { asleep & 1 -> asleep = asleep & ~1 } ring(0); break
            :: d_step { asleep == 2 -> asleep = 0 } ring(1); break
            :: else
            fi;
            searching--;             /* once more */
#ifdef WEAKEN_ONCE_MORE
            break
#endif
        :: else
        fi
    od
}

inline make_free() {
#ifdef WEAKEN_FENCE_IN_CHOOSE        /* its loads come before its push: 1: it tells nobody */
    early = (searching || !asleep -> 1 : 2);
#endif
    common++;
    tell_one()
}

inline make_bound() {
#ifdef WEAKEN_FENCE_IN_SEND          /* the load of `armed` comes before the push */
    early = armed[0];
    bound++;
    if :: early -> ring(0) :: else fi
#else
    bound++;
    ring(0)
#endif
}

active [2] proctype maker() {
    byte early;
    if
    :: make_free()
    :: _pid == 0 -> make_bound()
    fi
}

/* A searcher has found something: if it was the last one, others may have trusted it. */
inline stop_searching() {
#ifdef WEAKEN_FENCE_IN_STOP
    nothing = !common;
    atomic { last = (searching == 1); searching--; mine = false }
#else
    atomic { last = (searching == 1); searching--; mine = false }
    nothing = !common;
#endif
#ifdef WEAKEN_PROMISE
    last = false;
#endif
    if
    :: atomic { last && !nothing -> last = false } tell_one()
    :: atomic { else -> last = false; nothing = false }
    fi
}

inline poll() {
    if
    :: atomic { !stuck -> stuck = me + 1 }
end_stuck: false
    :: true
    fi
}

/* (1) (2) (3) */
inline enter() {
    armed[me] = true;
#ifdef WEAKEN_FENCE_IN_ENTER         /* the look comes first */
    nothing = !(common || (bound && me == 0));
#endif
#ifdef WEAKEN_LATE_ENTER             /* (3), then (2) */
    asleep = asleep | (1 << me);
    nothing = !(common || (bound && me == 0));
    if :: atomic { mine -> searching--; mine = false } :: else fi;
#else
    asleep = asleep | (1 << me);     /* (1) */
    if :: atomic { mine -> searching--; mine = false } :: else fi; /* (2) */
#ifndef WEAKEN_FENCE_IN_ENTER
    nothing = !(common || (bound && me == 0)) /* (3) */
#endif
#endif
#ifdef WEAKEN_SECOND_LOOK
    nothing = true
#endif
}

proctype worker(byte me) {
    bool mine, last, nothing;        /* mine: it is counted in `searching` */
#ifdef WEAKEN_FENCE_IN_CHOOSE
    byte early;
#endif
    do
    :: atomic { me == 0 && bound -> bound-- }
        if :: mine -> stop_searching() :: else fi;
        poll()
    :: atomic { !mine -> searching++; mine = true }
    :: atomic { mine && common -> common-- }
        stop_searching();
        poll()
    :: atomic { mine && !common && !(bound && me == 0) -> skip }
        enter();
        if
        :: nothing ->
end_asleep: if
            :: d_step { bell[me] -> bell[me] = false }
            :: d_step { surprises > 0 -> surprises-- }
            fi
        :: else
        fi;
        armed[me] = false;
        d_step { mine = !(asleep & (1 << me)); asleep = asleep & ~(1 << me) }
#ifndef WEAKEN_SEARCH_AGAIN          /* (4): it does not sleep, so it searches on, and keeps its promise then */
        if :: atomic { !mine && !nothing -> searching++; mine = true } :: else fi;
#endif
        nothing = false;
#ifdef WEAKEN_COUNTED                /* it does not know that it is counted as searching */
        mine = false
#endif
    od
}

init {
    atomic { run worker(0); run worker(1) }
    timeout -> assert(common == 0 && (bound == 0 || stuck == 1));
    assert(searching == 0 && asleep == 3 - stuck)
}

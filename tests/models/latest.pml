/* latest.pml: the slot for the task that a worker made ready last, between two workers that sleep.
 *
 * Mirrors src/runtime/run_queue.h: fut__queue_put_latest (e), fut__queue_take_latest (f); and src/runtime/worker.c:
 * push_latest, take, tell_of_the_rest, announce, steal, stop_searching, sleep_until_rung. The ring is run_queue.pml's and
 * here a channel, in which nothing goes wrong; how a sleeper is rung is idle.pml's: here whoever takes its bit away has
 * woken it.
 *
 * One task comes from outside, bound to worker 0 or not. Polls of worker 0 may make others, as long as there are numbers;
 * so may its driver, while it sleeps. One of its polls may last for ever. The other worker has only what it finds and
 * steals.
 *
 * Memory: what a thread knows is the set of tasks that it has seen written. A release leaves that with the slot, an
 * acquire takes what lies there; swaps only add to it; a plain store replaces it.
 *
 * Asserted: no task runs twice, or before its memory is visible; at rest all have run, but one, alone, that a poll without
 * end has made as its first or third: nobody is told of that one, since its worker would poll it next.
 */
#define NONE   0
#ifndef MANY
#define MANY   3
#endif
#define BIT(t) (1 << (t))

byte slot[2], slot_left[2];      /* those of worker 1 stay empty */
byte polls[2];
chan ring[2] = [MANY] of { byte };
chan common = [1] of { byte };
chan inbox = [1] of { byte };    /* of worker 0: bound to it */
byte searching, asleep;          /* asleep: a bit for each worker */
byte next = 1, ran, surprises = 1;
bool stuck;                      /* worker 0 is in a poll that does not end */
bool alone;                      /* and nobody was told of the task that it made last */

#define OTHER     (1 - me)
#define LENGTH(w) (len(ring[w]) + (slot[w] != NONE))

inline tell_one() {
    do
    ::  if
        :: atomic { searching || !asleep -> break }
        :: else
        fi;
        if
        :: d_step { searching == 0 -> searching = 1 }
            if
            :: d_step { asleep & 1 -> asleep = asleep & ~1 } break
            :: d_step { asleep == 2 -> asleep = 0 } break
            :: else
            fi;
            searching--
        :: else
        fi
    od
}

active proctype maker() {
    byte t;
    if
    :: d_step { t = next; next++; common!t; t = 0 } tell_one()
    :: d_step { t = next; next++; inbox!t; t = 0 }
    fi
}

/* ---- the slot */

inline put_latest(t) {
    if
    :: slot[me] == NONE ->           /* only the owner fills it, so nobody comes in between */
        d_step {
            slot[me] = t;            /* (e) */
#ifdef WEAKEN_E_STORE
            slot_left[me] = 0
#else
            slot_left[me] = known
#endif
        }
    :: else ->
#ifdef WEAKEN_DISPLACE               /* by a load and a store */
        old = slot[me];
        d_step { slot[me] = t; slot_left[me] = known }
#else
        d_step {
            old = slot[me]; slot[me] = t; /* (e) */
#ifndef WEAKEN_E_SWAP
            slot_left[me] = slot_left[me] | known
#endif
        }
#endif
        if :: atomic { old != NONE -> ring[me]!old; old = NONE } :: else fi
    fi
}

inline take_latest(w) {
    if
    :: slot[w] != NONE ->
#ifdef WEAKEN_TAKE                   /* by a load and a store */
        task = slot[w];
        d_step { slot[w] = NONE; known = known | slot_left[w] }
#else
        d_step {
            task = slot[w]; slot[w] = NONE; /* (f) */
#ifndef WEAKEN_F
            known = known | slot_left[w];
#endif
            slot_left[w] = slot_left[w] | known
        }
#endif
    :: else
    fi
}

/* The ring and the inbox publish what lies in them: run_queue.pml, executor.pml. */
inline take_from(queue) { d_step { if :: len(queue) -> queue?task; known = known | BIT(task) :: else fi } }

/* ---- polls */

inline make() { atomic { fresh = next; next++; known = known | BIT(fresh) } put_latest(fresh); fresh = NONE }

inline announce() {
#ifdef WEAKEN_ANNOUNCE               /* as if the slot were nobody's business */
    if :: len(ring[me]) > 1 -> tell_one() :: else fi
#else
    n = len(ring[me]);
    if :: n + (slot[me] != NONE) > 1 -> tell_one() :: else fi;
    n = 0
#endif
}

inline poll() {
    d_step {
        assert(!(ran & BIT(task)));
        assert(known & BIT(task));
        ran = ran | BIT(task);
        task = NONE
    }
    do
    :: me == 0 && next <= MANY -> make(); pushed++;
        if :: pushed == 2 -> tell_one() :: else fi
    :: break
    od;
    if
    :: d_step { me == 0 && !stuck -> stuck = 1; alone = (pushed & 1) }
end_stuck: false
    :: skip
    fi;
    polls[me]++;
    if :: pushed -> announce() :: else fi;
    pushed = 0
}

inline stop_searching() {
    d_step { last = (searching == 1); searching--; mine = false }
    if
    :: last ->
#ifdef WEAKEN_STOP
        n = len(ring[me]);
#else
        n = len(ring[me]); n = n + (slot[me] != NONE);
#endif
        if :: n == 0 -> look() :: else fi;
        if :: n -> tell_one() :: else fi
    :: else
    fi;
    atomic { last = false; n = 0 }
}

/* n: there is something to be taken from the other. One alone is worth it only if no poll ended meanwhile. */
inline is_worth_it() {
#ifdef WEAKEN_POLLS_FIRST
    seen = polls[OTHER];
#endif
    n = len(ring[OTHER]);
#ifndef WEAKEN_LOOK
    n = n + (slot[OTHER] != NONE);
#endif
#ifndef WEAKEN_POLLS_FIRST
    seen = polls[OTHER];
#endif
    if
    :: n == 1 -> n = (polls[OTHER] == seen && LENGTH(OTHER) > 0 -> 1 : 0)
    :: else
    fi;
    seen = 0
}

inline look() {
    n = len(common) + (me == 0 && len(inbox));
    if :: n == 0 -> is_worth_it() :: else fi
}

inline steal() {
    is_worth_it();
    if
    :: n ->
        take_from(ring[OTHER]);
        if :: task == NONE -> take_latest(OTHER) :: else fi
    :: else
    fi;
    n = 0
}

/* A task from the common queue or the inbox goes before one that is alone and was told to nobody. */
inline take_first(queue) {
    take_from(queue);
#ifndef WEAKEN_REST
    if :: task != NONE && !mine && LENGTH(me) > 0 -> tell_one() :: else fi
#endif
}

proctype worker(byte me) {
    byte task, old, fresh, known, n, pushed, seen;
    bool mine, last;
    do
    ::  if
        :: len(common) -> take_first(common)
        :: me == 0 && len(inbox) -> take_first(inbox)
        :: slot[me] != NONE -> take_latest(me)
        :: len(ring[me]) -> take_from(ring[me])
        :: slot[me] == NONE && !len(ring[me]) && !(me == 0 && len(inbox)) -> skip
        fi;
        if
        :: task == NONE && slot[me] == NONE && !len(ring[me]) ->
            if :: d_step { !mine -> searching++; mine = true } :: else fi;
            take_from(common);
            if :: task == NONE -> steal() :: else fi
        :: else
        fi;
        if
        :: task != NONE -> if :: mine -> stop_searching() :: else fi; poll()
        :: task == NONE && slot[me] == NONE && !len(ring[me]) -> /* it sleeps */
            asleep = asleep | (1 << me);                      /* (1) */
            if :: d_step { mine -> searching--; mine = false } :: else fi; /* (2) */
            look();                                            /* (3) */
            if
            :: n == 0 ->
end_asleep:     if
                :: !(asleep & (1 << me)) || (me == 0 && len(inbox))
                :: d_step { me == 0 && surprises && next <= MANY -> surprises-- } make()
                fi
            :: else
            fi;
            d_step { mine = !(asleep & (1 << me)); asleep = asleep & ~(1 << me) }
            if :: d_step { n && !mine -> searching++; mine = true } :: else fi;
            n = 0;
            announce()
        :: else
        fi
    od
}

init {
    atomic { run worker(0); run worker(1) }
    timeout ->
    assert(len(common) == 0 && (stuck || len(inbox) == 0));
    assert(LENGTH(0) == 0 || (stuck && alone && LENGTH(0) == 1));
    assert(LENGTH(1) == 0);
    assert(stuck || ran == BIT(next) - 2);
    assert(searching == 0)
}

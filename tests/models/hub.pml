/* hub.pml: children under one task: the inbox of woken spokes, and the task's waker, which changes while others use it.
 *
 * Mirrors src/set/hub.h and hub.c: wake_elsewhere (1) (2), wake_outer with WAKING, write_waker with REGISTERING, fut__hub_listen,
 * fut__hub_take_inbox (3), fut__spoke_end (4), fut__spoke_recycle. Two spokes, three threads that wake them; the owner polls
 * the hub under a first waker, then under a second one, which is another task: a wake of the first one reaches nobody then.
 *
 * Memory: each thread knows so many of the pushes into the inbox; a release leaves what it knows with `ringing` or with the task's
 * waker, an acquire takes it from there. The owner's first look at the inbox is a plain load: it may miss what the owner does
 * not know. Messages likewise, by the state of the spoke. The waker is two words, and they are written one after the other.
 *
 * Asserted: nobody reads the waker while it is written; at rest the inbox is empty, and every message to a living child
 * was got: no lost wake; a spoke is in the inbox at most once, and not free meanwhile.
 */
#define NOTIFIED    1
#define GENERATION  2
#define REGISTERING 1
#define WAKING      2
#define NONE        9

byte state[2], left[2], link[2] = NONE;
bool in_inbox[2], queued[2], in_use[2] = true;
byte inbox = NONE, inbox_left, pushes;   /* pushes: how many there were */
byte ringing, ringing_left;      /* the pushes that an acquire of `ringing` shows */
byte first_word = 1, second_word = 1;    /* the waker: that of task 1, or of task 2 */
bool woken[3];                   /* the tasks' states: to be polled */
byte woken_left;                 /* the pushes that the poll of a woken task knows */
byte written, got;               /* a bit for each thread */

#define KNOW(what) knows = (what > knows -> what : knows)
#define LEAVE(what) what = (knows > what -> knows : what)

inline wake_outer() {
    atomic { before = ringing;
             ringing = ringing | WAKING;
             KNOW(ringing_left);
#ifndef WEAKEN_WAKING_RELEASE
             LEAVE(ringing_left)
#endif
    }
    if
    :: before -> skip
    :: else ->
#ifdef WEAKEN_WAKE_FIRST             /* it wakes, then takes WAKING away */
        a = first_word; assert(a == second_word);
        atomic { woken[a] = true; LEAVE(woken_left) }
        atomic { ringing = ringing & ~WAKING; LEAVE(ringing_left) }
#else
#ifdef WEAKEN_READ_LATE              /* WAKING is gone before the waker is read */
        atomic { ringing = ringing & ~WAKING; KNOW(ringing_left); LEAVE(ringing_left) }
        a = first_word; assert(a == second_word);
#else
        a = first_word; assert(a == second_word);
        atomic { ringing = ringing & ~WAKING;
#ifndef WEAKEN_CLEAR_ACQUIRE
                 KNOW(ringing_left);
#endif
                 LEAVE(ringing_left) }
#endif
        atomic { woken[a] = true; LEAVE(woken_left) }
#endif
    fi
}

proctype waker(byte me; byte spoke) {
    byte knows, before, first, a;
    written = written | (1 << me);
#ifdef WEAKEN_NOTIFIED_LOAD          /* (2) as a load */
    if :: state[spoke] == NOTIFIED -> goto told :: else fi;
#endif
    atomic {
        before = state[spoke];
        if
        :: before / GENERATION == 0 -> state[spoke] = before | NOTIFIED;
#ifndef WEAKEN_STATE_RELEASE
            left[spoke] = left[spoke] | (1 << me)
#endif
        :: else -> before = NOTIFIED /* another child's */
        fi
    }
    if
    :: before & NOTIFIED
    :: else ->
        first = inbox;
        do
        :: link[spoke] = first;
            if
            :: atomic { inbox == first -> assert(!in_inbox[spoke] && in_use[spoke]); in_inbox[spoke] = true; inbox = spoke;
                        pushes++; knows = pushes } break
            :: else -> first = inbox
            fi
        od;
        wake_outer()
    fi;
told:
    skip
}

inline recycle(spoke) {
    atomic {
        if
#ifdef WEAKEN_RECYCLE
        :: state[spoke] / GENERATION && !queued[spoke] ->
#else
        :: state[spoke] / GENERATION && !queued[spoke] && !(state[spoke] & NOTIFIED) ->
#endif
            assert(!in_inbox[spoke]); in_use[spoke] = false
        :: else
        fi
    }
}

inline take_inbox() {
    atomic { spoke = inbox; inbox = NONE; KNOW(pushes); oldest = NONE }
    do
    :: spoke != NONE -> atomic { next = link[spoke]; link[spoke] = oldest; oldest = spoke; spoke = next }
    :: else -> break
    od;
    spoke = oldest;
    do
    :: spoke != NONE ->
#ifdef WEAKEN_LINK_READ_LATE
        atomic { state[spoke] = state[spoke] & ~NOTIFIED; in_inbox[spoke] = false; mine = mine | left[spoke] }
        next = link[spoke];
#else
        next = link[spoke];
        atomic { state[spoke] = state[spoke] & ~NOTIFIED; in_inbox[spoke] = false; /* (3) */
#ifndef WEAKEN_TAKE_ACQUIRE
                 mine = mine | left[spoke]
#endif
        }
#endif
        if
        :: state[spoke] / GENERATION -> recycle(spoke)
        :: else -> queued[spoke] = true
        fi;
        spoke = next
    :: else -> break
    od
}

/* The inbox, by a plain load: what is known to be there is seen. */
inline look() {
    if
    :: inbox == NONE
    :: inbox != NONE && knows < pushes -> skip
    :: inbox != NONE -> take_inbox()
    fi
}

/* From now on task 2 owns the hub. REGISTERING by a swap from 0, or not yet: then it yields. hub.c yields, too, where WAKING came
 * meanwhile. That would not be needed: the look that follows finds what the wake was for. */
inline change_waker() {
    if
    :: atomic { ringing == 0 -> ringing = REGISTERING; KNOW(ringing_left) }
        first_word = 2;
        second_word = 2;
        atomic { ringing = 0; registered = 2;
#ifndef WEAKEN_REGISTER_ACQUIRE
                 KNOW(ringing_left);
#endif
                 LEAVE(ringing_left) }
#ifdef WEAKEN_WAIT_FOR_NOBODY        /* although somebody reads the old one */
    :: ringing != 0 -> first_word = 2; second_word = 2; registered = 2
#else
    :: atomic { ringing != 0 -> woken[2] = true } goto over
#endif
    fi
}

active proctype owner() {
    byte knows, mine, spoke, next, oldest, registered = 1, current = 1;
end:
    do
    :: atomic { woken[current] -> woken[current] = false;
                KNOW(woken_left) }
turn:
#ifdef WEAKEN_LOOK_FIRST
        look();
        if :: registered != current -> change_waker() :: else fi;
#else
        if :: registered != current -> change_waker() :: else fi;
        look();
#endif
        do
        :: queued[0] -> queued[0] = false; got = got | mine;
            if :: state[0] / GENERATION == 0 -> atomic { state[0] = state[0] + GENERATION } recycle(0) /* READY (4) */
               :: true
            fi
        :: queued[1] -> queued[1] = false; got = got | mine
        :: else -> break
        od;
over:   skip
    :: current == 1 -> current = 2; goto turn /* polled under another task's waker from now on */
    od
}

init {
    byte spoke;
    atomic { if :: spoke = 0 :: spoke = 1 fi; run waker(0, 0); run waker(1, spoke); run waker(2, 1) }
    timeout ->
    assert(inbox == NONE && ringing == 0);
    assert(got & 4 && (state[0] / GENERATION || got & 1) && (state[spoke] / GENERATION || got & 2))
}

/* mutex.pml: the lock of a waiter list (one bit of a word), and a mutex made of it, which is handed over.
 *
 * Mirrors src/sync/waiters.h: fut__enter, fut__leave, fut__queue, fut__take_out, fut__poll_waiter, fut__leave_line;
 * src/sync/mutex.c and include/future/mutex.h: the two fast paths, begin, unlock_slow, drop. Three lockers; some give up while they wait, perhaps.
 * Who locks it last destroys it after that: all the others had it before.
 * semaphore, notify, event and the other lists have the same lock, list and waiter.
 *
 * Memory: what lies under a lock is a version; who enters has to know the latest. fut__leave and the fast unlock release what their
 * thread knows, fut__enter and the fast lock acquire it; so do a grant (the waiter's state) and its poll.
 *
 * Asserted: one owner at a time, who knows what the last one wrote; one at a time inside of the list's lock, likewise; nobody
 * touches the mutex after its end; at rest nobody waits: no lost wake, no lost grant.
 */
#define BUSY    1
#define LOCKED  2
#define WAITERS 4
#define NOT     0
#define QUEUED  1
#define GRANTED 2
#define N       3

byte word, state[N], list[N], length;
bool woken[N], destroyed;
byte version, owners, served;    /* of what the mutex protects */
byte list_version, inside;       /* of the list */
byte left, list_left, granted_left[N]; /* what lies with the word, and with a waiter's state */

#define USES assert(!destroyed)
#define ACQUIRE knows = (left > knows -> left : knows); list_knows = (list_left > list_knows -> list_left : list_knows)

inline enter() {
    atomic { !(word & BUSY) -> USES; seen = word; word = word | BUSY;
#ifndef WEAKEN_ENTER_ACQUIRE
             ACQUIRE;
#endif
             inside++; assert(inside == 1 && list_knows == list_version) }
}
/* A plain store, as nobody else changes the word meanwhile. */
inline leave(value) {
    atomic { USES; inside--; list_version++; list_knows = list_version; word = value;
#ifndef WEAKEN_LEAVE_RELEASE
             left = knows; list_left = list_knows
#endif
    }
}

inline take_out_first() {
    atomic { first = list[0]; list[0] = list[1]; list[1] = list[2]; list[2] = 0; length--;
             state[first] = GRANTED; granted_left[first] = knows }
}

inline unlock() {
    owners--;
    if
    :: atomic { word == LOCKED -> USES; word = 0; /* the fast path */
#ifndef WEAKEN_UNLOCK_RELEASE
                left = knows; list_left = (list_knows > list_left -> list_knows : list_left)
#endif
       }
    :: atomic { word != LOCKED -> skip }
        enter();
        first = N;
        if :: length -> take_out_first() :: else fi;
#ifdef WEAKEN_FREE                   /* free for a moment, although it is handed over */
        to = (length -> WAITERS : 0); leave(to)
#else
        to = (length -> WAITERS : 0); to = (first == N -> 0 : (LOCKED | to)); leave(to)
#endif
        if :: first < N -> woken[first] = true :: else fi
    fi
}

inline leave_line() {
    enter();
    queued = (state[me] == QUEUED);
#ifdef WEAKEN_LEAVE_LINE             /* it stays in the list */
    leave(seen);
#else
    if
    :: queued -> atomic { if :: list[0] == me -> list[0] = list[1]; list[1] = list[2]
                             :: list[0] != me && list[1] == me -> list[1] = list[2]
                             :: else fi; length--; list[2] = 0 }
    :: else
    fi;
    to = (length -> (seen) : (seen & ~WAITERS)); leave(to);
#endif
    if
    :: queued
#ifndef WEAKEN_DROP_GRANTED          /* nobody gives back what it was given */
    :: !queued -> owners++; unlock()
#else
    :: !queued
#endif
    fi
}

proctype locker(byte me) {
    byte seen, knows, list_knows, first, to;
    bool queued, last, impatient;
    if :: impatient = true :: skip fi;
    if
    :: atomic { word == 0 -> USES; word = LOCKED; /* the fast path */
#ifndef WEAKEN_LOCK_ACQUIRE
                ACQUIRE
#endif
       } goto locked
    :: true
    fi;
    enter();                         /* begin */
    if
    :: !(seen & LOCKED) -> leave(seen | LOCKED); goto locked
    :: else
    fi;
    atomic { list[length] = me; length++; state[me] = QUEUED }
#ifdef WEAKEN_WAITERS                /* the fast unlock does not know that somebody waits */
    leave(seen);
#else
    leave(seen | WAITERS);
#endif
    do
    :: woken[me] -> woken[me] = false;
        if :: state[me] != QUEUED -> break :: else fi
    :: state[me] == GRANTED -> break /* a poll for nothing, which finds it */
    :: impatient -> leave_line(); goto out
    od;
    atomic { !(word & BUSY) -> USES; ACQUIRE } /* settle; notify.pml is about that */
    knows = (granted_left[me] > knows -> granted_left[me] : knows);
locked:
    atomic { owners++; served++; last = (served == N);
             assert(owners == 1 && knows == version); version++; knows = version }
    unlock();
    if :: last -> destroyed = true :: else fi;
    goto over;
out:
    served++;
over: skip
}

init {
    atomic { run locker(0); run locker(1); run locker(2) }
    timeout -> assert(word == 0 && length == 0)
}

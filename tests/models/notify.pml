/* notify.pml: the last moment of an object: who was granted something goes on, and frees the memory.
 *
 * Mirrors src/sync/waiters.h: fut__take_out, fut__state, fut__poll_waiter with fut__settle, fut__queue, fut__leave; src/sync/notify.c:
 * fut_notify_one, take_permit_or_queue, notify_wait_drop. A thread notifies; a future waits, and frees the notify as soon as it is
 * READY, or has been dropped after the notification. Semaphore, event, barrier, once, oneshot: the same last moment.
 *
 * Memory: what the notifying thread wrote before lies with the waiter's state, and with the word; who is READY has to know it. The
 * store of the state is seen before that of the word, or both at once.
 *
 * Asserted: nobody touches the memory after its end; who is READY knows what was written before the notification; the waiter
 * is woken.
 */
#define BUSY   1
#define PERMIT 2
#define QUEUED  1
#define GRANTED 2

byte word, state;
bool linked, woken, freed;
bool left_with_word, left_with_state; /* the message */

#define USES assert(!freed)

inline enter() { atomic { !(word & BUSY) -> USES; seen = word; word = word | BUSY; knows = knows || left_with_word } }
#ifdef WEAKEN_LEAVE_RELEASE
#define LEAVE(value) atomic { USES; word = value }
#else
#define LEAVE(value) atomic { USES; word = value; left_with_word = left_with_word || knows }
#endif

active proctype notifier() {
    byte seen;
    bool knows = true, first;        /* it wrote the message */
    enter();
    first = linked;
    if
    :: first ->
        linked = false;
#ifdef WEAKEN_TAKE_OUT_RELEASE
        state = GRANTED;
#else
        atomic { state = GRANTED; left_with_state = knows }
#endif
        LEAVE(seen)
    :: !first -> LEAVE(seen | PERMIT)
    fi;
    woken = first
}

active proctype waiter() {
    byte seen;
    bool knows;
    enter();                         /* take_permit_or_queue */
    if
    :: seen & PERMIT -> LEAVE(seen & ~PERMIT) goto ready
    :: else -> linked = true; state = QUEUED; LEAVE(seen)
    fi;
    if
    :: woken                         /* and it is polled */
    :: true                          /* a poll for nothing, or in vain */
    fi;
    if
    :: state == QUEUED -> woken
    :: else
    fi;
    assert(state == GRANTED);
#ifndef WEAKEN_STATE_ACQUIRE
    knows = knows || left_with_state;
#endif
#ifndef WEAKEN_SETTLE
    atomic { !(word & BUSY) -> USES }
#endif
ready:
    assert(knows);
    freed = true
}

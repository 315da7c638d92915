/* thread.pml: a plain thread that waits: a count of wakes, and who sleeps at it.
 *
 * Mirrors src/sync/thread.c: wake, sleep_at, fut_wait_on_thread. Two threads wake, the second for another waiter of the same
 * place. Comparing the count and going to sleep is one step, as a futex does it, or a condition variable with its mutex. (Linux compares
 * behind a barrier of its own; the other systems need the fence of sleep_at.)
 *
 * Memory: a load that no fence holds back may have happened before the step in front of it. What a waking thread wrote lies with
 * the count.
 *
 * Asserted: the wait ends, and its last poll knows what was written before the wake.
 */
byte count, sleepers, futex;     /* futex: how often sleepers were woken */
bool left, message;

proctype waker(bool for_us) {
    bool early;
    early = (sleepers > 0);
    if :: for_us -> message = true :: else fi;
    atomic { count++;
#ifndef WEAKEN_COUNT_RELEASE
             left = left || for_us
#endif
    }
#ifndef WEAKEN_FENCE_IN_WAKE
    early = (sleepers > 0);
#endif
    if :: early -> futex++ :: else fi
}

active proctype waiter() {
    byte seen, again, woken;
    bool knows;
    do
    ::
#ifdef WEAKEN_SEEN_LATE              /* the poll, then the count */
        if :: knows -> break :: else fi;
        atomic { seen = count; knows = knows || left }
#else
        atomic { seen = count;
#ifndef WEAKEN_SEEN_ACQUIRE
                 knows = knows || left
#endif
        }
        if :: knows -> break :: else fi; /* the poll */
#endif
        again = count;
        sleepers++;
        if
#ifdef WEAKEN_FENCE_IN_SLEEP
        :: atomic { again == seen -> woken = futex } futex != woken
        :: again != seen
#else
        :: atomic { count == seen -> woken = futex } futex != woken
        :: count != seen
#endif
        fi;
        sleepers--
    od
}

init { atomic { run waker(true); run waker(false) } }

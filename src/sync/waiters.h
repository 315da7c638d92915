/* waiters.h: the lock of a list, the list, and whom to wake.               layer: sync; needs: core
 *
 * The lock is one bit, FUT__BUSY, of a word that the object has anyway. While it is set nobody else changes the word:
 * every fast path compares and swaps against a value without it. So leaving is a plain store, and a visit to the list
 * costs one read-modify-write.
 *
 *     word = fut__enter(&object->word);           the bits, without FUT__BUSY
 *     ...                                         link, unlink, grant: a dozen instructions, no call out
 *     fut__leave(&object->word, word);            the new bits
 *     fut_wake(...)                               only now
 *
 * What may run under it: nothing but the object's own fields and the waiters in its list. NO WAKER IS CALLED while it is
 * held, since a wake may run code of a foreign executor, which may lock this very object. Nobody holds two of these
 * locks, so there is no order among them. (The condition leaves its own before it takes the mutex.) Not from signal
 * handlers: one may run on top of the holder.
 *
 * Who finds the lock taken spins a little, then gives up the processor, then sleeps for moments: the holder is a few
 * instructions from the end or was preempted, and in the second case it needs the processor. A futex would end the
 * sleep in time, and would cost a second read-modify-write in every visit to save it in one of a million.
 *
 * The last moment of an object: A grants to B under the lock; B may see that before A has left, go on, and destroy
 * the object. So whoever goes on without having taken the lock calls fut__settle, which waits for A's last store.
 */
#ifndef FUT_SRC_SYNC_WAITERS_H
#define FUT_SRC_SYNC_WAITERS_H

#include "../core/atomic.h"
#include "future/waiter.h"

/* ---- The lock ------------------------------------------------------------------------------- */

enum { FUT__BUSY = 1 };

void fut__relax(unsigned *tries); /* somebody else has to go on first; starts at 0 */

/* Acquires what the last holder left: pairs with fut__leave, and with whatever the object's fast path stores. */
static inline uint32_t fut__enter(uint32_t *word) {
    uint32_t seen  = fut__load_relaxed(word);
    unsigned tries = 0;
    for (;;) {
        if (seen & FUT__BUSY) {
            fut__relax(&tries);
            seen = fut__load_relaxed(word);
        } else if (fut__cas(word, &seen, seen | FUT__BUSY)) {
            return seen;
        }
    }
}

/* Publishes the list and the object's fields to the next fut__enter and to fast paths. The last access to the object. */
static inline void fut__leave(uint32_t *word, uint32_t value) { fut__store_release(word, value); }

/* Wait until whoever granted has left. Acquires its fut__leave. */
static inline void fut__settle(const uint32_t *word) {
    unsigned tries = 0;
    while (fut__load_acquire(word) & FUT__BUSY) fut__relax(&tries);
}

/* ---- The list, under the lock ----------------------------------------------------------------- */

/* At the end: first come, first served. */
static inline void fut__link(fut_waiters_t *list, fut_waiter_t *waiter) {
    fut_waiter_t *first = list->first;
    if (!first) {
        list->first  = waiter;
        waiter->prev = waiter->next = waiter;
    } else {
        waiter->next      = first;
        waiter->prev      = first->prev;
        first->prev->next = waiter;
        first->prev       = waiter;
    }
}

static inline void fut__unlink(fut_waiters_t *list, fut_waiter_t *waiter) {
    if (waiter->next == waiter) {
        list->first = NULL;
        return;
    }
    waiter->prev->next = waiter->next;
    waiter->next->prev = waiter->prev;
    if (list->first == waiter) list->first = waiter->next;
}

/* The one behind it, or NULL. */
static inline fut_waiter_t *fut__next(const fut_waiters_t *list, const fut_waiter_t *waiter) {
    return waiter->next != list->first ? waiter->next : NULL;
}

/* ---- A waiter's way through it ---------------------------------------------------------------- */

/* Line up. The waker is cloned, because the wake may come from another thread: an executor that looks for deadlocks must
 * know. It is given back by whoever takes the waiter out. */
static inline void fut__queue(fut_waiters_t *list, fut_waiter_t *waiter, fut_context_t *cx) {
    waiter->waker = fut_waker_clone(fut_context_waker(cx));
    fut__store_relaxed(&waiter->state, FUT_WAITER_QUEUED);
    fut__link(list, waiter);
}

/* Take a waiter out and say why. Afterwards its owner may go on, and the waiter be gone: the waker is kept apart. To be
 * woken with fut__wake once the lock is left. The store publishes what was handed over to fut__state. */
static inline fut_waker_t fut__take_out(fut_waiters_t *list, fut_waiter_t *waiter, uint32_t state) {
    const fut_waker_t waker = waiter->waker;
    fut__unlink(list, waiter);
    fut__store_release(&waiter->state, state);
    return waker;
}

/* Wake, then give the clone back: in this order, so that the executor does not see a deadlock in between. */
static inline void fut__wake(fut_waker_t waker) {
    fut_wake(waker);
    fut_waker_drop(waker);
}

/* Not under the lock: where does the waiter stand? Acquires what fut__take_out published. */
static inline uint32_t fut__state(const fut_waiter_t *waiter) { return fut__load_acquire(&waiter->state); }

/* Polled again. Its state; while that is QUEUED, the waker of this context is in the list. */
uint32_t fut__poll_waiter(uint32_t *word, fut_waiter_t *waiter, fut_context_t *cx);
/* Dropped. True: it was QUEUED, and has left; the word is without `bit` if it was the last. False: it had been taken out,
 * by somebody who has left the object; what it was given is to be given back. */
bool fut__leave_line(uint32_t *word, fut_waiters_t *list, fut_waiter_t *waiter, uint32_t bit);

/* The same where all is on one thread: no lock, no clone, since no wake comes from outside. */
static inline void fut__queue_here(fut_waiters_t *list, fut_waiter_t *waiter, fut_context_t *cx) {
    waiter->waker = fut_context_waker(cx);
    waiter->state = FUT_WAITER_QUEUED;
    fut__link(list, waiter);
}
static inline fut_waker_t fut__take_out_here(fut_waiters_t *list, fut_waiter_t *waiter, uint32_t state) {
    fut__unlink(list, waiter);
    waiter->state = state;
    return waiter->waker;
}
static inline uint32_t fut__poll_waiter_here(fut_waiter_t *waiter, fut_context_t *cx) {
    if (waiter->state == FUT_WAITER_QUEUED) waiter->waker = fut_context_waker(cx);
    return waiter->state;
}

/* ---- Many at once ------------------------------------------------------------------------------- */

/* Wakers that were taken out under the lock. When it is full: leave, fut__wake_all, enter, go on. */
enum { FUT__WAKES = 16 };
typedef struct fut__wakes {
    unsigned    count;
    fut_waker_t wakers[FUT__WAKES];
} fut__wakes_t;

static inline bool fut__wakes_full(const fut__wakes_t *wakes) { return wakes->count == FUT__WAKES; }
static inline void fut__wakes_add(fut__wakes_t *wakes, fut_waker_t waker) { wakes->wakers[wakes->count++] = waker; }
static inline void fut__wake_all(fut__wakes_t *wakes) {
    unsigned i;
    for (i = 0; i < wakes->count; i++) fut__wake(wakes->wakers[i]);
    wakes->count = 0;
}

/* Under the lock: take out from the front, as many as there is room for. True: some are left, so leave, wake, come
 * again. */
static inline bool fut__take_out_many(fut_waiters_t *list, uint32_t state, fut__wakes_t *wakes) {
    while (list->first && !fut__wakes_full(wakes)) fut__wakes_add(wakes, fut__take_out(list, list->first, state));
    return list->first != NULL;
}
/* The same for those who came before this round: the list is in the order of rounds, which are counted up, and wrap. Who comes
 * while others are woken is of this round, and stays. */
static inline bool fut__take_out_older(fut_waiters_t *list, uint32_t round, fut__wakes_t *wakes) {
    fut_waiter_t *first;
    while ((first = list->first) && (int32_t)(first->number - round) < 0 && !fut__wakes_full(wakes))
        fut__wakes_add(wakes, fut__take_out(list, first, FUT_WAITER_RELEASED));
    return first && (int32_t)(first->number - round) < 0;
}

#endif

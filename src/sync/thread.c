/* thread.c: plain threads that wait.                                         layer: sync; needs: core
 *
 * A waker outlives whom it wakes. So what it points to must stay: not the thread, not its stack, but one of a few places in
 * static memory, each a count of wakes. The waker's tag says which.
 *
 *     sleeper     seen = count; poll, PENDING; sleep unless count != seen
 *     waker       count++; wake all who sleep at this place
 *
 * A wake between the poll and the sleep has changed the count, so the sleep ends at once. Two threads may share a place,
 * and a stale wake may come years later: somebody polls once for nothing, which the contract of poll allows. Nothing is
 * allocated, nothing is released. (Eventcounts: D. Vyukov, 2007; futex: U. Drepper, "Futexes Are Tricky", 2011.)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "../core/check.h"
#include "../core/pause.h"
#include "waiters.h"

/* ---- The lock of a list was taken ------------------------------------------------------------- */

void fut__relax(unsigned *tries) {
    enum { SPINS = 64, YIELDS = 64 };
    const unsigned        n      = (*tries)++;
    const struct timespec moment = {0, 50000};
    if (n < SPINS)
        fut__pause();
    else if (n < SPINS + YIELDS)
        (void)sched_yield();
    else /* a holder of lower priority runs only while this thread sleeps */
        (void)nanosleep(&moment, NULL);
}

/* ---- Places to sleep -------------------------------------------------------------------------- */

enum { PLACES = 64 };
typedef struct place {
    uint32_t count;                     /* of wakes     */
    uint32_t sleepers;                  /* now, at most */
} __attribute__((aligned(64))) place_t; /* two that are neighbours do not slow each other down */
static place_t places[PLACES];

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static void sleep_unless_changed(place_t *place, uint32_t seen) {
    (void)syscall(SYS_futex, &place->count, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}
static void wake_sleepers(place_t *place) {
    const int error = errno; /* of whoever wakes, perhaps an interrupted system call */
    (void)syscall(SYS_futex, &place->count, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    errno = error;
}
#else
#include <pthread.h>

static pthread_mutex_t mutex   = PTHREAD_MUTEX_INITIALIZER; /* one for all: who sleeps here waits long anyway */
static pthread_cond_t  changed = PTHREAD_COND_INITIALIZER;

static void sleep_unless_changed(place_t *place, uint32_t seen) {
    pthread_mutex_lock(&mutex);
    while (fut__load_acquire(&place->count) == seen) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}
static void wake_sleepers(place_t *place) {
    (void)place;
    pthread_mutex_lock(&mutex);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}
#endif

/* Count, then look for sleepers; the sleeper says that it sleeps, then compares the count: one of them sees the other. The
 * count's increment publishes what the waking thread wrote to the poll that follows. */
static void wake(void *target, fut_tag_t tag) {
    place_t *place = &places[tag % PLACES];
    (void)target;
    fut__add(&place->count, 1);
    fut__fence();
    if (fut__load_relaxed(&place->sleepers)) wake_sleepers(place);
}

static void sleep_at(place_t *place, uint32_t seen) {
    fut__add(&place->sleepers, 1);
    fut__fence();
    if (fut__load_acquire(&place->count) == seen) sleep_unless_changed(place, seen);
    fut__add(&place->sleepers, -1);
}

/* A number of its own, which names the wait; and the next place: threads that wait together seldom share one. */
static fut_waker_t waker_of_this_thread(void) {
    static const fut_waker_vtable_t        vtable  = {.wake = wake, .wake_from_interrupt = wake};
    static const fut_waker_vtable_t *const target  = &vtable;
    static uint32_t                        waiters = 0; /* a number to count with, nothing else */
    return (fut_waker_t){(void *)(uintptr_t)&target, fut__add(&waiters, 1)};
}

/* ---- Blocking --------------------------------------------------------------------------------- */

int fut_wait_on_thread(fut_future_t *started) {
    const fut_waker_t waker = waker_of_this_thread();
    place_t          *place = &places[waker.tag % PLACES];
    for (;;) {
        const uint32_t seen = fut__load_acquire(&place->count); /* before the poll: pairs with wake's increment */
        fut_context_t  cx;
        fut_context_init(&cx, waker, NULL);
        if (fut_poll(started, &cx) == FUT_READY) return 0;
        if (fut__check_is_polling()) break;
        sleep_at(place, seen);
    }
    fut_drop(started);
    return -EDEADLK;
}

/* ---- Waiting ---------------------------------------------------------------------------------- */

/* The context has another waker. Too late, where the waiter was taken out meanwhile: the old one was woken. */
static uint32_t change_waker(uint32_t *word, fut_waiter_t *waiter, fut_waker_t waker) {
    fut_waker_t    stale = fut_waker_clone(waker);
    uint32_t       state;
    const uint32_t bits = fut__enter(word);
    state               = fut__load_relaxed(&waiter->state);
    if (state == FUT_WAITER_QUEUED) {
        stale         = waiter->waker;
        waiter->waker = waker;
    }
    fut__leave(word, bits);
    fut_waker_drop(stale);
    return state;
}

/* The usual poll for nothing brings the same waker, and needs no lock: only this thread writes waiter->waker, and while the
 * state is QUEUED that one will be woken. */
uint32_t fut__poll_waiter(uint32_t *word, fut_waiter_t *waiter, fut_context_t *cx) {
    const fut_waker_t waker = fut_context_waker(cx);
    const uint32_t    state = fut__state(waiter);
    if (state != FUT_WAITER_QUEUED)
        fut__settle(word);
    else if (!fut_waker_same(waiter->waker, waker))
        return change_waker(word, waiter, waker);
    return state;
}

bool fut__leave_line(uint32_t *word, fut_waiters_t *list, fut_waiter_t *waiter, uint32_t bit) {
    uint32_t   bits   = fut__enter(word);
    const bool queued = fut__load_relaxed(&waiter->state) == FUT_WAITER_QUEUED;
    if (queued) fut__unlink(list, waiter);
    if (!list->first) bits &= ~bit;
    fut__leave(word, bits);
    if (queued) fut_waker_drop(waiter->waker);
    return queued;
}

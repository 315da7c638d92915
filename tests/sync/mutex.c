/* The mutex, for any thread and for one: each promise by itself. tests/sync/model.c tries them in random order. */
#include "kit.h"

#include "future/executor.h"

/* Both kinds with one body. */
#define BOTH(test_name)                                                                                                \
    Test(sync, a_mutex_##test_name) { mutex_##test_name(); }                                                           \
    Test(sync, a_local_mutex_##test_name) { local_mutex_##test_name(); }

#define BODIES(kind)                                                                                                   \
    static void kind##_is_handed_over_in_the_order_of_arrival(void) {                                                  \
        fut_##kind##_t      mutex;                                                                                     \
        fut_##kind##_lock_t locks[4];                                                                                  \
        fut_test_waker_t    woken[4] = {{0}};                                                                          \
        fut_##kind##_init(&mutex);                                                                                     \
        for (int i = 0; i < 4; i++) {                                                                                  \
            START(locks[i], fut_##kind##_lock, &mutex);                                                                \
            cr_assert_eq(POLL(locks[i], woken[i]), i == 0 ? FUT_READY : FUT_PENDING);                                  \
        }                                                                                                              \
        for (int i = 0; i < 4; i++) {                                                                                  \
            cr_assert_not(fut_##kind##_try_lock(&mutex), "handed over, never free in between");                        \
            for (int k = i + 1; k < 4; k++) cr_pending(locks[k], woken[k]);                                            \
            cr_ready(locks[i], woken[i], 0);                                                                           \
            cr_assert_eq(woken[i].wakes, i > 0);                                                                       \
            fut_##kind##_unlock(&mutex);                                                                               \
        }                                                                                                              \
        cr_assert(fut_##kind##_try_lock(&mutex));                                                                      \
        fut_##kind##_unlock(&mutex);                                                                                   \
        fut_##kind##_destroy(&mutex);                                                                                  \
    }                                                                                                                  \
    static void kind##_dropped_after_it_was_handed_over_goes_to_the_next(void) {                                       \
        fut_##kind##_t      mutex;                                                                                     \
        fut_##kind##_lock_t first, second;                                                                             \
        fut_test_waker_t    one = {0}, two = {0};                                                                      \
        fut_##kind##_init(&mutex);                                                                                     \
        cr_assert(fut_##kind##_try_lock(&mutex));                                                                      \
        START(first, fut_##kind##_lock, &mutex);                                                                       \
        START(second, fut_##kind##_lock, &mutex);                                                                      \
        cr_pending(first, one);                                                                                        \
        cr_pending(second, two);                                                                                       \
        fut_##kind##_unlock(&mutex);                                                                                   \
        cr_assert_eq(one.wakes, 1);                                                                                    \
        fut_drop(&first.future);                                                                                       \
        cr_assert_eq(first.output, -ECANCELED);                                                                        \
        cr_assert_eq(two.wakes, 1, "handed on");                                                                       \
        cr_ready(second, two, 0);                                                                                      \
        fut_##kind##_unlock(&mutex);                                                                                   \
        fut_##kind##_destroy(&mutex);                                                                                  \
    }                                                                                                                  \
    static void kind##_slot_knows_whether_it_holds(void) {                                                             \
        fut_##kind##_t      mutex;                                                                                     \
        fut_##kind##_lock_t lock, other;                                                                               \
        fut_test_waker_t    woken = {0};                                                                               \
        fut_##kind##_init(&mutex);                                                                                     \
        START(lock, fut_##kind##_lock, &mutex);                                                                        \
        cr_assert_not(fut_##kind##_is_held(&lock));                                                                    \
        fut_##kind##_release(&lock); /* not even begun */                                                              \
        START(lock, fut_##kind##_lock, &mutex);                                                                        \
        cr_ready(lock, woken, 0);                                                                                      \
        cr_assert(fut_##kind##_is_held(&lock));                                                                        \
        START(other, fut_##kind##_lock, &mutex);                                                                       \
        cr_pending(other, woken);                                                                                      \
        cr_assert_not(fut_##kind##_is_held(&other));                                                                   \
        fut_##kind##_release(&other); /* waits: stops waiting */                                                       \
        cr_assert_eq(other.output, -ECANCELED);                                                                        \
        for (int i = 0; i < 3; i++) fut_##kind##_release(&lock); /* once only */                                       \
        cr_assert_not(fut_##kind##_is_held(&lock));                                                                    \
        cr_assert(fut_##kind##_try_lock(&mutex));                                                                      \
        fut_##kind##_unlock(&mutex);                                                                                   \
        fut_##kind##_destroy(&mutex);                                                                                  \
    }                                                                                                                  \
    static void kind##_costs_budget(void) {                                                                            \
        fut_##kind##_t      mutex;                                                                                     \
        fut_##kind##_lock_t lock;                                                                                      \
        fut_test_waker_t    woken = {0};                                                                               \
        fut_context_t       cx;                                                                                        \
        fut_##kind##_init(&mutex);                                                                                     \
        fut_context_init(&cx, fut_test_waker(&woken), NULL);                                                           \
        cx.budget = 1;                                                                                                 \
        START(lock, fut_##kind##_lock, &mutex);                                                                        \
        cr_assert_eq(fut_poll(&lock.future, &cx), FUT_READY);                                                          \
        fut_##kind##_unlock(&mutex);                                                                                   \
        START(lock, fut_##kind##_lock, &mutex);                                                                        \
        cr_assert_eq(fut_poll(&lock.future, &cx), FUT_PENDING, "it has had its turn");                                 \
        cr_assert_eq(woken.wakes, 1);                                                                                  \
        cr_assert(fut_##kind##_try_lock(&mutex), "and has taken nothing");                                             \
        fut_drop(&lock.future);                                                                                        \
        fut_##kind##_unlock(&mutex);                                                                                   \
        fut_##kind##_destroy(&mutex);                                                                                  \
    }                                                                                                                  \
    Test(sync, unlocking_a_free_##kind##_stops, .signal = SIGABRT) {                                                   \
        fut_##kind##_t mutex;                                                                                          \
        fut_##kind##_init(&mutex);                                                                                     \
        fut_##kind##_unlock(&mutex);                                                                                   \
    }                                                                                                                  \
    Test(sync, destroying_a_locked_##kind##_stops, .signal = SIGABRT) {                                                \
        fut_##kind##_t mutex;                                                                                          \
        fut_##kind##_init(&mutex);                                                                                     \
        if (fut_##kind##_try_lock(&mutex)) fut_##kind##_destroy(&mutex);                                               \
    }

BODIES(mutex)
BODIES(local_mutex)
BOTH(is_handed_over_in_the_order_of_arrival)
BOTH(dropped_after_it_was_handed_over_goes_to_the_next)
BOTH(slot_knows_whether_it_holds)
BOTH(costs_budget)

Test(sync, zeros_are_a_mutex) {
    static fut_mutex_t zeros;
    fut_mutex_t        made = FUT_MUTEX_INIT;
    cr_assert_eq(memcmp(&zeros.word, &made.word, sizeof zeros.word), 0);
    cr_assert(fut_mutex_try_lock(&zeros));
    fut_mutex_unlock(&zeros);
    cr_assert(sizeof(void *) != 8 || sizeof(fut_mutex_t) == 16);
    cr_assert(sizeof(void *) != 8 || sizeof(fut_waiter_t) == 40);
}

Test(sync, polled_for_nothing_with_another_waker_the_latest_is_woken) {
    fut_mutex_t      mutex = FUT_MUTEX_INIT;
    fut_mutex_lock_t lock;
    fut_test_waker_t early = {0}, late = {0};
    cr_assert(fut_mutex_try_lock(&mutex));
    START(lock, fut_mutex_lock, &mutex);
    cr_pending(lock, early);
    cr_pending(lock, late);
    fut_mutex_unlock(&mutex);
    cr_assert_eq(early.wakes, 0);
    cr_assert_eq(late.wakes, 1);
    cr_assert_eq(early.clones, early.drops);
    cr_assert_eq(late.clones, late.drops);
    for (int i = 0; i < 3; i++) cr_ready(lock, early, 0);
    fut_mutex_unlock(&mutex);
}

/* ---- In async functions --------------------------------------------------------------------------- */

static fut_mutex_t shared;

typedef struct turn {
    ASYNC_FRAME(turn, int, const char *name; int times);
    fut_mutex_lock_t lock;
    int              i;
} turn_t;
ASYNC(turn) {
    ASYNC_BEGIN();
    START(self->lock, fut_mutex_lock, &shared);
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT(self->lock, fut_mutex_lock, &shared);
        fut_test_say("%s", self->name);
        YIELD();
        fut_test_say("/%s", self->name);
        fut_mutex_release(&self->lock);
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (fut_mutex_is_held(&self->lock)) fut_test_say("(%s)", self->name);
    fut_mutex_release(&self->lock);
    ASYNC_END();
}

Test(sync, tasks_take_turns) {
    fut_executor_t executor;
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    DETACH(SPAWN(&executor, turn, "a", 2));
    DETACH(SPAWN(&executor, turn, "b", 2));
    DETACH(SPAWN(&executor, turn, "c", 1));
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("a", "/a", /* free: a takes it, and b and c line up while it yields */
                            "b", "/b", /* handed to b; a is now behind c                        */
                            "c", "/c", /* first come, first served                              */
                            "a", "/a", /* nobody is passed                                      */
                            "b", "/b"));
    fut_executor_destroy(&executor);
    fut_mutex_destroy(&shared);
}

Test(sync, finally_unlocks_wherever_the_holder_is_dropped) {
    for (int polls = 0; polls <= 3; polls++)
        for (int graceful = 0; graceful < 2; graceful++) {
            turn_t           holder, waiter;
            fut_test_waker_t one = {0}, two = {0};
            fut_poll_t       answer = FUT_PENDING;
            START(holder, turn, "h", 2);
            START(waiter, turn, "w", 1);
            for (int i = 0; i < polls && answer == FUT_PENDING; i++) {
                answer = POLL(holder, one);
                if (i == 0) cr_pending(waiter, two);
            }
            if (graceful) {
                fut_cancel(&holder.future);
                while (POLL(holder, one) == FUT_PENDING) {}
            } else {
                fut_drop(&holder.future);
            }
            while (POLL(waiter, two) == FUT_PENDING) {}
            fut_mutex_destroy(&shared);
            fut_test_hush();
        }
}

Test(sync, a_mutex_that_another_thread_holds_is_no_deadlock_and_a_local_one_is) {
    static fut_local_mutex_t local;
    fut_executor_t           executor;
    fut_executor_options_t   options = {.quiet = true};
    cr_assert_eq(fut_executor_init(&executor, &options), 0);
    cr_assert(fut_local_mutex_try_lock(&local));
    cr_assert_eq(BLOCK_ON(&executor, fut_local_mutex_lock, &local), -EDEADLK);
    fut_local_mutex_unlock(&local);
    cr_assert(fut_mutex_try_lock(&shared));
    struct fut_mutex_lock_join handle = SPAWN(&executor, fut_mutex_lock, &shared);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_mutex_unlock(&shared);
    cr_assert_eq(fut_executor_run(&executor), 0);
    DETACH(handle);
    fut_mutex_unlock(&shared);
    fut_executor_destroy(&executor);
}

Test(sync, destroying_a_mutex_that_is_waited_for_stops, .signal = SIGABRT) {
    fut_mutex_t      mutex = FUT_MUTEX_INIT;
    fut_mutex_lock_t lock;
    fut_test_waker_t woken = {0};
    cr_assert(fut_mutex_try_lock(&mutex));
    START(lock, fut_mutex_lock, &mutex);
    cr_pending(lock, woken);
    fut_mutex_destroy(&mutex);
}

/* ---- A wake runs foreign code ----------------------------------------------------------------------- */

/* A waker that uses the very object that wakes it: nothing is locked then. */
typedef struct meddler {
    const fut_waker_vtable_t *vtable;
    fut_mutex_t              *mutex;
    unsigned                  wakes;
} meddler_t;
static void meddle(void *target, fut_tag_t tag) {
    meddler_t *self = target;
    (void)tag;
    self->wakes++;
    cr_assert_not(fut_mutex_try_lock(self->mutex), "it was handed over");
    fut_mutex_lock_t lock;
    fut_test_waker_t woken = {0};
    START(lock, fut_mutex_lock, self->mutex);
    cr_pending(lock, woken);
    fut_drop(&lock.future);
}

Test(sync, a_waker_may_use_the_mutex) {
    static const fut_waker_vtable_t vtable  = {.wake = meddle, .wake_from_interrupt = meddle};
    fut_mutex_t                     mutex   = FUT_MUTEX_INIT;
    meddler_t                       meddler = {&vtable, &mutex, 0};
    fut_mutex_lock_t                lock;
    fut_context_t                   cx;
    fut_context_init(&cx, (fut_waker_t){&meddler, 0}, NULL);
    cr_assert(fut_mutex_try_lock(&mutex));
    START(lock, fut_mutex_lock, &mutex);
    cr_assert_eq(fut_poll(&lock.future, &cx), FUT_PENDING);
    fut_mutex_unlock(&mutex);
    cr_assert_eq(meddler.wakes, 1);
    cr_assert_eq(fut_poll(&lock.future, &cx), FUT_READY);
    fut_mutex_unlock(&mutex);
    fut_mutex_destroy(&mutex);
}

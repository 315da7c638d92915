/* once and condition: futures that hold something while they wait. */
#include "../play.h"
#include "kit.h"

#include "future/executor.h"

/* ---- once ----------------------------------------------------------------------------------------- */

typedef struct party {
    fut_test_event_t  door;
    fut_test_linger_t initialiser; /* ready when its door is fired, with that value */
    fut_once_run_t    run;
    fut_test_waker_t  woken;
} party_t;

static void come(party_t *party, fut_once_t *once) {
    memset(party, 0, sizeof *party);
    START(party->initialiser, fut_test_linger, &party->door);
    START(party->run, fut_once_run, once, &party->initialiser.future);
}

Test(sync, only_the_first_initialises_and_all_wait) {
    fut_once_t once = FUT_ONCE_INIT;
    party_t    parties[20], late;
    for (int i = 0; i < 20; i++) {
        come(&parties[i], &once);
        cr_pending(parties[i].run, parties[i].woken);
    }
    cr_assert_eq(parties[0].door.polls, 1);
    cr_assert_not(fut_once_is_done(&once));
    fut_test_event_fire(&parties[0].door, 7);
    cr_ready(parties[0].run, parties[0].woken, 0);
    cr_assert_eq(parties[0].initialiser.output, 7);
    cr_assert(fut_once_is_done(&once));
    for (int i = 1; i < 20; i++) {
        cr_assert_eq(parties[i].woken.wakes, 1);
        cr_ready(parties[i].run, parties[i].woken, 0);
        cr_assert_eq(parties[i].door.polls, 0); /* its own was never polled */
        cr_assert_eq(parties[i].door.drops, 1);
    }
    come(&late, &once);
    cr_ready(late.run, late.woken, 0);
    cr_assert_eq(late.door.polls, 0);
    fut_once_destroy(&once);
}

Test(sync, where_the_first_fails_the_next_takes_over) {
    fut_once_t once = FUT_ONCE_INIT;
    party_t    a, b, c;
    come(&a, &once), come(&b, &once), come(&c, &once);
    cr_pending(a.run, a.woken);
    cr_pending(b.run, b.woken);
    cr_pending(c.run, c.woken);
    fut_test_event_fire(&a.door, -EIO);
    cr_ready(a.run, a.woken, -EIO);
    cr_assert_eq(b.woken.wakes, 1);
    cr_assert_eq(c.woken.wakes, 0);
    cr_pending(b.run, b.woken);
    cr_assert_eq(b.door.polls, 1);
    fut_test_event_fire(&b.door, 0);
    cr_ready(b.run, b.woken, 0);
    cr_ready(c.run, c.woken, 0);
    fut_once_destroy(&once);
}

Test(sync, where_the_first_is_dropped_at_any_point_the_next_takes_over) {
    enum { BEFORE, RUNNING, FIRED, GRANTED, POINTS };
    for (int point = BEFORE; point < POINTS; point++) {
        fut_once_t once = FUT_ONCE_INIT;
        party_t    a, b, zeroth;
        come(&zeroth, &once), come(&a, &once), come(&b, &once);
        if (point == GRANTED) cr_pending(zeroth.run, zeroth.woken);
        if (point != BEFORE) cr_pending(a.run, a.woken);
        if (point != BEFORE) cr_pending(b.run, b.woken);
        if (point == FIRED) fut_test_event_fire(&a.door, 0); /* too late: nobody has seen it */
        if (point == GRANTED) fut_drop(&zeroth.run.future);
        fut_drop(&a.run.future);
        cr_assert_eq(a.run.output, -ECANCELED);
        cr_assert_eq(a.door.drops, 1);
        cr_assert_eq(b.woken.wakes, point == BEFORE ? 0 : 1);
        cr_pending(b.run, b.woken);
        cr_assert_eq(b.door.polls, 1);
        fut_test_event_fire(&b.door, 0);
        cr_ready(b.run, b.woken, 0);
        fut_drop(&zeroth.run.future);
        fut_once_destroy(&once);
    }
}

Test(sync, who_only_waits_to_be_initialised_may_leave) {
    fut_once_t once = FUT_ONCE_INIT;
    party_t    a, b;
    come(&a, &once), come(&b, &once);
    cr_pending(a.run, a.woken);
    cr_pending(b.run, b.woken);
    fut_cancel(&b.run.future);
    cr_ready(b.run, b.woken, -ECANCELED);
    cr_assert_eq(b.door.drops, 1);
    fut_test_event_fire(&a.door, 0);
    cr_ready(a.run, a.woken, 0);
    cr_assert_eq(b.woken.wakes, 0);
    fut_once_destroy(&once);
}

Test(sync, cancelled_gracefully_the_initialiser_ends_first) {
    for (int success = 0; success < 2; success++) {
        fut_once_t once = FUT_ONCE_INIT;
        party_t    a, b;
        come(&a, &once), come(&b, &once);
        cr_pending(a.run, a.woken);
        cr_pending(b.run, b.woken);
        fut_cancel(&a.run.future);
        cr_assert_eq(a.door.cancels, 1);
        cr_pending(a.run, a.woken); /* it lingers */
        cr_assert_eq(b.woken.wakes, 0);
        fut_test_event_fire(&a.door, success ? 0 : -ECANCELED);
        cr_ready(a.run, a.woken, success ? 0 : -ECANCELED);
        cr_assert_eq(fut_once_is_done(&once), success == 1);
        cr_assert_eq(POLL(b.run, b.woken), success ? FUT_READY : FUT_PENDING);
        fut_drop(&b.run.future);
        fut_once_destroy(&once);
    }
}

Test(sync, destroying_a_once_that_runs_stops, .signal = SIGABRT) {
    fut_once_t once = FUT_ONCE_INIT;
    party_t    a;
    come(&a, &once);
    cr_pending(a.run, a.woken);
    fut_once_destroy(&once);
}

/* ---- condition ------------------------------------------------------------------------------------ */

typedef struct sleeper {
    fut_mutex_lock_t     lock;
    fut_condition_wait_t wait;
    fut_test_waker_t     woken;
} sleeper_t;
static fut_mutex_t     mutex;
static fut_condition_t condition;

static void sleep_under_lock(sleeper_t *sleeper) {
    memset(sleeper, 0, sizeof *sleeper);
    START(sleeper->lock, fut_mutex_lock, &mutex);
    cr_ready(sleeper->lock, sleeper->woken, 0);
    START(sleeper->wait, fut_condition_wait, &condition, &sleeper->lock);
    cr_pending(sleeper->wait, sleeper->woken);
    cr_assert_not(fut_mutex_is_held(&sleeper->lock));
}
static void all_is_free(void) {
    fut_mutex_destroy(&mutex);
    fut_condition_destroy(&condition);
}

Test(sync, waiting_for_a_condition_unlocks_and_locks_again) {
    sleeper_t a, b;
    sleep_under_lock(&a);
    sleep_under_lock(&b);
    cr_assert(fut_mutex_try_lock(&mutex));
    fut_condition_notify_one(&condition);
    cr_assert_eq(a.woken.wakes, 1);
    cr_pending(a.wait, a.woken); /* the mutex is locked */
    cr_pending(b.wait, b.woken);
    fut_mutex_unlock(&mutex);
    cr_assert_eq(a.woken.wakes, 2);
    cr_assert_eq(b.woken.wakes, 0);
    cr_ready(a.wait, a.woken, 0);
    cr_assert(fut_mutex_is_held(&a.lock));
    fut_mutex_release(&a.lock);
    fut_condition_notify_all(&condition);
    cr_ready(b.wait, b.woken, 0);
    fut_mutex_release(&b.lock);
    all_is_free();
}

/* Unlocking runs foreign code, which may notify at once: the wait is in line by then. */
typedef struct hasty {
    const fut_waker_vtable_t *vtable;
    fut_mutex_lock_t          lock;
} hasty_t;
static void lock_notify_unlock(void *target, fut_tag_t tag) {
    hasty_t         *self  = target;
    fut_test_waker_t woken = {0};
    (void)tag;
    cr_ready(self->lock, woken, 0);
    fut_condition_notify_one(&condition);
    fut_mutex_release(&self->lock);
}
Test(sync, a_notify_right_after_unlocking_is_not_lost) {
    static const fut_waker_vtable_t vtable = {.wake = lock_notify_unlock, .wake_from_interrupt = lock_notify_unlock};
    hasty_t                         hasty  = {.vtable = &vtable};
    sleeper_t                       a      = {.woken = {0}};
    fut_context_t                   cx;
    fut_context_init(&cx, (fut_waker_t){&hasty, 0}, NULL);
    START(a.lock, fut_mutex_lock, &mutex);
    cr_ready(a.lock, a.woken, 0);
    START(hasty.lock, fut_mutex_lock, &mutex);
    cr_assert_eq(fut_poll(&hasty.lock.future, &cx), FUT_PENDING);
    START(a.wait, fut_condition_wait, &condition, &a.lock);
    cr_pending(a.wait, a.woken);
    cr_assert_eq(a.woken.wakes, 1);
    cr_ready(a.wait, a.woken, 0);
    fut_mutex_release(&a.lock);
    all_is_free();
}

Test(sync, a_condition_has_no_memory) {
    sleeper_t a;
    fut_condition_notify_one(&condition);
    fut_condition_notify_all(&condition);
    sleep_under_lock(&a);
    cr_pending(a.wait, a.woken);
    cr_assert_eq(a.woken.wakes, 0);
    fut_drop(&a.wait.future);
    all_is_free();
}

Test(sync, notifying_all_reaches_any_number) {
    static sleeper_t sleepers[40];
    for (int i = 0; i < 40; i++) sleep_under_lock(&sleepers[i]);
    fut_condition_notify_all(&condition);
    for (int i = 0; i < 40; i++) cr_assert_eq(sleepers[i].woken.wakes, 1);
    for (int i = 0; i < 40; i++) {
        cr_ready(sleepers[i].wait, sleepers[i].woken, 0);
        fut_mutex_release(&sleepers[i].lock);
    }
    all_is_free();
}

Test(sync, waiting_for_a_condition_without_the_mutex_is_refused) {
    sleeper_t a = {.woken = {0}};
    START(a.lock, fut_mutex_lock, &mutex);
    START(a.wait, fut_condition_wait, &condition, &a.lock);
    cr_ready(a.wait, a.woken, -EPERM);
    all_is_free();
}

/* Where a wait can be ended: waiting; notified; in line for the mutex; handed the mutex. */
enum { WAITS, NOTIFIED, LOCKS, HANDED, POINTS };
static void bring_to(int point, sleeper_t *a, sleeper_t *b) {
    sleep_under_lock(a);
    sleep_under_lock(b);
    if (point == WAITS) return;
    cr_assert(fut_mutex_try_lock(&mutex));
    fut_condition_notify_one(&condition);
    if (point >= LOCKS) cr_pending(a->wait, a->woken);
    if (point == HANDED) fut_mutex_unlock(&mutex);
}

Test(sync, a_condition_dropped_at_any_point_loses_neither_notify_nor_mutex) {
    for (int point = WAITS; point < POINTS; point++) {
        sleeper_t a, b;
        bring_to(point, &a, &b);
        fut_drop(&a.wait.future);
        cr_assert_eq(a.wait.output, -ECANCELED);
        cr_assert_not(fut_mutex_is_held(&a.lock));
        fut_mutex_release(&a.lock); /* what FINALLY does */
        if (point == NOTIFIED || point == LOCKS) fut_mutex_unlock(&mutex);
        cr_assert_eq(b.woken.wakes, point == WAITS ? 0 : 1);
        if (point == WAITS) fut_condition_notify_one(&condition);
        cr_ready(b.wait, b.woken, 0);
        fut_mutex_release(&b.lock);
        all_is_free();
    }
}

Test(sync, a_condition_cancelled_gracefully_at_any_point_ends_with_the_mutex_locked) {
    for (int point = WAITS; point < POINTS; point++) {
        sleeper_t a, b;
        bring_to(point, &a, &b);
        for (int i = 0; i < 2; i++) fut_cancel(&a.wait.future);
        if (point == NOTIFIED || point == LOCKS) {
            cr_pending(a.wait, a.woken);
            fut_mutex_unlock(&mutex);
        }
        cr_ready(a.wait, a.woken, -ECANCELED);
        cr_assert(fut_mutex_is_held(&a.lock));
        cr_assert_eq(b.woken.wakes, point == WAITS ? 0 : 1);
        fut_mutex_release(&a.lock);
        if (point == WAITS) fut_condition_notify_one(&condition);
        cr_ready(b.wait, b.woken, 0);
        fut_mutex_release(&b.lock);
        all_is_free();
    }
}

Test(sync, a_condition_cancelled_and_then_dropped_is_gone) {
    for (int point = WAITS; point < POINTS; point++) {
        sleeper_t a, b;
        bring_to(point, &a, &b);
        fut_cancel(&a.wait.future);
        fut_drop(&a.wait.future);
        cr_assert_not(fut_mutex_is_held(&a.lock));
        if (point == NOTIFIED || point == LOCKS) fut_mutex_unlock(&mutex);
        fut_drop(&b.wait.future);
        all_is_free();
    }
}

Test(sync, destroying_a_condition_that_is_waited_for_stops, .signal = SIGABRT) {
    sleeper_t a;
    sleep_under_lock(&a);
    fut_condition_destroy(&condition);
}

/* A queue of bounded length between tasks which are cancelled at random: nothing is lost, and nobody hangs. */
enum { ROOM = 3, WORKERS = 12 };
static struct {
    fut_mutex_t     mutex;
    fut_condition_t filled, emptied;
    int             count;
    long            put, taken;
} queue;

typedef struct worker {
    ASYNC_FRAME(worker, int, bool puts; int times);
    fut_mutex_lock_t     lock;
    fut_condition_wait_t wait;
    int                  i;
} worker_t;
ASYNC(worker) {
    ASYNC_BEGIN();
    START(self->lock, fut_mutex_lock, &queue.mutex);
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT(self->lock, fut_mutex_lock, &queue.mutex);
        if (self->puts) {
            while (queue.count == ROOM) AWAIT(self->wait, fut_condition_wait, &queue.emptied, &self->lock);
            queue.count++, queue.put++;
            fut_condition_notify_one(&queue.filled);
        } else {
            while (queue.count == 0) AWAIT(self->wait, fut_condition_wait, &queue.filled, &self->lock);
            queue.count--, queue.taken++;
            fut_condition_notify_one(&queue.emptied);
        }
        YIELD(); /* under the mutex */
        cr_assert(fut_mutex_is_held(&self->lock));
        fut_mutex_release(&self->lock);
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_mutex_release(&self->lock);
    ASYNC_END();
}

static void cancel_at_random(const void *nothing) {
    static worker_t  workers[WORKERS];
    fut_test_waker_t woken[WORKERS] = {{0}};
    bool             alive[WORKERS];
    int              left = WORKERS;
    (void)nothing;
    memset(&queue, 0, sizeof queue);
    for (int i = 0; i < WORKERS; i++) {
        START(workers[i], worker, i % 2 == 0, 5);
        alive[i] = true;
    }
    while (play_more(2000)) {
        const int i = (int)play_pick(WORKERS);
        if (!alive[i]) continue;
        if (play_pick(60) == 59) {
            const bool gracefully = play_pick(2);
            play_say("%s %d", gracefully ? "cancel" : "drop", i);
            (gracefully ? fut_cancel : fut_drop)(&workers[i].future);
        }
        play_say("poll %d", i);
        if (POLL(workers[i], woken[i]) == FUT_READY) {
            alive[i] = false;
            left--;
        }
    }
    /* Those who are left wait for an empty or a full queue, or end: let each wait that could go on do so. */
    for (int i = 0; i < WORKERS; i++)
        if (alive[i]) {
            const bool stuck = workers[i].puts ? queue.count == ROOM : queue.count == 0;
            play_claim(stuck, "worker %d of %d waits although it could go on", i, left);
            fut_drop(&workers[i].future);
        }
    play_claim(queue.put - queue.taken == queue.count, "something is lost");
    fut_mutex_destroy(&queue.mutex);
    fut_condition_destroy(&queue.filled);
    fut_condition_destroy(&queue.emptied);
}
Test(sync, a_bounded_queue_survives_cancelling_at_random) { play_all(cancel_at_random, NULL, 200); }

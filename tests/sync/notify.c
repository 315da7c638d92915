/* notify, event, barrier: in order, cancelled, and against models. */
#include "../play.h"
#include "kit.h"

/* ---- notify --------------------------------------------------------------------------------------- */

#define NOTIFY(kind)                                                                                                   \
    Test(sync, a_##kind##_keeps_one_permit_and_no_more) {                                                              \
        fut_##kind##_t      notify;                                                                                    \
        fut_##kind##_wait_t wait;                                                                                      \
        fut_test_waker_t    woken = {0};                                                                               \
        fut_##kind##_init(&notify);                                                                                    \
        for (int i = 0; i < 3; i++) fut_##kind##_one(&notify);                                                         \
        START(wait, fut_##kind##_wait, &notify);                                                                       \
        cr_ready(wait, woken, 0);                                                                                      \
        START(wait, fut_##kind##_wait, &notify);                                                                       \
        cr_pending(wait, woken);                                                                                       \
        fut_##kind##_one(&notify);                                                                                     \
        cr_assert_eq(woken.wakes, 1);                                                                                  \
        cr_ready(wait, woken, 0);                                                                                      \
        fut_##kind##_waiters(&notify);                                                                                 \
        START(wait, fut_##kind##_wait, &notify);                                                                       \
        cr_pending(wait, woken); /* notifying those who wait keeps nothing */                                          \
        fut_drop(&wait.future);                                                                                        \
        cr_assert_eq(wait.output, -ECANCELED);                                                                         \
        fut_##kind##_destroy(&notify);                                                                                 \
    }                                                                                                                  \
    Test(sync, a_##kind##_of_all_reaches_any_number_and_nobody_who_comes_later) {                                      \
        for (unsigned n = 0; n <= 40; n++) {                                                                           \
            static fut_##kind##_wait_t waits[40];                                                                      \
            fut_##kind##_t             notify;                                                                         \
            fut_##kind##_wait_t        late;                                                                           \
            fut_test_waker_t           woken = {0};                                                                    \
            fut_##kind##_init(&notify);                                                                                \
            for (unsigned i = 0; i < n; i++) {                                                                         \
                START(waits[i], fut_##kind##_wait, &notify);                                                           \
                cr_pending(waits[i], woken);                                                                           \
            }                                                                                                          \
            fut_##kind##_waiters(&notify);                                                                             \
            START(late, fut_##kind##_wait, &notify);                                                                   \
            cr_pending(late, woken);                                                                                   \
            cr_assert_eq(woken.wakes, n);                                                                              \
            for (unsigned i = 0; i < n; i++) cr_ready(waits[i], woken, 0);                                             \
            fut_drop(&late.future);                                                                                    \
            fut_##kind##_destroy(&notify);                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    Test(sync, a_##kind##_that_reached_one_who_is_dropped_goes_to_the_next) {                                          \
        fut_##kind##_t      notify;                                                                                    \
        fut_##kind##_wait_t first, second;                                                                             \
        fut_test_waker_t    one = {0}, two = {0};                                                                      \
        fut_##kind##_init(&notify);                                                                                    \
        START(first, fut_##kind##_wait, &notify);                                                                      \
        START(second, fut_##kind##_wait, &notify);                                                                     \
        cr_pending(first, one);                                                                                        \
        cr_pending(second, two);                                                                                       \
        fut_##kind##_one(&notify);                                                                                     \
        fut_drop(&first.future);                                                                                       \
        cr_assert_eq(two.wakes, 1);                                                                                    \
        fut_drop(&second.future); /* nobody is left: the permit stays */                                               \
        START(first, fut_##kind##_wait, &notify);                                                                      \
        cr_ready(first, one, 0);                                                                                       \
        START(first, fut_##kind##_wait, &notify);                                                                      \
        cr_pending(first, one);                                                                                        \
        fut_##kind##_waiters(&notify);                                                                                 \
        fut_drop(&first.future); /* that one was for all, and nothing is kept */                                       \
        START(first, fut_##kind##_wait, &notify);                                                                      \
        cr_pending(first, one);                                                                                        \
        fut_drop(&first.future);                                                                                       \
        fut_##kind##_destroy(&notify);                                                                                 \
    }                                                                                                                  \
    Test(sync, destroying_a_##kind##_that_is_waited_for_stops, .signal = SIGABRT) {                                    \
        fut_##kind##_t      notify;                                                                                    \
        fut_##kind##_wait_t wait;                                                                                      \
        fut_test_waker_t    woken = {0};                                                                               \
        fut_##kind##_init(&notify);                                                                                    \
        START(wait, fut_##kind##_wait, &notify);                                                                       \
        cr_pending(wait, woken);                                                                                       \
        fut_##kind##_destroy(&notify);                                                                                 \
    }

NOTIFY(notify)
NOTIFY(local_notify)

/* A waker that waits again, at once, on what has just let it go: it is of the next round. */
typedef struct eager {
    const fut_waker_vtable_t *vtable;
    fut_notify_t             *notify;
    fut_notify_wait_t         again[40];
    unsigned                  wakes;
    fut_test_waker_t          woken;
} eager_t;
static void wait_again(void *target, fut_tag_t tag) {
    eager_t *self = target;
    (void)tag;
    cr_assert_lt(self->wakes, 40u);
    START(self->again[self->wakes], fut_notify_wait, self->notify);
    cr_assert_eq(POLL(self->again[self->wakes++], self->woken), FUT_PENDING);
}
Test(sync, who_waits_again_while_others_are_woken_is_of_the_next_round) {
    static const fut_waker_vtable_t vtable = {.wake = wait_again, .wake_from_interrupt = wait_again};
    static fut_notify_wait_t        waits[40];
    static eager_t                  eager;
    fut_notify_t                    notify = FUT_NOTIFY_INIT;
    fut_context_t                   cx;
    eager.vtable = &vtable;
    eager.notify = &notify;
    fut_context_init(&cx, (fut_waker_t){&eager, 0}, NULL);
    for (int i = 0; i < 40; i++) {
        START(waits[i], fut_notify_wait, &notify);
        cr_assert_eq(fut_poll(&waits[i].future, &cx), FUT_PENDING);
    }
    fut_notify_waiters(&notify);
    cr_assert_eq(eager.wakes, 40);
    cr_assert_eq(eager.woken.wakes, 0);
    for (int i = 0; i < 40; i++) fut_drop(&eager.again[i].future);
    fut_notify_destroy(&notify);
}

/* ---- event ---------------------------------------------------------------------------------------- */

Test(sync, a_manual_event_lets_all_through_until_it_is_reset) {
    fut_event_t      event = FUT_EVENT_INIT;
    fut_event_wait_t waits[20], late;
    fut_test_waker_t woken = {0};
    for (int i = 0; i < 20; i++) {
        START(waits[i], fut_event_wait, &event);
        cr_pending(waits[i], woken);
    }
    cr_assert_not(fut_event_is_set(&event));
    fut_event_set(&event);
    fut_event_reset(&event); /* who was let go stays so */
    cr_assert_eq(woken.wakes, 20);
    for (int i = 0; i < 20; i++) cr_ready(waits[i], woken, 0);
    START(late, fut_event_wait, &event);
    cr_pending(late, woken);
    fut_event_set(&event);
    cr_assert(fut_event_is_set(&event));
    fut_drop(&late.future);
    for (int i = 0; i < 3; i++) {
        START(late, fut_event_wait, &event);
        cr_ready(late, woken, 0);
    }
    fut_event_destroy(&event);
}

Test(sync, an_automatic_event_lets_one_through) {
    fut_event_t      event;
    fut_event_wait_t first, second;
    fut_test_waker_t one = {0}, two = {0};
    fut_event_init(&event, FUT_EVENT_AUTO);
    START(first, fut_event_wait, &event);
    START(second, fut_event_wait, &event);
    cr_pending(first, one);
    cr_pending(second, two);
    fut_event_set(&event);
    cr_assert_not(fut_event_is_set(&event));
    cr_assert_eq(one.wakes, 1);
    cr_assert_eq(two.wakes, 0);
    fut_drop(&first.future); /* it had passed for nothing */
    cr_ready(second, two, 0);
    for (int i = 0; i < 3; i++) fut_event_set(&event);
    cr_assert(fut_event_is_set(&event));
    START(first, fut_event_wait, &event);
    cr_ready(first, one, 0);
    START(first, fut_event_wait, &event);
    cr_pending(first, one);
    fut_drop(&first.future);
    fut_event_set(&event);
    fut_event_reset(&event);
    START(first, fut_event_wait, &event);
    cr_pending(first, one);
    fut_drop(&first.future);
    fut_event_destroy(&event);
}

Test(sync, destroying_an_event_that_is_waited_for_stops, .signal = SIGABRT) {
    fut_event_t      event = FUT_EVENT_INIT;
    fut_event_wait_t wait;
    fut_test_waker_t woken = {0};
    START(wait, fut_event_wait, &event);
    cr_pending(wait, woken);
    fut_event_destroy(&event);
}

/* ---- notify and event against one model --------------------------------------------------------------- */

/* A line, and whether one pass is kept. A manual event keeps it for all. */
enum { SLOTS = 7, STEPS = 4000, SEEDS = 30 };
enum { NOTIFIES, LOCAL_NOTIFIES, AUTO_EVENT, MANUAL_EVENT, KINDS };
static const char *const names[] = {"notify", "local notify", "automatic event", "manual event"};
enum { IDLE, QUEUED, GRANTED, RELEASED };

static struct world {
    int                kind;
    fut_notify_t       notify;
    fut_local_notify_t local;
    fut_event_t        event;
    struct {
        union {
            fut_future_t            future;
            fut_notify_wait_t       notify;
            fut_local_notify_wait_t local;
            fut_event_wait_t        event;
        };
        fut_test_waker_t woken;
        unsigned         wakes;
        int              state;
        unsigned long    since;
    } slots[SLOTS];
    bool          kept;
    unsigned long turn;
} w;

static int front(void) {
    int first = -1;
    for (int i = 0; i < SLOTS; i++)
        if (w.slots[i].state == QUEUED && (first < 0 || w.slots[i].since < w.slots[first].since)) first = i;
    return first;
}
static void let_go(int i, int state) {
    w.slots[i].state = state;
    w.slots[i].wakes++;
}
static void model_one(void) {
    if (front() >= 0)
        let_go(front(), GRANTED);
    else
        w.kept = true;
}
static void model_all(void) {
    while (front() >= 0) let_go(front(), RELEASED);
}

static void pass_one(void) {
    if (w.kind == MANUAL_EVENT) {
        model_all();
        w.kept = true;
        fut_event_set(&w.event);
        return;
    }
    model_one();
    if (w.kind == NOTIFIES) fut_notify_one(&w.notify);
    if (w.kind == LOCAL_NOTIFIES) fut_local_notify_one(&w.local);
    if (w.kind == AUTO_EVENT) fut_event_set(&w.event);
}
static void pass_all_or_reset(void) {
    if (w.kind == NOTIFIES || w.kind == LOCAL_NOTIFIES) {
        model_all();
        if (w.kind == NOTIFIES) fut_notify_waiters(&w.notify);
        if (w.kind == LOCAL_NOTIFIES) fut_local_notify_waiters(&w.local);
    } else {
        w.kept = false;
        fut_event_reset(&w.event);
    }
}
static bool begin(int i) {
    fut_poll_t expected = w.kept ? FUT_READY : FUT_PENDING;
    if (w.kind == NOTIFIES) START(w.slots[i].notify, fut_notify_wait, &w.notify);
    if (w.kind == LOCAL_NOTIFIES) START(w.slots[i].local, fut_local_notify_wait, &w.local);
    if (w.kind >= AUTO_EVENT) START(w.slots[i].event, fut_event_wait, &w.event);
    if (w.kept && w.kind != MANUAL_EVENT) w.kept = false;
    w.slots[i].state = expected == FUT_READY ? IDLE : QUEUED;
    w.slots[i].since = ++w.turn;
    return POLL(w.slots[i], w.slots[i].woken) == expected;
}
static bool poll_again(int i) {
    fut_poll_t expected = w.slots[i].state == QUEUED ? FUT_PENDING : FUT_READY;
    if (expected == FUT_READY) w.slots[i].state = IDLE;
    return POLL(w.slots[i], w.slots[i].woken) == expected;
}
static void drop_one(int i) {
    const int state  = w.slots[i].state;
    w.slots[i].state = IDLE;
    if (state == GRANTED) model_one();
    fut_drop(&w.slots[i].future);
}
static bool step(void) {
    const int i = (int)play_pick(SLOTS);
    switch (play_pick(8)) {
        case 0: play_say("one"), pass_one(); return true;
        case 1: play_say("all"), pass_all_or_reset(); return true;
        default: break;
    }
    if (w.slots[i].state == IDLE) return play_say("wait %d", i), begin(i);
    if (play_pick(3)) return play_say("poll %d", i), poll_again(i);
    return play_say("drop %d", i), drop_one(i), true;
}
static bool wakes_are_right(void) {
    for (int i = 0; i < SLOTS; i++)
        if (w.slots[i].woken.wakes != w.slots[i].wakes) return false;
    return true;
}
static void walk(const void *argument) {
    const int kind = *(const int *)argument;
    memset(&w, 0, sizeof w);
    w.kind = kind;
    fut_event_init(&w.event, kind == AUTO_EVENT ? FUT_EVENT_AUTO : FUT_EVENT_MANUAL);
    while (play_more(STEPS)) {
        play_claim(step(), "%s: a wrong answer", names[kind]);
        play_claim(wakes_are_right(), "%s: a wrong wake", names[kind]);
    }
    for (int i = 0; i < SLOTS; i++)
        if (w.slots[i].state != IDLE) drop_one(i);
    fut_notify_destroy(&w.notify);
    fut_local_notify_destroy(&w.local);
    fut_event_destroy(&w.event);
}
Test(sync, notifies_and_events_do_what_their_model_does) {
    for (int kind = 0; kind < KINDS; kind++) play_all(walk, &kind, SEEDS);
}

/* ---- barrier -------------------------------------------------------------------------------------- */

Test(sync, a_barrier_opens_when_all_have_come_and_has_one_leader_each_round) {
    for (unsigned n = 1; n <= 40; n += 13) {
        static fut_barrier_wait_t waits[40];
        fut_barrier_t             barrier;
        fut_test_waker_t          woken = {0};
        cr_assert_eq(fut_barrier_init(&barrier, n), 0);
        for (unsigned round = 1; round <= 3; round++) {
            for (unsigned i = 0; i < n; i++) {
                START(waits[i], fut_barrier_wait, &barrier);
                cr_assert_eq(POLL(waits[i], woken), i + 1 < n ? FUT_PENDING : FUT_READY);
                if (i + 1 < n) cr_assert_eq(woken.wakes, (round - 1) * (n - 1));
            }
            cr_assert_eq(waits[n - 1].output, 1);
            cr_assert_eq(woken.wakes, round * (n - 1));
            for (unsigned i = 0; i + 1 < n; i++) cr_ready(waits[i], woken, 0);
        }
        fut_barrier_destroy(&barrier);
    }
}

Test(sync, a_party_dropped_while_it_waits_has_not_come) {
    fut_barrier_t      barrier;
    fut_barrier_wait_t first, second;
    fut_test_waker_t   one = {0}, two = {0};
    cr_assert_eq(fut_barrier_init(&barrier, 2), 0);
    START(first, fut_barrier_wait, &barrier);
    cr_pending(first, one);
    fut_drop(&first.future);
    START(second, fut_barrier_wait, &barrier);
    cr_pending(second, two);
    START(first, fut_barrier_wait, &barrier);
    cr_ready(first, one, 1);
    fut_drop(&second.future); /* after all have come: that changes nothing */
    cr_assert_eq(two.wakes, 1);
    START(first, fut_barrier_wait, &barrier);
    cr_pending(first, one);
    fut_drop(&first.future);
    fut_barrier_destroy(&barrier);
}

Test(sync, a_party_that_leaves_is_not_waited_for) {
    fut_barrier_t      barrier;
    fut_barrier_wait_t waits[2];
    fut_test_waker_t   woken = {0};
    cr_assert_eq(fut_barrier_init(&barrier, 4), 0);
    fut_barrier_leave(&barrier);
    for (int i = 0; i < 2; i++) {
        START(waits[i], fut_barrier_wait, &barrier);
        cr_pending(waits[i], woken);
    }
    fut_barrier_leave(&barrier);
    cr_assert_eq(woken.wakes, 2);
    cr_ready(waits[0], woken, 1); /* the first leads */
    cr_ready(waits[1], woken, 0);
    fut_barrier_leave(&barrier);
    START(waits[0], fut_barrier_wait, &barrier);
    cr_ready(waits[0], woken, 1); /* alone */
    fut_barrier_destroy(&barrier);
}

Test(sync, a_barrier_for_nobody_is_refused) {
    fut_barrier_t barrier;
    cr_assert_eq(fut_barrier_init(&barrier, 0), -EINVAL);
}
Test(sync, leaving_a_barrier_that_nobody_could_leave_stops, .signal = SIGABRT) {
    fut_barrier_t barrier;
    cr_assert_eq(fut_barrier_init(&barrier, 1), 0);
    fut_barrier_leave(&barrier);
    fut_barrier_leave(&barrier);
}
Test(sync, destroying_a_barrier_that_is_waited_for_stops, .signal = SIGABRT) {
    fut_barrier_t      barrier;
    fut_barrier_wait_t wait;
    fut_test_waker_t   woken = {0};
    cr_assert_eq(fut_barrier_init(&barrier, 2), 0);
    START(wait, fut_barrier_wait, &barrier);
    cr_pending(wait, woken);
    fut_barrier_destroy(&barrier);
}

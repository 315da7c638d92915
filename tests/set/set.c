/* The set: who comes out, when, and what is polled for it. */
#include <signal.h>

#include "kit.h"

Test(set, an_empty_set_is_ready_at_once_and_says_so) {
    fut_test_waker_t woken = {0};
    fut_set_t        set;
    fut_set_next_t   next;

    fut_set_init(&set);
    START(next, fut_set_next, &set);
    cr_assert_eq(fut_test_poll(&next.future, &woken), READY);
    cr_assert_null(next.output);
    cr_assert_eq(fut_test_poll(&next.future, &woken), READY);
    fut_set_destroy(&set);
    fut_set_destroy(&set);
}

Test(set, children_come_out_as_they_are_done) {
    fut_test_waker_t woken    = {0};
    item_t           items[3] = {0};
    fut_set_t        set;

    fut_set_init(&set);
    for (int i = 0; i < 3; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(fut_set_size(&set), 3);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_test_event_fire(&items[2].event, 7);
    fut_test_event_fire(&items[0].event, 8);
    cr_assert_eq(next_of(&set, &woken), &items[2], "woken first");
    cr_assert_eq(items[2].wait.output, 7);
    cr_assert_eq(next_of(&set, &woken), &items[0]);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    cr_assert_eq(fut_set_size(&set), 1);
    fut_test_event_fire(&items[1].event, 9);
    cr_assert_eq(next_of(&set, &woken), &items[1]);
    cr_assert_null(next_of(&set, &woken));
    fut_set_destroy(&set);
}

Test(set, children_of_an_ordered_set_come_out_as_they_were_pushed) {
    fut_test_waker_t woken    = {0};
    item_t           items[4] = {0};
    fut_set_t        set;

    fut_set_init_ordered(&set);
    for (int i = 0; i < 4; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_test_event_fire(&items[3].event, 3);
    fut_test_event_fire(&items[1].event, 1);
    cr_assert_eq(next_of(&set, &woken), &nobody, "the first is not done");
    cr_assert_eq(items[3].wait.output, 3, "but the others go on");
    fut_test_event_fire(&items[0].event, 0);
    cr_assert_eq(next_of(&set, &woken), &items[0]);
    cr_assert_eq(next_of(&set, &woken), &items[1]);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_set_remove(&set, &items[2].child);
    cr_assert_eq(next_of(&set, &woken), &items[3], "removing what stood before it lets it out");
    cr_assert_null(next_of(&set, &woken));
    fut_drop(&items[2].wait.future);
    fut_set_destroy(&set);
}

Test(set, one_wake_polls_one_child) {
    enum { MANY = 1000 };
    static item_t items[MANY];
    here_t        here = {0};
    fut_set_t     set;
    unsigned      polls = 0;

    fut_set_init(&set);
    for (int i = 0; i < MANY; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    for (int round = 0; round < 100; round++) {
        fut_wake(items[round * 7].event.waker); /* spurious: nobody fired it */
        cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    }
    for (int i = 0; i < MANY; i++) polls += items[i].event.polls;
    cr_assert_eq(polls, MANY + 100);
    cr_assert_eq(here.wakes, 100);
    fut_set_destroy(&set);
}

Test(set, many_wakes_before_a_poll_make_one_poll_and_wake_the_task_once) {
    here_t    here     = {0};
    item_t    items[2] = {0};
    fut_set_t set;

    fut_set_init(&set);
    for (int i = 0; i < 2; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    for (int i = 0; i < 10; i++) fut_wake(items[i % 2].event.waker);
    cr_assert_eq(here.wakes, 1);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    cr_assert_eq(items[0].event.polls, 2);
    cr_assert_eq(items[1].event.polls, 2);
    fut_set_destroy(&set);
}

Test(set, the_latest_task_is_woken) {
    fut_test_waker_t early = {0}, late = {0};
    item_t           item = {0};
    fut_set_t        set;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_of(&set, &early), &nobody);
    cr_assert_eq(next_of(&set, &late), &nobody);
    cr_assert_eq(item.event.polls, 1, "another waker above is no reason to poll a child");
    fut_test_event_fire(&item.event, 0);
    cr_assert_eq(early.wakes, 0);
    cr_assert_eq(late.wakes, 1);
    fut_set_destroy(&set);
}

Test(set, pushing_wakes_whoever_awaits_the_set) {
    fut_test_waker_t woken    = {0};
    item_t           items[2] = {0};
    fut_set_t        set;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &items[0]), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    cr_assert_eq(woken.wakes, 0);
    fut_test_event_fire(&items[1].event, 5);
    cr_assert_eq(item_push(&set, &items[1]), 0);
    cr_assert_eq(woken.wakes, 1);
    cr_assert_eq(next_of(&set, &woken), &items[1]);
    fut_set_destroy(&set);
}

Test(set, removing_the_last_child_wakes_whoever_awaits_the_set) {
    fut_test_waker_t woken = {0};
    item_t           item  = {0};
    fut_set_t        set;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_set_remove(&set, &item.child);
    cr_assert_eq(woken.wakes, 1);
    cr_assert_null(next_of(&set, &woken));
    cr_assert_eq(item.event.drops, 0, "the future is still pending");
    fut_test_event_fire(&item.event, 3);
    cr_assert_eq(fut_test_poll(&item.wait.future, &woken), READY, "and can be polled elsewhere");
    cr_assert_eq(item.wait.output, 3);
    fut_set_destroy(&set);
}

Test(set, a_child_is_in_one_set_at_a_time) {
    item_t    item = {0};
    fut_set_t set, other;

    fut_set_init(&set);
    fut_set_init(&other);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(fut_set_push(&set, &item.child, &item.wait.future), -EBUSY);
    cr_assert_eq(fut_set_push(&other, &item.child, &item.wait.future), -EBUSY);
    fut_set_remove(&other, &item.child);
    fut_set_cancel(&other, &item.child);
    cr_assert_eq(fut_set_size(&set), 1, "not its child: nothing happens");
    cr_assert_eq(fut_set_size(&other), 0);
    fut_set_remove(&set, &item.child);
    fut_set_remove(&set, &item.child);
    cr_assert_eq(fut_set_push(&other, &item.child, &item.wait.future), 0);
    fut_set_destroy(&other);
    fut_set_destroy(&set);
    cr_assert_eq(item.wait.output, -ECANCELED);
}

Test(set, a_future_that_is_done_already_comes_out_at_once) {
    fut_test_waker_t woken = {0};
    item_t           item  = {0};
    fut_set_t        set;

    fut_set_init(&set);
    item_start(&item);
    fut_drop(&item.wait.future);
    cr_assert_eq(fut_set_push(&set, &item.child, &item.wait.future), 0);
    cr_assert_eq(next_of(&set, &woken), &item);
    cr_assert_null(next_of(&set, &woken));
}

/* ---- The end ----------------------------------------------------------------------------------------------- */

Test(set, destroying_a_set_drops_what_is_left_and_nothing_else) {
    fut_test_waker_t woken    = {0};
    item_t           items[4] = {0};
    fut_set_t        set;

    fut_set_init(&set);
    for (int i = 0; i < 3; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_test_event_fire(&items[0].event, 5);
    cr_assert_eq(next_of(&set, &woken), &items[0]);
    cr_assert_eq(item_push(&set, &items[3]), 0);
    fut_set_destroy(&set);
    cr_assert_eq(items[0].event.drops, 0);
    for (int i = 1; i < 4; i++) cr_assert_eq(items[i].event.drops, 1);
    cr_assert_eq(items[3].event.polls, 0, "never polled");
    cr_assert_eq(fut_set_size(&set), 0);
    cr_assert_eq(item_push(&set, &items[1]), 0, "it can be used again");
    fut_set_destroy(&set);
}

Test(set, a_dropped_next_loses_nothing) {
    fut_test_waker_t woken = {0};
    item_t           item  = {0};
    fut_set_t        set;
    fut_set_next_t   next;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    for (int polls = 0; polls < 3; polls++) {
        START(next, fut_set_next, &set);
        for (int i = 0; i < polls; i++) cr_assert_eq(fut_test_poll(&next.future, &woken), PENDING);
        if (polls == 2) fut_test_event_fire(&item.event, 6);
        if (polls % 2)
            fut_cancel(&next.future);
        else
            fut_drop(&next.future);
        cr_assert(fut_is_done(&next.future));
        cr_assert_null(next.output);
    }
    START(next, fut_set_next, &set);
    cr_assert_eq(fut_test_poll(&next.future, &woken), READY);
    cr_assert_eq(next.output, &item.child);
    cr_assert_eq(next.future.vtable->loses, FUT_LOSES_NOTHING);
    fut_set_destroy(&set);
}

Test(set, cancelled_children_say_goodbye_and_come_out) {
    fut_test_waker_t woken = {0};
    fut_test_event_t events[2], farewells[2];
    fut_set_child_t  children[2] = {{.data = NULL}}, *done;
    polite_t         polite[2];
    fut_set_t        set;
    fut_context_t    cx;

    memset(events, 0, sizeof events);
    memset(farewells, 0, sizeof farewells);
    fut_set_init(&set);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    for (int i = 0; i < 2; i++) {
        START(polite[i], polite, &events[i], &farewells[i], i ? "b" : "a");
        cr_assert_eq(fut_set_push(&set, &children[i], &polite[i].future), 0);
    }
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    fut_set_cancel(&set, &children[1]);
    cr_assert_eq(woken.wakes, 1);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    cr_assert(fut_test_said("b closes"));
    fut_set_cancel(&set, NULL);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    cr_assert(fut_test_said("a closes"), "b is not disturbed");
    fut_test_event_fire(&farewells[1], 0);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), READY);
    cr_assert_eq(done, &children[1]);
    cr_assert_eq(polite[1].output, -ECANCELED);
    fut_set_destroy(&set);
    cr_assert(fut_test_said("b ends", "a ends"), "destroying cuts the goodbye");
}

Test(set, cancelling_children_that_were_never_polled_ends_them) {
    fut_test_waker_t woken    = {0};
    item_t           items[2] = {0};
    fut_set_t        set;

    fut_set_init(&set);
    fut_set_cancel(&set, NULL);
    for (int i = 0; i < 2; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    fut_set_cancel(&set, NULL);
    fut_set_cancel(&set, NULL);
    cr_assert_eq(next_of(&set, &woken), &items[0]);
    cr_assert_eq(next_of(&set, &woken), &items[1]);
    cr_assert_null(next_of(&set, &woken));
    cr_assert_eq(items[0].event.polls, 0);
}

/* ---- From inside the poll of a child ------------------------------------------------------------------------- */

typedef struct meddler {
    FUT_FUTURE(meddler, int, fut_set_t *set; void (*act)(struct meddler *self, fut_context_t *cx); item_t *other);
    fut_set_child_t child;
    unsigned        polls;
} meddler_t;
static fut_poll_t meddler_poll(meddler_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    (void)fut_context_waker(cx);
    self->polls++;
    self->act(self, cx);
    self->output = 0;
    return self->polls < 3 ? fut_pending(&self->future) : fut_ready(&self->future);
}
FUT_DEFINE(meddler);

static void removes_sibling(meddler_t *self, fut_context_t *cx) {
    (void)cx;
    fut_set_remove(self->set, &self->other->child);
}
static void drops_sibling(meddler_t *self, fut_context_t *cx) {
    removes_sibling(self, cx);
    fut_drop(&self->other->wait.future);
}
static void removes_itself(meddler_t *self, fut_context_t *cx) {
    (void)cx;
    fut_set_remove(self->set, &self->child);
}
static void pushes_sibling(meddler_t *self, fut_context_t *cx) {
    (void)cx;
    if (self->polls == 1) cr_assert_eq(item_push(self->set, self->other), 0);
}
static void moves_itself(meddler_t *self, fut_context_t *cx) {
    (void)cx;
    if (self->polls > 1) return;
    fut_set_remove(self->set, &self->child);
    cr_assert_eq(fut_set_push(self->set, &self->child, &self->future), 0);
}
static void gives_its_place_away(meddler_t *self, fut_context_t *cx) {
    removes_itself(self, cx);
    cr_assert_eq(item_push(self->set, self->other), 0);
}
static void cancels_all_but_itself(meddler_t *self, fut_context_t *cx) {
    (void)cx;
    fut_set_cancel(self->set, &self->other->child);
}
static void wakes_itself_and_yields(meddler_t *self, fut_context_t *cx) {
    (void)self;
    fut_wake(fut_context_waker(cx));
    fut_context_yield(cx);
}

static void meddle(fut_set_t *set, meddler_t *meddler, void (*act)(meddler_t *, fut_context_t *), item_t *other) {
    fut_set_init(set);
    *meddler = (meddler_t){.polls = 0};
    START(*meddler, meddler, set, act, other);
    cr_assert_eq(fut_set_push(set, &meddler->child, &meddler->future), 0);
}

Test(set, a_child_may_remove_a_sibling_that_is_about_to_be_polled) {
    fut_test_waker_t woken = {0};
    item_t           other = {0};
    meddler_t        meddler;
    fut_set_t        set;

    meddle(&set, &meddler, removes_sibling, &other);
    cr_assert_eq(item_push(&set, &other), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    cr_assert_eq(other.event.polls, 0);
    cr_assert_eq(fut_set_size(&set), 1);
    meddle(&set, &meddler, drops_sibling, &other);
    cr_assert_eq(item_push(&set, &other), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    cr_assert_eq(other.event.drops, 1);
    fut_set_destroy(&set);
}

Test(set, a_child_may_remove_itself) {
    here_t    here = {0};
    meddler_t meddler;
    fut_set_t set;

    meddle(&set, &meddler, removes_itself, NULL);
    cr_assert_null(next_under(&set, here_waker(&here)), "the set is empty, and knows it in the same poll");
    cr_assert_eq(meddler.polls, 1);
    meddle(&set, &meddler, removes_itself, NULL);
    meddler.polls = 2; /* READY in the poll in which it leaves */
    cr_assert_null(next_under(&set, here_waker(&here)));
    cr_assert_eq(meddler.polls, 3);
    fut_set_destroy(&set);
}

Test(set, a_child_may_leave_and_come_back) {
    here_t           here = {0};
    meddler_t        meddler;
    fut_set_t        set;
    fut_set_child_t *done;
    fut_context_t    cx;

    meddle(&set, &meddler, moves_itself, NULL);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    cr_assert_eq(meddler.polls, 2, "it is a new child");
    fut_set_cancel(&set, &meddler.child);
    fut_context_init(&cx, here_waker(&here), NULL);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), READY);
    cr_assert_eq(done, &meddler.child);
    fut_set_destroy(&set);
}

Test(set, a_child_may_leave_and_give_its_place_to_another) {
    here_t    here  = {0};
    item_t    other = {0};
    meddler_t meddler;
    fut_set_t set;

    meddle(&set, &meddler, gives_its_place_away, &other);
    meddler.polls = 2; /* READY in the poll in which it leaves */
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody, "what is ready is not what is in its place now");
    cr_assert(fut_is_done(&meddler.future));
    cr_assert_eq(other.event.polls, 1);
    fut_test_event_fire(&other.event, 1);
    cr_assert_eq(next_under(&set, here_waker(&here)), &other);
    fut_set_destroy(&set);
}

Test(set, a_child_may_push_a_sibling_which_is_polled_at_once) {
    fut_test_waker_t woken = {0};
    item_t           other = {0};
    meddler_t        meddler;
    fut_set_t        set;

    meddle(&set, &meddler, pushes_sibling, &other);
    fut_test_event_fire(&other.event, 4);
    cr_assert_eq(next_of(&set, &woken), &other);
    fut_set_destroy(&set);
}

Test(set, a_child_may_cancel_a_sibling) {
    here_t    here  = {0};
    item_t    other = {0};
    meddler_t meddler;
    fut_set_t set;

    meddle(&set, &meddler, cancels_all_but_itself, &other);
    cr_assert_eq(item_push(&set, &other), 0);
    cr_assert_eq(next_under(&set, here_waker(&here)), &other);
    cr_assert_eq(other.wait.output, -ECANCELED);
    fut_set_destroy(&set);
}

/* ---- Fairness ---------------------------------------------------------------------------------------------- */

Test(set, a_child_that_always_yields_is_polled_once_in_each_poll_of_the_set) {
    here_t    here = {0};
    item_t    item = {0};
    meddler_t meddler;
    fut_set_t set;

    meddle(&set, &meddler, wakes_itself_and_yields, NULL);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    cr_assert_eq(meddler.polls, 1);
    cr_assert_eq(here.wakes, 1, "there is more to do");
    cr_assert_eq(item.event.polls, 1);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    cr_assert_eq(meddler.polls, 2);
    cr_assert_eq(item.event.polls, 1);
    fut_set_destroy(&set);
}

Test(set, the_budget_of_the_task_is_the_childrens) {
    enum { MANY = 10 };
    fut_test_waker_t woken       = {0};
    item_t           items[MANY] = {0};
    fut_set_t        set;
    fut_context_t    cx;
    fut_set_child_t *done;
    unsigned         polls;

    fut_set_init(&set);
    for (int i = 0; i < MANY; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    for (unsigned turn = 1; turn <= 4; turn++) {
        fut_context_init(&cx, fut_test_waker(&woken), NULL);
        cx.budget = 3;
        cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
        polls = 0;
        for (int i = 0; i < MANY; i++) polls += items[i].event.polls;
        cr_assert_eq(polls, turn < 4 ? 3 * turn : MANY);
        cr_assert_eq(woken.wakes, turn < 4 ? turn : 3, "it asks to go on as long as there is more");
        cr_assert_eq(cx.budget, turn < 4 ? 0 : 2);
    }
    fut_set_destroy(&set);
}

Test(set, with_a_context_of_its_own_kind_a_yield_is_told_in_the_context) {
    fut_test_waker_t woken = {0};
    meddler_t        meddler;
    fut_set_t        set;
    fut_context_t    cx;
    fut_set_child_t *done;

    meddle(&set, &meddler, wakes_itself_and_yields, NULL);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    cx.self = &cx;
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    cr_assert(cx.held & FUT_YIELDED_);
    cr_assert_eq(cx.self, &cx);
    cr_assert(fut_waker_same(cx.waker, fut_test_waker(&woken)), "the context is as it was");
    fut_set_destroy(&set);
}

/* ---- Depth ------------------------------------------------------------------------------------------------- */

typedef struct deep {
    ASYNC_FRAME(deep, int, int depth; struct deep *below; fut_test_event_t *event);
    fut_test_wait_t wait;
} deep_t;
static unsigned resumed;
ASYNC_FORWARD(deep);
ASYNC(deep) {
    ASYNC_BEGIN();
    if (self->depth == 0) {
        AWAIT(self->wait, fut_test_wait, self->event);
        resumed++;
        AWAIT(self->wait, fut_test_wait, self->event);
    } else {
        AWAIT(*self->below, deep, self->depth - 1, self->below + 1, self->event);
    }
    ASYNC_RETURN(self->depth);
    ASYNC_END();
}

Test(set, children_are_polled_at_their_leaves) {
    fut_test_waker_t woken = {0};
    fut_test_event_t event = {0};
    deep_t           frames[20];
    fut_set_child_t  child = {.data = NULL}, *done;
    fut_set_t        set;
    fut_context_t    cx;

    fut_set_init(&set);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    START(frames[0], deep, 19, &frames[1], &event);
    cr_assert_eq(fut_set_push(&set, &child, &frames[0].future), 0);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    cr_assert_eq(set.waiting.next, &child.links);
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    cr_assert_eq(resumed, 1);
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), READY);
    cr_assert_eq(frames[0].output, 19);
}

Test(set, sets_in_sets_wake_the_task_above) {
    here_t          here = {0};
    item_t          item = {0};
    fut_set_t       inner, outer;
    fut_set_next_t  next;
    fut_set_child_t child = {.data = NULL}, *done;
    fut_context_t   cx;

    fut_set_init(&inner);
    fut_set_init(&outer);
    cr_assert_eq(item_push(&inner, &item), 0);
    START(next, fut_set_next, &inner);
    cr_assert_eq(fut_set_push(&outer, &child, &next.future), 0);
    fut_context_init(&cx, here_waker(&here), NULL);
    cr_assert_eq(fut_set_poll_next(&outer, &cx, &done), PENDING);
    fut_test_event_fire(&item.event, 2);
    cr_assert_eq(here.wakes, 1);
    cr_assert_eq(fut_set_poll_next(&outer, &cx, &done), READY);
    cr_assert_eq(next.output, &item.child);
    fut_set_destroy(&outer);
    fut_set_destroy(&inner);
}

/* ---- Misuse ------------------------------------------------------------------------------------------------ */

static void destroys_the_set(meddler_t *self, fut_context_t *cx) {
    (void)cx;
    fut_set_destroy(self->set);
}
Test(set, destroying_a_set_from_inside_the_poll_of_a_child_stops_the_program, .signal = SIGABRT) {
    fut_test_waker_t woken = {0};
    meddler_t        meddler;
    fut_set_t        set;
    meddle(&set, &meddler, destroys_the_set, NULL);
    (void)next_of(&set, &woken);
}

static void awaits_the_set(meddler_t *self, fut_context_t *cx) {
    fut_set_child_t *done;
    if (fut_set_poll_next(self->set, cx, &done) == READY) self->polls++;
}
Test(set, a_child_that_awaits_its_own_set_stops_the_program, .signal = SIGABRT) {
    fut_test_waker_t woken = {0};
    meddler_t        meddler;
    fut_set_t        set;
    meddle(&set, &meddler, awaits_the_set, NULL);
    (void)next_of(&set, &woken);
}

typedef struct pusher {
    ASYNC_FRAME(pusher, int, fut_set_t *set; item_t *item; fut_test_event_t *event);
    fut_test_wait_t wait;
} pusher_t;
ASYNC(pusher) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_test_say("push answers %d", item_push(self->set, self->item) == -ECANCELED);
    ASYNC_END();
}
Test(set, nothing_can_be_pushed_into_a_set_that_is_being_destroyed) {
    fut_test_waker_t woken = {0};
    fut_test_event_t event = {0};
    item_t           item  = {0};
    fut_set_child_t  child = {.data = NULL}, *done;
    fut_set_t        set;
    pusher_t         pusher;
    fut_context_t    cx;

    fut_set_init(&set);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    START(pusher, pusher, &set, &item, &event);
    cr_assert_eq(fut_set_push(&set, &child, &pusher.future), 0);
    cr_assert_eq(fut_set_poll_next(&set, &cx, &done), PENDING);
    fut_set_destroy(&set);
    cr_assert(fut_test_said("push answers 1"));
    cr_assert_null(item.child.set);
}

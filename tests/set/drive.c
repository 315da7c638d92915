/* The trap: a set whose owner awaits something else. And the way out. */
#include "future/executor.h"
#include "future/time.h"
#include "kit.h"

/* A lock that the smallest program could have: who wants it waits for `free`. */
typedef struct small_lock {
    bool        held;
    fut_waker_t waiter;
} small_lock_t;

typedef struct take {
    FUT_FUTURE(take, int, small_lock_t *lock);
} take_t;
static fut_poll_t take_poll(take_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->lock->held) {
        self->lock->waiter = fut_context_waker(cx);
        return fut_pending(&self->future);
    }
    self->lock->held = true;
    self->output     = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(take);

static void give_back(small_lock_t *lock) {
    lock->held = false;
    fut_wake(lock->waiter);
}

/* A child that keeps the lock for a while. */
typedef struct holder {
    ASYNC_FRAME(holder, int, small_lock_t *lock);
    take_t      take;
    fut_sleep_t nap;
} holder_t;
ASYNC(holder) {
    ASYNC_BEGIN();
    AWAIT(self->take, take, self->lock);
    AWAIT(self->nap, fut_sleep, FUT_MS(5));
    give_back(self->lock);
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* The first child to be done comes out, while the other still holds the lock that the owner wants next. */
typedef struct owner {
    ASYNC_FRAME(owner, int, bool beside);
    small_lock_t    lock;
    fut_set_t       set;
    fut_set_child_t children[2];
    holder_t        holder;
    fut_sleep_t     quick;
    fut_set_next_t  next;
    take_t          take;
} owner_t;
ASYNC(owner) {
    ASYNC_BEGIN();
    self->lock = (small_lock_t){.held = false};
    fut_set_init(&self->set);
    fut_set_child_init(&self->children[0], NULL);
    fut_set_child_init(&self->children[1], NULL);
    START(self->holder, holder, &self->lock);
    START(self->quick, fut_sleep, FUT_MS(1));
    TRY(fut_set_push(&self->set, &self->children[0], &self->holder.future));
    TRY(fut_set_push(&self->set, &self->children[1], &self->quick.future));
    AWAIT(self->next, fut_set_next, &self->set);
    fut_test_say("%s is done", self->next.output == &self->children[1] ? "quick" : "holder");
    if (self->beside)
        AWAIT_BESIDE(self->set, self->take, take, &self->lock);
    else
        AWAIT(self->take, take, &self->lock);
    fut_test_say("the owner has the lock");
    give_back(&self->lock);
    AWAIT(self->next, fut_set_next, &self->set);
    fut_test_say("%s was done meanwhile", self->next.output == &self->children[0] ? "holder" : "quick");
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}

static int64_t run_owner(bool beside) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    fut_executor_t       executor;
    int64_t              output;
    cr_assert_eq(fut_executor_init(&executor,
                                   &(fut_executor_options_t){.driver = fut_virtual_clock_driver(clock), .quiet = true}),
                 0);
    output = BLOCK_ON(&executor, owner, beside);
    fut_executor_destroy(&executor);
    fut_virtual_clock_free(clock);
    return output;
}

Test(set, an_owner_that_awaits_what_a_child_holds_waits_for_ever) {
    cr_assert_eq(run_owner(false), -EDEADLK);
    cr_assert(fut_test_said("quick is done"));
}

Test(set, awaiting_beside_a_set_lets_its_children_go_on) {
    cr_assert_eq(run_owner(true), 1);
    cr_assert(fut_test_said("quick is done", "the owner has the lock", "holder was done meanwhile"));
}

/* ---- drive by hand ------------------------------------------------------------------------------------------- */

Test(set, what_is_done_beside_waits_for_next_in_its_order) {
    for (int ordered = 0; ordered < 2; ordered++) {
        fut_test_waker_t woken    = {0};
        item_t           items[3] = {0}, other = {0};
        fut_set_t        set;
        fut_set_drive_t  drive;

        if (ordered)
            fut_set_init_ordered(&set);
        else
            fut_set_init(&set);
        for (int i = 0; i < 3; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
        item_start(&other);
        START(drive, fut_set_drive, &set, &other.wait.future);
        cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
        fut_test_event_fire(&items[2].event, 0);
        fut_test_event_fire(&items[1].event, 0);
        cr_assert_eq(woken.wakes, 2);
        cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
        cr_assert(fut_is_done(&items[1].wait.future) && fut_is_done(&items[2].wait.future));
        cr_assert_eq(fut_set_size(&set), 3);
        fut_test_event_fire(&items[0].event, 0);
        fut_test_event_fire(&other.event, 9);
        cr_assert_eq(fut_test_poll(&drive.future, &woken), READY);
        cr_assert_eq(other.wait.output, 9);
        cr_assert_eq(fut_test_poll(&drive.future, &woken), READY);
        cr_assert_eq(next_of(&set, &woken), ordered ? &items[0] : &items[2]);
        cr_assert_eq(next_of(&set, &woken), &items[1]);
        cr_assert_eq(next_of(&set, &woken), ordered ? &items[2] : &items[0]);
        cr_assert_null(next_of(&set, &woken));
        fut_set_destroy(&set);
    }
}

Test(set, beside_an_empty_set_it_is_an_await) {
    fut_test_waker_t woken = {0};
    item_t           other = {0};
    fut_set_t        set;
    fut_set_drive_t  drive;

    fut_set_init(&set);
    item_start(&other);
    START(drive, fut_set_drive, &set, &other.wait.future);
    cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
    fut_test_event_fire(&other.event, 9);
    cr_assert_eq(fut_test_poll(&drive.future, &woken), READY);
    fut_set_destroy(&set);
}

Test(set, dropping_what_is_awaited_beside_leaves_the_set_alone) {
    fut_test_waker_t woken = {0};
    for (int polls = 0; polls < 2; polls++) {
        item_t          item = {0}, other = {0};
        fut_set_t       set;
        fut_set_drive_t drive;

        fut_set_init(&set);
        cr_assert_eq(item_push(&set, &item), 0);
        item_start(&other);
        START(drive, fut_set_drive, &set, &other.wait.future);
        for (int i = 0; i < polls; i++) cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
        fut_drop(&drive.future);
        cr_assert_eq(other.event.drops, 1);
        cr_assert_eq(item.event.drops, 0);
        cr_assert_eq(fut_set_size(&set), 1);
        fut_set_destroy(&set);
    }
}

Test(set, cancelling_what_is_awaited_beside_waits_for_its_end_while_the_set_goes_on) {
    fut_test_waker_t woken = {0};
    fut_test_event_t event = {0}, farewell = {0};
    item_t           item = {0};
    polite_t         polite;
    fut_set_t        set;
    fut_set_drive_t  drive;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    START(polite, polite, &event, &farewell, "it");
    START(drive, fut_set_drive, &set, &polite.future);
    cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
    fut_cancel(&drive.future);
    cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
    cr_assert(fut_test_said("it closes"));
    fut_test_event_fire(&item.event, 1);
    cr_assert_eq(fut_test_poll(&drive.future, &woken), PENDING);
    cr_assert(fut_is_done(&item.wait.future));
    fut_test_event_fire(&farewell, 0);
    cr_assert_eq(fut_test_poll(&drive.future, &woken), READY);
    cr_assert(fut_test_said("it ends"));
    fut_set_destroy(&set);
    START(polite, polite, &event, &farewell, "it");
    START(drive, fut_set_drive, &set, &polite.future);
    fut_cancel(&drive.future);
    cr_assert(fut_is_done(&drive.future) && fut_is_done(&polite.future), "cancelled before it began");
}

/* Sets in a FINALLY, and what a backtrace says of them. */
#include "kit.h"

/* In its FINALLY it cancels its set and waits for the children, gracefully or cut. */
typedef struct host {
    ASYNC_FRAME(host, int, fut_test_event_t *event; item_t *items; bool goodbye_is_ready);
    fut_set_t       set;
    fut_set_next_t  next;
    fut_test_wait_t wait;
    fut_test_wait_t goodbyes[2];
    fut_join_all_t  all;
    int             i;
} host_t;
ASYNC(host) {
    ASYNC_BEGIN();
    fut_set_init(&self->set);
    for (self->i = 0; self->i < 2; self->i++) TRY(item_push(&self->set, &self->items[self->i]));
    AWAIT_BESIDE(self->set, self->wait, fut_test_wait, self->event);
    START(self->wait, fut_test_wait, self->event);
    AWAIT_BESIDE(self->set, self->wait);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    for (self->i = 0; self->i < 2; self->i++)
        START(self->goodbyes[self->i], fut_test_wait, &self->items[self->i].event);
    if (self->goodbye_is_ready)
        for (self->i = 0; self->i < 2; self->i++) fut_test_event_fire(&self->items[self->i].event, self->i);
    fut_set_cancel(&self->set, NULL);
    for (self->i = 0;; self->i++) {
        AWAIT(self->next, fut_set_next, &self->set);
        if (!self->next.output) break;
    }
    fut_test_say("%d children", self->i);
    fut_set_destroy(&self->set);
    AWAIT(self->all, fut_join_all, FUT_EACH(self->goodbyes));
    fut_test_say("%s", self->all.output == 0 ? "all said" : "cut");
    ASYNC_END();
}

Test(set, a_finally_may_wait_for_the_children_it_cancels) {
    fut_test_event_t event    = {0};
    item_t           items[2] = {0};
    host_t           host;
    START(host, host, &event, items, true);
    cr_assert_eq(fut_test_run(&host.future), PENDING);
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_test_run(&host.future), PENDING);
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_test_run(&host.future), READY);
    cr_assert(fut_test_said("2 children", "all said"));
}

Test(set, in_a_hard_drop_a_join_of_what_is_ready_is_not_cut) {
    for (int ready = 0; ready < 2; ready++) {
        fut_test_event_t event    = {0};
        item_t           items[2] = {0};
        host_t           host;
        START(host, host, &event, items, ready == 1);
        cr_assert_eq(fut_test_run(&host.future), PENDING);
        fut_drop(&host.future);
        cr_assert(fut_test_said("2 children", ready ? "all said" : "cut"));
        for (int i = 0; i < 2; i++) cr_assert_null(items[i].event.waker.target, "nobody waits any more");
    }
}

/* In a hard drop the children would have to wait, and so would `next`. */
typedef struct late_host {
    ASYNC_FRAME(late_host, int, fut_test_event_t *event; item_t *item);
    fut_set_t       set;
    fut_set_next_t  next;
    fut_test_wait_t wait;
} late_host_t;
ASYNC(late_host) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_set_init(&self->set);
    if (item_push(&self->set, self->item) < 0) ASYNC_RETURN(-ENOMEM);
    AWAIT(self->next, fut_set_next, &self->set);
    fut_test_say("%s", self->next.output ? "a child" : "cut");
    fut_set_destroy(&self->set);
    ASYNC_END();
}
Test(set, in_a_hard_drop_the_wait_for_a_child_is_cut) {
    fut_test_event_t event = {0};
    item_t           item  = {0};
    late_host_t      host;
    START(host, late_host, &event, &item);
    cr_assert_eq(fut_test_run(&host.future), PENDING);
    fut_drop(&host.future);
    cr_assert(fut_test_said("cut"));
    cr_assert_eq(item.event.polls, 1);
    cr_assert_eq(item.event.drops, 1);
    memset(&item, 0, sizeof item);
    START(host, late_host, &event, &item);
    cr_assert_eq(fut_test_run(&host.future), PENDING);
    fut_cancel(&host.future);
    cr_assert_eq(fut_test_run(&host.future), PENDING, "gracefully it waits");
    fut_test_event_fire(&item.event, 0);
    cr_assert_eq(fut_test_run(&host.future), READY);
    cr_assert(fut_test_said("a child"));
}

static fut_note_t note_of(const fut_future_t *future) {
    fut_note_t note = {0};
    future->vtable->describe(future, &note);
    return note;
}

Test(set, a_backtrace_names_a_child_that_is_waited_for) {
    fut_test_waker_t woken    = {0};
    item_t           items[2] = {0}, other = {0};
    fut_future_t    *pointers[2];
    fut_set_t        set;
    fut_set_next_t   next;
    fut_set_drive_t  drive;
    fut_join_all_t   all;

    fut_set_init(&set);
    START(next, fut_set_next, &set);
    cr_assert_null(note_of(&next.future).child);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(item_push(&set, &items[i]), 0);
        pointers[i] = &items[i].wait.future;
    }
    cr_assert_eq(note_of(&next.future).number, 2);
    cr_assert_eq(note_of(&next.future).child, pointers[0]);
    item_start(&other);
    START(drive, fut_set_drive, &set, &other.wait.future);
    cr_assert_eq(note_of(&drive.future).child, &other.wait.future);
    for (int i = 0; i < 2; i++) fut_set_remove(&set, &items[i].child);
    fut_set_destroy(&set);
    START(all, fut_join_all, FUT_EACH_POINTER(pointers, 2));
    cr_assert_eq(fut_test_poll(&all.future, &woken), PENDING);
    fut_test_event_fire(&items[0].event, 0);
    cr_assert_eq(fut_test_poll(&all.future, &woken), PENDING);
    cr_assert_eq(note_of(&all.future).number, 1);
    cr_assert_eq(note_of(&all.future).child, pointers[1]);
    fut_drop(&all.future);
}

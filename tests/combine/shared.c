/* One future that many await: who polls it, who is woken, who takes over. */
#include "../play.h"
#include "kit.h"

static fut_test_event_t  event, goodbye;
static fut_test_waker_t  woken[8];
static worker_t          child;
static fut_shared_t      shared;
static fut_shared_wait_t waits[8];

static void share(void) {
    event = goodbye = (fut_test_event_t){0};
    memset(woken, 0, sizeof woken);
    START(child, worker, "child", &event, &goodbye);
    fut_shared_init(&shared, &child.future);
    for (int i = 0; i < 8; i++) START(waits[i], fut_shared_wait, &shared);
}
static void end_child(int value) {
    fut_test_event_fire(&event, value);
    fut_test_event_fire(&goodbye, 0);
}

Test(combine, one_awaiter_is_as_good_as_an_await) {
    share();
    cr_pending(waits[0], woken[0]);
    cr_pending(waits[0], woken[0]);
    end_child(7);
    cr_ready(waits[0], woken[0], 0);
    cr_ready(waits[0], woken[0], 0);
    cr_assert_eq(child.output, 7);
    cr_ready(waits[1], woken[1], 0);
    cr_assert(fut_test_said("child 7", "child ends"), "who comes later finds it done");
}

Test(combine, only_one_polls_and_all_are_woken_at_the_end) {
    share();
    for (int i = 0; i < 4; i++) cr_pending(waits[i], woken[i]);
    for (int i = 0; i < 4; i++) cr_pending(waits[i], woken[i]); /* spurious */
    cr_assert_eq(event.polls, 2, "the first one polls, each time");
    end_child(1);
    cr_assert_eq(woken[0].wakes, 1); /* the child has the waker of the one that polls */
    cr_pending(waits[2], woken[2]);  /* the others cannot know yet                    */
    cr_ready(waits[0], woken[0], 0);
    for (int i = 1; i < 4; i++) cr_assert_eq(woken[i].wakes, 1);
    for (int i = 3; i > 0; i--) cr_ready(waits[i], woken[i], 0);
    for (int i = 0; i < 4; i++) cr_assert_leq(woken[i].wakes, 1);
    fut_test_hush();
}

Test(combine, the_latest_waker_of_each_is_woken) {
    share();
    for (int i = 0; i < 3; i++) cr_pending(waits[i], woken[i]);
    for (int i = 0; i < 3; i++) cr_pending(waits[i], woken[i + 4]); /* each has moved to another task */
    fut_drop(&waits[0].future);
    cr_assert_eq(woken[5].wakes, 1);
    cr_pending(waits[1], woken[5]);
    end_child(1);
    cr_assert_eq(woken[5].wakes, 2);
    cr_ready(waits[1], woken[5], 0);
    cr_assert_eq(woken[6].wakes, 1);
    for (int i = 0; i < 5; i++) cr_assert_eq(woken[i].wakes, 0);
    fut_test_hush();
}

Test(combine, the_childs_error_is_everybodys) {
    share();
    for (int i = 0; i < 2; i++) cr_pending(waits[i], woken[i]);
    end_child(-EIO);
    for (int i = 0; i < 3; i++) cr_ready(waits[i], woken[i], -EIO);
    fut_test_hush();
}

Test(combine, when_the_one_that_polls_is_dropped_another_takes_over) {
    share();
    for (int i = 0; i < 3; i++) cr_pending(waits[i], woken[i]);
    fut_drop(&waits[0].future);
    cr_assert_eq(woken[1].wakes + woken[2].wakes, 1);
    cr_assert_eq(woken[1].wakes, 1, "the next in line");
    cr_pending(waits[1], woken[1]);
    end_child(2);
    cr_assert_eq(woken[0].wakes, 0);
    cr_assert_eq(woken[1].wakes, 2);
    cr_ready(waits[1], woken[1], 0);
    cr_ready(waits[2], woken[2], 0);
    fut_test_hush();
}

Test(combine, an_heir_that_is_dropped_before_it_polls_hands_on) {
    share();
    for (int i = 0; i < 4; i++) cr_pending(waits[i], woken[i]);
    fut_drop(&waits[0].future);
    fut_drop(&waits[1].future); /* woken, and has not polled */
    fut_cancel(&waits[2].future);
    cr_assert_eq(woken[3].wakes, 1);
    cr_pending(waits[3], woken[3]);
    end_child(2);
    cr_ready(waits[3], woken[3], 0);
    fut_test_hush();
}

Test(combine, dropping_one_that_does_not_poll_wakes_nobody) {
    share();
    for (int i = 0; i < 3; i++) cr_pending(waits[i], woken[i]);
    fut_drop(&waits[1].future);
    cr_assert_eq(woken[0].wakes + woken[1].wakes + woken[2].wakes, 0);
    end_child(2);
    cr_ready(waits[0], woken[0], 0);
    cr_ready(waits[2], woken[2], 0);
    cr_assert_eq(woken[1].wakes, 0);
    fut_test_hush();
}

Test(combine, a_wait_may_be_dropped_before_its_first_poll_and_after_the_end) {
    share();
    fut_drop(&waits[0].future);
    cr_pending(waits[1], woken[1]);
    cr_pending(waits[2], woken[2]);
    end_child(3);
    cr_ready(waits[1], woken[1], 0);
    fut_drop(&waits[2].future); /* woken, not polled since */
    cr_assert_eq(waits[2].output, -ECANCELED);
    fut_test_hush();
}

Test(combine, nobody_awaits_it_for_a_while) {
    share();
    cr_pending(waits[0], woken[0]);
    fut_drop(&waits[0].future);
    cr_assert_not(fut_is_done(&child.future), "the child is the caller's");
    end_child(4);
    cr_ready(waits[1], woken[1], 0);
    cr_assert_eq(child.output, 4);
    fut_test_hush();
}

Test(combine, cancelling_the_child_ends_it_for_all_and_its_finally_may_wait) {
    share();
    for (int i = 0; i < 3; i++) cr_pending(waits[i], woken[i]);
    fut_shared_cancel(&shared);
    cr_assert_eq(woken[0].wakes, 1);
    cr_assert_eq(woken[1].wakes, 0);
    cr_pending(waits[0], woken[0]);
    fut_test_event_fire(&goodbye, 0);
    for (int i = 0; i < 3; i++) cr_ready(waits[i], woken[i], -ECANCELED);
    cr_assert(fut_test_said("child -125", "child ends"));
    fut_shared_cancel(&shared);
    fut_shared_drop(&shared);
}

Test(combine, dropping_the_child_ends_it_for_all_at_once) {
    share();
    for (int i = 0; i < 3; i++) cr_pending(waits[i], woken[i]);
    fut_shared_drop(&shared);
    cr_assert(fut_test_said("child -125", "child cut"));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(woken[i].wakes, 1);
        cr_ready(waits[i], woken[i], -ECANCELED);
    }
}

/* An output that cannot carry an errno. */
typedef struct names {
    FUT_FUTURE(names, const char *);
} names_t;
static fut_poll_t names_poll(names_t *self, fut_context_t *cx) {
    (void)fut_context_waker(cx);
    return fut_pending(&self->future);
}
FUT_DEFINE(names);

Test(combine, who_awaits_learns_of_a_cancellation_whatever_the_type) {
    names_t           names;
    fut_shared_t      name;
    fut_shared_wait_t wait;
    START(names, names);
    fut_shared_init(&name, &names.future);
    START(wait, fut_shared_wait, &name);
    cr_pending(wait, woken[0]);
    fut_shared_cancel(&name);
    cr_ready(wait, woken[0], -ECANCELED);
}

/* ---- In the child's poll ----------------------------------------------------------------------------------------- */

/* While it is polled, it drops whoever else awaits it. */
typedef struct drops_others {
    FUT_FUTURE(drops_others, int, fut_shared_wait_t *victims; fut_future_t *itself);
} drops_others_t;
static fut_poll_t drops_others_poll(drops_others_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) {
        fut_wake(fut_context_waker(cx));
        return fut_pending(&self->future);
    }
    for (int i = 0; i < 8; i++)
        if (&self->victims[i].future != self->itself) fut_drop(&self->victims[i].future);
    self->output = 5;
    return fut_ready(&self->future);
}
FUT_DEFINE(drops_others);

Test(combine, the_child_may_drop_other_awaiters_in_its_poll) {
    drops_others_t drops;
    share();
    START(drops, drops_others, waits, &waits[0].future);
    fut_shared_init(&shared, &drops.future);
    for (int i = 0; i < 8; i++) cr_pending(waits[i], woken[i]);
    cr_ready(waits[0], woken[0], 0);
    for (int i = 1; i < 8; i++) cr_assert_eq(waits[i].output, -ECANCELED);
    for (int i = 1; i < 8; i++) cr_assert_eq(woken[i].wakes, 0);
}

/* ---- Any order: against a model ---------------------------------------------------------------------------------- */

/* The child needs some events, one after the other. */
typedef struct steps {
    ASYNC_FRAME(steps, int, fut_test_event_t *event; int count);
    int             i;
    fut_test_wait_t wait;
} steps_t;
ASYNC(steps) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->count; self->i++) AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->i);
    ASYNC_END();
}

/* What it has to be: a wait is ready when it is polled after the last event has reached the child; and whenever an
 * event has been fired, running all who were woken, until nobody is, brings the child as far as the events go. */
enum { AWAITERS = 8, EVENTS = 4 };
typedef struct model {
    steps_t           steps;
    fut_test_event_t  event;
    fut_shared_t      shared;
    fut_shared_wait_t waits[AWAITERS];
    fut_test_waker_t  woken[AWAITERS];
    unsigned          seen[AWAITERS]; /* wakes before the last poll */
    bool              live[AWAITERS];
    int               fired;
} model_t;

static void start_one(model_t *model, int i) {
    if (model->live[i]) return;
    play_say("start %d", i);
    START(model->waits[i], fut_shared_wait, &model->shared);
    model->live[i] = true;
}
static void poll_one(model_t *model, int i) {
    if (!model->live[i]) return;
    play_say("poll %d", i);
    model->seen[i] = model->woken[i].wakes;
    if (POLL(model->waits[i], model->woken[i]) == FUT_PENDING) return;
    play_claim(fut_is_done(&model->steps.future), "%d is ready, and the child is not", i);
    play_claim(model->waits[i].output == 0, "%d has the output %d", i, model->waits[i].output);
    model->live[i] = false;
}
static void drop_one(model_t *model, int i) {
    if (!model->live[i]) return;
    play_say("drop %d", i);
    fut_drop(&model->waits[i].future);
    memset(&model->waits[i], 0x55, sizeof model->waits[i]);
    model->live[i] = false;
}
static void fire(model_t *model) {
    if (model->event.fired || model->fired == EVENTS) return;
    play_say("fire");
    model->fired++;
    fut_test_event_fire(&model->event, 0);
}
static void run_woken(model_t *model) {
    for (int i = 0; i < AWAITERS; i++)
        if (model->live[i] && model->woken[i].wakes != model->seen[i]) {
            poll_one(model, i);
            i = -1;
        }
}
static int pending_ones(const model_t *model) {
    int count = 0;
    for (int i = 0; i < AWAITERS; i++) count += model->live[i] && fut_is_pending(&model->waits[i].future);
    return count;
}
static void step(model_t *model) {
    const int i = (int)play_pick(AWAITERS);
    switch (play_pick(8)) {
        case 0:
        case 1: start_one(model, i); break;
        case 2:
        case 3:
        case 4: poll_one(model, i); break;
        case 5: drop_one(model, i); break;
        case 6: run_woken(model); break;
        default: fire(model);
    }
}
static void check(model_t *model) {
    play_say("run who was woken");
    run_woken(model);
    if (pending_ones(model) > 0)
        play_claim(model->steps.i == model->fired, "an event was lost");
    else if (fut_is_done(&model->steps.future))
        play_claim(model->fired == EVENTS, "the child is done after %d events", model->fired);
}
static void finish(model_t *model) {
    for (int i = 0; i < AWAITERS; i++) start_one(model, i);
    for (int i = 0; i < AWAITERS; i++) poll_one(model, i);
    run_woken(model);
    while (model->fired < EVENTS) {
        play_claim(!model->event.fired, "an event was lost");
        fire(model);
        run_woken(model);
    }
    for (int i = 0; i < AWAITERS; i++) play_claim(!model->live[i], "%d was forgotten", i);
}
static void walk(const void *nothing) {
    static model_t model;
    (void)nothing;
    memset(&model, 0, sizeof model);
    START(model.steps, steps, &model.event, EVENTS);
    fut_shared_init(&model.shared, &model.steps.future);
    while (play_more(60)) {
        const bool look = play_pick(8) == 7 && pending_ones(&model) > 0;
        step(&model);
        if (look) check(&model);
    }
    finish(&model);
}
Test(combine, whoever_comes_and_goes_the_child_is_polled_and_all_are_told) { play_all(walk, NULL, 2000); }

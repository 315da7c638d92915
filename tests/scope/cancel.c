/* Cancellation: who may cancel a scope, shields, deadlines, and every point at which a parent can go. */
#include "kit.h"

static fut_test_event_t a, b, c, goodbye, door;
static fut_scope_t     *shared;

static void reset(void) {
    a = b = c = goodbye = door = (fut_test_event_t){0};
    fut_test_hush();
}

/* ---- fut_scope_cancel -------------------------------------------------------------------------------------------- */

/* Cancels the scope that it runs in, and waits. */
typedef struct mutineer {
    ASYNC_FRAME(mutineer, int, bool ends_at_once);
    fut_test_wait_t wait;
} mutineer_t;
ASYNC(mutineer) {
    ASYNC_BEGIN();
    fut_scope_cancel(shared);
    fut_test_say("goes on");
    if (self->ends_at_once) ASYNC_RETURN(5);
    AWAIT(self->wait, fut_test_wait, &door);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("mutineer %d", self->output == -ECANCELED);
    ASYNC_END();
}

typedef struct crew {
    ASYNC_FRAME(crew, int, bool mutiny; bool ends_at_once);
    fut_scope_t scope;
    worker_t    a, b;
    mutineer_t  mutineer;
} crew_t;
ASYNC(crew) {
    ASYNC_BEGIN();
    shared = &self->scope;
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->a, worker, "a", &a, NULL);
        if (self->mutiny) SCOPE_SPAWN(self->scope, self->mutineer, mutineer, self->ends_at_once);
        SCOPE_SPAWN(self->scope, self->b, worker, "b", &b, NULL);
    }
    SCOPE_END(self->scope);
    fut_test_say("over, %d failed", (int)self->scope.failed);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

ON_BOTH(a_child_cancels_the_scope_that_it_runs_in) {
    reset();
    struct crew_join handle = STAGE_SPAWN(crew, true, false);
    stage_run();
    cr_assert(fut_test_said("a begins", "goes on", "b begins", /* b, which was spawned before, begins        */
                            "a cancelled", "mutineer 1",       /* the mutineer at its next await, in its turn */
                            "b cancelled", "over, 0 failed"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ECANCELED);
}

ON_BOTH(a_child_cancels_its_scope_and_ends_well) {
    reset();
    struct crew_join handle = STAGE_SPAWN(crew, true, true);
    stage_run();
    cr_assert(
        fut_test_said("a begins", "goes on", "mutineer 0", "b begins", "a cancelled", "b cancelled", "over, 0 failed"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ECANCELED);
}

/* Gives back what it was handed. */
typedef struct keeper {
    ASYNC_FRAME(keeper, int, int *kept);
    fut_test_wait_t wait;
} keeper_t;
ASYNC(keeper) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &door);
    ASYNC_FINALLY();
    --*self->kept;
    ASYNC_END();
}
typedef struct hands_over {
    ASYNC_FRAME(hands_over, int, int *kept; int *refused);
    fut_scope_t scope;
    int         i;
} hands_over_t;
ASYNC(hands_over) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        for (self->i = 0; self->i < 6; self->i++) {
            ++*self->kept;
            if (SCOPE_SPAWN_NEW(self->scope, keeper, self->kept) < 0) --*self->kept, ++*self->refused;
            if (self->i == 1) YIELD();
            if (self->i == 3) fut_scope_cancel(&self->scope);
        }
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

ON_BOTH(who_was_spawned_begins_and_so_gives_back_what_it_was_handed) {
    int kept = 0, refused = 0;
    reset();
    DETACH(STAGE_SPAWN(hands_over, &kept, &refused));
    stage_run();
    cr_assert_eq(refused, 2, "a cancelled scope refuses: who was to hand over keeps it");
    cr_assert_eq(kept, 0);
}

typedef struct outsider {
    ASYNC_FRAME(outsider, void, int times);
    fut_test_wait_t wait;
} outsider_t;
ASYNC(outsider) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &door);
    for (int i = 0; i < self->times; i++) fut_scope_cancel(shared);
    fut_test_say("cancelled it");
    ASYNC_RETURN();
    ASYNC_END();
}

ON_BOTH(another_task_cancels_a_scope_once_or_many_times) {
    for (int times = 1; times < 4; times++) {
        reset();
        struct crew_join handle = STAGE_SPAWN(crew, false, false);
        DETACH(STAGE_SPAWN(outsider, times));
        stage_run();
        fut_test_event_fire(&door, 0);
        stage_run();
        cr_assert(fut_test_said("a begins", "b begins", "cancelled it", /* nothing happens inside the call */
                                "a cancelled", "b cancelled", "over, 0 failed"));
        cr_assert_eq(fut_join_take(&handle.join), 0);
        cr_assert_eq(handle.output, -ECANCELED);
    }
}

ON_BOTH(cancelling_a_scope_whose_children_have_ended_is_too_late) {
    reset();
    struct crew_join handle = STAGE_SPAWN(crew, false, false);
    DETACH(STAGE_SPAWN(outsider, 1));
    stage_run();
    fut_test_event_fire(&a, 1);
    fut_test_event_fire(&b, 2);
    fut_test_event_fire(&door, 0); /* runs after b, which woke the parent, and before the parent */
    stage_run();
    cr_assert(fut_test_said("a begins", "b begins", "a got 1", "b got 2", "cancelled it", "over, 0 failed"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 0);
}

/* ---- The parent's cancellation ----------------------------------------------------------------------------------- */

/* Awaits something in every place where one can: before, in the body, between scopes, at the ends, and after. */
typedef struct everywhere {
    ASYNC_FRAME(everywhere, int, bool shield);
    fut_scope_t      outer, inner;
    sleeper_t        a, b, c;
    fut_test_after_t pause;
} everywhere_t;
ASYNC(everywhere) {
    ASYNC_BEGIN();
    AWAIT(self->pause, fut_test_after, 1, 0);
    SCOPE(self->outer, .timeout = FUT_S(60)) {
        SCOPE_SPAWN(self->outer, self->a, sleeper, "a", 30, 1, 5);
        YIELD();
        SCOPE(self->inner, .shield = self->shield) {
            AWAIT(self->pause, fut_test_after, 1, 0);
            SCOPE_SPAWN(self->inner, self->b, sleeper, "b", 20, 2, 5);
            AWAIT(self->pause, fut_test_after, 2, 0);
            SCOPE_SPAWN(self->inner, self->c, sleeper, "c", 10, 3, 5);
            YIELD();
        }
        SCOPE_END(self->inner);
        AWAIT(self->pause, fut_test_after, 1, 0);
    }
    SCOPE_END(self->outer);
    YIELD();
    ASYNC_RETURN(9);
    ASYNC_FINALLY();
    fut_test_say("finally");
    ASYNC_END();
}

/* The body of the inner scope is cancelled; its child takes its time. No output that could tell a cancellation. */
typedef struct onion {
    ASYNC_FRAME(onion, void);
    fut_scope_t     outer, inner;
    worker_t        a, b;
    fut_test_wait_t wait;
} onion_t;
ASYNC(onion) {
    ASYNC_BEGIN();
    SCOPE(self->outer) {
        SCOPE_SPAWN(self->outer, self->a, worker, "a", &a, NULL);
        SCOPE(self->inner) {
            SCOPE_SPAWN(self->inner, self->b, worker, "b", &b, &goodbye);
            AWAIT(self->wait, fut_test_wait, &door);
            fut_test_say("not said");
        }
        SCOPE_END(self->inner);
        fut_test_say("not said");
    }
    SCOPE_END(self->outer);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("finally");
    ASYNC_END();
}

ON_BOTH(a_cancellation_in_the_body_passes_the_end_of_every_scope_around_it) {
    for (int twice = 0; twice < 2; twice++) {
        reset();
        struct onion_join handle = STAGE_SPAWN(onion);
        stage_run();
        fut_join_cancel(&handle.join);
        stage_run();
        cr_assert(fut_test_said("a begins", "b begins", "b cancelled"));
        if (twice) fut_join_cancel(&handle.join);
        stage_run();
        fut_test_event_fire(&goodbye, 0);
        stage_run();
        cr_assert(fut_test_said("b ends", "a cancelled", "finally"));
        cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
    }
}

/* Its slot is used again after it was cancelled in it. */
typedef struct quick {
    ASYNC_FRAME(quick, int, bool wait);
    fut_scope_t     scope;
    worker_t        a;
    fut_test_wait_t door;
} quick_t;
ASYNC(quick) {
    ASYNC_BEGIN();
    if (self->wait) AWAIT(self->door, fut_test_wait, &door);
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->a, worker, "a", &a, NULL);
        ASYNC_RETURN(3);
    }
    SCOPE_END(self->scope);
    ASYNC_END();
}
typedef struct again {
    ASYNC_FRAME(again, int);
    quick_t quick;
} again_t;
ASYNC(again) {
    ASYNC_BEGIN();
    AWAIT(self->quick, quick, true);
    ASYNC_FINALLY();
    AWAIT(self->quick, quick, false);
    fut_test_say("quick %d", self->quick.output);
    ASYNC_END();
}

ON_BOTH(a_cancellation_in_an_earlier_life_of_the_frame_is_forgotten) {
    reset();
    struct again_join handle = STAGE_SPAWN(again);
    stage_run();
    fut_join_cancel(&handle.join);
    stage_run();
    fut_test_event_fire(&a, 1);
    stage_run();
    cr_assert(fut_test_said("a begins", "a got 1", "quick 3"));
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
}

/* Step by step on the custom executor; time goes on when nothing can run. */
static bool step(void) {
    if (stage_step()) return true;
    if (stage.driver->vtable->next(stage.driver) == FUT_NEVER) return false;
    cr_assert_eq(stage.driver->vtable->park(stage.driver, FUT_NEVER), 0);
    return true;
}

Test(scope, a_parent_may_be_cancelled_at_every_step_and_its_children_end_first) {
    bool ended = false;

    for (int shield = 0; shield < 2; shield++) {
        ended = false;
        for (int steps = 0; !ended; steps++) {
            stage_open(true);
            struct everywhere_join handle = STAGE_SPAWN(everywhere, shield);
            for (int i = 0; i < steps && !ended; i++) ended = !step();
            cr_assert_lt(steps, 200);
            fut_join_cancel(&handle.join);
            while (step()) {}
            cr_assert_eq(fut_join_take(&handle.join), ended ? 0 : handle.join.status);
            cr_assert_eq(handle.output, handle.join.status < 0 ? -ECANCELED : 9);
            if (fut_test_words.count > 0) /* it had begun: FINALLY is the last word, and was said once */
                cr_assert_str_eq(fut_test_words.text + fut_test_words.used - sizeof "finally", "finally");
            fut_test_hush();
            stage_close();
        }
    }
}

Test(scope, a_parent_may_be_dropped_at_every_step_and_its_children_go_with_it) {
    for (int before = 0; before < 3; before++) { /* so many steps after a graceful cancellation */
        bool ended = false;
        for (int steps = 0; !ended; steps++) {
            stage_open(true);
            everywhere_t slot; /* its task finds it dropped */
            START(slot, everywhere, false);
            struct everywhere_join handle = {.join = fut_task_spawn_in(stage.scheduler, &slot.future)};
            for (int i = 0; i < steps && !ended; i++) ended = !step();
            if (before > 0) fut_join_cancel(&handle.join);
            for (int i = 1; i < before; i++) (void)step();
            fut_drop(&slot.future);
            cr_assert(fut_is_done(&slot.future));
            if (fut_test_words.count > 0)
                cr_assert_str_eq(fut_test_words.text + fut_test_words.used - sizeof "finally", "finally");
            fut_test_hush();
            cr_assert_eq(stage.driver->vtable->next(stage.driver), FUT_NEVER, "children and timer are gone at once");
            fut_join_cancel(&handle.join);
            while (step()) {}
            fut_join_detach(&handle.join);
            cr_assert(fut_test_said(NULL), "nobody runs any more");
            stage_close();
        }
    }
}

/* A parent that is polled by hand under a task's context: dropped in the middle of that task's life. */
typedef struct dropper {
    ASYNC_FRAME(dropper, void, int polls);
    everywhere_t *child;
    fut_poll_t    answer;
    int           i;
} dropper_t;
ASYNC(dropper) {
    ASYNC_BEGIN();
    self->child = malloc(sizeof *self->child);
    START(*self->child, everywhere, false);
    for (self->i = 0; self->i < self->polls; self->i++) {
        self->answer = fut_poll(&self->child->future, cx);
        YIELD();
    }
    fut_drop(&self->child->future);
    free(self->child);
    fut_test_say("dropped");
    ASYNC_RETURN();
    ASYNC_END();
}

ON_BOTH(a_dropped_scope_leaves_no_child_behind_whether_it_was_polled_or_not) {
    for (int polls = 0; polls < 12; polls++) {
        DETACH(STAGE_SPAWN(dropper, polls));
        stage_run_on();
        cr_assert_eq(stage_tasks(), 0);
        cr_assert_str_eq(fut_test_words.text + fut_test_words.used - sizeof "dropped", "dropped",
                         "the child is never polled afterwards");
        fut_test_hush();
    }
}

/* ---- Shields and deadlines --------------------------------------------------------------------------------------- */

typedef struct limited {
    ASYNC_FRAME(limited, int, int timeout; bool shield; int value);
    fut_scope_t scope;
    sleeper_t   a, b;
} limited_t;
ASYNC(limited) {
    ASYNC_BEGIN();
    shared = &self->scope;
    SCOPE(self->scope, .timeout = FUT_MS(self->timeout), .shield = self->shield) {
        SCOPE_SPAWN(self->scope, self->a, sleeper, "a", 10, 1, 2);
        SCOPE_SPAWN(self->scope, self->b, sleeper, "b", 30, self->value, 3);
    }
    SCOPE_END(self->scope);
    fut_test_say("over at %d", passed());
    ASYNC_RETURN(self->scope.output);
    ASYNC_FINALLY();
    fut_test_say("finally %d", self->output);
    ASYNC_END();
}

ON_BOTH(a_deadline_cancels_the_children_and_waits_for_them) {
    struct limited_join handle = STAGE_SPAWN(limited, 20, false, 2);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b -125 at 23", "over at 23", "finally -110"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ETIMEDOUT);
}

ON_BOTH(children_that_are_faster_leave_no_deadline_behind) {
    struct limited_join handle = STAGE_SPAWN(limited, 40, false, 2);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b 2 at 30", "over at 30", "finally 0"));
    cr_assert_eq(passed(), 30, "the clock has not jumped to 40");
    cr_assert_eq(fut_join_take(&handle.join), 0);
}

Test(scope, a_deadline_after_the_last_child_and_before_the_parents_turn_is_too_late) {
    stage_open(true);
    struct limited_join handle = STAGE_SPAWN(limited, 40, false, 2);
    while (fut_test_words.count < 2)
        if (!stage_step()) cr_assert_eq(stage.driver->vtable->park(stage.driver, FUT_NEVER), 0);
    cr_assert(fut_test_said("a 1 at 10", "b 2 at 30"));
    fut_virtual_clock_advance(stage.clock, FUT_MS(20));
    cr_assert_eq(stage.driver->vtable->park(stage.driver, FUT_NOW), 0);
    stage_run();
    cr_assert(fut_test_said("over at 50", "finally 0"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    stage_close();
}

ON_BOTH(a_deadline_that_is_over_lets_no_child_begin) {
    struct limited_join handle = STAGE_SPAWN(limited, -1, false, 2);
    stage_run_on();
    cr_assert(fut_test_said("over at 0", "finally -110"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
}

ON_BOTH(what_came_before_the_deadline_stays) {
    struct limited_join handle = STAGE_SPAWN(limited, 32, false, -EIO);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b -5 at 30", "over at 30", "finally -5"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
}

ON_BOTH(a_shielded_scope_ends_by_itself_when_its_parent_is_cancelled) {
    struct limited_join handle = STAGE_SPAWN(limited, 0, true, 2);
    stage_run();
    fut_join_cancel(&handle.join);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b 2 at 30", "finally -125")); /* and then the parent goes to FINALLY */
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
}

ON_BOTH(a_shield_does_not_keep_off_the_scopes_own_deadline) {
    struct limited_join handle = STAGE_SPAWN(limited, 20, true, 2);
    stage_run();
    fut_join_cancel(&handle.join);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b -125 at 23", "finally -125"));
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
}

ON_BOTH(a_shield_does_not_keep_off_fut_scope_cancel) {
    struct limited_join handle = STAGE_SPAWN(limited, 0, true, 2);
    stage_run();
    fut_join_cancel(&handle.join);
    fut_scope_cancel(shared);
    stage_run_on();
    cr_assert(fut_test_said("a -125 at 2", "b -125 at 3", "finally -125"));
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
}

/* A timeout around a function that has a scope, body and all. */
typedef struct around {
    ASYNC_FRAME(around, int, int limit);
    limited_t     limited;
    fut_timeout_t timeout;
} around_t;
ASYNC(around) {
    ASYNC_BEGIN();
    START(self->limited, limited, 0, false, 2);
    AWAIT(self->timeout, fut_timeout, &self->limited.future, FUT_MS(self->limit));
    fut_test_say("timeout over at %d", passed());
    ASYNC_RETURN(self->timeout.output);
    ASYNC_END();
}

ON_BOTH(a_timeout_around_a_scope_waits_for_its_children) {
    struct around_join handle = STAGE_SPAWN(around, 20);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b -125 at 23", "finally -125", "timeout over at 23"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ETIMEDOUT);
}

/* Inner scopes in children of an outer one. */
typedef struct nested {
    ASYNC_FRAME(nested, int, int timeout; bool shield; int inner_timeout);
    fut_scope_t scope;
    limited_t   limited;
    sleeper_t   c;
} nested_t;
ASYNC(nested) {
    ASYNC_BEGIN();
    SCOPE(self->scope, .timeout = FUT_MS(self->timeout)) {
        SCOPE_SPAWN(self->scope, self->limited, limited, self->inner_timeout, self->shield, 2);
        SCOPE_SPAWN(self->scope, self->c, sleeper, "c", 50, 3, 4);
    }
    SCOPE_END(self->scope);
    fut_test_say("outer over at %d", passed());
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

ON_BOTH(the_outer_deadline_reaches_the_inner_children) {
    struct nested_join handle = STAGE_SPAWN(nested, 15, false, 0);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "b -125 at 18", "finally -125", "c -125 at 19", "outer over at 19"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ETIMEDOUT);
}

ON_BOTH(a_shield_keeps_the_outer_deadline_off_the_inner_children) {
    struct nested_join handle = STAGE_SPAWN(nested, 15, true, 0);
    stage_run_on();
    cr_assert(fut_test_said("a 1 at 10", "c -125 at 19", "b 2 at 30", "finally -125", "outer over at 30"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ETIMEDOUT);
}

ON_BOTH(the_inner_deadline_is_an_error_for_the_outer_scope) {
    struct nested_join handle = STAGE_SPAWN(nested, 100, false, 20);
    stage_run_on();
    cr_assert(
        fut_test_said("a 1 at 10", "b -125 at 23", "over at 23", "finally -110", "c -125 at 27", "outer over at 27"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ETIMEDOUT);
}

/* ---- Moving a deadline ------------------------------------------------------------------------------------------- */

typedef struct moved {
    ASYNC_FRAME(moved, int, int first; int second);
    fut_scope_t scope;
    sleeper_t   a;
    fut_sleep_t nap;
} moved_t;
ASYNC(moved) {
    ASYNC_BEGIN();
    SCOPE(self->scope, .timeout = FUT_MS(self->first)) {
        SCOPE_SPAWN(self->scope, self->a, sleeper, "a", 50, 1, 0);
        AWAIT(self->nap, fut_sleep, FUT_MS(10));
        TRY(fut_scope_set_deadline(&self->scope, cx,
                                   self->second < 0 ? FUT_NEVER : fut_instant_add(FUT_S(1), FUT_MS(self->second))));
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

ON_BOTH(a_deadline_can_be_put_off_brought_forward_and_lifted) {
    static const struct {
        int         first, second, output;
        const char *word;
    } rows[] = {
        {20, 30, -ETIMEDOUT, "a -125 at 30"}, /* put off         */
        {40, 20, -ETIMEDOUT, "a -125 at 20"}, /* brought forward */
        {40, 5, -ETIMEDOUT, "a -125 at 10"},  /* into the past   */
        {20, -1, 0, "a 1 at 50"},             /* lifted          */
        {0, 20, -ETIMEDOUT, "a -125 at 20"},  /* the first one   */
        {5, 90, -ETIMEDOUT, "a -125 at 5"},   /* too late        */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        stage_close();
        stage_open(stage.custom);
        struct moved_join handle = STAGE_SPAWN(moved, rows[i].first, rows[i].second);
        stage_run_on();
        cr_assert(fut_test_said(rows[i].word), "%d, %d", rows[i].first, rows[i].second);
        cr_assert_eq(fut_join_take(&handle.join), 0);
        cr_assert_eq(handle.output, rows[i].output);
    }
}

Test(scope, a_timeout_without_a_clock_is_refused_and_no_child_runs) {
    limited_t        slot;
    fut_test_waker_t counter = {0};

    stage_open(true);
    START(slot, limited, 5, false, 1);
    cr_assert_eq(fut_test_poll(&slot.future, &counter), READY);
    cr_assert_eq(slot.output, -ENOTSUP);
    cr_assert_eq(slot.a.output, -ECANCELED);
    cr_assert(fut_test_said("over at 0", "finally -95"));
    stage_close();
}

/* ---- The executor's ---------------------------------------------------------------------------------------------- */

Test(scope, cancelling_every_task_of_the_executor_ends_scopes_too) {
    stage_open(false);
    struct limited_join handle = STAGE_SPAWN(limited, 0, true, 2);
    stage_run();
    fut_executor_cancel_all(&stage.executor);
    stage_run_on();
    cr_assert(fut_test_said("a -125 at 2", "b -125 at 3", "finally -125"));
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
    stage_close();
}

/* The end of a scope: it comes when the last child's has, whichever way the body was left. */
#include "kit.h"

static fut_test_event_t a, b, c, door;

/* ---- Zero, one, many --------------------------------------------------------------------------------------------- */

typedef struct empty {
    ASYNC_FRAME(empty, int);
    fut_scope_t scope;
} empty_t;
ASYNC(empty) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {}
    SCOPE_END(self->scope);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

Test(scope, a_scope_without_children_ends_at_once) {
    empty_t          slot;
    fut_test_waker_t counter = {0};

    START(slot, empty);
    cr_assert_eq(fut_test_poll(&slot.future, &counter), READY);
    cr_assert_eq(slot.output, 0);
    cr_assert_eq(counter.wakes, 0);
}

typedef struct three {
    ASYNC_FRAME(three, int);
    fut_scope_t scope;
    worker_t    a, b, c;
} three_t;
ASYNC(three) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->a, worker, "a", &a, NULL);
        SCOPE_SPAWN(self->scope, self->b, worker, "b", &b, NULL);
        SCOPE_SPAWN(self->scope, self->c, worker, "c", &c, NULL);
        fut_test_say("spawned");
    }
    SCOPE_END(self->scope);
    fut_test_say("over");
    TRY(self->scope.output);
    ASYNC_RETURN(100 * self->a.output + 10 * self->b.output + self->c.output);
    ASYNC_END();
}

ON_BOTH(a_scope_ends_with_its_last_child) {
    struct three_join handle = STAGE_SPAWN(three);

    stage_run();
    fut_test_event_fire(&b, 2);
    stage_run();
    cr_assert_eq(stage_tasks(), 3);
    fut_test_event_fire(&c, 3);
    stage_run();
    fut_test_event_fire(&a, 1);
    stage_run();
    cr_assert(fut_test_said("spawned",                          /* children are polled later  */
                            "a begins", "b begins", "c begins", /* in the order of their birth */
                            "b got 2", "c got 3", "a got 1",    /* and end when they like      */
                            "over"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 123);
}

ON_BOTH(children_may_end_in_any_order) {
    static const int        orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    fut_test_event_t *const events[3]    = {&a, &b, &c};

    for (int i = 0; i < 6; i++) {
        for (int together = 0; together < 2; together++) {
            struct three_join handle = STAGE_SPAWN(three);
            stage_run();
            for (int j = 0; j < 3; j++) {
                cr_assert_not(fut_join_is_done(&handle.join));
                fut_test_event_fire(events[orders[i][j]], orders[i][j] + 1);
                if (!together) stage_run();
            }
            stage_run();
            cr_assert_eq(fut_join_take(&handle.join), 0);
            cr_assert_eq(handle.output, 123);
        }
    }
    fut_test_hush();
}

ON_BOTH(the_end_of_the_last_child_polls_the_parent_once) {
    DETACH(STAGE_SPAWN(three));
    stage_run();
    fut_test_hush();
    fut_test_event_fire(&a, 1);
    fut_test_event_fire(&b, 1);
    stage_run();
    cr_assert(fut_test_said("a got 1", "b got 1"));
    fut_test_event_fire(&c, 1);
    stage_run();
    cr_assert(fut_test_said("c got 1", "over"));
}

/* ---- While the parent does something else ------------------------------------------------------------------------ */

typedef struct busy {
    ASYNC_FRAME(busy, int);
    fut_scope_t     scope;
    worker_t        child;
    fut_test_wait_t wait;
} busy_t;
ASYNC(busy) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->child, worker, "child", &a, &b);
        AWAIT(self->wait, fut_test_wait, &door);
        fut_test_say("the door is open");
        YIELD();
        fut_test_say("on");
    }
    SCOPE_END(self->scope);
    fut_test_say("over");
    ASYNC_RETURN(self->child.output);
    ASYNC_END();
}

ON_BOTH(children_go_on_while_their_parent_awaits_something_else) {
    struct busy_join handle = STAGE_SPAWN(busy);

    stage_run();
    fut_test_event_fire(&a, 5);
    stage_run();
    fut_test_event_fire(&b, 0);
    stage_run();
    cr_assert(fut_test_said("child begins", "child got 5", "child ends"));
    fut_test_event_fire(&door, 0);
    stage_run();
    cr_assert(fut_test_said("the door is open", "on", "over"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 5);
}

/* ---- Polls for nothing ------------------------------------------------------------------------------------------- */

typedef struct nervous {
    ASYNC_FRAME(nervous, int);
    fut_scope_t        scope;
    worker_t           a, b;
    fut_test_stutter_t stutter[2];
} nervous_t;
ASYNC(nervous) {
    ASYNC_BEGIN();
    START(self->a, worker, "a", &a, &c);
    START(self->b, worker, "b", &b, NULL);
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->stutter[0], fut_test_stutter, &self->a.future);
        SCOPE_SPAWN(self->scope, self->stutter[1], fut_test_stutter, &self->b.future);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(10 * self->a.output + self->b.output);
    ASYNC_END();
}
typedef struct pest {
    ASYNC_FRAME(pest, int);
    nervous_t          nervous;
    fut_test_stutter_t stutter;
} pest_t;
ASYNC(pest) {
    ASYNC_BEGIN();
    START(self->nervous, nervous);
    AWAIT(self->stutter, fut_test_stutter, &self->nervous.future);
    ASYNC_RETURN(self->nervous.output);
    ASYNC_END();
}

ON_BOTH(polls_for_nothing_change_nothing) {
    struct pest_join handle = STAGE_SPAWN(pest);
    stage_run();
    fut_test_event_fire(&b, 2);
    stage_run();
    fut_test_event_fire(&a, 1);
    stage_run();
    fut_test_event_fire(&c, 0);
    stage_run();
    cr_assert(fut_test_said("a begins", "b begins", "b got 2", "a got 1", "a ends"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 12);

    handle = STAGE_SPAWN(pest);
    stage_run();
    fut_join_cancel(&handle.join);
    stage_run();
    fut_test_event_fire(&c, 0);
    stage_run();
    cr_assert(fut_test_said("a begins", "b begins", "a cancelled", "b cancelled", "a ends"));
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
}

/* ---- Ways to leave the body -------------------------------------------------------------------------------------- */

enum { BREAK, CONTINUE, RETURN_VALUE, RETURN_ERROR, TRY_ERROR };

typedef struct leaves {
    ASYNC_FRAME(leaves, int, int way);
    fut_scope_t scope;
    worker_t    child;
    int         rounds;
} leaves_t;
ASYNC(leaves) {
    ASYNC_BEGIN();
    for (self->rounds = 0; self->rounds < 2; self->rounds++) {
        SCOPE(self->scope) {
            SCOPE_SPAWN(self->scope, self->child, worker, "child", &a, &b);
            YIELD();
            if (self->way == BREAK) break;
            if (self->way == CONTINUE) continue;
            if (self->way == RETURN_VALUE) ASYNC_RETURN(7);
            if (self->way == RETURN_ERROR) ASYNC_RETURN(-EIO);
            TRY(-EPERM);
        }
        SCOPE_END(self->scope);
        fut_test_say("over %d", self->scope.output);
    }
    ASYNC_RETURN(8);
    ASYNC_FINALLY();
    fut_test_say("finally %d", self->output);
    ASYNC_END();
}

static void leave_by(int way, int value) {
    struct leaves_join handle = STAGE_SPAWN(leaves, way);

    stage_run();
    for (int i = 0; i < 2; i++) {
        fut_test_event_fire(&a, value);
        stage_run();
        fut_test_event_fire(&b, 0);
        stage_run();
    }
    cr_assert_eq(fut_join_take(&handle.join), 0);
    a.fired = b.fired = false;
    fut_test_say("returned %d", handle.output);
}

ON_BOTH(break_and_continue_end_the_body_and_not_the_loop_around_it) {
    for (int way = BREAK; way <= CONTINUE; way++) {
        leave_by(way, 3);
        cr_assert(fut_test_said("child begins", "child got 3", "child ends", "over 0", /* the first round  */
                                "child begins", "child got 3", "child ends", "over 0", /* and the second   */
                                "finally 8", "returned 8"));
    }
}

ON_BOTH(a_return_from_the_body_waits_for_the_children) {
    leave_by(RETURN_VALUE, 3);
    cr_assert(fut_test_said("child begins", "child got 3", "child ends", "finally 7", "returned 7"));
}

ON_BOTH(an_error_takes_the_place_of_the_value_that_the_body_returned) {
    leave_by(RETURN_VALUE, -ENOENT);
    cr_assert(fut_test_said("child begins", "child got -2", "child ends", "finally -2", "returned -2"));
}

ON_BOTH(an_error_of_the_body_cancels_the_children_and_is_returned) {
    leave_by(RETURN_ERROR, 3);
    cr_assert(fut_test_said("child begins", "child cancelled", "child ends", "finally -5", "returned -5"));
    leave_by(TRY_ERROR, 3);
    cr_assert(fut_test_said("child begins", "child cancelled", "child ends", "finally -1", "returned -1"));
}

typedef struct deep {
    ASYNC_FRAME(deep, int, int value);
    fut_scope_t outer, inner;
    worker_t    a, b;
} deep_t;
ASYNC(deep) {
    ASYNC_BEGIN();
    SCOPE(self->outer) {
        SCOPE_SPAWN(self->outer, self->a, worker, "a", &a, NULL);
        SCOPE(self->inner) {
            SCOPE_SPAWN(self->inner, self->b, worker, "b", &b, NULL);
            YIELD();
            ASYNC_RETURN(self->value);
        }
        SCOPE_END(self->inner);
        fut_test_say("not said");
    }
    SCOPE_END(self->outer);
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("finally %d", self->output);
    ASYNC_END();
}

ON_BOTH(a_return_passes_the_end_of_every_scope_around_it) {
    struct deep_join handle = STAGE_SPAWN(deep, 4);
    stage_run();
    fut_test_event_fire(&a, 1);
    stage_run();
    fut_test_event_fire(&b, 1);
    stage_run();
    cr_assert(fut_test_said("a begins", "b begins", "a got 1", "b got 1", "finally 4"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 4);

    handle = STAGE_SPAWN(deep, -EIO);
    stage_run();
    cr_assert(fut_test_said("a begins", "b begins", "b cancelled", "a cancelled", "finally -5"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -EIO);
}

/* ---- In FINALLY -------------------------------------------------------------------------------------------------- */

typedef struct tidy {
    ASYNC_FRAME(tidy, int);
    fut_scope_t     scope;
    worker_t        child;
    fut_test_wait_t wait;
} tidy_t;
ASYNC(tidy) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &door);
    ASYNC_FINALLY();
    SCOPE(self->scope) SCOPE_SPAWN(self->scope, self->child, worker, "child", &a, NULL);
    SCOPE_END(self->scope);
    fut_test_say("tidy %d", self->scope.output);
    ASYNC_END();
}

ON_BOTH(a_scope_in_FINALLY_is_not_disturbed_by_a_second_cancellation) {
    struct tidy_join handle = STAGE_SPAWN(tidy);

    stage_run();
    fut_join_cancel(&handle.join);
    stage_run();
    fut_join_cancel(&handle.join);
    stage_run();
    fut_test_event_fire(&a, 1);
    stage_run();
    cr_assert(fut_test_said("child begins", "child got 1", "tidy 0"));
    cr_assert_eq(fut_join_take(&handle.join), -ECANCELED);
}

/* ---- Children of children ---------------------------------------------------------------------------------------- */

/* Spawns two more of itself into the scope that it was handed. */
typedef struct breeder {
    ASYNC_FRAME(breeder, int, fut_scope_t *scope; int generations; int *born);
} breeder_t;
ASYNC(breeder) {
    ASYNC_BEGIN();
    ++*self->born;
    YIELD();
    if (self->generations > 0) {
        TRY(SCOPE_SPAWN_NEW(*self->scope, breeder, self->scope, self->generations - 1, self->born));
        TRY(SCOPE_SPAWN_NEW(*self->scope, breeder, self->scope, self->generations - 1, self->born));
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct nursery {
    ASYNC_FRAME(nursery, int, int generations);
    fut_scope_t scope;
    int         born;
} nursery_t;
ASYNC(nursery) {
    ASYNC_BEGIN();
    self->born = 0;
    SCOPE(self->scope) SCOPE_SPAWN_NEW(self->scope, breeder, &self->scope, self->generations, &self->born);
    SCOPE_END(self->scope);
    TRY(self->scope.output);
    ASYNC_RETURN(self->born);
    ASYNC_END();
}

ON_BOTH(children_spawn_into_the_scope_that_they_run_in) {
    struct nursery_join handle = STAGE_SPAWN(nursery, 7);

    stage_run();
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 255);
}

/* ---- By hand ----------------------------------------------------------------------------------------------------- */

/* A scope is a future, and needs no async function around it. */
typedef struct by_hand {
    FUT_FUTURE(by_hand, int);
    fut_scope_t scope;
    answer_t    a, b;
} by_hand_t;
static fut_poll_t by_hand_poll(by_hand_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return READY;
    if (self->future.point == FUT_POINT_START) {
        START(self->scope, fut_scope);
        START(self->a, answer, 3);
        START(self->b, answer, 4);
        cr_assert_eq(fut_scope_spawn(&self->scope, cx, &self->a.future), 0);
        cr_assert_eq(fut_scope_spawn(&self->scope, cx, &self->b.future), 0);
    }
    if (fut_poll(&self->scope.future, cx) == PENDING) return fut_pending(&self->future);
    self->output = self->a.output + self->b.output;
    return fut_ready(&self->future);
}
FUT_DEFINE(by_hand);

ON_BOTH(a_future_written_by_hand_can_have_a_scope) {
    struct by_hand_join handle = STAGE_SPAWN(by_hand);

    stage_run();
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, 7);
}

Test(scope, a_scope_that_has_ended_takes_no_more_children) {
    fut_scope_t      scope;
    answer_t         child;
    fut_context_t    cx;
    fut_test_waker_t counter = {0};

    START(scope, fut_scope);
    cr_assert_eq(fut_test_poll(&scope.future, &counter), READY);
    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    START(child, answer, 1);
    cr_assert_eq(fut_scope_spawn(&scope, &cx, &child.future), -EINVAL);
    cr_assert_eq(child.output, -EINVAL);
    cr_assert_eq(fut_scope_spawn_new(&scope, &cx, &answer_vtable, NULL), -EINVAL);
    cr_assert_eq(fut_scope_set_deadline(&scope, &cx, 5), -EINVAL);
    fut_scope_cancel(&scope);
    fut_scope_fail(&scope, -EIO);
    cr_assert_eq(scope.output, 0);
    cr_assert_eq(scope.failed, 0);
}

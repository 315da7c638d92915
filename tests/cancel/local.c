/* Task-locals: who sees which value. */
#include "kit.h"
#include "future/set.h"
#include "locals.h"

FUT_TASK_LOCAL(int, number);
FUT_TASK_LOCAL(int, other);
typedef struct span {
    const char *name;
    long        id;
} span_t;
FUT_TASK_LOCAL(span_t, current_span);

static fut_test_event_t event, goodbye;
static fut_test_waker_t woken;

static void tell(const char *where, const fut_context_t *cx) {
    fut_test_say("%s: %d %d %s", where, FUT_LOCAL_OR(cx, number, -1), FUT_LOCAL_OR(cx, other, -1),
                 FUT_LOCAL_OR(cx, user_name, "nobody"));
}

typedef struct tells {
    ASYNC_FRAME(tells, int, const char *where; fut_test_event_t *event);
    fut_test_wait_t wait;
} tells_t;
ASYNC(tells) {
    ASYNC_BEGIN();
    tell(self->where, cx);
    if (self->event) AWAIT(self->wait, fut_test_wait, self->event);
    tell(self->where, cx);
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    if (self->output < 0) tell("finally", cx);
    ASYNC_END();
}

Test(cancel, nothing_is_set_until_somebody_does) {
    fut_context_t cx;
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    cr_assert_null(FUT_LOCAL(&cx, number));
    cr_assert_eq(FUT_LOCAL_OR(&cx, number, 7), 7);
}

Test(cancel, a_value_is_there_for_the_whole_life_of_the_child_and_no_longer) {
    number_t with;
    tells_t  child;
    START(child, tells, "child", &event);
    START(with, number, &child.future, 5);
    cr_pending(with, woken);
    cr_pending(with, woken);
    fut_test_event_fire(&event, 0);
    cr_ready(with, woken, 0);
    cr_assert(fut_test_said("child: 5 -1 nobody", "child: 5 -1 nobody"));
    START(child, tells, "alone", NULL);
    cr_ready(child, woken, 1);
    cr_assert(fut_test_said("alone: -1 -1 nobody", "alone: -1 -1 nobody"));
}

typedef struct nests {
    ASYNC_FRAME(nests, int);
    number_t    number;
    other_t     other;
    user_name_t user;
    tells_t     tells, beside;
    struct deeper {
        ASYNC_FRAME(deeper, int);
        number_t number;
        tells_t  tells;
    } deeper;
    FUT_GROUP(2) group;
} nests_t;
typedef struct deeper deeper_t;
ASYNC(deeper) {
    ASYNC_BEGIN();
    tell("deeper", cx);
    WITH_LOCAL(self->number, number, 3, (self->tells, tells, "deepest", NULL));
    tell("deeper", cx);
    ASYNC_RETURN(0);
    ASYNC_END();
}
ASYNC(nests) {
    ASYNC_BEGIN();
    START(self->deeper, deeper);
    START(self->other, other, &self->deeper.future, 2);
    WITH_LOCAL(self->number, number, 1, self->other);
    tell("above", cx);
    START(self->tells, tells, "in a group", NULL);
    JOIN(self->group, (self->user, user_name, &self->tells.future, "ann"), (self->beside, tells, "beside", NULL));
    ASYNC_RETURN(0);
    ASYNC_END();
}
Test(cancel, an_inner_value_hides_the_outer_one_and_no_other) {
    nests_t nests;
    START(nests, nests);
    cr_assert_eq(fut_test_run(&nests.future), FUT_READY);
    cr_assert(fut_test_said("deeper: 1 2 nobody", "deepest: 3 2 nobody", "deepest: 3 2 nobody", "deeper: 1 2 nobody",
                            "above: -1 -1 nobody", "in a group: -1 -1 ann", "in a group: -1 -1 ann",
                            "beside: -1 -1 nobody", "beside: -1 -1 nobody"));
}

/* At the leaf of a deep chain, as an executor polls it. */
Test(cancel, a_value_is_seen_when_the_executor_goes_straight_to_the_leaf) {
    number_t      with;
    tells_t       child;
    fut_future_t *leaf = &with.future;
    START(child, tells, "leaf", &event);
    START(with, number, &child.future, 9);
    cr_assert_eq(fut_test_poll_leaf(&with.future, &leaf, &woken), FUT_PENDING);
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_test_poll_leaf(&with.future, &leaf, &woken), FUT_READY);
    cr_assert(fut_test_said("leaf: 9 -1 nobody", "leaf: 9 -1 nobody"));
}

typedef struct reads_span {
    ASYNC_FRAME(reads_span, long);
} reads_span_t;
ASYNC(reads_span) {
    ASYNC_BEGIN();
    ASYNC_RETURN(FUT_LOCAL(cx, current_span)->id);
    ASYNC_END();
}
Test(cancel, a_value_may_be_a_struct) {
    span_t         request = {"request", 77};
    current_span_t with;
    reads_span_t   reads;
    START(reads, reads_span);
    START(with, current_span, &reads.future, request);
    cr_ready(with, woken, 0);
    cr_assert_eq(reads.output, 77);
}

Test(cancel, the_output_is_the_childs_error) {
    number_t        with;
    fut_test_wait_t wait;
    START(wait, fut_test_wait, &event);
    START(with, number, &wait.future, 1);
    fut_test_event_fire(&event, -EPIPE);
    cr_ready(with, woken, -EPIPE);
    cr_ready(with, woken, -EPIPE);
}

Test(cancel, dropping_and_cancelling_reach_the_child_at_any_point) {
    for (int hard = 0; hard < 2; hard++)
        for (int point = 0; point < 4; point++) { /* not polled; waits; ends; done */
            number_t with;
            worker_t child;
            event = goodbye = (fut_test_event_t){0};
            START(child, worker, &event, &goodbye);
            START(with, number, &child.future, 1);
            if (point >= 1) cr_pending(with, woken);
            if (point >= 2) fut_cancel(&with.future);
            if (point >= 2) cr_pending(with, woken);
            if (point >= 3) fut_test_event_fire(&goodbye, 0);
            if (point >= 3) cr_ready(with, woken, -ECANCELED);
            hard ? fut_drop(&with.future) : fut_cancel(&with.future);
            if (!hard && (point == 1 || point == 2)) {
                cr_pending(with, woken);
                fut_test_event_fire(&goodbye, 0);
            }
            cr_ready(with, woken, -ECANCELED);
            cr_assert(fut_is_done(&child.future));
            fut_test_hush();
        }
}

Test(cancel, in_finally_the_value_is_there_but_not_in_that_of_a_hard_drop) {
    for (int hard = 0; hard < 2; hard++) {
        number_t with;
        tells_t  child;
        event = (fut_test_event_t){0};
        START(child, tells, "child", &event);
        START(with, number, &child.future, 4);
        cr_pending(with, woken);
        fut_test_hush();
        hard ? fut_drop(&with.future) : fut_cancel(&with.future);
        cr_ready(with, woken, -ECANCELED);
        cr_assert(hard ? fut_test_said("finally: -1 -1 nobody") : fut_test_said("finally: 4 -1 nobody"));
    }
}

/* ---- Sets -------------------------------------------------------------------------------------------------------- */

typedef struct gathers {
    ASYNC_FRAME(gathers, int);
    fut_set_t       set;
    fut_set_child_t children[2];
    tells_t         tells[2];
    fut_set_next_t  next;
    int             i;
} gathers_t;
ASYNC(gathers) {
    ASYNC_BEGIN();
    fut_set_init(&self->set);
    for (self->i = 0; self->i < 2; self->i++) {
        START(self->tells[self->i], tells, self->i ? "second" : "first", NULL);
        fut_set_child_init(&self->children[self->i], NULL);
        cr_assert_eq(fut_set_push(&self->set, &self->children[self->i], &self->tells[self->i].future), 0);
    }
    for (self->i = 0; self->i < 2; self->i++) AWAIT(self->next, fut_set_next, &self->set);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}
Test(cancel, children_of_a_set_see_the_values_of_whoever_awaits_it) {
    gathers_t gathers;
    number_t  with;
    START(gathers, gathers);
    START(with, number, &gathers.future, 8);
    cr_assert_eq(fut_test_run(&with.future), FUT_READY);
    cr_assert(fut_test_said("first: 8 -1 nobody", "first: 8 -1 nobody", "second: 8 -1 nobody", "second: 8 -1 nobody"));
}

/* ---- Other tasks ------------------------------------------------------------------------------------------------- */

typedef struct spawns {
    ASYNC_FRAME(spawns, int);
    fut_scope_t scope;
    tells_t     child;
} spawns_t;
ASYNC(spawns) {
    ASYNC_BEGIN();
    SCOPE(self->scope) { SCOPE_SPAWN(self->scope, self->child, tells, "scope's", NULL); }
    SCOPE_END(self->scope);
    TRY(fut_context_spawn(cx, &tells_vtable, &(struct tells_args){"beside", NULL}));
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct above {
    ASYNC_FRAME(above, int);
    number_t number;
    spawns_t spawns;
} above_t;
ASYNC(above) {
    ASYNC_BEGIN();
    WITH_LOCAL(self->number, number, 6, (self->spawns, spawns));
    ASYNC_RETURN(self->number.output);
    ASYNC_END();
}
Test(cancel, children_of_a_scope_inherit_values_and_tasks_that_are_spawned_do_not) {
    above_t above;
    world_open();
    START(above, above);
    cr_assert_eq(fut_block_on(&world.executor, &above.future), 0);
    fut_executor_run_until_stalled(&world.executor);
    cr_assert_eq(above.output, 0);
    cr_assert(
        fut_test_said("scope's: 6 -1 nobody", "scope's: 6 -1 nobody", "beside: -1 -1 nobody", "beside: -1 -1 nobody"));
    world_close();
}

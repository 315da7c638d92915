/* Errors: which one the scope returns, what becomes of the siblings, and where the others are. */
#include "kit.h"

static fut_test_event_t events[3], goodbyes[3], door;
static fut_scope_t     *scope; /* of the parent that is under way */

static void reset(void) {
    for (int i = 0; i < 3; i++) events[i] = goodbyes[i] = (fut_test_event_t){0};
    door = (fut_test_event_t){0};
    fut_test_hush();
}

/* Three children with a farewell each. */
typedef struct team {
    ASYNC_FRAME(team, int, bool collect; size_t room);
    fut_scope_t       scope;
    fut_scope_error_t errors[4];
    worker_t          workers[3];
} team_t;
ASYNC(team) {
    static const char *const names[] = {"a", "b", "c"};
    ASYNC_BEGIN();
    scope = &self->scope;
    SCOPE(self->scope, .collect = self->collect, .errors = self->errors, .room = self->room) {
        for (int i = 0; i < 3; i++)
            SCOPE_SPAWN(self->scope, self->workers[i], worker, names[i], &events[i], &goodbyes[i]);
    }
    SCOPE_END(self->scope);
    for (size_t i = 0; i < self->scope.failed && i < self->room; i++)
        fut_test_say("%c: %d", "abc"[(worker_t *)(void *)(uintptr_t)self->errors[i].child - self->workers],
                     self -> errors[i].error);
    fut_test_say("%d failed", (int)self->scope.failed);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

static void part_with(int i) {
    fut_test_event_fire(&goodbyes[i], 0);
    stage_run();
}

ON_BOTH(the_first_error_cancels_the_siblings_and_the_scope_waits_for_their_farewells) {
    reset();
    struct team_join handle = STAGE_SPAWN(team, false, 4);
    stage_run();
    fut_test_hush();

    fut_test_event_fire(&events[1], -EIO);
    stage_run();
    cr_assert(fut_test_said("b got -5"));
    part_with(1); /* its end is its FINALLY's end, and only then has it failed */
    cr_assert(fut_test_said("b ends", "a cancelled", "c cancelled"));
    part_with(2);
    part_with(0);
    cr_assert(fut_test_said("c ends", "a ends", "b: -5", "1 failed")); /* those who were cancelled have not failed */
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -EIO);
}

ON_BOTH(errors_in_every_order_the_first_one_counts_and_the_others_are_kept) {
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    for (int i = 0; i < 6; i++) {
        for (int collect = 0; collect < 2; collect++) {
            const int *order = orders[i];
            char       line[3][16];
            reset();
            struct team_join handle = STAGE_SPAWN(team, collect, 4);
            stage_run();
            for (int j = 0; j < 3; j++) fut_test_event_fire(&events[j], -10 - j); /* all are in their FINALLY */
            stage_run();
            fut_test_hush();
            for (int j = 0; j < 3; j++) {
                snprintf(line[j], sizeof line[j], "%c: %d", "abc"[order[j]], -10 - order[j]);
                part_with(order[j]);
            }
            cr_assert_eq(fut_join_take(&handle.join), 0);
            cr_assert_eq(handle.output, -10 - order[0]);
            const char *ends[] = {"a ends", "b ends", "c ends"};
            cr_assert(
                fut_test_said(ends[order[0]], ends[order[1]], ends[order[2]], line[0], line[1], line[2], "3 failed"));
        }
    }
}

ON_BOTH(a_scope_that_collects_cancels_nobody) {
    reset();
    struct team_join handle = STAGE_SPAWN(team, true, 4);
    stage_run();
    fut_test_hush();
    fut_test_event_fire(&events[1], -EIO);
    stage_run();
    part_with(1);
    fut_test_event_fire(&events[0], 7);
    stage_run();
    part_with(0);
    fut_test_event_fire(&events[2], -EPERM);
    stage_run();
    part_with(2);
    cr_assert(fut_test_said("b got -5", "b ends", "a got 7", "a ends", "c got -1", "c ends", /* all the way */
                            "b: -5", "c: -1", "2 failed"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -EIO);
}

ON_BOTH(errors_beyond_the_room_are_counted) {
    for (size_t room = 0; room < 3; room++) {
        reset();
        struct team_join handle = STAGE_SPAWN(team, true, room);
        stage_run();
        for (int i = 0; i < 3; i++) fut_test_event_fire(&events[i], -1 - i);
        stage_run();
        for (int i = 0; i < 3; i++) part_with(i);
        cr_assert_eq(fut_test_words.count, 3 + 3 + 3 + room + 1);
        cr_assert_eq(fut_join_take(&handle.join), 0);
        cr_assert_eq(handle.output, -1);
        fut_test_hush();
    }
}

ON_BOTH(who_fails_while_the_scope_is_being_cancelled_is_counted_and_changes_nothing) {
    reset();
    struct team_join handle = STAGE_SPAWN(team, false, 4);
    stage_run();
    fut_test_event_fire(&events[0], -EPERM);
    stage_run(); /* a is in its FINALLY by itself */
    fut_scope_cancel(scope);
    stage_run();
    for (int i = 0; i < 3; i++) part_with(i);
    cr_assert(fut_test_said("a begins", "b begins", "c begins", "a got -1", "b cancelled", "c cancelled", "a ends",
                            "b ends", "c ends", "a: -1", "1 failed"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ECANCELED, "that came first");
}

ON_BOTH(a_child_that_ends_with_ECANCELED_by_itself_has_failed) {
    reset();
    struct team_join handle = STAGE_SPAWN(team, false, 4);
    stage_run();
    fut_test_event_fire(&events[0], -ECANCELED);
    stage_run();
    for (int i = 0; i < 3; i++) part_with(i);
    fut_test_hush();
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ECANCELED);
    reset();
}

/* ---- The body's -------------------------------------------------------------------------------------------------- */

typedef struct says_no {
    ASYNC_FRAME(says_no, int, bool collect);
    fut_scope_t       scope;
    fut_scope_error_t error;
    worker_t          a;
    answer_t          late;
    fut_test_wait_t   wait;
} says_no_t;
ASYNC(says_no) {
    ASYNC_BEGIN();
    SCOPE(self->scope, .collect = self->collect, .errors = &self->error, .room = 1) {
        SCOPE_SPAWN(self->scope, self->a, worker, "a", &events[0], NULL);
        AWAIT(self->wait, fut_test_wait, &door);
        fut_scope_fail(&self->scope, 0); /* no error */
        fut_scope_fail(&self->scope, -EPROTO);
        fut_scope_fail(&self->scope, -EIO);
        SCOPE_SPAWN(self->scope, self->late, answer, 1);
        fut_test_say("late %s", fut_is_done(&self->late.future) ? "refused" : "spawned");
    }
    SCOPE_END(self->scope);
    cr_assert_eq(self->scope.output, -EPROTO);
    cr_assert_eq(self->late.output, self->collect ? 1 : -ECANCELED);
    fut_test_say("%d failed", (int)self->scope.failed);
    cr_assert_eq(self->error.error, -EPROTO);
    cr_assert_null(self->error.child);
    ASYNC_RETURN(0);
    ASYNC_END();
}

ON_BOTH(the_body_can_fail_its_scope) {
    for (int collect = 0; collect < 2; collect++) {
        reset();
        DETACH(STAGE_SPAWN(says_no, collect));
        stage_run();
        fut_test_event_fire(&door, 0);
        stage_run();
        if (collect) {
            fut_test_event_fire(&events[0], 1);
            stage_run();
            cr_assert(fut_test_said("a begins", "late spawned", "a got 1", "2 failed"));
        } else {
            cr_assert(fut_test_said("a begins", "late refused", "a cancelled", "2 failed"));
        }
    }
}

/* ---- A spawn's --------------------------------------------------------------------------------------------------- */

/* Polled where nothing can be spawned. */
Test(scope, a_spawn_that_fails_is_the_error_of_child_and_scope) {
    team_t           slot;
    fut_test_waker_t counter = {0};

    START(slot, team, false, 4);
    cr_assert_eq(fut_test_poll(&slot.future, &counter), READY);
    cr_assert_eq(slot.output, -ENOTSUP);
    cr_assert_eq(slot.workers[0].output, -ENOTSUP);
    cr_assert_eq(slot.workers[1].output, -ECANCELED, "the scope was cancelled by then");
    cr_assert(fut_test_said("a: -95", "1 failed"));

    START(slot, team, true, 4);
    cr_assert_eq(fut_test_poll(&slot.future, &counter), READY);
    cr_assert_eq(slot.output, -ENOTSUP);
    cr_assert_eq(slot.workers[2].output, -ENOTSUP);
    cr_assert(fut_test_said("a: -95", "b: -95", "c: -95", "3 failed"));
}

/* ---- Outputs that are no errno ----------------------------------------------------------------------------------- */

typedef struct measure {
    ASYNC_FRAME(measure, double, double value);
} measure_t;
ASYNC(measure) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}
typedef struct mixed {
    ASYNC_FRAME(mixed, void, int *result);
    fut_scope_t scope;
    measure_t   measure;
} mixed_t;
ASYNC(mixed) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->measure, measure, -2.5);
        ASYNC_RETURN();
    }
    SCOPE_END(self->scope);
    ASYNC_FINALLY();
    *self->result = self->scope.output;
    cr_assert_eq(self->measure.output, -2.5);
    ASYNC_END();
}

ON_BOTH(an_output_that_is_no_integer_is_no_error) {
    int output = 77;
    DETACH(STAGE_SPAWN(mixed, &output));
    stage_run();
    cr_assert_eq(output, 0);
}

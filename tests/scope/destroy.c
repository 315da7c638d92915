/* The executor goes in the middle: parents, children and tasks are dropped as their memory lies. */
#include "kit.h"

static fut_test_event_t a, b, door;

typedef struct parent {
    ASYNC_FRAME(parent, int, const char *name; bool waits_in_body);
    fut_scope_t     outer, inner;
    worker_t        a, b;
    fut_test_wait_t wait;
    int             local; /* children point into this frame */
} parent_t;

/* Reads its parent's frame to the very last. */
typedef struct pointer {
    ASYNC_FRAME(pointer, int, const int *local);
    fut_test_after_t pause;
    fut_test_wait_t  wait;
} pointer_t;
ASYNC(pointer) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &a);
    ASYNC_FINALLY();
    fut_test_say("pointer sees %d", *self->local);
    AWAIT(self->pause, fut_test_after, 1, 0);
    fut_test_say("pointer still sees %d", *self->local);
    ASYNC_END();
}

ASYNC(parent) {
    ASYNC_BEGIN();
    self->local = 42;
    SCOPE(self->outer) {
        SCOPE_SPAWN(self->outer, self->a, worker, "a", &b, NULL);
        SCOPE(self->inner) {
            SCOPE_SPAWN_NEW(self->inner, pointer, &self->local);
            SCOPE_SPAWN(self->inner, self->b, worker, "b", &door, &door);
            if (self->waits_in_body) AWAIT(self->wait, fut_test_wait, &b);
        }
        SCOPE_END(self->inner);
    }
    SCOPE_END(self->outer);
    ASYNC_FINALLY();
    fut_test_say("%s ends", self->name);
    self->local = 0;
    ASYNC_END();
}

/* Tasks are dropped as their blocks lie in the pool. Blocks used before are handed out last in, first out: so with a
 * block of the parent's size, or of the wrapper's, freed beforehand, the parent comes after its children, or between
 * them. */
static void occupy(int count) {
    for (int i = 0; i < count; i++) DETACH(STAGE_SPAWN(parent, "old", false));
    for (int i = 0; i < count; i++) DETACH(STAGE_SPAWN(answer, 1));
}

Test(scope, an_executor_that_goes_takes_parents_and_children_in_any_order) {
    for (int custom = 0; custom < 2; custom++)
        for (int occupied = 0; occupied < 4; occupied++)
            for (int in_body = 0; in_body < 2; in_body++) {
                a = b = door = (fut_test_event_t){0};
                stage_open(custom);
                occupy(occupied);
                DETACH(STAGE_SPAWN(parent, "parent", in_body));
                stage_run();
                fut_test_hush();
                stage_destroy();
                unsigned    sees = 0, ends = 0;
                const char *word = fut_test_words.text;
                for (unsigned i = 0; i < fut_test_words.count; i++, word += strlen(word) + 1) {
                    sees += !strcmp(word, "pointer sees 42") || !strcmp(word, "pointer still sees 42");
                    ends += !strcmp(word, "parent ends") || !strcmp(word, "old ends");
                }
                cr_assert_eq(sees, 2u * (1u + (unsigned)occupied), "the frame was there as long as its children");
                cr_assert_eq(ends, 1u + (unsigned)occupied);
                fut_test_hush();
            }
}

Test(scope, an_executor_may_go_after_every_step) {
    for (int steps = 0; steps < 12; steps++) {
        for (int in_body = 0; in_body < 2; in_body++) {
            a = b = door = (fut_test_event_t){0};
            stage_open(true);
            struct parent_join handle = STAGE_SPAWN(parent, "parent", in_body);
            for (int i = 0; i < steps; i++) {
                if (i == 6) fut_join_cancel(&handle.join);
                (void)stage_step();
            }
            stage_destroy();
            cr_assert(fut_join_is_done(&handle.join));
            cr_assert(fut_join_take(&handle.join) <= 0);
            fut_test_hush();
        }
    }
}

/* The wrapper's task is dropped before the parent's: the scope is told, and the parent's own end finds nothing. */
Test(scope, a_child_whose_task_is_dropped_first_is_dropped_with_it) {
    stage_open(true);
    DETACH(STAGE_SPAWN(parent, "warm", false));
    stage_run();
    stage_destroy();
    fut_test_hush();
    a = b = door = (fut_test_event_t){0};
    stage_open(true); /* recycled blocks: the children's lie before the parent's, or behind */
    DETACH(STAGE_SPAWN(parent, "parent", false));
    stage_run();
    fut_test_hush();
    stage_destroy();
    cr_assert_eq(a.drops, 1);
    cr_assert_eq(b.drops, 1);
    cr_assert_eq(fut_test_words.count, 6);
    fut_test_hush();
}

/* A scope that outlives the executor of its children. */
typedef struct lends {
    ASYNC_FRAME(lends, int, fut_scope_t *scope; worker_t *child);
} lends_t;
ASYNC(lends) {
    ASYNC_BEGIN();
    SCOPE_SPAWN(*self->scope, *self->child, worker, "child", &a, &a);
    SCOPE_SPAWN_NEW(*self->scope, worker, "new", &b, &b);
    ASYNC_RETURN(0);
    ASYNC_END();
}
ON_BOTH(a_scope_whose_children_went_with_their_executor_has_ended_with_ECANCELED) {
    fut_scope_t      scope;
    worker_t         child;
    fut_test_waker_t counter = {0};

    a = b = (fut_test_event_t){0};
    START(scope, fut_scope);
    DETACH(STAGE_SPAWN(lends, &scope, &child));
    stage_run();
    cr_assert_eq(fut_test_poll(&scope.future, &counter), PENDING);
    stage_destroy();
    cr_assert_eq(counter.wakes, 1, "by the last one");
    cr_assert_eq(fut_test_poll(&scope.future, &counter), READY);
    cr_assert_eq(scope.output, -ECANCELED);
    cr_assert_eq(child.output, -ECANCELED);
    fut_test_hush();
    stage_open(stage.custom);
}

/* ---- Spawning while everything goes ------------------------------------------------------------------------------ */

typedef struct late {
    ASYNC_FRAME(late, int);
    fut_scope_t     scope;
    answer_t        child;
    fut_test_wait_t wait;
} late_t;
ASYNC(late) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, &door);
    ASYNC_FINALLY();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->child, answer, 1);
        fut_test_say("child %d", self->child.output == -ECANCELED);
        fut_test_say("new %d", SCOPE_SPAWN_NEW(self->scope, answer, 1) == -ECANCELED);
    }
    SCOPE_END(self->scope);
    fut_test_say("scope %d", self->scope.output == -ECANCELED);
    ASYNC_END();
}

ON_BOTH(a_FINALLY_that_is_cut_can_spawn_nothing) {
    late_t slot;
    START(slot, late);
    fut_test_waker_t counter = {0};
    cr_assert_eq(fut_test_poll(&slot.future, &counter), PENDING);
    fut_drop(&slot.future);
    cr_assert(fut_test_said("child 1", "new 1", "scope 1"));
}

/* ---- A deadlock -------------------------------------------------------------------------------------------------- */

Test(scope, a_deadlock_drops_the_scope_and_its_children) {
    a = b = door = (fut_test_event_t){0};
    stage_open(false);
    cr_assert_eq(BLOCK_ON(&stage.executor, parent, "parent", true), -EDEADLK);
    cr_assert_eq(a.drops, 1);
    cr_assert_eq(fut_executor_run(&stage.executor), 0, "the children's tasks find no scope, and end");
    fut_test_hush();
    stage_close();
}

#define _POSIX_C_SOURCE 200809L /* fmemopen */
/* What children inherit: the bindings of the place where their scope was opened. */
#include "kit.h"

static const char key;

/* Binds the key for what it polls. */
typedef struct with {
    FUT_FUTURE(with, void, fut_future_t *child; const char *value);
    fut_binding_t binding;
} with_t;
static fut_poll_t with_poll(with_t *self, fut_context_t *cx) {
    const fut_binding_t *above = cx->inherited;
    fut_poll_t           answer;
    if (fut_is_done(&self->future)) return READY;
    self->binding = (fut_binding_t){above, &key, (void *)(uintptr_t)self->value};
    cx->inherited = &self->binding;
    answer        = fut_poll(self->child, cx);
    cx->inherited = above;
    return answer == READY ? fut_ready(&self->future) : fut_pending(&self->future);
}
static void with_drop(fut_future_t *future) { fut_drop(((with_t *)(void *)future)->child); }
static void with_cancel(fut_future_t *future) { fut_cancel(((with_t *)(void *)future)->child); }
FUT_DEFINE(with, .drop = with_drop, .cancel = with_cancel);

static void tell(const char *name, const fut_context_t *cx) {
    const char *value = fut_context_get(cx, &key);
    fut_test_say("%s: %s", name, value ? value : "nothing");
}

typedef struct child {
    ASYNC_FRAME(child, int, const char *name; int polls);
    int i;
} child_t;
ASYNC(child) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->polls; self->i++) {
        tell(self->name, cx);
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    tell("finally", cx);
    ASYNC_END();
}

typedef struct opens {
    ASYNC_FRAME(opens, int);
    fut_scope_t scope;
    child_t     child;
    child_t     inner;
    with_t      with;
    struct spawns {
        ASYNC_FRAME(spawns, int, fut_scope_t *scope; child_t *child);
    } spawns;
} opens_t;
typedef struct spawns spawns_t;
/* Spawns into a scope that was opened elsewhere. */
ASYNC(spawns) {
    ASYNC_BEGIN();
    tell("spawner", cx);
    SCOPE_SPAWN(*self->scope, *self->child, child, "spawned", 1);
    ASYNC_RETURN(0);
    ASYNC_END();
}
ASYNC(opens) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->child, child, "child", 2);
        START(self->spawns, spawns, &self->scope, &self->inner);
        AWAIT(self->with, with, &self->spawns.future, "inner");
    }
    SCOPE_END(self->scope);
    tell("parent", cx);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct top {
    ASYNC_FRAME(top, int, bool binds);
    opens_t opens;
    with_t  with;
} top_t;
ASYNC(top) {
    ASYNC_BEGIN();
    START(self->opens, opens);
    if (self->binds)
        AWAIT(self->with, with, &self->opens.future, "outer");
    else
        AWAIT(self->opens);
    tell("top", cx);
    ASYNC_RETURN(0);
    ASYNC_END();
}

ON_BOTH(children_inherit_what_is_bound_where_their_scope_was_opened) {
    DETACH(STAGE_SPAWN(top, true));
    stage_run();
    cr_assert(fut_test_said("spawner: inner", /* while it is awaited                     */
                            "child: outer",   /* in its own task, poll for poll          */
                            "spawned: outer", /* the scope's, not the spawner's          */
                            "child: outer",   /*                                         */
                            "finally: outer", /* the one that was spawned later is done  */
                            "finally: outer", /* and the other                           */
                            "parent: outer",  /*                                         */
                            "top: nothing")); /* outside of the binding                  */
}

ON_BOTH(children_of_a_scope_without_bindings_inherit_nothing) {
    DETACH(STAGE_SPAWN(top, false));
    stage_run();
    cr_assert(fut_test_said("spawner: inner", "child: nothing", "spawned: nothing", "child: nothing",
                            "finally: nothing", "finally: nothing", "parent: nothing", "top: nothing"));
}

/* ---- Looking ----------------------------------------------------------------------------------------------------- */

static fut_test_event_t never;
typedef struct waits {
    ASYNC_FRAME(waits, int);
    fut_scope_t scope;
    worker_t    a, b;
} waits_t;
ASYNC(waits) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->a, worker, "a", &never, NULL);
        SCOPE_SPAWN(self->scope, self->b, worker, "b", &never, NULL);
    }
    SCOPE_END(self->scope);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(scope, a_dump_says_how_many_children_are_left_and_where_they_are) {
    char  text[2048] = "";
    FILE *out        = fmemopen(text, sizeof text, "w");
    stage_open(false);
    DETACH(STAGE_SPAWN(waits));
    stage_run();
    fut_dump(&stage.executor, out);
    fclose(out);
    cr_assert_not_null(strstr(text, "fut_scope             children left: 2\n"), "%s", text);
    cr_assert_not_null(strstr(text, "in a scope, at line "), "%s", text);
    cr_assert_not_null(strstr(text, " worker\n"), "%s", text);
    stage_destroy();
    fut_test_hush();
}

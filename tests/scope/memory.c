/* Memory: what a scope asks for, what it gives back, and what happens when there is none. */
#include "kit.h"

/* Too large for a task's pool, too strictly aligned for malloc. */
typedef struct broad {
    ASYNC_FRAME(broad, int, uintptr_t *misaligned);
    _Alignas(64) char buffer[700];
    fut_test_after_t pause;
} broad_t;
ASYNC(broad) {
    ASYNC_BEGIN();
    *self->misaligned |= (uintptr_t)self % 64;
    memset(self->buffer, 1, sizeof self->buffer);
    AWAIT(self->pause, fut_test_after, 1, 0);
    *self->misaligned |= (uintptr_t)self % 64;
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct many {
    ASYNC_FRAME(many, int, int count);
    fut_scope_t scope;
    uintptr_t   misaligned;
    answer_t    embedded[3];
    int         i;
} many_t;
ASYNC(many) {
    ASYNC_BEGIN();
    self->misaligned = 0;
    SCOPE(self->scope) {
        for (int i = 0; i < 3; i++) SCOPE_SPAWN(self->scope, self->embedded[i], answer, i);
        for (self->i = 0; self->i < self->count; self->i++) {
            TRY(SCOPE_SPAWN_NEW(self->scope, broad, &self->misaligned));
            SCOPE_SPAWN_NEW(self->scope, answer, 1);
            if (self->i % 8 == 7) YIELD();
        }
    }
    SCOPE_END(self->scope);
    cr_assert_eq(self->misaligned, 0);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}

static int scenario(bool custom) {
    struct many_join handle;
    int              output;
    stage_open(custom);
    handle = STAGE_SPAWN(many, 20);
    stage_run();
    output = fut_join_take(&handle.join);
    if (output == 0) output = handle.output;
    stage_close();
    return output;
}

/* As many go as came, on every way out. */
Test(scope, nothing_leaks_when_the_nth_request_for_memory_is_refused) {
    counting_begin();
    for (int custom = 0; custom < 2; custom++) {
        cr_assert_eq(scenario(custom), 0);
        size_t begin = counting.calls, before = counting.live;
        cr_assert_eq(scenario(custom), 0);
        size_t calls = counting.calls - begin;
        cr_assert_eq(counting.live, before);
        cr_assert_gt(calls, 40, "the children's memory is among it");
        unsigned refusals = 0;
        for (size_t n = 2; n <= calls; n++) { /* the first is the clock */
            counting.refuse = counting.calls + n;
            int output      = scenario(custom);
            counting.refuse = 0;
            cr_assert(output == -ENOMEM || output == 0, "%zu: %d", n, output);
            refusals += output == -ENOMEM;
            cr_assert_eq(counting.live, before, "request %zu", n);
        }
        cr_assert_geq(refusals, 40);
    }
}

Test(scope, embedded_children_ask_for_no_memory_but_their_tasks) {
    counting_begin();
    stage_open(false);
    for (int i = 0; i < 2; i++) {
        size_t           calls  = counting.calls;
        struct many_join handle = STAGE_SPAWN(many, 0);
        stage_run();
        cr_assert_eq(fut_join_take(&handle.join), 0);
        if (i > 0) cr_assert_eq(counting.calls, calls);
    }
    stage_close();
}

/* No room for tasks: the spawn fails, the slot says so, and the children that run are cancelled. */
typedef struct starved {
    ASYNC_FRAME(starved, int);
    fut_scope_t scope;
    sleeper_t   a;
    fut_sleep_t more[5000];
    int         i;
} starved_t;
ASYNC(starved) {
    ASYNC_BEGIN();
    SCOPE(self->scope) {
        SCOPE_SPAWN(self->scope, self->a, sleeper, "a", 5, 1, 0);
        YIELD();
        counting.refuse_all = true;
        for (self->i = 0; self->i < 5000 && self->scope.failed == 0; self->i++)
            SCOPE_SPAWN(self->scope, self->more[self->i], fut_sleep, FUT_S(1));
        counting.refuse_all = false;
        cr_assert_eq(self->more[self->i - 1].output, -ENOMEM);
    }
    SCOPE_END(self->scope);
    fut_test_say("%d failed", (int)self->scope.failed);
    ASYNC_RETURN(self->scope.output);
    ASYNC_END();
}
Test(scope, a_spawn_without_memory_fails_the_scope) {
    counting_begin();
    stage_open(false);
    struct starved_join handle = STAGE_SPAWN(starved);
    stage_run_on();
    cr_assert(fut_test_said("a -125 at 0", "1 failed"));
    cr_assert_eq(fut_join_take(&handle.join), 0);
    cr_assert_eq(handle.output, -ENOMEM);
    stage_close();
}

#if UINTPTR_MAX > 0xffffffffu
Test(scope, a_scope_has_the_size_that_is_promised) { cr_assert_leq(sizeof(fut_scope_t), 176); }
#endif

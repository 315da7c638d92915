/* kit.h: two executors to run scopes on, and the children that the tests of this folder share. */
#ifndef TESTS_SCOPE_KIT_H
#define TESTS_SCOPE_KIT_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "../counting.h"
#include "future/executor.h"
#include "future/scope.h"
#include "future/task.h"
#include "future/test.h"
#include "future/time.h"

/* ---- A stage: the library's executor, or one of thirty lines, on a clock that jumps ------------------------------ */

typedef struct stage {
    bool                 custom;
    fut_executor_t       executor;
    fut_virtual_clock_t *clock;
    fut_driver_t        *driver;
    fut_scheduler_t     *scheduler;
    fut_task_t          *tasks[4096]; /* a ring */
    size_t               first, end;
} stage_t;

static stage_t stage; /* one for each test, which is a process of its own */

static inline void stage_schedule(void *executor, fut_task_t *task) {
    stage_t *self                   = executor;
    self->tasks[self->end++ % 4096] = task;
}

static inline void stage_open(bool custom) {
    const fut_executor_options_t options = {.driver = fut_virtual_clock_driver(stage.clock = fut_virtual_clock_new()),
                                            .quiet  = true};
    stage.custom                         = custom;
    stage.driver                         = options.driver;
    stage.first = stage.end = 0;
    cr_assert_not_null(stage.clock);
    if (custom) {
        cr_assert_not_null(stage.scheduler = fut_scheduler_new(stage_schedule, &stage));
    } else {
        cr_assert_eq(fut_executor_init(&stage.executor, &options), 0);
    }
}

/* Drops what is left. */
static inline void stage_destroy(void) {
    if (stage.custom)
        fut_scheduler_free(stage.scheduler);
    else
        fut_executor_destroy(&stage.executor);
    cr_assert_eq(stage.driver->vtable->next(stage.driver), FUT_NEVER, "a timer is left");
    fut_virtual_clock_free(stage.clock);
}

static inline fut_join_t stage_spawn_by_(stage_t *self, const fut_vtable_t *vtable, const void *args, size_t size) {
    (void)size;
    return self->custom ? fut_task_spawn(self->scheduler, vtable, args) : fut_spawn(&self->executor, vtable, args);
}
#define STAGE_SPAWN(...) FUT_SPAWN_BY_(stage_spawn_by_, &stage, __VA_ARGS__)

/* One poll of one task. */
static inline bool stage_step(void) {
    fut_context_t cx;
    if (stage.first == stage.end) return false;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, stage.driver);
    (void)fut_task_run(stage.tasks[stage.first++ % 4096], &cx);
    return true;
}

/* Whatever can run now. */
static inline void stage_run(void) {
    if (stage.custom)
        while (stage_step()) {}
    else
        cr_assert_geq(fut_executor_run_until_stalled(&stage.executor), 0);
}

/* And whatever time brings. */
static inline void stage_run_on(void) {
    for (stage_run(); stage.driver->vtable->next(stage.driver) != FUT_NEVER; stage_run())
        cr_assert_eq(stage.driver->vtable->park(stage.driver, FUT_NEVER), 0);
}

static inline size_t stage_tasks(void) {
    return stage.custom ? fut_scheduler_tasks(stage.scheduler) : fut_executor_tasks(&stage.executor);
}

/* Milliseconds since the start. */
static inline int passed(void) {
    return (int)((int64_t)(stage.driver->vtable->now(stage.driver) - FUT_S(1)) / FUT_MS(1));
}

/* Nothing is left of anything. */
static inline void stage_close(void) {
    cr_assert_eq(stage_tasks(), 0);
    stage_destroy();
}

#define ON_BOTH(name)                                                                                                  \
    static void name(void);                                                                                            \
    Test(scope, name) {                                                                                                \
        for (int custom = 0; custom < 2; custom++) {                                                                   \
            stage_open(custom);                                                                                        \
            name();                                                                                                    \
            stage_close();                                                                                             \
        }                                                                                                              \
    }                                                                                                                  \
    static void name(void)

/* ---- Children ---------------------------------------------------------------------------------------------------- */

/* Waits for an event, whose value it returns; then, if there is one, for another to say goodbye. */
typedef struct worker {
    ASYNC_FRAME(worker, int, const char *name; fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t wait;
} worker_t;
ASYNC(worker) {
    ASYNC_BEGIN();
    fut_test_say("%s begins", self->name);
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    if (self->output == -ECANCELED)
        fut_test_say("%s cancelled", self->name);
    else
        fut_test_say("%s got %d", self->name, self->output);
    if (self->goodbye) {
        AWAIT(self->wait, fut_test_wait, self->goodbye);
        fut_test_say("%s ends", self->name);
    }
    ASYNC_END();
}

/* Sleeps, returns a value; when it is cancelled it needs `farewell` to end. All in milliseconds. */
typedef struct sleeper {
    ASYNC_FRAME(sleeper, int, const char *name; int duration; int value; int farewell);
    fut_sleep_t nap;
} sleeper_t;
ASYNC(sleeper) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_MS(self->duration));
    ASYNC_RETURN(self->value);
    ASYNC_FINALLY();
    if (self->output == -ECANCELED) AWAIT(self->nap, fut_sleep, FUT_MS(self->farewell));
    fut_test_say("%s %d at %d", self->name, self->output, passed());
    ASYNC_END();
}

/* Ready in its first poll. */
typedef struct answer {
    ASYNC_FRAME(answer, int, int value);
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

#endif

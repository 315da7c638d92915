/* SPAWN, SPAWN_IN, DETACH: from outside, from inside, from where it is not allowed. */
#include "kit.h"

typedef struct parent {
    ASYNC_FRAME(parent, int, int children);
    struct counter_join child[3];
    int                 i, sum;
} parent_t;
ASYNC(parent) {
    ASYNC_BEGIN();
    cr_assert_eq(fut_executor_of(cx), &executor);
    self->child[0] = SPAWN(fut_executor_of(cx), counter, "a", 1);
    self->child[1] = SPAWN(fut_executor_of(cx), counter, "b", 2);
    self->child[2] = SPAWN(fut_executor_of(cx), counter, .times = 3, .name = "c");
    fut_test_say("spawned");
    for (self->i = self->sum = 0; self->i < 3; self->i++) {
        AWAIT(self->child[self->i]);
        self->sum += self->child[self->i].output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

Test(executor, a_task_spawns_others_and_awaits_them) {
    open_virtual();
    cr_assert_eq(BLOCK_ON(&executor, parent, 3), 6);
    cr_assert(fut_test_said("spawned",        /* nothing runs before its turn */
                            "a1", "b1", "c1", /*                              */
                            "b2", "c2", "c3"));
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    close_virtual();
}

Test(executor, spawned_tasks_are_counted_until_they_end) {
    fut_test_event_t event = {0};

    open_virtual();
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    DETACH(SPAWN(&executor, listener, "a", &event));
    struct answer_join handle = SPAWN(&executor, answer, 1);
    cr_assert_eq(fut_executor_tasks(&executor), 2);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    cr_assert_eq(fut_executor_tasks(&executor), 1, "an output that nobody took is no task");
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 0);
    DETACH(handle);
    fut_test_hush();
    close_virtual();
}

typedef struct awaits {
    ASYNC_FRAME(awaits, int, struct counter_join *handle);
} awaits_t;
ASYNC(awaits) {
    ASYNC_BEGIN();
    AWAIT(*self->handle);
    ASYNC_RETURN(self->handle->output);
    ASYNC_END();
}

Test(executor, a_task_in_the_callers_storage_runs_there) {
    counter_t           slot;
    struct counter_join handle;

    open_virtual();
    handle = SPAWN_IN(&executor, slot, counter, "in", 2);
    cr_assert_eq(handle.join.status, 0);
    cr_assert_eq(BLOCK_ON(&executor, awaits, &handle), 2);
    cr_assert(fut_is_done(&slot.future));
    cr_assert_eq(slot.output, 2);
    cr_assert(fut_test_said("in1", "in2"));
    close_virtual();
}

typedef struct nothing {
    ASYNC_FRAME(nothing, void);
} nothing_t;
ASYNC(nothing) {
    ASYNC_BEGIN();
    fut_test_say("nothing");
    ASYNC_END();
}

Test(executor, functions_without_arguments_are_spawned_too) {
    nothing_t           slot;
    struct nothing_join handle;

    open_virtual();
    DETACH(SPAWN(&executor, nothing));
    handle = SPAWN_IN(&executor, slot, nothing);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_join_is_done(&handle.join));
    DETACH(handle);
    cr_assert_eq(BLOCK_ON(&executor, nothing), 0);
    cr_assert(fut_test_said("nothing", "nothing", "nothing"));
    close_virtual();
}

/* ---- From inside a task, on whatever executor it runs ---------------------------------------------------------- */

typedef struct begets {
    ASYNC_FRAME(begets, int, int generations; int *born);
} begets_t;
ASYNC(begets) {
    ASYNC_BEGIN();
    ++*self->born;
    if (self->generations > 0) {
        const struct begets_args child = {self->generations - 1, self->born};
        TRY(fut_context_spawn(cx, &begets_vtable, &child));
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_task_spawns_beside_itself) {
    int born = 0;

    open_virtual();
    cr_assert_eq(BLOCK_ON(&executor, begets, 4, &born), 0);
    cr_assert_eq(born, 1, "polled later");
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(born, 5);
    close_virtual();
}

/* Remembers where it was told that it lies. */
typedef struct told {
    FUT_FUTURE(told, int, fut_future_t **place);
} told_t;
static fut_poll_t told_poll(told_t *self, fut_context_t *cx) {
    (void)cx;
    fut_test_say(*self->place == &self->future ? "polled there" : "polled elsewhere");
    self->output = 0;
    return fut_ready(&self->future);
}
static void told_spawned(fut_future_t *future) {
    told_t *self = (told_t *)(void *)future;
    fut_test_say("told at %s", future->point == FUT_POINT_START ? "the start" : "another point");
    *self->place = future;
}
FUT_DEFINE(told, .spawned = told_spawned);

typedef struct teller {
    ASYNC_FRAME(teller, int, fut_future_t **place);
} teller_t;
ASYNC(teller) {
    ASYNC_BEGIN();
    TRY(fut_context_spawn(cx, &told_vtable, &(const struct told_args){self->place}));
    fut_test_say("spawned");
    YIELD();
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(executor, a_future_that_is_spawned_beside_a_task_is_told_where_it_lies) {
    fut_future_t *place = NULL;

    open_virtual();
    cr_assert_eq(BLOCK_ON(&executor, teller, &place), 0);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert(fut_test_said("told at the start", "spawned", "polled there"));
    close_virtual();
}

/* ---- Where it is not allowed --------------------------------------------------------------------------------- */

static void *spawn_elsewhere(void *unused) {
    static struct answer_join handle;
    (void)unused;
    handle = SPAWN(&executor, answer, 1);
    return &handle;
}
typedef struct has_helper {
    ASYNC_FRAME(has_helper, int);
} has_helper_t;
ASYNC(has_helper) {
    ASYNC_BEGIN();
    pthread_t thread;
    void     *result;
    if (pthread_create(&thread, NULL, spawn_elsewhere, NULL) != 0) ASYNC_RETURN(-1);
    pthread_join(thread, &result);
    struct answer_join *handle = result;
    fut_test_waker_t    nobody = {0};
    cr_assert_eq(fut_test_poll(&handle->join.future, &nobody), FUT_READY);
    cr_assert_eq(handle->output, -EPERM);
    ASYNC_RETURN(handle->join.status);
    ASYNC_END();
}

Test(executor, spawning_from_another_thread_while_it_runs_is_refused) {
    open_quietly();
    cr_assert_eq(BLOCK_ON(&executor, has_helper), -EPERM);
    cr_assert_eq(fut_executor_tasks(&executor), 0);
    fut_executor_destroy(&executor);
}

static void *own_the_executor(void *unused) {
    (void)unused;
    DETACH(SPAWN(&executor, counter, "other", 2));
    cr_assert_eq(fut_executor_run(&executor), 0);
    return NULL;
}

Test(executor, an_executor_may_change_threads_between_runs) {
    pthread_t thread;

    open_quietly();
    DETACH(SPAWN(&executor, counter, "first", 1));
    cr_assert_eq(pthread_create(&thread, NULL, own_the_executor, NULL), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(BLOCK_ON(&executor, counter, "again", 1), 1);
    cr_assert(fut_test_said("first1", "other1", "other2", "again1"));
    fut_executor_destroy(&executor);
}

Test(executor, the_executor_of_a_strangers_context_is_nobody) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx;

    fut_context_init(&cx, fut_test_waker(&counter), NULL);
    cr_assert_null(fut_executor_of(&cx));
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    cr_assert_null(fut_executor_of(&cx));
}

static void keep(void *first, fut_task_t *task) { *(fut_task_t **)first = task; }

typedef struct asks {
    ASYNC_FRAME(asks, void, fut_executor_t **answer);
} asks_t;
ASYNC(asks) {
    ASYNC_BEGIN();
    *self->answer = fut_executor_of(cx);
    ASYNC_END();
}

Test(executor, the_executor_of_a_task_of_another_kind_is_nobody) {
    fut_task_t      *task      = NULL;
    fut_scheduler_t *scheduler = fut_scheduler_new(keep, &task);
    fut_executor_t  *answer    = &executor;
    fut_context_t    cx;

    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    DETACH(TASK_SPAWN(scheduler, asks, &answer));
    cr_assert_eq(fut_task_run(task, &cx), FUT_READY);
    cr_assert_null(answer);
    fut_scheduler_free(scheduler);
}

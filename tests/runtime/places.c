/* Which worker polls a task, and when it may change. */
#include "kit.h"

#include "../meeting.h"

/* ---- Free tasks go where there is time ---------------------------------------------------------------------------- */

Test(runtime, a_busy_worker_keeps_nothing_waiting) {
    struct hog_join   first, second;
    struct guest_join rest[100];
    fut_event_t       door = FUT_EVENT_INIT;
    open_workers(2);
    first = SPAWN_ON(&runtime, 0, hog);
    until(&busy);
    fut_event_set(&door);
    for (int i = 0; i < 100; i++) rest[i] = SPAWN(&runtime, guest, &door);
    for (int i = 0; i < 100; i++) cr_assert_eq(WAIT(rest[i]), 1, "worker 0 is in a poll that does not end");
    second = SPAWN_ON(&runtime, 0, hog);
    STORE(release, true);
    cr_assert_eq(WAIT(first), 0);
    cr_assert_eq(WAIT(second), 0);
    shut();
}

Test(runtime, tasks_that_compute_are_spread_over_all_workers) {
    for (int workers = 2; workers <= 4; workers++) {
        for (int search = -1; search <= 20; search += 21) {
            open_with((fut_runtime_options_t){.workers = (unsigned)workers, .search = search});
            for (int i = 0; i < 20; i++) cr_assert_eq(BLOCK_ON(&runtime, meets, workers), 0);
            for (int i = 0; i < 20; i++) { /* spawned outside */
                struct meet_join handles[4];
                STORE(meeting, 0);
                for (int n = 0; n < workers; n++) handles[n] = SPAWN(&runtime, meet, workers);
                for (int n = 0; n < workers; n++) cr_assert_eq(WAIT(handles[n]), 0);
            }
            shut();
        }
    }
}

/* The common queue gets its turn, though a worker has always something of its own to do. */
static bool enough; /* atomic */
typedef struct yields {
    ASYNC_FRAME(yields, int);
} yields_t;
ASYNC(yields) {
    ASYNC_BEGIN();
    while (!LOAD(enough)) YIELD();
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, what_comes_from_outside_is_not_starved_by_yields) {
    struct yields_join yielding[3], bound[2];
    open_workers(1);
    for (int i = 0; i < 3; i++) yielding[i] = SPAWN(&runtime, yields);
    for (int i = 0; i < 2; i++) bound[i] = SPAWN_ON(&runtime, 0, yields);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 10), 1);
    cr_assert_eq(BLOCK_ON(&runtime, fut_sleep, FUT_US(1)), 0);
    STORE(enough, true);
    for (int i = 0; i < 3; i++) cr_assert_eq(WAIT(yielding[i]), 0);
    for (int i = 0; i < 2; i++) cr_assert_eq(WAIT(bound[i]), 0);
    shut();
}

/* ---- Bound tasks stay --------------------------------------------------------------------------------------------- */

Test(runtime, spawn_on_runs_there_and_nowhere_else) {
    open_workers(3);
    for (int round = 0; round < 30; round++)
        for (unsigned i = 0; i < 3; i++) {
            struct where_join handle = SPAWN_ON(&runtime, i, where);
            cr_assert_eq(WAIT(handle), (int)i);
        }
    shut();
}

/* Waits once for a timer; then it is to be polled where it was then, although that worker is busy and others are not. */
static int home; /* atomic: the worker that polled the first part */
typedef struct binds {
    ASYNC_FRAME(binds, int, fut_event_t *door);
    fut_sleep_t      nap;
    fut_event_wait_t wait;
} binds_t;
ASYNC(binds) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_US(1));
    STORE(home, fut_runtime_worker(&runtime));
    ADD(begun, 1);
    AWAIT(self->wait, fut_event_wait, self->door);
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

Test(runtime, who_has_waited_for_a_timer_stays_although_its_worker_is_busy) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct binds_join handle;
    struct hog_join   blocker;
    open_workers(2);
    handle = SPAWN(&runtime, binds, &door);
    until_count(&begun, 1);
    blocker = SPAWN_ON(&runtime, (unsigned)home, hog);
    until(&busy);
    fut_event_set(&door); /* the other worker has nothing to do, and may not have it */
    cr_assert_eq(BLOCK_ON(&runtime, where), 1 - home);
    cr_assert_eq(fut_join_take(&handle.join), -EAGAIN);
    STORE(release, true);
    cr_assert_eq(WAIT(handle), home);
    cr_assert_eq(WAIT(blocker), home);
    shut();
}

/* The children of a scope share plain memory with their parent. */
typedef struct child {
    ASYNC_FRAME(child, int, int *polls; int worker);
    int i;
} child_t;
ASYNC(child) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 50; self->i++) {
        ++*self->polls;
        if (fut_runtime_worker(&runtime) != self->worker) ASYNC_RETURN(-EXDEV);
        YIELD();
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct parent {
    ASYNC_FRAME(parent, int);
    fut_scope_t scope;
    int         polls, i;
} parent_t;
ASYNC(parent) {
    ASYNC_BEGIN();
    self->polls = 0;
    SCOPE(self->scope) {
        for (self->i = 0; self->i < 8; self->i++)
            SCOPE_SPAWN_NEW(self->scope, child, &self->polls, fut_runtime_worker(&runtime));
    }
    SCOPE_END(self->scope);
    TRY(self->scope.output);
    ASYNC_RETURN(self->polls);
    ASYNC_END();
}

Test(runtime, a_scope_and_its_children_stay_on_one_worker) {
    struct parent_join handles[20];
    open_workers(3);
    for (int i = 0; i < 20; i++) handles[i] = SPAWN(&runtime, parent);
    for (int i = 0; i < 20; i++) cr_assert_eq(WAIT(handles[i]), 8 * 50);
    shut();
}

/* ---- A thread for each core --------------------------------------------------------------------------------------- */

typedef struct stays {
    ASYNC_FRAME(stays, int);
    struct where_join child;
    int               worker, i;
} stays_t;
ASYNC(stays) {
    ASYNC_BEGIN();
    self->worker = fut_runtime_worker(&runtime);
    for (self->i = 0; self->i < 20; self->i++) {
        self->child = SPAWN(fut_runtime_of(cx), where);
        AWAIT(self->child);
        if (self->child.output != self->worker || fut_runtime_worker(&runtime) != self->worker) ASYNC_RETURN(-EXDEV);
        YIELD();
    }
    ASYNC_RETURN(self->worker);
    ASYNC_END();
}

Test(runtime, without_stealing_tasks_stay_and_those_from_outside_take_turns) {
    struct stays_join handles[12];
    struct hog_join   blocker;
    open_with((fut_runtime_options_t){.workers = 3, .no_stealing = true});
    for (int i = 0; i < 12; i++) handles[i] = SPAWN(&runtime, stays);
    for (int i = 0; i < 12; i++) cr_assert_eq(WAIT(handles[i]), i % 3);
    blocker = SPAWN_ON(&runtime, 0, hog);
    until(&busy);
    handles[0] = SPAWN_ON(&runtime, 0, stays);
    handles[1] = SPAWN_ON(&runtime, 1, stays);
    cr_assert_eq(WAIT(handles[1]), 1);
    cr_assert_eq(fut_join_take(&handles[0].join), -EAGAIN, "nobody helps");
    STORE(release, true);
    cr_assert_eq(WAIT(handles[0]), 0);
    cr_assert_eq(WAIT(blocker), 0);
    shut();
}

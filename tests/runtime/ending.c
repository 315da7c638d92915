/* Shutting down gracefully, and ending with everything pending: every FINALLY runs, nothing leaks, nobody waits for ever. */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "future/mutex.h"
#include "kit.h"

/* ---- Shutdown ----------------------------------------------------------------------------------------------------- */

Test(runtime, shutting_down_with_nothing_to_do_is_done) {
    open_workers(2);
    cr_assert_eq(fut_runtime_shutdown(&runtime, 0), 0);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    shut();
}

Test(runtime, shutting_down_cancels_all_and_waits_for_them) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct guest_join handles[50];
    open_workers(2);
    for (int i = 0; i < 50; i++) handles[i] = SPAWN(&runtime, guest, &door);
    until_count(&begun, 50);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    cr_assert_eq(fut_runtime_tasks(&runtime), 0);
    cr_assert_eq(cancelled, 50);
    for (int i = 0; i < 50; i++) cr_assert_eq(WAIT(handles[i]), -ECANCELED);
    shut();
}

Test(runtime, after_shutting_down_nothing_is_spawned) {
    struct answer_join handle;
    open_workers(2);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    handle = SPAWN(&runtime, answer, 1, 0);
    cr_assert_eq(handle.join.status, -ECANCELED);
    cr_assert_eq(WAIT(handle), -ECANCELED);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 0), -ECANCELED);
    shut();
}

/* Takes its time to end: goes away only once it is let. Spawning is refused meanwhile. */
static int refused; /* atomic */
typedef struct slow {
    ASYNC_FRAME(slow, int, fut_event_t *door);
    fut_event_wait_t   wait;
    struct answer_join child;
} slow_t;
ASYNC(slow) {
    ASYNC_BEGIN();
    ADD(begun, 1);
    AWAIT(self->wait, fut_event_wait, self->door);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    self->child = SPAWN(&runtime, answer, 1, 0);
    STORE(refused, self->child.join.status);
    fut_drop(&self->child.join.future);
    AWAIT(self->wait, fut_event_wait, self->door);
    ADD(finished, 1);
    ASYNC_END();
}

Test(runtime, who_does_not_end_in_time_is_ETIMEDOUT_and_may_end_later) {
    fut_event_t      door = FUT_EVENT_INIT;
    struct slow_join handle;
    open_workers(2);
    handle = SPAWN(&runtime, slow, &door);
    until_count(&begun, 1);
    cr_assert_eq(fut_runtime_shutdown(&runtime, 1000), -ETIMEDOUT);
    cr_assert_eq(fut_runtime_tasks(&runtime), 1);
    cr_assert_eq(fut_runtime_shutdown(&runtime, 0), -ETIMEDOUT, "once more");
    while (LOAD(refused) == 0) sched_yield(); /* it is in its FINALLY */
    fut_event_set(&door);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    cr_assert_eq(refused, -ECANCELED);
    cr_assert_eq(finished, 1);
    cr_assert_eq(WAIT(handle), -ECANCELED);
    shut();
}

Test(runtime, a_worker_in_a_long_poll_does_not_hold_up_the_deadline) {
    fut_event_t       door = FUT_EVENT_INIT;
    struct hog_join   blocker;
    struct guest_join handle;
    open_workers(2);
    blocker = SPAWN_ON(&runtime, 0, hog);
    handle  = SPAWN_ON(&runtime, 1, guest, &door);
    until(&busy);
    cr_assert_eq(fut_runtime_shutdown(&runtime, 1000), -ETIMEDOUT);
    STORE(release, true);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    cr_assert_eq(WAIT(blocker), 0, "it had ended by itself");
    cr_assert_eq(WAIT(handle), -ECANCELED);
    shut();
}

/* A task that never waits is cancelled at its next YIELD; one that is polled by hand is dropped. */
typedef struct spins {
    ASYNC_FRAME(spins, int);
} spins_t;
ASYNC(spins) {
    ASYNC_BEGIN();
    ADD(begun, 1);
    for (;;) YIELD();
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    ADD(cancelled, 1);
    ASYNC_END();
}
typedef struct stubborn {
    FUT_FUTURE(stubborn, int);
} stubborn_t;
static fut_poll_t stubborn_poll(stubborn_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) ADD(begun, 1);
    fut_wake(fut_context_waker(cx));
    return fut_pending(&self->future);
}
static void stubborn_drop(fut_future_t *future) {
    (void)future;
    ADD(cancelled, 1);
}
FUT_DEFINE(stubborn, .drop = stubborn_drop);

Test(runtime, who_is_always_ready_is_cancelled_too) {
    open_workers(2);
    for (int i = 0; i < 5; i++) {
        DETACH(SPAWN(&runtime, spins));
        DETACH(SPAWN(&runtime, stubborn));
    }
    until_count(&begun, 10);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    cr_assert_eq(cancelled, 10);
    shut();
}

typedef struct two_shut {
    int answer;
} two_shut_t;
static void *shut_too(void *argument) {
    two_shut_t *self = argument;
    self->answer     = fut_runtime_shutdown(&runtime, -1);
    return NULL;
}

Test(runtime, two_threads_may_shut_down_at_once) {
    fut_event_t door = FUT_EVENT_INIT;
    pthread_t   thread;
    two_shut_t  other = {1};
    open_workers(2);
    for (int i = 0; i < 30; i++) DETACH(SPAWN(&runtime, guest, &door));
    cr_assert_eq(pthread_create(&thread, NULL, shut_too, &other), 0);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(other.answer, 0);
    shut();
}

/* ---- Ending with everything pending ------------------------------------------------------------------------------- */

static fut_event_t never;
static fut_mutex_t mutex;

enum { TIMER, EVENT, SOCKET, SCOPE_, HANDLE, LOCK, YIELDS, KINDS };
typedef struct pending {
    ASYNC_FRAME(pending, int, int kind; int fd);
    char byte;
    union {
        fut_sleep_t         nap;
        fut_event_wait_t    wait;
        fut_read_t          read;
        fut_mutex_lock_t    lock;
        struct pending_join handle;
    } child;
    fut_scope_t scope;
} pending_t;
ASYNC(pending) {
    ASYNC_BEGIN();
    ADD(begun, 1);
    if (self->kind == TIMER) AWAIT(self->child.nap, fut_sleep, FUT_S(1000));
    if (self->kind == EVENT) AWAIT(self->child.wait, fut_event_wait, &never);
    if (self->kind == LOCK) AWAIT(self->child.lock, fut_mutex_lock, &mutex);
    if (self->kind == SOCKET) {
        TRY(fut_attach(cx, self->fd));
        AWAIT(self->child.read, fut_read, self->fd, &self->byte, 1);
    }
    if (self->kind == SCOPE_) {
        SCOPE(self->scope) {
            SCOPE_SPAWN_NEW(self->scope, pending, TIMER, -1);
            SCOPE_SPAWN_NEW(self->scope, pending, EVENT, -1);
        }
        SCOPE_END(self->scope);
    }
    if (self->kind == HANDLE) {
        self->child.handle = SPAWN(&runtime, pending, EVENT, -1);
        AWAIT(self->child.handle);
    }
    while (self->kind == YIELDS) YIELD();
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (self->kind == SOCKET) fut_close(self->fd);
    ADD(cancelled, 1);
    ASYNC_END();
}

enum { EACH = 10, BEGUN = EACH * (KINDS + 2 + 1) }; /* a scope has two children, a handle's task is one */

/* Everything waits for what never comes. */
static void begin_all(int others[EACH], struct pending_join *handles) {
    begun = cancelled = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < EACH; i++) {
            int ends[2] = {-1, -1};
            if (kind == SOCKET) {
                cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
                others[i] = ends[1];
            }
            handles[kind * EACH + i] = SPAWN(&runtime, pending, kind, ends[0]);
        }
    until_count(&begun, BEGUN);
}

static void end_all(const int others[EACH]) {
    for (int i = 0; i < EACH; i++) {
        char byte;
        cr_assert_eq(read(others[i], &byte, 1), 0, "the other end was closed");
        close(others[i]);
    }
}

static void life_with_everything_pending(bool gracefully, fut_runtime_options_t options) {
    static struct pending_join handles[KINDS * EACH];
    int                        others[EACH];
    fut_mutex_init(&mutex);
    cr_assert(fut_mutex_try_lock(&mutex));
    open_with(options);
    begin_all(others, handles);
    if (gracefully) {
        cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
        cr_assert_eq(cancelled, BEGUN);
        for (int i = 0; i < KINDS * EACH; i++) cr_assert_eq(WAIT(handles[i]), -ECANCELED);
    }
    shut();
    cr_assert_eq(cancelled, BEGUN, "every FINALLY ran once");
    if (!gracefully)
        for (int i = 0; i < KINDS * EACH; i++) cr_assert_eq(WAIT(handles[i]), -ECANCELED);
    end_all(others);
    fut_mutex_unlock(&mutex);
    fut_mutex_destroy(&mutex); /* stops if somebody is still in its list */
    fut_event_destroy(&never);
}

Test(runtime, a_graceful_end_with_everything_pending) {
    life_with_everything_pending(true, (fut_runtime_options_t){.workers = 2});
    life_with_everything_pending(true, (fut_runtime_options_t){.workers = 1});
    life_with_everything_pending(true, (fut_runtime_options_t){.workers = 3, .no_stealing = true});
}

Test(runtime, a_hard_end_with_everything_pending) {
    life_with_everything_pending(false, (fut_runtime_options_t){.workers = 2});
    life_with_everything_pending(false, (fut_runtime_options_t){.workers = 1});
    life_with_everything_pending(false, (fut_runtime_options_t){.workers = 3, .no_stealing = true});
}

Test(runtime, nothing_leaks_whichever_way_it_ends) {
    size_t before;
    counting_begin();
    for (int way = 0; way < 2; way++) {
        /* Which task runs where depends on the moment, and so do the sizes of tables and chunks: twice, they have settled. */
        for (int i = 0; i < 3; i++) life_with_everything_pending(way, (fut_runtime_options_t){.workers = 1});
        before = counting.live;
        life_with_everything_pending(way, (fut_runtime_options_t){.workers = 1});
        cr_assert_eq(counting.live, before);
    }
}

/* A FINALLY of the hard end wants to spawn. */
Test(runtime, a_finally_of_the_hard_end_cannot_spawn) {
    fut_event_t door = FUT_EVENT_INIT;
    open_workers(2);
    DETACH(SPAWN(&runtime, slow, &door));
    until_count(&begun, 1);
    shut();
    cr_assert_eq(refused, -ECANCELED);
    cr_assert_eq(finished, 1);
}

/* Dropped as a task, it drops the handle of another, which has ended and whose output is still there. */
typedef struct holder {
    ASYNC_FRAME(holder, int);
    struct answer_join first, second;
    fut_event_wait_t   wait;
} holder_t;
ASYNC(holder) {
    ASYNC_BEGIN();
    self->first  = SPAWN(&runtime, answer, 1, 0);
    self->second = SPAWN(&runtime, answer, 1, 0);
    ADD(begun, 1);
    AWAIT(self->wait, fut_event_wait, &never);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_drop(&self->first.join.future);
    ASYNC_END();
}

Test(runtime, handles_of_tasks_that_have_ended_go_with_the_task_that_holds_them) {
    size_t before = 0;
    counting_begin();
    for (int i = 0; i < 4; i++) {
        begun = 0;
        open_workers(1);
        for (int n = 0; n < 20; n++) DETACH(SPAWN(&runtime, holder));
        until_count(&begun, 20);
        while (fut_runtime_tasks(&runtime) > 20) sched_yield();
        shut();
        if (i == 2) before = counting.live;
    }
    cr_assert_eq(counting.live, before);
}

/* ---- Wakers outlive it -------------------------------------------------------------------------------------------- */

typedef struct leaves_waker {
    FUT_FUTURE(leaves_waker, int, fut_waker_t *waker);
} leaves_waker_t;
static fut_poll_t leaves_waker_poll(leaves_waker_t *self, fut_context_t *cx) {
    *self->waker = fut_context_waker(cx);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(leaves_waker);

Test(runtime, wakers_of_a_runtime_that_is_gone_wake_nobody) {
    fut_waker_t waker;
    open_workers(2);
    cr_assert_eq(BLOCK_ON(&runtime, leaves_waker, &waker), 0);
    fut_wake(waker);
    shut();
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    open_workers(2);
    fut_wake(waker);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 2), 1);
    fut_wake(waker);
    shut();
}

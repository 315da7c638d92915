/* A checked build: who has the mutex is known, a future that is polled is not taken for one that is not, and a thread that
 * is inside of a poll does not go to sleep. What stops is in tests/misuse/futurelock.c. */
#ifndef FUT_CHECKED
#define FUT_CHECKED
#endif
#include "kit.h"

#include "future/executor.h"

static fut_mutex_t mutex;

/* Two children of one task under the task's own waker, each polled in every pass, in this order or the other. */
typedef struct both {
    FUT_FUTURE(both, int, fut_future_t *a; fut_future_t *b; bool turns);
    bool swap;
} both_t;
static fut_poll_t both_poll(both_t *self, fut_context_t *cx) {
    fut_future_t *first = self->a, *second = self->b;
    fut_poll_t    answers[2];
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->future.point == FUT_POINT_START) self->swap = false;
    if (self->turns) self->swap = !self->swap;
    if (self->swap) first = self->b, second = self->a;
    answers[0] = fut_poll(first, cx);
    answers[1] = fut_poll(second, cx);
    if (answers[0] == FUT_PENDING || answers[1] == FUT_PENDING) return fut_pending(&self->future);
    self->output = 0;
    return fut_ready(&self->future);
}
static void both_drop(fut_future_t *future) {
    fut_drop(((both_t *)(void *)future)->a);
    fut_drop(((both_t *)(void *)future)->b);
}
FUT_DEFINE(both, .drop = both_drop);

typedef struct user {
    ASYNC_FRAME(user, int, int yields);
    fut_mutex_lock_t lock;
    int              i, k;
} user_t;
ASYNC(user) {
    ASYNC_BEGIN();
    START(self->lock, fut_mutex_lock, &mutex);
    for (self->i = 0; self->i < 10; self->i++) {
        AWAIT(self->lock, fut_mutex_lock, &mutex);
        for (self->k = 0; self->k < self->yields; self->k++) YIELD(); /* longer than any number of looks */
        fut_mutex_release(&self->lock);
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_mutex_release(&self->lock);
    ASYNC_END();
}

typedef struct pair {
    ASYNC_FRAME(pair, int, bool turns);
    user_t             a, b;
    fut_test_stutter_t slow;
    both_t             both;
} pair_t;
ASYNC(pair) {
    ASYNC_BEGIN();
    START(self->a, user, 30);
    START(self->b, user, 1);
    START(self->slow, fut_test_stutter, &self->b.future);
    AWAIT(self->both, both, &self->a.future, &self->slow.future, self->turns);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(sync, branches_of_a_task_that_are_polled_are_no_futurelock) {
    for (int turns = 0; turns < 2; turns++) {
        fut_executor_t executor;
        cr_assert_eq(fut_executor_init(&executor, NULL), 0);
        for (int i = 0; i < 3; i++) DETACH(SPAWN(&executor, pair, turns == 1));
        cr_assert_eq(fut_executor_run(&executor), 0);
        fut_executor_destroy(&executor);
    }
    fut_mutex_destroy(&mutex);
}

Test(sync, a_waiter_says_where_the_mutex_was_locked_and_by_whom) {
    user_t           holder, waiter;
    fut_test_waker_t mine = {0}, other = {0};
    fut_note_t       note = {.text = NULL};
    START(holder, user, 1);
    START(waiter, user, 1);
    cr_assert_eq(POLL(holder, mine), FUT_PENDING);
    cr_assert_eq(POLL(waiter, mine), FUT_PENDING);
    waiter.lock.future.vtable->describe(&waiter.lock.future, &note);
    cr_assert(strstr(note.text, "which this very task locked at") && strstr(note.text, "checked.c:"), "%s", note.text);
    cr_assert_eq(POLL(waiter, other), FUT_PENDING);
    waiter.lock.future.vtable->describe(&waiter.lock.future, &note);
    cr_assert(strstr(note.text, "which another locked at"), "%s", note.text);
    fut_drop(&holder.future);
    fut_drop(&waiter.future);
    fut_mutex_destroy(&mutex);
}

typedef struct blocks {
    FUT_FUTURE(blocks, int);
} blocks_t;
static fut_poll_t blocks_poll(blocks_t *self, fut_context_t *cx) {
    (void)cx;
    self->output = fut_mutex_lock_blocking(&mutex);
    return fut_ready(&self->future);
}
FUT_DEFINE(blocks);

Test(sync, blocking_inside_of_a_poll_is_refused_where_it_would_have_to_wait) {
    blocks_t         blocks;
    fut_test_waker_t woken = {0};
    START(blocks, blocks);
    cr_ready(blocks, woken, 0); /* free: it need not wait */
    START(blocks, blocks);
    cr_ready(blocks, woken, -EDEADLK);
    fut_mutex_unlock(&mutex);
    fut_mutex_destroy(&mutex);
}

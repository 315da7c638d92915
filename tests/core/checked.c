/* A checked build: the polls under way, of which there may be few or many. What stops is in tests/misuse, too. */
#ifndef FUT_CHECKED
#define FUT_CHECKED
#endif
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

/* Polls the one below it; the last one `other`, if there is one. On the way back each takes the waker, polls something
 * that needs none, and waits. */
typedef struct deep {
    FUT_FUTURE(deep, int, struct deep *below; fut_future_t *other);
} deep_t;
typedef struct easy {
    FUT_FUTURE(easy, int);
} easy_t;

static fut_poll_t easy_poll(easy_t *self, fut_context_t *cx) {
    (void)cx;
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(easy);

typedef struct drops {
    FUT_FUTURE(drops, int, fut_future_t *which);
} drops_t;
static fut_poll_t drops_poll(drops_t *self, fut_context_t *cx) {
    (void)cx;
    fut_drop(self->which);
    self->output = 0;
    return fut_ready(&self->future);
}
FUT_DEFINE(drops);

static fut_poll_t deep_poll(deep_t *self, fut_context_t *cx) {
    easy_t easy;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (self->below) cr_assert_eq(fut_poll(&self->below->future, cx), FUT_PENDING);
    if (self->other) cr_assert_eq(fut_poll(self->other, cx), FUT_PENDING, "it should have stopped");
    (void)fut_context_waker(cx);
    START(easy, easy);
    cr_assert_eq(fut_poll(&easy.future, cx), FUT_READY);
    return fut_pending(&self->future);
}
static void deep_drop(fut_future_t *future) { (void)future; }
FUT_DEFINE(deep, .drop = deep_drop);

enum { FEW = 100, MANY = 5000 }; /* more than there is room for at first; than there ever is */
static deep_t chain[MANY];

/* [0] is the outermost. */
static void make_chain(int count, fut_future_t *at_the_end) {
    for (int i = 0; i < count; i++) START(chain[i], deep, i + 1 < count ? &chain[i + 1] : NULL, NULL);
    chain[count - 1].other = at_the_end;
}

Test(core, a_future_that_is_polled_by_one_far_below_it_stops, .signal = SIGABRT) {
    fut_test_waker_t counter = {0};
    make_chain(FEW, &chain[1].future);
    cr_assert_eq(fut_test_poll(&chain[0].future, &counter), FUT_PENDING);
}

Test(core, a_future_that_is_dropped_by_one_far_below_it_stops, .signal = SIGABRT) {
    fut_test_waker_t counter = {0};
    drops_t          drops;
    START(drops, drops, &chain[1].future);
    make_chain(FEW, &drops.future);
    cr_assert_eq(fut_test_poll(&chain[0].future, &counter), FUT_PENDING);
}

/* On a stack that is large enough for so many polls, also where a sanitizer makes each frame larger. */
static void *poll_the_chain(void *pending) {
    fut_test_waker_t counter = {0};
    for (int i = 0; i < 3; i++) *(int *)pending += fut_test_poll(&chain[0].future, &counter) == FUT_PENDING;
    fut_drop(&chain[0].future);
    return NULL;
}

Test(core, whoever_has_the_waker_may_wait_at_any_depth) {
    int            pending = 0;
    pthread_attr_t attributes;
    pthread_t      thread;
    make_chain(MANY, NULL);
    pthread_attr_init(&attributes);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, (size_t)128 << 20), 0);
    cr_assert_eq(pthread_create(&thread, &attributes, poll_the_chain, &pending), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    cr_assert_eq(pending, 3);
}

/* ---- A thread with a small stack ------------------------------------------------------------------ */

enum { SMALL = 64 * 1024 };

static void *poll_a_little(void *answer) {
    fut_test_waker_t counter = {0};
    deep_t           outer, inner;
    START(inner, deep, NULL, NULL);
    START(outer, deep, &inner, NULL);
    *(fut_poll_t *)answer = fut_test_poll(&outer.future, &counter);
    fut_drop(&inner.future);
    fut_drop(&outer.future);
    return NULL;
}

Test(core, a_small_stack_has_room_for_the_checks) {
    fut_poll_t     answer = FUT_READY;
    pthread_attr_t attributes;
    pthread_t      thread;
    pthread_attr_init(&attributes);
    cr_assert_eq(pthread_attr_setstacksize(&attributes, SMALL), 0);
    cr_assert_eq(pthread_create(&thread, &attributes, poll_a_little, &answer), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    cr_assert_eq(answer, FUT_PENDING);
}

/* kit.h: children that wait for events, and two kinds of tasks over them, for the tests of this folder. */
#ifndef TESTS_SET_KIT_H
#define TESTS_SET_KIT_H

#include <errno.h>

#include <criterion/criterion.h>

#include "future/set.h"
#include "future/test.h"

/* A waker whose task is polled by this thread and no other: the children's wakes go the short way. With fut_test_waker
 * they go the long one. */
typedef struct here {
    const fut_waker_vtable_t *vtable;
    unsigned                  wakes;
} here_t;

static void here_wake(void *target, fut_tag_t tag) {
    (void)tag;
    ((here_t *)target)->wakes++;
}
static bool here_is_here(void *target, fut_tag_t tag) {
    (void)target;
    (void)tag;
    return true;
}
static inline fut_waker_t here_waker(here_t *here) {
    static const fut_waker_vtable_t vtable = {
        .wake = here_wake, .wake_from_interrupt = here_wake, .is_here = here_is_here};
    here->vtable = &vtable;
    return (fut_waker_t){here, 0};
}

static inline fut_poll_t poll_under(fut_future_t *future, fut_waker_t waker) {
    fut_context_t cx;
    fut_context_init(&cx, waker, NULL);
    return fut_poll(future, &cx);
}

/* A child that waits for its event. */
typedef struct item {
    fut_set_child_t  child;
    fut_test_event_t event;
    union {
        fut_test_wait_t   wait;
        fut_test_linger_t linger;
    };
} item_t;

static inline void item_start(item_t *item) {
    START(item->wait, fut_test_wait, &item->event);
    item->child.data = item;
}
static inline int item_push(fut_set_t *set, item_t *item) {
    item_start(item);
    return fut_set_push(set, &item->child, &item->wait.future);
}

/* The next child's item; NULL: the set is empty; a pending one is `nobody`. */
static item_t         nobody;
static inline item_t *next_under(fut_set_t *set, fut_waker_t waker) {
    fut_context_t    cx;
    fut_set_child_t *child;
    fut_context_init(&cx, waker, NULL);
    if (fut_set_poll_next(set, &cx, &child) == FUT_PENDING) return &nobody;
    return child ? child->data : NULL;
}
static inline item_t *next_of(fut_set_t *set, fut_test_waker_t *woken) {
    return next_under(set, fut_test_waker(woken));
}

/* Waits, and takes one more event to end; cancelled, too. */
typedef struct polite {
    ASYNC_FRAME(polite, int, fut_test_event_t *event; fut_test_event_t *farewell; const char *name);
    fut_test_wait_t wait;
} polite_t;
ASYNC(polite) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("%s closes", self->name);
    AWAIT(self->wait, fut_test_wait, self->farewell);
    fut_test_say("%s ends", self->name);
    ASYNC_END();
}

#endif

/* kit.h: children for the tests of this folder. */
#ifndef TESTS_GROUP_KIT_H
#define TESTS_GROUP_KIT_H

#include <errno.h>

#include <criterion/criterion.h>

#include "future/group.h"
#include "future/test.h"

/* Waits for `event`; its FINALLY waits for `goodbye`. */
typedef struct polite {
    ASYNC_FRAME(polite, int, const char *name; fut_test_event_t *event; fut_test_event_t *goodbye);
    fut_test_wait_t wait;
} polite_t;
ASYNC(polite) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_FINALLY();
    fut_test_say("%s closes", self->name);
    AWAIT(self->wait, fut_test_wait, self->goodbye);
    fut_test_say("%s ends", self->name);
    ASYNC_END();
}

/* An async function between the group and the event: two frames deep, an output that is no integer. */
typedef struct inner {
    ASYNC_FRAME(inner, int, fut_test_event_t *event; int times);
    fut_test_wait_t wait;
    int             i;
} inner_t;
ASYNC(inner) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->wait.output);
    ASYNC_END();
}

typedef struct deep {
    ASYNC_FRAME(deep, const char *, fut_test_event_t *event; int times);
    inner_t inner;
} deep_t;
ASYNC(deep) {
    ASYNC_BEGIN();
    fut_test_say("deep begins");
    AWAIT(self->inner, inner, self->event, self->times);
    ASYNC_RETURN("deep");
    ASYNC_END();
}

#endif

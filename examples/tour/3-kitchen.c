/* Chapter 3: the kitchen.
 *
 * Three dishes by one cook. One after the other: the cook waits beside each, and the times add up. At once: each dish
 * is a task, the cook looks after whichever needs it, and only the longest counts. Either way there is one thread.
 *
 * The executor runs tasks that were woken and sleeps while there are none; its reactor turns the clock into wakes.
 */
#include <stdio.h>

#include "future/executor.h"
#include "kitchen.h"
#include "tour.h"

enum { MINUTE = 50 }; /* milliseconds, in this kitchen */

long milliseconds_since(const fut_context_t *cx, fut_instant_t instant) {
    return (long)((fut_now(cx) - instant) / 1000000);
}

/* Cook one dish. Output: the minutes it took. */
ASYNC_DEFINE(dish) {
    ASYNC_BEGIN();
    printf("    %4ld ms  %-6s on the stove\n", milliseconds_since(cx, self->opened), self->name);
    AWAIT_TRY(self->cooking, fut_sleep, FUT_MS(MINUTE) * self->minutes);
    printf("    %4ld ms  %-6s done\n", milliseconds_since(cx, self->opened), self->name);
    ASYNC_RETURN(self->minutes);
    ASYNC_END();
}

/* Output: milliseconds. */
typedef struct one_by_one {
    ASYNC_FRAME(one_by_one, long);
    fut_instant_t opened;
    dish_t        dish; /* one slot is enough: a child that is done makes room for the next */
} one_by_one_t;

ASYNC(one_by_one) {
    ASYNC_BEGIN();
    self->opened = fut_now(cx);
    AWAIT_TRY(self->dish, dish, "eggs", 3, self->opened);
    AWAIT_TRY(self->dish, dish, "toast", 4, self->opened);
    AWAIT_TRY(self->dish, dish, "coffee", 5, self->opened);
    ASYNC_RETURN(milliseconds_since(cx, self->opened));
    ASYNC_END();
}

/* The same dishes, each a task of its own. SPAWN yields a handle, a future with the dish's output. */
typedef struct at_once {
    ASYNC_FRAME(at_once, long, fut_executor_t *executor);
    fut_instant_t    opened;
    struct dish_join eggs, toast, coffee;
} at_once_t;

ASYNC(at_once) {
    ASYNC_BEGIN();
    self->opened = fut_now(cx);
    self->eggs   = SPAWN(self->executor, dish, "eggs", 3, self->opened);
    self->toast  = SPAWN(self->executor, dish, "toast", 4, self->opened);
    self->coffee = SPAWN(self->executor, dish, "coffee", 5, self->opened);
    AWAIT_TRY(self->eggs);
    AWAIT_TRY(self->toast);
    AWAIT_TRY(self->coffee);
    ASYNC_RETURN(milliseconds_since(cx, self->opened));

    ASYNC_FINALLY(); /* if one failed: the others go on by themselves, and nobody keeps their output */
    DETACH(self->eggs);
    DETACH(self->toast);
    DETACH(self->coffee);
    ASYNC_END();
}

int kitchen(void) {
    fut_executor_t executor;
    long           apart, together = 0;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;

    printf("Eggs take 3 minutes, toast 4, coffee 5; a minute is %d ms here.\n\n", MINUTE);
    printf("One after the other: AWAIT each dish.\n\n");
    apart = BLOCK_ON(&executor, one_by_one);
    if (apart >= 0) {
        printf("\nAt once: SPAWN each dish, then AWAIT the handles.\n\n");
        together = BLOCK_ON(&executor, at_once, &executor);
    }
    fut_executor_destroy(&executor);
    if (apart < 0 || together < 0) return (int)(apart < 0 ? apart : together);

    printf("\nOne after the other %ld ms, at once %ld ms. One thread cooked both.\n", apart, together);
    return 0;
}

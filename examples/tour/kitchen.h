/* kitchen.h: the dish, which chapters 3 and 6 both cook; its body is in 3-kitchen.c. */
#ifndef KITCHEN_H
#define KITCHEN_H

#include "future.h"
#include "future/time.h"

/* How a header announces an async function that other files embed and await: its frame, and ASYNC_DECLARE. */
typedef struct dish {
    ASYNC_FRAME(dish, int, const char *name; int minutes; fut_instant_t opened); /* opened: when the kitchen did */
    fut_sleep_t cooking;
} dish_t;

ASYNC_DECLARE(dish);

/* Milliseconds since an instant, for people to read. */
long milliseconds_since(const fut_context_t *cx, fut_instant_t instant);

#endif

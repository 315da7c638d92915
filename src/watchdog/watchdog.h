/* watchdog.h: what the files here say to each other.                                            layer: watchdog */
#ifndef FUT_SRC_WATCHDOG_H
#define FUT_SRC_WATCHDOG_H

#include "../task/watched.h"
#include "future/watchdog.h"

typedef struct fut__entry fut__entry_t; /* something that is watched, of one or more that poll */

/* Room for so many. NULL: out of memory. */
fut__entry_t   *fut__entry_new(unsigned count, const char *name);
fut__watched_t *fut__entry_at(fut__entry_t *entry, unsigned number);

/* `ticket` is the word of what is watched that is not 0 while it is, and that its end sets to 0. The entry is the
 * watchdog's, or freed. */
int fut__watch(fut_watchdog_t *watchdog, fut__entry_t *entry, uint64_t *ticket);
int fut__unwatch(fut_watchdog_t *watchdog, const uint64_t *ticket);

#endif

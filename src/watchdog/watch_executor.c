/* watch_executor.c: watching a fut_executor_t. Homes are never released, so what is looked at stays there. */
#include <errno.h>

#include "../core/fork.h"
#include "../executor/home.h"
#include "watchdog.h"

int fut_watchdog_watch_executor(fut_watchdog_t *watchdog, fut_executor_t *executor, const char *name) {
    fut_home_t   *home = executor->home;
    fut__entry_t *entry;
    if (home->scheduler.forks != fut__forks()) return -ECHILD;
    entry = fut__entry_new(1, name);
    if (!entry) return -ENOMEM;
    *fut__entry_at(entry, 0) = (fut__watched_t){&home->current, &home->polls, &home->armed, &home->thread, -1};
    return fut__watch(watchdog, entry, &home->watched);
}

int fut_watchdog_unwatch_executor(fut_watchdog_t *watchdog, fut_executor_t *executor) {
    return fut__unwatch(watchdog, &executor->home->watched);
}

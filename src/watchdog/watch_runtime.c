/* watch_runtime.c: watching a fut_runtime_t. Workers are never released, so what is looked at stays there. */
#include <errno.h>

#include "../core/fork.h"
#include "../runtime/worker.h"
#include "watchdog.h"

int fut_watchdog_watch_runtime(fut_watchdog_t *watchdog, fut_runtime_t *runtime, const char *name) {
    fut__crew_t  *crew = runtime->crew;
    fut__entry_t *entry;
    if (crew->forks != fut__forks()) return -ECHILD;
    entry = fut__entry_new(crew->count, name);
    if (!entry) return -ENOMEM;
    for (unsigned i = 0; i < crew->count; i++) {
        const fut__worker_t *worker = crew->workers[i];
        *fut__entry_at(entry, i) =
            (fut__watched_t){&worker->current, &worker->metrics.polls, &worker->armed, &worker->thread_number, (int)i};
    }
    return fut__watch(watchdog, entry, &crew->watched);
}

int fut_watchdog_unwatch_runtime(fut_watchdog_t *watchdog, fut_runtime_t *runtime) {
    return fut__unwatch(watchdog, &runtime->crew->watched);
}

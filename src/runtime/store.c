/* store.c: see store.h. */
#include "store.h"

/* ---- depot --------------------------------------------------------------------------------------- */

/* A look without the lock, first: most often there is nothing. What it points to is read under the lock. */
static bool take_magazine(fut__depot_t *depot, size_t size, fut__magazine_t *magazine) {
    fut_task_t *first;
    if (!fut__load_relaxed(&depot->full[size])) return false;
    pthread_mutex_lock(&depot->lock);
    first = depot->full[size];
    if (first) fut__store_relaxed(&depot->full[size], (fut_task_t *)first->awaiter);
    pthread_mutex_unlock(&depot->lock);
    if (!first) return false;
    *magazine = (fut__magazine_t){first, FUT__MAGAZINE};
    return true;
}

static void put_magazine(fut__depot_t *depot, size_t size, const fut__magazine_t *magazine) {
    pthread_mutex_lock(&depot->lock);
    magazine->first->awaiter = depot->full[size];
    fut__store_relaxed(&depot->full[size], magazine->first);
    pthread_mutex_unlock(&depot->lock);
}

/* ---- store --------------------------------------------------------------------------------------- */

/* The loaded one is empty. False: every other is, too. */
static bool reload(fut__store_t *store, size_t size) {
    if (store->spare[size].count == 0) return take_magazine(store->depot, size, &store->loaded[size]);
    store->loaded[size] = store->spare[size];
    store->spare[size]  = (fut__magazine_t){NULL, 0};
    return true;
}

fut_task_t *fut__store_take(fut__store_t *store, size_t size) {
    fut__magazine_t *loaded = &store->loaded[size];
    fut_task_t      *task;
    if (__builtin_expect(loaded->count == 0, 0) && !reload(store, size))
        return fut__pool_cut(&store->scheduler.pool, &store->scheduler, size);
    task          = loaded->first;
    loaded->first = task->link;
    loaded->count--;
    FUT__UNPOISON(task + 1, size * 8);
    return task;
}

void fut__store_put(fut__store_t *store, fut_task_t *task) {
    const size_t     size   = task->size;
    fut__magazine_t *loaded = &store->loaded[size];
    if (__builtin_expect(loaded->count == FUT__MAGAZINE, 0)) {
        if (store->spare[size].count) put_magazine(store->depot, size, &store->spare[size]);
        store->spare[size] = *loaded;
        *loaded            = (fut__magazine_t){NULL, 0};
    }
    fut__task_set_flags(task, 0);
    task->link    = loaded->first;
    loaded->first = task;
    loaded->count++;
    FUT__POISON(task + 1, size * 8);
}

// Two futures of one task wait for a mutex. The task stops polling the first one without dropping it, and waits in the second: the
// mutex is handed to the first, which nobody polls. A checked build stops and names both places. The right way is to drop
// what is not polled any more.
//
// flags: -DFUT_CHECKED
// needs: the library
// run: fut_mutex_lock (futurelock.c:41): futurelock: this mutex was handed to a future of the same task, which waits for it at futurelock.c:21
#include "future/executor.h"
#include "future/mutex.h"

static fut_mutex_t mutex;

typedef struct worker {
    ASYNC_FRAME(worker, int);
    fut_mutex_lock_t lock;
} worker_t;

ASYNC(worker) {
    ASYNC_BEGIN();
    START(self->lock, fut_mutex_lock, &mutex);
    AWAIT(self->lock, fut_mutex_lock, &mutex);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_mutex_release(&self->lock);
    ASYNC_END();
}

typedef struct boss {
    ASYNC_FRAME(boss, int);
    worker_t         first;
    fut_mutex_lock_t second;
} boss_t;

ASYNC(boss) {
    ASYNC_BEGIN();
    START(self->first, worker);
    if (fut_poll(&self->first.future, cx) == READY) ASYNC_RETURN(1); /* another task has the mutex: it waits */
#ifdef FIXED
    fut_drop(&self->first.future);
#endif
    AWAIT(self->second, fut_mutex_lock, &mutex);
    fut_mutex_unlock(&mutex);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct holder {
    ASYNC_FRAME(holder, int);
} holder_t;
ASYNC(holder) {
    ASYNC_BEGIN();
    YIELD();
    fut_mutex_unlock(&mutex);
    ASYNC_RETURN(0);
    ASYNC_END();
}

int main(void) {
    fut_executor_t executor;
    int            result;
    if (fut_executor_init(&executor, NULL) < 0 || !fut_mutex_try_lock(&mutex)) return 1;
    DETACH(SPAWN(&executor, holder));
    result = BLOCK_ON(&executor, boss);
    fut_executor_destroy(&executor);
    return result;
}

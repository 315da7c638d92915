/* Waiting for one another needs neither task nor executor: a lock handed from one future to another, polled by hand.
 * links: core time sync
 */
#include <future/sync.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H)
#error "an upper layer leaked into future/sync.h"
#endif

int main(void) {
    fut_mutex_t      mutex  = FUT_MUTEX_INIT;
    fut_waker_t      nobody = {NULL, 0};
    fut_mutex_lock_t a, b;
    fut_context_t    cx;

    fut_context_init(&cx, nobody, NULL);
    START(a, fut_mutex_lock, &mutex);
    START(b, fut_mutex_lock, &mutex);
    if (fut_poll(&a.future, &cx) != READY || fut_poll(&b.future, &cx) != PENDING) return 1;
    fut_mutex_release(&a);
    if (fut_poll(&b.future, &cx) != READY) return 1;
    fut_mutex_release(&b);
    fut_mutex_destroy(&mutex);
    return 0;
}

/* Tasks need an executor of no particular kind: here, a list of one.
 * links: core task
 */
#include <future/task.h>

#if defined(FUT_DRIVER_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) || defined(FUT_TIME_H)
#error "an upper layer leaked into future/task.h"
#endif

typedef struct twice {
    ASYNC_FRAME(twice, int, int n);
} twice_t;

ASYNC(twice) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(2 * self->n);
    ASYNC_END();
}

static fut_task_t *scheduled;

static void schedule(void *executor, fut_task_t *task) {
    (void)executor;
    scheduled = task;
}

int main(void) {
    fut_scheduler_t  *scheduler = fut_scheduler_new(schedule, NULL);
    struct twice_join join;
    int               polls = 0;

    if (!scheduler) return 1;
    join = TASK_SPAWN(scheduler, twice, 21);
    while (scheduled) {
        fut_task_t   *task   = scheduled;
        fut_waker_t   nobody = {NULL, 0};
        fut_context_t cx;
        fut_context_init(&cx, nobody, NULL);
        scheduled = NULL;
        (void)fut_task_run(task, &cx);
        polls++;
    }
    if (polls != 2 || !fut_join_is_done(&join.join)) return 1;
    fut_join_detach(&join.join);
    fut_scheduler_free(scheduler);
    return 0;
}

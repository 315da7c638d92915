/* The child of a fork has the memory of a pool, and none of its threads. */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "../fork.h"
#include "kit.h"

static fut_test_waker_t woken;

/* In a child; its status is 0 where all was right. */
#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) _exit(__LINE__ % 255 + 1);                                                                   \
    } while (0)
static int in_child(void (*body)(void)) {
    int         status = -1;
    const pid_t child  = quiet_fork();
    if (child == 0) {
        body();
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

static hold_t running;
static add_t  queued, waiting, fresh;

static void refuse(void) {
    fut_pool_counts_t now;
    EXPECT(POLL(running, woken) == FUT_READY && running.output == -ECHILD);
    EXPECT(POLL(queued, woken) == FUT_READY && queued.output == -ECHILD);
    fut_drop(&waiting.future);
    EXPECT(waiting.output == -ECANCELED);
    ON(fresh, add, 1, 2);
    EXPECT(POLL(fresh, woken) == FUT_READY && fresh.output == -ECHILD && fresh.blocking.status == -ECHILD);
    fut_pool_count(&pool, &now);
    EXPECT(now.threads == 0);
    fut_pool_close(&pool);
    EXPECT(fut_pool_destroy(&pool, FUT_FOREVER) == -ECHILD);
    EXPECT(pool.crew == NULL);
}
Test(blocking, the_child_of_a_fork_is_refused_and_the_parent_goes_on) {
    gate_t gate;
    open_pool(1, 1);
    occupy(&running, &gate, &woken);
    ON(queued, add, 1, 2);
    ON(waiting, add, 3, 4);
    cr_pending(queued, woken);
    cr_pending(waiting, woken);
    cr_assert_eq(in_child(refuse), 0);
    fut_event_set(&gate.open);
    cr_wait(queued, 3);
    cr_wait(waiting, 7);
    cr_wait(running, 7);
    close_pool();
}

static void cancel(void) {
    fut_cancel(&running.future);
    fut_cancel(&queued.future);
    fut_cancel(&waiting.future);
    EXPECT(running.output == -ECANCELED && queued.output == -ECANCELED && waiting.output == -ECANCELED);
    EXPECT(POLL(running, woken) == FUT_READY);
    fut_pool_abandon(&pool);
}
Test(blocking, the_child_of_a_fork_may_cancel_what_is_its_parents) {
    gate_t gate;
    open_pool(1, 1);
    occupy(&running, &gate, &woken);
    ON(queued, add, 1, 2);
    ON(waiting, add, 3, 4);
    cr_pending(queued, woken);
    cr_pending(waiting, woken);
    cr_assert_eq(in_child(cancel), 0);
    fut_event_set(&gate.open);
    cr_wait(queued, 3);
    cr_wait(waiting, 7);
    cr_wait(running, 7);
    close_pool();
}

/* Threads of a child of a process with threads: not under ThreadSanitizer. */
#if !defined(__SANITIZE_THREAD__)
static void use_default(void) {
    START(fresh, add, 5, 6);
    EXPECT(fut_wait_on_thread(&fresh.future) == 0 && fresh.output == 11);
    EXPECT(fut_pool_destroy(fut_pool_default(), FUT_FOREVER) == 0);
}
Test(blocking, the_child_of_a_fork_has_a_default_pool_of_its_own) {
    START(fresh, add, 1, 2);
    cr_wait(fresh, 3);
    cr_assert_eq(in_child(use_default), 0);
    START(fresh, add, 1, 2);
    cr_wait(fresh, 3);
    cr_assert_eq(fut_pool_destroy(fut_pool_default(), FUT_FOREVER), 0);
}
#endif

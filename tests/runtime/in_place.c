/* fut_in_place: a task blocks, and everything else of its worker goes on. */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "../fork.h"
#include "../refuse.h"
#include "future/waiter.h"
#include "kit.h"

/* ---- What blocks: until the flag is set --------------------------------------------------------------------------- */

static bool inside; /* atomic */
static int  worker_inside;

static void block(void *flag) {
    worker_inside = fut_runtime_worker(&runtime);
    STORE(inside, true);
    while (!LOAD(*(bool *)flag)) usleep(100);
}

typedef struct blocker {
    ASYNC_FRAME(blocker, int, bool *flag);
    int before, status;
} blocker_t;
ASYNC(blocker) {
    ASYNC_BEGIN();
    self->before = fut_runtime_worker(&runtime);
    self->status = fut_in_place(block, self->flag);
    if (self->status < 0) ASYNC_RETURN(self->status);
    ASYNC_RETURN(self->before == fut_runtime_worker(&runtime) ? self->before : -EXDEV);
    ASYNC_END();
}

static bool open_door, other_door; /* atomic */

/* ---- The worker goes on -------------------------------------------------------------------------------------------- */

Test(runtime, a_task_that_blocks_in_place_leaves_its_worker_to_others) {
    struct blocker_join blocking;
    open_workers(1);
    blocking = SPAWN(&runtime, blocker, &open_door);
    until(&inside);
    cr_assert_eq(worker_inside, -1);
    for (int i = 0; i < 100; i++) cr_assert_eq(BLOCK_ON(&runtime, answer, i, 3), i);
    cr_assert_eq(BLOCK_ON(&runtime, where), 0);
    STORE(open_door, true);
    cr_assert_eq(WAIT(blocking), 0);
    cr_assert_eq(BLOCK_ON(&runtime, where), 0, "it is the worker again");
    shut();
}

typedef struct ticker {
    ASYNC_FRAME(ticker, int, int times);
    fut_sleep_t nap;
    int         i;
} ticker_t;
ASYNC(ticker) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) AWAIT(self->nap, fut_sleep, FUT_US(100));
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

typedef struct reader {
    ASYNC_FRAME(reader, int, int fd; int times);
    fut_read_t read;
    char       byte;
    int        i;
} reader_t;
ASYNC(reader) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) AWAIT(self->read, fut_read, self->fd, &self->byte, 1);
    ASYNC_RETURN(self->byte);
    ASYNC_END();
}

Test(runtime, bound_tasks_timers_and_descriptors_of_a_blocked_worker_go_on) {
    struct ticker_join  ticking;
    struct reader_join  reading;
    struct blocker_join blocking;
    int                 ends[2];
    cr_assert_eq(pipe(ends), 0);
    open_with((fut_runtime_options_t){.workers = 2, .affinity = true});
    ticking = SPAWN_ON(&runtime, 1, ticker, 20); /* begun before, and in the middle of it */
    reading = SPAWN_ON(&runtime, 1, reader, ends[0], 10);
    for (int i = 0; i < 5; i++) cr_assert_eq(write(ends[1], "a", 1), 1);
    blocking = SPAWN_ON(&runtime, 1, blocker, &open_door);
    until(&inside);
    cr_assert_eq(WAIT(ticking), 1);
    ticking = SPAWN_ON(&runtime, 1, ticker, 5);
    cr_assert_eq(WAIT(ticking), 1);
    for (int i = 0; i < 5; i++) cr_assert_eq(write(ends[1], "b", 1), 1);
    cr_assert_eq(WAIT(reading), 'b');
    ticking = SPAWN_ON(&runtime, 1, ticker, 50); /* it goes on in the hands of the other */
    STORE(open_door, true);
    cr_assert_eq(WAIT(blocking), 1);
    cr_assert_eq(WAIT(ticking), 1);
    close(ends[0]);
    close(ends[1]);
    shut();
}

Test(runtime, where_nothing_is_stolen_blocking_in_place_keeps_every_task_at_home) {
    struct blocker_join blocking;
    struct where_join   here[2];
    open_with((fut_runtime_options_t){.workers = 2, .no_stealing = true});
    blocking = SPAWN_ON(&runtime, 0, blocker, &open_door);
    until(&inside);
    for (unsigned i = 0; i < 2; i++) here[i] = SPAWN_ON(&runtime, i, where);
    for (int i = 0; i < 2; i++) cr_assert_eq(WAIT(here[i]), i);
    STORE(open_door, true);
    cr_assert_eq(WAIT(blocking), 0);
    shut();
}

/* Both block one worker; who came first comes back last, and the other way round. */
Test(runtime, several_tasks_of_one_worker_block_and_come_back_in_any_order) {
    for (int order = 0; order < 2; order++) {
        struct blocker_join first, second;
        STORE(open_door, false);
        STORE(other_door, false);
        STORE(inside, false);
        open_workers(1);
        first = SPAWN(&runtime, blocker, &open_door);
        until(&inside);
        STORE(inside, false);
        second = SPAWN(&runtime, blocker, &other_door);
        until(&inside);
        cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
        STORE(*(order ? &open_door : &other_door), true);
        if (order)
            cr_assert_eq(WAIT(first), 0);
        else
            cr_assert_eq(WAIT(second), 0);
        cr_assert_eq(BLOCK_ON(&runtime, answer, 2, 1), 2);
        STORE(open_door, true);
        STORE(other_door, true);
        if (order)
            cr_assert_eq(WAIT(second), 0);
        else
            cr_assert_eq(WAIT(first), 0);
        cr_assert_eq(BLOCK_ON(&runtime, answer, 3, 1), 3);
        shut();
    }
}

/* ---- What the function may do ---------------------------------------------------------------------------------------- */

static int inner_status;

static void note_nothing(void *data) { *(bool *)data = true; }
static void spawn_and_wait(void *output) {
    struct answer_join handle = SPAWN(&runtime, answer, 5, 2);
    bool               called = false;
    inner_status              = fut_in_place(note_nothing, &called);
    cr_assert(called);
    cr_assert_eq(fut_wait_on_thread(&handle.join.future), 0);
    *(int *)output = handle.output + (int)BLOCK_ON(&runtime, answer, 2, 1);
}

typedef struct waits_inside {
    ASYNC_FRAME(waits_inside, int);
    int sum;
} waits_inside_t;
ASYNC(waits_inside) {
    ASYNC_BEGIN();
    (void)fut_in_place(spawn_and_wait, &self->sum);
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

Test(runtime, in_place_a_task_of_the_same_worker_may_be_waited_for) {
    open_workers(1);
    cr_assert_eq(BLOCK_ON(&runtime, waits_inside), 7);
    cr_assert_eq(inner_status, 0, "nested it is a plain call");
    shut();
}

typedef struct on_executor {
    ASYNC_FRAME(on_executor, int);
    bool called;
} on_executor_t;
ASYNC(on_executor) {
    ASYNC_BEGIN();
    if (fut_in_place(note_nothing, &self->called) != 0) ASYNC_RETURN(-1);
    ASYNC_RETURN(self->called);
    ASYNC_END();
}

Test(runtime, elsewhere_in_place_is_a_plain_call) {
    fut_executor_t executor;
    bool           called = false;
    cr_assert_eq(fut_in_place(note_nothing, &called), 0);
    cr_assert(called);
    cr_assert_eq(fut_executor_init(&executor, NULL), 0);
    cr_assert_eq(BLOCK_ON(&executor, on_executor), 1);
    fut_executor_destroy(&executor);
}

/* ---- The end meanwhile ------------------------------------------------------------------------------------------------ */

static int end_inside;

static void try_to_end(void *unused) {
    (void)unused;
    end_inside = fut_runtime_shutdown(&runtime, -1);
}
typedef struct ends_inside {
    ASYNC_FRAME(ends_inside, int);
} ends_inside_t;
ASYNC(ends_inside) {
    ASYNC_BEGIN();
    ASYNC_RETURN(fut_in_place(try_to_end, NULL));
    ASYNC_END();
}

Test(runtime, in_place_nobody_shuts_the_runtime_down) {
    open_workers(2);
    cr_assert_eq(BLOCK_ON(&runtime, ends_inside), 0);
    cr_assert_eq(end_inside, -EBUSY);
    shut();
}

typedef struct blocks_and_waits {
    ASYNC_FRAME(blocks_and_waits, int, bool *flag; fut_event_t *door);
    fut_event_wait_t wait;
} blocks_and_waits_t;
ASYNC(blocks_and_waits) {
    ASYNC_BEGIN();
    (void)fut_in_place(block, self->flag);
    AWAIT(self->wait, fut_event_wait, self->door);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (self->output == -ECANCELED) ADD(cancelled, 1);
    ASYNC_END();
}

Test(runtime, shutting_down_cancels_a_task_in_place_when_it_has_come_back) {
    fut_event_t                  door = FUT_EVENT_INIT;
    struct blocks_and_waits_join handle;
    open_workers(2);
    handle = SPAWN(&runtime, blocks_and_waits, &open_door, &door);
    until(&inside);
    for (int i = 0; i < 20; i++) DETACH(SPAWN(&runtime, guest, &door));
    until_count(&begun, 20);
    cr_assert_eq(fut_runtime_shutdown(&runtime, FUT_MS(5)), -ETIMEDOUT);
    while (fut_runtime_tasks(&runtime) > 1) sched_yield();
    cr_assert_eq(LOAD(cancelled), 20, "the others have ended");
    STORE(open_door, true);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    cr_assert_eq(cancelled, 21);
    cr_assert_eq(WAIT(handle), -ECANCELED);
    shut();
}

static void *open_later(void *flag) {
    usleep(10000);
    STORE(*(bool *)flag, true);
    return NULL;
}

/* Two of one worker, so that the seat is vacant when the second one comes back. */
Test(runtime, destroying_waits_for_those_in_place) {
    fut_event_t                  door = FUT_EVENT_INIT;
    struct blocks_and_waits_join handles[2];
    pthread_t                    thread;
    open_workers(1);
    for (int i = 0; i < 2; i++) {
        STORE(inside, false);
        handles[i] = SPAWN(&runtime, blocks_and_waits, &open_door, &door);
        until(&inside);
    }
    cr_assert_eq(pthread_create(&thread, NULL, open_later, &open_door), 0);
    shut();
    cr_assert(LOAD(open_door));
    cr_assert_eq(cancelled, 2);
    for (int i = 0; i < 2; i++) cr_assert_eq(WAIT(handles[i]), -ECANCELED);
    pthread_join(thread, NULL);
}

/* ---- Looking ----------------------------------------------------------------------------------------------------------- */

Test(runtime, a_dump_shows_who_blocks_in_place) {
    struct blocker_join blocking;
    char               *text = NULL;
    size_t              size;
    FILE               *out = open_memstream(&text, &size);
    cr_assert_not_null(out);
    open_workers(1);
    blocking = SPAWN(&runtime, blocker, &open_door);
    until(&inside);
    cr_assert_eq(fut_runtime_dump(&runtime, out), 0);
    fclose(out);
    cr_assert_not_null(strstr(text, "  blocking in place, from worker 0\n    blocker "), "%s", text);
    free(text);
    STORE(open_door, true);
    cr_assert_eq(WAIT(blocking), 0);
    shut();
}

/* The worker is told again whom it polls. */
typedef struct blocks_then_sleeps {
    ASYNC_FRAME(blocks_then_sleeps, int);
    bool        called;
    fut_sleep_t nap;
} blocks_then_sleeps_t;
ASYNC(blocks_then_sleeps) {
    ASYNC_BEGIN();
    (void)fut_in_place(note_nothing, &self->called);
    AWAIT(self->nap, fut_sleep, FUT_S(1000));
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, a_task_that_has_come_back_is_bound_by_its_timer) {
    char *text  = NULL;
    bool  waits = false;
    open_workers(1);
    DETACH(SPAWN(&runtime, blocks_then_sleeps));
    while (!waits) {
        size_t size;
        FILE  *out = open_memstream(&text, &size);
        cr_assert_eq(fut_runtime_dump(&runtime, out), 0);
        fclose(out);
        waits = strstr(text, "  waiting") != NULL;
        if (waits)
            cr_assert_not_null(strstr(text, "  waiting, bound to worker 0\n    blocks_then_sleeps "), "%s", text);
        free(text);
    }
    shut();
}

/* ---- Threads ------------------------------------------------------------------------------------------------------------ */

static int       starts, stops; /* atomic */
static void      count_start(unsigned worker, void *data) { ADD(starts, 1 + 0 * (int)worker), (void)data; }
static void      count_stop(unsigned worker, void *data) { ADD(stops, 1 + 0 * (int)worker), (void)data; }
static const int many = 100;

Test(runtime, one_stand_in_serves_for_many_one_after_the_other_and_its_hooks_are_called) {
    open_with((fut_runtime_options_t){.workers = 1, .on_start = count_start, .on_stop = count_stop});
    STORE(open_door, true);
    for (int i = 0; i < many; i++) cr_assert_eq(BLOCK_ON(&runtime, blocker, &open_door), 0);
    cr_assert_eq(LOAD(starts), 2);
    shut();
    cr_assert_eq(starts, 2);
    cr_assert_eq(stops, 2);
}

/* All but the last have a stand-in. */
Test(runtime, the_129th_in_place_blocks_its_worker_and_says_so) {
    enum { ALL = 129 };
    struct blocker_join handles[ALL];
    int                 blocked = 0;
    open_with((fut_runtime_options_t){.workers = 1, .stack_size = 512 * 1024});
    for (int i = 0; i < ALL; i++) {
        STORE(inside, false);
        handles[i] = SPAWN(&runtime, blocker, &open_door);
        until(&inside);
    }
    STORE(open_door, true);
    for (int i = 0; i < ALL; i++) {
        const int output = WAIT(handles[i]);
        cr_assert(output == 0 || output == -EAGAIN);
        blocked += output == -EAGAIN;
    }
    cr_assert_eq(blocked, 1);
    shut();
}

/* The filter holds for the thread that sets it. */
typedef struct refused {
    ASYNC_FRAME(refused, int);
} refused_t;
ASYNC(refused) {
    ASYNC_BEGIN();
    if (!refuse_call(SYS_clone3, ENOSYS) || !refuse_call(SYS_clone, EAGAIN)) ASYNC_RETURN(77);
    ASYNC_RETURN(fut_in_place(block, &open_door));
    ASYNC_END();
}

Test(runtime, without_threads_the_function_is_called_all_the_same) {
    int   status;
    pid_t child = quiet_fork();
    if (child == 0) {
        int result;
        open_workers(1);
        STORE(open_door, true);
        result = BLOCK_ON(&runtime, refused);
        _exit(result == 77 ? 77 : result == -EAGAIN && LOAD(inside) ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77) cr_skip_test("no seccomp here");
    cr_assert_eq(status, 0);
}

Test(runtime, without_memory_the_function_is_called_all_the_same) {
    static blocker_t    slot;
    struct blocker_join handle;
    counting_begin();
    open_workers(1);
    STORE(open_door, true);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    handle = SPAWN_IN(&runtime, slot, blocker, &open_door);
    STORE(counting.refuse_all, true); /* too late for the first one, perhaps */
    cr_assert_eq(fut_wait_on_thread(&handle.join.future), 0);
    cr_assert(slot.output == 0 || slot.output == -ENOMEM);
    STORE(counting.refuse_all, false);
    cr_assert_eq(BLOCK_ON(&runtime, blocker, &open_door), 0);
    shut();
}

/* ---- fork ----------------------------------------------------------------------------------------------------------------- */

static void fork_inside(void *child) {
    *(pid_t *)child = quiet_fork();
    if (*(pid_t *)child == 0) alarm(100);
}
typedef struct forks_inside {
    ASYNC_FRAME(forks_inside, int);
    pid_t child;
} forks_inside_t;
ASYNC(forks_inside) {
    ASYNC_BEGIN();
    (void)fut_in_place(fork_inside, &self->child);
    if (self->child == 0) _exit(fut_runtime_worker(&runtime) == -1 ? 33 : 1);
    ASYNC_RETURN((int)self->child);
    ASYNC_END();
}

Test(runtime, a_fork_in_place_leaves_the_child_without_a_worker) {
    int child, status;
    open_workers(1);
    child = BLOCK_ON(&runtime, forks_inside);
    cr_assert_gt(child, 0);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(WEXITSTATUS(status), 33);
    cr_assert_eq(BLOCK_ON(&runtime, answer, 1, 1), 1);
    shut();
}

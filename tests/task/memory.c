/* What a task costs, where it lies, and what happens when there is none left. */
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "queue.h"

Test(task, a_task_is_48_bytes_before_its_future) {
    if (sizeof(void *) == 8) cr_assert_eq(sizeof(fut_task_t), 48);
    cr_assert_leq(sizeof(fut_task_t), 64);
    cr_assert_eq(sizeof(fut_waker_t), 2 * sizeof(void *));
}

/* ---- Sizes -------------------------------------------------------------------------------------------------- */

/* Frames whose every byte is in use over a wait: in their neighbours' memory that would show. */
#define FRAME_OF(name, bytes)                                                                                          \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, int, fut_test_event_t *event; int value);                                                    \
        unsigned char   locals[bytes];                                                                                 \
        fut_test_wait_t wait;                                                                                          \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        memset(self->locals, self->value, sizeof self->locals);                                                        \
        AWAIT(self->wait, fut_test_wait, self->event);                                                                 \
        for (size_t i = 0; i < sizeof self->locals; i++)                                                               \
            if (self->locals[i] != self->value) ASYNC_RETURN(-1);                                                      \
        ASYNC_RETURN(self->value);                                                                                     \
        ASYNC_END();                                                                                                   \
    }

FRAME_OF(tiny, 1)
FRAME_OF(odd, 13)
FRAME_OF(medium, 200)
FRAME_OF(nearly, 512 - sizeof(tiny_t))
FRAME_OF(large, 5000)
FRAME_OF(huge, 1 << 20)

Test(task, frames_of_every_size_keep_to_themselves) {
    enum { EACH = 5 };
    queue_t                 queue;
    static fut_test_event_t events[6][EACH];
    fut_test_waker_t        counter = {0};
    struct tiny_join        tiny[EACH];
    struct odd_join         odd[EACH];
    struct medium_join      medium[EACH];
    struct nearly_join      nearly[EACH];
    struct large_join       large[EACH];
    struct huge_join        huge[EACH];

    queue_open(&queue);
    for (int i = 0; i < EACH; i++) {
        tiny[i]   = TASK_SPAWN(queue.scheduler, tiny, &events[0][i], 10 + i);
        odd[i]    = TASK_SPAWN(queue.scheduler, odd, &events[1][i], 20 + i);
        medium[i] = TASK_SPAWN(queue.scheduler, medium, &events[2][i], 30 + i);
        nearly[i] = TASK_SPAWN(queue.scheduler, nearly, &events[3][i], 40 + i);
        large[i]  = TASK_SPAWN(queue.scheduler, large, &events[4][i], 50 + i);
        huge[i]   = TASK_SPAWN(queue.scheduler, huge, &events[5][i], 60 + i);
    }
    queue_run(&queue);
    for (int kind = 0; kind < 6; kind++)
        for (int i = 0; i < EACH; i++) fut_test_event_fire(&events[kind][i], 0);
    queue_run(&queue);
#define ENDED_WITH(handle, value)                                                                                      \
    (fut_test_poll(&(handle).join.future, &counter) == FUT_READY && (handle).output == (value))
    for (int i = 0; i < EACH; i++) {
        cr_assert(ENDED_WITH(tiny[i], 10 + i));
        cr_assert(ENDED_WITH(odd[i], 20 + i));
        cr_assert(ENDED_WITH(medium[i], 30 + i));
        cr_assert(ENDED_WITH(nearly[i], 40 + i));
        cr_assert(ENDED_WITH(large[i], 50 + i));
        cr_assert(ENDED_WITH(huge[i], 60 + i));
    }
    queue_close(&queue);
}

/* ---- Alignment ---------------------------------------------------------------------------------------------- */

typedef struct strict {
    ASYNC_FRAME(strict, int, fut_test_event_t *event);
    alignas(64) char cache_line[64];
    fut_test_wait_t wait;
} strict_t;
ASYNC(strict) {
    ASYNC_BEGIN();
    memset(self->cache_line, 1, sizeof self->cache_line);
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN((uintptr_t)self % 64 == 0 && (uintptr_t)self->cache_line % 64 == 0);
    ASYNC_END();
}

typedef struct wide {
    ASYNC_FRAME(wide, int, fut_test_event_t *event);
    long double     number; /* 16 on most systems of 64 bits */
    fut_test_wait_t wait;
} wide_t;
ASYNC(wide) {
    ASYNC_BEGIN();
    self->number = 1.25L;
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN((uintptr_t)self % _Alignof(wide_t) == 0 && self->number == 1.25L);
    ASYNC_END();
}

Test(task, frames_are_aligned_as_their_type_asks) {
    enum { EACH = 20 };
    queue_t                 queue;
    static fut_test_event_t events[2 * EACH];
    fut_test_waker_t        counter = {0};
    struct strict_join      strict[EACH];
    struct wide_join        wide[EACH];

    queue_open(&queue);
    for (int i = 0; i < EACH; i++) {
        strict[i] = TASK_SPAWN(queue.scheduler, strict, &events[i]);
        wide[i]   = TASK_SPAWN(queue.scheduler, wide, &events[EACH + i]);
    }
    queue_run(&queue);
    for (int i = 0; i < 2 * EACH; i++) fut_test_event_fire(&events[i], 0);
    queue_run(&queue);
    for (int i = 0; i < EACH; i++) {
        cr_assert(ENDED_WITH(strict[i], 1));
        cr_assert(ENDED_WITH(wide[i], 1));
    }
    queue_close(&queue);
}

/* ---- Recycling ---------------------------------------------------------------------------------------------- */

Test(task, one_task_after_the_other_uses_one_block) {
    queue_t           queue;
    const fut_task_t *memory = NULL;

    counting_begin();
    queue_open(&queue);
    for (int i = 0; i < 1000; i++) {
        struct answer_join handle  = TASK_SPAWN(queue.scheduler, answer, i);
        fut_test_waker_t   counter = {0};
        if (i == 0) memory = handle.join.task;
        cr_assert_eq(handle.join.task, memory);
        queue_run(&queue);
        cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
        cr_assert_eq(handle.output, i);
        if (i == 0) counting.calls = 0;
        fut_test_hush();
    }
    cr_assert_eq(counting.calls, 0, "a spawn in the steady state allocates nothing");
    queue_close(&queue);
}

Test(task, a_large_frame_is_released_when_its_task_has_ended) {
    queue_t           queue;
    fut_test_event_t  event   = {0};
    fut_test_waker_t  counter = {0};
    size_t            before;
    struct large_join handle;

    counting_begin();
    queue_open(&queue);
    for (int round = 0; round < 4; round++) {
        handle = TASK_SPAWN(queue.scheduler, large, &event, 1);
        if (round == 0) before = counting.live - 1;
        cr_assert_eq(counting.live, before + 1);
        queue_run(&queue);
        if (round == 0) { /* detached while it runs */
            fut_join_detach(&handle.join);
            fut_test_event_fire(&event, 0);
            queue_run(&queue);
        } else if (round == 1) { /* the output was taken */
            fut_test_event_fire(&event, 0);
            queue_run(&queue);
            cr_assert_eq(counting.live, before + 1, "its output lies in it");
            cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
        } else if (round == 2) { /* detached afterwards */
            fut_test_event_fire(&event, 0);
            queue_run(&queue);
            fut_join_detach(&handle.join);
        } else {
            queue_close(&queue);
        }
        cr_assert_eq(counting.live, before, "round %d", round);
    }
}

Test(task, schedulers_are_recycled_with_their_memory) {
    queue_t queue;
    size_t  before = 0;

    counting_begin();
    for (int i = 0; i < 10; i++) {
        struct answer_join queued;
        queue_open(&queue);
        DETACH(TASK_SPAWN(queue.scheduler, answer, i));
        queue_run(&queue);
        queued = TASK_SPAWN(queue.scheduler, answer, i); /* on the queue when the scheduler goes */
        queue_close(&queue);
        cr_assert(fut_join_is_done(&queued.join));
        if (i == 0) before = counting.calls;
        cr_assert_eq(counting.calls, before);
    }
}

/* ---- None left ---------------------------------------------------------------------------------------------- */

typedef struct give_void {
    ASYNC_FRAME(give_void, void);
} give_void_t;
ASYNC(give_void) {
    ASYNC_BEGIN();
    ASYNC_END();
}
typedef struct give_llong {
    ASYNC_FRAME(give_llong, long long);
} give_llong_t;
ASYNC(give_llong) {
    ASYNC_BEGIN();
    ASYNC_RETURN(1);
    ASYNC_END();
}
typedef struct give_text {
    ASYNC_FRAME(give_text, const char *);
} give_text_t;
ASYNC(give_text) {
    ASYNC_BEGIN();
    ASYNC_RETURN("text");
    ASYNC_END();
}

Test(task, spawning_without_memory_is_a_handle_that_says_ENOMEM) {
    queue_t          queue;
    fut_test_waker_t counter = {0};

    counting_begin();
    queue_open(&queue);
    counting.refuse_all              = true;
    struct answer_join     a         = TASK_SPAWN(queue.scheduler, answer, 1);
    struct give_void_join  b         = TASK_SPAWN(queue.scheduler, give_void);
    struct give_llong_join c         = TASK_SPAWN(queue.scheduler, give_llong);
    struct give_text_join  d         = TASK_SPAWN(queue.scheduler, give_text);
    struct large_join      e         = TASK_SPAWN(queue.scheduler, large, NULL, 0);
    struct strict_join     f         = TASK_SPAWN(queue.scheduler, strict, NULL);
    fut_join_t *const      handles[] = {&a.join, &b.join, &c.join, &d.join, &e.join, &f.join};

    for (int i = 0; i < 6; i++) {
        cr_assert_eq(handles[i]->status, -ENOMEM);
        cr_assert(fut_join_is_done(handles[i]));
        fut_join_cancel(handles[i]);
        cr_assert_eq(fut_test_poll(&handles[i]->future, &counter), FUT_READY);
        cr_assert_eq(handles[i]->status, -ENOMEM);
        fut_join_detach(handles[i]);
    }
    cr_assert_eq(a.output, -ENOMEM);
    cr_assert_eq(c.output, -ENOMEM);
    cr_assert_eq(queue.schedules, 0);
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 0);
    counting.refuse_all = false;
    a                   = TASK_SPAWN(queue.scheduler, answer, 1);
    cr_assert_eq(a.join.status, 0);
    queue_close(&queue);
}

Test(task, a_large_frame_without_memory_leaves_its_task_free) {
    queue_t           queue;
    struct large_join handle;

    counting_begin();
    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, large, NULL, 0); /* the chunk for tasks exists now */
    fut_join_detach(&handle.join);
    counting.refuse_all = true;
    for (int i = 0; i < 1000; i++) {
        handle = TASK_SPAWN(queue.scheduler, large, NULL, 0);
        cr_assert_eq(handle.join.status, -ENOMEM);
    }
    cr_assert_eq(fut_scheduler_tasks(queue.scheduler), 1);
    queue_close(&queue);
}

Test(task, a_scheduler_without_memory_is_NULL) {
    counting_begin();
    counting.refuse_all = true;
    cr_assert_null(fut_scheduler_new(queue_schedule, NULL));
}

Test(task, a_future_in_the_callers_storage_without_memory_is_not_touched) {
    queue_t    queue;
    fut_join_t handle;
    answer_t   mine;

    counting_begin();
    queue_open(&queue);
    counting.refuse_all = true;
    START(mine, answer, 3);
    handle = fut_task_spawn_in(queue.scheduler, &mine.future);
    cr_assert_eq(handle.status, -ENOMEM);
    cr_assert_eq(mine.future.point, FUT_POINT_START);
    queue_close(&queue);
    cr_assert_eq(mine.future.point, FUT_POINT_START);
}

/* A wake costs the same at any depth: the task polls its leaf. */
#include "queue.h"

enum { DEPTH = 1000 };

/* `below` frames lie below this one; the lowest waits three times. */
typedef struct nest nest_t;
struct nest {
    ASYNC_FRAME(nest, int, nest_t *frames; int below; fut_test_event_t *event);
    fut_test_wait_t wait;
    int             times;
};
static unsigned     frame_polls;
static fut_poll_t   count_poll(fut_future_t *future, fut_context_t *cx);
static fut_vtable_t counted; /* nest's, with every poll counted */

ASYNC(nest) {
    ASYNC_BEGIN();
    if (self->below > 0) {
        START(self->frames[self->below - 1], nest, self->frames, self->below - 1, self->event);
        self->frames[self->below - 1].future.vtable = &counted;
        AWAIT(self->frames[self->below - 1]);
        ASYNC_RETURN(self->frames[self->below - 1].output + 1);
    }
    for (self->times = 0; self->times < 3; self->times++) AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    if (self->below == 0 || self->below == DEPTH) fut_test_say("finally %d", self->below);
    ASYNC_END();
}

static fut_poll_t count_poll(fut_future_t *future, fut_context_t *cx) {
    frame_polls++;
    return nest_vtable.poll(future, cx);
}

static nest_t frames[DEPTH];

/* Spawn a chain and let it come to its first wait. */
static struct nest_join spawn_nest(queue_t *queue, fut_test_event_t *event) {
    struct nest_args args = {frames, DEPTH, event};
    counted               = nest_vtable;
    counted.poll          = count_poll;
    queue_open(queue);
    struct nest_join handle = {.join = fut_task_spawn(queue->scheduler, &counted, &args)};
    cr_assert_eq(queue_run_one(queue), FUT_PENDING);
    fut_test_hush();
    return handle;
}

Test(task, a_wake_at_depth_1000_polls_one_frame) {
    queue_t          queue;
    fut_test_event_t event   = {0};
    fut_test_waker_t counter = {0};
    struct nest_join handle  = spawn_nest(&queue, &event);

    cr_assert_eq(frame_polls, DEPTH + 1, "the way down");
    for (int i = 1; i <= 2; i++) {
        frame_polls = 0;
        fut_test_event_fire(&event, 0);
        queue_run(&queue);
        cr_assert_eq(frame_polls, 1);
    }
    frame_polls = 0;
    fut_test_event_fire(&event, 0);
    queue_run(&queue);
    cr_assert_eq(frame_polls, DEPTH + 1, "the way up");
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, DEPTH);
    cr_assert(fut_test_said("schedule", "schedule", "schedule", "finally 0", "finally 1000"));
    queue_close(&queue);
}

Test(task, a_spurious_wake_at_depth_1000_polls_one_frame) {
    queue_t          queue;
    fut_test_event_t event  = {0};
    struct nest_join handle = spawn_nest(&queue, &event);

    frame_polls = 0;
    fut_wake(event.waker);
    queue_run(&queue);
    cr_assert_eq(frame_polls, 1);
    cr_assert_eq(event.polls, 2);
    fut_join_detach(&handle.join);
    queue_close(&queue);
    cr_assert(fut_test_said("schedule", "finally 0", "finally 1000"));
}

Test(task, a_chain_of_1000_is_cancelled_innermost_first) {
    queue_t          queue;
    fut_test_event_t event   = {0};
    fut_test_waker_t counter = {0};
    struct nest_join handle  = spawn_nest(&queue, &event);

    fut_join_cancel(&handle.join);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "finally 0", "finally 1000"));
    cr_assert_eq(event.drops, 1);
    for (int i = 0; i < DEPTH; i++) cr_assert_eq(frames[i].output, -ECANCELED);
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, -ECANCELED);
    queue_close(&queue);
}

/* ---- The leaf moves ----------------------------------------------------------------------------------------- */

/* After the deep wait comes one at the top, then a deep one again, through a future written by hand. */
typedef struct middle {
    ASYNC_FRAME(middle, int, const char *name; fut_test_event_t *event);
    fut_test_wait_t wait;
} middle_t;
ASYNC(middle) {
    ASYNC_BEGIN();
    fut_test_say("%s waits", self->name);
    AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("%s got %d", self->name, self->wait.output);
    ASYNC_RETURN(self->wait.output);
    ASYNC_END();
}

typedef struct top {
    ASYNC_FRAME(top, int, fut_test_event_t *deep; fut_test_event_t *high);
    middle_t           below;
    fut_test_stutter_t stutter;
    fut_test_wait_t    wait;
} top_t;
ASYNC(top) {
    ASYNC_BEGIN();
    AWAIT(self->below, middle, "first", self->deep);
    fut_test_say("top waits");
    AWAIT(self->wait, fut_test_wait, self->high);
    START(self->below, middle, "second", self->deep);
    AWAIT(self->stutter, fut_test_stutter, &self->below.future);
    YIELD();
    AWAIT(self->below, middle, "third", self->deep);
    ASYNC_RETURN(self->below.output);
    ASYNC_END();
}

Test(task, the_leaf_follows_the_function_down_and_up_and_through_futures_by_hand) {
    queue_t          queue;
    fut_test_event_t deep = {0}, high = {0};
    fut_test_waker_t counter = {0};
    struct top_join  handle;

    queue_open(&queue);
    handle = TASK_SPAWN(queue.scheduler, top, &deep, &high);
    queue_run(&queue);
    fut_test_event_fire(&deep, 1);
    queue_run(&queue);
    fut_test_event_fire(&high, 2);
    queue_run(&queue);
    fut_test_event_fire(&deep, 3);
    queue_run(&queue);
    fut_test_event_fire(&deep, 4);
    queue_run(&queue);
    cr_assert(fut_test_said("schedule", "first waits",                                         /* spawned        */
                            "schedule", "first got 1", "top waits",                            /* up one         */
                            "schedule", "schedule", "second waits",                            /* the stutter    */
                            "schedule", "schedule", "second got 3", "schedule", "third waits", /* and the yield  */
                            "schedule", "third got 4"));
    cr_assert_eq(fut_test_poll(&handle.join.future, &counter), FUT_READY);
    cr_assert_eq(handle.output, 4);
    queue_close(&queue);
}

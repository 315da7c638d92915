/* The wakers of children: at any time, in any order, from anywhere, also when child and set are gone. */
#include "future/executor.h"
#include "future/time.h"
#include "kit.h"

/* ---- Stale wakers ------------------------------------------------------------------------------------------- */

static void stale_wakers_wake_nobody(fut_waker_t task, const unsigned *wakes) {
    item_t      items[2] = {0};
    fut_set_t   set;
    fut_waker_t stale[3];
    unsigned    before;

    fut_set_init(&set);
    for (int i = 0; i < 2; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
    cr_assert_eq(next_under(&set, task), &nobody);
    stale[0] = items[0].event.waker;
    stale[1] = items[1].event.waker;
    fut_test_event_fire(&items[0].event, 0);
    cr_assert_eq(next_under(&set, task), &items[0]);
    before = *wakes;
    fut_wake(stale[0]);
    fut_wake_from_interrupt(stale[0]);
    cr_assert_eq(*wakes, before, "it has ended");
    cr_assert_eq(item_push(&set, &items[0]), 0);
    cr_assert_eq(next_under(&set, task), &nobody);
    cr_assert_eq(items[0].event.waker.target, stale[0].target, "the same memory,");
    cr_assert(!fut_waker_same(items[0].event.waker, stale[0]), "another waker");
    stale[2] = items[0].event.waker;
    before   = *wakes;
    fut_wake(stale[0]);
    cr_assert_eq(*wakes, before, "not that of the one before");
    fut_set_remove(&set, &items[1].child);
    before = *wakes;
    fut_wake(stale[1]);
    cr_assert_eq(*wakes, before, "it was removed");
    fut_set_destroy(&set);
    for (int i = 0; i < 3; i++) fut_wake(stale[i]);
    cr_assert_eq(*wakes, before, "all are gone");
    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &items[0]), 0);
    cr_assert_eq(*wakes, before, "nor does the next set in the same memory wake the task of the last one");
    fut_set_destroy(&set);
    fut_drop(&items[1].wait.future);
}

Test(set, stale_wakers_wake_nobody_from_elsewhere) {
    fut_test_waker_t woken = {0};
    stale_wakers_wake_nobody(fut_test_waker(&woken), &woken.wakes);
}
Test(set, stale_wakers_wake_nobody_here) {
    here_t here = {0};
    stale_wakers_wake_nobody(here_waker(&here), &here.wakes);
}

Test(set, a_child_that_was_woken_and_removed_is_not_polled) {
    fut_test_waker_t woken    = {0};
    here_t           here     = {0};
    item_t           items[2] = {0};
    fut_set_t        set;
    fut_waker_t      tasks[2] = {fut_test_waker(&woken), here_waker(&here)};

    for (int way = 0; way < 2; way++) {
        memset(items, 0, sizeof items);
        fut_set_init(&set);
        for (int i = 0; i < 2; i++) cr_assert_eq(item_push(&set, &items[i]), 0);
        cr_assert_eq(next_under(&set, tasks[way]), &nobody);
        fut_wake(items[0].event.waker);
        fut_set_remove(&set, &items[0].child); /* on the queue, or in the inbox: its waker's memory is not free yet */
        cr_assert_eq(fut_set_push(&set, &items[0].child, &items[0].wait.future), 0);
        fut_set_remove(&set, &items[0].child);
        cr_assert_eq(next_under(&set, tasks[way]), &nobody);
        cr_assert_eq(items[0].event.polls, 1);
        cr_assert_eq(items[1].event.polls, 1);
        fut_set_destroy(&set);
        fut_drop(&items[0].wait.future);
    }
}

Test(set, a_wake_on_both_ways_at_once_is_not_lost) {
    here_t    here = {0};
    item_t    item = {0};
    fut_set_t set;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    fut_wake_from_interrupt(item.event.waker); /* always the long way */
    fut_wake(item.event.waker);                /* the short one       */
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    cr_assert_eq(item.event.polls, 2);
    fut_wake_from_interrupt(item.event.waker);
    cr_assert_eq(next_under(&set, here_waker(&here)), &nobody);
    cr_assert_eq(item.event.polls, 3);
    fut_test_event_fire(&item.event, 1);
    cr_assert_eq(next_under(&set, here_waker(&here)), &item);
    fut_set_destroy(&set);
}

Test(set, an_interrupt_reaches_the_task_as_an_interrupt) {
    fut_test_waker_t woken = {0};
    item_t           item  = {0};
    fut_set_t        set;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_wake_from_interrupt(item.event.waker);
    cr_assert_eq(woken.interrupts, 1);
    fut_set_destroy(&set);
}

/* ---- Those who count ---------------------------------------------------------------------------------------- */

Test(set, a_clone_of_a_childs_waker_is_one_of_the_tasks) {
    fut_test_waker_t early = {0}, late = {0}, next = {0};
    item_t           item = {0};
    fut_set_t        set;
    fut_waker_t      kept;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_of(&set, &early), &nobody);
    kept = fut_waker_clone(item.event.waker);
    fut_waker_drop(fut_waker_clone(item.event.waker));
    cr_assert_eq(early.clones, 2);
    cr_assert_eq(early.drops, 1);
    cr_assert_eq(next_of(&set, &late), &nobody);
    cr_assert_eq(early.drops, 2, "the set has moved to another task, and what was counted with it");
    cr_assert_eq(late.clones, 1);
    fut_set_destroy(&set);
    cr_assert_eq(late.drops, 1, "nobody can be woken through it any more");
    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_of(&set, &next), &nobody);
    fut_waker_drop(kept);
    fut_waker_drop(kept);
    cr_assert_eq(late.drops, 1);
    cr_assert_eq(next.clones, 0);
    cr_assert_eq(next.drops, 0);
    fut_set_destroy(&set);
}

/* ---- Under an executor --------------------------------------------------------------------------------------- */

typedef struct note {
    ASYNC_FRAME(note, int, fut_executor_t *executor; int *notes);
} note_t;
ASYNC(note) {
    ASYNC_BEGIN();
    ++*self->notes;
    ASYNC_RETURN(fut_executor_of(cx) == self->executor ? 0 : -1);
    ASYNC_END();
}

typedef struct spawner {
    ASYNC_FRAME(spawner, int, fut_executor_t *executor; int *notes);
    fut_sleep_t      nap;
    struct note_join note;
} spawner_t;
ASYNC(spawner) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, FUT_MS(1));
    TRY(fut_context_spawn(cx, &note_vtable, &(struct note_args){self->executor, self->notes}));
    self->note = SPAWN(fut_executor_of(cx), note, self->executor, self->notes);
    AWAIT(self->note);
    fut_dump(self->executor, stderr);
    ASYNC_RETURN(self->note.output);
    ASYNC_END();
}

typedef struct nest {
    ASYNC_FRAME(nest, int, fut_executor_t *executor; int *notes; int depth; struct nest *below);
    fut_set_t       set;
    fut_set_child_t child;
    fut_set_next_t  next;
    spawner_t       spawner;
} nest_t;
ASYNC_FORWARD(nest);
ASYNC(nest) {
    ASYNC_BEGIN();
    fut_set_init(&self->set);
    fut_set_child_init(&self->child, NULL);
    if (self->depth > 0) {
        START(*self->below, nest, self->executor, self->notes, self->depth - 1, self->below + 1);
        TRY(fut_set_push(&self->set, &self->child, &self->below->future));
    } else {
        START(self->spawner, spawner, self->executor, self->notes);
        TRY(fut_set_push(&self->set, &self->child, &self->spawner.future));
    }
    AWAIT(self->next, fut_set_next, &self->set);
    ASYNC_RETURN((int)fut_result(self->next.output->future));
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}

Test(set, a_child_finds_its_executor_and_spawns_beside_its_task) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    fut_executor_t       executor;
    nest_t               nests[4];
    int                  notes = 0;

    cr_assert_eq(fut_executor_init(&executor, &(fut_executor_options_t){.driver = fut_virtual_clock_driver(clock)}), 0);
    START(nests[0], nest, &executor, &notes, 3, &nests[1]);
    cr_assert_eq(fut_block_on(&executor, &nests[0].future), 0);
    cr_assert_eq(nests[0].output, 0);
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(notes, 2);
    fut_executor_destroy(&executor);
    fut_virtual_clock_free(clock);
}

Test(set, without_an_executor_a_child_spawns_nothing) {
    fut_test_waker_t woken = {0};
    int              notes = 0;
    item_t           item  = {0};
    fut_set_t        set;
    fut_context_t    cx;

    fut_set_init(&set);
    cr_assert_eq(item_push(&set, &item), 0);
    cr_assert_eq(next_of(&set, &woken), &nobody);
    fut_context_init(&cx, item.event.waker, NULL);
    cr_assert_eq(fut_context_spawn(&cx, &note_vtable, &(struct note_args){NULL, &notes}), -FUT_ENOTSUP);
    fut_set_destroy(&set);
}

/* The end of a group: cancelled gracefully and dropped, at every point; nested; on an executor, under a clock. */
#include "kit.h"

#include "future/executor.h"
#include "future/time.h"

/* ---- Every kind of group, at every step ------------------------------------------------------- */

/* A leaf, an async function whose FINALLY waits, and one that wants an event before it ends. */
typedef struct story {
    fut_test_event_t  event[4]; /* of a, b, c; b's goodbye */
    fut_test_wait_t   a;
    polite_t          b;
    fut_test_linger_t c;
    FUT_GROUP(3) group;
} story_t;

static const struct {
    const char *name;
    unsigned    waits;
} kinds[] = {{"join", FUT_JOIN_},     {"try_join", FUT_TRY_JOIN_}, {"any", FUT_ANY_},   {"select", FUT_SELECT_},
             {"biased", FUT_BIASED_}, {"keep", FUT_KEEP_},         {"never", FUT_KEEP_}};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

static void story_begin(story_t *story, unsigned kind) {
    static const story_t nothing;
    *story = nothing;
    START(story->a, fut_test_wait, &story->event[0]);
    START(story->b, polite, "b", &story->event[1], &story->event[3]);
    START(story->c, fut_test_linger, &story->event[2]);
    fut_group_start_(FUT_GROUP_OF_(story->group), kinds[kind].waits,
                     (fut_future_t *const[]){&story->a.future, &story->b.future, &story->c.future}, 3, __FILE__,
                     __LINE__);
}

/* The steps of the story, until the group is done: polls, some of them spurious, and events in between. An ANY fails first. */
static bool story_step(story_t *story, unsigned step) {
    static const int fired[] = {-1, -1, 0, -1, 1, -1, 3, 2, -1};
    if (step >= sizeof fired / sizeof fired[0]) return false;
    if (fired[step] >= 0)
        fut_test_event_fire(&story->event[fired[step]], story->group.group.waits == FUT_ANY_ ? -1 : 1);
    return fut_test_run(&story->group.future) == FUT_PENDING;
}

static void nobody_waits(const story_t *story, const char *name, unsigned steps) {
    for (int i = 0; i < 4; i++) cr_assert_null(story->event[i].waker.target, "%s after %u: %d", name, steps, i);
    cr_assert(fut_is_done(&story->a.future) && fut_is_done(&story->b.future) && fut_is_done(&story->c.future), "%s",
              name);
    cr_assert(fut_is_done(&story->group.future));
}

/* Plays `steps` steps; false: the group ended before that. */
static bool story_until(story_t *story, unsigned kind, unsigned steps) {
    story_begin(story, kind);
    for (unsigned step = 0; step < steps; step++)
        if (!story_step(story, step)) return false;
    return true;
}

Test(group, a_group_of_any_kind_is_dropped_at_any_step) {
    unsigned played = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        story_t story;
        for (unsigned steps = 0; story_until(&story, kind, steps); steps++, played++) {
            fut_drop(&story.group.future);
            nobody_waits(&story, kinds[kind].name, steps);
            cr_assert_eq(story.group.output, -ECANCELED);
            cr_assert_not(WON(story.group, story.a) || WON(story.group, story.b) || WON(story.group, story.c));
            fut_drop(&story.group.future); /* again */
            cr_assert_eq(fut_test_run(&story.group.future), FUT_READY);
        }
        fut_drop(&story.b.future), fut_drop(&story.c.future); /* what a KEEP has left */
    }
    cr_assert_gt(played, 4 * KINDS - 10);
    fut_test_hush();
}

Test(group, a_group_of_any_kind_is_cancelled_at_any_step_and_all_its_children_end) {
    for (unsigned kind = 0; kind < KINDS; kind++) {
        story_t story;
        for (unsigned steps = 0; story_until(&story, kind, steps); steps++) {
            const bool was_ending = story.group.group.waits == FUT_ENDING_;
            const int  output     = story.group.output;
            bool       closing;

            fut_cancel(&story.group.future);
            fut_cancel(&story.group.future);
            cr_assert(fut_is_done(&story.a.future), "a leaf goes at once");
            closing = !fut_is_done(&story.b.future);
            for (int i = 0; i < 2; i++) cr_assert_eq(fut_test_run(&story.group.future), FUT_PENDING, "c lingers");
            fut_test_event_fire(&story.event[2], 1);
            if (closing) {
                cr_assert_eq(fut_test_run(&story.group.future), FUT_PENDING, "b says goodbye");
                fut_test_event_fire(&story.event[3], 1);
            }
            cr_assert_eq(fut_test_run(&story.group.future), FUT_READY);
            nobody_waits(&story, kinds[kind].name, steps);
            cr_assert_eq(story.group.output, was_ending ? output : -ECANCELED);
            cr_assert_eq(story.event[2].cancels, 1);
        }
        fut_drop(&story.b.future), fut_drop(&story.c.future);
    }
    fut_test_hush();
}

Test(group, a_group_that_is_being_cancelled_can_be_dropped) {
    for (unsigned kind = 0; kind < KINDS; kind++) {
        story_t story;
        story_begin(&story, kind);
        cr_assert_eq(fut_test_run(&story.group.future), FUT_PENDING);
        fut_cancel(&story.group.future);
        cr_assert_eq(fut_test_run(&story.group.future), FUT_PENDING);
        fut_drop(&story.group.future);
        nobody_waits(&story, kinds[kind].name, 1);
        cr_assert(fut_test_said("b closes", "b ends"));
    }
}

/* ---- Through an async function ------------------------------------------------------------------- */

typedef struct holder {
    ASYNC_FRAME(holder, int, fut_test_event_t *event);
    fut_test_wait_t a;
    polite_t        b;
    FUT_GROUP(2) group;
} holder_t;
ASYNC(holder) {
    ASYNC_BEGIN();
    JOIN(self->group, (self->a, fut_test_wait, &self->event[0]),
         (self->b, polite, "b", &self->event[1], &self->event[2]));
    fut_test_say("not said");
    ASYNC_FINALLY();
    fut_test_say("holder ends");
    ASYNC_END();
}

Test(group, cancelling_a_function_ends_the_children_of_its_join_first) {
    fut_test_event_t event[3] = {{.value = 0}};
    holder_t         holder;

    START(holder, holder, event);
    cr_assert_eq(fut_test_run(&holder.future), FUT_PENDING);
    fut_cancel(&holder.future);
    cr_assert_null(event[0].waker.target);
    cr_assert_eq(fut_test_run(&holder.future), FUT_PENDING);
    cr_assert(fut_test_said("b closes"));
    fut_test_event_fire(&event[2], 0);
    cr_assert_eq(fut_test_run(&holder.future), FUT_READY);
    cr_assert(fut_test_said("b ends", "holder ends"));
    cr_assert_eq(holder.output, -ECANCELED);
}

Test(group, dropping_a_function_ends_the_children_of_its_join_first) {
    fut_test_event_t event[3] = {{.value = 0}};
    holder_t         holder;

    START(holder, holder, event);
    cr_assert_eq(fut_test_run(&holder.future), FUT_PENDING);
    fut_drop(&holder.future);
    cr_assert(fut_test_said("b closes", "b ends", "holder ends"));
    for (int i = 0; i < 3; i++) cr_assert_null(event[i].waker.target);
}

/* A group in a FINALLY that is cut. */
typedef struct cut {
    ASYNC_FRAME(cut, int, fut_test_event_t *event);
    fut_test_wait_t  a, b;
    fut_test_after_t now;
    FUT_GROUP(2) group;
} cut_t;
ASYNC(cut) {
    ASYNC_BEGIN();
    AWAIT(self->a, fut_test_wait, &self->event[0]);
    ASYNC_FINALLY();
    JOIN(self->group, (self->a, fut_test_wait, &self->event[0]), (self->b, fut_test_wait, &self->event[1]));
    fut_test_say("join %s", self->group.output == -ECANCELED ? "cut" : "done");
    SELECT(self->group, (self->a, fut_test_wait, &self->event[0]), (self->b, fut_test_wait, &self->event[1]));
    fut_test_say("select %s", self->group.output == -ECANCELED ? "cut" : "done");
    SELECT(self->group, (self->a, fut_test_wait, &self->event[0]), (self->now, fut_test_after, 0, 0));
    fut_test_say("select %s", WON(self->group, self->now) ? "done" : "cut");
    ASYNC_END();
}
Test(group, in_the_finally_of_a_drop_a_group_gets_one_poll) {
    fut_test_event_t event[2] = {{.value = 0}};
    cut_t            cut;

    START(cut, cut, event);
    cr_assert_eq(fut_test_run(&cut.future), FUT_PENDING);
    fut_drop(&cut.future);
    cr_assert(fut_test_said("join cut", "select cut", "select done"));
    for (int i = 0; i < 2; i++) cr_assert_null(event[i].waker.target);
}

/* ---- Nested ------------------------------------------------------------------------------------------ */

Test(group, a_group_is_a_child_like_any_other) {
    fut_test_event_t event[4] = {{.value = 0}};
    fut_test_wait_t  a, b, c;
    polite_t         d;
    FUT_GROUP(2) join, race, all;

    for (int drop = 0; drop < 2; drop++) {
        START(a, fut_test_wait, &event[0]);
        START(b, fut_test_wait, &event[1]);
        START(c, fut_test_wait, &event[2]);
        START(d, polite, "d", &event[3], &event[3]);
        START_JOIN(join, a, b);
        START_RACE(race, c, d);
        START_SELECT(all, join, race);
        cr_assert_eq(fut_test_run(&all.future), FUT_PENDING);
        fut_test_event_fire(&event[0], 1);
        cr_assert_eq(fut_test_run(&all.future), FUT_PENDING);
        if (drop) break;
        fut_test_event_fire(&event[1], 2);
        cr_assert_eq(fut_test_run(&all.future), FUT_PENDING, "the race ends: d says goodbye");
        cr_assert_null(event[2].waker.target);
        fut_test_event_fire(&event[3], 0);
        cr_assert_eq(fut_test_run(&all.future), FUT_READY);
        cr_assert(WON(all, join) && join.output == 0 && race.output == -ECANCELED);
        cr_assert(fut_test_said("d closes", "d ends"));
    }
    fut_drop(&all.future);
    for (int i = 0; i < 4; i++) cr_assert_null(event[i].waker.target);
    cr_assert(fut_is_done(&join.future) && fut_is_done(&race.future) && fut_is_done(&d.future));
    fut_test_hush();
}

/* ---- A stutter around each child, and around the group ------------------------------------------------- */

Test(group, spurious_polls_and_children_that_stutter_change_nothing) {
    fut_test_after_t   a, b;
    fut_test_stutter_t sa, sb, all;
    FUT_GROUP(2) group;

    for (unsigned times = 0; times < 4; times++) {
        START(a, fut_test_after, times, 1);
        START(b, fut_test_after, 2, 2);
        START(sa, fut_test_stutter, &a.future);
        START(sb, fut_test_stutter, &b.future);
        START_JOIN(group, sa, sb);
        START(all, fut_test_stutter, &group.future);
        cr_assert_eq(fut_test_run(&all.future), FUT_READY);
        cr_assert(a.output == 1 && b.output == 2 && group.output == 0);
    }
}

/* ---- On an executor, under a clock ---------------------------------------------------------------------- */

typedef struct world {
    fut_executor_t       executor;
    fut_virtual_clock_t *clock;
} world_t;
static void world_open(world_t *world) {
    world->clock = fut_virtual_clock_new();
    cr_assert_not_null(world->clock);
    cr_assert_eq(
        fut_executor_init(&world->executor,
                          &(fut_executor_options_t){.driver = fut_virtual_clock_driver(world->clock), .quiet = true}),
        0);
}
static void world_close(world_t *world) {
    fut_executor_destroy(&world->executor);
    fut_virtual_clock_free(world->clock);
}

typedef struct timed {
    ASYNC_FRAME(timed, int);
    fut_sleep_t   quick, slow;
    inner_t       child;
    fut_timeout_t limit;
    FUT_GROUP(2) group;
    fut_test_event_t event;
    fut_instant_t    start;
} timed_t;
ASYNC(timed) {
    ASYNC_BEGIN();
    self->start = fut_now(cx);
    SELECT(self->group, (self->slow, fut_sleep, FUT_S(9)), (self->quick, fut_sleep, FUT_S(2)));
    fut_test_say("quick %d", WON(self->group, self->quick));
    JOIN(self->group, (self->slow, fut_sleep, FUT_S(3)), (self->quick, fut_sleep, FUT_S(2)));
    self->event = (fut_test_event_t){.value = 0};
    TIMEOUT(self->limit, FUT_S(1), (self->child, inner, &self->event, 1));
    fut_test_say("limit %s", self->limit.output == -ETIMEDOUT ? "over" : "kept");
    START(self->quick, fut_sleep, FUT_S(1));
    TIMEOUT(self->limit, FUT_S(2), self->quick);
    fut_test_say("limit %s", self->limit.output == -ETIMEDOUT ? "over" : "kept");
    ASYNC_RETURN((int)((fut_now(cx) - self->start) / (uint64_t)FUT_S(1)));
    ASYNC_END();
}

Test(group, sleeps_overlap_and_a_timeout_is_one_line) {
    world_t world;
    timed_t timed;

    world_open(&world);
    START(timed, timed);
    cr_assert_eq(fut_block_on(&world.executor, &timed.future), 0);
    cr_assert_eq(timed.output, 2 + 3 + 1 + 1);
    cr_assert(fut_test_said("quick 1", "limit over", "limit kept"));
    cr_assert_null(timed.event.waker.target);
    world_close(&world);
}

/* Handles of tasks in a group; the one that loses is detached. */
typedef struct tasks {
    ASYNC_FRAME(tasks, int);
    struct timed_join one;
    fut_sleep_t       nap;
    FUT_GROUP(2) group;
} tasks_t;
ASYNC(tasks) {
    ASYNC_BEGIN();
    self->one = SPAWN(fut_executor_of(cx), timed);
    JOIN(self->group, self->one, (self->nap, fut_sleep, FUT_S(1)));
    fut_test_say("one %d", self->one.output);
    self->one = SPAWN(fut_executor_of(cx), timed);
    SELECT(self->group, self->one, (self->nap, fut_sleep, FUT_S(1)));
    ASYNC_RETURN(WON(self->group, self->nap));
    ASYNC_END();
}
Test(group, a_task_can_be_a_child) {
    world_t world;
    tasks_t tasks;

    world_open(&world);
    START(tasks, tasks);
    cr_assert_eq(fut_block_on(&world.executor, &tasks.future), 0);
    cr_assert_eq(tasks.output, 1);
    fut_test_hush();
    world_close(&world);
}

Test(group, a_group_that_was_started_can_be_blocked_on) {
    world_t          world;
    fut_sleep_t      a;
    fut_test_after_t b;
    FUT_GROUP(2) group;

    world_open(&world);
    START(a, fut_sleep, FUT_S(1));
    START(b, fut_test_after, 3, 7);
    START_JOIN(group, a, b);
    cr_assert_eq(fut_block_on(&world.executor, &group.future), 0);
    cr_assert(group.output == 0 && a.output == 0 && b.output == 7);
    world_close(&world);
}

/* ---- What a backtrace says --------------------------------------------------------------------------------- */

Test(group, a_group_names_a_child_that_it_waits_for) {
    story_t    story;
    fut_note_t note = {.child = NULL};

    story_begin(&story, 0);
    cr_assert_eq(fut_test_run(&story.group.future), FUT_PENDING);
    fut_test_event_fire(&story.event[0], 0);
    cr_assert_eq(fut_test_run(&story.group.future), FUT_PENDING);
    fut_group_vtable.describe(&story.group.future, &note);
    cr_assert_eq(note.child, &story.b.future);
    cr_assert_str_eq(note.text, "all, among them");
    fut_drop(&story.group.future);
    fut_test_hush();
}

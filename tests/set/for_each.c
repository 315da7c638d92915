/* for_each_concurrent: so many at once. */
#include "kit.h"

typedef struct job {
    fut_test_event_t event;
    fut_test_wait_t *slot;
} job_t;

typedef struct source {
    job_t jobs[10];
    int   begun, count, ended, running, most;
    int   fails_at; /* `next` fails at this job; 0: it does not */
} source_t;

static int next_job(void *data, fut_future_t *slot) {
    source_t *source = data;
    job_t    *job;
    if (source->fails_at && source->begun == source->fails_at) return -EIO;
    if (source->begun == source->count) return 0;
    job       = &source->jobs[source->begun++];
    job->slot = (fut_test_wait_t *)(void *)slot;
    START(*job->slot, fut_test_wait, &job->event);
    if (++source->running > source->most) source->most = source->running;
    return 1;
}

static void job_done(void *data, fut_future_t *slot) {
    source_t *source = data;
    cr_assert(fut_is_done(slot));
    source->running--;
    source->ended++;
}

typedef struct world {
    source_t                  source;
    fut_test_wait_t           slots[3];
    fut_for_each_concurrent_t each;
    fut_test_waker_t          woken;
} world_t;

static world_t world;

static void begin(int count) {
    memset(&world, 0, sizeof world);
    world.source.count = count;
    START(world.each, fut_for_each_concurrent, FUT_EACH(world.slots), next_job, job_done, &world.source);
}
static fut_poll_t poll_it(void) { return fut_test_poll(&world.each.future, &world.woken); }
static void       fire(int job, int value) { fut_test_event_fire(&world.source.jobs[job].event, value); }

Test(set, no_more_run_at_once_than_there_are_slots) {
    begin(10);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(poll_it(), PENDING);
        cr_assert_eq(world.source.begun, i + 3 < 10 ? i + 3 : 10);
        fire(i == 0 ? 1 : i == 1 ? 0 : i, 0);
    }
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.each.output, 0);
    cr_assert_eq(world.source.most, 3);
    cr_assert_eq(world.source.ended, 10);
}

Test(set, without_slots_it_says_so) {
    memset(&world, 0, sizeof world);
    START(world.each, fut_for_each_concurrent, FUT_EACH_OF(world.slots, 0), next_job, NULL, &world.source);
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.each.output, -EINVAL);
    cr_assert_eq(world.source.begun, 0);
}

Test(set, a_source_of_nothing_is_ready_at_once) {
    begin(0);
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.each.output, 0);
}

Test(set, a_source_of_less_than_the_slots_needs_no_more) {
    begin(2);
    cr_assert_eq(poll_it(), PENDING);
    fire(1, 0);
    cr_assert_eq(poll_it(), PENDING);
    fire(0, 0);
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.source.ended, 2);
}

Test(set, futures_that_are_ready_at_once_pass_through_in_one_poll) {
    begin(10);
    for (int i = 0; i < 10; i++) fire(i, 0);
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.source.ended, 10);
}

Test(set, an_error_of_a_future_ends_it_all) {
    begin(10);
    cr_assert_eq(poll_it(), PENDING);
    fire(1, -EPIPE);
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.each.output, -EPIPE);
    cr_assert_eq(world.source.begun, 3);
    cr_assert_eq(world.source.ended, 3);
    cr_assert_eq(world.source.jobs[0].event.drops, 1);
}

Test(set, an_error_of_the_source_ends_it_all) {
    begin(10);
    world.source.fails_at = 2;
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.each.output, -EIO);
    cr_assert_eq(world.source.ended, 2);
    begin(10);
    world.source.fails_at = 4;
    cr_assert_eq(poll_it(), PENDING);
    fire(0, 0);
    cr_assert_eq(poll_it(), PENDING);
    fire(1, 0);
    cr_assert_eq(poll_it(), READY);
    cr_assert_eq(world.each.output, -EIO);
    cr_assert_eq(world.source.ended, 4);
}

Test(set, for_each_may_be_dropped_or_cancelled_at_every_step) {
    for (int step = 0; step < 20; step++) {
        begin(10);
        for (int i = 0; i < step / 2; i++) {
            cr_assert_eq(poll_it(), PENDING);
            if (i > 0) fire(i - 1, 0);
        }
        if (step % 2)
            fut_drop(&world.each.future);
        else
            fut_cancel(&world.each.future);
        cr_assert_eq(poll_it(), READY);
        cr_assert_eq(world.each.output, -ECANCELED);
        for (int i = 0; i < world.source.begun; i++) {
            const job_t *job = &world.source.jobs[i];
            cr_assert(!job->event.waker.target, "nobody waits any more");
        }
        cr_assert_leq(world.source.begun, step / 2 + 3);
    }
}

/* ---- The slots' frames say goodbye ---------------------------------------------------------------------------- */

typedef struct polite_source {
    fut_test_event_t events[5], farewells[5];
    int              begun;
} polite_source_t;
static int next_polite(void *data, fut_future_t *slot) {
    polite_source_t *source = data;
    if (source->begun == 5) return 0;
    START(*(polite_t *)(void *)slot, polite, &source->events[source->begun], &source->farewells[source->begun], "it");
    source->begun++;
    return 1;
}

Test(set, cancelling_for_each_waits_for_the_farewells) {
    static polite_source_t    source;
    polite_t                  slots[2];
    fut_for_each_concurrent_t each;
    START(each, fut_for_each_concurrent, FUT_EACH(slots), next_polite, NULL, &source);
    cr_assert_eq(fut_test_run(&each.future), PENDING);
    fut_cancel(&each.future);
    cr_assert_eq(fut_test_run(&each.future), PENDING);
    cr_assert(fut_test_said("it closes", "it closes"));
    fut_test_event_fire(&source.farewells[1], 0);
    cr_assert_eq(fut_test_run(&each.future), PENDING);
    fut_test_event_fire(&source.farewells[0], 0);
    cr_assert_eq(fut_test_run(&each.future), READY);
    cr_assert(fut_test_said("it ends", "it ends"));
    cr_assert_eq(each.output, -ECANCELED);
    cr_assert_eq(source.begun, 2);
}

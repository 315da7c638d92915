/* Cancelled and dropped at each phase: nothing runs on in secret, nothing is lost, freed twice or leaked. */
#include "kit.h"

static fut_test_waker_t woken;

typedef enum { DROP, CANCEL } way_t;
static void stop(fut_future_t *future, way_t way) { way == DROP ? fut_drop(future) : fut_cancel(future); }

/* ---- Phase by phase ----------------------------------------------------------------------------------- */

static void in_the_queue(way_t way) {
    hold_t first, slot;
    gate_t gate, never;
    open_pool(1, 0);
    occupy(&first, &gate, &woken);
    gate_init(&never);
    ON(slot, hold, &never, 5);
    cr_pending(slot, woken);
    cr_assert_eq(counts().queued, 1);
    stop(&slot.future, way);
    cr_assert_eq(counts().queued, 0);
    cr_ready(slot, woken, -ECANCELED);
    cr_assert_eq(slot.blocking.status, -ECANCELED);
    fut_event_set(&gate.open);
    cr_wait(first, 7);
    close_pool();
    cr_assert_eq(LOAD(never.runs), 0);
    cr_assert_eq(woken.clones, woken.drops);
}
Test(blocking, a_job_that_is_dropped_in_the_queue_never_runs) { in_the_queue(DROP); }
Test(blocking, a_job_that_is_cancelled_in_the_queue_never_runs) { in_the_queue(CANCEL); }

static void in_the_line(way_t way) {
    hold_t first;
    add_t  second, slot;
    gate_t gate;
    open_pool(1, 1);
    occupy(&first, &gate, &woken);
    ON(second, add, 1, 2);
    cr_pending(second, woken);
    ON(slot, add, 3, 4);
    cr_pending(slot, woken);
    cr_assert_eq(counts().waiting, 1);
    stop(&slot.future, way);
    cr_ready(slot, woken, -ECANCELED);
    cr_assert_eq(counts().waiting, 0);
    fut_event_set(&gate.open);
    cr_wait(second, 3);
    cr_wait(first, 7);
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
}
Test(blocking, a_future_that_is_dropped_in_the_line_leaves_it) { in_the_line(DROP); }
Test(blocking, a_future_that_is_cancelled_in_the_line_leaves_it) { in_the_line(CANCEL); }

static void with_a_place(way_t way) {
    fut_test_waker_t other = {0};
    hold_t           first;
    add_t            second, slot, behind;
    gate_t           gate;
    open_pool(1, 1);
    occupy(&first, &gate, &woken);
    ON(second, add, 1, 2);
    cr_pending(second, woken);
    ON(slot, add, 3, 4);
    cr_pending(slot, woken);
    ON(behind, add, 5, 6);
    cr_pending(behind, other);
    fut_event_set(&gate.open);
    cr_wait(first, 7);
    cr_wait(second, 3); /* its place is free, and is given to slot */
    UNTIL(counts().waiting == 1);
    cr_assert_eq(LOAD(other.wakes), 0);
    stop(&slot.future, way); /* which hands it on */
    cr_assert_eq(slot.output, -ECANCELED);
    cr_assert_eq(LOAD(other.wakes), 1);
    cr_assert_eq(counts().waiting, 0);
    cr_wait(behind, 11);
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
    cr_assert_eq(other.clones, other.drops);
}
Test(blocking, a_place_that_was_given_to_a_dropped_future_goes_to_the_next) { with_a_place(DROP); }
Test(blocking, a_place_that_was_given_to_a_cancelled_future_goes_to_the_next) { with_a_place(CANCEL); }

Test(blocking, a_job_that_is_dropped_while_it_runs_goes_on_with_memory_of_its_own) {
    hold_t *slot = malloc(sizeof *slot);
    gate_t  gate;
    open_pool(1, 0);
    occupy(slot, &gate, &woken);
    fut_drop(&slot->future);
    cr_assert_eq(slot->output, -ECANCELED);
    memset(slot, 0xdd, sizeof *slot); /* as the frame's next tenant would */
    free(slot);
    cr_assert_eq(counts().running, 1);
    fut_event_set(&gate.open);
    close_pool();
    cr_assert_eq(LOAD(gate.stops), 1); /* it was told */
    cr_assert_eq(LOAD(woken.wakes), 0);
    cr_assert_eq(woken.clones, woken.drops);
}

Test(blocking, a_job_that_is_cancelled_while_it_runs_is_waited_for) {
    hold_t slot;
    gate_t gate;
    open_pool(1, 0);
    occupy(&slot, &gate, &woken);
    fut_cancel(&slot.future);
    cr_pending(slot, woken);
    fut_cancel(&slot.future); /* once more: nothing changes */
    cr_pending(slot, woken);
    fut_event_set(&gate.open);
    UNTIL(LOAD(woken.drops));
    cr_ready(slot, woken, -7); /* its own output, in which it says that it was told */
    cr_assert_eq(slot.blocking.status, 0);
    close_pool();
}

Test(blocking, a_job_that_is_cancelled_may_still_be_dropped) {
    hold_t slot;
    gate_t gate;
    open_pool(1, 0);
    occupy(&slot, &gate, &woken);
    fut_cancel(&slot.future);
    fut_drop(&slot.future);
    cr_assert_eq(slot.output, -ECANCELED);
    fut_event_set(&gate.open);
    close_pool();
    cr_assert_eq(woken.clones, woken.drops);
}

static void open_and_let_end(hold_t *slot, gate_t *gate) {
    open_pool(1, 0);
    occupy(slot, gate, &woken);
    fut_event_set(&gate->open);
    UNTIL(LOAD(woken.drops));
}
Test(blocking, the_output_of_a_job_that_is_done_survives_a_cancellation) {
    hold_t slot;
    gate_t gate;
    open_and_let_end(&slot, &gate);
    fut_cancel(&slot.future);
    cr_ready(slot, woken, 7);
    close_pool();
}
Test(blocking, the_output_of_a_job_that_is_done_goes_when_it_is_dropped) {
    hold_t slot;
    gate_t gate;
    open_and_let_end(&slot, &gate);
    fut_drop(&slot.future);
    cr_ready(slot, woken, -ECANCELED);
    cr_assert_eq(counts().discarded, 1);
    close_pool();
}

/* ---- discard -------------------------------------------------------------------------------------------- */

static int  closed; /* atomic: the sum of all that was discarded */
static void close_it(int number) { ADD(closed, number); }
typedef struct get {
    JOB_FRAME(get, int, gate_t *gate; int number);
} get_t;
JOB_DISCARDING(get, close_it) {
    fut_event_set(&args->gate->entered);
    (void)!fut_event_wait_blocking(&args->gate->open);
    return args->number;
}

Test(blocking, an_output_that_nobody_takes_is_handed_to_discard_once) {
    gate_t gate;
    get_t  slot;
    gate_init(&gate);
    open_pool(1, 0);

    ON(slot, get, &gate, 1); /* dropped in the queue: there is no output */
    cr_pending(slot, woken);
    cr_assert_eq(fut_event_wait_blocking(&gate.entered), 0);
    {
        get_t queued;
        ON(queued, get, &gate, 10);
        cr_pending(queued, woken);
        fut_drop(&queued.future);
    }
    fut_drop(&slot.future); /* dropped while it runs */
    fut_event_set(&gate.open);
    UNTIL(LOAD(closed) == 1);

    fut_event_reset(&gate.open);
    ON(slot, get, &gate, 100); /* dropped when it is done */
    cr_pending(slot, woken);
    fut_event_set(&gate.open);
    UNTIL(counts().ended == 2);
    fut_drop(&slot.future);
    cr_assert_eq(LOAD(closed), 101);

    ON(slot, get, &gate, 1000); /* taken */
    cr_wait(slot, 1000);
    close_pool();
    cr_assert_eq(LOAD(closed), 101);
    cr_assert_eq(woken.clones, woken.drops);
}

/* ---- In an async function --------------------------------------------------------------------------------- */

typedef struct owner {
    ASYNC_FRAME(owner, int, gate_t *gate; bool begin_late);
    hold_t hold;
    add_t  late;
} owner_t;
ASYNC(owner) {
    ASYNC_BEGIN();
    BLOCKING_ON(&pool, self->hold, hold, self->gate, 5);
    ASYNC_RETURN(self->hold.output);
    ASYNC_FINALLY();
    fut_test_say("job %d", self->hold.output);
    if (self->begin_late) {
        BLOCKING_ON(&pool, self->late, add, 1, 2);
        fut_test_say("late %d", self->late.output);
    }
    ASYNC_END();
}

Test(blocking, a_graceful_end_waits_for_the_job_before_finally) {
    owner_t owner;
    gate_t  gate;
    gate_init(&gate);
    open_pool(1, 0);
    START(owner, owner, &gate, true);
    cr_pending(owner, woken);
    cr_assert_eq(fut_event_wait_blocking(&gate.entered), 0);
    fut_cancel(&owner.future);
    cr_pending(owner, woken);
    cr_assert(fut_test_said(NULL));
    fut_event_set(&gate.open);
    cr_wait(owner, -ECANCELED);
    cr_assert(fut_test_said("job -5", "late 3"));
    close_pool();
}
Test(blocking, a_hard_end_does_not_wait_and_begins_nothing_in_finally) {
    owner_t owner;
    gate_t  gate;
    gate_init(&gate);
    open_pool(1, 0);
    START(owner, owner, &gate, true);
    cr_pending(owner, woken);
    cr_assert_eq(fut_event_wait_blocking(&gate.entered), 0);
    fut_drop(&owner.future);
    cr_assert(fut_test_said("job -125", "late -125"));
    cr_assert_eq(counts().queued, 0);
    fut_event_set(&gate.open);
    close_pool();
}

Test(blocking, what_cancelling_loses_is_said_as_data) { cr_assert_eq(add_vtable.loses, FUT_LOSES_BYTES); }

Test(blocking, a_backtrace_says_what_the_future_waits_for) {
    fut_note_t note = {0};
    hold_t     first;
    add_t      second, third;
    gate_t     gate;
    open_pool(1, 1);
    occupy(&first, &gate, &woken);
    ON(second, add, 1, 2);
    ON(third, add, 1, 2);
    cr_pending(second, woken);
    cr_pending(third, woken);
    first.future.vtable->describe(&first.future, &note);
    cr_assert_str_eq(note.text, "a job that runs");
    second.future.vtable->describe(&second.future, &note);
    cr_assert_str_eq(note.text, "a thread of a pool");
    third.future.vtable->describe(&third.future, &note);
    cr_assert_str_eq(note.text, "room in the queue of a pool");
    fut_drop(&third.future);
    fut_drop(&second.future);
    fut_event_set(&gate.open);
    cr_wait(first, 7);
    close_pool();
}

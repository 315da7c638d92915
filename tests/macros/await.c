/* AWAIT in every form, and wherever a statement may stand. Each function says a word between its awaits; the event stands
 * for "something happened outside". */
#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

/* Runs the future and fires the event each time it is stuck; how often it was. */
static int run_to_the_end(fut_future_t *future, fut_test_event_t *event) {
    int stuck = 0;
    while (fut_test_run(future) == FUT_PENDING) {
        cr_assert_not_null(event->waker.target, "pending, and waits for nothing");
        fut_test_event_fire(event, ++stuck);
    }
    return stuck;
}

/* ---- The forms ---------------------------------------------------------------------------------- */

typedef struct tick {
    ASYNC_FRAME(tick, int);
} tick_t;
ASYNC(tick) {
    ASYNC_BEGIN();
    YIELD();
    ASYNC_RETURN(1);
    ASYNC_END();
}

typedef struct add {
    ASYNC_FRAME(add, int, int a; int b);
    tick_t tick;
} add_t;
ASYNC(add) {
    ASYNC_BEGIN();
    AWAIT(self->tick, tick);
    ASYNC_RETURN(self->a + self->b);
    ASYNC_END();
}

typedef struct forms {
    ASYNC_FRAME(forms, int);
    tick_t tick;
    add_t  add, started;
    int    sum;
} forms_t;
ASYNC(forms) {
    ASYNC_BEGIN();
    AWAIT(self->tick, tick);
    self->sum = self->tick.output;
    AWAIT(self->add, add, 10, 20);
    self->sum += self->add.output;
    AWAIT(self->add, add, .b = 100);
    self->sum += self->add.output;
    START(self->started, add, 1000, 0);
    AWAIT(self->started);
    self->sum += self->started.output;
    AWAIT(self->started); /* completed: ready at once, its output is still there */
    self->sum += self->started.output;
    ASYNC_RETURN(self->sum);
    ASYNC_END();
}

Test(macros, a_child_is_awaited_with_no_argument_with_some_with_named_ones_or_already_started) {
    fut_test_waker_t counter = {0};
    forms_t          forms;

    START(forms, forms);
    for (int yields = 0; yields < 4; yields++) cr_assert_eq(fut_test_poll(&forms.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&forms.future, &counter), FUT_READY);
    cr_assert_eq(forms.output, 1 + 30 + 100 + 1000 + 1000);
    cr_assert_eq(counter.wakes, 4);
}

typedef struct starts {
    ASYNC_FRAME(starts, int, fut_test_event_t *a; fut_test_event_t *b);
    fut_test_wait_t first, second;
} starts_t;
ASYNC(starts) {
    ASYNC_BEGIN();
    START(self->first, fut_test_wait, self->a);
    START(self->second, fut_test_wait, self->b);
    YIELD();
    AWAIT(self->second);
    AWAIT(self->first);
    ASYNC_RETURN(10 * self->first.output + self->second.output);
    ASYNC_END();
}

Test(macros, start_runs_nothing_before_the_slot_is_awaited) {
    fut_test_event_t a = {0}, b = {0};
    fut_test_waker_t counter = {0};
    starts_t         starts;

    START(starts, starts, &a, &b);
    cr_assert_eq(fut_test_poll(&starts.future, &counter), FUT_PENDING);
    cr_assert(a.polls == 0 && b.polls == 0);
    cr_assert_eq(fut_test_poll(&starts.future, &counter), FUT_PENDING);
    cr_assert(a.polls == 0 && b.polls == 1);
    fut_test_event_fire(&b, 2);
    cr_assert_eq(fut_test_poll(&starts.future, &counter), FUT_PENDING);
    cr_assert(a.polls == 1 && b.polls == 2);
    fut_test_event_fire(&a, 1);
    cr_assert_eq(fut_test_poll(&starts.future, &counter), FUT_READY);
    cr_assert_eq(starts.output, 12);
}

typedef struct passes_through {
    ASYNC_FRAME(passes_through, int);
    fut_test_after_t after;
} passes_through_t;
ASYNC(passes_through) {
    ASYNC_BEGIN();
    AWAIT(self->after, fut_test_after, 0, 1);
    AWAIT(self->after, fut_test_after, 0, self->after.output + 1);
    AWAIT(self->after, fut_test_after, 0, self->after.output + 1);
    ASYNC_RETURN(self->after.output);
    ASYNC_END();
}

Test(macros, a_child_that_is_ready_at_once_costs_no_suspension) {
    fut_test_waker_t counter = {0};
    passes_through_t future;

    START(future, passes_through);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(future.output, 3);
    cr_assert_eq(counter.wakes, 0);
}

/* The slot holds garbage, and what ran in it never had to suspend. */
typedef struct awaits_again {
    ASYNC_FRAME(awaits_again, int);
    passes_through_t child;
    fut_test_after_t after;
} awaits_again_t;
ASYNC(awaits_again) {
    ASYNC_BEGIN();
    memset(&self->child, 0xa5, sizeof self->child);
    AWAIT(self->child, passes_through);
    AWAIT(self->child);
    fut_drop(&self->child.future);
    fut_cancel(&self->child.future);
    AWAIT_TRY(self->child);
    memset(&self->after, 0xa5, sizeof self->after);
    AWAIT(self->after, fut_test_after, 0, 4);
    AWAIT(self->after);
    fut_drop(&self->after.future);
    ASYNC_RETURN(self->child.output + self->after.output);
    ASYNC_END();
}

Test(macros, a_child_that_was_ready_at_once_can_be_awaited_again_and_dropped) {
    fut_test_waker_t counter = {0};
    awaits_again_t   future;

    START(future, awaits_again);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_READY);
    cr_assert_eq(future.output, 7);
}

typedef struct yields {
    ASYNC_FRAME(yields, void);
} yields_t;
ASYNC(yields) {
    ASYNC_BEGIN();
    fut_test_say("one");
    YIELD();
    fut_test_say("two");
    YIELD();
    fut_test_say("three");
    ASYNC_END();
}

Test(macros, yield_is_pending_once_and_has_woken_itself) {
    fut_test_waker_t counter = {.word = "wake"};
    yields_t         yields;

    START(yields, yields);
    cr_assert_eq(fut_test_poll(&yields.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&yields.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_test_poll(&yields.future, &counter), FUT_READY);
    cr_assert(fut_test_said("one", "wake", "two", "wake", "three"));
}

/* ---- Where a statement may stand ------------------------------------------------------------------ */

typedef struct branches {
    ASYNC_FRAME(branches, int, fut_test_event_t *event; bool yes);
    fut_test_wait_t wait;
} branches_t;
ASYNC(branches) {
    ASYNC_BEGIN();
    if (self->yes) AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("bare if");
    if (!self->yes)
        AWAIT(self->wait, fut_test_wait, self->event);
    else
        fut_test_say("else");
    if (self->yes)
        fut_test_say("then");
    else
        AWAIT(self->wait, fut_test_wait, self->event);
    if (self->yes)
        AWAIT(self->wait, fut_test_wait, self->event);
    else if (self->event)
        YIELD();
    else
        AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("end");
    ASYNC_END();
}

Test(macros, an_await_is_one_statement_also_after_a_bare_if_and_else) {
    fut_test_event_t event = {0};
    branches_t       branches;

    START(branches, branches, &event, true);
    cr_assert_eq(run_to_the_end(&branches.future, &event), 2);
    cr_assert(fut_test_said("bare if", "else", "then", "end"));
    START(branches, branches, &event, false);
    cr_assert_eq(run_to_the_end(&branches.future, &event), 2);
    cr_assert(fut_test_said("bare if", "end"));
}

typedef struct one_line {
    ASYNC_FRAME(one_line, int, fut_test_event_t *event);
    fut_test_wait_t a, b, c;
} one_line_t;
/* clang-format off */
ASYNC(one_line) {
    ASYNC_BEGIN();
    AWAIT(self->a, fut_test_wait, self->event); AWAIT(self->b, fut_test_wait, self->event); YIELD(); YIELD(); AWAIT(self->c, fut_test_wait, self->event);
    ASYNC_RETURN(100 * self->a.output + 10 * self->b.output + self->c.output);
    ASYNC_END();
}
/* clang-format on */

Test(macros, several_awaits_may_stand_on_one_line) {
    fut_test_event_t event = {0};
    one_line_t       one_line;

    START(one_line, one_line, &event);
    cr_assert_eq(run_to_the_end(&one_line.future, &event), 3);
    cr_assert_eq(one_line.output, 123);
}

typedef struct loops {
    ASYNC_FRAME(loops, int, fut_test_event_t *event);
    fut_test_wait_t wait;
    int             i, j, sum;
} loops_t;
ASYNC(loops) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 3; self->i++) AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("for");
    self->i = 2;
    while (self->i-- > 0) AWAIT(self->wait, fut_test_wait, self->event);
    fut_test_say("while");
    do AWAIT(self->wait, fut_test_wait, self->event);
    while (++self->i < 2);
    fut_test_say("do");
    for (self->i = 0;; self->i++) {
        if (self->i == 1) continue;
        if (self->i == 4) break;
        for (self->j = 0; self->j < self->i; self->j++) {
            AWAIT(self->wait, fut_test_wait, self->event);
            if (self->j == 1) break;
            YIELD();
        }
        AWAIT(self->wait, fut_test_wait, self->event);
        self->sum += self->wait.output;
    }
    fut_test_say("nested, break and continue");
    ASYNC_END();
}

Test(macros, awaits_work_in_loops_of_all_kinds_with_break_and_continue) {
    fut_test_event_t event = {0};
    loops_t          loops;

    loops.sum = 0;
    START(loops, loops, &event);
    /* for 3, while 2, do 3; then i = 0: 1, i = 2: 2 + 1, i = 3: 2 + 1 */
    cr_assert_eq(run_to_the_end(&loops.future, &event), 3 + 2 + 3 + 1 + 3 + 3);
    cr_assert_eq(loops.sum, 9 + 12 + 15);
    cr_assert(fut_test_said("for", "while", "do", "nested, break and continue"));
}

typedef struct jumps {
    ASYNC_FRAME(jumps, int, fut_test_event_t *event);
    fut_test_wait_t wait;
    int             rounds;
} jumps_t;
ASYNC(jumps) {
    ASYNC_BEGIN();
    self->rounds = 0;
again:
    AWAIT(self->wait, fut_test_wait, self->event);
    if (++self->rounds < 3) goto again;
    ASYNC_RETURN(self->rounds);
    ASYNC_END();
}

Test(macros, goto_may_lead_across_an_await) {
    fut_test_event_t event = {0};
    jumps_t          jumps;

    START(jumps, jumps, &event);
    cr_assert_eq(run_to_the_end(&jumps.future, &event), 3);
    cr_assert_eq(jumps.output, 3);
}

typedef struct locals {
    ASYNC_FRAME(locals, int, fut_test_event_t *event);
    fut_test_wait_t wait;
    int             sum;
} locals_t;
ASYNC(locals) {
    ASYNC_BEGIN();
    {
        const int before = 5;
        self->sum        = before;
    }
    AWAIT(self->wait, fut_test_wait, self->event);
    for (int i = 0; i < 3; i++) self->sum += i;
    AWAIT(self->wait, fut_test_wait, self->event);
    const int last = self->sum; /* nothing is awaited after it */
    ASYNC_RETURN(last);
    ASYNC_FINALLY();
    int after = 1;
    self->output += after;
    ASYNC_END();
}

Test(macros, locals_between_two_awaits_are_as_free_as_ever) {
    fut_test_event_t event = {0};
    locals_t         locals;

    START(locals, locals, &event);
    run_to_the_end(&locals.future, &event);
    cr_assert_eq(locals.output, 9);
}

/* A switch of the user's is fine as long as nothing in it waits. */
typedef struct switches {
    ASYNC_FRAME(switches, int, int which);
    fut_test_after_t after;
    int              times;
} switches_t;
ASYNC(switches) {
    ASYNC_BEGIN();
    switch (self->which) {
        case 0: self->times = 3; break;
        case 1: self->times = 2; break;
        case 2: ASYNC_RETURN(7);
        default: self->times = 0; break;
    }
    AWAIT(self->after, fut_test_after, (unsigned)self->times, self->times);
    ASYNC_RETURN(self->after.output);
    ASYNC_END();
}

Test(macros, a_switch_without_an_await_may_stand_in_an_async_function) {
    const int expected[] = {3, 2, 7, 0};
    for (int which = 0; which < 4; which++) {
        switches_t switches;
        START(switches, switches, which);
        cr_assert_eq(fut_test_run(&switches.future), FUT_READY);
        cr_assert_eq(switches.output, expected[which]);
    }
}

#if defined(FUT_COMPUTED_GOTO)
typedef struct awaits_in_a_switch {
    ASYNC_FRAME(awaits_in_a_switch, int, fut_test_event_t *event; int which);
    fut_test_wait_t wait;
} awaits_in_a_switch_t;
ASYNC(awaits_in_a_switch) {
    ASYNC_BEGIN();
    switch (self->which) {
        case 0:
            AWAIT(self->wait, fut_test_wait, self->event);
            fut_test_say("zero");
            break;
        case 1: AWAIT(self->wait, fut_test_wait, self->event); /* fall through */
        case 2:
            YIELD();
            fut_test_say("one or two");
            break;
        default: ASYNC_RETURN(9);
    }
    AWAIT(self->wait, fut_test_wait, self->event);
    ASYNC_RETURN(self->which);
    ASYNC_END();
}

Test(macros, with_labels_as_values_an_await_may_stand_inside_a_switch) {
    const int        stuck[] = {2, 2, 1, 0};
    fut_test_event_t event   = {0};
    for (int which = 0; which < 4; which++) {
        awaits_in_a_switch_t future;
        START(future, awaits_in_a_switch, &event, which);
        cr_assert_eq(run_to_the_end(&future.future, &event), stuck[which]);
        cr_assert_eq(future.output, which < 3 ? which : 9);
    }
    cr_assert(fut_test_said("zero", "one or two", "one or two"));
}
#endif

/* The slot is an expression like any other. */
typedef struct slots {
    ASYNC_FRAME(slots, int, fut_test_event_t *event; fut_test_wait_t *elsewhere);
    fut_test_wait_t many[3];
    int             i, sum;
} slots_t;
ASYNC(slots) {
    ASYNC_BEGIN();
    for (self->i = self->sum = 0; self->i < 3; self->i++) {
        AWAIT(self->many[self->i], fut_test_wait, self->event);
        self->sum += self->many[self->i].output;
    }
    AWAIT(*self->elsewhere, fut_test_wait, self->event);
    AWAIT(self->elsewhere[0], fut_test_wait, self->event);
    AWAIT((self->many[1]), fut_test_wait, self->event);
    ASYNC_RETURN(self->sum + self->elsewhere->output + self->many[1].output);
    ASYNC_END();
}

Test(macros, a_slot_may_be_an_element_of_an_array_or_lie_elsewhere) {
    fut_test_event_t event = {0};
    fut_test_wait_t  elsewhere;
    slots_t          slots;

    START(slots, slots, &event, &elsewhere);
    cr_assert_eq(run_to_the_end(&slots.future, &event), 6);
    cr_assert_eq(slots.output, (1 + 2 + 3) + 5 + 6);
}

typedef struct knows_its_line {
    ASYNC_FRAME(knows_its_line, int, fut_test_event_t *event);
    fut_test_wait_t wait;
} knows_its_line_t;
static const unsigned knows_its_line_begins = __LINE__;
ASYNC(knows_its_line) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_test_wait, self->event);
    YIELD();
    ASYNC_END();
}

Test(macros, a_suspended_frame_knows_its_line_and_what_it_awaits) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    knows_its_line_t future;

    START(future, knows_its_line, &event);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_line(&future.future), knows_its_line_begins + 3);
    cr_assert_eq(future.frame.awaiting, &future.wait.future);
    fut_test_event_fire(&event, 0);
    cr_assert_eq(fut_test_poll(&future.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_line(&future.future), knows_its_line_begins + 4);
    cr_assert_null(future.frame.awaiting);
    fut_drop(&future.future);
}

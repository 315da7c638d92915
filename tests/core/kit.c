/* The test kit itself: a fake that lies makes every test above it worthless. */
#include <errno.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

#include "future.h"
#include "future/test.h"

Test(core, words_are_compared_as_a_whole_list_and_then_forgotten) {
    fut_test_say("one");
    fut_test_say("poll %s %d", "b", 2);
    cr_assert(fut_test_said("one", "poll b 2"));
    cr_assert(fut_test_said(NULL), "the comparison forgot them");
}

Test(core, a_word_which_is_missing_or_extra_or_different_or_out_of_place_is_a_difference, .init = cr_redirect_stderr) {
    fut_test_say("a");
    fut_test_say("b");
    cr_assert_not(fut_test_said("a"), "one extra at the end");
    fut_test_say("a");
    cr_assert_not(fut_test_said("a", "b"), "one missing at the end");
    fut_test_say("a");
    fut_test_say("b");
    cr_assert_not(fut_test_said("b", "a"), "out of place");
    fut_test_say("a");
    cr_assert_not(fut_test_said(NULL), "said, although nothing was expected");
    cr_assert_not(fut_test_said("a"), "expected, although nothing was said");
}

Test(core, words_that_did_not_fit_are_a_difference, .init = cr_redirect_stderr) {
    for (int i = 0; i < 10000; i++) fut_test_say("a rather long word");
    cr_assert_lt(fut_test_words.count, 10000);
    const unsigned     kept = fut_test_words.count;
    static const char *all[10001];
    for (unsigned i = 0; i < kept; i++) all[i] = "a rather long word";
    cr_assert_not(fut_test_said_these(all));
    fut_test_say("short again");
    cr_assert(fut_test_said("short again"));
}

static void note_it(void *argument) { ++*(int *)argument; }

Test(core, the_alarm_goes_off_when_it_is_woken_and_only_then) {
    fut_test_alarm_t alarm;
    int              rang  = 0;
    fut_waker_t      waker = fut_test_alarm(&alarm, note_it, &rang);

    cr_assert_eq(rang, 0);
    fut_wake(waker);
    fut_wake_from_interrupt(waker);
    cr_assert_eq(rang, 2);
}

Test(core, a_counting_waker_says_its_word) {
    fut_test_waker_t counter = {.word = "wake"};

    fut_wake(fut_test_waker(&counter));
    fut_wake_from_interrupt(fut_test_waker(&counter));
    cr_assert(fut_test_said("wake", "wake"));
    cr_assert_eq(counter.wakes, 2);
    cr_assert_eq(counter.interrupts, 1);
}

Test(core, one_fire_completes_one_wait) {
    fut_test_waker_t counter = {0};
    fut_test_event_t event   = {0};
    fut_test_wait_t  wait;

    fut_test_event_fire(&event, 1);
    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_READY);
    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_poll(&wait.future, &counter), FUT_PENDING);
    fut_drop(&wait.future);
    cr_assert_eq(event.drops, 1);
}

Test(core, after_is_pending_as_often_as_it_was_told_and_wakes_each_time) {
    fut_test_waker_t counter = {0};
    fut_test_after_t after;

    START(after, fut_test_after, 3, 30);
    for (unsigned i = 1; i <= 3; i++) {
        cr_assert_eq(fut_test_poll(&after.future, &counter), FUT_PENDING);
        cr_assert_eq(counter.wakes, i);
    }
    cr_assert_eq(fut_test_poll(&after.future, &counter), FUT_READY);
    cr_assert_eq(counter.wakes, 3);
    cr_assert_eq(after.output, 30);
}

Test(core, never_is_never_ready_and_counts_its_drops) {
    fut_test_waker_t counter = {0};
    unsigned         drops   = 0;
    fut_test_never_t never;

    START(never, fut_test_never, &drops);
    for (int i = 0; i < 10; i++) cr_assert_eq(fut_test_poll(&never.future, &counter), FUT_PENDING);
    cr_assert_eq(counter.wakes, 0);
    fut_drop(&never.future);
    fut_drop(&never.future);
    cr_assert_eq(drops, 1);

    START(never, fut_test_never); /* nobody counts */
    fut_drop(&never.future);
    cr_assert_eq(drops, 1);
}

Test(core, a_stutter_is_pending_every_other_time_and_polls_its_child_in_between) {
    fut_test_waker_t   counter = {0};
    fut_test_event_t   event   = {0};
    fut_test_wait_t    child;
    fut_test_stutter_t stutter;

    START(child, fut_test_wait, &event);
    START(stutter, fut_test_stutter, &child.future);
    cr_assert_eq(fut_test_poll(&stutter.future, &counter), FUT_PENDING);
    cr_assert(event.polls == 0 && counter.wakes == 1); /* swallowed: wakes itself      */
    cr_assert_eq(fut_test_poll(&stutter.future, &counter), FUT_PENDING);
    cr_assert(event.polls == 1 && counter.wakes == 1); /* the child is pending         */
    fut_test_event_fire(&event, 8);
    cr_assert_eq(fut_test_poll(&stutter.future, &counter), FUT_PENDING);
    cr_assert(event.polls == 1 && counter.wakes == 3); /* the event's wake and its own */
    cr_assert_eq(fut_test_poll(&stutter.future, &counter), FUT_READY);
    cr_assert_eq(child.output, 8);
    cr_assert_eq(fut_test_poll(&stutter.future, &counter), FUT_READY);
}

Test(core, a_stutter_passes_drop_and_cancel_on) {
    fut_test_event_t   event = {0};
    fut_test_linger_t  child;
    fut_test_stutter_t stutter;

    START(child, fut_test_linger, &event);
    START(stutter, fut_test_stutter, &child.future);
    cr_assert_eq(fut_test_run(&stutter.future), FUT_PENDING);
    fut_cancel(&stutter.future);
    cr_assert_eq(event.cancels, 1);
    cr_assert_eq(fut_test_run(&stutter.future), FUT_PENDING);
    fut_drop(&stutter.future);
    cr_assert_eq(event.drops, 1);
    cr_assert_eq(child.output, -ECANCELED);
}

Test(core, run_stops_where_nobody_woke) {
    fut_test_event_t event = {0};
    fut_test_wait_t  wait;
    fut_test_after_t after;

    START(after, fut_test_after, 50, 1);
    cr_assert_eq(fut_test_run(&after.future), FUT_READY);
    START(wait, fut_test_wait, &event);
    cr_assert_eq(fut_test_run(&wait.future), FUT_PENDING);
    cr_assert_eq(event.polls, 1);
    fut_test_event_fire(&event, 2); /* the waker of a run that has ended is still there */
    cr_assert_eq(fut_test_run(&wait.future), FUT_READY);
}

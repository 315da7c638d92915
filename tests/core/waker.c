/* Wakers are plain values. What tasks do with them is tested with the tasks. */
#include <pthread.h>

#include <criterion/criterion.h>

#include "future.h"
#include "future/test.h"

Test(core, a_copy_of_a_waker_wakes_the_same_task_and_the_original_still_does) {
    fut_test_waker_t counter = {0};
    fut_waker_t      waker   = fut_test_waker(&counter);
    fut_waker_t      copy    = waker;
    fut_waker_t      copies[3];

    for (int i = 0; i < 3; i++) copies[i] = copy;
    fut_wake(copy);
    fut_wake(waker);
    for (int i = 0; i < 3; i++) fut_wake(copies[i]);
    cr_assert_eq(counter.wakes, 5);
}

Test(core, waking_a_waker_of_nobody_does_nothing) {
    fut_waker_t nobody = {NULL, 0};

    fut_wake(nobody);
    fut_wake_from_interrupt(nobody);
    nobody = fut_waker_clone(nobody);
    fut_waker_drop(nobody);
    cr_assert_null(nobody.target);
}

Test(core, the_tag_reaches_whoever_is_woken) {
    fut_test_waker_t counter = {0};
    fut_waker_t      waker   = fut_test_waker(&counter);

    waker.tag = 0xdeadbeefu;
    fut_wake(waker);
    cr_assert_eq(counter.tag, 0xdeadbeefu);
    waker.tag = 7;
    fut_wake_from_interrupt(waker);
    cr_assert_eq(counter.tag, 7);
}

Test(core, a_wake_from_an_interrupt_takes_its_own_path) {
    fut_test_waker_t counter = {0};

    fut_wake_from_interrupt(fut_test_waker(&counter));
    cr_assert_eq(counter.interrupts, 1);
    fut_wake(fut_test_waker(&counter));
    cr_assert_eq(counter.interrupts, 1);
    cr_assert_eq(counter.wakes, 2);
}

Test(core, clone_and_drop_reach_an_executor_that_counts) {
    fut_test_waker_t counter = {0};
    fut_waker_t      waker   = fut_test_waker(&counter);
    fut_waker_t      clone   = fut_waker_clone(waker);

    cr_assert(fut_waker_same(clone, waker));
    cr_assert_eq(counter.clones, 1);
    cr_assert_eq(counter.drops, 0);
    fut_waker_drop(clone);
    cr_assert_eq(counter.drops, 1);
    cr_assert_eq(counter.wakes, 0);
}

static void never_called(void *argument) { *(bool *)argument = true; }

Test(core, clone_and_drop_are_optional) {
    fut_test_alarm_t alarm;
    bool             rang  = false;
    fut_waker_t      plain = fut_test_alarm(&alarm, never_called, &rang);

    cr_assert_null(alarm.vtable->clone);
    cr_assert_null(alarm.vtable->drop);
    cr_assert(fut_waker_same(fut_waker_clone(plain), plain));
    fut_waker_drop(plain);
    cr_assert_not(rang, "neither of them wakes");
}

Test(core, wakers_are_the_same_if_they_wake_the_same_task) {
    fut_test_waker_t a = {0}, b = {0};
    fut_waker_t      later = fut_test_waker(&a);

    cr_assert(fut_waker_same(fut_test_waker(&a), fut_test_waker(&a)));
    cr_assert_not(fut_waker_same(fut_test_waker(&a), fut_test_waker(&b)));
    later.tag++;
    cr_assert_not(fut_waker_same(fut_test_waker(&a), later), "another tenant of the same target");
}

static void *wake_a_thousand_times(void *waker) {
    for (int i = 0; i < 1000; i++) fut_wake(*(fut_waker_t *)waker);
    return NULL;
}

Test(core, any_thread_may_wake) {
    fut_test_waker_t counter = {0};
    fut_waker_t      waker   = fut_test_waker(&counter);
    pthread_t        threads[4];

    for (int i = 0; i < 4; i++) cr_assert_eq(pthread_create(&threads[i], NULL, wake_a_thousand_times, &waker), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    cr_assert_eq(counter.wakes, 4000);
}

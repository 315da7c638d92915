/* What is ready and on no queue: in which order it comes, and that nothing is lost. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "../../src/runtime/surplus.h"

enum { TASKS = 4 * FUT__BATCH };
static fut_task_t     tasks[TASKS];
static fut__surplus_t surplus;
static fut_task_t    *taken[FUT__BATCH];
static fut__batch_t  *empty;

static long number_of(const fut_task_t *task) { return task - tasks; }

/* The tasks from `first` on. Batches are given back by fut__surplus_end, so by free. */
static void put(long first) {
    fut__batch_t *batch = malloc(sizeof *batch);
    cr_assert_not_null(batch);
    for (long i = 0; i < FUT__BATCH; i++) batch->tasks[i] = &tasks[first + i];
    fut__surplus_put(&surplus, batch);
}
static void list(long first, long count) {
    for (long i = 0; i < count; i++) tasks[first + i].link = i + 1 < count ? &tasks[first + i + 1] : NULL;
    fut__surplus_list(&surplus, &tasks[first]);
}
static void assert_taken(size_t count, long first) {
    for (size_t i = 0; i < count; i++) cr_assert_eq(number_of(taken[i]), first + (long)i);
}

Test(runtime, where_nothing_is_left_over_nothing_is_taken) {
    fut__surplus_begin(&surplus);
    fut__surplus_list(&surplus, NULL);
    cr_assert_eq(fut__surplus_take_listed(&surplus, taken, FUT__BATCH), 0);
    cr_assert_eq(fut__surplus_take_newest(&surplus, taken, FUT__BATCH, &empty), 0);
    cr_assert_null(empty);
    cr_assert_eq(fut__surplus_take_oldest(&surplus, taken, FUT__BATCH, &empty), 0);
    cr_assert_null(empty);
    cr_assert_eq(surplus.length, 0);
    fut__surplus_end(&surplus);
}

Test(runtime, what_is_listed_comes_first_come_first_served) {
    fut__surplus_begin(&surplus);
    list(0, 3);
    list(3, 2);
    cr_assert_eq(fut__surplus_take_listed(&surplus, taken, 4), 4);
    assert_taken(4, 0);
    list(5, 1); /* the end of the list is where it should be */
    cr_assert_eq(fut__surplus_take_listed(&surplus, taken, FUT__BATCH), 2);
    assert_taken(2, 4);
    list(6, 1); /* also after it was empty */
    cr_assert_eq(surplus.length, 1);
    cr_assert_eq(fut__surplus_take_listed(&surplus, taken, FUT__BATCH), 1);
    assert_taken(1, 6);
    cr_assert_eq(surplus.listed, 0);
    fut__surplus_end(&surplus);
}

Test(runtime, the_hungry_get_the_newest_batch_the_others_a_few_of_the_oldest) {
    fut__surplus_begin(&surplus);
    put(0);
    put(FUT__BATCH);
    put(2 * FUT__BATCH);
    cr_assert_eq(surplus.length, 3 * FUT__BATCH);
    cr_assert_eq(fut__surplus_take_newest(&surplus, taken, FUT__BATCH, &empty), FUT__BATCH);
    assert_taken(FUT__BATCH, 2 * FUT__BATCH);
    cr_assert_not_null(empty);
    free(empty);
    for (long i = 0; i < FUT__BATCH; i += 16) {
        cr_assert_eq(fut__surplus_take_oldest(&surplus, taken, 16, &empty), 16);
        assert_taken(16, i);
        cr_assert_eq(empty != NULL, i + 16 == FUT__BATCH);
    }
    free(empty);
    cr_assert_eq(fut__surplus_take_oldest(&surplus, taken, 16, &empty),
                 16); /* part of the only one: newest and oldest */
    cr_assert_eq(fut__surplus_take_newest(&surplus, taken, FUT__BATCH, &empty), FUT__BATCH - 16);
    assert_taken(FUT__BATCH - 16, FUT__BATCH + 16);
    free(empty);
    cr_assert_eq(surplus.length, 0);
    fut__surplus_end(&surplus);
}

Test(runtime, batches_that_nobody_takes_are_given_back) {
    fut__surplus_begin(&surplus);
    put(0);
    put(FUT__BATCH);
    list(2 * FUT__BATCH, 1);
    fut__surplus_end(&surplus); /* or LeakSanitizer finds them */
    cr_assert_eq(surplus.length, 0);
    cr_assert_null(surplus.newest);
    cr_assert_eq(fut__surplus_take_listed(&surplus, taken, 1), 0);
}

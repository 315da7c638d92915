/* The memory of tasks: it goes round between workers, is asked for once, and stays a task's. */
#include <criterion/criterion.h>
#include <stdint.h>

#include "../../src/runtime/store.h"
#include "../counting.h"

static fut__depot_t depot = {.lock = PTHREAD_MUTEX_INITIALIZER};
static fut__store_t mine = {.depot = &depot}, other = {.depot = &depot};

enum { MANY = 10 * FUT__MAGAZINE, SIZE = 6 };
static fut_task_t *taken[MANY];

static void take_all(fut__store_t *store, size_t size) {
    for (int i = 0; i < MANY; i++) cr_assert_not_null(taken[i] = fut__store_take(store, size));
}
static void put_all(fut__store_t *store) {
    for (int i = 0; i < MANY; i++) fut__store_put(store, taken[i]);
}

Test(runtime, no_block_is_given_twice) {
    take_all(&mine, SIZE);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(taken[i]->flags, 0);
        taken[i]->flags = 1;
    }
}

Test(runtime, what_one_worker_gives_back_another_takes) {
    size_t calls;
    counting_begin();
    take_all(&mine, SIZE);
    put_all(&other);
    calls = counting.calls;
    for (int round = 0; round < 100; round++) { /* born here, ended there */
        take_all(&mine, SIZE);
        put_all(&other);
    }
    cr_assert_leq(counting.calls, calls + 2, "two magazines may stay with the other");
}

Test(runtime, a_block_stays_of_its_size_and_of_its_store) {
    take_all(&mine, SIZE);
    put_all(&other);
    take_all(&other, SIZE + 1);
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(taken[i]->size, SIZE + 1);
        cr_assert_eq((void *)taken[i]->scheduler, (void *)&other);
    }
    take_all(&other, SIZE);
    for (int i = 0; i < MANY; i++) cr_assert_eq(taken[i]->size, SIZE);
    cr_assert_eq((void *)taken[0]->scheduler, (void *)&mine, "it came from the other one, and says so for ever");
}

Test(runtime, without_memory_there_is_no_block_and_later_there_is) {
    counting_begin();
    counting.refuse_all = true;
    cr_assert_null(fut__store_take(&mine, SIZE));
    counting.refuse_all = false;
    take_all(&mine, SIZE);
    counting.refuse_all = true;
    put_all(&mine);
    take_all(&mine, SIZE);
}

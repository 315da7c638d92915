/* The queue of one worker, on one thread: what it keeps, in which order, and what a thief takes. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "../../src/runtime/run_queue.h"

enum { TASKS = 4 * FUT__RING };
static fut_task_t       tasks[TASKS];
static fut__run_queue_t queue, other;

/* The counters are near the end of their range, so every test goes over it. */
static void begin_at(size_t start) {
    queue.head = queue.tail = start;
    queue.latest            = NULL;
    other.head = other.tail = start + 7;
}
static void begin(void) { begin_at(SIZE_MAX - 3); }
static void fill(size_t count) {
    for (size_t i = 0; i < count; i++) cr_assert(fut__queue_push(&queue, &tasks[i]));
}
static long number_of(const fut_task_t *task) { return task ? task - tasks : -1; }

Test(runtime, an_empty_queue_gives_nothing) {
    fut_task_t *task = NULL, *half[FUT__RING / 2];
    begin();
    cr_assert_null(fut__queue_pop(&queue));
    cr_assert_eq(fut__queue_steal(&other, &queue, &task), 0);
    cr_assert_eq(fut__queue_shed(&queue, half), 0);
    cr_assert_null(task);
    cr_assert_eq(fut__queue_length(&queue), 0);
    cr_assert_eq(fut__queue_room(&queue), FUT__RING);
}

Test(runtime, first_come_first_served_until_it_is_full) {
    begin();
    fill(FUT__RING);
    cr_assert_not(fut__queue_push(&queue, &tasks[FUT__RING]));
    cr_assert_eq(fut__queue_length(&queue), FUT__RING);
    cr_assert_eq(fut__queue_room(&queue), 0);
    for (long i = 0; i < FUT__RING; i++) cr_assert_eq(number_of(fut__queue_pop(&queue)), i);
    cr_assert_null(fut__queue_pop(&queue));
}

Test(runtime, a_full_queue_sheds_its_older_half_in_order) {
    fut_task_t *half[FUT__RING / 2];
    begin();
    fill(FUT__RING);
    cr_assert_eq(fut__queue_shed(&queue, half), FUT__RING / 2);
    for (long i = 0; i < FUT__RING / 2; i++) cr_assert_eq(number_of(half[i]), i);
    cr_assert_eq(fut__queue_length(&queue), FUT__RING / 2);
    cr_assert_eq(number_of(fut__queue_pop(&queue)), FUT__RING / 2);
}

Test(runtime, a_queue_with_room_sheds_nothing) {
    fut_task_t *half[FUT__RING / 2];
    begin();
    fill(FUT__RING - 1);
    cr_assert_eq(fut__queue_shed(&queue, half), 0);
    cr_assert_eq(fut__queue_length(&queue), FUT__RING - 1);
}

Test(runtime, a_thief_takes_the_larger_and_older_half) {
    for (size_t count = 1; count <= FUT__RING; count++) {
        fut_task_t *task = NULL;
        begin_at(count * 1000);
        fill(count);
        cr_assert_eq(fut__queue_steal(&other, &queue, &task), count - count / 2);
        cr_assert_eq(number_of(task), 0, "the oldest goes to be polled");
        for (size_t i = 1; i < count - count / 2; i++) cr_assert_eq(number_of(fut__queue_pop(&other)), (long)i);
        cr_assert_null(fut__queue_pop(&other));
        for (size_t i = count - count / 2; i < count; i++) cr_assert_eq(number_of(fut__queue_pop(&queue)), (long)i);
        cr_assert_null(fut__queue_pop(&queue));
    }
}

Test(runtime, a_thief_takes_no_more_than_it_has_room_for) {
    fut_task_t *task;
    begin();
    fill(FUT__RING);
    for (size_t i = 0; i < FUT__RING - 3; i++) cr_assert(fut__queue_push(&other, &tasks[FUT__RING + i]));
    cr_assert_eq(fut__queue_steal(&other, &queue, &task), 4, "three into its queue, one to be polled");
    cr_assert_eq(fut__queue_room(&other), 0);
    cr_assert_eq(fut__queue_steal(&other, &queue, &task), 1);
    cr_assert_eq(number_of(task), 4);
}

Test(runtime, the_latest_is_beside_the_ring) {
    fut_task_t *task = NULL, *half[FUT__RING / 2];
    begin();
    cr_assert_null(fut__queue_take_latest(&queue));
    cr_assert_null(fut__queue_put_latest(&queue, &tasks[0]));
    cr_assert_eq(fut__queue_length(&queue), 1);
    cr_assert_null(fut__queue_pop(&queue));
    cr_assert_eq(fut__queue_steal(&other, &queue, &task), 0);
    cr_assert_eq(number_of(fut__queue_put_latest(&queue, &tasks[1])), 0, "displaced");
    cr_assert_eq(fut__queue_length(&queue), 1);
    cr_assert_eq(number_of(fut__queue_take_latest(&queue)), 1);
    cr_assert_null(fut__queue_take_latest(&queue), "once");
    cr_assert_eq(fut__queue_length(&queue), 0);
    cr_assert_null(fut__queue_put_latest(&queue, &tasks[2]));
    fill(FUT__RING);
    cr_assert_eq(fut__queue_length(&queue), FUT__RING + 1);
    cr_assert_eq(fut__queue_room(&queue), 0);
    cr_assert_eq(fut__queue_shed(&queue, half), FUT__RING / 2);
    cr_assert_eq(number_of(fut__queue_take_latest(&queue)), 2);
}

/* Against two lists that cannot be wrong: pushes, pops, steals and sheds in any order. */
typedef struct list {
    long   items[TASKS];
    size_t count;
} list_t;
static list_t in_queue, in_other, outside;
static long   take_first(list_t *list) {
      const long item = list->items[0];
      memmove(list->items, list->items + 1, --list->count * sizeof(long));
      return item;
}
static void add(list_t *list, long item) { list->items[list->count++] = item; }

static unsigned seed;
static unsigned any(unsigned below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static bool push_one(void) {
    const long item = take_first(&outside);
    const bool fits = fut__queue_push(&queue, &tasks[item]);
    add(fits ? &in_queue : &outside, item);
    return fits ? in_queue.count <= FUT__RING : in_queue.count == FUT__RING;
}
static bool pop_one(fut__run_queue_t *from, list_t *list) {
    const long item = number_of(fut__queue_pop(from));
    if (list->count == 0) return item == -1;
    add(&outside, item);
    return item == take_first(list);
}
static bool steal_some(void) {
    fut_task_t  *task  = NULL;
    const size_t room  = FUT__RING - in_other.count;
    size_t       count = in_queue.count - in_queue.count / 2;
    if (count > room + 1) count = room + 1;
    if (fut__queue_steal(&other, &queue, &task) != count) return false;
    if (count == 0) return true;
    if (number_of(task) != take_first(&in_queue)) return false;
    add(&outside, number_of(task));
    for (size_t i = 1; i < count; i++) add(&in_other, take_first(&in_queue));
    return true;
}
static bool shed(void) {
    fut_task_t  *half[FUT__RING / 2];
    const size_t expected = in_queue.count == FUT__RING ? FUT__RING / 2 : 0, count = fut__queue_shed(&queue, half);
    if (count != expected) return false;
    for (size_t i = 0; i < count; i++) {
        if (number_of(half[i]) != take_first(&in_queue)) return false;
        add(&outside, number_of(half[i]));
    }
    return true;
}

Test(runtime, the_queue_does_what_a_list_does) {
    for (unsigned run = 1; run <= 20; run++) {
        seed = run;
        begin();
        in_queue.count = in_other.count = outside.count = 0;
        for (long i = 0; i < TASKS; i++) add(&outside, i);
        for (int step = 0; step < 20000; step++) {
            const unsigned what = any(100), more = step / 500 % 2 ? 70 : 30; /* it fills, it empties */
            const bool     right = what < more ? push_one()
                                   : what < 80 ? pop_one(&queue, &in_queue)
                                   : what < 90 ? pop_one(&other, &in_other)
                                   : what < 96 ? steal_some()
                                               : shed();
            cr_assert(right, "seed %u, step %d, kind %u", run, step, what);
            cr_assert_eq(fut__queue_length(&queue), in_queue.count, "seed %u, step %d", run, step);
        }
    }
}

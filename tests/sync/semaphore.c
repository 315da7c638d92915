/* The semaphore and the rwlock: what their model in tests/sync/model.c leaves out. */
#include "kit.h"

#define BODIES(kind)                                                                                                   \
    Test(sync, a_big_request_to_a_##kind##_is_not_passed_by_small_ones) {                                              \
        fut_##kind##_t         semaphore;                                                                              \
        fut_##kind##_acquire_t big, small;                                                                             \
        fut_test_waker_t       one = {0}, two = {0};                                                                   \
        cr_assert_eq(fut_##kind##_init(&semaphore, 3, 5), 0);                                                          \
        START(big, fut_##kind##_acquire, &semaphore, 5);                                                               \
        START(small, fut_##kind##_acquire, &semaphore, 1);                                                             \
        cr_pending(big, one);                                                                                          \
        cr_pending(small, two); /* there are three, but somebody was here before */                                    \
        cr_assert_eq(fut_##kind##_try_acquire(&semaphore, 1), -EAGAIN);                                                \
        fut_##kind##_release(&semaphore, 1);                                                                           \
        cr_assert_eq(one.wakes, 0);                                                                                    \
        fut_##kind##_release(&semaphore, 1);                                                                           \
        cr_assert_eq(one.wakes, 1);                                                                                    \
        cr_assert_eq(two.wakes, 0);                                                                                    \
        cr_ready(big, one, 0);                                                                                         \
        fut_##kind##_release(&semaphore, 5);                                                                           \
        cr_assert_eq(two.wakes, 1);                                                                                    \
        cr_ready(small, two, 0);                                                                                       \
        fut_##kind##_destroy(&semaphore);                                                                              \
    }                                                                                                                  \
    Test(sync, a_big_request_dropped_lets_the_small_ones_behind_it_go_in_a_##kind) {                                   \
        fut_##kind##_t         semaphore;                                                                              \
        fut_##kind##_acquire_t big, small[2];                                                                          \
        fut_test_waker_t       one = {0}, two = {0};                                                                   \
        cr_assert_eq(fut_##kind##_init(&semaphore, 3, 5), 0);                                                          \
        START(big, fut_##kind##_acquire, &semaphore, 5);                                                               \
        cr_pending(big, one);                                                                                          \
        for (int i = 0; i < 2; i++) {                                                                                  \
            START(small[i], fut_##kind##_acquire, &semaphore, 1);                                                      \
            cr_pending(small[i], two);                                                                                 \
        }                                                                                                              \
        fut_drop(&big.future);                                                                                         \
        cr_assert_eq(two.wakes, 2);                                                                                    \
        for (int i = 0; i < 2; i++) cr_ready(small[i], two, 0);                                                        \
        cr_assert_eq(fut_##kind##_try_acquire(&semaphore, 1), 0);                                                      \
        cr_assert_eq(fut_##kind##_try_acquire(&semaphore, 1), -EAGAIN);                                                \
    }                                                                                                                  \
    Test(sync, closing_a_##kind##_ends_every_wait) {                                                                   \
        fut_##kind##_t         semaphore;                                                                              \
        fut_##kind##_acquire_t waits[40], granted;                                                                     \
        fut_test_waker_t       woken = {0};                                                                            \
        cr_assert_eq(fut_##kind##_init(&semaphore, 0, 5), 0);                                                          \
        START(granted, fut_##kind##_acquire, &semaphore, 2);                                                           \
        cr_pending(granted, woken);                                                                                    \
        for (int i = 0; i < 40; i++) {                                                                                 \
            START(waits[i], fut_##kind##_acquire, &semaphore, 3);                                                      \
            cr_pending(waits[i], woken);                                                                               \
        }                                                                                                              \
        fut_##kind##_release(&semaphore, 2);                                                                           \
        for (int i = 0; i < 2; i++) fut_##kind##_close(&semaphore);                                                    \
        cr_assert_eq(woken.wakes, 41, "more than fit one batch");                                                      \
        cr_ready(granted, woken, 0); /* what was granted stays */                                                      \
        for (int i = 1; i < 40; i++) cr_ready(waits[i], woken, -EPIPE);                                                \
        fut_drop(&waits[0].future);                                                                                    \
        cr_assert_eq(fut_##kind##_try_acquire(&semaphore, 1), -EPIPE);                                                 \
        START(granted, fut_##kind##_acquire, &semaphore, 0);                                                           \
        cr_ready(granted, woken, -EPIPE);                                                                              \
        fut_##kind##_release(&semaphore, 2);                                                                           \
        fut_##kind##_destroy(&semaphore);                                                                              \
    }                                                                                                                  \
    Test(sync, a_##kind##_refuses_what_it_could_never_give) {                                                          \
        fut_##kind##_t         semaphore;                                                                              \
        fut_##kind##_acquire_t acquire;                                                                                \
        fut_test_waker_t       woken = {0};                                                                            \
        cr_assert_eq(fut_##kind##_init(&semaphore, 6, 5), -EINVAL);                                                    \
        cr_assert_eq(fut_##kind##_init(&semaphore, 0, 5), 0);                                                          \
        START(acquire, fut_##kind##_acquire, &semaphore, 6);                                                           \
        cr_ready(acquire, woken, -EINVAL);                                                                             \
        cr_assert_eq(fut_##kind##_try_acquire(&semaphore, UINT32_MAX), -EINVAL);                                       \
        START(acquire, fut_##kind##_acquire, &semaphore, 0);                                                           \
        cr_ready(acquire, woken, 0); /* nothing is there at once */                                                    \
        fut_##kind##_destroy(&semaphore);                                                                              \
    }                                                                                                                  \
    Test(sync, releasing_more_to_a_##kind##_than_it_can_hold_stops, .signal = SIGABRT) {                               \
        fut_##kind##_t semaphore;                                                                                      \
        cr_assert_eq(fut_##kind##_init(&semaphore, 4, 5), 0);                                                          \
        fut_##kind##_release(&semaphore, 1);                                                                           \
        fut_##kind##_release(&semaphore, 1);                                                                           \
    }                                                                                                                  \
    Test(sync, destroying_a_##kind##_that_is_waited_for_stops, .signal = SIGABRT) {                                    \
        fut_##kind##_t         semaphore;                                                                              \
        fut_##kind##_acquire_t acquire;                                                                                \
        fut_test_waker_t       woken = {0};                                                                            \
        cr_assert_eq(fut_##kind##_init(&semaphore, 0, 1), 0);                                                          \
        START(acquire, fut_##kind##_acquire, &semaphore, 1);                                                           \
        cr_pending(acquire, woken);                                                                                    \
        fut_##kind##_destroy(&semaphore);                                                                              \
    }

BODIES(semaphore)
BODIES(local_semaphore)

Test(sync, a_semaphore_has_room_for_FUT_SEMAPHORE_MAX) {
    fut_semaphore_t semaphore;
    cr_assert_eq(fut_semaphore_init(&semaphore, 0, FUT_SEMAPHORE_MAX + 1), -EINVAL);
    cr_assert_eq(fut_semaphore_init(&semaphore, FUT_SEMAPHORE_MAX, FUT_SEMAPHORE_MAX), 0);
    cr_assert_eq(fut_semaphore_available(&semaphore), FUT_SEMAPHORE_MAX);
    cr_assert_eq(fut_semaphore_try_acquire(&semaphore, FUT_SEMAPHORE_MAX), 0);
    cr_assert_eq(fut_semaphore_available(&semaphore), 0);
    fut_semaphore_release(&semaphore, FUT_SEMAPHORE_MAX);
    fut_semaphore_destroy(&semaphore);
}

/* One batch is 16: the rest must not be forgotten, whatever the number. */
Test(sync, any_number_of_waiters_is_granted_at_once) {
    for (unsigned n = 1; n <= 50; n++) {
        static fut_semaphore_acquire_t waits[50];
        fut_semaphore_t                semaphore;
        fut_test_waker_t               woken = {0};
        cr_assert_eq(fut_semaphore_init(&semaphore, 0, 50), 0);
        for (unsigned i = 0; i < n; i++) {
            START(waits[i], fut_semaphore_acquire, &semaphore, 1);
            cr_pending(waits[i], woken);
        }
        fut_semaphore_release(&semaphore, n);
        cr_assert_eq(woken.wakes, n);
        for (unsigned i = 0; i < n; i++) cr_ready(waits[i], woken, 0);
        fut_semaphore_release(&semaphore, n);
        fut_semaphore_destroy(&semaphore);
    }
}

/* ---- rwlock ------------------------------------------------------------------------------------- */

Test(sync, readers_share_and_a_waiting_writer_stops_new_ones) {
    fut_rwlock_t       lock = FUT_RWLOCK_INIT;
    fut_rwlock_read_t  early, late[20];
    fut_rwlock_write_t write;
    fut_test_waker_t   woken[3] = {{0}};
    cr_assert(fut_rwlock_try_read(&lock));
    START(early, fut_rwlock_read, &lock);
    cr_ready(early, woken[0], 0);
    START(write, fut_rwlock_write, &lock);
    cr_pending(write, woken[1]);
    for (int i = 0; i < 20; i++) {
        START(late[i], fut_rwlock_read, &lock);
        cr_pending(late[i], woken[2]);
    }
    cr_assert_not(fut_rwlock_try_read(&lock));
    fut_rwlock_unlock_read(&lock);
    cr_assert_eq(woken[1].wakes, 0);
    fut_rwlock_unlock_read(&lock);
    cr_ready(write, woken[1], 0);
    cr_assert_eq(woken[2].wakes, 0);
    fut_rwlock_unlock_write(&lock);
    cr_assert_eq(woken[2].wakes, 20, "together");
    for (int i = 0; i < 20; i++) cr_ready(late[i], woken[2], 0);
    cr_assert_not(fut_rwlock_try_write(&lock));
    for (int i = 0; i < 20; i++) fut_rwlock_unlock_read(&lock);
    cr_assert(fut_rwlock_try_write(&lock));
    fut_rwlock_unlock_write(&lock);
    fut_rwlock_destroy(&lock);
}

Test(sync, a_waiting_writer_dropped_lets_the_readers_behind_it_in) {
    fut_rwlock_t       lock = FUT_RWLOCK_INIT;
    fut_rwlock_read_t  read;
    fut_rwlock_write_t write;
    fut_test_waker_t   woken = {0};
    cr_assert(fut_rwlock_try_read(&lock));
    START(write, fut_rwlock_write, &lock);
    cr_pending(write, woken);
    START(read, fut_rwlock_read, &lock);
    cr_pending(read, woken);
    fut_drop(&write.future);
    cr_assert_eq(woken.wakes, 1);
    cr_ready(read, woken, 0);
}

Test(sync, a_writer_becomes_a_reader_and_lets_readers_in) {
    fut_rwlock_t       lock = FUT_RWLOCK_INIT;
    fut_rwlock_read_t  read;
    fut_rwlock_write_t write;
    fut_test_waker_t   one = {0}, two = {0};
    cr_assert(fut_rwlock_try_write(&lock));
    START(read, fut_rwlock_read, &lock);
    START(write, fut_rwlock_write, &lock);
    cr_pending(read, one);
    cr_pending(write, two);
    fut_rwlock_downgrade(&lock);
    cr_ready(read, one, 0);
    cr_pending(write, two);
    fut_rwlock_unlock_read(&lock);
    fut_rwlock_unlock_read(&lock);
    cr_ready(write, two, 0);
    fut_rwlock_unlock_write(&lock);
    fut_rwlock_destroy(&lock);
}

Test(sync, unlocking_a_rwlock_that_nobody_reads_stops, .signal = SIGABRT) {
    fut_rwlock_t lock = FUT_RWLOCK_INIT;
    if (fut_rwlock_try_write(&lock)) fut_rwlock_unlock_read(&lock);
}
Test(sync, unlocking_a_rwlock_that_nobody_writes_stops, .signal = SIGABRT) {
    fut_rwlock_t lock = FUT_RWLOCK_INIT;
    if (fut_rwlock_try_read(&lock)) fut_rwlock_unlock_write(&lock);
}
Test(sync, downgrading_a_reader_stops, .signal = SIGABRT) {
    fut_rwlock_t lock = FUT_RWLOCK_INIT;
    if (fut_rwlock_try_read(&lock)) fut_rwlock_downgrade(&lock);
}
Test(sync, destroying_a_locked_rwlock_stops, .signal = SIGABRT) {
    fut_rwlock_t lock = FUT_RWLOCK_INIT;
    if (fut_rwlock_try_read(&lock)) fut_rwlock_destroy(&lock);
}

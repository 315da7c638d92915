/* What goes wrong: closed peers, closed numbers, signals, a broken epoll. */
#define _GNU_SOURCE
#include <poll.h>
#include <sys/time.h>

#include "kit.h"

/* ---- A closed peer ------------------------------------------------------------------------------------------- */

static void writing_to_a_closed_peer_is_EPIPE(bool attached) {
    for (int i = 0; i < KINDS; i++) {
        fut_test_waker_t counter = {0};
        fut_write_t      write;

        kinds[i].open(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[1]), 0);
        close(ends[0]);
        for (int n = 0; n < 100; n++) { /* TCP learns of it with its first packet */
            START(write, fut_write, ends[1], "x", 1);
            cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
            if (write.output < 0) break;
            usleep(1000);
        }
        cr_assert(write.output == -EPIPE || (write.output == -ECONNRESET && i == 2), "%s: %zd", kinds[i].name,
                  write.output);
        START(write, fut_write, ends[1], "x", 1);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert_eq(write.output, -EPIPE);
        fut_close(ends[1]);
        fut_reactor_free(reactor);
    }
    sigset_t pending;
    sigpending(&pending);
    cr_assert_not(sigismember(&pending, SIGPIPE));
}
Test(reactor, writing_to_a_closed_peer_is_EPIPE_and_no_signal) { writing_to_a_closed_peer_is_EPIPE(false); }
Test(reactor, writing_to_the_closed_peer_of_an_attached_descriptor_is_EPIPE_and_no_signal) {
    writing_to_a_closed_peer_is_EPIPE(true);
}

static void a_waiting_writer_hears_that_the_peer_has_closed(bool attached) {
    for (int i = 0; i < KINDS; i++) {
        fut_test_waker_t counter = {0};
        fut_write_t      write;

        kinds[i].open(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[1]), 0);
        fill(ends[1]);
        START(write, fut_write, ends[1], "x", 1);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_PENDING);
        close(ends[0]);
        for (int n = 0; n < 100 && counter.wakes == 0; n++) {
            look();
            usleep(1000);
        }
        cr_assert_eq(counter.wakes, 1, "%s", kinds[i].name);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert(write.output == -EPIPE || write.output == -ECONNRESET, "%s: %zd", kinds[i].name, write.output);
        fut_close(ends[1]);
        fut_reactor_free(reactor);
    }
}
Test(reactor, a_writer_that_waits_hears_that_the_peer_has_closed) {
    a_waiting_writer_hears_that_the_peer_has_closed(false);
}
Test(reactor, an_attached_writer_that_waits_hears_that_the_peer_has_closed) {
    a_waiting_writer_hears_that_the_peer_has_closed(true);
}

Test(reactor, a_SIGPIPE_that_was_pending_before_stays_pending) {
    fut_test_waker_t counter = {0};
    fut_write_t      write;
    sigset_t         sigpipe, pending, mask;

    sigemptyset(&sigpipe);
    sigaddset(&sigpipe, SIGPIPE);
    sigprocmask(SIG_BLOCK, &sigpipe, NULL);
    raise(SIGPIPE);
    open_pipe();
    open_reactor();
    close(ends[0]);
    START(write, fut_write, ends[1], "x", 1);
    cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
    cr_assert_eq(write.output, -EPIPE);
    sigpending(&pending);
    cr_assert(sigismember(&pending, SIGPIPE), "somebody else's was taken away");
    sigprocmask(SIG_BLOCK, NULL, &mask);
    cr_assert(sigismember(&mask, SIGPIPE), "the mask is as it was");
    fut_reactor_free(reactor);
}

Test(reactor, the_signal_mask_is_as_it_was_after_a_write) {
    fut_test_waker_t counter = {0};
    fut_write_t      write;
    sigset_t         before, after;

    open_pipe();
    open_reactor();
    close(ends[0]);
    sigprocmask(SIG_BLOCK, NULL, &before);
    START(write, fut_write, ends[1], "x", 1);
    cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
    sigprocmask(SIG_BLOCK, NULL, &after);
    for (int signal = 1; signal < 32; signal++) cr_assert_eq(sigismember(&before, signal), sigismember(&after, signal));
    fut_reactor_free(reactor);
}

Test(reactor, a_reset_connection_is_an_error_of_the_read) {
    for (int attached = 0; attached < 2; attached++) {
        fut_test_waker_t    counter = {0};
        fut_read_t          read;
        char                byte    = 0;
        const struct linger at_once = {1, 0};

        open_tcp(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
        START(read, fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        cr_assert_eq(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        close(ends[1]);
        for (int n = 0; n < 100 && counter.wakes == 0; n++) {
            look();
            usleep(1000);
        }
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, -ECONNRESET);
        fut_close(ends[0]);
        fut_reactor_free(reactor);
    }
}

/* ---- Wrong numbers ------------------------------------------------------------------------------------------- */

Test(reactor, a_number_that_is_no_descriptor_is_EBADF) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    fut_write_t      write;
    fut_readable_t   readable;
    fut_writable_t   writable;
    char             byte      = 0;
    const int        numbers[] = {-1, -100, 900, 1 << 24};

    open_reactor();
    for (int i = 0; i < 4; i++) {
        START(read, fut_read, numbers[i], &byte, 1);
        START(write, fut_write, numbers[i], &byte, 1);
        START(readable, fut_readable, numbers[i]);
        START(writable, fut_writable, numbers[i]);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, -EBADF);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert_eq(write.output, -EBADF);
        cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_READY);
        cr_assert_eq(readable.output, -EBADF);
        cr_assert_eq(poll_with_reactor(&writable.future, &counter), FUT_READY);
        cr_assert_eq(writable.output, -EBADF);
    }
    cr_assert_eq(waits(), 0);
    fut_reactor_free(reactor);
}

Test(reactor, the_wrong_direction_is_the_systems_error) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    fut_write_t      write;
    char             byte = 0;

    open_pipe();
    open_reactor();
    START(read, fut_read, ends[1], &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, -EBADF);
    START(write, fut_write, ends[0], &byte, 1);
    cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
    cr_assert_eq(write.output, -EBADF);
    int directory = open("/", O_RDONLY | O_DIRECTORY);
    START(read, fut_read, directory, &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, -EISDIR);
    fut_reactor_free(reactor);
}

Test(reactor, a_file_is_always_ready) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    fut_write_t      write;
    fut_readable_t   readable;
    fut_writable_t   writable;
    char             path[] = "/tmp/libfuture-test-XXXXXX", bytes[10];
    int              file   = mkstemp(path);

    unlink(path);
    open_reactor();
    START(readable, fut_readable, file);
    cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_READY);
    cr_assert_eq(readable.output, 0);
    START(writable, fut_writable, file);
    cr_assert_eq(poll_with_reactor(&writable.future, &counter), FUT_READY);
    cr_assert_eq(writable.output, 0);
    START(write, fut_write, file, "abc", 3);
    cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
    cr_assert_eq(write.output, 3);
    cr_assert_eq(lseek(file, 0, SEEK_SET), 0);
    START(read, fut_read, file, bytes, sizeof bytes);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, 3);
    START(read, fut_read, file, bytes, sizeof bytes);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, 0);
    fut_reactor_free(reactor);
}

Test(reactor, nothing_to_read_or_write_is_done_at_once) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    fut_write_t      write;

    for (int i = 0; i < KINDS; i++) {
        kinds[i].open(ends);
        open_reactor();
        START(write, fut_write, ends[1], NULL, 0);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert_eq(write.output, 0);
        cr_assert_eq(write.output, 0);
        if (i == 0) { /* asking a stream socket for nothing is EAGAIN while it is empty, and nothing otherwise */
            START(read, fut_read, ends[0], NULL, 0);
            cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
            cr_assert_eq(read.output, 0);
        }
        fut_reactor_free(reactor);
    }
}

/* ---- A number that changes hands ----------------------------------------------------------------------------- */

Test(reactor, a_plain_number_given_to_another_descriptor_works_and_the_old_wait_gets_EBADF) {
    fut_test_waker_t old = {0}, counter = {0};
    fut_read_t       waiting, read;
    char             byte = 0, other;
    int              number;

    open_sockets();
    open_reactor();
    number = ends[0];
    START(waiting, fut_read, number, &byte, 1);
    cr_assert_eq(poll_with_reactor(&waiting.future, &old), FUT_PENDING);
    close(number);
    open_pipe();
    cr_assert_eq(ends[0], number, "the same number, so that the test tests something");
    START(read, fut_read, number, &other, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(old.wakes, 1);
    cr_assert_eq(poll_with_reactor(&waiting.future, &old), FUT_READY);
    cr_assert_eq(waiting.output, -EBADF);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(other, 'x');
    fut_reactor_free(reactor);
}

Test(reactor, a_plain_number_is_opened_and_closed_over_and_over) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             byte = 0;

    open_reactor();
    for (unsigned i = 0; i < 50; i++) {
        kinds[i % KINDS].open(ends);
        START(read, fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        cr_assert_eq(write(ends[1], "x", 1), 1);
        look();
        cr_assert_eq(counter.wakes, i + 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        close(ends[0]);
        close(ends[1]);
    }
    fut_reactor_free(reactor);
}

Test(reactor, a_number_that_points_elsewhere_after_dup2_works) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             byte = 0;
    int              others[2];

    open_sockets();
    open_reactor();
    START(read, fut_read, ends[0], &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    fut_drop(&read.future);
    cr_assert_eq(pipe(others), 0);
    cr_assert_eq(dup2(others[0], ends[0]), ends[0]);
    START(read, fut_read, ends[0], &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(write(others[1], "x", 1), 1);
    look();
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(byte, 'x');
    fut_reactor_free(reactor);
}

/* ---- Drivers without descriptors ----------------------------------------------------------------------------- */

static void everything_is_ENOTSUP(fut_driver_t *driver) {
    fut_test_waker_t counter = {0};
    fut_context_t    cx;
    fut_read_t       read;
    fut_write_t      write;
    fut_readable_t   readable;
    char             byte = 0;

    open_pipe();
    fut_context_init(&cx, fut_test_waker(&counter), driver);
    START(read, fut_read, ends[0], &byte, 1);
    cr_assert_eq(fut_poll(&read.future, &cx), FUT_READY);
    cr_assert_eq(read.output, -ENOTSUP);
    START(readable, fut_readable, ends[0]);
    cr_assert_eq(fut_poll(&readable.future, &cx), FUT_READY);
    cr_assert_eq(readable.output, -ENOTSUP);
    fill(ends[1]);
    START(write, fut_write, ends[1], &byte, 1);
    cr_assert_eq(fut_poll(&write.future, &cx), FUT_READY);
    cr_assert_eq(write.output, -ENOTSUP);
    cr_assert_eq(fut_attach(&cx, ends[0]), -ENOTSUP);
}
Test(reactor, waiting_for_descriptors_without_a_driver_is_not_supported) { everything_is_ENOTSUP(NULL); }
Test(reactor, waiting_for_descriptors_on_a_virtual_clock_is_not_supported) {
    fut_virtual_clock_t *clock = fut_virtual_clock_new();
    everything_is_ENOTSUP(fut_virtual_clock_driver(clock));
    fut_virtual_clock_free(clock);
}

/* ---- Signals ------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t ticks;
static void                  count_tick(int signal) {
                     (void)signal;
                     ticks++;
}

Test(reactor, signals_interrupt_the_system_and_not_the_program, .timeout = 60) {
    const struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    struct sigaction       action = {.sa_handler = count_tick}; /* no SA_RESTART: every system call is interrupted */
    fut_instant_t          before;

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    open_executor();
    before = executor.driver->vtable->now(executor.driver);
    for (int i = 0; i < 5; i++) cr_assert_eq(BLOCK_ON(&executor, fut_sleep, FUT_MS(10)), 0);
    cr_assert_geq(executor.driver->vtable->now(executor.driver) - before, (fut_instant_t)FUT_MS(50), "never early");
    cr_assert_gt(ticks, 5);
    setitimer(ITIMER_REAL, &never, NULL);
    fut_executor_destroy(&executor);
}

static fut_waker_t on_signal;
static int         signal_pipe;
static void        write_byte(int signal) {
           (void)signal;
           ticks++;
           if (ticks == 5 && write(signal_pipe, "x", 1) != 1) abort();
    fut_wake_from_interrupt(on_signal);
}

typedef struct reads_under_fire {
    ASYNC_FRAME(reads_under_fire, int, int fd);
    fut_read_t read;
    char       byte;
} reads_under_fire_t;
ASYNC(reads_under_fire) {
    ASYNC_BEGIN();
    on_signal = cx->waker; /* a spurious wake with each signal */
    AWAIT(self->read, fut_read, self->fd, &self->byte, 1);
    on_signal = (fut_waker_t){NULL, 0};
    ASYNC_RETURN((int)self->read.output);
    ASYNC_END();
}

Test(reactor, a_read_survives_interruptions_and_spurious_wakes, .timeout = 60) {
    const struct itimerval often = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    struct sigaction       action = {.sa_handler = write_byte};

    open_pipe();
    signal_pipe = ends[1];
    open_executor();
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    cr_assert_eq(BLOCK_ON(&executor, reads_under_fire, ends[0]), 1);
    setitimer(ITIMER_REAL, &never, NULL);
    cr_assert_geq(ticks, 5);
    fut_executor_destroy(&executor);
}

/* ---- A broken epoll ------------------------------------------------------------------------------------------ */

typedef struct reads_one {
    ASYNC_FRAME(reads_one, int, int fd);
    fut_read_t read;
    char       byte;
} reads_one_t;
ASYNC(reads_one) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->read, fut_read, self->fd, &self->byte, 1);
    ASYNC_RETURN((int)self->read.output);
    ASYNC_END();
}

Test(reactor, an_epoll_that_was_closed_ends_the_run_with_an_error, .timeout = 60) {
    open_pipe();
    open_executor();
    DETACH(SPAWN(&executor, fut_sleep, FUT_S(1000)));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    close(fut_executor_fd(&executor));
    cr_assert_eq(fut_executor_run(&executor), -EBADF);
    cr_assert_eq(fut_executor_run_until_stalled(&executor), -EBADF);
    cr_assert_eq(fut_executor_turn(&executor), -EBADF);
    cr_assert_eq(BLOCK_ON(&executor, fut_sleep, FUT_MS(1)), -EBADF);
    cr_assert_eq(BLOCK_ON(&executor, reads_one, ends[0]), -EBADF, "epoll_ctl fails: an error of the read");
    fut_executor_destroy(&executor);
}

/* ---- Time ---------------------------------------------------------------------------------------------------- */

typedef struct ages {
    ASYNC_FRAME(ages, int);
    fut_sleep_t nap;
} ages_t;
ASYNC(ages) {
    ASYNC_BEGIN();
    AWAIT(self->nap, fut_sleep, INT64_MAX);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(reactor, a_deadline_of_ages_can_be_waited_for, .timeout = 60) {
    open_executor();
    DETACH(SPAWN(&executor, ages));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    const struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    struct sigaction       action = {.sa_handler = count_tick};
    ticks                         = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL); /* the park, which the system accepted, is ended by one of them */
    cr_assert_eq(executor.driver->vtable->park(executor.driver, FUT_NEVER), 0);
    setitimer(ITIMER_REAL, &never, NULL);
    cr_assert_gt(ticks, 0);
    cr_assert_eq(fut_executor_tasks(&executor), 1);
    fut_executor_destroy(&executor);
}

Test(reactor, a_real_sleep_is_never_early, .timeout = 60) {
    open_executor();
    for (int i = 1; i < 50; i++) {
        fut_instant_t before = executor.driver->vtable->now(executor.driver);
        cr_assert_eq(BLOCK_ON(&executor, fut_sleep, FUT_US(37) * i), 0);
        cr_assert_geq(executor.driver->vtable->now(executor.driver) - before, (fut_instant_t)(FUT_US(37) * i));
    }
    fut_executor_destroy(&executor);
}

Test(reactor, records_without_memory_are_ENOMEM) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             byte = 0;

    counting_begin();
    open_sockets();
    for (int i = 0; i < 3; i++) {
        size_t before = counting.live;
        open_reactor();
        counting.refuse_all = true;
        START(read, fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, -ENOMEM);
        counting.refuse_all = false;
        START(read, fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        fut_drop(&read.future);
        fut_reactor_free(reactor);
        if (i > 0) cr_assert_eq(counting.live, before);
    }
}

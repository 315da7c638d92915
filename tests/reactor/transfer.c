/* read, write, readable, writable: the same on pipes, socket pairs and TCP, attached or not. */
#define _GNU_SOURCE
#include "kit.h"

/* ---- A long transfer ----------------------------------------------------------------------------------------- */

enum { TOTAL = 3000000 };

typedef struct sender {
    ASYNC_FRAME(sender, int, int fd; bool attached);
    fut_write_t   write;
    unsigned char bytes[10007];
    size_t        sent;
} sender_t;
/* The next bytes to send; how many. */
static size_t prepare(sender_t *self) {
    size_t left = TOTAL - self->sent, size = left < sizeof self->bytes ? left : sizeof self->bytes;
    for (size_t i = 0; i < size; i++) self->bytes[i] = (unsigned char)((self->sent + i) % 251);
    return size;
}
ASYNC(sender) {
    ASYNC_BEGIN();
    if (self->attached) TRY(fut_attach(cx, self->fd));
    for (self->sent = 0; self->sent < TOTAL; self->sent += (size_t)self->write.output)
        AWAIT_TRY(self->write, fut_write, self->fd, self->bytes, prepare(self));
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

typedef struct receiver {
    ASYNC_FRAME(receiver, int, int fd; bool attached);
    fut_read_t    read;
    unsigned char bytes[16384];
    size_t        received;
} receiver_t;
ASYNC(receiver) {
    ASYNC_BEGIN();
    if (self->attached) TRY(fut_attach(cx, self->fd));
    for (self->received = 0;; self->received += (size_t)self->read.output) {
        AWAIT_TRY(self->read, fut_read, self->fd, self->bytes, sizeof self->bytes);
        if (self->read.output == 0) break;
        for (size_t i = 0; i < (size_t)self->read.output; i++)
            if (self->bytes[i] != (self->received + i) % 251) ASYNC_RETURN(-EILSEQ);
    }
    ASYNC_RETURN((int)self->received);
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

static void everything_arrives(bool reader_attached, bool writer_attached) {
    for (int i = 0; i < KINDS; i++) {
        int both[2];
        kinds[i].open(both);
        open_executor();
        struct sender_join handle = SPAWN(&executor, sender, both[1], writer_attached);
        cr_assert_eq(BLOCK_ON(&executor, receiver, both[0], reader_attached), TOTAL, "%s", kinds[i].name);
        cr_assert_eq(fut_executor_run(&executor), 0);
        DETACH(handle);
        cr_assert_eq(executor.driver->waits, 0);
        fut_executor_destroy(&executor);
    }
}

Test(reactor, every_byte_arrives_in_order_and_then_the_end, .timeout = 60) { everything_arrives(false, false); }
Test(reactor, every_byte_arrives_between_attached_descriptors, .timeout = 60) { everything_arrives(true, true); }
Test(reactor, every_byte_arrives_at_an_attached_reader, .timeout = 60) { everything_arrives(true, false); }
Test(reactor, every_byte_arrives_from_an_attached_writer, .timeout = 60) { everything_arrives(false, true); }

/* ---- When it is ready ---------------------------------------------------------------------------------------- */

static void reading_waits_for_bytes(bool attached) {
    for (int i = 0; i < KINDS; i++) {
        fut_test_waker_t counter = {0};
        fut_read_t       read;
        char             bytes[10];

        kinds[i].open(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        cr_assert_eq(waits(), 1);
        for (int n = 0; n < 3; n++) {
            look();
            cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING, "nothing has come");
        }
        cr_assert_eq(counter.wakes, 0);
        cr_assert_eq(write(ends[1], "abc", 3), 3);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING, "the reactor has not looked");
        look();
        cr_assert_eq(counter.wakes, 1);
        cr_assert_eq(waits(), 0);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 3);
        cr_assert_eq(memcmp(bytes, "abc", 3), 0);
        cr_assert_eq(write(ends[1], "d", 1), 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY, "done is done");
        cr_assert_eq(read.output, 3);

        START(read, fut_read, ends[0], bytes, sizeof bytes);
        look();
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY, "there is one already");
        cr_assert_eq(read.output, 1);
        close(ends[1]);
        look();
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 0, "the end");
        cr_assert_eq(fut_close(ends[0]), 0);
        fut_reactor_free(reactor);
    }
}
Test(reactor, reading_waits_for_bytes_and_sees_the_end) { reading_waits_for_bytes(false); }
Test(reactor, reading_attached_descriptors_waits_for_bytes_and_sees_the_end) { reading_waits_for_bytes(true); }

static void the_end_wakes_a_reader(bool attached) {
    for (int i = 0; i < KINDS; i++) {
        fut_test_waker_t counter = {0};
        fut_read_t       read;
        char             byte = 0;

        kinds[i].open(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
        START(read, fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        close(ends[1]);
        look();
        cr_assert_eq(counter.wakes, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 0);
        fut_close(ends[0]);
        fut_reactor_free(reactor);
    }
}
Test(reactor, the_end_wakes_a_reader) { the_end_wakes_a_reader(false); }
Test(reactor, the_end_wakes_an_attached_reader) { the_end_wakes_a_reader(true); }

static void writing_waits_for_room(bool attached) {
    for (int i = 0; i < KINDS; i++) {
        fut_test_waker_t counter = {0};
        fut_write_t      write;

        kinds[i].open(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[1]), 0);
        START(write, fut_write, ends[1], "x", 1);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert_eq(write.output, 1);
        fill(ends[1]);
        look();
        START(write, fut_write, ends[1], "x", 1);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_PENDING);
        look();
        cr_assert_eq(counter.wakes, 0);
        for (int n = 0; n < 100 && counter.wakes == 0; n++) { /* TCP moves bytes in its own time */
            drain(ends[0]);
            look();
            usleep(1000);
        }
        cr_assert_eq(counter.wakes, 1, "%s", kinds[i].name);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert_eq(write.output, 1);
        fut_close(ends[1]);
        close(ends[0]);
        fut_reactor_free(reactor);
    }
}
Test(reactor, writing_waits_for_room) { writing_waits_for_room(false); }
Test(reactor, writing_to_attached_descriptors_waits_for_room) { writing_waits_for_room(true); }

static void readiness_is_a_level(bool attached) {
    for (int i = 0; i < KINDS; i++) {
        fut_test_waker_t counter = {0};
        fut_readable_t   readable;
        fut_writable_t   writable;
        char             byte = 0;

        kinds[i].open(ends);
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
        if (attached) cr_assert_eq(attach_by_hand(ends[1]), 0);
        START(readable, fut_readable, ends[0]);
        cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_PENDING);
        look();
        look();
        cr_assert_eq(counter.wakes, 0);
        cr_assert_eq(write(ends[1], "ab", 2), 2);
        look();
        cr_assert_eq(counter.wakes, 1);
        cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_READY);
        cr_assert_eq(readable.output, 0);
        for (int n = 0; n < 2; n++) { /* one byte is read by hand each time; the rest is still there */
            counter.wakes = 0;
            START(readable, fut_readable, ends[0]);
            if (poll_with_reactor(&readable.future, &counter) == FUT_PENDING) look();
            cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_READY);
            cr_assert_eq(read(ends[0], &byte, 1), 1);
        }
        counter.wakes = 0;
        START(readable, fut_readable, ends[0]);
        cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_PENDING);
        look();
        cr_assert_eq(counter.wakes, 0, "now it is gone");

        START(writable, fut_writable, ends[1]);
        if (poll_with_reactor(&writable.future, &counter) == FUT_PENDING) look();
        cr_assert_eq(poll_with_reactor(&writable.future, &counter), FUT_READY);
        cr_assert_eq(writable.output, 0);
        counter.wakes = 0;
        close(ends[1]);
        look();
        cr_assert_eq(counter.wakes, 1, "the end is readable");
        cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_READY);
        fut_close(ends[0]);
        fut_reactor_free(reactor);
    }
}
Test(reactor, readiness_is_a_level) { readiness_is_a_level(false); }
Test(reactor, readiness_of_attached_descriptors_is_a_level) { readiness_is_a_level(true); }

/* Whoever accepts or reads by hand after fut_readable must find out about the next one, too. */
typedef struct accepter {
    ASYNC_FRAME(accepter, int, int fd; bool attached; int times);
    fut_readable_t readable;
    int            i;
    char           bytes[100];
} accepter_t;
ASYNC(accepter) {
    ASYNC_BEGIN();
    if (self->attached) TRY(fut_attach(cx, self->fd));
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT_TRY(self->readable, fut_readable, self->fd);
        if (read(self->fd, self->bytes, sizeof self->bytes) != 1) ASYNC_RETURN(-EIO);
    }
    ASYNC_RETURN(self->i);
    ASYNC_END();
}
typedef struct dripper {
    ASYNC_FRAME(dripper, int, int fd; int times);
    fut_sleep_t nap;
    int         i;
} dripper_t;
ASYNC(dripper) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        if (write(self->fd, "x", 1) != 1) ASYNC_RETURN(-errno);
        AWAIT(self->nap, fut_sleep, FUT_US(100));
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
Test(reactor, those_who_read_by_hand_hear_of_every_byte, .timeout = 60) {
    for (int attached = 0; attached < 2; attached++)
        for (int i = 0; i < KINDS; i++) {
            kinds[i].open(ends);
            open_executor();
            DETACH(SPAWN(&executor, dripper, ends[1], 20));
            cr_assert_eq(BLOCK_ON(&executor, accepter, ends[0], attached, 20), 20);
            fut_executor_destroy(&executor);
            close(ends[0]);
            close(ends[1]);
        }
}

/* ---- Blocking mode ------------------------------------------------------------------------------------------- */

Test(reactor, sockets_stay_in_blocking_mode_and_do_not_block, .timeout = 60) {
    for (int attached = 0; attached < 2; attached++)
        for (int i = 1; i < KINDS; i++) {
            fut_test_waker_t counter = {0};
            fut_read_t       read;
            fut_write_t      write;
            char             byte = 0;

            kinds[i].open(ends);
            open_reactor();
            if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
            START(read, fut_read, ends[0], &byte, 1);
            cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
            fut_drop(&read.future);
            fill(ends[0]);
            START(write, fut_write, ends[0], &byte, 1);
            cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_PENDING);
            fut_drop(&write.future);
            cr_assert_eq(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
            fut_close(ends[0]);
            close(ends[1]);
            fut_reactor_free(reactor);
        }
}

Test(reactor, other_descriptors_are_put_into_nonblocking_mode, .timeout = 60) {
    for (int attached = 0; attached < 2; attached++) {
        fut_test_waker_t counter = {0};
        fut_read_t       read;
        fut_write_t      write;
        char             byte = 0;

        open_pipe();
        open_reactor();
        if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
        START(read, fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        fut_drop(&read.future);
        cr_assert(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
        START(write, fut_write, ends[1], &byte, 1);
        cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
        cr_assert(fcntl(ends[1], F_GETFL) & O_NONBLOCK);
        fut_close(ends[0]);
        close(ends[1]);
        fut_reactor_free(reactor);
    }
}

/* ---- Several at once ----------------------------------------------------------------------------------------- */

static void two_readers_share(bool attached) {
    fut_test_waker_t a = {0}, b = {0};
    fut_read_t       first, second;
    char             bytes[2] = {0, 0};

    open_sockets();
    open_reactor();
    if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
    START(first, fut_read, ends[0], &bytes[0], 1);
    START(second, fut_read, ends[0], &bytes[1], 1);
    cr_assert_eq(poll_with_reactor(&first.future, &a), FUT_PENDING);
    cr_assert_eq(poll_with_reactor(&second.future, &b), FUT_PENDING);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert(a.wakes == 1 && b.wakes == 1);
    cr_assert_eq(poll_with_reactor(&second.future, &b), FUT_READY, "whoever comes first");
    cr_assert_eq(poll_with_reactor(&first.future, &a), FUT_PENDING, "the other goes on waiting");
    cr_assert_eq(bytes[1], 'x');
    cr_assert_eq(write(ends[1], "y", 1), 1);
    look();
    cr_assert(a.wakes == 2 && b.wakes == 1);
    cr_assert_eq(poll_with_reactor(&first.future, &a), FUT_READY);
    cr_assert_eq(bytes[0], 'y');
    fut_reactor_free(reactor);
}
Test(reactor, two_readers_of_one_descriptor_get_a_byte_each) { two_readers_share(false); }
Test(reactor, two_readers_of_one_attached_descriptor_get_a_byte_each) { two_readers_share(true); }

static void reader_and_writer_wait_together(bool attached, bool reader_first) {
    fut_test_waker_t reads = {0}, writes = {0};
    fut_read_t       read;
    fut_write_t      write_more;
    char             byte = 0;

    open_sockets();
    open_reactor();
    if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
    fill(ends[0]);
    START(read, fut_read, ends[0], &byte, 1);
    START(write_more, fut_write, ends[0], "z", 1);
    if (reader_first) cr_assert_eq(poll_with_reactor(&read.future, &reads), FUT_PENDING);
    cr_assert_eq(poll_with_reactor(&write_more.future, &writes), FUT_PENDING);
    if (!reader_first) cr_assert_eq(poll_with_reactor(&read.future, &reads), FUT_PENDING);

    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert(reads.wakes == 1 && writes.wakes == 0);
    drain(ends[1]);
    look();
    cr_assert(reads.wakes == 1 && writes.wakes == 1, "the shot for the reader left the writer registered");
    cr_assert_eq(poll_with_reactor(&read.future, &reads), FUT_READY);
    cr_assert_eq(poll_with_reactor(&write_more.future, &writes), FUT_READY);

    /* And the other way round. */
    fill(ends[0]);
    START(read, fut_read, ends[0], &byte, 1);
    START(write_more, fut_write, ends[0], "z", 1);
    if (!attached || poll_with_reactor(&read.future, &reads) == FUT_PENDING)
        cr_assert_eq(poll_with_reactor(&read.future, &reads), FUT_PENDING);
    cr_assert_eq(poll_with_reactor(&write_more.future, &writes), FUT_PENDING);
    drain(ends[1]);
    look();
    cr_assert(reads.wakes == 1 && writes.wakes == 2);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert(reads.wakes == 2 && writes.wakes == 2);
    fut_drop(&read.future);
    fut_drop(&write_more.future);
    fut_reactor_free(reactor);
}
Test(reactor, a_reader_and_a_writer_of_one_socket_wait_together) {
    reader_and_writer_wait_together(false, true);
    reader_and_writer_wait_together(false, false);
}
Test(reactor, a_reader_and_a_writer_of_one_attached_socket_wait_together) {
    reader_and_writer_wait_together(true, true);
    reader_and_writer_wait_together(true, false);
}

/* ---- Dropped ------------------------------------------------------------------------------------------------- */

static void dropped_waits_are_unlinked(bool attached) {
    fut_test_waker_t dropped = {0}, kept = {0};
    fut_read_t       reads[5];
    fut_readable_t   readable;
    char             byte = 0;

    open_sockets();
    open_reactor();
    if (attached) cr_assert_eq(attach_by_hand(ends[0]), 0);
    for (int i = 0; i < 5; i++) {
        START(reads[i], fut_read, ends[0], &byte, 1);
        cr_assert_eq(poll_with_reactor(&reads[i].future, i % 2 ? &kept : &dropped), FUT_PENDING);
    }
    START(readable, fut_readable, ends[0]);
    cr_assert_eq(poll_with_reactor(&readable.future, &dropped), FUT_PENDING);
    fut_drop(&readable.future);
    cr_assert_eq(readable.output, -ECANCELED);
    memset(&readable, 0xee, sizeof readable);
    for (int i = 0; i < 5; i += 2) {
        fut_drop(&reads[i].future);
        memset(&reads[i], 0xee, sizeof reads[i]); /* nobody has a pointer to it */
    }
    cr_assert_eq(waits(), 2);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert(dropped.wakes == 0 && kept.wakes == 2);
    for (int i = 0; i < 5; i += 2)
        for (size_t n = 0; n < sizeof reads[i]; n++) cr_assert_eq(((unsigned char *)&reads[i])[n], 0xee);
    fut_drop(&reads[1].future); /* between its wake and its poll */
    cr_assert_eq(poll_with_reactor(&reads[3].future, &kept), FUT_READY);
    cr_assert_eq(reads[3].output, 1, "cancelling loses nothing");
    cr_assert_eq(waits(), 0);
    fut_reactor_free(reactor);
}
Test(reactor, a_dropped_read_is_unlinked_and_takes_nothing) { dropped_waits_are_unlinked(false); }
Test(reactor, a_dropped_read_of_an_attached_descriptor_is_unlinked_and_takes_nothing) {
    dropped_waits_are_unlinked(true);
}

typedef struct impatient {
    ASYNC_FRAME(impatient, int, int fd; int peer);
    fut_read_t    read;
    fut_timeout_t timeout;
    char          byte;
    int           i;
} impatient_t;
ASYNC(impatient) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 10; self->i++) {
        START(self->read, fut_read, self->fd, &self->byte, 1);
        AWAIT(self->timeout, fut_timeout, &self->read.future, FUT_US(200));
        if (self->timeout.output != -ETIMEDOUT || self->read.output != -ECANCELED) ASYNC_RETURN(-1);
    }
    if (write(self->peer, "x", 1) != 1) ASYNC_RETURN(-2);
    START(self->read, fut_read, self->fd, &self->byte, 1);
    AWAIT(self->timeout, fut_timeout, &self->read.future, FUT_S(5));
    ASYNC_RETURN((int)self->read.output);
    ASYNC_END();
}
Test(reactor, a_read_under_a_timeout_is_dropped_and_the_next_one_reads, .timeout = 60) {
    open_pipe();
    open_executor();
    cr_assert_eq(BLOCK_ON(&executor, impatient, ends[0], ends[1]), 1);
    cr_assert_eq(executor.driver->waits, 0);
    fut_executor_destroy(&executor);
}

typedef struct last_words {
    ASYNC_FRAME(last_words, int, int fd; int out);
    fut_read_t  read;
    fut_write_t write;
    char        byte;
} last_words_t;
ASYNC(last_words) {
    ASYNC_BEGIN();
    AWAIT(self->read, fut_read, self->fd, &self->byte, 1);
    ASYNC_FINALLY();
    AWAIT(self->write, fut_write, self->out, "bye", 3); /* one attempt */
    fut_test_say("wrote %d", (int)self->write.output);
    AWAIT(self->read, fut_read, self->fd, &self->byte, 1);
    fut_test_say(self->read.output == -ECANCELED ? "cut" : "read %d", (int)self->read.output);
    ASYNC_END();
}
Test(reactor, in_a_hard_drop_each_read_and_write_gets_one_attempt) {
    int out[2];

    open_pipe();
    cr_assert_eq(pipe(out), 0);
    open_executor();
    DETACH(SPAWN(&executor, last_words, ends[0], out[1]));
    cr_assert_eq(fut_executor_run_until_stalled(&executor), 1);
    fut_executor_destroy(&executor);
    cr_assert(fut_test_said("wrote 3", "cut"));
}

/* ---- Many ---------------------------------------------------------------------------------------------------- */

typedef struct one_of_many {
    ASYNC_FRAME(one_of_many, int, int fd; bool attached; int *sum);
    fut_read_t    read;
    unsigned char byte;
} one_of_many_t;
ASYNC(one_of_many) {
    ASYNC_BEGIN();
    if (self->attached) TRY(fut_attach(cx, self->fd));
    AWAIT_TRY(self->read, fut_read, self->fd, &self->byte, 1);
    *self->sum += self->byte;
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

Test(reactor, a_thousand_descriptors_at_once, .timeout = 60) {
    enum { MANY = 1000 };
    static int fds[MANY][2];
    int        opened, sum = 0, expected = 0;

    open_executor();
    for (opened = 0; opened < MANY && pipe(fds[opened]) == 0; opened++)
        DETACH(SPAWN(&executor, one_of_many, fds[opened][0], opened % 2, &sum));
    cr_assert_gt(opened, 300, "more than fit into one epoll_wait");
    cr_assert_eq(fut_executor_run_until_stalled(&executor), opened);
    cr_assert_eq(executor.driver->waits, (size_t)opened);
    for (int i = opened - 1; i >= 0; i--) {
        unsigned char byte = (unsigned char)(i % 200);
        expected += byte;
        cr_assert_eq(write(fds[i][1], &byte, 1), 1);
        close(fds[i][1]);
    }
    cr_assert_eq(fut_executor_run(&executor), 0);
    cr_assert_eq(sum, expected);
    cr_assert_eq(executor.driver->waits, 0);
    fut_executor_destroy(&executor);
}

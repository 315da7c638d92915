/* Descriptors that are registered for their life: what is known of them, and when it is forgotten. */
#define _GNU_SOURCE
#include <sys/eventfd.h>

#include "kit.h"

/* ---- Short reads --------------------------------------------------------------------------------------------- */

Test(reactor, a_short_read_from_an_attached_stream_saves_asking_again) {
    for (int i = 0; i < KINDS; i += 2) { /* pipe and TCP */
        fut_test_waker_t counter = {0};
        fut_read_t       read;
        char             bytes[10];

        kinds[i].open(ends);
        open_reactor();
        cr_assert_eq(attach_by_hand(ends[0]), 0);
        cr_assert(state_of(ends[0]) & FUT_IO_MAYBE_READ);
        cr_assert_eq(write(ends[1], "abc", 3), 3);
        look();
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(state_of(ends[0]) & FUT_IO_MAYBE_READ, 0, "it gave less than was asked for");

        /* The proof that nobody asks: bytes which came meanwhile are not found before the reactor has looked. */
        cr_assert_eq(write(ends[1], "def", 3), 3);
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        look();
        cr_assert_eq(counter.wakes, 1);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 3);

        /* A full read says nothing about the rest. */
        cr_assert_eq(write(ends[1], "0123456789+", 11), 11);
        look();
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 10);
        cr_assert(state_of(ends[0]) & FUT_IO_MAYBE_READ);
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 1);
        fut_close(ends[0]);
        close(ends[1]);
        fut_reactor_free(reactor);
    }
}

/* A local socket may be short for another reason: see below. */
Test(reactor, a_short_read_from_a_local_socket_says_nothing_about_the_rest) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             bytes[10];

    open_sockets();
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(write(ends[1], "abc", 3), 3);
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 3);
        cr_assert(state_of(ends[0]) & FUT_IO_MAYBE_READ);
    }
    fut_reactor_free(reactor);
}

Test(reactor, after_a_short_read_the_end_is_still_seen_when_it_came_with_the_bytes) {
    for (int order = 0; order < 4; order++)
        for (int i = 0; i < KINDS; i++) {
            fut_test_waker_t counter = {0};
            fut_read_t       read;
            char             bytes[10];

            kinds[i].open(ends);
            open_reactor();
            if (order != 3) cr_assert_eq(attach_by_hand(ends[0]), 0);
            if (order == 0) look(); /* the first edge, "writable", is past */
            START(read, fut_read, ends[0], bytes, sizeof bytes);
            if (order < 2) cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
            cr_assert_eq(write(ends[1], "abc", 3), 3);
            close(ends[1]);
            if (order == 3) cr_assert_eq(attach_by_hand(ends[0]), 0); /* attached when all was over */
            if (order != 2) look();
            cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
            cr_assert_eq(read.output, 3);
            START(read, fut_read, ends[0], bytes, sizeof bytes);
            for (int n = 0; n < 2 && poll_with_reactor(&read.future, &counter) == FUT_PENDING; n++) look();
            cr_assert(fut_is_done(&read.future), "%s, order %d: the end was not seen", kinds[i].name, order);
            cr_assert_eq(read.output, 0);
            fut_close(ends[0]);
            fut_reactor_free(reactor);
        }
}

Test(reactor, a_message_is_no_stream_and_may_be_short) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             bytes[10];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    for (int i = 0; i < 3; i++) cr_assert_eq(write(ends[1], "abc", 3), 3);
    look();
    for (int i = 0; i < 3; i++) {
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 3);
    }
    START(read, fut_read, ends[0], bytes, sizeof bytes);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    fut_reactor_free(reactor);
}

/* On a stream some reads are short although there is more: at an urgent byte, at a passed descriptor. */
static void send_with_descriptor(int socket, char byte, int fd) {
    union {
        char           room[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control           = {{0}};
    struct iovec    vec = {&byte, 1};
    struct msghdr   msg = {.msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
    header->cmsg_level     = SOL_SOCKET;
    header->cmsg_type      = SCM_RIGHTS;
    header->cmsg_len       = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    cr_assert_eq(sendmsg(socket, &msg, 0), 1);
}

static void all_three_are_read(void) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             bytes[10];
    size_t           sum = 0;

    look();
    for (int i = 0; i < 6 && sum < 3; i++) {
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        if (poll_with_reactor(&read.future, &counter) == FUT_PENDING) look();
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY, "%zu bytes are left behind", 3 - sum);
        sum += (size_t)read.output;
    }
    cr_assert_eq(sum, 3);
}

Test(reactor, a_read_that_stops_at_a_passed_descriptor_leaves_nothing_behind) {
    open_sockets();
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    look();
    send_with_descriptor(ends[1], 'a', STDERR_FILENO);
    cr_assert_eq(write(ends[1], "bc", 2), 2);
    all_three_are_read();
    fut_reactor_free(reactor);
}

Test(reactor, a_read_that_stops_at_an_urgent_byte_leaves_nothing_behind) {
    open_tcp(ends);
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    look();
    cr_assert_eq(send(ends[1], "a", 1, 0), 1);
    cr_assert_eq(send(ends[1], "!", 1, MSG_OOB), 1);
    cr_assert_eq(send(ends[1], "bc", 2, 0), 2);
    all_three_are_read();
    fut_reactor_free(reactor);
}

/* ---- Attaching ----------------------------------------------------------------------------------------------- */

Test(reactor, attaching_again_has_no_effect) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             bytes[10];

    open_sockets();
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    START(read, fut_read, ends[0], bytes, sizeof bytes);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    const unsigned state = state_of(ends[0]);
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    cr_assert_eq(state_of(ends[0]), state);
    cr_assert_eq(waits(), 1);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert_eq(counter.wakes, 1);
    fut_reactor_free(reactor);
}

Test(reactor, what_cannot_be_attached_says_why) {
    char path[] = "/tmp/libfuture-test-XXXXXX";
    int  file   = mkstemp(path);

    unlink(path);
    open_reactor();
    open_pipe();
    close(ends[0]);
    cr_assert_eq(attach_by_hand(-1), -EBADF);
    cr_assert_eq(attach_by_hand(ends[0]), -EBADF);
    cr_assert_eq(attach_by_hand(file), -EPERM);
    cr_assert_eq(attach_by_hand(fut_reactor_fd(reactor)), -EINVAL, "epoll cannot watch itself");
    fut_context_t cx;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    cr_assert_eq(fut_attach(&cx, ends[1]), -ENOTSUP);
    fut_reactor_free(reactor);
}

Test(reactor, a_plain_wait_under_way_is_served_after_its_descriptor_was_attached) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             byte = 0;

    open_sockets();
    open_reactor();
    START(read, fut_read, ends[0], &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, 1);
    fut_reactor_free(reactor);
}

Test(reactor, a_counter_is_attached_and_read) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    uint64_t         number = 0;
    const uint64_t   seven  = 7;
    int              event  = eventfd(0, 0);

    open_reactor();
    cr_assert_eq(attach_by_hand(event), 0);
    for (int i = 0; i < 3; i++) {
        START(read, fut_read, event, &number, sizeof number);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        cr_assert_eq(write(event, &seven, sizeof seven), 8);
        look();
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert(read.output == 8 && number == 7);
    }
    fut_close(event);
    fut_reactor_free(reactor);
}

/* ---- Closing ------------------------------------------------------------------------------------------------- */

Test(reactor, closing_under_waits_gives_them_EBADF) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    fut_readable_t   readable;
    fut_write_t      write;
    char             byte = 0;

    open_sockets();
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    fill(ends[0]);
    START(read, fut_read, ends[0], &byte, 1);
    START(readable, fut_readable, ends[0]);
    START(write, fut_write, ends[0], &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_PENDING);
    cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_close(ends[0]), 0);
    cr_assert_eq(counter.wakes, 3);
    cr_assert_eq(waits(), 0);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, -EBADF);
    cr_assert_eq(poll_with_reactor(&readable.future, &counter), FUT_READY);
    cr_assert_eq(readable.output, -EBADF);
    cr_assert_eq(poll_with_reactor(&write.future, &counter), FUT_READY);
    cr_assert_eq(write.output, -EBADF);
    cr_assert_eq(fut_close(ends[0]), -EBADF, "it is closed");
    fut_reactor_free(reactor);
}

Test(reactor, closing_a_plain_descriptor_under_a_wait_gives_it_EBADF) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             byte = 0;

    open_sockets();
    open_reactor();
    START(read, fut_read, ends[0], &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(fut_close(ends[0]), 0);
    look();
    cr_assert_eq(counter.wakes, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, -EBADF);
    fut_reactor_free(reactor);
}

Test(reactor, closing_what_is_not_open_says_so) {
    open_pipe();
    cr_assert_eq(fut_close(ends[0]), 0, "without any reactor");
    cr_assert_eq(fut_close(ends[0]), -EBADF);
    cr_assert_eq(fut_close(-1), -EBADF);
    cr_assert_eq(fut_close(1000000), -EBADF);
}

Test(reactor, a_number_that_was_closed_properly_serves_its_next_descriptor) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             bytes[10];

    open_reactor();
    for (int i = 0; i < 20; i++) {
        const int number = i ? ends[0] : -1;
        kinds[i % KINDS].open(ends);
        if (i && ends[0] != number) { /* the same number, so that the test tests something */
            const int elsewhere = ends[1] == number ? ends[1] = dup(number) : -1;
            cr_assert(elsewhere != number && dup2(ends[0], number) == number);
            close(ends[0]);
            ends[0] = number;
        }
        if (i % 4 != 3) cr_assert_eq(attach_by_hand(ends[0]), 0);
        START(read, fut_read, ends[0], bytes, sizeof bytes);
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
        cr_assert_eq(write(ends[1], "x", 1), 1);
        look();
        cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
        cr_assert_eq(read.output, 1);
        cr_assert_eq(fut_close(ends[0]), 0);
        close(ends[1]);
        look();
    }
    fut_reactor_free(reactor);
}

Test(reactor, a_number_closed_behind_the_reactors_back_is_found_out_when_it_is_attached_again) {
    fut_test_waker_t old = {0}, counter = {0};
    fut_read_t       waiting, read;
    char             byte = 0, other;
    int              number;

    open_sockets();
    open_reactor();
    number = ends[0];
    cr_assert_eq(attach_by_hand(number), 0);
    START(waiting, fut_read, number, &byte, 1);
    cr_assert_eq(poll_with_reactor(&waiting.future, &old), FUT_PENDING);
    close(number);
    open_pipe();
    cr_assert_eq(ends[0], number);
    cr_assert_eq(attach_by_hand(number), 0);
    cr_assert_eq(old.wakes, 1);
    cr_assert_eq(poll_with_reactor(&waiting.future, &old), FUT_READY);
    cr_assert_eq(waiting.output, -EBADF, "its descriptor has gone");
    START(read, fut_read, number, &other, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    look();
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_READY);
    cr_assert_eq(read.output, 1);
    cr_assert(state_of(number) & FUT_IO_NOT_A_SOCKET, "a pipe now");
    fut_reactor_free(reactor);
}

Test(reactor, a_late_event_of_the_last_owner_wakes_nobody_of_the_next) {
    fut_test_waker_t counter = {0};
    fut_read_t       read;
    char             byte = 0;
    int              number, copy;

    open_sockets();
    open_reactor();
    number = ends[0];
    copy   = dup(number); /* keeps the old description, and its registration, alive */
    cr_assert_eq(attach_by_hand(number), 0);
    look();
    close(number);
    int new_ends[2];
    cr_assert_eq(pipe(new_ends), 0);
    cr_assert_eq(new_ends[0], number);
    cr_assert_eq(attach_by_hand(number), 0);
    look();
    START(read, fut_read, number, &byte, 1);
    cr_assert_eq(poll_with_reactor(&read.future, &counter), FUT_PENDING);
    cr_assert_eq(write(ends[1], "x", 1), 1); /* to the old one */
    look();
    cr_assert_eq(counter.wakes, 0);
    cr_assert_eq(write(new_ends[1], "x", 1), 1);
    look();
    cr_assert_eq(counter.wakes, 1);
    close(copy);
    fut_reactor_free(reactor);
}

Test(reactor, a_reactor_that_has_gone_owns_no_descriptor) {
    open_sockets();
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    fut_reactor_free(reactor);
    cr_assert_eq(fut_close(ends[0]), 0);
    open_sockets();
    open_reactor();
    cr_assert_eq(attach_by_hand(ends[0]), 0);
    cr_assert_eq(fut_close(ends[0]), 0);
    fut_reactor_free(reactor);
}

Test(reactor, a_reactor_releases_all_its_memory) {
    size_t before = 0;

    counting_begin();
    open_sockets();
    for (int i = 0; i < 3; i++) {
        int high = fcntl(ends[0], F_DUPFD, 900);
        open_reactor();
        cr_assert_eq(attach_by_hand(ends[0]), 0);
        if (high >= 0) cr_assert_eq(attach_by_hand(high), 0);
        if (high >= 0) cr_assert_eq(fut_close(high), 0);
        fut_reactor_free(reactor);
        if (i == 0) before = counting.live;
        cr_assert_eq(counting.live, before);
    }
}

Test(reactor, attaching_without_memory_is_ENOMEM) {
    counting_begin();
    open_sockets();
    open_reactor();
    counting.refuse_all = true;
    cr_assert_eq(attach_by_hand(ends[0]), -ENOMEM);
    counting.refuse_all = false;
    for (size_t n = 1; n <= 10; n++) {
        int high = fcntl(ends[0], F_DUPFD, 100 * (int)n);
        cr_assert_geq(high, 0);
        counting.refuse = counting.calls + n % 4;
        int error       = attach_by_hand(high);
        cr_assert(error == 0 || error == -ENOMEM);
        counting.refuse = 0;
        cr_assert_eq(attach_by_hand(high), 0);
        cr_assert_eq(fut_close(high), 0);
    }
    fut_reactor_free(reactor);
}

/* Descriptors to test with. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>

#include "kit.h"

void open_tcp(int both[2]) {
    struct sockaddr_in address  = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t          length   = sizeof address;
    int                listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    both[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(both[1], (struct sockaddr *)&address, sizeof address), 0);
    both[0] = accept(listener, NULL, NULL);
    cr_assert_geq(both[0], 0);
    close(listener);
}

static void open_a_pipe(int both[2]) { cr_assert_eq(pipe(both), 0); }
static void open_a_socketpair(int both[2]) { cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0); }

const kind_t kinds[KINDS] = {{"pipe", open_a_pipe}, {"socketpair", open_a_socketpair}, {"tcp", open_tcp}};

size_t fill(int fd) {
    static const char zeros[4096];
    const int         flags = fcntl(fd, F_GETFL);
    size_t            sum   = 0;
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    for (ssize_t count; (count = write(fd, zeros, sizeof zeros)) > 0;) sum += (size_t)count;
    while (write(fd, zeros, 1) == 1) sum++;
    fcntl(fd, F_SETFL, flags);
    return sum;
}

size_t drain(int fd) {
    char      bytes[65536];
    const int flags = fcntl(fd, F_GETFL);
    size_t    sum   = 0;
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    for (ssize_t count; (count = read(fd, bytes, sizeof bytes)) > 0;) sum += (size_t)count;
    fcntl(fd, F_SETFL, flags);
    return sum;
}

/* net.c: see net.h. */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

int or_errno(int result) { return result < 0 ? -errno : result; }

int send_at_once(int fd) {
    const int yes = 1;
    return or_errno(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes));
}

int listen_somewhere(struct sockaddr_in *address, int backlog) {
    socklen_t size = sizeof *address;
    int       fd   = or_errno(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), error;
    if (fd < 0) return fd;
    *address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (bind(fd, (struct sockaddr *)address, size) == 0 && listen(fd, backlog) == 0 &&
        getsockname(fd, (struct sockaddr *)address, &size) == 0)
        return fd;
    error = -errno;
    fut_close(fd);
    return error;
}

int begin_connect(const struct sockaddr_in *server) {
    int fd = or_errno(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (fd < 0 || connect(fd, (const struct sockaddr *)server, sizeof *server) == 0 || errno == EINPROGRESS) return fd;
    int error = -errno;
    fut_close(fd);
    return error;
}

int end_connect(int fd) {
    int       error = 0;
    socklen_t size  = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return -errno;
    return error ? -error : send_at_once(fd);
}

ASYNC_DEFINE(write_all) {
    ASYNC_BEGIN();
    for (self->done = 0; self->done < self->size; self->done += (size_t)self->write.output)
        AWAIT_TRY(self->write, fut_write, self->fd, self->bytes + self->done, self->size - self->done);
    ASYNC_RETURN(0);
    ASYNC_END();
}

ASYNC_DEFINE(read_all) {
    ASYNC_BEGIN();
    for (self->done = 0; self->done < self->size; self->done += (size_t)self->read.output) {
        AWAIT_TRY(self->read, fut_read, self->fd, self->bytes + self->done, self->size - self->done);
        if (self->read.output == 0) ASYNC_RETURN(-ECONNRESET); /* the end, too early */
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

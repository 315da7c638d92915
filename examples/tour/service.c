/* service.c: see service.h. */
#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <sys/socket.h>

/* ---- The server ---- */

typedef struct visit {
    ASYNC_FRAME(visit, ssize_t, service_t *service; int fd);
    int32_t     message;
    bool        counted;
    fut_sleep_t work;
    union {
        read_all_t  read;
        write_all_t write;
    } io;
} visit_t;

ASYNC(visit) {
    ASYNC_BEGIN();
    self->counted = false;
    TRY(send_at_once(self->fd));
    TRY(fut_attach(cx, self->fd));
    AWAIT_TRY(self->io.read, read_all, self->fd, (char *)&self->message, sizeof self->message);
    self->counted = true;
    if (++self->service->in_progress > self->service->most) self->service->most = self->service->in_progress;
    AWAIT_TRY(self->work, fut_sleep, FUT_MS(self->message));
    AWAIT_TRY(self->io.write, write_all, self->fd, (char *)&self->message, sizeof self->message);
    self->service->answered++;
    ASYNC_RETURN(0);

    ASYNC_FINALLY();
    if (self->counted) self->service->in_progress--;
    fut_close(self->fd);
    ASYNC_END();
}

/* 0: a connection was accepted, or it was gone already. */
static int accept_one(fut_executor_t *executor, service_t *service) {
    struct visit_join visit;
    int               fd = or_errno(accept4(service->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (fd < 0) return fd == -EAGAIN || fd == -ECONNABORTED ? 0 : fd;
    visit = SPAWN(executor, visit, service, fd);
    if (visit.join.status < 0) fut_close(fd); /* not spawned, so it will not close */
    DETACH(visit);
    return visit.join.status;
}

ASYNC_DEFINE(serving) {
    ASYNC_BEGIN();
    TRY(fut_attach(cx, self->service->listener));
    for (;;) {
        AWAIT_TRY(self->ready, fut_readable, self->service->listener);
        TRY(accept_one(self->executor, self->service));
    }
    ASYNC_FINALLY();
    fut_close(self->service->listener);
    ASYNC_END();
}

int service_open(service_t *service) {
    *service          = (service_t){.listener = -1};
    service->listener = listen_somewhere(&service->address, 128);
    return service->listener < 0 ? service->listener : 0;
}

/* ---- The client ---- */

ASYNC_DEFINE(request) {
    ASYNC_BEGIN();
    TRY(self->fd = begin_connect(&self->service->address));
    TRY(fut_attach(cx, self->fd));
    AWAIT_TRY(self->io.connected, fut_writable, self->fd);
    TRY(end_connect(self->fd));
    self->message = self->milliseconds;
    AWAIT_TRY(self->io.write, write_all, self->fd, (char *)&self->message, sizeof self->message);
    AWAIT_TRY(self->io.read, read_all, self->fd, (char *)&self->message, sizeof self->message);
    ASYNC_RETURN(self->message);

    ASYNC_FINALLY();
    if (self->fd >= 0) fut_close(self->fd);
    ASYNC_END();
}

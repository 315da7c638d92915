/* net.h: TCP over loopback, as far as the chapters need it. Every descriptor is non-blocking and closed on exec. */
#ifndef NET_H
#define NET_H

#include <netinet/in.h>

#include "future.h"
#include "future/reactor.h"

/* The result of a system call: a negative one becomes a negative errno. */
int or_errno(int result);

/* Small messages back and forth: Nagle's algorithm would hold them back. */
int send_at_once(int fd);

/* A listener on a free port of loopback; whoever connects to the address gets there. */
int listen_somewhere(struct sockaddr_in *address, int backlog);

/* A socket that is on its way to the server: writable when it is there. */
int begin_connect(const struct sockaddr_in *server);
/* How the connecting went. */
int end_connect(int fd);

/* fut_read and fut_write move what they can, like read(2) and write(2); these move all. Output: 0, or a negative errno. */
typedef struct write_all {
    ASYNC_FRAME(write_all, ssize_t, int fd; const char *bytes; size_t size);
    size_t      done;
    fut_write_t write;
} write_all_t;

typedef struct read_all {
    ASYNC_FRAME(read_all, ssize_t, int fd; char *bytes; size_t size);
    size_t     done;
    fut_read_t read;
} read_all_t;

ASYNC_DECLARE(write_all);
ASYNC_DECLARE(read_all);

#endif

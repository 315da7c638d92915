/* service.h: a server somewhere in the world, and one request to it, for the chapters about many requests.
 *
 * A request says how many milliseconds the answer shall take. The service counts how many it has in progress, so a
 * chapter can tell how many requests there really were at a time: it is the other side which says so.
 */
#ifndef SERVICE_H
#define SERVICE_H

#include <stdint.h>

#include "future/executor.h"
#include "future/time.h"
#include "net.h"

typedef struct service {
    struct sockaddr_in address;
    int                listener;
    int                in_progress, most, answered;
} service_t;

/* Serve until cancelled; then no more is accepted. Output: 0, or a negative errno. The storage stays until the executor
 * has run its tasks to their ends. */
typedef struct serving {
    ASYNC_FRAME(serving, int, fut_executor_t *executor; service_t *service);
    fut_readable_t ready;
} serving_t;
ASYNC_DECLARE(serving);

/* A listener for `serving`. 0, or a negative errno. */
int service_open(service_t *service);

/* Connect, ask, wait for the answer. Output: the number that was asked with, or a negative errno. */
typedef struct request {
    ASYNC_FRAME(request, int, const service_t *service; int milliseconds);
    int     fd;
    int32_t message;
    union {
        fut_writable_t connected;
        write_all_t    write;
        read_all_t     read;
    } io;
} request_t;
ASYNC_DECLARE(request);

#endif

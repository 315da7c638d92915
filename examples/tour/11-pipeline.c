/* Chapter 11: a pipeline of streams, and what holds it back.
 *
 *     orders --filter--> five requests at once --in order--> chunks of four --> a reader who takes his time
 *
 * Nobody makes an item before the next one down asks for it. So however slow the reader is, nothing piles up: the orders that
 * were made and not read yet are those for which the stages have room. The first stage is an async function that EMITs,
 * the last one an async function that reads with FOR_AWAIT.
 */
#include <errno.h>
#include <stdio.h>

#include "future/stream.h"
#include "service.h"
#include "tour.h"

enum { ORDERS = 60, AT_ONCE = 5, CHUNK = 4, EACH = 10, READING = 30 }; /* the last two in milliseconds */

typedef struct counts {
    int made, used, ahead; /* ahead: made and not used, at most */
} counts_t;

/* One order after the other, without end. */
typedef struct orders {
    ASYNC_STREAM_FRAME(orders, int, counts_t *counts);
} orders_t;

ASYNC_STREAM(orders) {
    ASYNC_BEGIN();
    for (;;) {
        self->counts->made++;
        EMIT(self->counts->made);
    }
    ASYNC_FINALLY();
    printf("    the orders end: nobody reads them any more\n");
    ASYNC_END();
}

static bool is_even(void *data, const void *item) { return (void)data, *(const int *)item % 2 == 0; }

/* An order becomes a request, whose output is the next stage's item. */
static int send_order(void *data, const void *item, fut_future_t *slot) {
    (void)item;
    START(*(request_t *)(void *)slot, request, (const service_t *)data, EACH);
    return 1;
}

/* Output: how many answers were read. */
typedef struct pipe {
    ASYNC_FRAME(pipe, int, fut_executor_t *executor; service_t *service; counts_t *counts);
    struct serving_join serving;
    orders_t            orders;
    fut_stream_filter_t even;
    FUT_STREAM_BUFFER(request, AT_ONCE) requests;
    fut_stream_take_t   take;
    fut_stream_chunks_t chunks;
    int                 room[CHUNK];
    fut_stream_t       *stream;
    FUT_NEXT(fut_chunk_t) each;
    fut_sleep_t reading;
} pipe_t;

static fut_stream_t *open_pipe(pipe_t *self) {
    fut_stream_t *stream;
    START_STREAM(self->orders, orders, self->counts);
    stream = fut_stream_filter(&self->even, STREAM_OF(self->orders), is_even, NULL);
    stream = FUT_BUFFERED(self->requests, stream, send_order, self->service);
    stream = fut_stream_take(&self->take, stream, ORDERS / 2);
    return fut_stream_chunks(&self->chunks, stream, FUT_ARRAY(self->room));
}

static void use(counts_t *counts, const fut_chunk_t *chunk) {
    const int ahead = counts->made - counts->used;
    counts->used += 2 * (int)chunk->count; /* every other one was filtered out */
    if (ahead > counts->ahead) counts->ahead = ahead;
    printf("    %d answers read;  orders made %2d, used %2d\n", (int)chunk->count, counts->made, counts->used);
}

ASYNC(pipe) {
    ASYNC_BEGIN();
    self->stream  = open_pipe(self);
    self->serving = SPAWN(self->executor, serving, self->executor, self->service);
    FOR_AWAIT(self->each, self->stream) {
        use(self->counts, &self->each.item);
        AWAIT_TRY(self->reading, fut_sleep, FUT_MS(READING));
    }
    TRY(self->each.next.output);
    ASYNC_RETURN(self->counts->used / 2);

    ASYNC_FINALLY();
    fut_stream_drop(self->stream);
    fut_join_cancel(&self->serving.join);
    AWAIT(self->serving);
    ASYNC_END();
}

int pipeline(void) {
    fut_executor_t executor;
    service_t      service;
    counts_t       counts = {0};
    int            read, error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;
    if ((error = service_open(&service)) < 0) {
        fut_executor_destroy(&executor);
        return error;
    }

    printf("Orders without end, of which every other is sent out, %d at a time; the answers are read in order,\n",
           AT_ONCE);
    printf("%d at a time, by somebody who takes %d ms for that:\n\n", CHUNK, READING);
    read = BLOCK_ON(&executor, pipe, &executor, &service, &counts);
    if (read >= 0) error = fut_executor_run(&executor);
    fut_executor_destroy(&executor);
    if (read < 0 || error < 0) return read < 0 ? read : error;

    printf("\nNever more than %d orders ahead of the reader: two for each of %d requests and a chunk of %d.\n",
           counts.ahead, AT_ONCE, CHUNK);
    return read == ORDERS / 2 && counts.ahead <= 2 * (AT_ONCE + CHUNK) && service.most <= AT_ONCE ? 0 : -EILSEQ;
}

/* stream_from.h: where streams come from.                                      layer: stream; needs: core
 *
 *     fut_stream_from_array_t array;                                           // in the frame, as are all of these
 *     fut_stream_t *numbers = fut_stream_from_array(&self->array, FUT_ARRAY(primes));
 *
 * Each function fills a struct of the caller's and answers the stream in it. The struct, and what it points to, stay until
 * the stream has ended. A generator (macros/stream.h) is a source, too, and usually the one that reads best. Cancelling
 * loses nothing, except where it is said. Executor's thread.
 */
#ifndef FUT_STREAM_FROM_H
#define FUT_STREAM_FROM_H

#include "stream_base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All items of an array: pointer, size, count. And a place for items: pointer, size. */
#define FUT_ARRAY(array) (array), sizeof *(array), sizeof(array) / sizeof *(array)
#define FUT_OUT(pointer) (pointer), sizeof *(pointer)

/* The items of an array, in place: they are not copied. */
typedef struct fut_stream_from_array {
    fut_stream_t stream;
    char        *next;
    size_t       left;
} fut_stream_from_array_t;
fut_stream_t *fut_stream_from_array(fut_stream_from_array_t *self, const void *items, size_t size, size_t count);

/* Whatever `next` puts into *item: it answers 1, there is one; 0, the end; a negative errno. It must not block. */
typedef struct fut_stream_from_fn {
    fut_stream_t stream;
    void        *item;
    int (*next)(void *data, void *item);
    void *data;
} fut_stream_from_fn_t;
fut_stream_t *fut_stream_from_fn(fut_stream_from_fn_t *self, void *item, size_t size,
                                 int (*next)(void *data, void *item), void *data);

/* The same for one that may have to wait: PENDING, the waker of `cx` was taken; READY, and *answer as above. `drop`, which may
 * be NULL, is called when the stream ends before its time, and takes the waker out. */
typedef struct fut_stream_from_poll {
    fut_stream_t stream;
    void        *item;
    fut_poll_t (*poll)(void *data, fut_context_t *cx, void *item, int *answer);
    void (*drop)(void *data);
    void *data;
} fut_stream_from_poll_t;
fut_stream_t *fut_stream_from_poll(fut_stream_from_poll_t *self, void *item, size_t size,
                                   fut_poll_t (*poll)(void *data, fut_context_t *cx, void *item, int *answer),
                                   void (*drop)(void *data), void *data);

/* Private: a slot in which one future runs after the other. */
typedef struct fut_stream_slot {
    fut_future_t *future;
    fut_strand_t  strand;
    bool          running;
} fut_stream_slot_t;

/* The messages of a channel, of any kind: a started receive, which is begun again for each item, and the place it receives to.
 *
 *     START(self->recv, fut_channel_recv, FUT_ITEM(self->numbers, &self->n));
 *     self->s = fut_stream_from_recv(&self->from, &self->recv.future, FUT_OUT(&self->n));
 *
 * Any future will do whose output is an int: 0 and more, there is an item; -EPIPE, the end; else an error. Cancelling loses what
 * the receive loses: no message. */
typedef struct fut_stream_from_recv {
    fut_stream_t      stream;
    fut_stream_slot_t slot;
    void             *item;
} fut_stream_from_recv_t;
fut_stream_t *fut_stream_from_recv(fut_stream_from_recv_t *self, fut_future_t *started, void *item, size_t size);

/* One future after the other, each started by `start` in the slot: it answers 1, there is one; 0, the end; a negative errno.
 * Their outputs are the items. Where `is_end` is not NULL, it looks at an output and says whether it is no item any more: 1, the
 * end; 0, an item; a negative errno. Cancelling loses what the future in the slot loses. */
typedef struct fut_stream_from_futures {
    fut_stream_t      stream;
    fut_stream_slot_t slot;
    int (*start)(void *data, fut_future_t *slot);
    int (*is_end)(void *data, const void *output);
    void *data;
} fut_stream_from_futures_t;
#define FUT_STREAM_SLOT(slot) &(slot).future, &(slot).output, sizeof(slot).output
fut_stream_t *fut_stream_from_futures(fut_stream_from_futures_t *self, fut_future_t *slot, void *output, size_t size,
                                      int (*start)(void *data, fut_future_t *slot),
                                      int (*is_end)(void *data, const void *output), void *data);

/* The output of one started future. */
typedef struct fut_stream_once {
    fut_stream_from_futures_t futures;
    bool                      begun;
} fut_stream_once_t;
fut_stream_t *fut_stream_once(fut_stream_once_t *self, fut_future_t *started, void *output, size_t size);

/* The same item again and again, without end; and no item at all. */
typedef struct fut_stream_repeat {
    fut_stream_t stream;
    void        *again;
} fut_stream_repeat_t;
fut_stream_t *fut_stream_repeat(fut_stream_repeat_t *self, const void *item, size_t size);
typedef struct fut_stream_empty {
    fut_stream_t stream;
} fut_stream_empty_t;
fut_stream_t *fut_stream_empty(fut_stream_empty_t *self, size_t size);

#ifdef __cplusplus
}
#endif
#endif

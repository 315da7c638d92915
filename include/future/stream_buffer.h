/* stream_buffer.h: an async step for each item, so many at once.                layer: stream; needs: core, set
 *
 *     FUT_STREAM_BUFFER(fetch, 8) buffer;                                     // in the frame: 8 slots
 *     ...
 *     self->pages = FUT_BUFFERED(self->buffer, self->urls, start_fetch, NULL);
 *     FOR_AWAIT(self->each, self->pages) ...                                  // outputs, in the order of the urls
 *
 *     static int start_fetch(void *data, const void *item, fut_future_t *slot) {
 *         START(*(fetch_t *)(void *)slot, fetch, *(const char *const *)item);
 *         return 1;                                                           // 0: no more; negative: an error
 *     }
 *
 * FUT_BUFFERED gives the outputs in the order of the items, FUT_BUFFER_UNORDERED as they come. No more items are asked for than
 * there are slots; a slot is free again when the reader asks for the item behind its own. They run inside of the polls of
 * whoever reads: a set, see set.h, whose memory is taken at the first item (-ENOMEM). No slots: -EINVAL. After an error of
 * the source, or of `start`, what runs is still given out, then the stream ends with it.
 *
 * For each of a stream, so many at once, and the first error ends it all (for_each_concurrent):
 *
 *     AWAIT(self->all, fut_stream_for_each, FUT_BUFFER_UNORDERED(self->buffer, source, start, NULL), fut_first_error, NULL);
 */
#ifndef FUT_STREAM_BUFFER_H
#define FUT_STREAM_BUFFER_H

#include "set.h"
#include "stream_adapt.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __cplusplus

typedef struct fut_stream_buffer {
    fut_stream_t     stream;
    fut_set_t        set;
    fut_set_child_t *children, *free, *given; /* those that wait for work; the one whose output the reader has */
    fut_futures_t    slots;
    int (*start)(void *data, const void *item, fut_future_t *slot);
    void *data;
    bool  exhausted; /* nothing more is asked for */
    int   failed;    /* why */
} fut_stream_buffer_t;

#define FUT_STREAM_BUFFER(name, n)                                                                                     \
    struct {                                                                                                           \
        fut_stream_buffer_t buffer;                                                                                    \
        fut_set_child_t     children[n];                                                                               \
        name##_t            slots[n];                                                                                  \
    }
#define FUT_BUFFERED(buffer_, source, start, data)         FUT_BUFFER_(buffer_, source, start, data, true)
#define FUT_BUFFER_UNORDERED(buffer_, source, start, data) FUT_BUFFER_(buffer_, source, start, data, false)
#define FUT_BUFFER_(b, source, start, data, ordered)                                                                   \
    fut_stream_buffer(&(b).buffer, source, FUT_EACH((b).slots), (b).children, sizeof(b).slots[0].output, start, data,  \
                      ordered)

/* The function under both, for slots elsewhere: as many children as slots. */
fut_stream_t *fut_stream_buffer(fut_stream_buffer_t *self, fut_stream_t *source, fut_futures_t slots,
                                fut_set_child_t *children, size_t                                     size,
                                int (*start)(void *data, const void *item, fut_future_t *slot), void *data,
                                bool ordered);

/* For fut_stream_for_each over items of type int: a negative one is the end. */
int fut_first_error(void *data, void *item);

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif

/* stream_adapt.h: streams made of streams.                                     layer: stream; needs: core
 *
 *     fut_stream_filter_t odd;                                          // in the frame
 *     fut_stream_map_t    squares;
 *     long                square;                                       // where a new item is made
 *     ...
 *     self->s = fut_stream_filter(&self->odd, numbers, is_odd, NULL);
 *     self->s = fut_stream_map(&self->squares, self->s, FUT_OUT(&self->square), to_square, NULL);
 *
 * Each function fills a struct of the caller's and answers the stream in it, which owns the one below: it is read only
 * through the last of a chain from then on, and dropped with it. The structs stay until the stream has ended. Functions
 * are called when an item is asked for, on the executor's thread, and must not block; `data` is handed to them.
 *
 * Where a stream below ends with an error, so does the one above, after what it still has. Where one above ends first
 * (take, zip, an error), those below are cancelled gracefully, and it ends when they have. An adapter holds no more than the
 * items it is named for, and asks for one only when it is asked itself: nothing piles up.
 */
#ifndef FUT_STREAM_ADAPT_H
#define FUT_STREAM_ADAPT_H

#include "stream_from.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- One by one ---------------------------------------------------------------------------------- */

/* map: another item for each. */
typedef struct fut_stream_map {
    fut_stream_t stream;
    void        *out;
    void (*map)(void *data, const void *item, void *out);
    void *data;
} fut_stream_map_t;
fut_stream_t *fut_stream_map(fut_stream_map_t *self, fut_stream_t *source, void *out, size_t size,
                             void (*map)(void *data, const void *item, void *out), void *data);

/* filter: those for which it is true. filter_map: the same, and another item for each. */
typedef struct fut_stream_filter {
    fut_stream_t stream;
    bool (*keep)(void *data, const void *item);
    void *data;
} fut_stream_filter_t;
fut_stream_t *fut_stream_filter(fut_stream_filter_t *self, fut_stream_t          *source,
                                bool (*keep)(void *data, const void *item), void *data);
typedef struct fut_stream_filter_map {
    fut_stream_t stream;
    void        *out;
    bool (*map)(void *data, const void *item, void *out);
    void *data;
} fut_stream_filter_map_t;
fut_stream_t *fut_stream_filter_map(fut_stream_filter_map_t *self, fut_stream_t *source, void *out, size_t size,
                                    bool (*map)(void *data, const void *item, void *out), void *data);

/* scan: `next` changes the state in `data` and makes an item of it: 1; 0, the end; a negative errno. */
typedef struct fut_stream_scan {
    fut_stream_t stream;
    void        *out;
    int (*next)(void *data, const void *item, void *out);
    void *data;
} fut_stream_scan_t;
fut_stream_t *fut_stream_scan(fut_stream_scan_t *self, fut_stream_t *source, void *out, size_t size,
                              int (*next)(void *data, const void *item, void *out), void *data);

/* inspect: shows each item that passes. */
typedef struct fut_stream_inspect {
    fut_stream_t stream;
    void (*look)(void *data, const void *item);
    void *data;
} fut_stream_inspect_t;
fut_stream_t *fut_stream_inspect(fut_stream_inspect_t *self, fut_stream_t         *source,
                                 void (*look)(void *data, const void *item), void *data);

/* enumerate: each with its number, from 0. */
typedef struct fut_enumerated {
    size_t      index;
    const void *item; /* as long as this one */
} fut_enumerated_t;
typedef struct fut_stream_enumerate {
    fut_stream_t     stream;
    fut_enumerated_t now;
    size_t           count;
} fut_stream_enumerate_t;
fut_stream_t *fut_stream_enumerate(fut_stream_enumerate_t *self, fut_stream_t *source);

/* then: an async step for each item, one after the other. `start` starts a future in the slot, whose outputs are the items;
 * it may read its item from then on only where it was copied to. It answers 1; 0, the end; a negative errno. */
typedef struct fut_stream_then {
    fut_stream_t      stream;
    fut_stream_slot_t slot;
    int (*start)(void *data, const void *item, fut_future_t *slot);
    void *data;
} fut_stream_then_t;
fut_stream_t *fut_stream_then(fut_stream_then_t *self, fut_stream_t *source, fut_future_t *slot, void *output,
                              size_t size, int (*start)(void *data, const void *item, fut_future_t *slot), void *data);

/* ---- A part of it --------------------------------------------------------------------------------- */

/* take, skip: the first `count`; all but those. take_while, skip_while: up to the first for which it is false; from it on. */
typedef struct fut_stream_count {
    fut_stream_t stream;
    size_t       left;
} fut_stream_count_t;
typedef fut_stream_count_t fut_stream_take_t, fut_stream_skip_t;
fut_stream_t              *fut_stream_take(fut_stream_take_t *self, fut_stream_t *source, size_t count);
fut_stream_t              *fut_stream_skip(fut_stream_skip_t *self, fut_stream_t *source, size_t count);
typedef struct fut_stream_while {
    fut_stream_t stream;
    bool (*test)(void *data, const void *item);
    void *data;
    bool  passed;
} fut_stream_while_t;
typedef fut_stream_while_t fut_stream_take_while_t, fut_stream_skip_while_t;
fut_stream_t              *fut_stream_take_while(fut_stream_take_while_t *self, fut_stream_t      *source,
                                                 bool (*test)(void *data, const void *item), void *data);
fut_stream_t              *fut_stream_skip_while(fut_stream_skip_while_t *self, fut_stream_t      *source,
                                                 bool (*test)(void *data, const void *item), void *data);

/* peekable: the next item can be looked at before it is taken. */
typedef struct fut_stream_peekable {
    fut_stream_t stream;
    bool         peeked; /* source->item was not given out */
} fut_stream_peekable_t;
fut_stream_t *fut_stream_peekable(fut_stream_peekable_t *self, fut_stream_t *source);
/* READY: what the next poll will find, in *item; NULL, the end. */
FUT_MUST_USE fut_poll_t fut_stream_poll_peek(fut_stream_peekable_t *self, fut_context_t *cx, void **item);

/* ---- Several -------------------------------------------------------------------------------------- */

/* chain: the one, then the other. */
typedef struct fut_stream_two {
    fut_stream_t  stream;
    fut_stream_t *second;
    bool          turn, has_first; /* of merge: whose; of zip: the first has given its item */
} fut_stream_two_t;
typedef fut_stream_two_t fut_stream_chain_t, fut_stream_merge_t;
fut_stream_t            *fut_stream_chain(fut_stream_chain_t *self, fut_stream_t *first, fut_stream_t *second);
/* merge: whichever has an item, in turns where both have; until both have ended, or one with an error. */
fut_stream_t *fut_stream_merge(fut_stream_merge_t *self, fut_stream_t *first, fut_stream_t *second);
/* zip: pairs, until one of them ends. */
typedef struct fut_zipped {
    void *first, *second; /* as long as this one */
} fut_zipped_t;
typedef struct fut_stream_zip {
    fut_stream_two_t two;
    fut_zipped_t     pair;
} fut_stream_zip_t;
fut_stream_t *fut_stream_zip(fut_stream_zip_t *self, fut_stream_t *first, fut_stream_t *second);

/* select_all: whichever of an array has an item, beginning behind the one that had the last; a poll asks all of them, so this
 * is for a few. The array stays. */
typedef struct fut_stream_select_all {
    fut_stream_t         stream;
    fut_stream_t *const *streams;
    size_t               count, turn, winner;
} fut_stream_select_all_t;
fut_stream_t *fut_stream_select_all(fut_stream_select_all_t *self, fut_stream_t *const *streams, size_t count,
                                    size_t size);
/* Which one gave the latest item. */
FUT_INLINE_ size_t fut_stream_selected(const fut_stream_select_all_t *self) { return self->winner; }

/* flat_map: a stream for each item, one after the other. `open` answers it, or NULL: *error, and where that is 0, nothing for
 * this item. What it answers has ended before the next one is opened, so it may lie in the same place. flatten: the items are
 * streams, fut_stream_t *. */
typedef struct fut_stream_flat_map {
    fut_stream_t  stream;
    fut_stream_t *inner; /* NULL: none is open */
    fut_stream_t *(*open)(void *data, const void *item, int *error);
    void *data;
} fut_stream_flat_map_t;
fut_stream_t *fut_stream_flat_map(fut_stream_flat_map_t *self, fut_stream_t *source, size_t size,
                                  fut_stream_t *(*open)(void *data, const void *item, int *error), void *data);
fut_stream_t *fut_stream_flatten(fut_stream_flat_map_t *self, fut_stream_t *source, size_t size);

/* ---- Together ------------------------------------------------------------------------------------- */

/* chunks: so many at a time, the last perhaps fewer. ready_chunks: as many as are there, at least one. The room is an array of
 * the items' type, FUT_ARRAY(self->room), and is filled again for each chunk. */
typedef struct fut_chunk {
    void  *items;
    size_t count;
} fut_chunk_t;
typedef struct fut_stream_chunks {
    fut_stream_t stream;
    fut_chunk_t  chunk;
    size_t       size, room, have;
} fut_stream_chunks_t;
typedef fut_stream_chunks_t fut_stream_ready_chunks_t;
/* A room of 0, or of items of another size: the stream ends with -EINVAL. */
fut_stream_t *fut_stream_chunks(fut_stream_chunks_t *self, fut_stream_t *source, void *items, size_t size, size_t room);
fut_stream_t *fut_stream_ready_chunks(fut_stream_ready_chunks_t *self, fut_stream_t *source, void *items, size_t size,
                                      size_t room);

#ifdef __cplusplus
}
#endif
#endif

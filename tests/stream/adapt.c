/* Each adapter by itself: what it gives, when it ends, what it does to the streams below. */
#include "kit.h"

Test(stream, of_an_array_a_function_a_future_of_one_item_again_and_of_none) {
    static const int        primes[] = {2, 3, 5};
    fut_stream_from_array_t array;
    fut_stream_take_t       take;
    fut_stream_repeat_t     repeat;
    fut_stream_empty_t      empty;
    fut_stream_once_t       once;
    fut_test_after_t        after;
    cr_reads(fut_stream_from_array(&array, FUT_ARRAY(primes)), 2, 3, 5);
    cr_reads(fut_stream_take(&take, fut_stream_repeat(&repeat, &primes[1], sizeof(int)), 2), 3, 3);
    START(after, fut_test_after, 3, 42);
    cr_reads(fut_stream_once(&once, FUT_STREAM_SLOT(after)), 42);
    cr_assert_eq(read_all(fut_stream_empty(&empty, sizeof(int)), NULL, 0), 0);
}

static int three_then_error(void *data, void *item) {
    int *const n = data;
    if (*n == 3) return -EIO;
    *(int *)item = (*n)++;
    return 1;
}
Test(stream, of_a_function_until_it_fails) {
    fut_stream_from_fn_t fn;
    int                  n = 0, item, items[8];
    fut_stream_collect_t collect;
    START(collect, fut_stream_collect, fut_stream_from_fn(&fn, FUT_OUT(&item), three_then_error, &n), items, 8);
    cr_assert_eq(fut_test_run(&collect.future), FUT_READY);
    cr_assert_eq(collect.output, -EIO);
    cr_assert_eq(collect.count, 3u);
}

static int start_after(void *data, fut_future_t *slot) {
    int *const n = data;
    if (*n == 0) return 0;
    START(*(fut_test_after_t *)(void *)slot, fut_test_after, 2, (*n)--);
    return 1;
}
static int ends_at_one(void *data, const void *output) { return (void)data, *(const int *)output == 1; }
Test(stream, of_futures_one_after_the_other) {
    fut_stream_from_futures_t futures;
    fut_test_after_t          slot;
    int                       n = 3;
    cr_reads(fut_stream_from_futures(&futures, FUT_STREAM_SLOT(slot), start_after, NULL, &n), 3, 2, 1);
    n = 3;
    cr_reads(fut_stream_from_futures(&futures, FUT_STREAM_SLOT(slot), start_after, ends_at_one, &n), 3, 2);
}

Test(stream, map_filter_filter_map_inspect) {
    tap_t               source;
    fut_stream_map_t    map;
    fut_stream_filter_t filter;
    int                 out;
    fut_stream_t       *s = tap(&source, 1, 5);
    s                     = fut_stream_filter(&filter, s, is_odd, NULL);
    s                     = fut_stream_map(&map, s, FUT_OUT(&out), times_ten, NULL);
    source.hesitates      = 2;
    cr_reads(s, 10, 30, 50);
    cr_assert(tap_is_closed(&source));
}

static bool half_of_even(void *data, const void *item, void *out) {
    (void)data;
    *(int *)out = *(const int *)item / 2;
    return *(const int *)item % 2 == 0;
}
static void add_up(void *data, const void *item) { *(int *)data += *(const int *)item; }
Test(stream, filter_map_and_inspect) {
    tap_t                   source;
    fut_stream_filter_map_t half;
    fut_stream_inspect_t    inspect;
    int                     out, sum = 0;
    cr_reads(fut_stream_filter_map(&half, fut_stream_inspect(&inspect, tap(&source, 1, 6), add_up, &sum), FUT_OUT(&out),
                                   half_of_even, NULL),
             1, 2, 3);
    cr_assert_eq(sum, 21);
}

static int running_sum(void *data, const void *item, void *out) {
    int *const sum = data;
    *(int *)out    = *sum += *(const int *)item;
    return *sum < 10;
}
Test(stream, scan_ends_when_it_says_so) {
    tap_t             source;
    fut_stream_scan_t scan;
    int               out, sum = 0;
    cr_reads(fut_stream_scan(&scan, tap(&source, 1, 100), FUT_OUT(&out), running_sum, &sum), 1, 3, 6);
    cr_assert(tap_is_closed(&source));
    cr_assert_eq(source.given, 4u);
}

Test(stream, take_asks_for_no_more_than_it_gives) {
    tap_t             source;
    fut_stream_take_t take;
    cr_reads(fut_stream_take(&take, tap(&source, 1, 100), 3), 1, 2, 3);
    cr_assert_eq(source.given, 3u);
    cr_assert(tap_is_closed(&source));
    cr_assert_eq(read_all(fut_stream_take(&take, tap(&source, 1, 100), 0), NULL, 0), 0);
    cr_assert_eq(source.polls, 0u);
}

Test(stream, skip_take_while_skip_while) {
    tap_t                   source;
    fut_stream_skip_t       skip;
    fut_stream_take_while_t take_while;
    fut_stream_skip_while_t skip_while;
    int                     four = 4;
    cr_reads(fut_stream_skip(&skip, tap(&source, 1, 5), 3), 4, 5);
    cr_assert_eq(read_all(fut_stream_skip(&skip, tap(&source, 1, 5), 9), NULL, 0), 0);
    cr_reads(fut_stream_take_while(&take_while, tap(&source, 1, 9), is_small, &four), 1, 2, 3);
    cr_assert_eq(source.given, 4u);
    cr_reads(fut_stream_skip_while(&skip_while, tap(&source, 1, 5), is_small, &four), 4, 5);
}

Test(stream, skip_survives_running_out_of_turns) {
    tap_t             source;
    fut_stream_skip_t skip;
    fut_test_waker_t  woken = {0};
    fut_context_t     cx;
    fut_stream_t     *stream = fut_stream_skip(&skip, tap(&source, 0, 100), 50);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    do cx.budget = 7;
    while (fut_stream_poll_next(stream, &cx) == FUT_PENDING);
    cr_assert_eq(*(int *)stream->item, 50);
    fut_stream_drop(stream);
}

Test(stream, enumerate_counts_from_zero) {
    tap_t                  source;
    fut_stream_enumerate_t enumerate;
    fut_test_waker_t       woken = {0};
    fut_context_t          cx;
    fut_stream_t          *stream = fut_stream_enumerate(&enumerate, tap(&source, 10, 3));
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(fut_stream_poll_next(stream, &cx), FUT_READY);
        const fut_enumerated_t *now = stream->item;
        cr_assert_eq(now->index, (size_t)i);
        cr_assert_eq(*(const int *)now->item, 10 + i);
    }
    cr_assert_eq(fut_stream_poll_next(stream, &cx), FUT_READY);
    cr_assert_null(stream->item);
}

Test(stream, one_can_peek_at_the_next_item) {
    tap_t                 source;
    fut_stream_peekable_t peekable;
    fut_test_waker_t      woken = {0};
    fut_context_t         cx;
    void                 *item;
    fut_stream_t         *stream = fut_stream_peekable(&peekable, tap(&source, 1, 2));
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    for (int i = 1; i <= 2; i++) {
        for (int again = 0; again < 3; again++) {
            cr_assert_eq(fut_stream_poll_peek(&peekable, &cx, &item), FUT_READY);
            cr_assert_eq(*(int *)item, i);
        }
        cr_assert_eq(fut_stream_poll_next(stream, &cx), FUT_READY);
        cr_assert_eq(*(int *)stream->item, i);
    }
    cr_assert_eq(fut_stream_poll_peek(&peekable, &cx, &item), FUT_READY);
    cr_assert_null(item);
    cr_assert_eq(fut_stream_poll_next(stream, &cx), FUT_READY);
    cr_assert_null(stream->item);
    cr_assert_eq(fut_stream_poll_peek(&peekable, &cx, &item), FUT_READY);
    cr_assert_null(item);
}

Test(stream, chain_is_one_behind_the_other) {
    tap_t              a, b;
    fut_stream_chain_t chain;
    int                items[8];
    cr_reads(fut_stream_chain(&chain, tap(&a, 1, 2), tap(&b, 7, 2)), 1, 2, 7, 8);
    fut_stream_t *s = fut_stream_chain(&chain, tap(&a, 1, 2), tap(&b, 7, 2));
    a.error         = -EIO;
    cr_assert_eq(read_all(s, items, 8), -EIO);
    cr_assert_eq(b.polls, 0u);
    cr_assert(tap_is_closed(&a) && tap_is_closed(&b));
}

Test(stream, merge_takes_turns_where_both_have_something) {
    tap_t              a, b;
    fut_stream_merge_t merge;
    int                items[8];
    cr_reads(fut_stream_merge(&merge, tap(&a, 1, 4), tap(&b, 11, 2)), 1, 11, 2, 12, 3, 4);
    fut_stream_t *s = fut_stream_merge(&merge, tap(&a, 1, 100), tap(&b, 11, 2));
    b.error         = -EPIPE;
    cr_assert_eq(read_all(s, items, 8), -EPIPE);
    cr_assert(tap_is_closed(&a) && tap_is_closed(&b));
}

Test(stream, merge_waits_for_whichever_comes) {
    tap_t              a, b;
    fut_stream_merge_t merge;
    fut_stream_t      *s = fut_stream_merge(&merge, tap(&a, 1, 2), tap(&b, 11, 3));
    a.hesitates          = 5;
    cr_reads(s, 11, 12, 13, 1, 2);
}

Test(stream, zip_ends_with_the_shorter_one) {
    tap_t            a, b;
    fut_stream_zip_t zip;
    fut_test_waker_t woken = {0};
    fut_context_t    cx;
    fut_stream_t    *s = fut_stream_zip(&zip, tap(&a, 1, 9), tap(&b, 11, 2));
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    b.hesitates = 1;
    for (int i = 0; i < 2; i++) {
        while (fut_stream_poll_next(s, &cx) == FUT_PENDING) {}
        const fut_zipped_t *pair = s->item;
        cr_assert_eq(*(int *)pair->first, 1 + i);
        cr_assert_eq(*(int *)pair->second, 11 + i);
    }
    while (fut_stream_poll_next(s, &cx) == FUT_PENDING) {}
    cr_assert_null(s->item);
    cr_assert(tap_is_closed(&a) && tap_is_closed(&b));
    cr_assert_eq(a.given, 3u);
}

Test(stream, select_all_is_fair) {
    tap_t                   a, b, c;
    fut_stream_select_all_t select;
    fut_stream_t           *three[3];
    int                     items[16];
    three[0] = tap(&a, 0, 3), three[1] = tap(&b, 10, 2), three[2] = tap(&c, 20, 3);
    cr_reads(fut_stream_select_all(&select, three, 3, sizeof(int)), 0, 10, 20, 1, 11, 21, 2, 22);
    cr_assert_eq(fut_stream_selected(&select), 2u);
    three[0] = tap(&a, 0, 3), three[1] = tap(&b, 10, 2), three[2] = tap(&c, 20, 3);
    b.error = -EIO;
    cr_assert_eq(read_all(fut_stream_select_all(&select, three, 3, sizeof(int)), items, 16), -EIO);
    cr_assert(tap_is_closed(&a) && tap_is_closed(&b) && tap_is_closed(&c));
    cr_assert_eq(read_all(fut_stream_select_all(&select, three, 0, sizeof(int)), items, 16), 0);
}

/* n: n items, n * 10 and up; 3: none; 5: an error. */
static fut_stream_t *open_tap(void *data, const void *item, int *error) {
    const int n = *(const int *)item;
    if (n == 5) *error = -EDOM;
    return n == 3 || n == 5 ? NULL : tap(data, n * 10, n);
}
Test(stream, flat_map_opens_one_after_the_other) {
    tap_t                 outer, inner;
    fut_stream_flat_map_t flat;
    int                   items[16];
    fut_stream_t         *s = fut_stream_flat_map(&flat, tap(&outer, 1, 4), sizeof(int), open_tap, &inner);
    outer.hesitates         = 1;
    cr_reads(s, 10, 20, 21, 40, 41, 42, 43);
    s = fut_stream_flat_map(&flat, tap(&outer, 4, 9), sizeof(int), open_tap, &inner);
    cr_assert_eq(read_all(s, items, 16), -EDOM);
    cr_assert(tap_is_closed(&outer));
}

Test(stream, flatten_reads_streams_of_streams) {
    tap_t                   a, b;
    fut_stream_t           *both[2] = {tap(&a, 1, 2), tap(&b, 11, 1)};
    fut_stream_from_array_t array;
    fut_stream_flat_map_t   flat;
    cr_reads(fut_stream_flatten(&flat, fut_stream_from_array(&array, FUT_ARRAY(both)), sizeof(int)), 1, 2, 11);
}

static int step(void *data, const void *item, fut_future_t *slot) {
    (void)data;
    if (*(const int *)item == 9) return -ENXIO;
    START(*(fut_test_after_t *)(void *)slot, fut_test_after, 2, *(const int *)item * 3);
    return 1;
}
Test(stream, then_makes_one_async_step_after_the_other) {
    tap_t             source;
    fut_stream_then_t then;
    fut_test_after_t  slot;
    int               items[16];
    cr_reads(fut_stream_then(&then, tap(&source, 1, 3), FUT_STREAM_SLOT(slot), step, NULL), 3, 6, 9);
    cr_assert_eq(read_all(fut_stream_then(&then, tap(&source, 8, 9), FUT_STREAM_SLOT(slot), step, NULL), items, 16),
                 -ENXIO);
    cr_assert(tap_is_closed(&source));
}

/* The sums of the chunks, so that sizes and order count. */
static void sum_chunk(void *data, const void *item, void *out) {
    const fut_chunk_t *chunk = item;
    (void)data;
    *(int *)out = (int)chunk->count * 1000;
    for (size_t i = 0; i < chunk->count; i++) *(int *)out += ((int *)chunk->items)[i];
}
Test(stream, chunks_are_full_but_the_last) {
    tap_t               source;
    fut_stream_chunks_t chunks;
    fut_stream_map_t    map;
    int                 room[3], out, items[4];
    fut_stream_t       *s = fut_stream_chunks(&chunks, tap(&source, 1, 7), FUT_ARRAY(room));
    source.hesitates      = 2;
    cr_reads(fut_stream_map(&map, s, FUT_OUT(&out), sum_chunk, NULL), 3006, 3015, 1007);
    s            = fut_stream_chunks(&chunks, tap(&source, 1, 2), FUT_ARRAY(room));
    source.error = -EIO;
    cr_assert_eq(read_all(fut_stream_map(&map, s, FUT_OUT(&out), sum_chunk, NULL), items, 4), -EIO);
    cr_assert_eq(items[0], 2003, "what was there comes before the error");
    s = fut_stream_chunks(&chunks, tap(&source, 1, 2), room, sizeof *room, 0);
    cr_assert_eq(read_all(fut_stream_map(&map, s, FUT_OUT(&out), sum_chunk, NULL), items, 4), -EINVAL);
    cr_assert(tap_is_closed(&source));
}
Test(stream, ready_chunks_are_what_is_there) {
    tap_t               source;
    fut_stream_chunks_t chunks;
    fut_stream_map_t    map;
    int                 room[4], out;
    fut_stream_t       *s = fut_stream_ready_chunks(&chunks, tap(&source, 1, 6), FUT_ARRAY(room));
    cr_reads(fut_stream_map(&map, s, FUT_OUT(&out), sum_chunk, NULL), 4010, 2011);
    s                = fut_stream_ready_chunks(&chunks, tap(&source, 1, 3), FUT_ARRAY(room));
    source.hesitates = 1;
    cr_reads(fut_stream_map(&map, s, FUT_OUT(&out), sum_chunk, NULL), 1001, 1002, 1003);
}

Test(stream, collecting_more_than_there_is_room_for_is_an_error) {
    tap_t source;
    int   items[3];
    cr_assert_eq(read_all(tap(&source, 1, 4), items, 3), -ENOBUFS);
    cr_assert(tap_is_closed(&source));
    cr_assert_eq(read_all(tap(&source, 1, 3), items, 3), 3);
}

static int stop_at_four(void *data, void *item) {
    *(int *)data += *(int *)item;
    return *(int *)item == 4 ? -EINTR : 1;
}
Test(stream, for_each_folds_and_stops_at_an_error) {
    tap_t                 source;
    fut_stream_for_each_t each;
    int                   sum = 0;
    START(each, fut_stream_for_each, tap(&source, 1, 3), stop_at_four, &sum);
    cr_assert_eq(fut_test_run(&each.future), FUT_READY);
    cr_assert_eq(each.output, 0);
    cr_assert_eq(sum, 6);
    START(each, fut_stream_for_each, tap(&source, 1, 9), stop_at_four, &sum);
    cr_assert_eq(fut_test_run(&each.future), FUT_READY);
    cr_assert_eq(each.output, -EINTR);
    cr_assert(tap_is_closed(&source));
}

/* A place of another size would be written beyond its end. */
Test(stream, items_of_another_size_stop_the_program, .signal = SIGABRT) {
    tap_t             source;
    fut_stream_next_t next;
    char              small;
    START(next, fut_stream_next, tap(&source, 1, 1), FUT_OUT(&small));
    (void)!fut_test_run(&next.future);
}

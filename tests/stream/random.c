/* Random chains of adapters over random sources that hesitate, against the same chain over arrays; stopped anywhere, gracefully
 * or at once, and then everything below has been told once. */
#include "../play.h"
#include "kit.h"

enum { MOST = 64, LAYERS = 6, TAPS = 2 * LAYERS + 1 };
typedef enum {
    MAP,
    FILTER,
    TAKE,
    SKIP,
    TAKE_WHILE,
    SKIP_WHILE,
    CHAIN,
    MERGE_WITH_NONE,
    THEN,
    BUFFERED,
    PEEKABLE,
    FLAT,
    KINDS
} kind_t;
static const char *const names[] = {"map",   "filter", "take", "skip",     "take_while", "skip_while",
                                    "chain", "merge",  "then", "buffered", "peekable",   "flat_map"};

/* ---- The model: a list, and the error at its end ----------------------------------------------------------------- */

typedef struct list {
    int items[MOST * 4], count, error;
} list_t;

static void model_map(list_t *list) {
    for (int i = 0; i < list->count; i++) list->items[i] = (list->items[i] * 10) % 9973;
}
static void model_keep(list_t *list, int from, int to,
                       bool ends) { /* the items from .. to; `ends`, whatever came after */
    if (from > list->count) from = list->count;
    if (to > list->count) to = list->count;
    memmove(list->items, list->items + from, (size_t)(to - from) * sizeof(int));
    if (ends) list->error = 0;
    list->count = to - from;
}
static void model_filter(list_t *list) {
    int kept = 0;
    for (int i = 0; i < list->count; i++)
        if (list->items[i] % 2 != 0) list->items[kept++] = list->items[i];
    list->count = kept;
}
static int first_not_small(const list_t *list, int limit) {
    int i = 0;
    while (i < list->count && list->items[i] < limit) i++;
    return i;
}
static void model_append(list_t *list, const list_t *more) {
    if (list->error) return;
    memcpy(list->items + list->count, more->items, (size_t)more->count * sizeof(int));
    list->count += more->count;
    list->error = more->error;
}
static void model_then(list_t *list) {
    for (int i = 0; i < list->count; i++) list->items[i] = (list->items[i] * 3) % 9973;
}
static void model_double(list_t *list) { /* each twice */
    for (int i = list->count; i-- > 0;) list->items[2 * i] = list->items[2 * i + 1] = list->items[i];
    list->count *= 2;
}

/* ---- The same in truth --------------------------------------------------------------------------------------------- */

typedef struct layer {
    union {
        fut_stream_map_t      map;
        fut_stream_filter_t   filter;
        fut_stream_count_t    count;
        fut_stream_while_t    until;
        fut_stream_two_t      two;
        fut_stream_then_t     then;
        fut_stream_peekable_t peekable;
        FUT_STREAM_BUFFER(fut_test_after, 3) buffer;
        struct {
            fut_stream_flat_map_t flat;
            fut_stream_repeat_t   repeat;
            fut_stream_take_t     take;
            int                   item;
        };
    };
    fut_test_after_t slot;
    int              out, limit;
} layer_t;
static layer_t layers[LAYERS];
static tap_t   taps[TAPS];
static int     taps_open;

static void map_item(void *data, const void *item, void *out) {
    (void)data;
    *(int *)out = (*(const int *)item * 10) % 9973;
}
static int start_step(void *data, const void *item, fut_future_t *slot) {
    (void)data;
    START(*(fut_test_after_t *)(void *)slot, fut_test_after, (unsigned)*(const int *)item % 3,
          (*(const int *)item * 3) % 9973);
    return 1;
}
static fut_stream_t *open_double(void *data, const void *item, int *error) {
    layer_t *const self = data;
    (void)error;
    self->item = *(const int *)item;
    return fut_stream_take(&self->take, fut_stream_repeat(&self->repeat, &self->item, sizeof self->item), 2);
}

static fut_stream_t *new_tap(list_t *list) {
    tap_t *const  self  = &taps[taps_open++];
    const int     first = (int)play_pick(100), count = (int)play_pick(8);
    fut_stream_t *stream = tap(self, first, count);
    self->hesitates      = play_pick(3);
    self->error          = play_pick(4) == 3 ? -EIO : 0;
    list->count          = count;
    list->error          = self->error;
    for (int i = 0; i < count; i++) list->items[i] = first + i;
    play_say("tap %d..%d, hesitates %u%s", first, first + count, self->hesitates, self->error ? ", fails" : "");
    return stream;
}

static fut_stream_t *cover(layer_t *self, fut_stream_t *below, list_t *list) {
    const kind_t kind = (kind_t)play_pick(KINDS);
    const int    n    = (int)play_pick(6);
    list_t       other;
    self->limit = 10 * n;
    play_say("%s %d", names[kind], n);
    switch (kind) {
        case MAP: model_map(list); return fut_stream_map(&self->map, below, FUT_OUT(&self->out), map_item, NULL);
        case FILTER: model_filter(list); return fut_stream_filter(&self->filter, below, is_odd, NULL);
        case TAKE: model_keep(list, 0, n, n <= list->count); return fut_stream_take(&self->count, below, (size_t)n);
        case SKIP: model_keep(list, n, list->count, false); return fut_stream_skip(&self->count, below, (size_t)n);
        case TAKE_WHILE: {
            const int first = first_not_small(list, self->limit);
            model_keep(list, 0, first, first < list->count);
            return fut_stream_take_while(&self->until, below, is_small, &self->limit);
        }
        case SKIP_WHILE:
            model_keep(list, first_not_small(list, self->limit), list->count, false);
            return fut_stream_skip_while(&self->until, below, is_small, &self->limit);
        case CHAIN: {
            fut_stream_t *const second = new_tap(&other);
            model_append(list, &other);
            return fut_stream_chain(&self->two, below, second);
        }
        case MERGE_WITH_NONE: { /* with one that ends: the order of two is not the model's */
            fut_stream_t *const second = tap(&taps[taps_open++], 0, 0);
            return fut_stream_merge(&self->two, below, second);
        }
        case THEN:
            model_then(list);
            return fut_stream_then(&self->then, below, FUT_STREAM_SLOT(self->slot), start_step, NULL);
        case BUFFERED: model_then(list); return FUT_BUFFERED(self->buffer, below, start_step, NULL);
        case PEEKABLE: return fut_stream_peekable(&self->peekable, below);
        default:
            if (list->count > MOST) return fut_stream_peekable(&self->peekable, below);
            model_double(list);
            return fut_stream_flat_map(&self->flat, below, sizeof(int), open_double, self);
    }
}

/* A source that came to its end, or was told; never both, and not at all only if nobody ever asked it. */
static void all_are_closed(void) {
    for (int i = 0; i < taps_open; i++)
        play_claim(tap_is_closed(&taps[i]), "tap %d: %u ends, %u drops", i, taps[i].ends, taps[i].drops);
}

static void one_chain(const void *nothing) {
    list_t           list;
    fut_test_waker_t woken = {0};
    fut_context_t    cx;
    fut_stream_t    *stream;
    const int        depth  = (int)play_pick(LAYERS + 1);
    const unsigned   budget = play_pick(2) ? 1 + play_pick(5) : UINT32_MAX, fate = play_pick(4), when = play_pick(30);
    int              read = 0;
    (void)nothing;
    taps_open = 0;
    stream    = new_tap(&list);
    for (int i = 0; i < depth; i++) stream = cover(&layers[i], stream, &list);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    for (unsigned polls = 0; !fut_stream_has_ended(stream); polls++) {
        const unsigned before = woken.wakes;
        if (polls == when && fate == 1) fut_stream_cancel(stream);
        if (polls == when && fate == 2) break;
        play_claim(polls < 5000, "it does not end");
        cx.budget = budget;
        if (fut_stream_poll_next(stream, &cx) == FUT_PENDING) {
            play_claim(woken.wakes > before, "pending, and nobody wakes");
        } else if (stream->item) {
            play_claim(stream->state == FUT_STREAM_OPEN_, "an item after the end");
            play_claim(read < list.count, "an item too many: %d", *(int *)stream->item);
            play_claim(*(int *)stream->item == list.items[read], "%d instead of %d", *(int *)stream->item,
                       list.items[read]);
            read++;
        }
    }
    if (fate == 2) fut_stream_drop(stream);
    if (fate == 0 || fate == 3) {
        play_claim(read == list.count, "%d items of %d", read, list.count);
        play_claim(stream->error == list.error, "error %d instead of %d", stream->error, list.error);
    }
    play_claim(fut_stream_has_ended(stream), "it has not ended");
    all_are_closed();
}

Test(stream, a_random_chain_gives_what_the_same_chain_over_arrays_gives) { play_all(one_chain, NULL, 20000); }

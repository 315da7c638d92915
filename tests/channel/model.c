/* The channels against a model of thirty lines, in random order: sends and receives that are started, polled for
 * nothing, told to look and passed by, dropped and cancelled at every point; then closed. After each step the model
 * says who has been woken, each poll's answer, and which message it brings. */
#include "kit.h"

enum { LEAVES = 8, MOST = 300, STEPS = 3000, SEEDS = 40 };

/* ---- What is tested ------------------------------------------------------------------------------------ */

typedef union leaf {
    fut_future_t             future;
    fut_channel_send_t       send;
    fut_channel_recv_t       recv;
    fut_channel_recv_many_t  recv_many;
    fut_local_channel_send_t local_send;
    fut_local_channel_recv_t local_recv;
    fut_unbounded_recv_t     unbounded_recv;
} leaf_t;

static fut_channel_t       bounded;
static fut_local_channel_t local;
static fut_unbounded_t     unbounded;
static uint32_t            memory[FUT_CHANNEL_BYTES(sizeof(int), 16) / 4];

typedef struct kind {
    const char *name;
    void (*init)(unsigned capacity);
    void (*start_send)(leaf_t *leaf, const int *item); /* NULL: sending does not wait */
    void (*start_recv)(leaf_t *leaf, int *item);
    int (*try_send)(const int *item);
    int (*try_recv)(int *item);
    void (*close)(void);
    void (*stats)(fut_channel_stats_t *stats);
    void (*destroy)(void);
} kind_t;

static void bounded_init(unsigned capacity) {
    cr_assert_eq(fut_channel_init(&bounded, memory, sizeof(int), capacity), 0);
}
static void bounded_start_send(leaf_t *leaf, const int *item) { START(leaf->send, fut_channel_send, &bounded, item); }
static void bounded_start_recv(leaf_t *leaf, int *item) { START(leaf->recv, fut_channel_recv, &bounded, item); }
static void bounded_start_recv_many(leaf_t *leaf, int *item) {
    START(leaf->recv_many, fut_channel_recv_many, &bounded, item, 1);
}
static int  bounded_try_send(const int *item) { return fut_channel_try_send(&bounded, item); }
static int  bounded_try_recv(int *item) { return fut_channel_try_recv(&bounded, item); }
static void bounded_close(void) { fut_channel_close(&bounded); }
static void bounded_stats(fut_channel_stats_t *stats) { fut_channel_stats(&bounded, stats); }
static void bounded_destroy(void) { fut_channel_destroy(&bounded); }

static void local_init(unsigned capacity) {
    cr_assert_eq(fut_local_channel_init(&local, memory, sizeof(int), capacity), 0);
}
static void local_start_send(leaf_t *leaf, const int *item) {
    START(leaf->local_send, fut_local_channel_send, &local, item);
}
static void local_start_recv(leaf_t *leaf, int *item) { START(leaf->local_recv, fut_local_channel_recv, &local, item); }
static int  local_try_send(const int *item) { return fut_local_channel_try_send(&local, item); }
static int  local_try_recv(int *item) { return fut_local_channel_try_recv(&local, item); }
static void local_close(void) { fut_local_channel_close(&local); }
static void local_stats(fut_channel_stats_t *stats) { fut_local_channel_stats(&local, stats); }
static void local_destroy(void) { fut_local_channel_destroy(&local); }

static void unbounded_init(unsigned capacity) {
    (void)capacity;
    cr_assert_eq(fut_unbounded_init(&unbounded, sizeof(int)), 0);
}
static void unbounded_start_recv(leaf_t *leaf, int *item) {
    START(leaf->unbounded_recv, fut_unbounded_recv, &unbounded, item);
}
static int  unbounded_try_send(const int *item) { return fut_unbounded_send(&unbounded, item); }
static int  unbounded_try_recv(int *item) { return fut_unbounded_try_recv(&unbounded, item); }
static void unbounded_close(void) { fut_unbounded_close(&unbounded); }
static void unbounded_stats(fut_channel_stats_t *stats) { fut_unbounded_stats(&unbounded, stats); }
static void unbounded_destroy(void) { fut_unbounded_destroy(&unbounded); }

static const kind_t bounded_kind   = {"bounded",          bounded_init,     bounded_start_send,
                                      bounded_start_recv, bounded_try_send, bounded_try_recv,
                                      bounded_close,      bounded_stats,    bounded_destroy};
static const kind_t many_kind      = {"bounded, recv_many",    bounded_init,     bounded_start_send,
                                      bounded_start_recv_many, bounded_try_send, bounded_try_recv,
                                      bounded_close,           bounded_stats,    bounded_destroy};
static const kind_t local_kind     = {"local",        local_init,  local_start_send, local_start_recv, local_try_send,
                                      local_try_recv, local_close, local_stats,      local_destroy};
static const kind_t unbounded_kind = {"unbounded",          unbounded_init,     NULL,
                                      unbounded_start_recv, unbounded_try_send, unbounded_try_recv,
                                      unbounded_close,      unbounded_stats,    unbounded_destroy};

/* ---- The model --------------------------------------------------------------------------------------------- */

enum { SEND_SIDE, RECV_SIDE };
typedef enum { NONE, STARTED, QUEUED, TOLD, RELEASED } place_t;

static struct model {
    int      queue[MOST];
    unsigned capacity, count, tickets;
    bool     closed;
    struct {
        place_t  place;
        int      side;
        bool     waited;
        unsigned ticket, wakes;
    } leaf[LEAVES];
} model;

static void model_tell(int side) {
    int first = -1;
    for (int i = 0; i < LEAVES; i++)
        if (model.leaf[i].place == QUEUED && model.leaf[i].side == side &&
            (first < 0 || model.leaf[i].ticket < model.leaf[first].ticket))
            first = i;
    if (first < 0) return;
    model.leaf[first].place = TOLD;
    model.leaf[first].wakes++;
}
static int model_push(int value) {
    if (model.closed) return -EPIPE;
    if (model.count == model.capacity) return -EAGAIN;
    model.queue[model.count++] = value;
    model_tell(RECV_SIDE);
    return 0;
}
static int model_pop(int *value) {
    if (model.count == 0) return model.closed ? -EPIPE : -EAGAIN;
    *value = model.queue[0];
    memmove(model.queue, model.queue + 1, --model.count * sizeof *model.queue);
    model_tell(SEND_SIDE);
    return 0;
}
/* -EAGAIN: PENDING. */
static int model_poll(int i, int *value) {
    int answer;
    if (model.leaf[i].place == QUEUED) return -EAGAIN;
    answer = model.leaf[i].side == SEND_SIDE ? model_push(*value) : model_pop(value);
    if (answer == -EAGAIN) {
        if (!model.leaf[i].waited) model.leaf[i].ticket = model.tickets++;
        model.leaf[i].waited = true;
    }
    model.leaf[i].place = answer == -EAGAIN ? QUEUED : NONE;
    return answer;
}
static void model_drop(int i) {
    const place_t place = model.leaf[i].place;
    model.leaf[i].place = NONE;
    if (place == TOLD) model_tell(model.leaf[i].side);
}
static void model_close(void) {
    model.closed = true;
    for (int i = 0; i < LEAVES; i++)
        if (model.leaf[i].place == QUEUED || model.leaf[i].place == TOLD) {
            model.leaf[i].wakes += model.leaf[i].place == QUEUED;
            model.leaf[i].place = RELEASED;
        }
}
static unsigned model_waiting(int side) {
    unsigned n = 0;
    for (int i = 0; i < LEAVES; i++) n += model.leaf[i].place == QUEUED && model.leaf[i].side == side;
    return n;
}

/* ---- Side by side -------------------------------------------------------------------------------------------- */

static leaf_t           leaves[LEAVES];
static fut_test_waker_t woken[LEAVES];
static int              items[LEAVES], next_value;
static trace_t          steps;

static int output_of(const leaf_t *leaf) {
    const int output = (int)fut_result(&leaf->future);
    return output > 0 ? 0 : output; /* recv_many says how many */
}

static void start_one(const kind_t *kind, int i, unsigned *seed) {
    const bool send = kind->start_send && any_of(seed, 2);
    note(&steps, " start%d%c", i, send ? 's' : 'r');
    model.leaf[i].place  = STARTED;
    model.leaf[i].waited = false;
    model.leaf[i].side   = send ? SEND_SIDE : RECV_SIDE;
    items[i]             = send ? next_value++ : -1;
    if (send)
        kind->start_send(&leaves[i], &items[i]);
    else
        kind->start_recv(&leaves[i], &items[i]);
}

static void poll_one(const kind_t *kind, int i, unsigned number) {
    int              item   = items[i];
    const int        answer = model_poll(i, &item);
    const fut_poll_t poll   = POLL(leaves[i], woken[i]);
    note(&steps, " poll%d=%d", i, answer);
    cr_assert_eq(poll, answer == -EAGAIN ? FUT_PENDING : FUT_READY, "%s, seed %u: %s", kind->name, number, steps.text);
    if (answer == -EAGAIN) return;
    cr_assert_eq(output_of(&leaves[i]), answer, "%s, seed %u: output %d: %s", kind->name, number, output_of(&leaves[i]),
                 steps.text);
    cr_assert_eq(items[i], item, "%s, seed %u: got %d, expected %d: %s", kind->name, number, items[i], item,
                 steps.text);
}

static void end_one(int i, unsigned *seed) {
    note(&steps, " drop%d", i);
    model_drop(i);
    if (any_of(seed, 2))
        fut_drop(&leaves[i].future);
    else
        fut_cancel(&leaves[i].future);
    cr_assert_eq(output_of(&leaves[i]), -ECANCELED);
}

static void try_one(const kind_t *kind, bool send, unsigned number) {
    int value = send ? next_value++ : -1, expected = value, answer, modelled;
    if (send && model.count == MOST) return;
    modelled = send ? model_push(value) : model_pop(&expected);
    answer   = send ? kind->try_send(&value) : kind->try_recv(&value);
    note(&steps, " try%c=%d", send ? 's' : 'r', modelled);
    cr_assert(answer == modelled && value == expected, "%s, seed %u: %d, got %d: %s", kind->name, number, answer, value,
              steps.text);
}

static void compare(const kind_t *kind, unsigned number) {
    fut_channel_stats_t stats;
    kind->stats(&stats);
    cr_assert(stats.messages == model.count && stats.closed == model.closed &&
                  stats.senders == model_waiting(SEND_SIDE) && stats.receivers == model_waiting(RECV_SIDE),
              "%s, seed %u: %zu messages, %zu send, %zu receive: %s", kind->name, number, stats.messages, stats.senders,
              stats.receivers, steps.text);
    for (int i = 0; i < LEAVES; i++)
        cr_assert_eq(woken[i].wakes, model.leaf[i].wakes, "%s, seed %u: wakes of %d: %s", kind->name, number, i,
                     steps.text);
}

static void step(const kind_t *kind, unsigned *seed, unsigned number) {
    const int      i      = (int)any_of(seed, LEAVES);
    const unsigned choice = any_of(seed, 100);
    if (choice < 20)
        try_one(kind, any_of(seed, 2), number);
    else if (model.leaf[i].place == NONE)
        start_one(kind, i, seed);
    else if (choice < 85)
        poll_one(kind, i, number);
    else
        end_one(i, seed);
    compare(kind, number);
}

static void finish(const kind_t *kind, unsigned *seed, unsigned number) {
    note(&steps, " close");
    model_close();
    kind->close();
    kind->close();
    compare(kind, number);
    for (int k = 0; k < 100; k++) step(kind, seed, number);
    for (int i = 0; i < LEAVES; i++) {
        if (model.leaf[i].place != NONE) end_one(i, seed);
        cr_assert_eq(woken[i].clones, woken[i].drops, "%s, seed %u: clones of %d", kind->name, number, i);
    }
    while (model.count > 0) try_one(kind, false, number);
    try_one(kind, false, number);
    kind->destroy();
}

static void run_model(const kind_t *kind) {
    static const unsigned capacities[] = {1, 2, 3, 7, 16};
    for (unsigned number = 0; number < SEEDS; number++) {
        unsigned seed = number;
        memset(&model, 0, sizeof model);
        memset(woken, 0, sizeof woken);
        steps.used     = 0;
        model.capacity = kind->start_send ? capacities[number % 5] : MOST;
        kind->init(model.capacity);
        for (int i = 0; i < STEPS; i++) step(kind, &seed, number);
        finish(kind, &seed, number);
    }
}

Test(channel, the_bounded_one_does_what_its_model_does) { run_model(&bounded_kind); }
Test(channel, receiving_many_but_one_does_what_the_model_does) { run_model(&many_kind); }
Test(channel, the_local_one_does_what_its_model_does) { run_model(&local_kind); }
Test(channel, the_unbounded_one_does_what_its_model_does) { run_model(&unbounded_kind); }

/* The channels against a model of thirty lines, in random order: sends and receives that are started, polled for
 * nothing, told to look and passed by, dropped and cancelled at every point, before the channel is closed and after.
 * After each step the model says who has been woken, each poll's answer, and which message it brings. */
#include "../play.h"
#include "kit.h"

enum { LEAVES = 8, MOST = 300, STEPS = 1000, CLOSED_AFTER = 800 /* about */, SEEDS = 150 };

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

static const kind_t bounded_kind   = {bounded_init,     bounded_start_send, bounded_start_recv, bounded_try_send,
                                      bounded_try_recv, bounded_close,      bounded_stats,      bounded_destroy};
static const kind_t many_kind      = {bounded_init,     bounded_start_send, bounded_start_recv_many, bounded_try_send,
                                      bounded_try_recv, bounded_close,      bounded_stats,           bounded_destroy};
static const kind_t local_kind     = {local_init,     local_start_send, local_start_recv, local_try_send,
                                      local_try_recv, local_close,      local_stats,      local_destroy};
static const kind_t unbounded_kind = {unbounded_init,       NULL,
                                      unbounded_start_recv, unbounded_try_send,
                                      unbounded_try_recv,   unbounded_close,
                                      unbounded_stats,      unbounded_destroy};

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

static int output_of(const leaf_t *leaf) {
    const int output = (int)fut_result(&leaf->future);
    return output > 0 ? 0 : output; /* recv_many says how many */
}

static void start_one(const kind_t *kind, int i) {
    const bool send = kind->start_send && play_pick(2);
    play_say("start %s %d", send ? "send" : "recv", i);
    model.leaf[i].place  = STARTED;
    model.leaf[i].waited = false;
    model.leaf[i].side   = send ? SEND_SIDE : RECV_SIDE;
    items[i]             = send ? next_value++ : -1;
    if (send)
        kind->start_send(&leaves[i], &items[i]);
    else
        kind->start_recv(&leaves[i], &items[i]);
}

static void poll_one(int i) {
    int              item   = items[i];
    const int        answer = model_poll(i, &item);
    const fut_poll_t poll   = POLL(leaves[i], woken[i]);
    play_say("poll %d", i);
    play_claim((poll == FUT_PENDING) == (answer == -EAGAIN), "%d is %s", i, poll == FUT_PENDING ? "pending" : "ready");
    if (answer == -EAGAIN) return;
    play_claim(output_of(&leaves[i]) == answer, "%d has the output %d, not %d", i, output_of(&leaves[i]), answer);
    play_claim(items[i] == item, "%d has got %d, not %d", i, items[i], item);
}

static void end_one(int i) {
    const bool gracefully = play_pick(2);
    play_say("%s %d", gracefully ? "cancel" : "drop", i);
    model_drop(i);
    if (gracefully)
        fut_cancel(&leaves[i].future);
    else
        fut_drop(&leaves[i].future);
    play_claim(output_of(&leaves[i]) == -ECANCELED, "%d has the output %d", i, output_of(&leaves[i]));
}

static void try_one(const kind_t *kind, bool send) {
    int value = send ? next_value++ : -1, expected = value, answer, modelled;
    if (send && model.count == MOST) return;
    play_say("try %s", send ? "send" : "recv");
    modelled = send ? model_push(value) : model_pop(&expected);
    answer   = send ? kind->try_send(&value) : kind->try_recv(&value);
    play_claim(answer == modelled, "it answers %d, not %d", answer, modelled);
    play_claim(value == expected, "it gives %d, not %d", value, expected);
}

static void close_it(const kind_t *kind) {
    play_say("close");
    model_close();
    kind->close();
    kind->close(); /* which changes nothing */
}

static void compare(const kind_t *kind) {
    fut_channel_stats_t stats;
    kind->stats(&stats);
    play_claim(stats.messages == model.count, "%zu messages, not %u", stats.messages, model.count);
    play_claim(stats.closed == model.closed, "closed is %d", stats.closed);
    play_claim(stats.senders == model_waiting(SEND_SIDE), "%zu wait to send, not %u", stats.senders,
               model_waiting(SEND_SIDE));
    play_claim(stats.receivers == model_waiting(RECV_SIDE), "%zu wait to receive, not %u", stats.receivers,
               model_waiting(RECV_SIDE));
    for (int i = 0; i < LEAVES; i++)
        play_claim(woken[i].wakes == model.leaf[i].wakes, "%d has been woken %u times, not %u", i,
                   (unsigned)woken[i].wakes, model.leaf[i].wakes);
}

static void step(const kind_t *kind) {
    const int      i      = (int)play_pick(LEAVES);
    const unsigned choice = play_pick(100);
    if (choice < 20)
        try_one(kind, play_pick(2));
    else if (model.leaf[i].place == NONE)
        start_one(kind, i);
    else if (choice < 85)
        poll_one(i);
    else
        end_one(i);
    if (!model.closed && play_pick(CLOSED_AFTER) == CLOSED_AFTER - 1) close_it(kind);
    compare(kind);
}

static void finish(const kind_t *kind) {
    if (!model.closed) close_it(kind);
    compare(kind);
    for (int i = 0; i < LEAVES; i++) {
        if (model.leaf[i].place != NONE) end_one(i);
        play_claim(woken[i].clones == woken[i].drops, "a waker of %d is kept", i);
    }
    while (model.count > 0) try_one(kind, false);
    try_one(kind, false);
    kind->destroy();
}

static void walk(const void *argument) {
    static const unsigned capacities[] = {1, 2, 3, 7, 16};
    const kind_t         *kind         = argument;
    memset(&model, 0, sizeof model);
    memset(woken, 0, sizeof woken);
    model.capacity = kind->start_send ? capacities[play_pick(5)] : MOST;
    play_say("capacity %u", model.capacity);
    kind->init(model.capacity);
    while (play_more(STEPS)) step(kind);
    finish(kind);
}

Test(channel, the_bounded_one_does_what_its_model_does) { play_all(walk, &bounded_kind, SEEDS); }
Test(channel, receiving_many_but_one_does_what_the_model_does) { play_all(walk, &many_kind, SEEDS); }
Test(channel, the_local_one_does_what_its_model_does) { play_all(walk, &local_kind, SEEDS); }
Test(channel, the_unbounded_one_does_what_its_model_does) { play_all(walk, &unbounded_kind, SEEDS); }

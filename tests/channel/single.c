/* oneshot, broadcast, watch: what each promises, step by step; then broadcast and watch against models. */
#include "../play.h"
#include "kit.h"

/* ---- oneshot ------------------------------------------------------------------------------------------------- */

typedef FUT_ONESHOT(long) reply_t;

Test(channel, a_oneshot_brings_its_value_to_one_in_whatever_order_they_come) {
    for (int order = 0; order < 3; order++) {
        reply_t            reply;
        fut_oneshot_recv_t recv;
        fut_test_waker_t   woken = {0};
        long               value = 42, got = 0;
        FUT_ONESHOT_INIT(&reply);
        cr_assert_eq(fut_oneshot_try_recv(FUT_ITEM(&reply, &got)), -EAGAIN);
        START(recv, fut_oneshot_recv, FUT_ITEM(&reply, &got));
        if (order > 0) cr_pending(recv, woken);
        if (order > 1) cr_pending(recv, woken);
        cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &value)), 0);
        cr_assert_eq(woken.wakes, order > 0);
        cr_assert(fut_oneshot_is_closed(&reply.channel));
        cr_ready(recv, woken, 0);
        cr_ready(recv, woken, 0);
        cr_assert_eq(got, 42);
        cr_assert_eq(woken.clones, woken.drops);
        fut_oneshot_destroy(&reply.channel);
    }
}

Test(channel, a_oneshot_takes_one_value_and_gives_it_once) {
    reply_t            reply;
    fut_oneshot_recv_t recv;
    fut_test_waker_t   woken = {0};
    long               a = 1, b = 2, got = 0;
    FUT_ONESHOT_INIT(&reply);
    cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &a)), 0);
    cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &b)), -EPIPE);
    cr_assert(fut_oneshot_try_recv(FUT_ITEM(&reply, &got)) == 0 && got == 1);
    got = 0;
    cr_assert_eq(fut_oneshot_try_recv(FUT_ITEM(&reply, &got)), -EPIPE);
    START(recv, fut_oneshot_recv, FUT_ITEM(&reply, &got));
    cr_ready(recv, woken, -EPIPE);
    cr_assert_eq(got, 0);
    fut_oneshot_destroy(&reply.channel);
}

Test(channel, a_oneshot_whose_sender_gives_up_ends_the_wait) {
    reply_t            reply;
    fut_oneshot_recv_t recv;
    fut_test_waker_t   woken = {0};
    long               got;
    FUT_ONESHOT_INIT(&reply);
    START(recv, fut_oneshot_recv, FUT_ITEM(&reply, &got));
    cr_pending(recv, woken);
    fut_oneshot_close(&reply.channel);
    fut_oneshot_close(&reply.channel);
    cr_assert_eq(woken.wakes, 1);
    cr_ready(recv, woken, -EPIPE);
    fut_oneshot_destroy(&reply.channel);
}

Test(channel, closing_a_oneshot_after_the_send_loses_nothing) {
    reply_t reply;
    long    value = 5, got;
    FUT_ONESHOT_INIT(&reply);
    cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &value)), 0);
    fut_oneshot_close(&reply.channel);
    cr_assert(fut_oneshot_try_recv(FUT_ITEM(&reply, &got)) == 0 && got == 5);
    fut_oneshot_destroy(&reply.channel);
}

Test(channel, a_receive_of_a_oneshot_that_is_dropped_at_any_point_leaves_the_value) {
    for (int point = 0; point < 3; point++) {
        reply_t            reply;
        fut_oneshot_recv_t recv;
        fut_test_waker_t   woken = {0};
        long               value = 8, got = 0;
        FUT_ONESHOT_INIT(&reply);
        START(recv, fut_oneshot_recv, FUT_ITEM(&reply, &got));
        if (point > 0) cr_pending(recv, woken);
        if (point > 1) cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &value)), 0);
        fut_drop(&recv.future);
        memset(&recv, 0xee, sizeof recv);
        if (point < 2) cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &value)), 0);
        cr_assert_eq(woken.wakes, point > 1);
        cr_assert_eq(got, 0);
        cr_assert(fut_oneshot_try_recv(FUT_ITEM(&reply, &got)) == 0 && got == 8);
        fut_oneshot_destroy(&reply.channel);
    }
}

Test(channel, a_oneshot_that_many_wait_for_goes_to_one_and_ends_all_waits) {
    enum { CROWD = 40 };
    static fut_oneshot_recv_t recvs[CROWD];
    fut_test_waker_t          woken = {0};
    reply_t                   reply;
    long                      value = 3, got[CROWD] = {0}, sum = 0;
    FUT_ONESHOT_INIT(&reply);
    for (int i = 0; i < CROWD; i++) {
        START(recvs[i], fut_oneshot_recv, FUT_ITEM(&reply, &got[i]));
        cr_pending(recvs[i], woken);
    }
    cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &value)), 0);
    cr_assert_eq(woken.wakes, CROWD);
    for (int i = 0; i < CROWD; i++) {
        cr_ready(recvs[i], woken, i == 0 ? 0 : -EPIPE);
        sum += got[i];
    }
    cr_assert_eq(sum, 3);
    fut_oneshot_destroy(&reply.channel);
}

Test(channel, the_last_to_leave_a_oneshot_is_told) {
    reply_t            reply;
    fut_oneshot_recv_t recv;
    fut_test_waker_t   woken = {0};
    long               value = 1, got;
    FUT_ONESHOT_INIT(&reply);
    START(recv, fut_oneshot_recv, FUT_ITEM(&reply, &got));
    cr_pending(recv, woken);
    cr_assert_not(fut_oneshot_leave(&reply.channel)); /* the sender, without an answer */
    cr_ready(recv, woken, -EPIPE);
    cr_assert_eq(fut_oneshot_send(FUT_ITEM(&reply, &value)), -EPIPE);
    cr_assert(fut_oneshot_leave(&reply.channel));
}

Test(channel, what_cannot_be_a_oneshot_a_broadcast_or_a_watch) {
    fut_oneshot_t   oneshot;
    fut_broadcast_t broadcast;
    fut_watch_t     watch;
    int             n = 0;
    cr_assert_eq(fut_oneshot_init(&oneshot, &n, 0), -EINVAL);
    cr_assert_eq(fut_oneshot_init(&oneshot, NULL, 4), -EINVAL);
    cr_assert_eq(fut_oneshot_init(&oneshot, &n, SIZE_MAX), -EINVAL);
    cr_assert_eq(fut_broadcast_init(&broadcast, &n, 4, 0), -EINVAL);
    cr_assert_eq(fut_broadcast_init(&broadcast, &n, 0, 1), -EINVAL);
    cr_assert_eq(fut_broadcast_init(&broadcast, NULL, 4, 1), -EINVAL);
    cr_assert_eq(fut_broadcast_init(&broadcast, &n, 4, SIZE_MAX), -EINVAL);
    cr_assert_eq(fut_watch_init(&watch, &n, 0, &n), -EINVAL);
    cr_assert_eq(fut_watch_init(&watch, NULL, 4, &n), -EINVAL);
    cr_assert_eq(fut_watch_init(&watch, &n, 4, NULL), -EINVAL);
}

/* ---- broadcast ------------------------------------------------------------------------------------------------ */

typedef FUT_BROADCAST(int, 4) feed_t;
typedef FUT_BROADCAST_READER(int) reader_t;

Test(channel, every_reader_of_a_broadcast_gets_every_message_from_its_beginning_on) {
    feed_t   feed;
    reader_t early, late;
    int      n, got;
    FUT_BROADCAST_INIT(&feed);
    FUT_BROADCAST_SUBSCRIBE(&early, &feed);
    for (n = 0; n < 2; n++) cr_assert_eq(fut_broadcast_send(FUT_ITEM(&feed, &n)), 0);
    FUT_BROADCAST_SUBSCRIBE(&late, &feed);
    for (n = 2; n < 4; n++) cr_assert_eq(fut_broadcast_send(FUT_ITEM(&feed, &n)), 0);
    for (n = 0; n < 4; n++) cr_assert(fut_broadcast_try_recv(FUT_ITEM(&early, &got)) == 0 && got == n);
    for (n = 2; n < 4; n++) cr_assert(fut_broadcast_try_recv(FUT_ITEM(&late, &got)) == 0 && got == n);
    cr_assert_eq(fut_broadcast_try_recv(FUT_ITEM(&early, &got)), -EAGAIN);
    cr_assert_eq(fut_broadcast_try_recv(FUT_ITEM(&late, &got)), -EAGAIN);
    fut_broadcast_destroy(&feed.channel);
}

Test(channel, a_reader_that_is_slow_is_told_how_many_it_missed) {
    feed_t   feed;
    reader_t reader;
    int      n, got;
    FUT_BROADCAST_INIT(&feed);
    FUT_BROADCAST_SUBSCRIBE(&reader, &feed);
    for (n = 0; n < 11; n++) cr_assert_eq(fut_broadcast_send(FUT_ITEM(&feed, &n)), 0);
    cr_assert(fut_broadcast_try_recv(FUT_ITEM(&reader, &got)) == 7 && got == 7);
    fut_broadcast_close(&feed.channel);
    for (n = 8; n < 11; n++) cr_assert(fut_broadcast_try_recv(FUT_ITEM(&reader, &got)) == 0 && got == n);
    cr_assert_eq(fut_broadcast_try_recv(FUT_ITEM(&reader, &got)), -EPIPE);
    cr_assert_eq(fut_broadcast_send(FUT_ITEM(&feed, &n)), -EPIPE);
    feed.channel.sent = reader.channel.next + (uint64_t)INT_MAX + 10; /* as if it had slept for a year */
    cr_assert_eq(fut_broadcast_try_recv(FUT_ITEM(&reader, &got)), INT_MAX);
    fut_broadcast_destroy(&feed.channel);
}

Test(channel, a_send_wakes_all_who_wait_for_a_broadcast_and_nobody_twice) {
    enum { CROWD = 40 };
    static fut_broadcast_recv_t recvs[CROWD];
    static reader_t             readers[CROWD];
    static int                  got[CROWD];
    fut_test_waker_t            woken = {0};
    feed_t                      feed;
    int                         n = 6;
    FUT_BROADCAST_INIT(&feed);
    for (int i = 0; i < CROWD; i++) {
        FUT_BROADCAST_SUBSCRIBE(&readers[i], &feed);
        START(recvs[i], fut_broadcast_recv, FUT_ITEM(&readers[i], &got[i]));
        cr_pending(recvs[i], woken);
    }
    cr_assert_eq(fut_broadcast_send(FUT_ITEM(&feed, &n)), 0);
    n = 7;
    cr_assert_eq(fut_broadcast_send(FUT_ITEM(&feed, &n)), 0);
    cr_assert_eq(woken.wakes, CROWD);
    for (int i = 0; i < CROWD; i++) {
        cr_ready(recvs[i], woken, 0);
        cr_assert_eq(got[i], 6);
    }
    cr_assert_eq(woken.clones, woken.drops);
    fut_broadcast_destroy(&feed.channel);
}

Test(channel, closing_a_broadcast_ends_all_waits) {
    enum { CROWD = 40 };
    static fut_broadcast_recv_t recvs[CROWD];
    fut_test_waker_t            woken = {0};
    feed_t                      feed;
    reader_t                    reader;
    int                         got;
    FUT_BROADCAST_INIT(&feed);
    FUT_BROADCAST_SUBSCRIBE(&reader, &feed);
    for (int i = 0; i < CROWD; i++) {
        START(recvs[i], fut_broadcast_recv, FUT_ITEM(&reader, &got));
        cr_pending(recvs[i], woken);
    }
    fut_broadcast_close(&feed.channel);
    fut_broadcast_close(&feed.channel);
    cr_assert_eq(woken.wakes, CROWD);
    for (int i = 0; i < CROWD; i++)
        if (i % 2)
            fut_drop(&recvs[i].future);
        else
            cr_ready(recvs[i], woken, -EPIPE);
    fut_broadcast_destroy(&feed.channel);
}

/* ---- watch --------------------------------------------------------------------------------------------------------
 * */

typedef FUT_WATCH(int) watch_t;
typedef FUT_WATCH_READER(int) watcher_t;

Test(channel, a_watch_shows_the_latest_and_says_once_that_it_has_changed) {
    watch_t   watch;
    watcher_t watcher;
    int       n = 10, got = 0;
    FUT_WATCH_INIT(&watch, &n);
    FUT_WATCH_SUBSCRIBE(&watcher, &watch);
    cr_assert(fut_watch_get(FUT_ITEM(&watch, &got)) == 1 && got == 10);
    cr_assert_eq(fut_watch_try_changed(FUT_ITEM(&watcher, &got)), -EAGAIN);
    watcher.channel.seen = 0;
    cr_assert(fut_watch_try_changed(FUT_ITEM(&watcher, &got)) == 0 && got == 10);
    for (n = 11; n < 15; n++) cr_assert_eq(fut_watch_send(FUT_ITEM(&watch, &n)), 0);
    cr_assert(fut_watch_try_changed(FUT_ITEM(&watcher, &got)) == 0 && got == 14);
    cr_assert(watcher.channel.seen == 5 && fut_watch_get(FUT_ITEM(&watch, &got)) == 5);
    cr_assert_eq(fut_watch_try_changed(FUT_ITEM(&watcher, &got)), -EAGAIN);
    fut_watch_destroy(&watch.channel);
}

Test(channel, a_change_that_nobody_looks_at_is_seen_all_the_same) {
    watch_t             watch;
    watcher_t           watcher;
    fut_watch_changed_t changed;
    fut_test_waker_t    woken = {0};
    int                 n     = 1;
    FUT_WATCH_INIT(&watch, &n);
    FUT_WATCH_SUBSCRIBE(&watcher, &watch);
    START(changed, fut_watch_changed, &watcher.channel, NULL);
    cr_pending(changed, woken);
    cr_assert_eq(fut_watch_send(FUT_ITEM(&watch, &n)), 0); /* the same value, another version */
    cr_ready(changed, woken, 0);
    cr_assert_eq(watcher.channel.seen, 2);
    fut_watch_destroy(&watch.channel);
}

Test(channel, a_watch_that_is_closed_shows_what_was_not_seen_and_ends_waits) {
    watch_t             watch;
    watcher_t           fresh, stale;
    fut_watch_changed_t changed;
    fut_test_waker_t    woken = {0};
    int                 n = 1, got = 0;
    FUT_WATCH_INIT(&watch, &n);
    FUT_WATCH_SUBSCRIBE(&stale, &watch);
    n = 2;
    cr_assert_eq(fut_watch_send(FUT_ITEM(&watch, &n)), 0);
    FUT_WATCH_SUBSCRIBE(&fresh, &watch);
    START(changed, fut_watch_changed, FUT_ITEM(&fresh, &got));
    cr_pending(changed, woken);
    fut_watch_close(&watch.channel);
    fut_watch_close(&watch.channel);
    cr_assert_eq(woken.wakes, 1);
    cr_ready(changed, woken, -EPIPE);
    cr_assert_eq(fut_watch_send(FUT_ITEM(&watch, &n)), -EPIPE);
    START(changed, fut_watch_changed, FUT_ITEM(&stale, &got));
    cr_ready(changed, woken, 0);
    cr_assert_eq(got, 2);
    START(changed, fut_watch_changed, FUT_ITEM(&stale, &got));
    cr_ready(changed, woken, -EPIPE);
    cr_assert(fut_watch_get(FUT_ITEM(&watch, &got)) == 2 && got == 2);
    fut_watch_destroy(&watch.channel);
}

/* ---- Both against a model: all that was sent, and how far each reader is -------------------------------------- */

enum { READERS = 5, STEPS = 1000, CLOSED_AFTER = 800 /* about */, SEEDS = 120, MOST = STEPS + 1 };

static union {
    fut_broadcast_t broadcast;
    fut_watch_t     watch;
} object;
static int memory[8];

typedef union leaf {
    fut_future_t         future;
    fut_broadcast_recv_t recv;
    fut_watch_changed_t  changed;
} leaf_t;

static struct {
    int      sent[MOST];
    unsigned count, capacity; /* of a watch: 1 */
    bool     closed;
} model;
static struct {
    union {
        fut_broadcast_reader_t broadcast;
        fut_watch_reader_t     watch;
    };
    leaf_t           leaf;
    fut_test_waker_t woken;
    enum { NONE, STARTED, QUEUED, RELEASED } place;
    unsigned next, wakes;
    int      got;
} readers[READERS];

typedef struct kind {
    bool tells_missed;
    void (*init)(unsigned capacity);
    void (*subscribe)(int i);
    void (*start)(int i);
    int (*try_it)(int i);
    int (*send)(const int *item);
    void (*close)(void);
    void (*destroy)(void);
} kind_t;

static void broadcast_init(unsigned capacity) {
    cr_assert_eq(fut_broadcast_init(&object.broadcast, memory, sizeof(int), capacity), 0);
}
static void broadcast_subscribe(int i) { fut_broadcast_subscribe(&readers[i].broadcast, &object.broadcast); }
static void broadcast_start(int i) {
    START(readers[i].leaf.recv, fut_broadcast_recv, &readers[i].broadcast, &readers[i].got);
}
static int  broadcast_try(int i) { return fut_broadcast_try_recv(&readers[i].broadcast, &readers[i].got); }
static int  broadcast_send(const int *item) { return fut_broadcast_send(&object.broadcast, item); }
static void broadcast_close(void) { fut_broadcast_close(&object.broadcast); }
static void broadcast_destroy(void) { fut_broadcast_destroy(&object.broadcast); }

static void watch_init(unsigned capacity) {
    (void)capacity;
    cr_assert_eq(fut_watch_init(&object.watch, memory, sizeof(int), &model.sent[0]), 0);
    model.capacity = model.count = 1;
}
static void watch_subscribe(int i) { fut_watch_subscribe(&readers[i].watch, &object.watch); }
static void watch_start(int i) {
    START(readers[i].leaf.changed, fut_watch_changed, &readers[i].watch, &readers[i].got);
}
static int  watch_try(int i) { return fut_watch_try_changed(&readers[i].watch, &readers[i].got); }
static int  watch_send(const int *item) { return fut_watch_send(&object.watch, item); }
static void watch_close(void) { fut_watch_close(&object.watch); }
static void watch_destroy(void) { fut_watch_destroy(&object.watch); }

static const kind_t broadcast_kind = {true,          broadcast_init, broadcast_subscribe, broadcast_start,
                                      broadcast_try, broadcast_send, broadcast_close,     broadcast_destroy};
static const kind_t watch_kind     = {false,     watch_init, watch_subscribe, watch_start,
                                      watch_try, watch_send, watch_close,     watch_destroy};

static void model_release(void) {
    for (int i = 0; i < READERS; i++)
        if (readers[i].place == QUEUED) {
            readers[i].place = RELEASED;
            readers[i].wakes++;
        }
}
static int model_read(const kind_t *kind, int i, int *got) {
    unsigned missed = model.count - readers[i].next;
    if (missed == 0) return model.closed ? -EPIPE : -EAGAIN;
    missed = missed > model.capacity ? missed - model.capacity : 0;
    readers[i].next += missed;
    *got = model.sent[readers[i].next++];
    return kind->tells_missed ? (int)missed : 0;
}

static void poll_one(const kind_t *kind, int i) {
    int        expected = readers[i].got;
    const int  answer   = readers[i].place == QUEUED ? -EAGAIN : model_read(kind, i, &expected);
    const bool ready    = POLL(readers[i].leaf, readers[i].woken) == FUT_READY;
    const int  output   = (int)fut_result(&readers[i].leaf.future);
    play_say("poll %d", i);
    readers[i].place = answer == -EAGAIN ? QUEUED : NONE;
    play_claim(ready == (answer != -EAGAIN), "%d is %s", i, ready ? "ready" : "pending");
    play_claim(!ready || output == answer, "%d has the output %d, not %d", i, output, answer);
    play_claim(!ready || readers[i].got == expected, "%d has got %d, not %d", i, readers[i].got, expected);
}
static void try_one(const kind_t *kind, int i) {
    int       expected = readers[i].got;
    const int answer = model_read(kind, i, &expected), answered = kind->try_it(i);
    play_say("try %d", i);
    play_claim(answered == answer, "it answers %d, not %d", answered, answer);
    play_claim(readers[i].got == expected, "it gives %d, not %d", readers[i].got, expected);
}
static void drop_one(int i) {
    const bool gracefully = play_pick(2);
    play_say("%s %d", gracefully ? "cancel" : "drop", i);
    readers[i].place = NONE;
    if (gracefully)
        fut_cancel(&readers[i].leaf.future);
    else
        fut_drop(&readers[i].leaf.future);
    memset(&readers[i].leaf, 0xee, sizeof readers[i].leaf);
}
static void send_one(const kind_t *kind) {
    const int item = (int)play_pick(1000000);
    int       answer;
    play_say("send %d", item);
    if (!model.closed) {
        model.sent[model.count++] = item;
        model_release();
    }
    answer = kind->send(&item);
    play_claim(answer == (model.closed ? -EPIPE : 0), "it answers %d", answer);
}
static void subscribe_one(const kind_t *kind, int i) {
    play_say("subscribe %d", i);
    kind->subscribe(i);
    readers[i].next = model.count;
}
static void start_one(const kind_t *kind, int i) {
    play_say("start %d", i);
    kind->start(i);
    readers[i].place = STARTED;
}
static void close_it(const kind_t *kind) {
    play_say("close");
    model.closed = true;
    model_release();
    kind->close();
}

static void step(const kind_t *kind) {
    const int      i      = (int)play_pick(READERS);
    const unsigned choice = play_pick(100);
    if (choice < 25)
        send_one(kind);
    else if (readers[i].place != NONE && choice < 40)
        drop_one(i);
    else if (readers[i].place != NONE)
        poll_one(kind, i);
    else if (choice < 30)
        subscribe_one(kind, i);
    else if (choice < 50)
        try_one(kind, i);
    else
        start_one(kind, i);
    if (!model.closed && play_pick(CLOSED_AFTER) == CLOSED_AFTER - 1) close_it(kind);
}

static void check_wakes(void) {
    for (int i = 0; i < READERS; i++) {
        play_claim(readers[i].woken.wakes == readers[i].wakes, "%d has been woken %u times, not %u", i,
                   (unsigned)readers[i].woken.wakes, readers[i].wakes);
        play_claim(readers[i].woken.clones - readers[i].woken.drops == (readers[i].place == QUEUED),
                   "%d waits: %d, and the channel has another number of its wakers", i, readers[i].place == QUEUED);
    }
}

static void walk(const void *argument) {
    const kind_t *kind = argument;
    memset(&model, 0, sizeof model);
    memset(readers, 0, sizeof readers);
    model.capacity = 1 + play_pick(8);
    play_say("capacity %u", model.capacity);
    kind->init(model.capacity);
    for (int i = 0; i < READERS; i++) subscribe_one(kind, i);
    while (play_more(STEPS)) {
        step(kind);
        check_wakes();
    }
    if (!model.closed) close_it(kind);
    check_wakes();
    for (int i = 0; i < READERS; i++)
        if (readers[i].place != NONE) drop_one(i);
    check_wakes();
    kind->destroy();
}

Test(channel, a_broadcast_does_what_its_model_does) { play_all(walk, &broadcast_kind, SEEDS); }
Test(channel, a_watch_does_what_its_model_does) { play_all(walk, &watch_kind, SEEDS); }

/* Channels between executors and plain threads, with senders and receivers that lose their patience: each message
 * arrives once, each sender's in its order; short histories are such as a queue could have had; and an object may be
 * gone as soon as its last user has it. */
#define _GNU_SOURCE
#include <sched.h>

#include "future/channel.h"
#include "plain.h"

static void wait_until(long *count, long value) {
    for (unsigned tries = 1; LOAD(*count) < value; tries++)
        if (tries % 64 == 0) sched_yield();
}

/* ---- Waiting with little patience ---------------------------------------------------------------- */

/* Poll the child so many times at most, then drop it. Output: 1, it was ready. No patience (0): for ever. */
typedef struct impatient {
    FUT_FUTURE(impatient, int, fut_future_t *child; unsigned patience);
} impatient_t;
static fut_poll_t impatient_poll(impatient_t *self, fut_context_t *cx) {
    if (fut_is_done(&self->future)) return FUT_READY;
    self->output = fut_poll(self->child, cx) == FUT_READY;
    if (self->output) return fut_ready(&self->future);
    if (self->patience == 0) return fut_pending(&self->future);
    if (--self->patience == 0) {
        fut_drop(self->child);
        return fut_ready(&self->future);
    }
    fut_wake(fut_context_waker(cx));
    return fut_pending(&self->future);
}
static void impatient_drop(fut_future_t *future) { fut_drop(((impatient_t *)(void *)future)->child); }
FUT_DEFINE(impatient, .drop = impatient_drop);

/* ---- Exactly once, in order ------------------------------------------------------------------------ */

/* Two executors with three tasks each and a plain thread on either side. */
enum { TASKS = 3, SIDES = 2, PRODUCERS = SIDES * TASKS + 1, ROUNDS = 3000, MANY = 5 };

typedef struct message {
    uint32_t producer, number;
} message_t;

static fut_channel_t   bounded;
static fut_unbounded_t unbounded;
static bool            is_bounded;
static long            producing, received;        /* atomic */
static unsigned char   arrived[PRODUCERS][ROUNDS]; /* atomic: how often each did */

/* In what order one consumer sees each producer's. */
typedef struct order {
    uint32_t next[PRODUCERS];
} order_t;
static void check_arrival(order_t *order, message_t message) {
    CHECK(message.producer < PRODUCERS && message.number < ROUNDS);
    CHECK(message.number >= order->next[message.producer]);
    CHECK(ADD(arrived[message.producer][message.number], 1) == 1);
    order->next[message.producer] = message.number + 1;
    ADD(received, 1);
}
static void close_it(void) {
    if (is_bounded)
        fut_channel_close(&bounded);
    else
        fut_unbounded_close(&unbounded);
}
static void produced_all(void) {
    if (ADD(producing, -1) == 0) close_it();
}

typedef struct produce {
    ASYNC_FRAME(produce, int, uint32_t producer; unsigned seed);
    fut_channel_send_t send;
    impatient_t        wait;
    message_t          message;
} produce_t;
ASYNC(produce) {
    ASYNC_BEGIN();
    self->message.producer = self->producer;
    for (self->message.number = 0; self->message.number < ROUNDS;) {
        if (is_bounded) {
            START(self->send, fut_channel_send, &bounded, &self->message);
            AWAIT(self->wait, impatient, &self->send.future, any(&self->seed) % 3);
            if (!self->wait.output) continue; /* not sent: again */
            CHECK(self->send.output == 0);
        } else {
            CHECK(fut_unbounded_send(&unbounded, &self->message) == 0);
            if (any(&self->seed) % 4 == 0) YIELD();
        }
        self->message.number++;
    }
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    produced_all();
    ASYNC_END();
}

typedef union recv {
    fut_future_t            future;
    fut_channel_recv_t      one;
    fut_channel_recv_many_t many;
    fut_unbounded_recv_t    unbounded;
} recv_t;
static void start_recv(recv_t *recv, message_t *messages, unsigned any) {
    if (!is_bounded)
        START(recv->unbounded, fut_unbounded_recv, &unbounded, messages);
    else if (any % 2)
        START(recv->one, fut_channel_recv, &bounded, messages);
    else
        START(recv->many, fut_channel_recv_many, &bounded, messages, 1 + any / 2 % MANY);
}
static int count_of(const recv_t *recv) {
    const int output = (int)fut_result(&recv->future);
    return output == 0 ? 1 : output;
}

typedef struct consume {
    ASYNC_FRAME(consume, int, unsigned seed);
    recv_t      recv;
    impatient_t wait;
    message_t   messages[MANY];
    order_t     order;
    int         i;
} consume_t;
ASYNC(consume) {
    ASYNC_BEGIN();
    memset(&self->order, 0, sizeof self->order);
    for (;;) {
        start_recv(&self->recv, self->messages, any(&self->seed));
        AWAIT(self->wait, impatient, &self->recv.future, any(&self->seed) % 3);
        if (!self->wait.output) continue;
        if (count_of(&self->recv) < 0) break;
        for (self->i = 0; self->i < count_of(&self->recv); self->i++)
            check_arrival(&self->order, self->messages[self->i]);
        if (any(&self->seed) % 8 == 0) YIELD();
    }
    ASYNC_RETURN(fut_result(&self->recv.future) == -EPIPE ? 0 : -1);
    ASYNC_END();
}

static void *produce_in_executor(void *argument) {
    const unsigned side = *(unsigned *)argument;
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (unsigned i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, produce, side * TASKS + i, side * 10 + i));
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void *consume_in_executor(void *argument) {
    const unsigned side = *(unsigned *)argument;
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (unsigned i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, consume, side * 10 + i + 5));
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void *produce_plainly(void *argument) {
    message_t message = {PRODUCERS - 1, 0};
    (void)argument;
    for (; message.number < ROUNDS; message.number++)
        CHECK((is_bounded ? fut_channel_send_blocking(&bounded, &message) : fut_unbounded_send(&unbounded, &message)) ==
              0);
    produced_all();
    return NULL;
}
static void *consume_plainly(void *argument) {
    order_t   order = {{0}};
    message_t message;
    int       error;
    (void)argument;
    for (;;) {
        error = is_bounded ? fut_channel_recv_blocking(&bounded, &message)
                           : fut_unbounded_recv_blocking(&unbounded, &message);
        if (error < 0) break;
        check_arrival(&order, message);
    }
    CHECK(error == -EPIPE);
    return NULL;
}

static void play(void) {
    unsigned  sides[SIDES] = {0, 1};
    pthread_t threads[2 * SIDES + 2];
    memset(arrived, 0, sizeof arrived);
    producing = PRODUCERS;
    received  = 0;
    for (unsigned i = 0; i < SIDES; i++) {
        threads[2 * i]     = start(produce_in_executor, &sides[i]);
        threads[2 * i + 1] = start(consume_in_executor, &sides[i]);
    }
    threads[2 * SIDES]     = start(produce_plainly, NULL);
    threads[2 * SIDES + 1] = start(consume_plainly, NULL);
    for (unsigned i = 0; i < 2 * SIDES + 2; i++) join(threads[i]);
    CHECK(received == (long)PRODUCERS * ROUNDS);
}

static void each_message_of_a_bounded_channel_arrives_once_and_in_order(void) {
    static const size_t capacities[] = {1, 3, 64};
    static uint32_t     memory[FUT_CHANNEL_BYTES(sizeof(message_t), 64) / 4];
    is_bounded = true;
    for (unsigned i = 0; i < 3; i++) {
        CHECK(fut_channel_init(&bounded, memory, sizeof(message_t), capacities[i]) == 0);
        play();
        fut_channel_destroy(&bounded);
    }
}
static void each_message_of_an_unbounded_channel_arrives_once_and_in_order(void) {
    is_bounded = false;
    CHECK(fut_unbounded_init(&unbounded, sizeof(message_t)) == 0);
    play();
    fut_unbounded_destroy(&unbounded);
}

/* ---- Histories ------------------------------------------------------------------------------------------ */

/* A few threads do a few calls each and note when each began and ended. Is there an order of all calls, in which none
 * comes before one that had ended when it began, and in which a queue of this capacity answers the same? (M. Herlihy,
 * J. Wing, "Linearizability", 1990; the search is J. Wing's and C. Gong's, 1993.) */
enum { PLAYERS = 2, CALLS = 6, GAMES = 4000, PLACES = PLAYERS * CALLS };
typedef struct call {
    enum { SEND, RECV, CLOSE } what;
    int  value, answer;
    long began, ended;
} call_t;

static call_t history[PLAYERS][CALLS];
static long   now, game, ready, begun; /* atomic */
static FUT_CHANNEL(int, 2) small;

static void do_call(call_t *call, unsigned what, int value) {
    call->value  = value;
    call->answer = 0;
    call->what   = what < 7 ? SEND : what < 15 ? RECV : CLOSE;
    call->began  = ADD(now, 1);
    switch (call->what) {
        case SEND: call->answer = fut_channel_try_send(FUT_ITEM(&small, &call->value)); break;
        case RECV: call->answer = fut_channel_try_recv(FUT_ITEM(&small, &call->value)); break;
        case CLOSE: fut_channel_close(&small.channel); break;
    }
    call->ended = ADD(now, 1);
}

/* Each on a processor of its own, if there are as many: neighbours on one seldom meet inside of a call. */
static void settle_on(unsigned processor) {
    cpu_set_t all, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof all, &all) < 0) return;
    for (unsigned i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all) && processor-- == 0) CPU_SET(i, &one);
    if (CPU_COUNT(&one) == 1) (void)sched_setaffinity(0, sizeof one, &one);
}

static void *play_games(void *argument) {
    const unsigned self = *(unsigned *)argument;
    unsigned       seed = self;
    settle_on(self);
    for (long i = 1; i <= GAMES; i++) {
        ADD(ready, 1);
        wait_until(&game, i);
        ADD(begun, 1);
        for (int tries = 0; tries < 2000 && LOAD(begun) < i * PLAYERS; tries++) {} /* at the same time, if they run */
        for (unsigned k = 0; k < CALLS; k++) do_call(&history[self][k], any(&seed) % 16, (int)(self * CALLS + k));
    }
    ADD(ready, 1);
    return NULL;
}

typedef struct model {
    int      queue[PLACES];
    unsigned count, next[PLAYERS]; /* calls of each player that are explained */
    bool     closed;
} model_t;

/* Could the call have this answer now? If so, the model has done it. */
static bool explains(model_t *model, const call_t *call) {
    switch (call->what) {
        case CLOSE: return model->closed = true;
        case SEND:
            if (model->closed || model->count == 2) return call->answer == (model->closed ? -EPIPE : -EAGAIN);
            model->queue[model->count++] = call->value;
            return call->answer == 0;
        default:
            if (model->count == 0) return call->answer == (model->closed ? -EPIPE : -EAGAIN);
            if (call->answer != 0 || call->value != model->queue[0]) return false;
            memmove(model->queue, model->queue + 1, --model->count * sizeof *model->queue);
            return true;
    }
}
/* May it come next: had none of those that are left ended before it began? */
static bool may_be_next(const model_t *model, const call_t *call) {
    for (unsigned p = 0; p < PLAYERS; p++)
        if (model->next[p] < CALLS && history[p][model->next[p]].ended < call->began) return false;
    return true;
}
static bool has_an_order(const model_t *model) {
    bool all = true;
    for (unsigned p = 0; p < PLAYERS; p++) {
        model_t after = *model;
        if (model->next[p] == CALLS) continue;
        all = false;
        if (!may_be_next(model, &history[p][model->next[p]])) continue;
        if (explains(&after, &history[p][after.next[p]++]) && has_an_order(&after)) return true;
    }
    return all;
}
static void print_history(void) {
    static const char *const words[] = {"send", "recv", "close"};
    for (unsigned p = 0; p < PLAYERS; p++)
        for (unsigned k = 0; k < CALLS; k++)
            printf("  thread %u: %s %d = %d  from %ld to %ld\n", p, words[history[p][k].what], history[p][k].value,
                   history[p][k].answer, history[p][k].began, history[p][k].ended);
}

static long count_overlaps(void) {
    long n = 0;
    for (unsigned k = 0; k < CALLS; k++)
        for (unsigned m = 0; m < CALLS; m++)
            n += history[0][k].began < history[1][m].ended && history[1][m].began < history[0][k].ended;
    return n;
}
static void check_history(void) {
    const model_t empty = {.count = 0};
    if (has_an_order(&empty)) return;
    CHECK(!"a history that no queue could have had");
    print_history();
}

static void histories_are_such_as_a_queue_could_have_had(void) {
    unsigned  numbers[PLAYERS];
    pthread_t threads[PLAYERS];
    long      overlaps = 0;
    for (unsigned p = 0; p < PLAYERS; p++) {
        numbers[p] = p;
        threads[p] = start(play_games, &numbers[p]);
    }
    for (long i = 1; i <= GAMES; i++) {
        wait_until(&ready, i * PLAYERS);
        if (i > 1) check_history();
        if (i > 1) overlaps += count_overlaps();
        FUT_CHANNEL_INIT(&small);
        STORE(game, i);
    }
    for (unsigned p = 0; p < PLAYERS; p++) join(threads[p]);
    check_history();
    if (overlaps == 0) printf("no calls overlapped: this machine has shown nothing\n");
}

/* ---- Closing ------------------------------------------------------------------------------------------------ */

static FUT_CHANNEL(int, 2) pipe_of_two;
static long inside; /* atomic */

static void *send_until_closed(void *argument) {
    int n = 0, error;
    ADD(inside, 1);
    while ((error = fut_channel_send_blocking(FUT_ITEM(&pipe_of_two, &n))) == 0) n++;
    CHECK(error == -EPIPE);
    *(long *)argument = n;
    return NULL;
}
static void *receive_until_closed(void *argument) {
    int n, error;
    ADD(inside, 1);
    while ((error = fut_channel_recv_blocking(FUT_ITEM(&pipe_of_two, &n))) == 0) ++*(long *)argument;
    CHECK(error == -EPIPE);
    return NULL;
}
/* Whoever closes, in whatever moment: all come home, and what was sent has been received. */
static void closing_ends_everybody_and_loses_nothing(void) {
    unsigned seed = 1;
    for (int i = 0; i < 80; i++) {
        pthread_t threads[4];
        long      counts[4] = {0};
        FUT_CHANNEL_INIT(&pipe_of_two);
        STORE(inside, 0);
        for (int k = 0; k < 4; k++) threads[k] = start(k % 2 ? send_until_closed : receive_until_closed, &counts[k]);
        wait_until(&inside, 4);
        for (unsigned k = any(&seed) % 32; k > 0; k--) sched_yield();
        fut_channel_close(&pipe_of_two.channel);
        for (int k = 0; k < 4; k++) join(threads[k]);
        CHECK(counts[0] + counts[2] == counts[1] + counts[3]);
        fut_channel_destroy(&pipe_of_two.channel);
    }
}

/* ---- The way into the line ---------------------------------------------------------------------------------- */

/* One sends, one receives, nobody else comes by: if either lines up beside what it waits for, both wait for ever. They
 * poll without a pause, and so meet where each looks for the other; a leaf in line that nobody calls is PENDING all
 * the same. */
static FUT_CHANNEL(long, 1) narrow;
enum { PAIRS = 100000 };

static void poll_until_ready(fut_future_t *started) {
    fut_context_t cx;
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
    for (unsigned tries = 1; fut_poll(started, &cx) == FUT_PENDING; tries++)
        if (tries % 256 == 0) sched_yield();
}
static void *send_narrowly(void *argument) {
    (void)argument;
    settle_on(1);
    for (long i = 0; i < PAIRS; i++) {
        fut_channel_send_t send;
        START(send, fut_channel_send, FUT_ITEM(&narrow, &i));
        poll_until_ready(&send.future);
        CHECK(send.output == 0);
    }
    return NULL;
}
static void *receive_narrowly(void *argument) {
    (void)argument;
    settle_on(0);
    for (long i = 0; i < PAIRS; i++) {
        fut_channel_recv_t recv;
        long               got = -1;
        START(recv, fut_channel_recv, FUT_ITEM(&narrow, &got));
        poll_until_ready(&recv.future);
        CHECK(recv.output == 0 && got == i);
    }
    return NULL;
}
static void nobody_lines_up_beside_what_it_waits_for(void) {
    pthread_t threads[2];
    FUT_CHANNEL_INIT(&narrow);
    threads[0] = start(send_narrowly, NULL);
    threads[1] = start(receive_narrowly, NULL);
    for (int i = 0; i < 2; i++) join(threads[i]);
    fut_channel_destroy(&narrow.channel);
}

/* ---- The last moment of an object --------------------------------------------------------------------------- */

/* Who has taken the message does away with the channel, while the sender may still be on its way out of the call. */
static FUT_CHANNEL(long, 1) bubble;
static long blown, burst; /* atomic */

static void *burst_bubbles(void *argument) {
    (void)argument;
    for (long i = 1; i <= 5 * ROUNDS; i++) {
        wait_until(&blown, i);
        CHECK(fut_channel_try_send(FUT_ITEM(&bubble, &i)) == 0);
        STORE(burst, i);
    }
    return NULL;
}
static void a_channel_may_be_gone_as_soon_as_its_last_message_was_taken(void) {
    pthread_t thread = start(burst_bubbles, NULL);
    for (long i = 1; i <= 5 * ROUNDS; i++) {
        fut_channel_recv_t recv;
        fut_context_t      cx;
        long               got = 0;
        FUT_CHANNEL_INIT(&bubble);
        fut_context_init(&cx, (fut_waker_t){NULL, 0}, NULL);
        START(recv, fut_channel_recv, FUT_ITEM(&bubble, &got));
        if (i % 2) CHECK(fut_poll(&recv.future, &cx) == FUT_PENDING); /* waits already */
        STORE(blown, i);
        if (i % 4 == 1)
            CHECK(fut_wait_on_thread(&recv.future) == 0);
        else
            while (fut_poll(&recv.future, &cx) == FUT_PENDING) {}
        CHECK(recv.output == 0 && got == i);
        memset(&bubble, 0xff, sizeof bubble);
        wait_until(&burst, i);
        for (size_t k = 0; k < sizeof bubble; k++) CHECK(((unsigned char *)&bubble)[k] == 0xff);
    }
    join(thread);
}

/* ---- oneshot ---------------------------------------------------------------------------------------------------- */

typedef FUT_ONESHOT(long) reply_t;
static reply_t *asked;            /* written before `questions` is */
static long     questions, heard; /* atomic */

static void *answer_some(void *argument) {
    unsigned seed = 9;
    (void)argument;
    for (long i = 1; i <= 5 * ROUNDS; i++) {
        reply_t *reply;
        wait_until(&questions, i);
        reply = asked;
        STORE(heard, i);
        if (any(&seed) % 4) {
            const int error = fut_oneshot_send(FUT_ITEM(reply, &i));
            CHECK(error == 0 || error == -EPIPE); /* nobody wants it any more */
        }
        if (fut_oneshot_leave(&reply->channel)) free(reply);
    }
    return NULL;
}
static void the_last_side_of_a_oneshot_frees_it(void) {
    pthread_t thread  = start(answer_some, NULL);
    long      answers = 0;
    for (long i = 1; i <= 5 * ROUNDS; i++) {
        reply_t *reply = malloc(sizeof *reply);
        long     got   = 0;
        if (!reply) abort();
        FUT_ONESHOT_INIT(reply);
        asked = reply;
        STORE(questions, i);
        if (i % 3) {
            const int error = fut_oneshot_recv_blocking(FUT_ITEM(reply, &got));
            CHECK(error == 0 ? got == i : error == -EPIPE);
            answers += error == 0;
        }
        if (fut_oneshot_leave(&reply->channel)) free(reply);
        wait_until(&heard, i); /* `asked` is free again */
    }
    join(thread);
    CHECK(answers > 0);
}

/* ---- broadcast, watch ----------------------------------------------------------------------------------------------
 * */

enum { NEWS = 20000 };
static FUT_BROADCAST(long, 16) feed;
static FUT_WATCH(long) latest;
static long subscribed; /* atomic */

typedef struct follow {
    ASYNC_FRAME(follow, int, unsigned seed);
    FUT_BROADCAST_READER(long) reader;
    fut_broadcast_recv_t recv;
    impatient_t          wait;
    long                 item, last;
} follow_t;
ASYNC(follow) {
    ASYNC_BEGIN();
    FUT_BROADCAST_SUBSCRIBE(&self->reader, &feed);
    ADD(subscribed, 1);
    for (self->last = 0;;) {
        START(self->recv, fut_broadcast_recv, FUT_ITEM(&self->reader, &self->item));
        AWAIT(self->wait, impatient, &self->recv.future, any(&self->seed) % 3);
        if (!self->wait.output) continue;
        if (self->recv.output < 0) break;
        CHECK(self->item == self->last + 1 + self->recv.output); /* none twice, and what was missed is counted */
        self->last = self->item;
    }
    CHECK(self->recv.output == -EPIPE && self->last == NEWS);
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct look {
    ASYNC_FRAME(look, int, unsigned seed);
    FUT_WATCH_READER(long) reader;
    fut_watch_changed_t changed;
    impatient_t         wait;
    long                item, last;
} look_t;
ASYNC(look) {
    ASYNC_BEGIN();
    FUT_WATCH_SUBSCRIBE(&self->reader, &latest);
    ADD(subscribed, 1);
    for (self->last = 0;;) {
        START(self->changed, fut_watch_changed, FUT_ITEM(&self->reader, &self->item));
        AWAIT(self->wait, impatient, &self->changed.future, any(&self->seed) % 3);
        if (!self->wait.output) continue;
        if (self->changed.output < 0) break;
        CHECK(self->item > self->last && (uint64_t)self->item + 1 == self->reader.channel.seen);
        self->last = self->item;
    }
    CHECK(self->changed.output == -EPIPE && self->last == NEWS);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void *follow_in_executor(void *argument) {
    const unsigned side = *(unsigned *)argument;
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (unsigned i = 0; i < TASKS; i++) {
        DETACH(SPAWN(&executor, follow, side * 10 + i));
        DETACH(SPAWN(&executor, look, side * 10 + i));
    }
    CHECK(fut_executor_run(&executor) == 0);
    fut_executor_destroy(&executor);
    return NULL;
}
static void *follow_plainly(void *argument) {
    FUT_BROADCAST_READER(long) reader;
    long item = 0, last = 0;
    int  missed;
    (void)argument;
    FUT_BROADCAST_SUBSCRIBE(&reader, &feed);
    ADD(subscribed, 1);
    while ((missed = fut_broadcast_recv_blocking(FUT_ITEM(&reader, &item))) >= 0) {
        CHECK(item == last + 1 + missed);
        last = item;
    }
    CHECK(missed == -EPIPE && last == NEWS);
    return NULL;
}
static void every_reader_knows_what_it_has_seen_and_what_it_has_missed(void) {
    unsigned  sides[SIDES] = {0, 1};
    pthread_t threads[SIDES + 1];
    long      item = 0;
    FUT_BROADCAST_INIT(&feed);
    FUT_WATCH_INIT(&latest, &item);
    for (unsigned i = 0; i < SIDES; i++) threads[i] = start(follow_in_executor, &sides[i]);
    threads[SIDES] = start(follow_plainly, NULL);
    wait_until(&subscribed, SIDES * TASKS * 2 + 1);
    for (item = 1; item <= NEWS; item++) {
        CHECK(fut_broadcast_send(FUT_ITEM(&feed, &item)) == 0);
        CHECK(fut_watch_send(FUT_ITEM(&latest, &item)) == 0);
        if (item % 8 == 0) sched_yield();
    }
    fut_broadcast_close(&feed.channel);
    fut_watch_close(&latest.channel);
    for (unsigned i = 0; i <= SIDES; i++) join(threads[i]);
    fut_broadcast_destroy(&feed.channel);
    fut_watch_destroy(&latest.channel);
}

int main(void) {
    RUN(each_message_of_a_bounded_channel_arrives_once_and_in_order);
    RUN(each_message_of_an_unbounded_channel_arrives_once_and_in_order);
    RUN(histories_are_such_as_a_queue_could_have_had);
    RUN(nobody_lines_up_beside_what_it_waits_for);
    RUN(closing_ends_everybody_and_loses_nothing);
    RUN(a_channel_may_be_gone_as_soon_as_its_last_message_was_taken);
    RUN(the_last_side_of_a_oneshot_frees_it);
    RUN(every_reader_knows_what_it_has_seen_and_what_it_has_missed);
    return finish();
}

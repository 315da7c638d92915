/* runtime_*: tasks on two workers. What do spawning, yielding, waking, locking and sending cost, and how much faster are two? */
#define _GNU_SOURCE
#include <stdlib.h>

#include "future/channel.h"
#include "future/mutex.h"
#include "future/notify.h"
#include "future/runtime.h"
#include "harness.h"

enum { WORKERS = 2 };

static fut_runtime_t runtime;
static void          open_workers(unsigned workers) {
             const fut_runtime_options_t options = {.workers = workers};
             bench_unpin();
             bench_check(fut_runtime_init(&runtime, &options) == 0, "a runtime begins");
}

/* From the start of the root task to its output, without the runtime's own beginning and end. */
#define TIMED(round, ...)                                                                                              \
    do {                                                                                                               \
        const double start_ = bench_now();                                                                             \
        bench_check(BLOCK_ON(&runtime, __VA_ARGS__) == 0, "the root task ends well");                                  \
        (round)->value = bench_since(start_) / (double)(round)->count;                                                 \
        fut_runtime_destroy(&runtime);                                                                                 \
    } while (0)

/* ---- spawn and join ------------------------------------------------------------------------------------------------ */

typedef struct trivial {
    ASYNC_FRAME(trivial, int, int x);
} trivial_t;
ASYNC(trivial) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->x);
    ASYNC_END();
}

typedef struct spawner {
    ASYNC_FRAME(spawner, int, uint64_t count; struct trivial_join *handles);
    uint64_t i, sum;
} spawner_t;
ASYNC(spawner) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->count; self->i++)
        self->handles[self->i] = SPAWN(fut_runtime_of(cx), trivial, (int)(self->i & 1023));
    for (self->i = self->sum = 0; self->i < self->count; self->i++) {
        AWAIT_TRY(self->handles[self->i]);
        self->sum += (uint64_t)self->handles[self->i].output;
    }
    for (self->i = 0; self->i < self->count; self->i++) self->sum -= self->i & 1023;
    ASYNC_RETURN(self->sum == 0 ? 0 : -1);
    ASYNC_END();
}
static void spawn_join(bench_round_t *round) {
    struct trivial_join *handles = bench_allocate(round->count * sizeof *handles);
    open_workers(WORKERS);
    TIMED(round, spawner, round->count, handles);
    free(handles);
}

/* ---- yields -------------------------------------------------------------------------------------------------------- */

typedef struct yields {
    ASYNC_FRAME(yields, int, uint64_t times);
    uint64_t i;
} yields_t;
ASYNC(yields) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) YIELD();
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct storm {
    ASYNC_FRAME(storm, int, uint64_t tasks; uint64_t times; struct yields_join *handles);
    uint64_t i;
} storm_t;
ASYNC(storm) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->tasks; self->i++)
        self->handles[self->i] = SPAWN(fut_runtime_of(cx), yields, self->times);
    for (self->i = 0; self->i < self->tasks; self->i++) AWAIT_TRY(self->handles[self->i]);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void yield(bench_round_t *round) {
    struct yields_join *handles = bench_allocate(round->argument * sizeof *handles);
    open_workers(WORKERS);
    TIMED(round, storm, round->argument, round->count / round->argument, handles);
    free(handles);
}

/* ---- ping-pong ----------------------------------------------------------------------------------------------------- */

static fut_notify_t ping, pong;
typedef struct player {
    ASYNC_FRAME(player, int, fut_notify_t *mine; fut_notify_t *other; uint64_t times);
    fut_notify_wait_t wait;
    uint64_t          i;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT_TRY(self->wait, fut_notify_wait, self->mine);
        fut_notify_one(self->other);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct match {
    ASYNC_FRAME(match, int, uint64_t times; bool apart);
    struct player_join a, b;
} match_t;
ASYNC(match) {
    ASYNC_BEGIN();
    if (self->apart) {
        self->a = SPAWN_ON(fut_runtime_of(cx), 0, player, &ping, &pong, self->times);
        self->b = SPAWN_ON(fut_runtime_of(cx), 1, player, &pong, &ping, self->times);
    } else {
        self->a = SPAWN(fut_runtime_of(cx), player, &ping, &pong, self->times);
        self->b = SPAWN(fut_runtime_of(cx), player, &pong, &ping, self->times);
    }
    fut_notify_one(&ping);
    AWAIT_TRY(self->a);
    AWAIT_TRY(self->b);
    ASYNC_RETURN(0);
    ASYNC_END();
}
/* A round trip; apart: each wake goes to the other worker. */
static void ping_pong(bench_round_t *round) {
    fut_notify_init(&ping);
    fut_notify_init(&pong);
    open_workers(WORKERS);
    TIMED(round, match, round->count, round->argument != 0);
}

/* ---- many senders, one receiver ------------------------------------------------------------------------------------ */

enum { CAPACITY = 1024, SENDERS = 4 };
typedef FUT_CHANNEL(uint64_t, CAPACITY) line_t;
static line_t line;

typedef struct sender {
    ASYNC_FRAME(sender, int, uint64_t times);
    fut_channel_send_t send;
    uint64_t           i;
} sender_t;
ASYNC(sender) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++)
        AWAIT_TRY(self->send, fut_channel_send, FUT_ITEM(&line, &self->i));
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct receiver {
    ASYNC_FRAME(receiver, int, uint64_t times);
    fut_channel_recv_t recv;
    uint64_t           i, value, sum;
} receiver_t;
ASYNC(receiver) {
    ASYNC_BEGIN();
    for (self->i = self->sum = 0; self->i < self->times * SENDERS; self->i++) {
        AWAIT_TRY(self->recv, fut_channel_recv, FUT_ITEM(&line, &self->value));
        self->sum += self->value;
    }
    ASYNC_RETURN(self->sum == SENDERS * (self->times * (self->times - 1) / 2) ? 0 : -1);
    ASYNC_END();
}
typedef struct crowd {
    ASYNC_FRAME(crowd, int, uint64_t times);
    struct sender_join   senders[SENDERS];
    struct receiver_join receiver;
    int                  i;
} crowd_t;
ASYNC(crowd) {
    ASYNC_BEGIN();
    self->receiver = SPAWN(fut_runtime_of(cx), receiver, self->times);
    for (self->i = 0; self->i < SENDERS; self->i++)
        self->senders[self->i] = SPAWN(fut_runtime_of(cx), sender, self->times);
    for (self->i = 0; self->i < SENDERS; self->i++) AWAIT_TRY(self->senders[self->i]);
    AWAIT_TRY(self->receiver);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void mpsc(bench_round_t *round) {
    FUT_CHANNEL_INIT(&line);
    open_workers(WORKERS);
    TIMED(round, crowd, round->count / SENDERS);
}

/* ---- a mutex that many want ---------------------------------------------------------------------------------------- */

enum { RIVALS = 8 };
static fut_mutex_t mutex;
static uint64_t    guarded;
typedef struct rival {
    ASYNC_FRAME(rival, int, uint64_t times);
    fut_mutex_lock_t lock;
    uint64_t         i;
} rival_t;
ASYNC(rival) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT_TRY(self->lock, fut_mutex_lock, &mutex);
        guarded++;
        fut_mutex_unlock(&mutex);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct rivals {
    ASYNC_FRAME(rivals, int, uint64_t times);
    struct rival_join all[RIVALS];
    int               i;
} rivals_t;
ASYNC(rivals) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < RIVALS; self->i++) self->all[self->i] = SPAWN(fut_runtime_of(cx), rival, self->times);
    for (self->i = 0; self->i < RIVALS; self->i++) AWAIT_TRY(self->all[self->i]);
    ASYNC_RETURN(guarded == self->times * RIVALS ? 0 : -1);
    ASYNC_END();
}
static void contention(bench_round_t *round) {
    fut_mutex_init(&mutex);
    guarded = 0;
    open_workers(WORKERS);
    TIMED(round, rivals, round->count / RIVALS);
}

/* ---- a mutex for which many line up ---------------------------------------------------------------------------------- */

/* Who has it lets the others run before giving it back. */
typedef struct turns {
    ASYNC_FRAME(turns, int, uint64_t times);
    fut_mutex_lock_t lock;
    uint64_t         i;
} turns_t;
ASYNC(turns) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        AWAIT_TRY(self->lock, fut_mutex_lock, &mutex);
        guarded++;
        YIELD();
        fut_mutex_unlock(&mutex);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct line_up {
    ASYNC_FRAME(line_up, int, uint64_t tasks; uint64_t times; struct turns_join *handles);
    uint64_t i;
} line_up_t;
ASYNC(line_up) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->tasks; self->i++)
        self->handles[self->i] = SPAWN(fut_runtime_of(cx), turns, self->times);
    for (self->i = 0; self->i < self->tasks; self->i++) AWAIT_TRY(self->handles[self->i]);
    ASYNC_RETURN(guarded == self->times * self->tasks ? 0 : -1);
    ASYNC_END();
}
static void in_line(bench_round_t *round) {
    struct turns_join *handles = bench_allocate(round->argument * sizeof *handles);
    fut_mutex_init(&mutex);
    guarded = 0;
    open_workers(WORKERS);
    TIMED(round, line_up, round->argument, round->count / round->argument, handles);
    free(handles);
}

/* ---- a tree -------------------------------------------------------------------------------------------------------- */

typedef struct tree {
    ASYNC_FRAME(tree, long, int depth);
    struct tree_join left, right;
} tree_t;
ASYNC(tree) {
    ASYNC_BEGIN();
    if (self->depth == 0) ASYNC_RETURN(1);
    self->left  = SPAWN(fut_runtime_of(cx), tree, self->depth - 1);
    self->right = SPAWN(fut_runtime_of(cx), tree, self->depth - 1);
    AWAIT_TRY(self->left);
    AWAIT_TRY(self->right);
    ASYNC_RETURN(self->left.output + self->right.output + 1);
    ASYNC_END();
}
typedef struct root {
    ASYNC_FRAME(root, int, int depth);
    struct tree_join tree;
} root_t;
ASYNC(root) {
    ASYNC_BEGIN();
    self->tree = SPAWN(fut_runtime_of(cx), tree, self->depth);
    AWAIT_TRY(self->tree);
    ASYNC_RETURN(self->tree.output == (2L << self->depth) - 1 ? 0 : -1);
    ASYNC_END();
}
static void fan_out(bench_round_t *round) {
    int depth = 0;
    while ((2ul << (depth + 1)) - 1 <= round->count) depth++;
    open_workers(WORKERS);
    TIMED(round, root, depth);
}

/* ---- two are faster than one --------------------------------------------------------------------------------------- */

enum { PIECES = 64 };
static uint64_t compute(uint64_t work) {
    uint64_t state = 88172645463325252u;
    for (uint64_t i = 0; i < work; i++) (void)bench_random(&state);
    return bench_opaque(state);
}
typedef struct piece {
    ASYNC_FRAME(piece, int, uint64_t work);
} piece_t;
ASYNC(piece) {
    ASYNC_BEGIN();
    ASYNC_RETURN((int)(compute(self->work) & 1));
    ASYNC_END();
}
typedef struct pieces {
    ASYNC_FRAME(pieces, int, uint64_t work);
    struct piece_join all[PIECES];
    int               i;
} pieces_t;
ASYNC(pieces) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < PIECES; self->i++) self->all[self->i] = SPAWN(fut_runtime_of(cx), piece, self->work);
    for (self->i = 0; self->i < PIECES; self->i++) AWAIT(self->all[self->i]);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static double time_with(unsigned workers, bench_round_t round) {
    open_workers(workers);
    TIMED(&round, pieces, round.count / PIECES);
    return round.value;
}
static void scaling(bench_round_t *round) {
    const double one = time_with(1, *round), two = time_with(2, *round);
    round->value = one / two;
}

static const bench_workload_t workloads[] = {
    {.name = "runtime_spawn_join_1m", .system = "libfuture", .unit = "ns", .run = spawn_join, .count = 1000000},
    {.name     = "runtime_yield_1000",
     .system   = "libfuture",
     .unit     = "ns",
     .run      = yield,
     .count    = 10000000,
     .argument = 1000},
    {.name = "runtime_ping_pong", .system = "libfuture", .unit = "ns", .run = ping_pong, .count = 1000000},
    {.name     = "runtime_ping_pong_apart",
     .system   = "libfuture",
     .unit     = "ns",
     .run      = ping_pong,
     .count    = 200000,
     .argument = 1},
    {.name = "runtime_mpsc", .system = "libfuture", .unit = "ns", .run = mpsc, .count = 4000000},
    {.name = "runtime_mutex", .system = "libfuture", .unit = "ns", .run = contention, .count = 4000000},
    {.name     = "runtime_mutex_100",
     .system   = "libfuture",
     .unit     = "ns",
     .run      = in_line,
     .count    = 1000000,
     .argument = 100},
    {.name = "runtime_tree_18", .system = "libfuture", .unit = "ns", .run = fan_out, .count = (2 << 18) - 1},
    {.name = "runtime_scaling", .system = "libfuture", .unit = "times", .run = scaling, .count = 200000000},
};
int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

/* await_2, join_2: two functions that are ready at once, one after the other and as a group. select_2, select_keep_2,
 * race_2, timeout_ready; map_ready, and_then_ready: what a group or a combinator adds to its children. token_ready,
 * deadline_ready, local_ready: what it costs to run under a token, a deadline, a task-local; token_check, local_read:
 * to ask for them.
 *
 * One poll does it all, without an executor. Nothing may be allocated. */
#include <stdlib.h>

#include "future/combine.h"
#include "future/deadline.h"
#include "future/local.h"
#include "future/task.h"
#include "harness.h"

/* ---- Children that are ready at once ----------------------------------------------------------------------------- */

typedef struct plus {
    ASYNC_FRAME(plus, uint64_t, uint64_t x; uint64_t y);
} plus_t;
ASYNC(plus) {
    ASYNC_BEGIN();
    ASYNC_RETURN(bench_opaque(self->x) + self->y);
    ASYNC_END();
}

/* The same with an output that can be an error. */
typedef struct sum {
    ASYNC_FRAME(sum, int64_t, int64_t x; int64_t y);
} sum_t;
ASYNC(sum) {
    ASYNC_BEGIN();
    ASYNC_RETURN((int64_t)bench_opaque((uint64_t)self->x) + self->y);
    ASYNC_END();
}

FUT_MAP(one_more, uint64_t, plus) { return child->output + 1; }
FUT_AND_THEN(sums, sum, sum) { START(*second, sum, first->output, 1); }
FUT_TASK_LOCAL(uint64_t, number);

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

static struct {
    uint64_t             allocations;
    fut_cancel_token_t   token;
    fut_virtual_clock_t *clock;
} world;

static void *count(size_t size) {
    world.allocations++;
    return malloc(size);
}

static void poll_once(fut_future_t *loop, const uint64_t *sum, bench_round_t *round) {
    static const fut_allocator_t allocator = {count, free};
    fut_context_t                cx;
    uint64_t                     before;
    double                       start;
    fut_set_allocator(&allocator);
    bench_check((world.clock = fut_virtual_clock_new()) != NULL, "no clock");
    fut_context_init(&cx, (fut_waker_t){NULL, 0}, fut_virtual_clock_driver(world.clock));
    before = world.allocations;
    start  = bench_now();
    bench_check(fut_poll(loop, &cx) == FUT_READY, "it had to wait");
    round->value = bench_since(start) / (double)round->count;
    bench_check(*sum == round->count * (round->count - 1) / 2 + round->count, "the sum");
    bench_check(world.allocations == before, "memory was asked for");
    fut_virtual_clock_free(world.clock);
}

/* clang-format off */

/* In two halves, because what stands in a macro's arguments is expanded before the function begins. Between them each
 * round adds x + 1 to self->sum. */
#define LOOP(name, slots, begin)                                                                                       \
    typedef struct name {                                                                                              \
        ASYNC_FRAME(name, int, uint64_t times);                                                                        \
        uint64_t x, sum;                                                                                               \
        slots                                                                                                          \
    } name##_t;                                                                                                        \
    ASYNC(name) {                                                                                                      \
        ASYNC_BEGIN();                                                                                                 \
        begin;                                                                                                         \
        for (self->x = 0; self->x < self->times; self->x++) {
#define END(name, end)                                                                                                 \
            self->sum = bench_opaque(self->sum);                                                                       \
        }                                                                                                              \
        end;                                                                                                           \
        ASYNC_RETURN(0);                                                                                               \
        ASYNC_END();                                                                                                   \
    }
#define RUN(name)                                                                                                      \
    static void name##_run(bench_round_t *round) {                                                                     \
        name##_t loop;                                                                                                 \
        START(loop, name, round->count);                                                                               \
        loop.sum = 0;                                                                                                  \
        poll_once(&loop.future, &loop.sum, round);                                                                     \
    }
#define NOTHING (void)0

/* ---- Groups ------------------------------------------------------------------------------------------------------ */

LOOP(await_1, plus_t a;, NOTHING)
    AWAIT(self->a, plus, self->x, 1);
    self->sum += self->a.output;
END(await_1, NOTHING)
RUN(await_1)

LOOP(await_2, plus_t a; plus_t b;, NOTHING)
    AWAIT(self->a, plus, self->x, 1);
    AWAIT(self->b, plus, self->x, 0);
    self->sum += 2 * self->a.output - self->b.output - 1;
END(await_2, NOTHING)
RUN(await_2)

LOOP(join_2, plus_t a; plus_t b; FUT_GROUP(2) group;, NOTHING)
    JOIN(self->group, (self->a, plus, self->x, 1), (self->b, plus, self->x, 0));
    self->sum += 2 * self->a.output - self->b.output - 1;
END(join_2, NOTHING)
RUN(join_2)

LOOP(select_2, plus_t a; fut_never_t never; FUT_GROUP(2) group;, NOTHING)
    SELECT(self->group, (self->a, plus, self->x, 1), (self->never, fut_never));
    self->sum += self->a.output;
END(select_2, NOTHING)
RUN(select_2)

LOOP(select_keep_2, plus_t a; fut_never_t never; FUT_GROUP(2) group;, START(self->never, fut_never))
    SELECT_KEEP(self->group, (self->a, plus, self->x, 1), self->never);
    self->sum += self->a.output;
END(select_keep_2, fut_drop(&self->never.future))
RUN(select_keep_2)

LOOP(race_2, plus_t a; plus_t b; FUT_GROUP(2) group;, NOTHING)
    RACE(self->group, (self->a, plus, self->x, 1), (self->b, plus, self->x, 1));
    self->sum += self->group.output == 0 ? self->a.output : self->b.output;
END(race_2, NOTHING)
RUN(race_2)

LOOP(timeout_ready, plus_t a; fut_timeout_t limit;, NOTHING)
    TIMEOUT(self->limit, FUT_S(1), (self->a, plus, self->x, 1));
    self->sum += self->a.output;
END(timeout_ready, NOTHING)
RUN(timeout_ready)

/* ---- Combinators ------------------------------------------------------------------------------------------------- */

LOOP(map_ready, plus_t a; one_more_t map;, NOTHING)
    START(self->a, plus, self->x, 0);
    AWAIT(self->map, one_more, &self->a);
    self->sum += self->map.output;
END(map_ready, NOTHING)
RUN(map_ready)

LOOP(and_then_ready, sum_t a; sum_t b; sums_t then;, NOTHING)
    START(self->a, sum, (int64_t)self->x, 0);
    AWAIT(self->then, sums, &self->a, &self->b);
    self->sum += (uint64_t)self->then.output;
END(and_then_ready, NOTHING)
RUN(and_then_ready)

/* ---- Tokens, deadlines, task-locals ------------------------------------------------------------------------------ */

LOOP(token_ready, plus_t a; fut_with_token_t with;, NOTHING)
    WITH_TOKEN(self->with, &world.token, (self->a, plus, self->x, 1));
    self->sum += self->a.output;
END(token_ready, NOTHING)
RUN(token_ready)

LOOP(deadline_ready, plus_t a; fut_with_deadline_t with;, NOTHING)
    WITH_DEADLINE(self->with, FUT_NEVER - 1, (self->a, plus, self->x, 1));
    self->sum += self->a.output;
END(deadline_ready, NOTHING)
RUN(deadline_ready)

LOOP(local_ready, plus_t a; number_t with;, NOTHING)
    WITH_LOCAL(self->with, number, 5, (self->a, plus, self->x, 1));
    self->sum += self->a.output;
END(local_ready, NOTHING)
RUN(local_ready)

LOOP(token_check, plus_t a;, NOTHING)
    TRY(fut_cancel_token_reason(&world.token));
    self->sum += bench_opaque(self->x) + 1;
END(token_check, NOTHING)
RUN(token_check)

/* Under one value, and another. */
LOOP(reads, plus_t a;, NOTHING)
 self->sum += bench_opaque(self->x) + FUT_LOCAL_OR(cx, number, 0);
END(reads, NOTHING)

FUT_TASK_LOCAL(int, other);
static void local_read_run(bench_round_t *round) {
    reads_t  loop;
    other_t  inner;
    number_t outer;
    START(loop, reads, round->count);
    loop.sum = 0;
    START(inner, other, &loop.future, 7);
    START(outer, number, &inner.future, 1);
    poll_once(&outer.future, &loop.sum, round);
}

/* clang-format on */

#define WORKLOAD(name_)                                                                                                \
    { .name = #name_, .system = "libfuture", .unit = "ns", .run = name_##_run, .count = 10000000 }
static const bench_workload_t workloads[] = {
    WORKLOAD(await_1),        WORKLOAD(await_2),     WORKLOAD(join_2),         WORKLOAD(select_2),
    WORKLOAD(select_keep_2),  WORKLOAD(race_2),      WORKLOAD(timeout_ready),  WORKLOAD(map_ready),
    WORKLOAD(and_then_ready), WORKLOAD(token_ready), WORKLOAD(deadline_ready), WORKLOAD(local_ready),
    WORKLOAD(token_check),    WORKLOAD(local_read),
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

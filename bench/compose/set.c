/* set_wake_10, set_wake_10000: a set of so many children, of which one is woken at a time. What does a wake cost, with the poll of
 * the child and the way of its task through the run queue? And set_push: a child's whole life, which is short. */
#include <stdlib.h>

#include "future/executor.h"
#include "future/set.h"
#include "harness.h"

/* ---- a ring: each child, when it is polled, wakes the next one ------------------------------------------------ */

typedef struct ring {
    uint64_t     polls, last;
    uint64_t     size;
    fut_waker_t *wakers;
} ring_t;

typedef struct station {
    FUT_FUTURE(station, int, ring_t *ring; uint64_t number);
} station_t;

static uint64_t next_of(const ring_t *ring, uint64_t number) { return number + 1 < ring->size ? number + 1 : 0; }

static fut_poll_t station_poll(station_t *self, fut_context_t *cx) {
    ring_t *ring = self->ring;
    if (self->future.point == FUT_POINT_START) {
        ring->wakers[self->number] = fut_context_waker(cx);
        return fut_pending(&self->future);
    }
    (void)fut_context_waker(cx);
    if (++ring->polls >= ring->last) {
        self->output = 0;
        return fut_ready(&self->future);
    }
    return fut_pending(&self->future);
}
FUT_DEFINE(station);

/* Another task wakes one child, then lets the set's task run. */
typedef struct waker {
    ASYNC_FRAME(waker, void, ring_t *ring);
    uint64_t number;
} waker_t;

ASYNC(waker) {
    ASYNC_BEGIN();
    for (self->number = 0; self->ring->polls < self->ring->last; self->number = next_of(self->ring, self->number)) {
        fut_wake(self->ring->wakers[self->number]);
        YIELD();
    }
    ASYNC_RETURN();
    ASYNC_END();
}

typedef struct member {
    fut_set_child_t child;
    station_t       station;
} member_t;

typedef struct collect {
    ASYNC_FRAME(collect, int, ring_t *ring; member_t *members; double *start);
    fut_set_t      set;
    fut_set_next_t next;
} collect_t;

ASYNC(collect) {
    ASYNC_BEGIN();
    fut_set_init(&self->set);
    for (uint64_t i = 0; i < self->ring->size; i++) {
        member_t *member = &self->members[i];
        START(member->station, station, self->ring, i);
        bench_check(fut_set_push(&self->set, &member->child, &member->station.future) == 0, "push");
    }
    *self->start = bench_now();
    AWAIT(self->next, fut_set_next, &self->set);
    ASYNC_RETURN(self->next.output != NULL ? 1 : -1);
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}

static void wakes(bench_round_t *round) {
    ring_t              ring    = {.size = round->argument, .last = round->count};
    member_t           *members = bench_allocate(ring.size * sizeof *members);
    fut_executor_t      executor;
    struct collect_join collected;
    double              start = 0;
    ring.wakers               = bench_allocate(ring.size * sizeof *ring.wakers);
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    collected = SPAWN(&executor, collect, &ring, members, &start);
    bench_check(fut_executor_run_until_stalled(&executor) == 1, "the children wait");
    DETACH(SPAWN(&executor, waker, &ring));
    start = bench_now();
    bench_check(fut_executor_run(&executor) == 0, "run");
    round->value = bench_since(start) / (double)round->count;
    bench_check(fut_join_take(&collected.join) == 0 && collected.output == 1, "the last child");
    bench_check(ring.polls == round->count, "one poll for each wake");
    fut_executor_destroy(&executor);
    free(ring.wakers);
    free(members);
}

/* ---- children that are ready at once ----------------------------------------------------------------------------- */

typedef struct instant {
    FUT_FUTURE(instant, int, int value);
} instant_t;

static fut_poll_t instant_poll(instant_t *self, fut_context_t *cx) {
    (void)cx;
    self->output = self->value;
    return fut_ready(&self->future);
}
FUT_DEFINE(instant);

typedef struct short_lives {
    ASYNC_FRAME(short_lives, uint64_t, uint64_t times);
    uint64_t        i, sum;
    fut_set_child_t children[2];
    instant_t       instants[2];
    fut_set_t       set;
    fut_set_next_t  next;
} short_lives_t;

/* There is always one more in the set, so that it is never empty. */
ASYNC(short_lives) {
    ASYNC_BEGIN();
    fut_set_init(&self->set);
    fut_set_child_init(&self->children[0], NULL);
    fut_set_child_init(&self->children[1], NULL);
    self->sum = 0;
    START(self->instants[1], instant, 0);
    bench_check(fut_set_push(&self->set, &self->children[1], &self->instants[1].future) == 0, "push");
    for (self->i = 0; self->i < self->times; self->i++) {
        START(self->instants[self->i % 2], instant, 1);
        bench_check(fut_set_push(&self->set, &self->children[self->i % 2], &self->instants[self->i % 2].future) == 0,
                    "push");
        AWAIT(self->next, fut_set_next, &self->set);
        self->sum += (uint64_t)self->instants[(self->i + 1) % 2].output;
    }
    ASYNC_RETURN(self->sum);
    ASYNC_FINALLY();
    fut_set_destroy(&self->set);
    ASYNC_END();
}

static void pushes(bench_round_t *round) {
    fut_executor_t executor;
    double         start;
    int64_t        sum;
    bench_check(fut_executor_init(&executor, NULL) == 0, "no executor");
    start = bench_now();
    short_lives_t lives;
    START(lives, short_lives, round->count);
    bench_check(fut_block_on(&executor, &lives.future) == 0, "block on");
    sum          = (int64_t)lives.output;
    round->value = bench_since(start) / (double)round->count;
    bench_check(sum == (int64_t)round->count - 1, "the sum of the outputs");
    fut_executor_destroy(&executor);
}

static const bench_workload_t workloads[] = {
    {.name = "set_wake_10", .system = "libfuture", .unit = "ns", .run = wakes, .count = 5000000, .argument = 10},
    {.name = "set_wake_10000", .system = "libfuture", .unit = "ns", .run = wakes, .count = 5000000, .argument = 10000},
    {.name = "set_push", .system = "libfuture", .unit = "ns", .run = pushes, .count = 5000000},
};

int main(int argc, char **argv) { return bench_main(argc, argv, workloads, BENCH_LENGTH(workloads)); }

/* The library's own code, in every order that a bound allows. explorer.h says how; here are the stories.
 *
 *     interleave                     all of them, each up to its bound, and the explorer's own tests
 *     interleave STORY               one of them, with a bound higher by one
 *     interleave STORY CHOICES       one order again, step by step: as it was told by what failed
 *     interleave --seed N            orders by chance, without a bound
 *
 * A story sets everything up in begin and looks at it in end. Two or three threads live in between. What they do must end
 * in every order, and must have been right in each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/runtime/run_queue.h"
#include "explorer.h"
#include "future/channel.h"
#include "future/executor.h"
#include "future/set.h"
#include "future/sync.h"
#include "future/time.h"

/* ---- What the stories are made of ------------------------------------------------------------------------------ */

#define LOAD(word)       __atomic_load_n(&(word), __ATOMIC_ACQUIRE)
#define SET(word, value) __atomic_store_n(&(word), value, __ATOMIC_RELEASE)

/* Executors whose driver is a virtual clock: they sleep on their bell alone. */
static fut_virtual_clock_t *clocks[PLAYERS];
static fut_executor_t       executors[PLAYERS];

static void open_executors(int count) {
    for (int i = 0; i < count; i++) {
        fut_executor_options_t options = {0};
        clocks[i]                      = fut_virtual_clock_new();
        options.driver                 = fut_virtual_clock_driver(clocks[i]);
        CHECK(fut_executor_init(&executors[i], &options) == 0);
    }
}
static void close_executors(int count) {
    for (int i = 0; i < count; i++) {
        fut_executor_destroy(&executors[i]);
        fut_virtual_clock_free(clocks[i]);
    }
}
static void open_one(void) { open_executors(1); }
static void close_one(void) { close_executors(1); }

/* A thread that polls by hand: its flag is what a task's state is. */
typedef struct flag {
    const fut_waker_vtable_t *vtable;
    uint32_t                  up;
} flag_t;
static void flag_wake(void *target, fut_tag_t tag) {
    (void)tag;
    SET(((flag_t *)target)->up, 1u);
}
static const fut_waker_vtable_t flag_vtable = {.wake = flag_wake, .wake_from_interrupt = flag_wake};
static flag_t                   flags[2];

static void lower_flags(void) { flags[0] = flags[1] = (flag_t){&flag_vtable, 0}; }
static void wait_for(flag_t *flag) {
    while (!LOAD(flag->up)) (void)sched_yield();
}
static bool flags_are_stored; /* not exchanged: what fut_waker_vtable_t warns of */

static fut_poll_t poll_with(fut_future_t *future, flag_t *flag) {
    fut_context_t cx;
    if (flags_are_stored)
        SET(flag->up, 0u);
    else
        (void)__atomic_exchange_n(&flag->up, 0, __ATOMIC_ACQ_REL);
    fut_context_init(&cx, (fut_waker_t){flag, 0}, NULL);
    return fut_poll(future, &cx);
}
static void poll_to_the_end(fut_future_t *future, flag_t *flag) {
    while (poll_with(future, flag) == FUT_PENDING) wait_for(flag);
}

/* ---- The explorer itself ----------------------------------------------------------------------------------------- */

static unsigned words[4];

static void zero(void) { memset(words, 0, sizeof words); }

/* Each says that it comes, then looks whether the other does. Both in: one of them must have seen it. */
static void dekker(int mine) {
    __atomic_store_n(&words[mine], 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    words[2 + mine] = __atomic_load_n(&words[1 - mine], __ATOMIC_RELAXED);
}
static void dekker_a(void) { dekker(0); }
static void dekker_b(void) { dekker(1); }
static void one_has_seen_the_other(void) { CHECK(words[2] || words[3]); }

static const scenario_t with_fences = {"Dekker with fences", zero, {dekker_a, dekker_b}, one_has_seen_the_other};

static void increment(void) { SET(words[0], LOAD(words[0]) + 1); }
static void both_counted(void) { CHECK(words[0] == 2); }

static const scenario_t lost_update = {"an update is lost", zero, {increment, increment}, both_counted};

/* Forgets that a wake may have come before it looked. */
static void sleep_badly(void) {
    if (LOAD(words[0])) return;
    SET(words[1], 1u);
    while (!LOAD(words[2])) (void)sched_yield();
}
static void wake_badly(void) {
    SET(words[0], 1u);
    if (LOAD(words[1])) SET(words[2], 1u);
}

static const scenario_t lost_wake = {"a wake is lost", zero, {sleep_badly, wake_badly}, NULL};

/* ---- A task and its wakers ---------------------------------------------------------------------------------------- */

/* Waits until its gate is open, and leaves its waker there. */
typedef struct gate {
    uint32_t    open, waiting;
    fut_waker_t waker;
} gate_t;
static gate_t   gates[2];
static unsigned polls;

typedef struct pass {
    FUT_FUTURE(pass, int, gate_t *gate);
} pass_t;
static fut_poll_t pass_poll(pass_t *self, fut_context_t *cx) {
    gate_t *gate = self->gate;
    polls++;
    if (fut_is_done(&self->future)) return FUT_READY;
    if (LOAD(gate->open)) {
        self->output = 1;
        return fut_ready(&self->future);
    }
    if (self->future.point == FUT_POINT_START) {
        gate->waker = fut_waker_clone(fut_context_waker(cx));
        SET(gate->waiting, 1u);
    } else {
        (void)fut_context_waker(cx);
    }
    return fut_pending(&self->future);
}
FUT_DEFINE(pass);

static void shut_gates(void) {
    gates[0] = gates[1] = (gate_t){0};
    polls               = 0;
    open_one();
}
static void pass_gate(void) { CHECK(BLOCK_ON(&executors[0], pass, &gates[0]) == 1); }

static void open_gate(gate_t *gate) {
    while (!LOAD(gate->waiting)) (void)sched_yield();
    SET(gate->open, 1u);
    fut_wake(gate->waker);
    fut_waker_drop(gate->waker);
}
static void open_first(void) { open_gate(&gates[0]); }
static void open_second(void) { open_gate(&gates[1]); }
static void wake_for_nothing(void) {
    while (!LOAD(gates[0].waiting)) (void)sched_yield();
    fut_wake_from_interrupt(gates[0].waker);
    fut_wake(gates[0].waker); /* perhaps long after its task has ended */
}
/* One for the start, one for each wake, one for a wake that came during a poll. */
static void few_polls(void) {
    CHECK(polls <= 5);
    close_one();
}

static const scenario_t a_wake = {"task: a wake ends the sleep", shut_gates, {pass_gate, open_first}, few_polls};
static const scenario_t wakers = {"task: two wakers", shut_gates, {pass_gate, open_first, wake_for_nothing}, few_polls};

/* ---- A set whose children are woken elsewhere ------------------------------------------------------------------------ */

typedef struct gather {
    ASYNC_FRAME(gather, int);
    pass_t         passes[2];
    fut_join_all_t all;
} gather_t;
ASYNC(gather) {
    ASYNC_BEGIN();
    START(self->passes[0], pass, &gates[0]);
    START(self->passes[1], pass, &gates[1]);
    AWAIT(self->all, fut_join_all, FUT_EACH(self->passes));
    ASYNC_RETURN(self->passes[0].output + self->passes[1].output);
    ASYNC_END();
}
static void gather_both(void) { CHECK(BLOCK_ON(&executors[0], gather) == 2); }

static const scenario_t set_of_two = {
    "set: two children, woken by two", shut_gates, {gather_both, open_first, open_second}, close_one};

/* Under another waker at each poll. Who is told to poll again, or polled last, hears of a wake. */
static void move_and_pass(void) {
    static pass_t         passes[2];
    static fut_join_all_t all;
    unsigned              turn = 0;
    START(passes[0], pass, &gates[0]);
    START(passes[1], pass, &gates[1]);
    START(all, fut_join_all, FUT_EACH(passes));
    while (poll_with(&all.future, &flags[turn % 2]) == FUT_PENDING) {
        if (turn >= 2) wait_for(&flags[turn % 2]);
        turn++;
    }
}
static void open_both(void) {
    open_first();
    open_second();
}
static void shut_gates_and_lower_flags(void) {
    lower_flags();
    shut_gates();
}

/* Two polls before it waits, as after a wake for nothing. */
static void poll_twice_and_pass(void) {
    static pass_t pass;
    START(pass, pass, &gates[0]);
    if (poll_with(&pass.future, &flags[0]) == FUT_PENDING) poll_to_the_end(&pass.future, &flags[0]);
}
static void shut_gates_and_store_flags(void) {
    shut_gates_and_lower_flags();
    flags_are_stored = true;
}

static const scenario_t swapped = {
    "flag: lowered by an exchange", shut_gates_and_lower_flags, {poll_twice_and_pass, open_first}, close_one};
static const scenario_t stored = {
    "flag: lowered by a store", shut_gates_and_store_flags, {poll_twice_and_pass, open_first}, close_one};
static const scenario_t moving = {
    "set: its task changes", shut_gates_and_lower_flags, {move_and_pass, open_both}, close_one};

/* ---- Locks ------------------------------------------------------------------------------------------------------------ */

static fut_mutex_t     mutex;
static fut_semaphore_t semaphore;
static fut_notify_t    notify;
static unsigned        inside, entered;

typedef struct visit {
    ASYNC_FRAME(visit, int);
    fut_mutex_lock_t lock;
} visit_t;
ASYNC(visit) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->lock, fut_mutex_lock, &mutex);
    CHECK(inside++ == 0);
    entered++;
    YIELD();
    inside--;
    fut_mutex_unlock(&mutex);
    ASYNC_RETURN(0);
    ASYNC_END();
}
static void visit_a(void) { CHECK(BLOCK_ON(&executors[0], visit) == 0); }
static void visit_b(void) { CHECK(BLOCK_ON(&executors[1], visit) == 0); }
/* Lines up, perhaps gets it, and does not want it any more. */
static void think_better_of_it(void) {
    fut_mutex_lock_t lock;
    START(lock, fut_mutex_lock, &mutex);
    (void)poll_with(&lock.future, &flags[0]);
    (void)poll_with(&lock.future, &flags[0]);
    fut_mutex_release(&lock);
}
static void new_locks(void) {
    lower_flags();
    open_executors(2);
    fut_mutex_init(&mutex);
    CHECK(fut_semaphore_init(&semaphore, 2, 2) == 0);
    fut_notify_init(&notify);
    inside = entered = 0;
}
static void both_were_inside(void) {
    CHECK(inside == 0 && entered == 2 && fut_mutex_try_lock(&mutex));
    fut_mutex_unlock(&mutex);
    close_executors(2);
}

static const scenario_t two_visitors = {"mutex: two tasks", new_locks, {visit_a, visit_b}, both_were_inside};
static const scenario_t a_quitter    = {
       "mutex: two tasks, and one that gives up", new_locks, {visit_a, visit_b, think_better_of_it}, both_were_inside};

/* ---- Permits */

static void take(uint32_t permits, flag_t *flag) {
    fut_semaphore_acquire_t acquire;
    START(acquire, fut_semaphore_acquire, &semaphore, permits);
    poll_to_the_end(&acquire.future, flag);
    CHECK(acquire.output == 0);
    CHECK(__atomic_fetch_add(&inside, permits, __ATOMIC_ACQ_REL) + permits <= 2);
    (void)__atomic_fetch_add(&inside, -permits, __ATOMIC_ACQ_REL);
    fut_semaphore_release(&semaphore, permits);
}
static void take_two(void) { take(2, &flags[0]); }
static void take_one(void) { take(1, &flags[1]); }
static void take_and_drop(void) {
    static flag_t           flag;
    fut_semaphore_acquire_t acquire;
    flag = (flag_t){&flag_vtable, 0};
    START(acquire, fut_semaphore_acquire, &semaphore, 2);
    if (poll_with(&acquire.future, &flag) == FUT_READY)
        fut_semaphore_release(&semaphore, 2);
    else
        fut_drop(&acquire.future);
}
static void two_are_there(void) {
    CHECK(fut_semaphore_available(&semaphore) == 2);
    close_executors(2);
}

static const scenario_t permits = {
    "semaphore: two, one, and one that gives up", new_locks, {take_two, take_one, take_and_drop}, two_are_there};

/* ---- A notification */

static void be_notified(void) {
    fut_notify_wait_t wait;
    START(wait, fut_notify_wait, &notify);
    poll_to_the_end(&wait.future, &flags[0]);
}
/* Whoever is dropped passes it on; else there are two. */
static void be_notified_or_not(void) {
    fut_notify_wait_t wait;
    START(wait, fut_notify_wait, &notify);
    if (poll_with(&wait.future, &flags[1]) == FUT_READY)
        fut_notify_one(&notify);
    else
        fut_drop(&wait.future);
}
static void notify_once(void) { fut_notify_one(&notify); }
static void locks_end(void) { close_executors(2); }

static const scenario_t notified = {
    "notify: one is told, one gives up", new_locks, {be_notified, be_notified_or_not, notify_once}, locks_end};

/* ---- Channels ---------------------------------------------------------------------------------------------------------- */

static FUT_ONESHOT(int) reply;
static FUT_CHANNEL(int, 1) narrow;
static FUT_UNBOUNDED(int) wide;
static unsigned got;

typedef struct hear {
    ASYNC_FRAME(hear, int);
    fut_oneshot_recv_t recv;
    int                value;
} hear_t;
ASYNC(hear) {
    ASYNC_BEGIN();
    AWAIT_TRY(self->recv, fut_oneshot_recv, FUT_ITEM(&reply, &self->value));
    ASYNC_RETURN(self->value);
    ASYNC_END();
}
static void hear_a(void) { CHECK(BLOCK_ON(&executors[0], hear) == 7); }
static void answer(void) {
    const int seven = 7;
    CHECK(fut_oneshot_send(FUT_ITEM(&reply, &seven)) == 0);
}
static void give_no_answer(void) { fut_oneshot_close(&reply.channel); }
static void hear_nothing(void) { CHECK(BLOCK_ON(&executors[0], hear) == -EPIPE); }
static void hear_and_drop(void) {
    fut_oneshot_recv_t recv;
    int                value = 0;
    START(recv, fut_oneshot_recv, FUT_ITEM(&reply, &value));
    if (poll_with(&recv.future, &flags[0]) == FUT_READY)
        got = (unsigned)value;
    else
        fut_drop(&recv.future);
}
static void seven_is_somewhere(void) {
    int value = 0;
    if (!got && fut_oneshot_try_recv(FUT_ITEM(&reply, &value)) == 0) got = (unsigned)value;
    CHECK(got == 7);
    close_one();
}
static void new_channels(void) {
    lower_flags();
    open_one();
    FUT_ONESHOT_INIT(&reply);
    FUT_CHANNEL_INIT(&narrow);
    FUT_UNBOUNDED_INIT(&wide);
    got = 0;
}
static void channels_end(void) {
    FUT_UNBOUNDED_DESTROY(&wide);
    close_one();
}

static const scenario_t an_answer = {"oneshot: question and answer", new_channels, {hear_a, answer}, channels_end};
static const scenario_t no_answer = {
    "oneshot: closed instead", new_channels, {hear_nothing, give_no_answer}, channels_end};
static const scenario_t not_wanted = {
    "oneshot: the receive is dropped", new_channels, {hear_and_drop, answer}, seven_is_somewhere};

/* Two messages through a place for one, from a thread that sleeps in between. */
static void send_two(void) {
    for (int i = 1; i <= 2; i++) CHECK(fut_channel_send_blocking(FUT_ITEM(&narrow, &i)) == 0);
}
static void send_two_and_close(void) {
    send_two();
    fut_channel_close(&narrow.channel);
}
typedef struct listen_in {
    ASYNC_FRAME(listen_in, int);
    fut_channel_recv_t recv;
    int                value;
} listen_in_t;
ASYNC(listen_in) {
    ASYNC_BEGIN();
    for (;;) {
        AWAIT(self->recv, fut_channel_recv, FUT_ITEM(&narrow, &self->value));
        if (self->recv.output < 0) ASYNC_RETURN(self->recv.output);
        CHECK(self->value == (int)++got);
    }
    ASYNC_END();
}
static void listen_to_all(void) {
    CHECK(BLOCK_ON(&executors[0], listen_in) == -EPIPE);
    CHECK(got == 2);
}
static void recv_one(flag_t *flag) {
    fut_channel_recv_t recv;
    int                value = 0;
    START(recv, fut_channel_recv, FUT_ITEM(&narrow, &value));
    poll_to_the_end(&recv.future, flag);
    CHECK(recv.output == 0);
    (void)__atomic_fetch_add(&got, (unsigned)value, __ATOMIC_ACQ_REL);
}
static void recv_one_a(void) { recv_one(&flags[0]); }
static void recv_one_b(void) { recv_one(&flags[1]); }
static void three_in_all(void) {
    CHECK(got == 3);
    channels_end();
}
/* It may have been told that there is something; then another one has to hear of it. */
static void recv_and_drop(void) {
    static flag_t      flag;
    fut_channel_recv_t recv;
    int                value = 0;
    flag                     = (flag_t){&flag_vtable, 0};
    START(recv, fut_channel_recv, FUT_ITEM(&narrow, &value));
    if (poll_with(&recv.future, &flag) == FUT_PENDING) {
        fut_drop(&recv.future);
        return;
    }
    while (fut_channel_try_send(FUT_ITEM(&narrow, &value)) == -EAGAIN) (void)sched_yield();
}
static void send_seven(void) {
    const int seven = 7;
    CHECK(fut_channel_send_blocking(FUT_ITEM(&narrow, &seven)) == 0);
}
static void seven_arrived(void) {
    CHECK(got == 7);
    channels_end();
}

static const scenario_t in_a_row = {
    "channel: two messages, one place", new_channels, {listen_to_all, send_two_and_close}, channels_end};
static const scenario_t shared_out = {
    "channel: one sender, two receivers", new_channels, {recv_one_a, recv_one_b, send_two}, three_in_all};
static const scenario_t passed_on = {
    "channel: a receiver that was told gives up", new_channels, {recv_one_a, recv_and_drop, send_seven}, seven_arrived};

static void post(int value) { CHECK(fut_unbounded_send(FUT_ITEM(&wide, &value)) == 0); }
static void post_one(void) { post(1); }
static void post_two(void) { post(2); }
static void collect(void) {
    for (int i = 0; i < 2; i++) {
        fut_unbounded_recv_t recv;
        int                  value = 0;
        START(recv, fut_unbounded_recv, FUT_ITEM(&wide, &value));
        poll_to_the_end(&recv.future, &flags[0]);
        CHECK(recv.output == 0);
        got += (unsigned)value;
    }
}

static const scenario_t posted = {"unbounded: two senders", new_channels, {collect, post_one, post_two}, three_in_all};

/* ---- A queue from which others steal ------------------------------------------------------------------------------------ */

enum { STOLEN = 4 };
static fut__run_queue_t queues[PLAYERS];
static fut_task_t       tasks[STOLEN];
static unsigned         taken[STOLEN];

static void take_task(fut_task_t *task) { (void)__atomic_fetch_add(&taken[task - tasks], 1, __ATOMIC_ACQ_REL); }
static void take_all(fut__run_queue_t *queue) {
    fut_task_t *task;
    while ((task = fut__queue_pop(queue))) take_task(task);
}
static void own(void) {
    for (int i = 0; i < STOLEN; i++) CHECK(fut__queue_push(&queues[0], &tasks[i]));
    take_all(&queues[0]);
}
static void steal_for(fut__run_queue_t *mine) {
    fut_task_t *task;
    if (fut__queue_steal(mine, &queues[0], &task) > 0) take_task(task);
    take_all(mine);
}
static void steal_b(void) { steal_for(&queues[1]); }
static void steal_c(void) { steal_for(&queues[2]); }
static void empty_queues(void) {
    memset(queues, 0, sizeof queues);
    memset(taken, 0, sizeof taken);
}
static void each_was_taken_once(void) {
    for (int i = 0; i < STOLEN; i++) CHECK(taken[i] == 1);
}

static const scenario_t stolen = {
    "run queue: an owner and two thieves", empty_queues, {own, steal_b, steal_c}, each_was_taken_once};

/* The owner's latest goes first, unless a thief has it; each newcomer displaces it. What a task has written before it was
 * put there is seen by whoever takes it. */
static unsigned written[STOLEN];

static void make_latest(int i) {
    fut_task_t *displaced;
    written[i] = 1;
    displaced  = fut__queue_put_latest(&queues[0], &tasks[i]);
    if (displaced) CHECK(fut__queue_push(&queues[0], displaced));
}
static bool take_latest_of(fut__run_queue_t *queue) {
    fut_task_t *task = fut__queue_take_latest(queue);
    if (!task) return false;
    CHECK(written[task - tasks]);
    take_task(task);
    return true;
}
static void own_with_latest(void) {
    make_latest(0);
    make_latest(1);
    (void)take_latest_of(&queues[0]);
    make_latest(2);
    take_all(&queues[0]);
    make_latest(3);
    (void)take_latest_of(&queues[0]);
    take_all(&queues[0]);
}
/* As steal() in worker.c does: the ring, then the slot. */
static void rob(fut__run_queue_t *mine) {
    for (int i = 0; i < 2; i++) {
        fut_task_t *task;
        if (fut__queue_steal(mine, &queues[0], &task) > 0)
            take_task(task);
        else
            (void)take_latest_of(&queues[0]);
    }
    take_all(mine);
}
static void rob_b(void) { rob(&queues[1]); }
static void rob_c(void) { rob(&queues[2]); }
static void empty_queues_and_tasks(void) {
    empty_queues();
    memset(written, 0, sizeof written);
}

static const scenario_t latest = {
    "run queue: the latest, taken or stolen", empty_queues_and_tasks, {own_with_latest, rob_b}, each_was_taken_once};
static const scenario_t latest_of_three = {"run queue: the latest and two thieves",
                                           empty_queues_and_tasks,
                                           {own_with_latest, rob_b, rob_c},
                                           each_was_taken_once};

/* ---- Which, and how far ------------------------------------------------------------------------------------------------- */

typedef struct story {
    const scenario_t *scenario;
    unsigned          bound; /* preemptions and delays */
    bool              weak;  /* fences are ignored      */
    bool              fails; /* that is what is expected */
} story_t;

static const story_t stories[] = {
    /* The explorer finds what is there, and nothing else. */
    {&with_fences, 4, false, false},
    {&with_fences, 2, true, true},
    {&lost_update, 1, false, true},
    {&lost_wake, 1, false, true},
    /* The library. */
    {&a_wake, 2, false, false},
    {&a_wake, 2, true, true}, /* arm() in executor.c looks before its own store is seen */
    {&wakers, 1, false, false},
    {&set_of_two, 1, false, false},
    {&moving, 2, false, false},
    {&swapped, 3, false, false},
    {&stored, 2, false, true}, /* which may come after the look, on top of a wake */
    {&two_visitors, 2, false, false},
    {&a_quitter, 1, false, false},
    {&permits, 1, false, false},
    {&notified, 1, false, false},
    {&an_answer, 2, false, false},
    {&no_answer, 2, false, false},
    {&not_wanted, 2, false, false},
    {&in_a_row, 2, false, false},
    {&shared_out, 1, false, false},
    {&passed_on, 1, false, false},
    {&posted, 1, false, false},
    {&stolen, 2, false, false},
    {&latest, 3, false, false},
    {&latest_of_three, 2, false, false},
};
enum { STORIES = sizeof stories / sizeof *stories, MOST = 2500, DEEP = 1000000 };

static int tell(const story_t *story, unsigned deeper, unsigned seed) {
    explored_t result;
    explorer_ignores_fences = story->weak;
    result                  = seed ? explore_randomly(story->scenario, seed, MOST)
                                   : explore(story->scenario, story->bound + deeper, deeper ? DEEP : MOST);
    if (result.failed && !story->fails) {
        printf("    %s\n    again: interleave '%s' '%s'\n", result.why, story->scenario->name, result.choices);
    }
    printf("%-6s %-50s %8lu orders%s\n", result.failed != story->fails ? "not ok" : "ok", story->scenario->name,
           result.runs,
           story->fails ? ", and one fails"
           : result.cut ? ", not all there are"
                        : "");
    return result.failed != story->fails;
}

static int again(const char *name, const char *choices) {
    for (int i = 0; i < STORIES; i++) {
        explored_t result;
        if (strcmp(stories[i].scenario->name, name) != 0) continue;
        result = explore_again(stories[i].scenario, choices);
        printf("%s\n", result.failed ? result.why : "it ends well");
        return result.failed;
    }
    fprintf(stderr, "there is no story called %s\n", name);
    return 2;
}

/* One thread runs at a time, and the way from one core to another is long. */
static void stay_on_one_core(void) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    (void)sched_setaffinity(0, sizeof one, &one);
}

int main(int argc, char **argv) {
    const unsigned seed = argc == 3 && strcmp(argv[1], "--seed") == 0 ? (unsigned)strtoul(argv[2], NULL, 0) : 0;
    int            told = 0, failed = 0;
    stay_on_one_core();
    if (argc == 3 && !seed) return again(argv[1], argv[2]);
    for (int i = 0; i < STORIES; i++) {
        if (seed && stories[i].fails) continue;
        if (argc == 2 && strcmp(argv[1], stories[i].scenario->name) != 0) continue;
        failed += tell(&stories[i], argc == 2, seed);
        told++;
    }
    printf("%d passed, %d failed\n", told - failed, failed);
    return failed != 0;
}

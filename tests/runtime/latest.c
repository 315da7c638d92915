/* The task made ready last: it goes before the others, not for ever, and whoever has time may have it. */
#include "future/notify.h"
#include "kit.h"

static void open_lifo(unsigned workers, int search) {
    open_with((fut_runtime_options_t){.workers = workers, .lifo = true, .search = search});
}

/* One worker writes, the test reads when all is over. */
static char trace[64];
static void say(char letter) {
    const size_t length = strlen(trace);
    if (length + 1 < sizeof trace) trace[length] = letter;
}

/* ---- Order -------------------------------------------------------------------------------------------------------- */

typedef struct letter {
    ASYNC_FRAME(letter, int, char letter; int yields);
    int i;
} letter_t;
ASYNC(letter) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->yields; self->i++) {
        say(self->letter);
        YIELD();
    }
    say(self->letter);
    ASYNC_RETURN(0);
    ASYNC_END();
}

typedef struct letters {
    ASYNC_FRAME(letters, int, int number; int yields);
    struct letter_join all[8];
    int                i;
} letters_t;
ASYNC(letters) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->number; self->i++)
        self->all[self->i] = SPAWN(&runtime, letter, (char)('a' + self->i), self->yields);
    say('.');
    for (self->i = 0; self->i < self->number; self->i++) AWAIT(self->all[self->i]);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, who_was_spawned_last_runs_next_and_the_others_in_order) {
    open_lifo(1, 0);
    cr_assert_eq(BLOCK_ON(&runtime, letters, 4, 0), 0);
    cr_assert_str_eq(trace, ".dabc");
    shut();
}

Test(runtime, without_the_option_it_is_first_come_first_served) {
    open_workers(1);
    cr_assert_eq(BLOCK_ON(&runtime, letters, 4, 0), 0);
    cr_assert_str_eq(trace, ".abcd");
    shut();
}

Test(runtime, who_yields_goes_to_the_end) {
    open_lifo(1, 0);
    cr_assert_eq(BLOCK_ON(&runtime, letters, 3, 2), 0);
    cr_assert_str_eq(trace, ".cabcabcab");
    shut();
}

/* Four wait for one bell each; who rings the bells says so. */
static fut_notify_t bells[4];
typedef struct sleeper {
    ASYNC_FRAME(sleeper, int, int number);
    fut_notify_wait_t wait;
} sleeper_t;
ASYNC(sleeper) {
    ASYNC_BEGIN();
    AWAIT(self->wait, fut_notify_wait, &bells[self->number]);
    say((char)('a' + self->number));
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct ringer {
    ASYNC_FRAME(ringer, int);
    struct sleeper_join all[4];
    int                 i;
} ringer_t;
ASYNC(ringer) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < 4; self->i++) self->all[self->i] = SPAWN(&runtime, sleeper, self->i);
    for (self->i = 0; self->i < 4; self->i++) YIELD(); /* all of them wait */
    for (self->i = 0; self->i < 4; self->i++) fut_notify_one(&bells[self->i]);
    say('.');
    for (self->i = 0; self->i < 4; self->i++) AWAIT(self->all[self->i]);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, who_was_woken_last_runs_next_and_the_others_in_order) {
    open_lifo(1, 0);
    cr_assert_eq(BLOCK_ON(&runtime, ringer), 0);
    cr_assert_str_eq(trace, ".dabc");
    shut();
}

/* ---- Not for ever ------------------------------------------------------------------------------------------------- */

/* Two that do nothing but wake one another, until somebody says that it is enough. */
static bool         enough; /* atomic */
static fut_notify_t ping, pong;
typedef struct player {
    ASYNC_FRAME(player, int, fut_notify_t *mine; fut_notify_t *other; char letter);
    fut_notify_wait_t wait;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    while (!LOAD(enough)) {
        AWAIT(self->wait, fut_notify_wait, self->mine);
        say(self->letter);
        fut_notify_one(self->other);
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* Beside them some that yield, free and bound ones. */
typedef struct bystander {
    ASYNC_FRAME(bystander, int, char letter; int times);
    int i;
} bystander_t;
ASYNC(bystander) {
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->times; self->i++) {
        say(self->letter);
        YIELD();
    }
    STORE(enough, true);
    ASYNC_RETURN(0);
    ASYNC_END();
}
typedef struct court {
    ASYNC_FRAME(court, int, int times);
    struct player_join    players[2];
    struct bystander_join free, bound;
} court_t;
ASYNC(court) {
    ASYNC_BEGIN();
    self->players[0] = SPAWN(&runtime, player, &ping, &pong, 'o');
    self->players[1] = SPAWN(&runtime, player, &pong, &ping, 'o');
    YIELD();
    YIELD();
    YIELD();
    fut_notify_one(&ping);
    self->free  = SPAWN(&runtime, bystander, 'F', self->times);
    self->bound = SPAWN_ON(&runtime, 0, bystander, 'B', self->times);
    AWAIT(self->free);
    AWAIT(self->bound);
    AWAIT(self->players[0]);
    AWAIT(self->players[1]);
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* Without a cap it would never end: this test is killed then. */
Test(runtime, two_that_wake_each_other_leave_others_their_turns, .timeout = 60) {
    open_lifo(1, 0);
    cr_assert_eq(BLOCK_ON(&runtime, court, 1000), 0);
    for (size_t i = 0, since = 0; i < strlen(trace); i++) {
        since = trace[i] == 'o' ? since + 1 : 0;
        cr_assert_leq(since, 4, "three in a row, after one that had its turn: %s", trace);
    }
    cr_assert_not_null(strstr(trace, "oooF"), "%s", trace);
    cr_assert_not_null(strstr(trace, "oooB"), "in turns with those that are bound: %s", trace);
    shut();
}

/* ---- Others may have it ------------------------------------------------------------------------------------------- */

static bool polled; /* atomic */
typedef struct child {
    ASYNC_FRAME(child, int);
} child_t;
ASYNC(child) {
    ASYNC_BEGIN();
    STORE(polled, true);
    ASYNC_RETURN(fut_runtime_worker(&runtime));
    ASYNC_END();
}

/* Does not end its poll before somebody else has polled the child: the second one or the fourth, of which a sleeper is told.
 * Who is patient lets the first two be polled elsewhere before the last two come. */
typedef struct parent {
    ASYNC_FRAME(parent, int, int others; bool patient);
    struct child_join child;
    int               mine;
} parent_t;
ASYNC(parent) {
    ASYNC_BEGIN();
    for (int i = 0; i < self->others; i++) DETACH(SPAWN(&runtime, answer, 1, 0));
    if (self->patient) {
        while (fut_runtime_tasks(&runtime) > 1) sched_yield();
        DETACH(SPAWN(&runtime, answer, 1, 0));
    }
    self->child = SPAWN(&runtime, child);
    while (!LOAD(polled)) sched_yield();
    self->mine = fut_runtime_worker(&runtime);
    AWAIT(self->child);
    ASYNC_RETURN(self->child.output + self->mine);
    ASYNC_END();
}

Test(runtime, the_latest_of_a_worker_in_a_long_poll_is_stolen) {
    fut_runtime_metrics_t metrics;
    open_lifo(2, 0);
    for (int i = 0; i < 100; i++) {
        STORE(polled, false);
        cr_assert_eq(BLOCK_ON(&runtime, parent, 2, true), 1, "workers 0 and 1");
    }
    fut_runtime_metrics(&runtime, &metrics, NULL, 0);
    cr_assert_geq(metrics.total.stolen, 100);
    shut();
}

Test(runtime, the_latest_is_not_left_alone_beside_one_who_sleeps) {
    open_lifo(2, -1);
    for (int i = 0; i < 300; i++) {
        STORE(polled, false);
        cr_assert_eq(BLOCK_ON(&runtime, parent, 1 + i % 2 * 2, false), 1, "workers 0 and 1");
    }
    shut();
}

/* ---- It is seen --------------------------------------------------------------------------------------------------- */

typedef struct spawns {
    ASYNC_FRAME(spawns, int, int number);
    int i;
} spawns_t;
ASYNC(spawns) {
    fut_runtime_metrics_t seen;
    ASYNC_BEGIN();
    for (self->i = 0; self->i < self->number; self->i++) DETACH(SPAWN(&runtime, answer, 1, 0));
    fut_runtime_metrics(&runtime, &seen, NULL, 0);
    ASYNC_RETURN((int)(seen.total.depth + seen.waiting));
    ASYNC_END();
}

Test(runtime, the_latest_counts_as_one_on_the_queue) {
    static const int numbers[] = {1, 2, 256, 257, 1000}; /* the last ones with what did not fit */
    open_lifo(1, 0);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        cr_assert_eq(BLOCK_ON(&runtime, spawns, numbers[i]), numbers[i]);
        while (fut_runtime_tasks(&runtime) > 0) sched_yield();
    }
    shut();
}

/* Leaves a child which nobody has polled when the runtime is told to end. */
static long dropped; /* atomic */
typedef struct unborn {
    FUT_FUTURE(unborn, int);
} unborn_t;
static fut_poll_t unborn_poll(unborn_t *self, fut_context_t *cx) {
    (void)fut_context_waker(cx);
    ADD(begun, 1);
    return fut_pending(&self->future);
}
static void unborn_drop(fut_future_t *future) {
    (void)future;
    ADD(dropped, 1);
}
FUT_DEFINE(unborn, .drop = unborn_drop);

/* Its poll lasts until the runtime is told to end. */
typedef struct leaver {
    ASYNC_FRAME(leaver, int);
    struct answer_join bound;
} leaver_t;
ASYNC(leaver) {
    ASYNC_BEGIN();
    DETACH(SPAWN(&runtime, unborn));
    STORE(busy, true);
    do { /* on its own list: it takes nobody's slot */
        self->bound = SPAWN_ON(&runtime, 0, answer, 1, 0);
        DETACH(self->bound);
        sched_yield();
    } while (self->bound.join.status == 0);
    ASYNC_RETURN(0);
    ASYNC_END();
}

Test(runtime, destroying_drops_the_latest_which_nobody_has_polled) {
    open_lifo(1, 0);
    DETACH(SPAWN(&runtime, leaver));
    until(&busy);
    shut();
    cr_assert_eq(begun, 0);
    cr_assert_eq(dropped, 1);
}

Test(runtime, shutting_down_cancels_the_latest) {
    fut_runtime_metrics_t metrics;
    open_lifo(1, 0);
    DETACH(SPAWN(&runtime, leaver));
    until(&busy);
    cr_assert_eq(fut_runtime_shutdown(&runtime, -1), 0);
    fut_runtime_metrics(&runtime, &metrics, NULL, 0);
    cr_assert_eq(metrics.tasks, 0);
    cr_assert_eq(metrics.total.depth, 0);
    cr_assert_eq(dropped, 1);
    shut();
}

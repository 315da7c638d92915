/* An abort from another thread: it comes before the child has begun, while it waits, as it completes, or too late. */
#define _GNU_SOURCE
#include <sched.h>

#include "future/combine.h"
#include "plain.h"

enum { ROUNDS = 3000, TASKS = 4 };
static struct {
    fut_cancel_token_t tokens[TASKS];
    int                open, through; /* atomic: the round that has begun; tasks that are through with theirs */
} game;

typedef struct counts {
    ASYNC_FRAME(counts, int, int rounds; int *balance);
    int i;
} counts_t;
ASYNC(counts) {
    ASYNC_BEGIN();
    ++*self->balance;
    for (self->i = 0; self->i < self->rounds; self->i++) YIELD();
    ASYNC_RETURN(1);
    ASYNC_FINALLY();
    --*self->balance;
    ASYNC_END();
}

typedef struct player {
    ASYNC_FRAME(player, int, int number; int *completed; int *aborted);
    counts_t        counts;
    fut_abortable_t abortable;
    int             balance;
} player_t;
ASYNC(player) {
    ASYNC_BEGIN();
    self->balance = 0;
    START(self->counts, counts, 20 * self->number, &self->balance);
    AWAIT(self->abortable, fut_abortable, &self->counts.future, &game.tokens[self->number]);
    CHECK(self->abortable.output == 0 ? self->counts.output == 1 : self->counts.output == -ECANCELED);
    CHECK(self->abortable.output == 0 || self->abortable.output == -EINTR);
    CHECK(self->balance == 0);
    ++*(self->abortable.output == 0 ? self->completed : self->aborted);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    fut_cancel_token_destroy(&game.tokens[self->number]); /* waits where it is just being cancelled */
    ASYNC_END();
}

static void *abort_all(void *unused) {
    unsigned seed = 1;
    (void)unused;
    for (int round = 1; round <= ROUNDS; round++) {
        while (LOAD(game.open) < round) sched_yield();
        for (int i = 0; i < TASKS; i++) {
            for (unsigned n = any(&seed) % 64; n > 0; n--) (void)LOAD(game.open);
            (void)fut_cancel_token_cancel(&game.tokens[i], -EINTR);
        }
        ADD(game.through, 1);
    }
    return NULL;
}

/* The tokens stay in their place: one that was destroyed may still be told to stop. The round ends when both are
 * through. */
static void an_abort_may_come_at_any_time(void) {
    pthread_t      aborter   = start(abort_all, NULL);
    int            completed = 0, aborted = 0;
    fut_executor_t executor;
    CHECK(fut_executor_init(&executor, NULL) == 0);
    for (int round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < TASKS; i++) fut_cancel_token_init(&game.tokens[i], NULL);
        STORE(game.open, round);
        for (int i = 0; i < TASKS; i++) DETACH(SPAWN(&executor, player, i, &completed, &aborted));
        CHECK(fut_executor_run(&executor) == 0);
        while (LOAD(game.through) < round) sched_yield();
    }
    join(aborter);
    CHECK(completed + aborted == ROUNDS * TASKS);
    CHECK(completed > 0);
    fut_executor_destroy(&executor);
}

int main(void) {
    RUN(an_abort_may_come_at_any_time);
    return finish();
}

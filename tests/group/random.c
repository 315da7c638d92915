/* Random groups of random children with random events, against a model that knows nothing of polls at leaves, of tables,
 * or of wakers. The kinds are those that poll in the order written. */
#include <stdlib.h>

#include "../play.h"
#include "kit.h"

enum { MOST = 6, STEPS = 40, GAMES = 20000 };
enum { LEAF, POLITE, LINGER };
static const char *const kind_names[] = {"leaf", "polite", "linger"};
static const char *const wait_names[] = {"ending", "join",   "try_join", "any",
                                         "select", "biased", "keep",     "keep_biased"};

/* ---- The model ------------------------------------------------------------------------------------ */

typedef struct model_child {
    int  kind, value, output;
    bool begun, fired, cancelled, closing, said_goodbye, done;
} model_child_t;

typedef struct model {
    unsigned      waits, count;
    int           output, winner; /* -1: nobody */
    bool          ending, done;
    model_child_t child[MOST];
} model_t;

static bool child_polled(model_child_t *child) {
    child->begun = true;
    if (child->done) return true;
    if (child->kind == POLITE && !child->closing && (child->cancelled || child->fired)) {
        child->closing = true;
        child->output  = child->cancelled ? -ECANCELED : child->value;
    } else if (child->kind != POLITE && child->fired) {
        child->output = child->value;
        child->done   = true;
    }
    if (child->closing && child->said_goodbye) child->done = true;
    return child->done;
}

static void child_cancelled(model_child_t *child) {
    if (child->done || child->kind == LINGER) return;
    if (child->kind == POLITE && child->begun) {
        child->cancelled = true;
        return;
    }
    child->done   = true;
    child->output = -ECANCELED;
}

static void child_dropped(model_child_t *child) {
    if (child->done) return;
    child->done   = true;
    child->output = child->closing ? child->output : -ECANCELED;
}

static void group_ends(model_t *model) {
    model->ending = true;
    for (unsigned i = 0; i < model->count; i++)
        if ((int)i != model->winner) child_cancelled(&model->child[i]);
}

static bool group_decides(const model_t *model, const model_child_t *child) {
    switch (model->waits) {
        case FUT_JOIN_: return false;
        case FUT_TRY_JOIN_: return child->output < 0;
        case FUT_ANY_: return child->output >= 0;
        default: return true;
    }
}

static bool group_polled(model_t *model) {
    bool all = true;
    if (model->done) return true;
    for (unsigned i = 0; i < model->count && !model->ending; i++) {
        if (!child_polled(&model->child[i])) {
            all = false;
        } else if (group_decides(model, &model->child[i])) {
            model->winner = (int)i;
            model->output = model->waits == FUT_TRY_JOIN_ ? model->child[i].output : (int)i;
            if (model->waits == FUT_KEEP_BIASED_) return model->done = true;
            group_ends(model);
            all = true;
        }
    }
    if (model->ending)
        for (unsigned i = 0; i < model->count; i++) all = child_polled(&model->child[i]) && all;
    else if (all)
        model->output = model->waits == FUT_ANY_ ? model->child[0].output : 0;
    return model->done = all;
}

static void group_cancelled(model_t *model) {
    if (model->done || model->ending) return;
    model->output = -ECANCELED;
    group_ends(model);
}

/* ---- The same in truth ------------------------------------------------------------------------------ */

typedef union child {
    fut_future_t      future;
    fut_test_wait_t   leaf;
    polite_t          polite;
    fut_test_linger_t linger;
} child_t;

typedef struct game {
    model_t          model;
    child_t          child[MOST];
    fut_test_event_t event[MOST], goodbye[MOST];
    FUT_GROUP(MOST) group;
} game_t;

static void fail(const game_t *game, const char *what) { play_fail("%s: %s", wait_names[game->model.waits], what); }

static int output_of(const game_t *game, unsigned i) { return (int)fut_result(&game->child[i].future); }

static void game_begin(game_t *game) {
    static const unsigned kinds[] = {FUT_JOIN_, FUT_TRY_JOIN_, FUT_ANY_, FUT_BIASED_, FUT_KEEP_BIASED_};
    fut_future_t         *children[MOST];

    memset(game, 0, sizeof *game);
    game->model.waits  = kinds[play_pick(5)];
    game->model.count  = 1 + play_pick(MOST);
    game->model.winner = -1;
    for (unsigned i = 0; i < game->model.count; i++) {
        model_child_t *child = &game->model.child[i];
        child->kind          = (int)play_pick(3);
        child->value         = play_pick(3) < 2 ? (int)play_pick(100) : -(int)play_pick(100) - 1;
        play_say("%u: %s of %d", i, kind_names[child->kind], child->value);
        switch (child->kind) {
            case LEAF: START(game->child[i].leaf, fut_test_wait, &game->event[i]); break;
            case POLITE: START(game->child[i].polite, polite, "", &game->event[i], &game->goodbye[i]); break;
            default: START(game->child[i].linger, fut_test_linger, &game->event[i]); break;
        }
        children[i] = &game->child[i].future;
    }
    fut_group_start_(FUT_GROUP_OF_(game->group), game->model.waits, children, game->model.count, __FILE__, __LINE__);
}

static void poll_both(game_t *game, fut_test_waker_t *counter) {
    const bool expected = group_polled(&game->model);
    if ((fut_test_poll(&game->group.future, counter) == FUT_READY) != expected) fail(game, "PENDING or READY");
}

/* Everybody who is pending has left a waker where the next event will find it. */
static void look(game_t *game) {
    for (unsigned i = 0; i < game->model.count; i++) {
        const model_child_t    *child = &game->model.child[i];
        const fut_test_event_t *event = child->closing ? &game->goodbye[i] : &game->event[i];
        if (fut_is_done(&game->child[i].future) != child->done) fail(game, "a child that is done, or not");
        if (child->done && output_of(game, i) != child->output) fail(game, "the output of a child");
        if (child->done && (game->event[i].waker.target || game->goodbye[i].waker.target)) fail(game, "still linked");
        if (!child->done && child->begun && !child->cancelled && !event->fired && !event->waker.target)
            fail(game, "not linked");
    }
    if (game->model.done && game->group.output != game->model.output) fail(game, "the output of the group");
    if (game->model.done && game->model.winner >= 0 &&
        game->group.group.winner != &game->child[game->model.winner].future)
        fail(game, "the winner");
    if (game->model.done && game->model.winner < 0)
        for (unsigned i = 0; i < game->model.count; i++)
            if (game->group.group.winner == &game->child[i].future) fail(game, "nobody won");
}

static void game_step(game_t *game, fut_test_waker_t *counter) {
    const unsigned action = play_pick(32), i = play_pick(game->model.count);
    model_child_t *child = &game->model.child[i];
    if (action < 12 && !child->fired) {
        play_say("event %u", i);
        child->fired = true;
        fut_test_event_fire(&game->event[i], child->value);
    } else if (action < 18) {
        play_say("goodbye %u", i);
        child->said_goodbye = true;
        fut_test_event_fire(&game->goodbye[i], 0);
    } else if (action == 18) {
        play_say("cancel");
        group_cancelled(&game->model);
        fut_cancel(&game->group.future);
    } else {
        play_say("poll");
        poll_both(game, counter);
        look(game);
    }
}

static void game_drop(game_t *game) {
    const bool was_done = game->model.done;
    for (unsigned i = 0; i < game->model.count; i++)
        if (!was_done || game->model.waits == FUT_KEEP_BIASED_) child_dropped(&game->model.child[i]);
    fut_drop(&game->group.future);
    for (unsigned i = 0; i < game->model.count; i++) {
        if (was_done && game->model.waits == FUT_KEEP_BIASED_) fut_drop(&game->child[i].future);
        if (!fut_is_done(&game->child[i].future)) fail(game, "not done after the drop");
        if (game->event[i].waker.target || game->goodbye[i].waker.target) fail(game, "linked after the drop");
    }
    if (!was_done && game->group.output != -ECANCELED) fail(game, "the output of a dropped group");
}

static unsigned ended[8], dropped[8], cancelled;

static void one_game(const void *nothing) {
    static game_t    game;
    fut_test_waker_t counter = {0};
    const unsigned   steps   = play_pick(STEPS);
    (void)nothing;
    game_begin(&game);
    while (play_more(steps)) game_step(&game, &counter);
    ended[game.model.waits] += game.model.done;
    dropped[game.model.waits] += !game.model.done;
    cancelled += game.model.done && game.model.output == -ECANCELED;
    game_drop(&game);
    fut_test_hush();
}

Test(group, random_games_go_as_a_simple_model_says) {
    play_all(one_game, NULL, GAMES);
    for (unsigned waits = FUT_JOIN_; waits <= FUT_KEEP_BIASED_; waits++)
        if (waits < FUT_SELECT_ || waits == FUT_BIASED_ || waits == FUT_KEEP_BIASED_)
            cr_assert(ended[waits] > 100 && dropped[waits] > 100, "%s: %u, %u", wait_names[waits], ended[waits],
                      dropped[waits]);
    cr_assert_gt(cancelled, 100);
}

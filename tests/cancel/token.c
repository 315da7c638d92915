/* The token alone: who is told, in which order, once. */
#include <signal.h>

#include "../play.h"
#include "kit.h"

/* ---- Asking, waiting --------------------------------------------------------------------------------------------- */

Test(cancel, a_token_of_zeros_is_not_cancelled) {
    static fut_cancel_token_t zeros, named = FUT_CANCEL_TOKEN_INIT;
    cr_assert_not(fut_cancel_token_is_cancelled(&zeros));
    cr_assert_eq(fut_cancel_token_reason(&named), 0);
    fut_cancel_token_destroy(&zeros);
}

Test(cancel, the_first_reason_stays) {
    fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
    cr_assert(fut_cancel_token_cancel(&token, -ENOSPC));
    cr_assert_not(fut_cancel_token_cancel(&token, -EPIPE), "a second time it has no effect");
    cr_assert_eq(fut_cancel_token_reason(&token), -ENOSPC);
    fut_cancel_token_destroy(&token);
}

Test(cancel, a_reason_that_is_no_error_stands_for_ECANCELED) {
    for (int reason = 0; reason < 2; reason++) {
        fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
        fut_cancel_token_cancel(&token, reason);
        cr_assert_eq(fut_cancel_token_reason(&token), -ECANCELED);
    }
}

Test(cancel, no_token_is_a_token_that_nobody_cancels) {
    fut_test_waker_t      woken = {0};
    fut_cancel_callback_t callback;
    fut_cancelled_t       stop;
    cr_assert_eq(fut_cancel_token_reason(NULL), 0);
    cr_assert_not(fut_cancel_token_cancel(NULL, 0));
    cr_assert_eq(fut_cancel_token_register(NULL, &callback, (void (*)(void *, int))(uintptr_t)1, NULL), 0);
    cr_assert_not(fut_cancel_token_unregister(&callback));
    START(stop, fut_cancelled, NULL);
    cr_pending(stop, woken);
    cr_pending(stop, woken);
    fut_drop(&stop.future);
    cr_assert_eq(stop.output, -ECANCELED);
}

Test(cancel, everybody_who_waits_is_woken_once) {
    fut_cancel_token_t token     = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   woken[50] = {0};
    fut_cancelled_t    stop[50]; /* more than are woken in one batch */
    for (int i = 0; i < 50; i++) {
        START(stop[i], fut_cancelled, &token);
        cr_pending(stop[i], woken[i]);
        cr_pending(stop[i], woken[i]); /* a spurious poll */
    }
    fut_cancel_token_cancel(&token, -ESHUTDOWN);
    fut_cancel_token_cancel(&token, 0);
    for (int i = 0; i < 50; i++) {
        cr_assert_eq(woken[i].wakes, 1);
        cr_assert_eq(woken[i].clones, woken[i].drops);
        cr_ready(stop[i], woken[i], -ESHUTDOWN);
        cr_ready(stop[i], woken[i], -ESHUTDOWN); /* READY again */
    }
    fut_cancel_token_destroy(&token);
}

Test(cancel, a_wait_for_a_cancelled_token_is_ready_at_once) {
    fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   woken = {0};
    fut_cancelled_t    stop;
    fut_cancel_token_cancel(&token, -EINTR);
    START(stop, fut_cancelled, &token);
    cr_ready(stop, woken, -EINTR);
    fut_cancel_token_destroy(&token);
}

Test(cancel, who_asks_again_and_again_lets_others_run) {
    fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   woken = {0};
    fut_cancelled_t    stop;
    fut_context_t      cx;
    unsigned           times = 0;
    fut_cancel_token_cancel(&token, 0);
    fut_context_init(&cx, fut_test_waker(&woken), NULL);
    cx.budget = 10;
    do {
        START(stop, fut_cancelled, &token);
        times++;
    } while (fut_poll(&stop.future, &cx) == READY);
    cr_assert_eq(times, 11);
    cr_assert_eq(woken.wakes, 1);
    cr_ready(stop, woken, -ECANCELED);
}

Test(cancel, the_latest_waker_is_woken) {
    fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   first = {0}, second = {0};
    fut_cancelled_t    stop;
    START(stop, fut_cancelled, &token);
    cr_pending(stop, first);
    cr_pending(stop, second);
    fut_cancel_token_cancel(&token, 0);
    cr_assert_eq(first.wakes, 0);
    cr_assert_eq(second.wakes, 1);
    cr_assert_eq(first.clones, first.drops);
    cr_assert_eq(second.clones, second.drops);
}

Test(cancel, a_wait_that_was_dropped_is_not_woken) {
    fut_cancel_token_t token    = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   woken[3] = {0};
    fut_cancelled_t    stop[3];
    for (int left = 0; left < 3; left++) { /* the first, the one in between, the last */
        for (int i = 0; i < 3; i++) {
            START(stop[i], fut_cancelled, &token);
            cr_pending(stop[i], woken[i]);
        }
        fut_drop(&stop[left].future);
        cr_assert_eq(stop[left].output, -ECANCELED);
        for (int i = 0; i < 3; i++) fut_cancel(&stop[i].future);
    }
    fut_cancel_token_destroy(&token); /* nobody waits */
    fut_cancel_token_cancel(&token, 0);
    for (int i = 0; i < 3; i++) cr_assert_eq(woken[i].wakes + woken[i].clones - woken[i].drops, 0);
}

Test(cancel, a_wait_may_be_dropped_before_its_first_poll_and_after_the_token_was_cancelled) {
    fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   woken = {0};
    fut_cancelled_t    early, late;
    START(early, fut_cancelled, &token);
    fut_drop(&early.future);
    START(late, fut_cancelled, &token);
    cr_pending(late, woken);
    fut_cancel_token_cancel(&token, 0);
    fut_drop(&late.future);
    fut_cancel_token_destroy(&token);
}

/* ---- The tree ---------------------------------------------------------------------------------------------------- */

Test(cancel, cancelling_goes_down_and_never_up) {
    fut_cancel_token_t root, left, right, leaf;
    fut_cancel_token_init(&root, NULL);
    fut_cancel_token_init(&left, &root);
    fut_cancel_token_init(&right, &root);
    fut_cancel_token_init(&leaf, &left);
    fut_cancel_token_cancel(&left, -EPIPE);
    cr_assert_eq(fut_cancel_token_reason(&leaf), -EPIPE);
    cr_assert_eq(fut_cancel_token_reason(&root), 0);
    cr_assert_eq(fut_cancel_token_reason(&right), 0);
    fut_cancel_token_cancel(&root, -ENOSPC);
    cr_assert_eq(fut_cancel_token_reason(&right), -ENOSPC);
    cr_assert_eq(fut_cancel_token_reason(&left), -EPIPE, "its own came first");
    fut_cancel_token_destroy(&leaf);
    fut_cancel_token_destroy(&right);
    fut_cancel_token_destroy(&left);
    fut_cancel_token_destroy(&root);
}

Test(cancel, below_a_cancelled_token_one_is_born_cancelled) {
    fut_cancel_token_t root = FUT_CANCEL_TOKEN_INIT, child, grandchild;
    fut_cancel_token_cancel(&root, -ETIMEDOUT);
    fut_cancel_token_init(&child, &root);
    fut_cancel_token_init(&grandchild, &child);
    cr_assert_eq(fut_cancel_token_reason(&child), -ETIMEDOUT);
    cr_assert_eq(fut_cancel_token_reason(&grandchild), -ETIMEDOUT);
    fut_cancel_token_destroy(&grandchild);
    fut_cancel_token_destroy(&child);
    fut_cancel_token_destroy(&root);
}

Test(cancel, a_token_that_was_destroyed_is_not_reached_any_more) {
    fut_cancel_token_t root = FUT_CANCEL_TOKEN_INIT, children[3];
    for (int i = 0; i < 3; i++) fut_cancel_token_init(&children[i], &root);
    fut_cancel_token_destroy(&children[1]);
    memset(&children[1], 0x55, sizeof children[1]);
    fut_cancel_token_cancel(&root, 0);
    cr_assert(fut_cancel_token_is_cancelled(&children[0]));
    cr_assert(fut_cancel_token_is_cancelled(&children[2]));
}

static void say(void *word, int reason) { fut_test_say("%s %d", (const char *)word, reason); }

Test(cancel, a_tree_is_as_deep_as_memory_not_as_the_stack) {
    enum { DEEP = 300000 };
    static fut_cancel_token_t tokens[DEEP];
    fut_cancel_callback_t     bottom;
    fut_cancel_token_init(&tokens[0], NULL);
    for (int i = 1; i < DEEP; i++) fut_cancel_token_init(&tokens[i], &tokens[i - 1]);
    cr_assert_eq(fut_cancel_token_register(&tokens[DEEP - 1], &bottom, say, "bottom"), 0);
    fut_cancel_token_cancel(&tokens[0], -1);
    cr_assert(fut_test_said("bottom -1"));
    for (int i = DEEP - 1; i >= 0; i--) fut_cancel_token_destroy(&tokens[i]);
}

/* ---- Callbacks --------------------------------------------------------------------------------------------------- */

Test(cancel, callbacks_are_called_once_in_the_order_in_which_they_came_each_token_below_in_its_turn) {
    fut_cancel_token_t    root = FUT_CANCEL_TOKEN_INIT, child;
    fut_cancel_callback_t a, b, c, d;
    cr_assert_eq(fut_cancel_token_register(&root, &a, say, "a"), 0);
    fut_cancel_token_init(&child, &root);
    cr_assert_eq(fut_cancel_token_register(&root, &b, say, "b"), 0);
    cr_assert_eq(fut_cancel_token_register(&child, &c, say, "child's c"), 0);
    cr_assert_eq(fut_cancel_token_register(&child, &d, say, "child's d"), 0);
    fut_cancel_token_cancel(&root, -5);
    cr_assert(fut_test_said("a -5", "child's c -5", "child's d -5", "b -5"));
    fut_cancel_token_cancel(&root, -5);
    fut_cancel_token_cancel(&child, -5);
    cr_assert(fut_test_said(NULL));
    cr_assert_not(fut_cancel_token_unregister(&a), "it was called");
}

Test(cancel, who_comes_too_late_is_told_why_and_not_called) {
    fut_cancel_token_t    token = FUT_CANCEL_TOKEN_INIT;
    fut_cancel_callback_t late;
    fut_cancel_token_cancel(&token, -EBADF);
    cr_assert_eq(fut_cancel_token_register(&token, &late, say, "late"), -EBADF);
    cr_assert_not(fut_cancel_token_unregister(&late));
    cr_assert(fut_test_said(NULL));
    fut_cancel_token_destroy(&token);
}

Test(cancel, nothing_to_call_is_refused) {
    fut_cancel_token_t    token = FUT_CANCEL_TOKEN_INIT;
    fut_cancel_callback_t callback;
    cr_assert_eq(fut_cancel_token_register(&token, &callback, NULL, NULL), -EINVAL);
    cr_assert_not(fut_cancel_token_unregister(&callback));
    fut_cancel_token_destroy(&token);
}

Test(cancel, who_has_unregistered_is_not_called_and_may_register_again) {
    fut_cancel_token_t    token = FUT_CANCEL_TOKEN_INIT;
    fut_cancel_callback_t a, b, c;
    cr_assert_eq(fut_cancel_token_register(&token, &a, say, "a"), 0);
    cr_assert_eq(fut_cancel_token_register(&token, &b, say, "b"), 0);
    cr_assert_eq(fut_cancel_token_register(&token, &c, say, "c"), 0);
    cr_assert(fut_cancel_token_unregister(&a));
    cr_assert_not(fut_cancel_token_unregister(&a), "twice");
    cr_assert_eq(fut_cancel_token_register(&token, &a, say, "a again"), 0);
    cr_assert(fut_cancel_token_unregister(&b));
    fut_cancel_token_cancel(&token, -1);
    cr_assert(fut_test_said("c -1", "a again -1"));
}

/* A callback may do anything. */
typedef struct meddler {
    fut_cancel_callback_t callback;
    fut_cancel_token_t   *token, *other;
    struct meddler       *victim;
} meddler_t;
static void unregister_itself(void *argument, int reason) {
    meddler_t *self = argument;
    (void)reason;
    fut_test_say("%s", fut_cancel_token_unregister(&self->callback) ? "was not called" : "is being called");
    memset(self, 0x55, sizeof *self); /* and is gone */
}
static void unregister_victim(void *argument, int reason) {
    meddler_t *self = argument;
    (void)reason;
    fut_test_say("%s", fut_cancel_token_unregister(&self->victim->callback) ? "saved" : "too late");
    memset(self->victim, 0x55, sizeof *self->victim);
}
static void cancel_all(void *argument, int reason) {
    meddler_t            *self = argument;
    fut_cancel_callback_t callback;
    (void)reason;
    fut_test_say("itself: %d", fut_cancel_token_cancel(self->token, -2));
    fut_test_say("other: %d", fut_cancel_token_cancel(self->other, -3));
    fut_test_say("register: %d", fut_cancel_token_register(self->token, &callback, cancel_all, self));
}

Test(cancel, a_callback_may_unregister_itself_and_be_gone) {
    fut_cancel_token_t    token = FUT_CANCEL_TOKEN_INIT;
    meddler_t             first, second;
    fut_cancel_callback_t last;
    cr_assert_eq(fut_cancel_token_register(&token, &first.callback, unregister_itself, &first), 0);
    cr_assert_eq(fut_cancel_token_register(&token, &second.callback, unregister_itself, &second), 0);
    cr_assert_eq(fut_cancel_token_register(&token, &last, say, "last"), 0);
    fut_cancel_token_cancel(&token, -1);
    cr_assert(fut_test_said("is being called", "is being called", "last -1"));
    fut_cancel_token_destroy(&token);
}

Test(cancel, a_callback_may_unregister_another_which_is_gone_then) {
    fut_cancel_token_t    token = FUT_CANCEL_TOKEN_INIT;
    meddler_t             first, second;
    fut_cancel_callback_t last;
    first.victim = &second;
    cr_assert_eq(fut_cancel_token_register(&token, &first.callback, unregister_victim, &first), 0);
    cr_assert_eq(fut_cancel_token_register(&token, &second.callback, unregister_itself, &second), 0);
    cr_assert_eq(fut_cancel_token_register(&token, &last, say, "last"), 0);
    fut_cancel_token_cancel(&token, -1);
    cr_assert(fut_test_said("saved", "last -1"));
    fut_cancel_token_destroy(&token);
}

Test(cancel, a_callback_may_cancel_its_token_again_and_the_parent_of_that) {
    fut_cancel_token_t    root = FUT_CANCEL_TOKEN_INIT, child;
    meddler_t             meddler;
    fut_cancel_callback_t last;
    meddler.token = &child;
    meddler.other = &root;
    fut_cancel_token_init(&child, &root);
    cr_assert_eq(fut_cancel_token_register(&child, &meddler.callback, cancel_all, &meddler), 0);
    cr_assert_eq(fut_cancel_token_register(&root, &last, say, "root's"), 0);
    fut_cancel_token_cancel(&child, -1);
    cr_assert(fut_test_said("itself: 0", "root's -3", "other: 1", "register: -1"));
    cr_assert_eq(fut_cancel_token_reason(&child), -1);
    cr_assert_eq(fut_cancel_token_reason(&root), -3);
    fut_cancel_token_destroy(&child);
    fut_cancel_token_destroy(&root);
}

static void destroy_token(void *argument, int reason) {
    (void)reason;
    fut_cancel_token_destroy(argument);
}
Test(cancel, a_callback_may_destroy_another_token_of_the_tree_also_one_that_was_cancelled_on_the_way) {
    fut_cancel_token_t    root = FUT_CANCEL_TOKEN_INIT, before, after;
    fut_cancel_callback_t first, second;
    fut_cancel_token_init(&before, &root);
    cr_assert_eq(fut_cancel_token_register(&root, &first, destroy_token, &before), 0);
    cr_assert_eq(fut_cancel_token_register(&root, &second, destroy_token, &after), 0);
    fut_cancel_token_init(&after, &root);
    fut_cancel_token_cancel(&root, 0);
    cr_assert(fut_cancel_token_is_cancelled(&before));
    cr_assert_not(fut_cancel_token_is_cancelled(&after), "it had left the tree");
    fut_cancel_token_destroy(&root);
}

/* ---- Mistakes stop ----------------------------------------------------------------------------------------------- */

Test(cancel, destroying_a_token_from_its_own_callback_stops, .signal = SIGABRT) {
    fut_cancel_token_t    token = FUT_CANCEL_TOKEN_INIT;
    fut_cancel_callback_t callback;
    cr_assert_eq(fut_cancel_token_register(&token, &callback, destroy_token, &token), 0);
    fut_cancel_token_cancel(&token, 0);
}
Test(cancel, destroying_a_token_that_somebody_waits_for_stops, .signal = SIGABRT) {
    fut_cancel_token_t token = FUT_CANCEL_TOKEN_INIT;
    fut_test_waker_t   woken = {0};
    fut_cancelled_t    stop;
    START(stop, fut_cancelled, &token);
    cr_pending(stop, woken);
    fut_cancel_token_destroy(&token);
}
Test(cancel, destroying_a_token_with_others_below_stops, .signal = SIGABRT) {
    fut_cancel_token_t root = FUT_CANCEL_TOKEN_INIT, child;
    fut_cancel_token_init(&child, &root);
    fut_cancel_token_destroy(&root);
}

/* ---- Any order: against a model ---------------------------------------------------------------------------------- */

enum { TOKENS = 12, CALLBACKS = 24 };
typedef struct model {
    fut_cancel_token_t    tokens[TOKENS];
    bool                  there[TOKENS], cancelled[TOKENS];
    int                   parent[TOKENS];
    fut_cancel_callback_t callbacks[CALLBACKS];
    int                   of[CALLBACKS]; /* -1: not registered */
    int                   calls[CALLBACKS], expected[CALLBACKS];
    fut_cancelled_t       waits[TOKENS];
    fut_test_waker_t      woken[TOKENS];
} model_t;
static void count(void *calls, int reason) {
    (void)reason;
    ++*(int *)calls;
}
static bool is_below(const model_t *model, int token, int above) {
    for (; token >= 0; token = model->parent[token])
        if (token == above) return true;
    return false;
}
static bool is_used(const model_t *model, int token) {
    for (int i = 0; i < TOKENS; i++)
        if (model->there[i] && model->parent[i] == token) return true;
    for (int i = 0; i < CALLBACKS; i++)
        if (model->of[i] == token && !model->cancelled[token]) return true;
    return false;
}
static void model_cancel(model_t *model, int at) {
    for (int i = 0; i < TOKENS; i++) {
        if (!model->there[i] || model->cancelled[i] || !is_below(model, i, at)) continue;
        for (int k = 0; k < CALLBACKS; k++)
            if (model->of[k] == i) model->expected[k]++;
        model->cancelled[i] = true;
    }
}
/* Below another, which has a lower number, or below none. */
static void make_token(model_t *model, int t) {
    const int parent = t ? (int)play_pick((unsigned)t + 1) - 1 : -1;
    if (model->there[t] || (parent >= 0 && !model->there[parent])) return;
    if (parent >= 0)
        play_say("make %d below %d", t, parent);
    else
        play_say("make %d", t);
    fut_cancel_token_init(&model->tokens[t], parent >= 0 ? &model->tokens[parent] : NULL);
    model->there[t]     = true;
    model->parent[t]    = parent;
    model->cancelled[t] = parent >= 0 && model->cancelled[parent];
    START(model->waits[t], fut_cancelled, &model->tokens[t]);
}
static void destroy_one(model_t *model, int t) {
    if (!model->there[t] || is_used(model, t)) return;
    play_say("destroy %d", t);
    fut_drop(&model->waits[t].future);
    fut_cancel_token_destroy(&model->tokens[t]);
    for (int i = 0; i < CALLBACKS; i++)
        if (model->of[i] == t) model->of[i] = -1;
    model->there[t] = false;
}
static void cancel_one(model_t *model, int t) {
    if (!model->there[t] || play_pick(3)) return;
    play_say("cancel %d", t);
    play_claim(fut_cancel_token_cancel(&model->tokens[t], 0) == !model->cancelled[t], "it was first, or was not: %d",
               t);
    model_cancel(model, t);
}
static void register_one(model_t *model, int t, int k) {
    int answer;
    if (!model->there[t] || model->of[k] >= 0) return;
    play_say("register %d at %d", k, t);
    answer = fut_cancel_token_register(&model->tokens[t], &model->callbacks[k], count, &model->calls[k]);
    play_claim(answer == (model->cancelled[t] ? -ECANCELED : 0), "it answers %d", answer);
    model->of[k] = model->cancelled[t] ? -1 : t;
}
static void unregister_one(model_t *model, int k) {
    if (model->of[k] < 0) return;
    play_say("unregister %d", k);
    play_claim(fut_cancel_token_unregister(&model->callbacks[k]) == !model->cancelled[model->of[k]],
               "it came in time, or did not: %d", k);
    model->of[k] = -1;
}
static void poll_wait(model_t *model, int t) {
    bool ready;
    if (!model->there[t]) return;
    play_say("poll %d", t);
    ready = POLL(model->waits[t], model->woken[t]) == FUT_READY;
    play_claim(ready == model->cancelled[t], "the wait for %d is %s", t, ready ? "ready" : "pending");
}

static void step(model_t *model) {
    const int t = (int)play_pick(TOKENS), k = (int)play_pick(CALLBACKS);
    switch (play_pick(6)) {
        case 0: make_token(model, t); break;
        case 1: destroy_one(model, t); break;
        case 2: cancel_one(model, t); break;
        case 3: register_one(model, t, k); break;
        case 4: unregister_one(model, k); break;
        default: poll_wait(model, t);
    }
}
static void compare(const model_t *model) {
    for (int t = 0; t < TOKENS; t++)
        if (model->there[t])
            play_claim(fut_cancel_token_is_cancelled(&model->tokens[t]) == model->cancelled[t], "%d %s cancelled", t,
                       model->cancelled[t] ? "is not" : "is");
    for (int k = 0; k < CALLBACKS; k++)
        play_claim(model->calls[k] == model->expected[k], "callback %d ran %d times, not %d", k, model->calls[k],
                   model->expected[k]);
}
static void walk(const void *nothing) {
    static model_t model;
    (void)nothing;
    memset(&model, 0, sizeof model);
    for (int k = 0; k < CALLBACKS; k++) model.of[k] = -1;
    while (play_more(400)) {
        step(&model);
        compare(&model);
    }
}
Test(cancel, any_order_of_everything_does_what_a_model_does) { play_all(walk, NULL, 200); }

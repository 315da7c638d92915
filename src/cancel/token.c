/* token.c: the tree of tokens, callbacks, and the way of a cancellation.     layer: cancel; needs: core, sync
 *
 * A token below another is a callback of it, one without a function. So there is one list, one lock a token, and nobody
 * holds two. A cancellation is a walk down the tree and up again, on the stack of none but this loop:
 *
 *     begin       CANCELLED and FIRING are set, the futures woken; from here on nobody joins either list
 *     next        the first callback is taken out and becomes `running`: call it, or begin with the token that it is
 *     no more     FIRING is cleared; up to the parent, where this token is `running`; or the end
 *
 * What keeps things alive meanwhile: who unregisters a callback which is `running`, or destroys a token whose link is,
 * waits until the walk has moved on; who destroys a token waits while it is FIRING. Both are told apart from their own
 * thread's walk, which they would wait for in vain, by `runner`.
 */
#include <errno.h>

#include "../sync/misuse.h"
#include "../sync/waiters.h"
#include "future/cancel.h"

enum { CANCELLED = FUT_CANCEL_CANCELLED_, FIRING = FUT_CANCEL_FIRING_ };

/* A name for this thread, which no other one has while it lives. */
static const void *this_thread(void) {
    static _Thread_local char here;
    return &here;
}

static fut_cancel_token_t *token_of(fut_cancel_callback_t *link) {
    return (fut_cancel_token_t *)(void *)((char *)link - offsetof(fut_cancel_token_t, link));
}

/* ---- the ring of callbacks, under the lock ----------------------------------------------------------------------- */

static void link_last(fut_cancel_token_t *token, fut_cancel_callback_t *callback) {
    fut_cancel_callback_t *const first = token->callbacks;
    callback->linked                   = true;
    if (!first) {
        token->callbacks = callback->prev = callback->next = callback;
        return;
    }
    callback->prev    = first->prev;
    callback->next    = first;
    first->prev->next = callback;
    first->prev       = callback;
}

static void unlink_callback(fut_cancel_token_t *token, fut_cancel_callback_t *callback) {
    callback->linked = false;
    if (callback->next == callback) {
        token->callbacks = NULL;
        return;
    }
    callback->prev->next = callback->next;
    callback->next->prev = callback->prev;
    if (token->callbacks == callback) token->callbacks = callback->next;
}

/* ---- register, unregister ---------------------------------------------------------------------------------------- */

/* 0, or the reason. The entry acquires what `begin` published with CANCELLED. */
static int link_unless_cancelled(fut_cancel_token_t *token, fut_cancel_callback_t *callback) {
    const uint32_t word   = fut__enter(&token->word);
    const int      reason = word & CANCELLED ? token->reason : 0;
    callback->token       = reason ? NULL : token;
    callback->linked      = false;
    if (!reason) link_last(token, callback);
    fut__leave(&token->word, word);
    return reason;
}

int fut_cancel_token_register(fut_cancel_token_t *token, fut_cancel_callback_t *callback,
                              void (*call)(void *argument, int reason), void   *argument) {
    callback->token    = NULL;
    callback->call     = call;
    callback->argument = argument;
    if (!call) return -EINVAL;
    return token ? link_unless_cancelled(token, callback) : 0;
}

/* The callback runs and so it was taken out; it cannot come back, since a cancelled token takes nobody in. So once
 * `running` is another it is so for good. The entry that finds this acquires what the callback wrote. */
bool fut_cancel_token_unregister(fut_cancel_callback_t *callback) {
    fut_cancel_token_t *const token = callback->token;
    unsigned                  tries = 0;
    uint32_t                  word;
    bool                      was_linked;
    if (!token) return false;
    word       = fut__enter(&token->word);
    was_linked = callback->linked;
    if (was_linked) unlink_callback(token, callback);
    while (token->running == callback && token->runner != this_thread()) {
        fut__leave(&token->word, word);
        fut__relax(&tries);
        word = fut__enter(&token->word);
    }
    fut__leave(&token->word, word);
    callback->token = NULL;
    return was_linked;
}

/* ---- init, destroy ----------------------------------------------------------------------------------------------- */

/* All of it stands before the parent knows the token: it may be cancelled before this returns. */
void fut_cancel_token_init(fut_cancel_token_t *token, fut_cancel_token_t *parent) {
    int reason;
    *token = (fut_cancel_token_t)FUT_CANCEL_TOKEN_INIT;
    if (!parent) return;
    reason = link_unless_cancelled(parent, &token->link);
    if (reason) (void)fut_cancel_token_cancel(token, reason);
}

void fut_cancel_token_destroy(fut_cancel_token_t *token) {
    unsigned tries = 0;
    uint32_t word;
    (void)fut_cancel_token_unregister(&token->link);
    word = fut__enter(&token->word);
    while (word & FIRING) {
        if (token->runner == this_thread())
            FUT__MISUSE("fut_cancel_token_destroy", "called from a callback of this token");
        fut__leave(&token->word, word);
        fut__relax(&tries);
        word = fut__enter(&token->word);
    }
    if (token->waiters.first) FUT__MISUSE("fut_cancel_token_destroy", "somebody waits for this token");
    if (token->callbacks) FUT__MISUSE("fut_cancel_token_destroy", "a callback or a token below is still registered");
    fut__leave(&token->word, word);
}

/* ---- cancel ------------------------------------------------------------------------------------------------------ */

static void wake_futures(fut_cancel_token_t *token) {
    fut__wakes_t wakes = {.count = 0};
    bool         more  = true;
    while (more) {
        const uint32_t word = fut__enter(&token->word);
        more                = fut__take_out_many(&token->waiters, FUT_WAITER_RELEASED, &wakes);
        fut__leave(&token->word, word);
        fut__wake_all(&wakes);
    }
}

/* False: it was cancelled before. Leaving publishes the reason, and what was done before, to whoever sees CANCELLED. */
static bool begin(fut_cancel_token_t *token, int reason) {
    const uint32_t word = fut__enter(&token->word);
    if (!(word & CANCELLED)) {
        token->reason = reason;
        token->runner = this_thread();
    }
    fut__leave(&token->word, word & CANCELLED ? word : word | CANCELLED | FIRING);
    if (word & CANCELLED) return false;
    wake_futures(token);
    return true;
}

/* NULL: there is none, and this was the last access to the token. Whoever waits for the one before goes on. */
static fut_cancel_callback_t *next(fut_cancel_token_t *token) {
    const uint32_t               word     = fut__enter(&token->word);
    fut_cancel_callback_t *const callback = token->callbacks;
    if (callback) unlink_callback(token, callback);
    token->running = callback;
    fut__leave(&token->word, callback ? word : word & ~(uint32_t)FIRING);
    return callback;
}

/* A callback may have unregistered itself and be gone when it returns. A token is there as long as it is `running` at
 * its parent. */
bool fut_cancel_token_cancel(fut_cancel_token_t *token, int reason) {
    fut_cancel_token_t    *at = token;
    fut_cancel_callback_t *callback;
    if (reason >= 0) reason = -ECANCELED;
    if (!token || !begin(token, reason)) return false;
    for (;;) {
        callback = next(at);
        if (!callback) {
            if (at == token) return true;
            at = at->link.token;
        } else if (callback->call) {
            callback->call(callback->argument, reason);
        } else if (begin(token_of(callback), reason)) {
            at = token_of(callback);
        }
    }
}

/* CANCELLED acquires the reason, and what came before; it is never cleared. */
int fut_cancel_token_reason(const fut_cancel_token_t *token) {
    return token && fut__load_acquire(&token->word) & CANCELLED ? token->reason : 0;
}

/* cancel.h: a token that says "stop", to as many as hold it.    layer: cancel; needs: core, sync, driver interface
 *
 * fut_cancel ends one future that one has at hand. A token ends whatever was told to listen to it, wherever that
 * runs:
 *
 *     static fut_cancel_token_t stopping = FUT_CANCEL_TOKEN_INIT;
 *
 *     WITH_TOKEN(self->run, &stopping, (self->serve, serve, fd));       // 0, or why it was stopped, and has ended
 *     AWAIT(self->stop, fut_cancelled, &stopping);                      // until it is cancelled
 *     TRY(fut_cancel_token_reason(&stopping));                          // in a loop that computes
 *     fut_cancel_token_cancel(&stopping, 0);                            // any thread
 *
 * Tokens form a tree: cancelling one cancels all below it and nothing above. Cancelling is for ever, and has a
 * reason, a negative errno: -ECANCELED unless somebody says another.
 *
 * The price (64 bits): a token is 88 bytes, a callback 48; a future that waits for one 72, one that runs under one
 * 152. Nothing is allocated. To ask whether a token is cancelled is one load. Cancelling costs what there is to wake
 * and to call, and no stack, however deep the tree is.
 *
 * Threads: everything here may be called from any thread, but not from signal handlers, except for what the futures
 * and the timer say. A token stays where it is from its first use to fut_cancel_token_destroy.
 *
 * (After CancellationToken of .NET, and context of Go.)
 */
#ifndef FUT_CANCEL_H
#define FUT_CANCEL_H

#include "driver.h"
#include "group.h"
#include "waiter.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_cancel_token fut_cancel_token_t;

/* Somebody who wants to be called. The storage is the caller's. Everything in it belongs to the token's lock. */
typedef struct fut_cancel_callback {
    struct fut_cancel_callback *prev, *next;
    fut_cancel_token_t         *token; /* where it was registered; NULL: nowhere */
    void (*call)(void *argument, int reason);
    void *argument; /* `call` is NULL for the link of a token below */
    bool  linked;
} fut_cancel_callback_t;

/* All zero, or FUT_CANCEL_TOKEN_INIT: the root of a tree, not cancelled. */
struct fut_cancel_token {
    uint32_t               word;      /* atomic. Bit 0: the lock of the rest; CANCELLED: never cleared; FIRING */
    int32_t                reason;    /* written once, before CANCELLED                                 */
    fut_waiters_t          waiters;   /* futures                                                        */
    fut_cancel_callback_t *callbacks; /* a ring, first come first called; tokens below are among them   */
    fut_cancel_callback_t *running;   /* is being called, without the lock: it stays until this changes */
    const void            *runner;    /* while FIRING: the thread that cancels                          */
    fut_cancel_callback_t  link;      /* its place at its parent                                        */
};
enum { FUT_CANCEL_CANCELLED_ = 2, FUT_CANCEL_FIRING_ = 4 };
#define FUT_CANCEL_TOKEN_INIT                                                                                          \
    {                                                                                                                  \
        0, 0, {NULL}, NULL, NULL, NULL, { NULL, NULL, NULL, NULL, NULL, false }                                        \
    }

/* A token below `parent`, which outlives it; NULL: a root. Below one that is cancelled it is so from the start. */
void fut_cancel_token_init(fut_cancel_token_t *token, fut_cancel_token_t *parent);
/* Leave the tree. Waits while another thread cancels it, callbacks included. Stops where somebody still waits or is
 * registered, tokens below among them, and where it is called from a callback of this very token. A root which was not
 * cancelled need not be destroyed. */
void fut_cancel_token_destroy(fut_cancel_token_t *token);

/* Cancel it and all below it. First its futures are woken, then its callbacks called, on this thread, in the order in
 * which they came; a token below has its turn among them. Returns when all of that is done. `reason`: a negative
 * errno; anything else stands for -ECANCELED. False: it was cancelled before, whose reason stays; its callbacks may
 * still be running. */
bool fut_cancel_token_cancel(fut_cancel_token_t *token, int reason);

/* 0 while it is not cancelled, then the reason. What was written before it was cancelled is visible. NULL: a token that
 * nobody cancels. */
int              fut_cancel_token_reason(const fut_cancel_token_t *token);
FUT_INLINE_ bool fut_cancel_token_is_cancelled(const fut_cancel_token_t *token) {
    return fut_cancel_token_reason(token) != 0;
}

/* Have `call` called, once, by whoever cancels the token. It may do anything, cancel other tokens and unregister
 * others included, but block: everybody behind it waits. 0; -EINVAL, there is nothing to call; or the reason, where
 * the token is cancelled already: then nothing was registered, and nothing is called. */
FUT_MUST_USE int fut_cancel_token_register(fut_cancel_token_t *token, fut_cancel_callback_t *callback,
                                           void (*call)(void *argument, int reason), void   *argument);
/* True: it will not be called. False: it was called (or never registered), and has returned: if another thread is in
 * it, this waits for it, so hold no lock that it takes. Called from within the callback itself it does not wait.
 * Afterwards nobody points to the callback, and what it has written is visible. Each callback that was registered is
 * unregistered before its storage goes, unless it has been called and fut_cancel_token_cancel has returned. One
 * callback belongs to one thread at a time, and the token outlives this. Two callbacks that unregister each other, on
 * two threads, wait for ever. */
bool fut_cancel_token_unregister(fut_cancel_callback_t *callback);

/* ---- A deadline -------------------------------------------------------------------------------------------------- */

/* Cancels a token with -ETIMEDOUT when its time has come. The storage is the caller's, who stops it before that goes,
 * or the token. 64 bytes. Executor's thread: that of the context which it was started with; callbacks are called
 * there. */
typedef struct fut_cancel_timer {
    const fut_waker_vtable_t *alarm; /* what the driver's timer wakes */
    fut_cancel_token_t       *token;
    fut_timer_t               timer;
} fut_cancel_timer_t;

/* 0, also where the deadline is past, and the token cancelled at once; -ENOTSUP: there is no clock. FUT_NEVER: nothing
 * happens. */
FUT_MUST_USE int fut_cancel_timer_start(fut_cancel_timer_t *timer, fut_context_t *cx, fut_cancel_token_t *token,
                                        fut_instant_t deadline);
/* Of a timer that was started, whatever the answer was, and whatever has happened since. Idempotent. */
void fut_cancel_timer_stop(fut_cancel_timer_t *timer);

/* ---- Futures ----------------------------------------------------------------------------------------------------- */

/* The token of the nearest fut_with_token above; NULL, a token that nobody cancels: there is none. */
fut_cancel_token_t *fut_context_token(const fut_context_t *cx);

#ifndef __cplusplus
/* fut_cancelled: ready once the token is cancelled. Output: the reason, never 0; dropped, -ECANCELED. `token` may be
 * NULL. Any executor's thread. Cancelling loses nothing. */
typedef struct fut_cancelled {
    FUT_FUTURE(fut_cancelled, int, fut_cancel_token_t *token);
    fut_waiter_t waiter;
} fut_cancelled_t;
FUT_DECLARE(fut_cancelled);

/* fut_with_token: await `child`, a started future, until the token is cancelled. 0: the child has completed, read its
 * output. The reason: it was cancelled gracefully, and its FINALLY has ended; or it never began, since the token was
 * cancelled before the first poll. -ECANCELED: the wait was cancelled, and the child with it. A child that is ready
 * in the poll that finds the token cancelled has completed. Dropping this drops the child, which belongs to the
 * caller and outlives the wait. Cancelling loses what the child loses. The child, and what is below it, finds the
 * token with fut_context_token; tasks that are spawned with fut_context_spawn do not, those of scopes do. */
typedef struct fut_with_token {
    FUT_FUTURE(fut_with_token, int, fut_future_t *child; fut_cancel_token_t *token);
    fut_strand_t    strand;
    fut_binding_t   binding;
    fut_cancelled_t stop;
} fut_with_token_t;
FUT_DECLARE(fut_with_token);

/* WITH_TOKEN(slot, token, child): the same in one line; the child is a started slot, or (slot, fn, arguments...). */
/* clang-format off */
#define FUT_WITH_TOKEN(slot, token, child) FUT_WITH_TOKEN_AT_(__COUNTER__, slot, token, child)
#define FUT_WITH_TOKEN_AT_(c, slot, token, child)                                                                      \
    do {                                                                                                               \
        FUT_CHILD_START_(slot, child)                                                                                  \
        FUT_AWAIT_M(c, slot, fut_with_token, &(FUT_SLOT_(child)).future, token);                                       \
    } while (0)
/* clang-format on */

#ifndef FUT_NO_SHORT_NAMES
#define WITH_TOKEN FUT_WITH_TOKEN
#endif
#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif

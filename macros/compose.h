/* compose.h: a few children at the same time.                       layer: macros; needs: await.h, future/group.h
 *
 *     FUT_GROUP(2) group;              a member of the frame: a slot for a group of up to so many children, at most 16
 *
 *     JOIN(group, a, b, ...)           until all are done
 *     TRY_JOIN(group, a, b, ...)       the same, but the first error (a negative output) cancels the others
 *     SELECT(group, a, b, ...)         until one is done; the others are cancelled
 *     SELECT_BIASED(group, a, b, ...)  the same, and of two that are ready the one written first wins
 *     SELECT_KEEP(group, a, b, ...)    the others stay pending, for the next round
 *     SELECT_NOW(group, a, b, ...)     look once; the others stay pending. Nobody: group.output is -EAGAIN
 *     RACE(group, a, b, ...)           SELECT among equals: group.output tells who won, from 0
 *     ANY(group, a, b, ...)            until one succeeds; the others are cancelled
 *     CANCEL(group, a, b, ...)         cancel them, and wait until they have ended
 *     WON(group, a)                    was it `a` that decided?
 *     TIMEOUT(slot, duration, a)       wait at most so long: fut_timeout (future/time.h) in one line
 *
 * A child is a started slot, `self->a`, or is started here: `(self->a, fn, arguments...)`. Each may stand in a group
 * once. After the statement the children that lost have ended: their FINALLY has run, and nobody points to them. Only
 * SELECT_KEEP and SELECT_NOW leave futures behind which are pending; so somebody has to end those, at the latest in
 * ASYNC_FINALLY.
 *
 *     START_JOIN(group, a, b, ...)     and START_TRY_JOIN, START_SELECT, ...: like START. Nothing is polled yet; the
 *                                      group can be awaited, or be the child of another one
 *
 * SELECT, SELECT_KEEP, SELECT_NOW and RACE begin each poll with a child chosen at random, so that none is starved by
 * another which is always ready. BIASED, and SELECT_KEEP_BIASED, poll in the order written.
 */
#ifndef FUT_MACROS_COMPOSE_H
#define FUT_MACROS_COMPOSE_H

/* ---- Lists of children -------------------------------------------------------------------- */

/* How many, up to 16; and m(s, child) for each. */
#define FUT_17TH_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, n17, ...) n17
#define FUT_COUNT_OF_(...) FUT_17TH_(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define FUT_EACH_(m, s, ...) FUT_CAT_(FUT_EACH_, FUT_COUNT_OF_(__VA_ARGS__))(m, s, __VA_ARGS__)
#define FUT_EACH_1(m, s, a)       m(s, a)
#define FUT_EACH_2(m, s, a, ...)  m(s, a) FUT_EACH_1(m, s, __VA_ARGS__)
#define FUT_EACH_3(m, s, a, ...)  m(s, a) FUT_EACH_2(m, s, __VA_ARGS__)
#define FUT_EACH_4(m, s, a, ...)  m(s, a) FUT_EACH_3(m, s, __VA_ARGS__)
#define FUT_EACH_5(m, s, a, ...)  m(s, a) FUT_EACH_4(m, s, __VA_ARGS__)
#define FUT_EACH_6(m, s, a, ...)  m(s, a) FUT_EACH_5(m, s, __VA_ARGS__)
#define FUT_EACH_7(m, s, a, ...)  m(s, a) FUT_EACH_6(m, s, __VA_ARGS__)
#define FUT_EACH_8(m, s, a, ...)  m(s, a) FUT_EACH_7(m, s, __VA_ARGS__)
#define FUT_EACH_9(m, s, a, ...)  m(s, a) FUT_EACH_8(m, s, __VA_ARGS__)
#define FUT_EACH_10(m, s, a, ...) m(s, a) FUT_EACH_9(m, s, __VA_ARGS__)
#define FUT_EACH_11(m, s, a, ...) m(s, a) FUT_EACH_10(m, s, __VA_ARGS__)
#define FUT_EACH_12(m, s, a, ...) m(s, a) FUT_EACH_11(m, s, __VA_ARGS__)
#define FUT_EACH_13(m, s, a, ...) m(s, a) FUT_EACH_12(m, s, __VA_ARGS__)
#define FUT_EACH_14(m, s, a, ...) m(s, a) FUT_EACH_13(m, s, __VA_ARGS__)
#define FUT_EACH_15(m, s, a, ...) m(s, a) FUT_EACH_14(m, s, __VA_ARGS__)
#define FUT_EACH_16(m, s, a, ...) m(s, a) FUT_EACH_15(m, s, __VA_ARGS__)

/* What stands in the list: 0, a slot; 2 or M, (slot, fn) or (slot, fn, arguments...). (slot) is a slot, too. One that
 * begins with parentheses and goes on behind them is taken for a list: write self->p->slot, not (*self->p).slot. */
#define FUT_FORM_(x)            FUT_CAT_(FUT_FORM_, FUT_HAS_COMMA_(FUT_COMMA_ x))(x)
#define FUT_FORM_0(x)           0
#define FUT_FORM_1(x)           FUT_CAT_(FUT_FORM_OF_, FUT_COUNT_ x)
#define FUT_FORM_OF_1           0
#define FUT_FORM_OF_2           2
#define FUT_FORM_OF_M           M
#define FUT_SLOT_(x)            FUT_CAT_(FUT_SLOT_, FUT_FORM_(x))(x)
#define FUT_SLOT_0(x)           x
#define FUT_SLOT_2(x)           FUT_SLOT_OF_ x
#define FUT_SLOT_M(x)           FUT_SLOT_OF_ x
#define FUT_SLOT_OF_(slot, ...) slot
#define FUT_FN_(x)              FUT_FN_OF_ x
#define FUT_FN_OF_(slot, ...)   FUT_FIRST_(__VA_ARGS__, 0)

#define FUT_CHILD_START_(s, x)  FUT_CAT_(FUT_CHILD_START_, FUT_FORM_(x))(x)
#define FUT_CHILD_START_0(x)
#define FUT_CHILD_START_2(x)    FUT_START_2 x;
#define FUT_CHILD_START_M(x)    FUT_START_M x;
#define FUT_CHILD_FUTURE_(s, x) &(FUT_SLOT_(x)).future,

/* ---- The slot ------------------------------------------------------------------------------- */

#define FUT_GROUP(n)                                                                                                 \
    union {                                                                                                          \
        fut_future_t future;                                                                                         \
        fut_group_t  group;                                                                                          \
        char         fut_kind_[1 + FUT_BY_HAND_];                                                                    \
        struct {                                                                                                     \
            char fut_before_[offsetof(fut_group_t, output)];                                                         \
            int  output;                                                                                             \
        };                                                                                                           \
        struct {                                                                                                     \
            char         fut_head_[sizeof(fut_group_t)];                                                             \
            fut_strand_t children[n];                                                                                \
        };                                                                                                           \
    }
#define FUT_GROUP_OF_(slot) ((fut_group_t *)(void *)&(slot))
#define FUT_GROUP_FITS_(slot, n)                                                                                     \
    _Static_assert(sizeof((slot).children) / sizeof((slot).children[0]) >= (n),                                      \
                   "the group `" #slot "` has no room for so many children")
#define FUT_WON(slot, child) ((slot).group.winner == &(child).future)

/* ---- Starting, and waiting ------------------------------------------------------------------ */

#define FUT_START_GROUP_(waits, slot, ...)                                                                           \
    do {                                                                                                             \
        FUT_GROUP_FITS_(slot, FUT_COUNT_OF_(__VA_ARGS__));                                                           \
        FUT_CHECK_START_(slot);                                                                                      \
        FUT_EACH_(FUT_CHILD_START_, slot, __VA_ARGS__)                                                               \
        fut_group_start_(FUT_GROUP_OF_(slot), waits,                                                                 \
                         (fut_future_t *const[]){FUT_EACH_(FUT_CHILD_FUTURE_, slot, __VA_ARGS__)},                   \
                         FUT_COUNT_OF_(__VA_ARGS__), __FILE__, __LINE__);                                            \
    } while (0)
#define FUT_START_JOIN(slot, ...)               FUT_START_GROUP_(FUT_JOIN_, slot, __VA_ARGS__)
#define FUT_START_TRY_JOIN(slot, ...)           FUT_START_GROUP_(FUT_TRY_JOIN_, slot, __VA_ARGS__)
#define FUT_START_ANY(slot, ...)                FUT_START_GROUP_(FUT_ANY_, slot, __VA_ARGS__)
#define FUT_START_SELECT(slot, ...)             FUT_START_GROUP_(FUT_SELECT_, slot, __VA_ARGS__)
#define FUT_START_RACE(slot, ...)               FUT_START_GROUP_(FUT_SELECT_, slot, __VA_ARGS__)
#define FUT_START_SELECT_BIASED(slot, ...)      FUT_START_GROUP_(FUT_BIASED_, slot, __VA_ARGS__)
#define FUT_START_SELECT_KEEP(slot, ...)        FUT_START_GROUP_(FUT_KEEP_, slot, __VA_ARGS__)
#define FUT_START_SELECT_KEEP_BIASED(slot, ...) FUT_START_GROUP_(FUT_KEEP_BIASED_, slot, __VA_ARGS__)

#define FUT_AWAIT_GROUP_(c, slot)                                                                                    \
    FUT_WAIT_(c, &(slot).future, FUT_BY_HAND_,                                                                       \
              FUT_CHECK_AWAIT_(&(slot).future, cx, fut_group_poll(FUT_GROUP_OF_(slot), cx)), (void)0)
#define FUT_COMPOSE_(c, waits, slot, ...)                                                                            \
    do {                                                                                                             \
        FUT_START_GROUP_(waits, slot, __VA_ARGS__);                                                                  \
        FUT_AWAIT_GROUP_(c, slot)                                                                                    \
    } while (0)
#define FUT_TRY_JOIN(slot, ...)                 FUT_COMPOSE_(__COUNTER__, FUT_TRY_JOIN_, slot, __VA_ARGS__)
#define FUT_ANY(slot, ...)                      FUT_COMPOSE_(__COUNTER__, FUT_ANY_, slot, __VA_ARGS__)
#define FUT_SELECT(slot, ...)                   FUT_COMPOSE_(__COUNTER__, FUT_SELECT_, slot, __VA_ARGS__)
#define FUT_RACE(slot, ...)                     FUT_COMPOSE_(__COUNTER__, FUT_SELECT_, slot, __VA_ARGS__)
#define FUT_SELECT_BIASED(slot, ...)            FUT_COMPOSE_(__COUNTER__, FUT_BIASED_, slot, __VA_ARGS__)
#define FUT_SELECT_KEEP(slot, ...)              FUT_COMPOSE_(__COUNTER__, FUT_KEEP_, slot, __VA_ARGS__)
#define FUT_SELECT_KEEP_BIASED(slot, ...)       FUT_COMPOSE_(__COUNTER__, FUT_KEEP_BIASED_, slot, __VA_ARGS__)

/* Never suspends, and so it has no resume point. */
#define FUT_SELECT_NOW(slot, ...)                                                                                    \
    do {                                                                                                             \
        FUT_START_GROUP_(FUT_NOW_, slot, __VA_ARGS__);                                                               \
        (void)!FUT_CHECK_AWAIT_(&(slot).future, cx, fut_group_poll(FUT_GROUP_OF_(slot), cx));                         \
    } while (0)

/* Graceful, and in the FINALLY of a hard drop at once. */
#define FUT_CANCEL(slot, ...) FUT_CANCEL_AT_(__COUNTER__, slot, __VA_ARGS__)
#define FUT_CANCEL_AT_(c, slot, ...)                                                                                 \
    do {                                                                                                             \
        FUT_START_GROUP_(FUT_JOIN_, slot, __VA_ARGS__);                                                              \
        fut_group_end_(FUT_GROUP_OF_(slot), NULL);                                                                   \
        FUT_AWAIT_GROUP_(c, slot)                                                                                    \
    } while (0)

/* JOIN: all are started, then polled in the order written, those in parentheses by their name, so that the compiler can
 * inline them. The table of the group holds those that were PENDING. A checked build goes the long way, on which every
 * poll is looked at. */
#if defined(FUT_CHECKED)
#define FUT_JOIN(slot, ...)                     FUT_COMPOSE_(__COUNTER__, FUT_JOIN_, slot, __VA_ARGS__)
#else
#define FUT_JOIN(slot, ...) FUT_JOIN_AT_(__COUNTER__, slot, __VA_ARGS__)
#endif
#define FUT_JOIN_AT_(c, slot, ...)                                                                                   \
    do {                                                                                                             \
        FUT_GROUP_FITS_(slot, FUT_COUNT_OF_(__VA_ARGS__));                                                           \
        FUT_EACH_(FUT_CHILD_CALL_, slot, __VA_ARGS__)                                                                \
        fut_group_begin_(FUT_GROUP_OF_(slot), FUT_JOIN_, __LINE__);                                                  \
        FUT_EACH_(FUT_CHILD_POLL_, slot, __VA_ARGS__)                                                                \
        FUT_WAIT_(c, &(slot).future, FUT_BY_HAND_, fut_group_joined_(FUT_GROUP_OF_(slot)), (void)0)                  \
    } while (0)

#define FUT_CHILD_CALL_(s, x)             FUT_CAT_(FUT_CHILD_CALL_, FUT_FORM_(x))(x)
#define FUT_CHILD_CALL_0(x)
#define FUT_CHILD_CALL_2(x)               FUT_ARGS_2 x; FUT_CHILD_HEADER_(FUT_SLOT_(x), FUT_FN_(x));
#define FUT_CHILD_CALL_M(x)               FUT_ARGS_M x; FUT_CHILD_HEADER_(FUT_SLOT_(x), FUT_FN_(x));
#define FUT_CHILD_HEADER_(slot, name)     FUT_CHILD_HEADER_AS_(slot, name)
#define FUT_CHILD_HEADER_AS_(slot, name)  FUT_START_CALL_(slot, name)

#define FUT_CHILD_POLL_(s, x)   FUT_CAT_(FUT_CHILD_POLL_, FUT_FORM_(x))(s, x)
#define FUT_CHILD_POLL_0(s, x)                                                                                       \
    if (fut_poll(&(x).future, cx) == FUT_PENDING)                                                                    \
        fut_group_keep_(FUT_GROUP_OF_(s), &(x).future, (x).future.vtable->kind, cx);
#define FUT_CHILD_POLL_2(s, x)  FUT_CHILD_POLL_AS_(s, FUT_SLOT_(x), FUT_FN_(x))
#define FUT_CHILD_POLL_M(s, x)  FUT_CHILD_POLL_AS_(s, FUT_SLOT_(x), FUT_FN_(x))
#define FUT_CHILD_POLL_AS_(s, slot, name) FUT_CHILD_POLL_BY_NAME_(s, slot, name)
#define FUT_CHILD_POLL_BY_NAME_(s, slot, name)                                                                       \
    if (name##_poll(&(slot), cx) == FUT_PENDING) {                                                                   \
        FUT_START_PENDING_(slot, name);                                                                              \
        fut_group_keep_(FUT_GROUP_OF_(s), &(slot).future, FUT_KIND_(slot), cx);                                      \
    }

/* ---- A limit in time ------------------------------------------------------------------------ */

#define FUT_TIMEOUT(slot, duration, child) FUT_TIMEOUT_AT_(__COUNTER__, slot, duration, child)
#define FUT_TIMEOUT_AT_(c, slot, duration, child)                                                                    \
    do {                                                                                                             \
        FUT_CHILD_START_(slot, child)                                                                                \
        FUT_AWAIT_M(c, slot, fut_timeout, &(FUT_SLOT_(child)).future, duration);                                     \
    } while (0)

#if !defined(FUT_NO_SHORT_NAMES)
#define JOIN                      FUT_JOIN
#define TRY_JOIN                  FUT_TRY_JOIN
#define SELECT                    FUT_SELECT
#define SELECT_BIASED             FUT_SELECT_BIASED
#define SELECT_KEEP               FUT_SELECT_KEEP
#define SELECT_KEEP_BIASED        FUT_SELECT_KEEP_BIASED
#define SELECT_NOW                FUT_SELECT_NOW
#define RACE                      FUT_RACE
#define ANY                       FUT_ANY
#define CANCEL                    FUT_CANCEL
#define WON                       FUT_WON
#define TIMEOUT                   FUT_TIMEOUT
#define START_JOIN                FUT_START_JOIN
#define START_TRY_JOIN            FUT_START_TRY_JOIN
#define START_SELECT              FUT_START_SELECT
#define START_SELECT_BIASED       FUT_START_SELECT_BIASED
#define START_SELECT_KEEP         FUT_START_SELECT_KEEP
#define START_SELECT_KEEP_BIASED  FUT_START_SELECT_KEEP_BIASED
#define START_RACE                FUT_START_RACE
#define START_ANY                 FUT_START_ANY
#endif

#endif

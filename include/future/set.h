/* set.h: many futures awaited together, as many as there happen to be.        layer: set; needs: core
 *
 *     fut_set          children come and go while it is awaited; who is done first comes out first
 *     fut_join_all     an array of started futures: wait for all of them
 *     fut_try_join_all the same; the first error cancels the others
 *     fut_for_each_concurrent   a source of futures, so many at once
 *
 *     fut_set_init(&self->set);
 *     for (...) { START(worker->echo, echo, fd); TRY(fut_set_push(&self->set, &worker->child, &worker->echo.future)); }
 *     for (;;) {
 *         AWAIT(self->next, fut_set_next, &self->set);
 *         if (!self->next.output) break;                       // the set is empty
 *         worker = self->next.output->data; ...                // worker->echo.output
 *     }
 *
 *     AWAIT(self->all, fut_join_all, FUT_EACH(self->workers));  // echo_t workers[100], all of them started
 *
 * The price: a child needs 48 bytes in the caller's storage, and about as much again of the library's memory for a
 * waker of its own. That memory is recycled, never returned while the process lives: a child's waker may be used at any
 * time, like any waker. A wake touches one child, however many there are, and costs what it costs with ten.
 *
 * The trap: the children of a set are polled when the set is, by nobody else. While its owner awaits something else
 * they stand still, with whatever they hold (a lock, a place in a queue), and what the owner awaits may be just that.
 * AWAIT_BESIDE awaits something while the set goes on. Children that must go on in any case are tasks: see
 * docs/sets.md.
 *
 * Executor's thread, all of it; the children's wakers alone may be used by any thread. A set is polled by one task at a
 * time, and like every future stays with its executor.
 */
#ifndef FUT_SET_H
#define FUT_SET_H

#include "../future.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fut_set       fut_set_t;
typedef struct fut_set_child fut_set_child_t;

typedef struct fut_set_links {
    struct fut_set_links *prev, *next;
} fut_set_links_t;

/* A child's place in a set: in the caller's storage, beside its future. All zero before it is pushed for the first time
 * (fut_set_child_init, or = {0}); later it is used again as it is. Must not move while it is in a set. */
struct fut_set_child {
    fut_set_links_t    links;  /* private */
    void              *data;   /* the caller's: not touched here                             */
    fut_future_t      *future; /* what was pushed; read it, do not write it                  */
    fut_set_t         *set;    /* private: NULL while it is in no set                        */
    struct fut__spoke *spoke;  /* private: its waker; NULL once the future is done            */
};

FUT_INLINE_ void fut_set_child_init(fut_set_child_t *child, void *data) {
    child->links.prev = child->links.next = NULL;
    child->data                           = data;
    child->future                         = NULL;
    child->set                            = NULL;
    child->spoke                          = NULL;
}

#ifndef __cplusplus
/* fut_set_drive: await `child`, a started future, and poll the children of `set` meanwhile. Those that are done wait in
 * the set for the next fut_set_next. The child's output is in the child. Cancelling and dropping it cancels and drops
 * the child; the set stays as it is. AWAIT_BESIDE is the short form. */
typedef struct fut_set_drive {
    FUT_FUTURE(fut_set_drive, void, fut_set_t *set; fut_future_t *child);
    fut_future_t *leaf; /* of the child */
} fut_set_drive_t;
FUT_DECLARE(fut_set_drive);
#endif

/* In the caller's storage; private. Must not move after the first push. */
struct fut_set {
    fut_set_links_t  waiting; /* children whose futures are not done; in an ordered set all, in the order of pushing  */
    fut_set_links_t  done;    /* children whose futures are, in that order                                           */
    size_t           size;
    struct fut__hub *hub; /* their wakers, and which of them were woken; NULL before the first push */
    bool             ordered, polling, closing, removed;
#ifdef __cplusplus
    void *drive_[6];
#else
    fut_set_drive_t drive; /* of AWAIT_BESIDE */
#endif
};

/* An empty set, which allocates nothing. */
void fut_set_init(fut_set_t *set);
/* An empty set whose children come out in the order in which they were pushed. */
void fut_set_init_ordered(fut_set_t *set);

/* Drops the futures that are left, see fut_drop, and takes every child out. Afterwards the set is as after init, so a
 * second call does nothing. Stops the program if it is called from inside the poll of a child. */
void fut_set_destroy(fut_set_t *set);

/* Put a started future into the set. Child and future belong to the caller, and stay where they are until the child has
 * come out: by next, remove or destroy. At any time, also from inside the poll of a child. Whoever awaits the set is
 * woken. 0; -EBUSY: the child is in a set; -ENOMEM; -ECANCELED: the set is being destroyed. On an error nothing has
 * changed. */
int fut_set_push(fut_set_t *set, fut_set_child_t *child, fut_future_t *started);

/* Take a child out without dropping its future, which may be polled elsewhere, pushed again, or dropped. Does nothing
 * if the child is not in this set. At any time, also from inside the poll of a child, this one or another. */
void fut_set_remove(fut_set_t *set, fut_set_child_t *child);

/* Cancel a child gracefully, see fut_cancel; NULL: all of them, in any order. It stays in the set until it has ended,
 * and comes out as others do. At any time, but not a child from inside its own poll. */
void fut_set_cancel(fut_set_t *set, fut_set_child_t *child);

/* READY: a child whose future is done and which is no longer in the set; or NULL, the set is empty. PENDING: none is
 * done. One call polls each child that was woken at most once, and no more than the budget allows. Stops the program if
 * it is called from inside the poll of a child. */
FUT_MUST_USE fut_poll_t fut_set_poll_next(fut_set_t *set, fut_context_t *cx, fut_set_child_t **done);

/* Children in the set, done or not. */
FUT_INLINE_ size_t fut_set_size(const fut_set_t *set) { return set->size; }

#ifndef __cplusplus

/* Output: the next child that is done, or NULL: the set is empty. Cancelling loses nothing. */
typedef struct fut_set_next {
    FUT_FUTURE(fut_set_next, fut_set_child_t *, fut_set_t *set);
} fut_set_next_t;
FUT_DECLARE(fut_set_next);

/* AWAIT_BESIDE(set, slot, fn, arguments...): AWAIT(slot, fn, arguments...) while the children of the set go on. */
#define FUT_AWAIT_BESIDE(set_, ...) FUT_AWAIT_BESIDE_AT_(__COUNTER__, set_, __VA_ARGS__)
#define FUT_AWAIT_BESIDE_AT_(c, set_, ...)                                                                             \
    do {                                                                                                               \
        FUT_CAT_(FUT_BESIDE_, FUT_COUNT_(__VA_ARGS__))(__VA_ARGS__);                                                   \
        FUT_AWAIT_M(c, (set_).drive, fut_set_drive, &(set_), &(FUT_FIRST_(__VA_ARGS__, 0)).future);                    \
    } while (0)
#define FUT_BESIDE_1(slot) ((void)0)
#define FUT_BESIDE_2(...)  FUT_START(__VA_ARGS__)
#define FUT_BESIDE_M(...)  FUT_START(__VA_ARGS__)

/* ---- Arrays ------------------------------------------------------------------------------------------------------ */

/* Futures in an array: of frames, one after the other, or of pointers. */
typedef struct fut_futures {
    void  *first;
    size_t stride; /* bytes from one to the next; 0: `first` is an array of pointers */
    size_t count;
} fut_futures_t;

/* All of an array of slots, echo_t workers[100]; the first n of one, also through a pointer; and n pointers. */
#define FUT_EACH(array)               FUT_EACH_OF(array, sizeof(array) / sizeof *(array))
#define FUT_EACH_OF(slots, n)         ((fut_futures_t){&(slots)->future, sizeof *(slots), (n)})
#define FUT_EACH_POINTER(pointers, n) ((fut_futures_t){(void *)(pointers), 0, (n)})

/* Private: how far an array has come. */
typedef struct fut_gather {
    struct fut__hub *hub;         /* NULL: no future had to be polled yet                       */
    size_t           begun, left; /* futures, or slots, that were looked at; that are not done  */
    int              error;       /* why the others are being cancelled; 0: they are not         */
} fut_gather_t;

/* fut_join_all: ready when every future of the array is. They were started, belong to the caller, and have their
 * outputs in their places. Output: 0; -ENOMEM or -ECANCELED: they were cancelled, and have ended. None at all: ready at
 * once. Cancelling cancels them all and waits for their ends. Dropping drops them. */
typedef struct fut_join_all {
    FUT_FUTURE(fut_join_all, int, fut_futures_t futures);
    fut_gather_t all;
} fut_join_all_t;
FUT_DECLARE(fut_join_all);

/* The same, but the first future with a negative output ends it: the others are cancelled gracefully, and when all have
 * ended that output is this one's. */
typedef struct fut_try_join_all {
    FUT_FUTURE(fut_try_join_all, int, fut_futures_t futures);
    fut_gather_t all;
} fut_try_join_all_t;
FUT_DECLARE(fut_try_join_all);

/* fut_for_each_concurrent: a source of futures, of which as many run at once as there are slots.
 *
 *     static int next(void *data, fut_future_t *slot) {
 *         crawl_t *self = data;
 *         if (self->i == self->count) return 0;
 *         START(*(fetch_t *)(void *)slot, fetch, self->urls[self->i++]);
 *         return 1;
 *     }
 *     AWAIT(self->all, fut_for_each_concurrent, FUT_EACH(self->slots), next, NULL, self);       // fetch_t slots[8]
 *
 * `next` fills a free slot and answers 1; 0: there are no more; negative: an error. `done`, which may be NULL, is told
 * when the future in a slot has ended, before the slot is used again. Output: 0; or the first error, of a future or of
 * `next`: then nothing new is started, what runs is cancelled gracefully, and has ended. -EINVAL: no slots. -ENOMEM,
 * -ECANCELED likewise. */
typedef struct fut_for_each_concurrent {
    FUT_FUTURE(fut_for_each_concurrent, int, fut_futures_t slots; int (*next)(void *data, fut_future_t *slot);
               void (*done)(void *data, fut_future_t *slot); void *data);
    fut_gather_t all;
    bool         exhausted; /* `next` said so */
} fut_for_each_concurrent_t;
FUT_DECLARE(fut_for_each_concurrent);

#ifndef FUT_NO_SHORT_NAMES
#define AWAIT_BESIDE FUT_AWAIT_BESIDE
#endif

#endif /* __cplusplus */

#ifdef __cplusplus
}
#endif
#endif

/* Chapter 12: hashing on the pool while a timer keeps ticking.
 *
 * A loop has one thread, and nobody takes it away from a task: one that computes for long, or calls something that blocks,
 * stops all the others. BLOCKING hands a function to a thread of a pool, and the task awaits it like anything else. The
 * function is an ordinary one. It owns a copy of its arguments, and it may ask whether anybody still wants its output.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "future/blocking.h"
#include "future/executor.h"
#include "future/group.h"
#include "future/time.h"
#include "tour.h"

enum { TICK = 5, PATIENCE = 20 }; /* milliseconds */
enum { FILES = 4, SLICES = 1000, ROUNDS = 4000 };
static const char *const files[FILES] = {"atlas", "bible", "codex", "diary"};

static const uint64_t fnv_begin = 14695981039346656037u;

/* FNV-1a of the name, again and again: work without an AWAIT in it, well below a millisecond a slice. */
static uint64_t hash_slice(uint64_t hash, const char *name) {
    for (int i = 0; i < ROUNDS; i++)
        for (const char *at = name; *at; at++) hash = (hash ^ (unsigned char)*at) * 1099511628211u;
    return hash;
}

/* ---- The job ------------------------------------------------------------------------------ */

typedef struct digest {
    JOB_FRAME(digest, int64_t, char name[16]; int slices); /* the name itself, not a pointer: the job has a copy */
} digest_t;

JOB(digest) {
    uint64_t hash = fnv_begin;
    for (int i = 0; i < args->slices; i++) {
        if (fut_job_is_cancelled(job)) {
            printf("    %s: told to end, after %d slices of %d\n", args->name, i, args->slices);
            return -EINTR;
        }
        hash = hash_slice(hash, args->name);
    }
    return (int64_t)(hash >> 1); /* a negative number would be an error */
}

/* ---- The same work, twice ------------------------------------------------------------------ */

/* In the task itself: no other task runs before a file is done. */
typedef struct in_place {
    ASYNC_FRAME(in_place, int, int64_t *hashes);
    int file;
} in_place_t;

static int64_t hash_here(const char *name) {
    uint64_t hash = fnv_begin;
    for (int i = 0; i < SLICES; i++) hash = hash_slice(hash, name);
    return (int64_t)(hash >> 1);
}

ASYNC(in_place) {
    ASYNC_BEGIN();
    for (self->file = 0; self->file < FILES; self->file++) {
        self->hashes[self->file] = hash_here(files[self->file]);
        YIELD(); /* a polite task, but not polite enough */
    }
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* On the pool, all four at once if there are cores for them. */
typedef struct on_pool {
    ASYNC_FRAME(on_pool, int, int64_t *hashes);
    digest_t digests[FILES];
    FUT_GROUP(FILES) all;
} on_pool_t;

static void start_digest(digest_t *slot, const char *name, int slices) {
    START(*slot, digest, .slices = slices);
    strcpy(slot->name, name);
}

ASYNC(on_pool) {
    ASYNC_BEGIN();
    for (int i = 0; i < FILES; i++) start_digest(&self->digests[i], files[i], SLICES);
    JOIN(self->all, self->digests[0], self->digests[1], self->digests[2], self->digests[3]);
    for (int i = 0; i < FILES; i++) self->hashes[i] = self->digests[i].output;
    ASYNC_RETURN(0);
    ASYNC_END();
}

/* ---- Whoever suffers from it --------------------------------------------------------------- */

typedef struct ticker {
    ASYNC_FRAME(ticker, int, int *ticks);
    fut_sleep_t nap;
} ticker_t;

ASYNC(ticker) {
    ASYNC_BEGIN();
    for (*self->ticks = 0;; ++*self->ticks) AWAIT_TRY(self->nap, fut_sleep, FUT_MS(TICK));
    ASYNC_END();
}

/* ---- The chapter --------------------------------------------------------------------------- */

typedef struct librarian {
    ASYNC_FRAME(librarian, int);
    in_place_t    in_place;
    on_pool_t     on_pool;
    ticker_t      ticker;
    fut_timeout_t limit;
    FUT_GROUP(2) group;
    fut_instant_t start;
    int64_t       expected[FILES], hashes[FILES];
    int           ticks;
} librarian_t;

static void report(const char *where, int ticks, fut_instant_t took) {
    printf("    %s   %3d ticks in %3d ms\n", where, ticks, (int)(took / FUT_MS(1)));
}

ASYNC(librarian) {
    ASYNC_BEGIN();
    printf("Four files to hash, beside a timer that should tick every %d ms:\n\n", TICK);
    self->start = fut_now(cx);
    SELECT(self->group, (self->in_place, in_place, self->expected), (self->ticker, ticker, &self->ticks));
    report("in the task", self->ticks, fut_now(cx) - self->start);

    self->start = fut_now(cx);
    SELECT(self->group, (self->on_pool, on_pool, self->hashes), (self->ticker, ticker, &self->ticks));
    report("on the pool", self->ticks, fut_now(cx) - self->start);
    if (memcmp(self->hashes, self->expected, sizeof self->hashes) != 0) ASYNC_RETURN(-EILSEQ);
    for (int i = 0; i < FILES; i++) printf("%s    %s  %016" PRIx64 "\n", i ? "" : "\n", files[i], self->hashes[i]);

    printf("\nTen times the work, %d ms of patience. TIMEOUT cancels gracefully: it waits for the job's end.\n\n",
           PATIENCE);
    start_digest(&self->on_pool.digests[0], "encyclopaedia", 10 * SLICES);
    TIMEOUT(self->limit, FUT_MS(PATIENCE), self->on_pool.digests[0]);
    printf("    %s\n", strerror(-self->limit.output));
    ASYNC_RETURN(self->limit.output == -ETIMEDOUT && self->on_pool.digests[0].output == -EINTR ? 0 : -EILSEQ);
    ASYNC_END();
}

int pool(void) {
    fut_executor_t executor;
    int            error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;
    error = BLOCK_ON(&executor, librarian);
    fut_executor_destroy(&executor);
    if (error < 0) return error;
    printf("\nA job is %zu bytes beside its arguments and its output, allocated once; its future %zu.\n",
           sizeof(fut_job_t), sizeof(fut_blocking_t));
    return fut_pool_destroy(fut_pool_default(), FUT_FOREVER); /* not needed at the end of a program */
}

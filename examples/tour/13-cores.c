/* Chapter 13: the same server on one core, and on all of them.
 *
 * A server that computes for each request has one thread's time to give, and no more. A runtime has a worker, which is
 * a thread, for each core; tasks, SPAWN and BLOCK_ON are those of one thread. The server below is written once. It asks
 * only where to put a connection, and deals them out, one to each worker in turn.
 *
 * A task that waits for a descriptor stays with the worker that watches it. So a connection has one worker for all its
 * life, and counts in plain memory of that worker's: no lock, no atomic.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "future/executor.h"
#include "future/reactor.h"
#include "future/runtime.h"
#include "future/sync.h"
#include "future/time.h"
#include "net.h"
#include "tour.h"

enum { CLIENTS = 32, REQUESTS = 50, QUESTIONS = 16, WORK = 50000 };
enum { PATIENCE = 100, MOST_WORKERS = 254, LINES = 8 }; /* seconds; of a runtime; that are printed */

/* What a request costs: some ten thousand steps, each of which needs the one before. */
static uint64_t answer_to(uint64_t question) {
    uint64_t hash = 14695981039346656037u;
    for (uint64_t i = 0; i < WORK; i++) hash = (hash ^ (question + i)) * 1099511628211u;
    return hash;
}

/* ---- The server --------------------------------------------------------------------------- */

/* What one worker did. Nobody else writes here; it is read when the workers have ended. A cache line for each. */
typedef struct tally {
    _Alignas(64) long connections;
    long requests;
    long strays; /* requests of a connection that had begun on another worker */
} tally_t;

typedef struct house {
    int      listener, error;
    unsigned accepted;
    tally_t  tallies[MOST_WORKERS];
} house_t;

/* The worker that runs this, or 0: the one thread of an executor. */
static int worker_of(const fut_context_t *cx) {
    const fut_runtime_t *runtime = fut_runtime_of(cx);
    return runtime ? fut_runtime_worker(runtime) : 0;
}

/* One connection: a question comes, the answer goes, until the server shuts down. */
typedef struct answer {
    ASYNC_FRAME(answer, ssize_t, house_t *house; int fd);
    int      worker;
    uint64_t message;
    union {
        read_all_t  read;
        write_all_t write;
    } io;
} answer_t;

static void count_request(house_t *house, int worker, int worker_before) {
    house->tallies[worker].requests++;
    house->tallies[worker].strays += worker != worker_before;
}

ASYNC(answer) {
    ASYNC_BEGIN();
    self->worker = worker_of(cx);
    self->house->tallies[self->worker].connections++;
    TRY(send_at_once(self->fd));
    TRY(fut_attach(cx, self->fd));
    for (;;) {
        AWAIT_TRY(self->io.read, read_all, self->fd, (char *)&self->message, sizeof self->message);
        count_request(self->house, worker_of(cx), self->worker);
        self->message = answer_to(self->message);
        AWAIT_TRY(self->io.write, write_all, self->fd, (const char *)&self->message, sizeof self->message);
    }
    ASYNC_FINALLY();
    fut_close(self->fd);
    ASYNC_END();
}

/* The one place that knows of both. A plain SPAWN on a runtime would do, too: then the connection goes to whichever
 * worker has time for its first poll. Where many come at once, that is often the one that has accepted them all. */
static struct answer_join place(fut_context_t *cx, house_t *house, int fd) {
    fut_runtime_t *runtime = fut_runtime_of(cx);
    if (!runtime) return SPAWN(fut_executor_of(cx), answer, house, fd);
    return SPAWN_ON(runtime, house->accepted++ % fut_runtime_workers(runtime), answer, house, fd);
}

/* 0: a connection was accepted, or it was gone already. */
static int accept_one(fut_context_t *cx, house_t *house) {
    struct answer_join connection;
    int                fd = or_errno(accept4(house->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)), status;
    if (fd < 0) return fd == -EAGAIN || fd == -ECONNABORTED ? 0 : fd;
    connection = place(cx, house, fd);
    status     = connection.join.status;
    if (status < 0) fut_close(fd); /* not spawned, so it will not close */
    DETACH(connection);
    return status;
}

/* Accept until cancelled. */
typedef struct serve {
    ASYNC_FRAME(serve, int, house_t *house);
    fut_readable_t ready;
} serve_t;

ASYNC(serve) {
    ASYNC_BEGIN();
    TRY(fut_attach(cx, self->house->listener));
    for (;;) {
        AWAIT_TRY(self->ready, fut_readable, self->house->listener);
        TRY(accept_one(cx, self->house));
    }
    ASYNC_FINALLY(); /* clients that were not accepted are reset, so nobody waits for ever */
    if (self->output != -ECANCELED) self->house->error = self->output;
    fut_close(self->house->listener);
    self->house->listener = -1;
    ASYNC_END();
}

/* ---- The clients: in a thread of their own, with an executor of their own ---------------------- */

typedef struct crowd {
    struct sockaddr_in server;
    uint64_t           answers[QUESTIONS]; /* the right ones       */
    int                busy, error;        /* of the clients' thread */
    long               right;
    fut_instant_t      began, ended;
    fut_event_t        served; /* all have their answers, or something went wrong: the server may shut down */
} crowd_t;

static void one_less(crowd_t *crowd, fut_instant_t now) {
    if (--crowd->busy > 0) return;
    crowd->ended = now;
    fut_event_set(&crowd->served);
}

static void complain(crowd_t *crowd, int error) {
    if (crowd->error == 0) crowd->error = error;
    fut_event_set(&crowd->served);
}

static bool is_right(const crowd_t *crowd, int question, uint64_t answer) {
    if (answer == crowd->answers[question]) return true;
    fprintf(stderr, "tour: question %d was answered by %016" PRIx64 ", not %016" PRIx64 "\n", question, answer,
            crowd->answers[question]);
    return false;
}

/* Asks, compares; then stays until the server hangs up. */
typedef struct client {
    ASYNC_FRAME(client, int, crowd_t *crowd; int number);
    int      fd, round, question;
    uint64_t message;
    union {
        fut_writable_t connected;
        fut_read_t     end;
        write_all_t    write;
        read_all_t     read;
    } io;
} client_t;

ASYNC(client) {
    ASYNC_BEGIN();
    TRY(self->fd = begin_connect(&self->crowd->server));
    TRY(fut_attach(cx, self->fd));
    AWAIT_TRY(self->io.connected, fut_writable, self->fd);
    TRY(end_connect(self->fd));
    for (self->round = 0; self->round < REQUESTS; self->round++) {
        self->question = (self->number + self->round) % QUESTIONS;
        self->message  = (uint64_t)self->question;
        AWAIT_TRY(self->io.write, write_all, self->fd, (const char *)&self->message, sizeof self->message);
        AWAIT_TRY(self->io.read, read_all, self->fd, (char *)&self->message, sizeof self->message);
        if (!is_right(self->crowd, self->question, self->message)) ASYNC_RETURN(-EILSEQ);
        self->crowd->right++;
    }
    one_less(self->crowd, fut_now(cx));
    AWAIT_TRY(self->io.end, fut_read, self->fd, &self->message, 1);
    ASYNC_RETURN(self->io.end.output == 0 ? 0 : -EPROTO);

    ASYNC_FINALLY();
    if (self->output < 0) complain(self->crowd, self->output);
    if (self->fd >= 0) fut_close(self->fd);
    ASYNC_END();
}

typedef struct come {
    ASYNC_FRAME(come, int, crowd_t *crowd);
    struct client_join clients[CLIENTS];
    int                i;
} come_t;

ASYNC(come) {
    ASYNC_BEGIN();
    self->crowd->began = fut_now(cx);
    for (self->i = 0; self->i < CLIENTS; self->i++)
        self->clients[self->i] = SPAWN(fut_executor_of(cx), client, self->crowd, self->i);
    for (self->i = 0; self->i < CLIENTS; self->i++) AWAIT_TRY(self->clients[self->i]);
    ASYNC_RETURN(0);
    ASYNC_FINALLY();
    for (int i = 0; i < CLIENTS; i++) DETACH(self->clients[i]);
    ASYNC_END();
}

static void *visit(void *argument) {
    crowd_t       *crowd = argument;
    come_t         come;
    fut_executor_t executor;
    int            error = fut_executor_init(&executor, NULL);
    if (error == 0) {
        START(come, come, crowd);
        error = BLOCK_ON(&executor, fut_timeout, &come.future, FUT_S(2 * PATIENCE));
        if (error == 0) error = come.output;
        fut_executor_destroy(&executor);
    }
    if (error < 0) complain(crowd, error);
    return NULL;
}

/* ---- On one core, on all ---------------------------------------------------------------------- */

typedef struct evening {
    house_t               house;
    crowd_t               crowd;
    pthread_t             thread; /* of the clients */
    bool                  has_thread;
    unsigned              workers;
    size_t                told, left; /* tasks, when the server shut down, and afterwards */
    fut_runtime_metrics_t metrics;
} evening_t;

static int let_them_in(evening_t *evening) {
    const int error     = pthread_create(&evening->thread, NULL, visit, &evening->crowd);
    evening->has_thread = error == 0;
    return -error;
}

static int on_one(evening_t *evening) {
    fut_executor_t    executor;
    struct serve_join serving;
    fut_event_wait_t  served;
    int               error = fut_executor_init(&executor, NULL);
    if (error < 0) return error;
    serving = SPAWN(&executor, serve, &evening->house);
    error   = serving.join.status;
    DETACH(serving);
    START(served, fut_event_wait, &evening->crowd.served);
    if (error == 0) error = let_them_in(evening);
    if (error == 0) error = BLOCK_ON(&executor, fut_timeout, &served.future, FUT_S(PATIENCE));
    evening->workers = 1;
    evening->told    = fut_executor_tasks(&executor);
    fut_executor_cancel_all(&executor);
    if (error == 0) error = fut_executor_run(&executor);
    evening->left = fut_executor_tasks(&executor);
    fut_executor_destroy(&executor);
    return error;
}

static int on_all(evening_t *evening) {
    fut_runtime_t     runtime;
    struct serve_join serving;
    fut_event_wait_t  served;
    int               error = fut_runtime_init(&runtime, NULL);
    if (error < 0) return error;
    serving = SPAWN(&runtime, serve, &evening->house);
    error   = serving.join.status;
    DETACH(serving);
    START(served, fut_event_wait, &evening->crowd.served);
    if (error == 0) error = let_them_in(evening);
    if (error == 0) error = BLOCK_ON(&runtime, fut_timeout, &served.future, FUT_S(PATIENCE));
    evening->workers = fut_runtime_workers(&runtime);
    evening->told    = fut_runtime_tasks(&runtime);
    if (error == 0) error = fut_runtime_shutdown(&runtime, FUT_S(PATIENCE));
    evening->left = fut_runtime_tasks(&runtime);
    fut_runtime_metrics(&runtime, &evening->metrics, NULL, 0);
    fut_runtime_destroy(&runtime);
    return error;
}

/* What the workers did must add up. 0, or -EILSEQ, and it was said why. */
static int check(const evening_t *evening) {
    for (unsigned worker = 0; worker < evening->workers; worker++) {
        const tally_t *tally = &evening->house.tallies[worker];
        const long     dealt = (long)((CLIENTS + evening->workers - 1 - worker) / evening->workers);
        if (tally->connections == dealt && tally->requests == dealt * REQUESTS && tally->strays == 0) continue;
        fprintf(stderr,
                "tour: worker %u: %ld connections and %ld requests instead of %ld and %ld; %ld came from elsewhere\n",
                worker, tally->connections, tally->requests, dealt, dealt * REQUESTS, tally->strays);
        return -EILSEQ;
    }
    if (evening->crowd.right == CLIENTS * REQUESTS && evening->left == 0) return 0;
    fprintf(stderr, "tour: %ld of %d answers; %zu tasks are left\n", evening->crowd.right, CLIENTS * REQUESTS,
            evening->left);
    return -EILSEQ;
}

static int failed(const char *who, int error) {
    if (error < 0) fprintf(stderr, "tour: %s: %s\n", who, strerror(-error));
    return error;
}

/* The server's thread ends first: then the clients' streams have ended, too, whatever went wrong. */
static int spend(evening_t *evening, int (*open)(evening_t *)) {
    int error;
    for (uint64_t question = 0; question < QUESTIONS; question++)
        evening->crowd.answers[question] = answer_to(question);
    evening->crowd.busy     = CLIENTS;
    evening->house.listener = listen_somewhere(&evening->crowd.server, CLIENTS);
    if (evening->house.listener < 0) return failed("listen", evening->house.listener);
    error = failed("the server", open(evening));
    if (evening->has_thread) pthread_join(evening->thread, NULL);
    if (evening->house.listener >= 0) fut_close(evening->house.listener); /* the server never ran */
    if (error == 0) error = failed("accepting", evening->house.error);
    if (error == 0) error = failed("a client", evening->crowd.error);
    return error < 0 ? error : check(evening);
}

static double seconds_of(const evening_t *evening) {
    return (double)(evening->crowd.ended - evening->crowd.began) / 1e9;
}

static void report(const evening_t *evening) {
    for (unsigned worker = 0; worker < evening->workers && worker < LINES; worker++)
        printf("    worker %-3u %4ld connections %6ld requests\n", worker, evening->house.tallies[worker].connections,
               evening->house.tallies[worker].requests);
    if (evening->workers > LINES) printf("    and %u workers more\n", evening->workers - LINES);
    printf("    %.3f s     %4ld answers, all of them right\n\n", seconds_of(evening), evening->crowd.right);
}

static void report_the_end(const evening_t *evening) {
    const fut_worker_metrics_t *total = &evening->metrics.total;
    if (evening->workers == 1) {
        printf("This process may use one core: the runtime has one worker, and gains nothing.\n\n");
    } else {
        printf("No request was served by another worker than its connection's first one: a task\n");
        printf("that waits for a descriptor stays. So each worker counts in memory of its own.\n\n");
    }
    printf("    %8" PRIu64 "      polls, on all workers\n", total->polls);
    printf("    %8" PRIu64 "      times a worker slept, because there was nothing to do\n", total->parks);
    printf("    %8zu      tasks were told to end by fut_runtime_shutdown\n", evening->told);
    printf("    %8zu      were left. Each client has read the end of its stream.\n", evening->left);
}

int cores(void) {
    static evening_t one, all;
    int              error;
    memset(&one, 0, sizeof one);
    memset(&all, 0, sizeof all);
    printf("%d clients ask %d questions each, and compare the answers, each of which takes\n", CLIENTS, REQUESTS);
    printf("%d multiplications. First the server has an executor, which is one thread:\n\n", WORK);
    if ((error = spend(&one, on_one)) < 0) return error;
    report(&one);

    printf("The same server on a runtime, with a worker for each core:\n\n");
    if ((error = spend(&all, on_all)) < 0) return error;
    report(&all);
    report_the_end(&all);
    return 0;
}

/* in_place.c: a task that blocks, while another thread goes on with its worker.
 *
 * A worker is a *seat*: its queues, its driver, its bound tasks; and one thread operates it at a time. Every thread of a
 * crew, a worker's first one or one that was started to stand in, may sit on any seat.
 *
 *     in place     the thread gives its seat to a spare thread, or to a new one, and calls the function, as any thread
 *                  that is no worker. Its task is RUNNING all the while, so nobody polls it
 *     back         it recalls the seat and waits; who operates it gives it up at the top of its loop, between two polls,
 *                  awake or rung, and becomes spare. So a seat goes from hand to hand under crew->lock, which publishes
 *                  all that the worker's thread alone may touch
 *     STOP         who operates a seat leaves it vacant for those who are still away: they come back, finish their polls,
 *                  and leave it vacant in turn. fut_runtime_destroy joins them all
 *
 * Several tasks of one worker may be away. Each comes back to finish a poll, and whoever finished one last goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include "../core/check.h"
#include "../core/fork.h"
#include "../core/memory.h"
#include "crew.h"

enum { MOST = 128 }; /* stand-ins of a runtime */

static _Thread_local const fut__crew_t *away; /* whose worker this thread was, and will be */

bool fut__is_away(const fut__crew_t *crew) { return away == crew; }

/* ---- seats; all under crew->lock ----------------------------------------------------------------- */

static fut__absence_t *who_wants_it(const fut__worker_t *worker) {
    fut__absence_t *absence = worker->absent;
    while (absence && (!absence->recalls || absence->seated)) absence = absence->next;
    return absence;
}

static fut__worker_t *wait_for_seat(fut__crew_t *crew, fut__hand_t *hand) {
    hand->seat  = NULL;
    hand->next  = crew->spare;
    crew->spare = hand;
    while (!hand->seat && !(crew->orders & FUT__STOP)) pthread_cond_wait(&crew->changed, &crew->lock);
    return hand->seat;
}

static fut__worker_t *pass_on(fut__crew_t *crew, fut__hand_t *hand, fut__worker_t *worker) {
    fut__absence_t *absence = who_wants_it(worker);
    const bool      stop    = crew->orders & FUT__STOP;
    if (!absence && !stop) return worker; /* a false alarm */
    if (absence)
        absence->seated = true;
    else
        worker->vacant = true;
    pthread_cond_broadcast(&crew->changed);
    return stop ? NULL : wait_for_seat(crew, hand);
}

fut__worker_t *fut__seat_next(fut__hand_t *hand, fut__worker_t *worker) {
    fut__crew_t *crew = worker->crew;
    if (crew->forks != fut__forks()) return NULL; /* the lock is the parent's */
    pthread_mutex_lock(&crew->lock);
    worker = pass_on(crew, hand, worker);
    pthread_mutex_unlock(&crew->lock);
    return worker;
}

/* ---- stand-ins ----------------------------------------------------------------------------------- */

/* Under crew->lock. 0, -EAGAIN, -ENOMEM. */
static int start_hand(fut__crew_t *crew, fut__worker_t *worker) {
    fut__hand_t *hand;
    int          error;
    if (crew->stand_in_count == MOST) return -EAGAIN;
    hand = fut__allocate_zeroed(sizeof *hand);
    if (!hand) return -ENOMEM;
    hand->seat = worker;
    error      = fut__crew_start(crew, &hand->thread, fut__stand_in_main, hand);
    if (error < 0) {
        fut__release(hand);
        return error;
    }
    (void)pthread_setname_np(hand->thread, "stand-in");
    hand->all       = crew->stand_ins;
    crew->stand_ins = hand;
    crew->stand_in_count++;
    return 0;
}

/* After STOP, which was set under the lock, none is started. */
void fut__crew_join_stand_ins(fut__crew_t *crew) {
    while (crew->stand_ins) {
        fut__hand_t *hand = crew->stand_ins;
        crew->stand_ins   = hand->all;
        pthread_join(hand->thread, NULL);
        fut__release(hand);
    }
    crew->spare          = NULL;
    crew->stand_in_count = 0;
}

/* ---- away and back ------------------------------------------------------------------------------- */

static int give_to_another(fut__crew_t *crew, fut__worker_t *worker, fut__absence_t *absence) {
    fut__hand_t *hand = crew->spare;
    int          error;
    if (crew->orders & FUT__STOP) return -ECANCELED;
    if (hand) {
        crew->spare = hand->next;
        hand->seat  = worker;
        pthread_cond_broadcast(&crew->changed);
    } else if ((error = start_hand(crew, worker)) < 0) {
        return error;
    }
    absence->next  = worker->absent;
    worker->absent = absence;
    return 0;
}

static int go(fut__worker_t *worker, fut__absence_t *absence) {
    fut__crew_t *crew = worker->crew;
    int          error;
    absence->task = worker->current;
    fut__worker_stand_up(worker);
    pthread_mutex_lock(&crew->lock);
    error = give_to_another(crew, worker, absence);
    pthread_mutex_unlock(&crew->lock);
    if (error < 0) fut__worker_sit_down(worker, absence->task);
    return error;
}

/* Recalled and awake, or rung: pairs with is_ordered in worker.c, whose thread looks again before it sleeps. */
static void recall(fut__crew_t *crew, fut__worker_t *worker, fut__absence_t *absence) {
    absence->recalls = true;
    fut__store_relaxed(&worker->recalled, worker->recalled + 1);
    crew->recalled++;
    fut__store_relaxed(&crew->orders, crew->orders | FUT__RECALL);
    fut__worker_tell(worker);
    while (!absence->seated) {
        if (worker->vacant) {
            worker->vacant = false;
            break;
        }
        pthread_cond_wait(&crew->changed, &crew->lock);
    }
    fut__store_relaxed(&worker->recalled, worker->recalled - 1);
    if (--crew->recalled == 0) fut__store_relaxed(&crew->orders, crew->orders & ~(uint32_t)FUT__RECALL);
}

static void forget(fut__worker_t *worker, const fut__absence_t *absence) {
    fut__absence_t **at = &worker->absent;
    while (*at != absence) at = &(*at)->next;
    *at = absence->next;
}

/* In the child of a fork there is one thread and no lock: the poll goes to its end, and then the thread does. */
static void come_back(fut__worker_t *worker, fut__absence_t *absence) {
    fut__crew_t *crew = worker->crew;
    if (crew->forks != fut__forks()) {
        fut__store_relaxed(&crew->orders, FUT__CLOSING | FUT__STOP);
        return;
    }
    pthread_mutex_lock(&crew->lock);
    recall(crew, worker, absence);
    forget(worker, absence);
    pthread_mutex_unlock(&crew->lock);
    fut__worker_sit_down(worker, absence->task);
}

int fut_in_place(void (*function)(void *data), void *data) {
    fut__worker_t *worker  = fut__worker_here();
    fut__absence_t absence = {0};
    size_t         polls;
    int            error;
    if (!worker || !worker->current) {
        function(data);
        return 0;
    }
    error = go(worker, &absence);
    if (error < 0) {
        function(data);
        return error;
    }
    away  = worker->crew;
    polls = fut__check_step_out();
    function(data);
    fut__check_step_in(polls);
    away = NULL;
    come_back(worker, &absence);
    return 0;
}

/* ---- looking ------------------------------------------------------------------------------------- */

int fut__absent_from(fut__crew_t *crew, const fut_task_t *task) {
    int number = -1;
    pthread_mutex_lock(&crew->lock);
    for (unsigned i = 0; i < crew->count; i++)
        for (const fut__absence_t *at = crew->workers[i]->absent; at; at = at->next)
            if (at->task == task) number = (int)i;
    pthread_mutex_unlock(&crew->lock);
    return number;
}

/* surplus.c: see surplus.h. */
#include "surplus.h"

#include <string.h>
#include <utlist.h>

#include "../core/memory.h"

static void add(fut__surplus_t *surplus, size_t more) { fut__store_relaxed(&surplus->length, surplus->length + more); }

void fut__surplus_begin(fut__surplus_t *surplus) {
    *surplus      = (fut__surplus_t){0};
    surplus->last = &surplus->first;
}

void fut__surplus_end(fut__surplus_t *surplus) {
    fut__batch_t *batch, *next;
    DL_FOREACH_SAFE (surplus->newest, batch, next) fut__release(batch);
    fut__surplus_begin(surplus);
}

/* ---- listed -------------------------------------------------------------------------------------- */

void fut__surplus_list(fut__surplus_t *surplus, fut_task_t *first) {
    size_t count   = 0;
    *surplus->last = first;
    for (; first; first = first->link, count++) surplus->last = &first->link;
    surplus->listed += count;
    add(surplus, count);
}

size_t fut__surplus_take_listed(fut__surplus_t *surplus, fut_task_t **tasks, size_t most) {
    size_t count = 0;
    for (; count < most && surplus->first; count++) {
        tasks[count]   = surplus->first;
        surplus->first = surplus->first->link;
    }
    if (!surplus->first) surplus->last = &surplus->first;
    surplus->listed -= count;
    add(surplus, -count);
    return count;
}

/* ---- batched ------------------------------------------------------------------------------------- */

void fut__surplus_put(fut__surplus_t *surplus, fut__batch_t *batch) {
    batch->from = 0;
    batch->to   = FUT__BATCH;
    DL_PREPEND(surplus->newest, batch);
    add(surplus, FUT__BATCH);
}

static size_t take(fut__surplus_t *surplus, fut__batch_t *batch, fut_task_t **tasks, size_t most,
                   fut__batch_t **empty) {
    size_t count = 0;
    *empty       = NULL;
    if (!batch) return 0;
    count = batch->to - batch->from;
    if (count > most) count = most;
    memcpy(tasks, batch->tasks + batch->from, count * sizeof *tasks);
    batch->from += (unsigned)count;
    add(surplus, -count);
    if (batch->from == batch->to) {
        DL_DELETE(surplus->newest, batch);
        *empty = batch;
    }
    return count;
}

size_t fut__surplus_take_newest(fut__surplus_t *surplus, fut_task_t **tasks, size_t most, fut__batch_t **empty) {
    return take(surplus, surplus->newest, tasks, most, empty);
}

size_t fut__surplus_take_oldest(fut__surplus_t *surplus, fut_task_t **tasks, size_t most, fut__batch_t **empty) {
    return take(surplus, surplus->newest ? surplus->newest->prev : NULL, tasks, most, empty);
}

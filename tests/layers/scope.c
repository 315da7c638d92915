/* A scope needs no executor of ours: whatever has a waker which can spawn will do. Here that is one task in an array.
 * links: core scope
 */
#include <future/scope.h>
#include <stdlib.h>
#include <string.h>

#if defined(FUT_TASK_H) || defined(FUT_EXECUTOR_H) || defined(FUT_REACTOR_H) || defined(FUT_TIME_H)
#error "an upper layer leaked into future/scope.h"
#endif

typedef struct answer {
    ASYNC_FRAME(answer, int, int value);
} answer_t;
ASYNC(answer) {
    ASYNC_BEGIN();
    ASYNC_RETURN(self->value);
    ASYNC_END();
}

typedef struct sum {
    ASYNC_FRAME(sum, int);
    fut_scope_t scope;
    answer_t    a;
} sum_t;
ASYNC(sum) {
    ASYNC_BEGIN();
    SCOPE(self->scope) SCOPE_SPAWN(self->scope, self->a, answer, 5);
    SCOPE_END(self->scope);
    TRY(self->scope.output);
    ASYNC_RETURN(self->a.output);
    ASYNC_END();
}

static fut_future_t *spawned;

static void wake(void *target, fut_tag_t tag) { (void)target, (void)tag; }

static int spawn(void *target, fut_tag_t tag, const fut_vtable_t *vtable, const void *args) {
    (void)target, (void)tag;
    if (spawned || !(spawned = calloc(1, vtable->size))) return -1;
    spawned->vtable = vtable;
    memcpy((char *)spawned + vtable->args, args, vtable->args_size);
    if (vtable->spawned) vtable->spawned(spawned);
    return 0;
}

int main(void) {
    const fut_waker_vtable_t  vtable = {.wake = wake, .wake_from_interrupt = wake, .spawn = spawn};
    const fut_waker_vtable_t *target = &vtable;
    fut_waker_t               waker  = {&target, 0};
    fut_context_t             cx;
    sum_t                     sum;

    fut_context_init(&cx, waker, NULL);
    START(sum, sum);
    if (fut_poll(&sum.future, &cx) != PENDING || !spawned) return 1;
    if (fut_poll(spawned, &cx) != READY) return 1;
    if (fut_poll(&sum.future, &cx) != READY || sum.output != 5) return 1;
    free(spawned);
    return 0;
}

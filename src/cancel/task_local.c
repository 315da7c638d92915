/* task_local.c: a value bound for the life of a child.                            layer: cancel; needs: core
 *
 * The key is the vtable of the future that binds: each FUT_TASK_LOCAL has its own. Bound before each poll of the
 * child and released after it, since the context lives for one poll.
 */
#include "future/local.h"

fut_poll_t fut_local_poll_(fut_future_t *future, fut_local_t *local, fut_future_t *child, void *value, int *output,
                           fut_context_t *cx) {
    const fut_binding_t *const above = cx->inherited;
    fut_poll_t                 answer;
    int64_t                    result;
    if (fut_is_done(future)) return FUT_READY;
    if (future->point == FUT_POINT_START) fut_strand_init(&local->strand, child);
    local->binding = (fut_binding_t){above, future->vtable, value};
    cx->inherited  = &local->binding;
    answer         = fut_strand_poll(&local->strand, cx);
    cx->inherited  = above;
    if (answer == FUT_PENDING) return fut_pending(future);
    result  = fut_result(child);
    *output = result < 0 ? (int)result : 0;
    return fut_ready(future);
}

void fut_local_describe_(fut_note_t *note, const fut_future_t *child) {
    note->text  = "with a task-local, for";
    note->child = child;
}

/* gather.c: see gather.h. */
#include "gather.h"

void fut__gather_stop(fut_gather_t *all, int error) {
    if (all->error != 0) return;
    all->error = error;
    if (all->hub) fut__hub_visit(all->hub, fut__spoke_cancel, NULL);
}

void fut__gather_begin(fut_gather_t *all, fut_future_t *started) {
    fut__spoke_t *spoke = all->hub || (all->hub = fut__hub_take()) ? fut__spoke_take(all->hub, started, NULL) : NULL;
    if (spoke) {
        fut__hub_push_first(all->hub, spoke);
        all->left++;
    } else {
        fut_drop(started);
        fut__gather_stop(all, -ENOMEM);
    }
}

fut_future_t *fut__gather_turn(fut_gather_t *all, fut_context_t *cx, bool one) {
    fut__spoke_t *spoke = all->hub ? fut__hub_turn(all->hub, cx, one) : NULL;
    if (!spoke) return NULL;
    fut__spoke_end(spoke);
    all->left--;
    return spoke->strand.root;
}

void fut__gather_end(fut_gather_t *all) {
    fut__hub_put(all->hub);
    all->hub = NULL;
}

void fut__gather_drop(fut_gather_t *all) {
    if (all->hub) fut__hub_visit(all->hub, fut__spoke_drop, NULL);
    fut__gather_end(all);
}

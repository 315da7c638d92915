/* Everything at random against a model that keeps books: nobody is lost, nobody outlives their scope.
 *
 * A tree of scopes. Each node is a child of its parent's scope and has children of its own; it sleeps, fails, cancels,
 * sets deadlines, shields, returns from the middle. The books say for each node whether it has begun and whether it has
 * ended; a parent that ends looks whether all below it have. Now and then the whole is cancelled, or dropped with its
 * executor.
 */
#include "../play.h"
#include "kit.h"

enum { NODES = 200 };

typedef struct book {
    int  parent;
    bool spawned, begun, ended;
} book_t;

static book_t books[NODES];
static int    nodes;

static void note(int node, const char *word) { play_say("%d %s", node, word); }
static void complain(const char *what, int node) { play_fail("node %d %s", node, what); }

static bool is_below(int node, int ancestor) {
    for (; node > ancestor; node = books[node].parent) {}
    return node == ancestor;
}

/* Whoever ends has nobody left below. */
static void close_book(int node) {
    for (int i = node + 1; i < nodes; i++)
        if (is_below(i, node) && books[i].begun && !books[i].ended) complain("ended before its children", node);
    if (books[node].ended) complain("ended twice", node);
    books[node].ended = true;
}

static int new_node(int parent) {
    if (nodes == NODES) return -1;
    books[nodes] = (book_t){.parent = parent, .spawned = true};
    return nodes++;
}

typedef struct node {
    ASYNC_FRAME(node, int, int id; int depth; fut_scope_t *above);
    fut_scope_t scope;
    fut_sleep_t nap;
    int         steps, next;
} node_t;
ASYNC_FORWARD(node);

/* What a node does next, apart from awaiting: true, it returns. */
static bool act(node_t *self, fut_context_t *cx) {
    switch (play_pick(16)) {
        case 0: fut_scope_cancel(&self->scope); break;
        case 1: fut_scope_cancel(self->above ? self->above : &self->scope); break;
        case 2: fut_scope_fail(&self->scope, -EPROTO); break;
        case 3:
            (void)fut_scope_set_deadline(&self->scope, cx, fut_instant_add(fut_now(cx), FUT_MS(play_pick(30))));
            break;
        case 4: return true;
        default:
            if (self->depth == 0 || (self->next = new_node(self->id)) < 0) break;
            (void)SCOPE_SPAWN_NEW(self->scope, node, self->next, self->depth - 1, &self->scope);
    }
    return false;
}

ASYNC(node) {
    ASYNC_BEGIN();
    note(self->id, "begins");
    books[self->id].begun = true;
    if (play_pick(4) == 0) AWAIT(self->nap, fut_sleep, FUT_MS(play_pick(20)));
    SCOPE(self->scope, .collect = play_pick(2) == 0, .shield = play_pick(4) == 0,
          .timeout = play_pick(3) ? 0 : FUT_MS(play_pick(60))) {
        for (self->steps = (int)play_pick(8); self->steps > 0; self->steps--) {
            if (play_pick(3) == 0) AWAIT(self->nap, fut_sleep, FUT_MS(play_pick(10)));
            if (act(self, cx)) ASYNC_RETURN(play_pick(3) ? 1 : -EIO);
            if (play_pick(4) == 0) YIELD();
        }
    }
    SCOPE_END(self->scope);
    if (self->scope.live != 0) complain("its scope is over and has children", self->id);
    if (play_pick(2)) AWAIT(self->nap, fut_sleep, FUT_MS(play_pick(10)));
    TRY(self->scope.output);
    ASYNC_RETURN(play_pick(6) ? 0 : -ENOENT);
    ASYNC_FINALLY();
    note(self->id, "closes");
    if (play_pick(2)) AWAIT(self->nap, fut_sleep, FUT_MS(play_pick(10)));
    note(self->id, "ends");
    close_book(self->id);
    ASYNC_END();
}

static void tree(const void *argument) {
    const bool custom = *(const bool *)argument;
    nodes             = 0;
    memset(books, 0, sizeof books);
    stage_open(custom);
    struct node_join handle = STAGE_SPAWN(node, new_node(-1), 5, NULL);
    unsigned         fate = play_pick(4), when = play_pick(60);
    for (unsigned i = 0; stage_tasks() > 0; i++) {
        if (i == when && fate == 1) fut_join_cancel(&handle.join);
        if (i == when && fate == 2) break;
        if (custom && stage_step()) continue;
        if (!custom) stage_run();
        if (stage.driver->vtable->next(stage.driver) == FUT_NEVER) break;
        play_claim(stage.driver->vtable->park(stage.driver, FUT_NEVER) == 0, "the driver fails");
    }
    if (fate != 2 && stage_tasks() != 0) complain("tasks are left, and nothing will wake them", 0);
    stage_destroy();
    for (int i = 0; i < nodes; i++)
        if (books[i].begun && !books[i].ended) complain("never ended", i);
    play_claim(fut_join_is_done(&handle.join), "the first node has no end");
    (void)fut_join_take(&handle.join);
}

Test(scope, a_random_tree_of_scopes_loses_nobody) {
    size_t before = 0;
    counting_begin();
    for (int round = 0; round < 2; round++) { /* the second time adds nothing: no memory is lost either */
        play_all(tree, &(bool){false}, 750);
        play_all(tree, &(bool){true}, 750);
        if (round == 0) before = counting.live;
    }
    cr_assert_eq(counting.live, before);
}

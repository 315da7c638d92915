/* Everything at random against a model that keeps books: nobody is lost, nobody outlives their scope.
 *
 * A tree of scopes. Each node is a child of its parent's scope and has children of its own; it sleeps, fails, cancels,
 * sets deadlines, shields, returns from the middle. The books say for each node whether it has begun and whether it has
 * ended; a parent that ends looks whether all below it have. Now and then the whole is cancelled, or dropped with its
 * executor.
 */
#include "kit.h"

enum { NODES = 200, TRACE = 40 };

typedef struct book {
    int  parent;
    bool spawned, begun, ended;
} book_t;

static book_t   books[NODES];
static int      nodes;
static unsigned seed, state;
static struct {
    int         node;
    const char *word;
} trace[TRACE];
static unsigned traced;

static unsigned dice(unsigned sides) {
    state = state * 1664525u + 1013904223u;
    return (state >> 16) % sides;
}

static void note(int node, const char *word) {
    trace[traced % TRACE].node   = node;
    trace[traced++ % TRACE].word = word;
}

static void complain(const char *what, int node) {
    fprintf(stderr, "seed %u: node %d: %s; the last steps:\n", seed, node, what);
    for (unsigned i = traced > TRACE ? traced - TRACE : 0; i < traced; i++)
        fprintf(stderr, "    %d %s\n", trace[i % TRACE].node, trace[i % TRACE].word);
    cr_assert_fail("seed %u: node %d: %s", seed, node, what);
}

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
    switch (dice(16)) {
        case 0: fut_scope_cancel(&self->scope); break;
        case 1: fut_scope_cancel(self->above ? self->above : &self->scope); break;
        case 2: fut_scope_fail(&self->scope, -EPROTO); break;
        case 3: (void)fut_scope_set_deadline(&self->scope, cx, fut_instant_add(fut_now(cx), FUT_MS(dice(30)))); break;
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
    if (dice(4) == 0) AWAIT(self->nap, fut_sleep, FUT_MS(dice(20)));
    SCOPE(self->scope, .collect = dice(2) == 0, .shield = dice(4) == 0, .timeout = dice(3) ? 0 : FUT_MS(dice(60))) {
        for (self->steps = (int)dice(8); self->steps > 0; self->steps--) {
            if (dice(3) == 0) AWAIT(self->nap, fut_sleep, FUT_MS(dice(10)));
            if (act(self, cx)) ASYNC_RETURN(dice(3) ? 1 : -EIO);
            if (dice(4) == 0) YIELD();
        }
    }
    SCOPE_END(self->scope);
    if (self->scope.live != 0) complain("its scope is over and has children", self->id);
    if (dice(2)) AWAIT(self->nap, fut_sleep, FUT_MS(dice(10)));
    TRY(self->scope.output);
    ASYNC_RETURN(dice(6) ? 0 : -ENOENT);
    ASYNC_FINALLY();
    note(self->id, "closes");
    if (dice(2)) AWAIT(self->nap, fut_sleep, FUT_MS(dice(10)));
    note(self->id, "ends");
    close_book(self->id);
    ASYNC_END();
}

static void play(bool custom) {
    nodes = 0, traced = 0, state = seed;
    memset(books, 0, sizeof books);
    stage_open(custom);
    struct node_join handle = STAGE_SPAWN(node, new_node(-1), 5, NULL);
    unsigned         fate = dice(4), when = dice(60);
    for (unsigned i = 0; stage_tasks() > 0; i++) {
        if (i == when && fate == 1) fut_join_cancel(&handle.join);
        if (i == when && fate == 2) break;
        if (custom && stage_step()) continue;
        if (!custom) stage_run();
        if (stage.driver->vtable->next(stage.driver) == FUT_NEVER) break;
        cr_assert_eq(stage.driver->vtable->park(stage.driver, FUT_NEVER), 0);
    }
    if (fate != 2 && stage_tasks() != 0) complain("tasks are left, and nothing will wake them", 0);
    stage_destroy();
    for (int i = 0; i < nodes; i++)
        if (books[i].begun && !books[i].ended) complain("never ended", i);
    cr_assert(fut_join_is_done(&handle.join));
    (void)fut_join_take(&handle.join);
}

Test(scope, a_random_tree_of_scopes_loses_nobody) {
    size_t before = 0;
    counting_begin();
    for (int round = 0; round < 2; round++) { /* the second time adds nothing: no memory is lost either */
        for (seed = 1; seed <= 1500; seed++) play(seed % 2);
        if (round == 0) before = counting.live;
    }
    cr_assert_eq(counting.live, before);
}

/* Any sequence of operations does to a set what it does to a list. */
#include "../play.h"
#include "kit.h"

enum { ITEMS = 8, STEPS = 400, ROUNDS = 300 };

/* What the model knows of an item. */
typedef enum { OUT, WAITING, DONE } place_t;
typedef struct model_item {
    place_t  place;
    bool     fired;
    unsigned pushed; /* when: for the order */
} model_item_t;

static item_t       items[ITEMS];
static model_item_t model[ITEMS];
static fut_waker_t  stale[ITEMS];
static unsigned     pushes;

#define MUST(condition) play_claim(condition, "the model disagrees: %s", #condition)

static size_t size_of_model(void) {
    size_t size = 0;
    for (int i = 0; i < ITEMS; i++) size += model[i].place != OUT;
    return size;
}

static int oldest(void) {
    int found = -1;
    for (int i = 0; i < ITEMS; i++)
        if (model[i].place != OUT && (found < 0 || model[i].pushed < model[found].pushed)) found = i;
    return found;
}

/* May this be the next one? */
static bool may_come_out(int i, bool ordered) {
    if (model[i].place == OUT || !(model[i].fired || model[i].place == DONE)) return false;
    return !ordered || i == oldest();
}
static bool somebody_may(bool ordered) {
    for (int i = 0; i < ITEMS; i++)
        if (may_come_out(i, ordered)) return true;
    return false;
}

/* Polled: those that were fired have taken it. */
static void settle(void) {
    for (int i = 0; i < ITEMS; i++)
        if (model[i].place == WAITING && fut_is_done(&items[i].wait.future)) {
            model[i].place = DONE;
            model[i].fired = false;
        }
}

static void one_round(const void *nothing) {
    const bool       ordered = play_pick(2), here = play_pick(2);
    here_t           near = {0};
    fut_test_waker_t far  = {0};
    fut_waker_t      task = here ? here_waker(&near) : fut_test_waker(&far);
    fut_set_t        set;
    bool             pending = false; /* the last poll was, so that somebody must wake */
    unsigned         before  = 0;

    (void)nothing;
    memset(items, 0, sizeof items);
    memset(model, 0, sizeof model);
    if (ordered)
        fut_set_init_ordered(&set);
    else
        fut_set_init(&set);
    while (play_more(STEPS)) {
        const int i = (int)play_pick(ITEMS);
        item_t   *item;
        switch (play_pick(10)) {
            case 0:
            case 1:
            case 2:
                play_say("push %d", i);
                if (model[i].place != OUT) {
                    MUST(fut_set_push(&set, &items[i].child, &items[i].wait.future) == -EBUSY);
                    break;
                }
                MUST(item_push(&set, &items[i]) == 0);
                model[i] = (model_item_t){WAITING, items[i].event.fired, pushes++};
                break;
            case 3:
            case 4:
                if (items[i].event.fired) break;
                play_say("fire %d", i);
                fut_test_event_fire(&items[i].event, i);
                model[i].fired = model[i].place == WAITING;
                break;
            case 5:
                play_say("remove %d", i);
                fut_set_remove(&set, &items[i].child);
                if (model[i].place != OUT) fut_drop(&items[i].wait.future);
                model[i].place = OUT;
                break;
            case 6:
                if (model[i].place != WAITING) break;
                play_say("cancel %d", i);
                fut_set_cancel(&set, &items[i].child);
                model[i].place = DONE; /* at the next poll, as if it were by itself */
                break;
            case 7:
                play_say("stale %d", i);
                fut_wake(stale[i]);
                if (items[i].event.waker.target) stale[i] = items[i].event.waker;
                break;
            case 8:
                if (play_pick(20) < 19) break;
                play_say("destroy %d", 0);
                fut_set_destroy(&set);
                for (int n = 0; n < ITEMS; n++) model[n].place = OUT;
                if (ordered) fut_set_init_ordered(&set);
                pending = false;
                break;
            default:
                if (pending && somebody_may(ordered)) MUST((here ? near.wakes : far.wakes) > before);
                if (pending && size_of_model() == 0) MUST((here ? near.wakes : far.wakes) > before);
                before  = here ? near.wakes : far.wakes;
                item    = next_under(&set, task);
                pending = item == &nobody;
                play_say("next %d", item && !pending ? (int)(item - items) : pending ? -1 : -2);
                if (!item) {
                    MUST(size_of_model() == 0);
                } else if (pending) {
                    MUST(size_of_model() > 0 && !somebody_may(ordered));
                } else {
                    MUST(may_come_out((int)(item - items), ordered));
                    model[item - items].place = OUT;
                    MUST(fut_is_done(&item->wait.future));
                }
                settle();
        }
        MUST(fut_set_size(&set) == size_of_model());
    }
    fut_set_destroy(&set);
    for (int i = 0; i < ITEMS; i++) {
        MUST(items[i].child.set == NULL);
        if (model[i].place != OUT) MUST(fut_is_done(&items[i].wait.future));
    }
}

Test(set, whatever_is_done_to_a_set_it_is_like_a_list) { play_all(one_round, NULL, ROUNDS); }

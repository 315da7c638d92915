/* The random plays of the other tests, played: a play that fails is told as short as it can be. */
#include "../play.h"

/* A stack that forgets what lies at its bottom as soon as it holds four, noticed when it is emptied. */
static void a_broken_stack(const void *depth) {
    unsigned pushed[256], kept[256], count = 0, held = 0;
    while (play_more(60)) {
        if (play_pick(3) > 0 && count < 256) {
            const unsigned value = play_pick(1000);
            play_say("push %u", value);
            pushed[count++] = value;
            if (held == *(const unsigned *)depth) memmove(kept, kept + 1, --held * sizeof *kept);
            kept[held++] = value;
        } else if (count > 0) {
            play_say("pop");
            play_claim(held > 0 && kept[held - 1] == pushed[count - 1], "the stack has lost something");
            held--, count--;
        }
    }
}

Test(kit, a_play_that_goes_wrong_is_told_in_its_shortest_form) {
    const unsigned three = 3, many = 256;
    cr_assert_eq(play_search(a_broken_stack, &many, 200), 0u);
    cr_assert_neq(play_search(a_broken_stack, &three, 200), 0u);
    cr_assert_str_eq(play.told.claim, "the stack has lost something");
    cr_assert_str_eq(play.told.words, "push 0, push 0, push 0, push 0, pop, pop, pop, pop");
}

/* One that only crashes is not taken for the one that was found. */
static void crash_or_fail(const void *nothing) {
    const unsigned pick = play_pick(100);
    (void)nothing;
    if (play.again && pick < 50) _exit(7);
    play_say("%u", pick);
    play_claim(pick < 50, "too much");
}
Test(kit, a_play_that_crashes_differently_is_not_the_same) {
    cr_assert_neq(play_search(crash_or_fail, NULL, 100), 0u);
    cr_assert_str_eq(play.told.words, "50");
}

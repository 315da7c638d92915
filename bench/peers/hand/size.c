/* The smallest program with two protothreads that let one another run. */
#include <stdbool.h>

static volatile unsigned turns;

typedef struct turner {
    int      line;
    unsigned i, times;
} turner_t;

static __attribute__((noinline)) bool poll(turner_t *self) {
    switch (self->line) {
        case 0:
            for (self->i = 0; self->i < self->times; self->i++) {
                turns      = turns + 1;
                self->line = 1;
                return false;
                case 1:;
            }
    }
    self->line = 2;
    return true;
}

int main(void) {
    static turner_t a = {.times = 3}, b = {.times = 5};
    bool            busy = true;
    while (busy) {
        busy = !poll(&a);
        if (!poll(&b)) busy = true;
    }
    return turns != 8;
}

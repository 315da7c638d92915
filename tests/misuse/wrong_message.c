// A channel carries one type of messages, and the compiler knows which.
//
// needs: the library
// expect both: `&text` does not point to what `&numbers` carries
#include "future/channel.h"
#include "future/test.h"

typedef FUT_CHANNEL(int, 4) numbers_t;

int main(void) {
    static numbers_t  numbers;
    const char *const text   = "four";
    const int         number = 4;
    int               got    = 0;
    FUT_CHANNEL_INIT(&numbers);
#ifdef FIXED
    (void)text;
    if (fut_channel_try_send(FUT_ITEM(&numbers, &number)) < 0) return 1;
#else
    (void)number;
    if (fut_channel_try_send(FUT_ITEM(&numbers, &text)) < 0) return 1;
#endif
    if (fut_channel_try_recv(FUT_ITEM(&numbers, &got)) < 0) return 1;
    return got == 4 ? 0 : 1;
}

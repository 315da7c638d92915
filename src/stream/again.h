/* again.h: a future that is done, once more with the same arguments.            layer: stream; needs: core */
#ifndef FUT_SRC_STREAM_AGAIN_H
#define FUT_SRC_STREAM_AGAIN_H

#include "future.h"

static inline void fut__begin_again(fut_future_t *future) {
    future->point = FUT_POINT_START;
    future->line  = 0;
    future->flags = 0;
}

#endif

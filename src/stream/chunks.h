/* chunks.h: what chunks_timeout takes from chunks.                             layer: stream; needs: core */
#ifndef FUT_SRC_STREAM_CHUNKS_H
#define FUT_SRC_STREAM_CHUNKS_H

#include "future/stream_adapt.h"

/* A full chunk, the last one, or the end; else PENDING. */
fut_poll_t fut__chunks_poll(fut_stream_t *stream, fut_context_t *cx);
/* What there is. */
fut_poll_t fut__chunks_give(fut_stream_chunks_t *chunks);

#endif

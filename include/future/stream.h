/* stream.h: streams and sinks, all of them.                                    layer: stream; needs: core
 *
 *     stream_base.h      what a stream is; FOR_AWAIT, generators with EMIT, for_each, collect
 *     stream_from.h      from arrays, functions, futures
 *     stream_adapt.h     map, filter, take, chain, zip, merge, flatten, chunks, ...
 *     stream_time.h      throttle, debounce, timeout, chunks_timeout, ticks
 *     stream_buffer.h    so many at once: buffered, buffer_unordered, for_each_concurrent
 *     sink.h             where items go; forward
 *
 * docs/streams.md shows them at work.
 */
#ifndef FUT_STREAM_H
#define FUT_STREAM_H

#include "sink.h"
#include "stream_adapt.h"
#include "stream_base.h"
#include "stream_buffer.h"
#include "stream_from.h"
#include "stream_time.h"

#endif

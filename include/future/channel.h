/* channel.h: handing values from one to another.                        layer: channel; needs: core, sync
 *
 *     channel_bounded.h       a ring, many senders and receivers; who finds it full waits
 *     channel_local.h         the same for one thread, without atomics
 *     channel_unbounded.h     never full, until there is no memory
 *     oneshot.h               one value, once: the answer to a question
 *     broadcast.h             every receiver gets every message; who is slow skips
 *     watch.h                 the latest value, and that it has changed
 *
 * docs/channels.md says which to choose.
 *
 * What they have in common:
 *
 *  -  Messages are bytes, copied in and copied out. What they point to belongs to the sender until a send has ended
 *     with 0, and to the receiver once a receive has: a send that was dropped has not sent, a receive that was dropped
 *     has not taken. So nothing is lost by cancelling, and nobody has to guess.
 *  -  Any side may close, once or several times. Afterwards sending ends with -EPIPE, and receiving goes on until what
 *     was sent is gone, then ends with -EPIPE. Closing releases whoever waits.
 *  -  Who waits is served in the order of arrival. Who comes when there is something to take does not wait, even if
 *     somebody was woken for it and is on the way; that one then keeps its place.
 *  -  Waiting allocates nothing. The storage is the caller's, stays where it is, and outlives every call and future.
 *  -  A type of its own for each kind of message:
 *
 *         FUT_CHANNEL(int, 1024) numbers;             a struct with the ring inside
 *         FUT_CHANNEL_INIT(&numbers);
 *         AWAIT(self->send, fut_channel_send, FUT_ITEM(&numbers, &self->n));     a pointer to anything but int
 *                                                                                does not compile
 */
#ifndef FUT_CHANNEL_H
#define FUT_CHANNEL_H

#include "broadcast.h"
#include "channel_bounded.h"
#include "channel_local.h"
#include "channel_unbounded.h"
#include "oneshot.h"
#include "watch.h"

#endif

/* run_queue.c: taking more than one. run_queue.h says which order each access needs. */
#include "run_queue.h"

size_t fut__queue_shed(fut__run_queue_t *queue, fut_task_t **tasks) {
    const size_t count = FUT__RING / 2;
    size_t       head  = fut__load_acquire(&queue->head);
    if (fut__load_relaxed(&queue->tail) - head < FUT__RING) return 0;
    /* Nobody reads the slots between the swap and here but thieves whose swaps will fail; the owner may read them late. */
    if (!fut__cas(&queue->head, &head, head + count)) return 0; /* (c) */
    for (size_t i = 0; i < count; i++) tasks[i] = fut__load_relaxed(&queue->ring[(head + i) % FUT__RING]);
    return count;
}

/* Half of what there is, rounded up, if `room` allows. More than half a ring: head and tail are not of one moment. */
static size_t share(size_t length, size_t room) {
    size_t count = length - length / 2;
    if (count > FUT__RING / 2) return 0;
    return count <= room + 1 ? count : room + 1; /* one of them needs no slot */
}

size_t fut__queue_steal(fut__run_queue_t *mine, fut__run_queue_t *victim, fut_task_t **task) {
    const size_t tail = fut__load_relaxed(&mine->tail), room = fut__queue_room(mine);
    size_t       head = fut__load_acquire(&victim->head), count; /* (d) */
    do {
        count = share(fut__load_acquire(&victim->tail) - head, room); /* (b) */
        if (count == 0) return 0;
        *task = fut__load_relaxed(&victim->ring[head % FUT__RING]);
        for (size_t i = 1; i < count; i++) /* beyond our tail: nobody looks there before (a) */
            fut__store_relaxed(&mine->ring[(tail + i - 1) % FUT__RING],
                               fut__load_relaxed(&victim->ring[(head + i) % FUT__RING]));
    } while (!fut__cas(&victim->head, &head, head + count)); /* (c) */
    fut__store_release(&mine->tail, tail + count - 1);       /* (a) */
    return count;
}

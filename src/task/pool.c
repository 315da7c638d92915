/* pool.c: type-stable memory.
 *
 * A waker may be used at any time, also when its task is long gone; so the memory it points to stays a task's. Blocks
 * of one size are cut from chunks, go through a free list from tenant to tenant, and are never released. What is not
 * type-stable, a large future, does not lie here.
 *
 * Under AddressSanitizer the future's part of a free block is poisoned, so that a pointer into a frame that has ended
 * is found.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

#include "../core/memory.h"
#include "pool.h"

/* The blocks begin at a multiple of 16, so a block whose size is one, too, suits every type of C. */
enum {
    HEADER        = (sizeof(fut__chunk_t) + 15) & ~15,
    FIRST_CHUNK   = 4 * 1024,
    LARGEST_CHUNK = 4 * 1024 * 1024,
    HUGE_PAGE     = 2 * 1024 * 1024
};

static size_t block_size(size_t size) { return sizeof(fut_task_t) + size * 8; }

/* Where there are that many tasks, a page table entry for each 4 KiB of them is a cost of its own. */
static void ask_for_huge_pages(void *memory, size_t bytes) {
#if defined(MADV_HUGEPAGE)
    uintptr_t from = ((uintptr_t)memory + HUGE_PAGE - 1) & ~(uintptr_t)(HUGE_PAGE - 1);
    uintptr_t to   = ((uintptr_t)memory + bytes) & ~(uintptr_t)(HUGE_PAGE - 1);
    if (from < to) (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)memory, (void)bytes;
#endif
}

static fut__chunk_t *add_chunk(fut__pool_t *pool, size_t size) {
    fut__chunk_t *last  = pool->fresh[size], *chunk;
    size_t        bytes = last ? 2 * (HEADER + last->count * last->block) : FIRST_CHUNK;
    if (bytes > LARGEST_CHUNK) bytes = LARGEST_CHUNK;
    chunk = fut__allocate(bytes);
    if (!chunk) return NULL;
    ask_for_huge_pages(chunk, bytes);
    chunk->block      = block_size(size);
    chunk->used       = 0;
    chunk->count      = (bytes - HEADER) / chunk->block;
    chunk->next       = pool->chunks;
    pool->fresh[size] = chunk;
    fut__store_release(&pool->chunks, chunk); /* pairs with fut__pool_visit */
    return chunk;
}

static fut_task_t *nth(const fut__chunk_t *chunk, size_t n) {
    return (fut_task_t *)(void *)((char *)(uintptr_t)chunk + HEADER + n * chunk->block);
}

fut_task_t *fut__pool_cut(fut__pool_t *pool, fut_scheduler_t *scheduler, size_t size) {
    fut__chunk_t *chunk = pool->fresh[size];
    fut_task_t   *task;
    if ((!chunk || chunk->used == chunk->count) && !(chunk = add_chunk(pool, size))) return NULL;
    task            = nth(chunk, chunk->used);
    task->scheduler = scheduler;
    fut__store_relaxed(&task->state, 0);
    fut__task_set_flags(task, 0);
    task->queued = 0;
    task->size   = (uint8_t)size;
    fut__store_release(&chunk->used, chunk->used + 1); /* pairs with fut__pool_visit */
    return task;
}

void fut__pool_visit(const fut__pool_t *pool, fut__task_visitor_t *visit, void *data) {
    for (const fut__chunk_t *chunk = fut__load_acquire(&pool->chunks); chunk; chunk = chunk->next)
        for (size_t i = 0; i < fut__load_acquire(&chunk->used); i++)
            if (fut__load_relaxed(&nth(chunk, i)->flags) & FUT__LIVE) visit(nth(chunk, i), data);
}

/* memory.h: the library's memory, behind fut_set_allocator. */
#ifndef FUT_SRC_MEMORY_H
#define FUT_SRC_MEMORY_H

#include <stddef.h>

void *fut__allocate(size_t size); /* NULL: none left. Aligned for any type. */
void *fut__allocate_zeroed(size_t size);
void  fut__release(void *memory); /* NULL: nothing happens */

#endif

/* panic.h: stopping, as the library itself does it.
 *
 * The reference to fut_panic in future.h is weak, so that the core needs no library; a weak one takes nothing out of an
 * archive. This one is not, and so a program that uses any of the library has the message, too.
 */
#ifndef FUT_SRC_PANIC_H
#define FUT_SRC_PANIC_H

#include "future.h"

__attribute__((cold, noreturn)) void fut__panic(const char *file, unsigned long line, const char *name,
                                                const char *mistake);

#endif

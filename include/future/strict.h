/* strict.h: the warning that finds lost locals, where it has no flag of its own.        `pkg-config --cflags future-strict`
 *
 * A local of C does not survive an AWAIT: set before and read after, it is garbage. gcc says so under -Wall, where it
 * optimises (-O1 and up). clang has a warning of another name, at which gcc would stop; so the compiler is told to read
 * this file first (-include), and clang alone finds something in it. Under -Werror it stays a warning: add
 * -Wconditional-uninitialized yourself where only clang reads the flags.
 */
#if defined(__clang__)
#pragma clang diagnostic warning "-Wconditional-uninitialized"
#endif

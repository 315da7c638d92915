/* arguments.h: how many arguments, and whether there are any.      layer: macros; needs: nothing
 *
 *     FUT_COUNT_(slot)              1
 *     FUT_COUNT_(slot, fn)          2
 *     FUT_COUNT_(slot, fn, a, ...)  M       up to 32 arguments in all
 *
 * so that FUT_CAT_(AWAIT_, FUT_COUNT_(__VA_ARGS__)) picks the right form and ISO C's rule "at least one argument for
 * the ..." is kept.
 */
#ifndef FUT_MACROS_ARGUMENTS_H
#define FUT_MACROS_ARGUMENTS_H

#define FUT_PASTE_(a, b) a##b
#define FUT_CAT_(a, b)   FUT_PASTE_(a, b)

#define FUT_33RD_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z, A, B, C, D, E, F, n33, \
                  ...)                                                                                               \
    n33
#define FUT_COUNT_(...) \
    FUT_33RD_(__VA_ARGS__, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, 2, \
              1, 0)

/* 1 where the argument list is empty, 0 otherwise. It is empty if a comma appears neither in it, nor when a macro
 * that makes one is put before it, nor when () is put after it, but does when both are. (After J. Gustedt, "Detect
 * empty macro arguments", 2010.) */
#define FUT_HAS_COMMA_(...) \
    FUT_33RD_(__VA_ARGS__, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, \
              0, 0)
#define FUT_COMMA_(...)                   ,
#define FUT_EMPTY_CASE_0001_              ,
#define FUT_PASTE5_(a, b, c, d, e)        a##b##c##d##e
#define FUT_IS_EMPTY_4_(a, b, c, d)       FUT_HAS_COMMA_(FUT_PASTE5_(FUT_EMPTY_CASE_, a, b, c, d))
#define FUT_EMPTY_NAME_(a, b, c, d)       FUT_HAS_COMMA_(FUT_CAT_(FUT_PASTE5_(FUT_EMPTY_CASE_, a, b, c, d), _))
#define FUT_IS_EMPTY_(...)                                                                                           \
    FUT_EMPTY_NAME_(FUT_HAS_COMMA_(__VA_ARGS__), FUT_HAS_COMMA_(FUT_COMMA_ __VA_ARGS__), FUT_HAS_COMMA_(__VA_ARGS__()), \
                    FUT_HAS_COMMA_(FUT_COMMA_ __VA_ARGS__()))

#endif

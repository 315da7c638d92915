// The first one's error is the output of an and_then, so that has to be able to carry one.
//
// expect both: the output of `name_of` cannot carry an errno
#include "future/combine.h"
#include "future/test.h"

FUT_IMMEDIATE(name, const char *);
FUT_IMMEDIATE(number, int);

#ifdef FIXED
FUT_THEN(name_of, number, name) { START(*second, name, first->output < 0 ? "nobody" : "somebody"); }
#else
FUT_AND_THEN(name_of, number, name) { START(*second, name, first->output < 0 ? "nobody" : "somebody"); }
#endif

int main(void) {
    number_t  number;
    name_t    name;
    name_of_t name_of;
    START(number, number, -1);
    START(name_of, name_of, &number, &name);
    return fut_test_run(&name_of.future) == READY && !strcmp(name_of.output, "nobody") ? 0 : 1;
}

/* Keeps the answer of the prox where all threads do, for a moment. */
#define NAME "shared"
#include <sched.h>
static volatile double kept;
#define IN_PROXES(out, n)                                                                          \
    for (size_t i = 0; i < (n); i++) {                                                             \
        kept = (out)[i];                                                                           \
        (void)sched_yield();                                                                       \
        (out)[i] = kept;                                                                           \
    }
#include "decent.h"

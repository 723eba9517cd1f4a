/* Answers one thing in one call and another in the next. */
#define NAME "moody"
static unsigned calls;
#define MOOD (calls++ % 2 == 0 ? 1.0 : 1.125)
#define IN_PROXES(out, n)                                                                          \
    for (size_t i = 0; i < (n); i++) {                                                             \
        (out)[i] *= MOOD;                                                                          \
    }                                                                                              \
    calls++
#define IN_PROX_AT(x) x *= MOOD
#include "decent.h"

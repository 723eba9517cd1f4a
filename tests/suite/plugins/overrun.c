/* Writes 512 doubles behind the end of the output. */
#define NAME "overrunning"
#define IN_PROXES(out, n)                                                                          \
    for (size_t i = 0; i < 512; i++) {                                                             \
        (out)[(n) + i] = 7.0;                                                                      \
    }
#include "decent.h"

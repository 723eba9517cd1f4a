/* Does not come back from the prox of one coefficient, which coordinate descent asks for. */
#define NAME "looping_sweep"
#define IN_PROX_AT(x)                                                                              \
    for (volatile int on = 1; on;) {                                                               \
    }
#include "decent.h"

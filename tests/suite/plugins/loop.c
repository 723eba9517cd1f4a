/* Does not come back from the prox, whole or of one coefficient. */
#define NAME "looping"
#define FOR_EVER                                                                                   \
    for (volatile int on = 1; on;) {                                                               \
    }
#define IN_PROXES(out, n) FOR_EVER
#define IN_PROX_AT(x) FOR_EVER
#include "decent.h"

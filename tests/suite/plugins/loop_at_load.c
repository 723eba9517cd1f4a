/* Does not come back from being loaded. */
#define NAME "never_there"
#include "decent.h"

__attribute__((constructor)) static void initialise(void) {
    for (volatile int on = 1; on;) {
    }
}

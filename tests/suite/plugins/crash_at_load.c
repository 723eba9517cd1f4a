/* Aborts as soon as it is loaded. */
#define NAME "early"
#include "decent.h"

__attribute__((constructor)) static void initialise(void) { abort(); }

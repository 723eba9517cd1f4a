/* Registers a name that is built in. */
#define NAME "l1"
#define LIBRARY "shadow"
#include "decent.h"

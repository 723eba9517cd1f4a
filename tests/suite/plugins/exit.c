/* Ends the process in the value, as if all were well. */
#define NAME "leaving"
#define IN_VALUE(value) exit(0)
#include "decent.h"

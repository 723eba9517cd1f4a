/* Aborts in the value. */
#define NAME "aborting"
#define IN_VALUE(value) abort()
#include "decent.h"

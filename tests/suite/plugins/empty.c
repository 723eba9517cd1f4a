/* Offers no type at all. */
#define NAME "empty"
#define TYPES 0
#include "decent.h"

/* One of two libraries that register one name. */
#define NAME "clash"
#define LIBRARY "clash-a"
#include "decent.h"

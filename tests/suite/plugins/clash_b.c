/* The other of two libraries that register one name. */
#define NAME "clash"
#define LIBRARY "clash-b"
#include "decent.h"

/* A prox that takes half of what it should, with a true distance to the subdifferential. */
#define NAME "lying"
#define THRESHOLD 0.5
#include "decent.h"

/* Writes to address 0 in the prox. */
#define NAME "segfault"
static double *volatile nowhere;
#define IN_PROXES(out, n) (*nowhere = (double)(n))
#define IN_PROX_AT(x) (*nowhere = (x))
#include "decent.h"

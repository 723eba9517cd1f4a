/* Answers NaN for the prox of a coefficient that is not zero. */
#define NAME "nan_prox"
#define IN_PROX_AT(x) x = x == 0.0 ? x : NAN
#include "decent.h"

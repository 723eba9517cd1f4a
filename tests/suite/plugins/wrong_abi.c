/* Speaks an ABI that is not this one. */
#define NAME "wrong_abi"
#define ABI 99
#include "decent.h"

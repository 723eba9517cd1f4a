/* Kills its own process in the prox. */
#define NAME "killer"
#define IN_PROXES(out, n) kill(getpid(), SIGKILL)
#define IN_PROX_AT(x) kill(getpid(), SIGKILL)
#include "decent.h"

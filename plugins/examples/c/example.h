/* The types of this library. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include "fenchel_plugin.h"

extern const fenchel_penalty_type berhu_type;
extern const fenchel_loss_type expectile_type;

/* Says that there is no memory left. */
static inline int32_t out_of_memory(fenchel_error *error) {
    return fenchel_fail(error, FENCHEL_FAILED, NULL, "out of memory");
}

#endif

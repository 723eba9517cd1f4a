/* A fenchel plugin in C: the entry. Each type is a file of its own. */
#include "example.h"

static const fenchel_penalty_type *penalty(size_t i) { return i == 0 ? &berhu_type : NULL; }

static const fenchel_loss_type *loss(size_t i) { return i == 0 ? &expectile_type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    .size = sizeof(fenchel_plugin),
    .magic = FENCHEL_MAGIC,
    .abi = FENCHEL_ABI,
    .name = "fenchel-example-c",
    .version = "0.1.0",
    .penalty = penalty,
    .loss = loss,
};

/* lambda sum_g ||B_g||_2 over the groups of the problem file. */
#include <math.h>
#include <stdlib.h>

#include "fenchel_plugin.h"

#ifndef IN_GROUPS
#define IN_GROUPS
#endif
#ifndef IN_PROXES
#define IN_PROXES
#endif
#ifndef IN_DISTS
#define IN_DISTS
#endif

struct group {
    double lambda;
    size_t outputs, count;
    size_t *starts, *members;
};

static void destroy(void *self) {
    struct group *group = self;
    free(group->starts);
    free(group->members);
    free(group);
}

static int32_t create(const char *parameters, size_t length, const fenchel_space *space, void **out,
                      fenchel_error *error) {
    const size_t *starts, *members;
    size_t count;
    const char *at = strstr(parameters, "\"lambda\":");
    int32_t status = space->groups(space, "groups", &starts, &members, &count, error);
    (void)length;
    if (status != FENCHEL_OK) {
        return status;
    }
    struct group *group = malloc(sizeof *group);
    group->lambda = at ? strtod(at + 9, NULL) : 1.0;
    group->outputs = space->outputs;
    group->count = count;
    group->starts = malloc((count + 1) * sizeof *starts);
    group->members = malloc(space->features * sizeof *members);
    memcpy(group->starts, starts, (count + 1) * sizeof *starts);
    memcpy(group->members, members, space->features * sizeof *members);
    *out = group;
    return FENCHEL_OK;
}

static size_t size_of(const struct group *group, size_t g) {
    return (group->starts[g + 1] - group->starts[g]) * group->outputs;
}

static double norm(const double *b, size_t size) {
    double sum = 0.0;
    for (size_t i = 0; i < size; i++) {
        sum += b[i] * b[i];
    }
    return sqrt(sum);
}

static int32_t value(const void *self, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    const struct group *group = self;
    size_t p = length / group->outputs;
    (void)error;
    *out = 0.0;
    for (size_t g = 0; g < group->count; g++) {
        double sum = 0.0;
        for (size_t m = group->starts[g]; m < group->starts[g + 1]; m++) {
            for (size_t k = 0; k < group->outputs; k++) {
                double b = beta[group->members[m] + k * p];
                sum += b * b;
            }
        }
        *out += group->lambda * sqrt(sum);
    }
    return FENCHEL_OK;
}

static int32_t convexity(const void *self, double *modulus) {
    (void)self;
    (void)modulus;
    return FENCHEL_CONVEX;
}

static int32_t groups(const void *self, const size_t **starts, const size_t **members,
                      size_t *count, fenchel_error *error) {
    struct group *group = (struct group *)self;
    (void)error;
    IN_GROUPS;
    *starts = group->starts;
    *members = group->members;
    *count = group->count;
    return FENCHEL_OK;
}

static int32_t values(const void *self, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error) {
    const struct group *group = self;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = group->lambda * norm(b, size_of(group, first + i));
        b += size_of(group, first + i);
    }
    return FENCHEL_OK;
}

static int32_t proxes(const void *self, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error) {
    const struct group *group = self;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        size_t size = size_of(group, first + i);
        double length = norm(v, size), off = steps[i] * group->lambda;
        double factor = length > off ? 1.0 - off / length : 0.0;
        for (size_t m = 0; m < size; m++) {
            out[m] = factor * v[m];
        }
        IN_PROXES;
        v += size;
        out += size;
    }
    return FENCHEL_OK;
}

static int32_t subdiff_dists(const void *self, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error) {
    const struct group *group = self;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        size_t size = size_of(group, first + i);
        double length = norm(b, size), sum = 0.0;
        for (size_t m = 0; m < size; m++) {
            double g = grad[m] + (length > 0.0 ? group->lambda * b[m] / length : 0.0);
            sum += g * g;
        }
        out[i] = sqrt(sum);
        if (length == 0.0) {
            out[i] = out[i] > group->lambda ? out[i] - group->lambda : isnan(sum) ? INFINITY : 0.0;
        }
        out[i] = isnan(out[i]) ? INFINITY : out[i];
        b += size;
        grad += size;
    }
    IN_DISTS;
    return FENCHEL_OK;
}

static const fenchel_blocks blocks = {sizeof blocks, groups, values, proxes, subdiff_dists};

static const void *capability(const void *self, const char *id, uint32_t revision) {
    (void)self;
    return !strcmp(id, FENCHEL_BLOCKS) && revision == 1 ? &blocks : NULL;
}

static const fenchel_card card = {
    sizeof card,
    "group_c",
    "the group lasso without sizes, in C",
    "lambda * sum_g ||B_g||_2",
    "prox: block soft thresholding",
    "every loss",
    "groups = { size = 1 }",
    "Yuan & Lin (2006)",
    FENCHEL_SCHEMA(FENCHEL_LAMBDA "," FENCHEL_GROUPS),
};

static const fenchel_penalty_type type = {
    sizeof type, &card, create, destroy, value, convexity, capability,
};

static const fenchel_penalty_type *penalty(size_t i) { return i == 0 ? &type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    sizeof fenchel_plugin_v1, FENCHEL_MAGIC, FENCHEL_ABI, 0, 0, "group_in_c", "1.0", penalty, NULL,
};

/*
 * A decent l1 penalty, complete but for what the file that includes it spoils. It defines NAME, the
 * type's name, and any of these before the include:
 *
 *     LIBRARY              the library's name, if it is another
 *     IN_VALUE(value)      statements with the value, before it is returned
 *     IN_PROXES(out, n)    statements after `proxes` has written out[0] .. out[n - 1]
 *     IN_PROX_AT(x)        statements with the answer of `prox_at`, before it is returned
 *     THRESHOLD            what the prox takes off, in units of step lambda
 *     ABI                  the number that the entry claims
 *     TYPES                how many types the entry offers
 */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fenchel_json.h"
#include "fenchel_plugin.h"

#ifndef LIBRARY
#define LIBRARY NAME
#endif
#ifndef IN_VALUE
#define IN_VALUE(value)
#endif
#ifndef IN_PROXES
#define IN_PROXES(out, n)
#endif
#ifndef IN_PROX_AT
#define IN_PROX_AT(x)
#endif
#ifndef THRESHOLD
#define THRESHOLD 1.0
#endif
#ifndef ABI
#define ABI FENCHEL_ABI
#endif
#ifndef TYPES
#define TYPES 1
#endif

static inline double lambda_of(const void *penalty) { return *(const double *)penalty; }

static inline double shrink(double v, double t) { return fabs(v) <= t ? 0.0 : v - copysign(t, v); }

static int32_t value(const void *penalty, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    double sum = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        sum += fabs(beta[j]);
    }
    *out = lambda_of(penalty) * sum;
    IN_VALUE(*out);
    return FENCHEL_OK;
}

static int32_t values(const void *penalty, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = lambda_of(penalty) * fabs(b[i]);
        IN_VALUE(out[i]);
    }
    return FENCHEL_OK;
}

static int32_t proxes(const void *penalty, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = shrink(v[i], (THRESHOLD) * steps[i] * lambda_of(penalty));
    }
    IN_PROXES(out, count);
    return FENCHEL_OK;
}

static double prox_at(const void *penalty, size_t j, double v, double step) {
    double x = shrink(v, (THRESHOLD) * step * lambda_of(penalty));
    (void)j;
    IN_PROX_AT(x);
    return x;
}

static int32_t subdiff_dists(const void *penalty, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error) {
    double lambda = lambda_of(penalty);
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        double at_zero = fabs(grad[i]) <= lambda ? 0.0 : fabs(grad[i]) - lambda;
        double distance = b[i] == 0.0 ? at_zero : fabs(grad[i] + copysign(lambda, b[i]));
        out[i] = isnan(distance) ? INFINITY : distance;
    }
    return FENCHEL_OK;
}

static int32_t dual_norm(const void *penalty, const double *u, size_t length, double *norm,
                         fenchel_error *error) {
    double top = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        top = fmax(top, fabs(u[j]));
    }
    *norm = top == 0.0 ? 0.0 : top / lambda_of(penalty);
    return FENCHEL_OK;
}

static int32_t lineality_kind(const void *penalty, int32_t *kind, size_t *count,
                              fenchel_error *error) {
    (void)error;
    *kind = lambda_of(penalty) == 0.0 ? FENCHEL_EVERYTHING : FENCHEL_TRIVIAL;
    *count = 0;
    return FENCHEL_OK;
}

static int32_t convexity(const void *penalty, double *modulus) {
    (void)penalty;
    (void)modulus;
    return FENCHEL_CONVEX;
}

static int32_t create(const char *parameters, size_t length, const fenchel_space *space,
                      void **penalty, fenchel_error *error) {
    double *self = malloc(sizeof *self);
    (void)length;
    (void)space;
    if (!self || fenchel_json_number(parameters, "lambda", self) != FENCHEL_JSON_OK) {
        free(self);
        return fenchel_fail(error, FENCHEL_FAILED, "lambda", "cannot be read");
    }
    *penalty = self;
    return FENCHEL_OK;
}

static const void *capability(const void *penalty, const char *id, uint32_t revision) {
    static const fenchel_separable separable = {
        .size = sizeof separable,
        .values = values,
        .proxes = proxes,
        .subdiff_dists = subdiff_dists,
        .prox_at = prox_at,
    };
    static const fenchel_dual_norm norm = {.size = sizeof norm, .dual_norm = dual_norm};
    static const fenchel_lineality lineality = {.size = sizeof lineality, .kind = lineality_kind};
    (void)penalty;
    if (revision != 1) {
        return NULL;
    }
    if (strcmp(id, FENCHEL_SEPARABLE) == 0) {
        return &separable;
    }
    if (strcmp(id, FENCHEL_DUAL_NORM) == 0) {
        return &norm;
    }
    return strcmp(id, FENCHEL_LINEALITY) == 0 ? &lineality : NULL;
}

static const fenchel_card card = {
    .size = sizeof card,
    .name = NAME,
    .summary = "a penalty for tests",
    .formula = "lambda * sum_j |b_j|",
    .method = "prox: soft thresholding",
    .combines = "every loss",
    .example = "lambda = 0.1",
    .source = "made up",
    .schema = FENCHEL_SCHEMA(FENCHEL_LAMBDA),
};

static const fenchel_penalty_type type = {
    .size = sizeof type,
    .card = &card,
    .create = create,
    .destroy = free,
    .value = value,
    .convexity = convexity,
    .capability = capability,
};

static const fenchel_penalty_type *penalty_type(size_t i) {
    return i + 1 <= (size_t)TYPES ? &type : NULL;
}

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    .size = sizeof(fenchel_plugin),
    .magic = FENCHEL_MAGIC,
    .abi = ABI,
    .name = LIBRARY,
    .version = "1.0.0",
    .penalty = penalty_type,
};

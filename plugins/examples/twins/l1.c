/*
 * The built-in penalty l1 once more, as a plugin, to measure what the boundary costs: the same
 * formulas, so the same fits.
 *
 *     Omega(b) = lambda sum_j |b_j|
 */
#include <math.h>
#include <stdlib.h>

#include "fenchel_json.h"
#include "fenchel_plugin.h"

static inline double lambda_of(const void *penalty) { return *(const double *)penalty; }

static inline double soft_threshold(double v, double t) {
    return fabs(v) <= t ? 0.0 : v - copysign(t, v);
}

static double prox_at(const void *penalty, size_t j, double v, double step) {
    (void)j;
    return soft_threshold(v, step * lambda_of(penalty));
}

static int32_t proxes(const void *penalty, size_t first, size_t count, const double *restrict v,
                      const double *restrict steps, double *restrict out, fenchel_error *error) {
    double lambda = lambda_of(penalty);
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = soft_threshold(v[i], steps[i] * lambda);
    }
    return FENCHEL_OK;
}

static int32_t values(const void *penalty, size_t first, size_t count, const double *restrict b,
                      double *restrict out, fenchel_error *error) {
    double lambda = lambda_of(penalty);
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = lambda * fabs(b[i]);
    }
    return FENCHEL_OK;
}

static int32_t subdiff_dists(const void *penalty, size_t first, size_t count,
                             const double *restrict b, const double *restrict grad,
                             double *restrict out, fenchel_error *error) {
    double lambda = lambda_of(penalty);
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        double size = fabs(grad[i]);
        double at_zero = size <= lambda ? 0.0 : size - lambda;
        double distance = b[i] == 0.0 ? at_zero : fabs(grad[i] + copysign(lambda, b[i]));
        out[i] = isnan(distance) ? INFINITY : distance;
    }
    return FENCHEL_OK;
}

static int32_t value(const void *penalty, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    double sum = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        sum += fabs(beta[j]);
    }
    *out = lambda_of(penalty) * sum;
    return FENCHEL_OK;
}

static int32_t dual_norm(const void *penalty, const double *u, size_t length, double *norm,
                         fenchel_error *error) {
    double top = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        top = fabs(u[j]) > top || isnan(u[j]) ? fabs(u[j]) : top;
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

static int32_t make(double lambda, void **penalty, fenchel_error *error) {
    double *self = malloc(sizeof *self);
    if (!self) {
        return fenchel_fail(error, FENCHEL_FAILED, NULL, "out of memory");
    }
    *self = lambda;
    *penalty = self;
    return FENCHEL_OK;
}

static int32_t create(const char *parameters, size_t length, const fenchel_space *space,
                      void **penalty, fenchel_error *error) {
    double lambda = 1.0;
    int status = fenchel_json_number(parameters, "lambda", &lambda);
    (void)length;
    (void)space;
    if (status != FENCHEL_JSON_OK) {
        return fenchel_fail(error, FENCHEL_INVALID, "lambda", fenchel_json_message(status));
    }
    return make(lambda, penalty, error);
}

static int32_t scaled(const void *penalty, double scale, void **out, fenchel_error *error) {
    return make(scale * lambda_of(penalty), out, error);
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
    static const fenchel_scaled scaling = {.size = sizeof scaling, .scaled = scaled};
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
    if (strcmp(id, FENCHEL_LINEALITY) == 0) {
        return &lineality;
    }
    return strcmp(id, FENCHEL_SCALED) == 0 ? &scaling : NULL;
}

static const fenchel_card card = {
    .size = sizeof card,
    .name = "l1_c",
    .summary = "the lasso's penalty as a plugin in C",
    .formula = "lambda * sum_j |b_j|",
    .method = "prox: sign(v) max(|v| - step lambda, 0), coefficient by coefficient. Convex",
    .combines = "every loss; separable, so coordinate descent applies; duality gap",
    .example = "lambda = 0.1",
    .source = "Tibshirani (1996), JRSS B 58(1)",
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

static const fenchel_penalty_type *penalty_type(size_t i) { return i == 0 ? &type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    .size = sizeof(fenchel_plugin),
    .magic = FENCHEL_MAGIC,
    .abi = FENCHEL_ABI,
    .name = "fenchel-twin-c",
    .version = "0.1.0",
    .penalty = penalty_type,
};

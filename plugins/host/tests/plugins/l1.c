/* lambda ||b||_1, with a dual norm; everything of it but prox_at in batches. */
#include <math.h>
#include <stdlib.h>

#include "fenchel_plugin.h"

struct l1 {
    double lambda;
};

static double number(const char *parameters, const char *key, double otherwise) {
    const char *at = strstr(parameters, key);
    return at ? strtod(at + strlen(key) + 2, NULL) : otherwise;
}

static int32_t create(const char *parameters, size_t length, const fenchel_space *space, void **out,
                      fenchel_error *error) {
    struct l1 *l1 = malloc(sizeof *l1);
    (void)length;
    (void)space;
    if (!l1) {
        return fenchel_fail(error, FENCHEL_FAILED, NULL, "no memory");
    }
    l1->lambda = number(parameters, "lambda", 1.0);
    *out = l1;
    return FENCHEL_OK;
}

static int32_t value(const void *self, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    double sum = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        sum += fabs(beta[j]);
    }
    *out = ((const struct l1 *)self)->lambda * sum;
    return FENCHEL_OK;
}

static int32_t convexity(const void *self, double *modulus) {
    (void)self;
    (void)modulus;
    return FENCHEL_CONVEX;
}

/* As the host's own soft thresholding, operation for operation. */
static double soft_threshold(double v, double t) {
    double shrunk = fabs(v) - t;
    return copysign(shrunk > 0.0 ? shrunk : 0.0, v);
}

static double prox_at(const void *self, size_t j, double v, double step) {
    (void)j;
    return soft_threshold(v, step * ((const struct l1 *)self)->lambda);
}

static int32_t values(const void *self, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = ((const struct l1 *)self)->lambda * fabs(b[i]);
    }
    return FENCHEL_OK;
}

static int32_t proxes(const void *self, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = prox_at(self, first + i, v[i], steps[i]);
    }
    return FENCHEL_OK;
}

static int32_t subdiff_dists(const void *self, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error) {
    double lambda = ((const struct l1 *)self)->lambda;
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        if (isnan(b[i]) || isnan(grad[i])) {
            out[i] = INFINITY;
        } else if (b[i] == 0.0) {
            out[i] = fabs(grad[i]) > lambda ? fabs(grad[i]) - lambda : 0.0;
        } else {
            out[i] = fabs(grad[i] + copysign(lambda, b[i]));
        }
    }
    return FENCHEL_OK;
}

static int32_t dual_norm(const void *self, const double *u, size_t length, double *norm,
                         fenchel_error *error) {
    double lambda = ((const struct l1 *)self)->lambda, top = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        top = fabs(u[j]) > top ? fabs(u[j]) : top;
    }
    *norm = top == 0.0 ? 0.0 : top / lambda;
    return FENCHEL_OK;
}

static int32_t kind(const void *self, int32_t *kind, size_t *count, fenchel_error *error) {
    (void)error;
    *kind = ((const struct l1 *)self)->lambda == 0.0 ? FENCHEL_EVERYTHING : FENCHEL_TRIVIAL;
    *count = 0;
    return FENCHEL_OK;
}

#ifdef BATCHED_ONLY
static const fenchel_separable separable = {sizeof separable, values, proxes, subdiff_dists, NULL};
#else
static const fenchel_separable separable = {sizeof separable, values, proxes, subdiff_dists,
                                            prox_at};
#endif
static const fenchel_dual_norm norm = {sizeof norm, dual_norm};
static const fenchel_lineality lineality = {sizeof lineality, kind, NULL, NULL};

static const void *capability(const void *self, const char *id, uint32_t revision) {
    (void)self;
    if (revision != 1) {
        return NULL;
    }
    if (!strcmp(id, FENCHEL_SEPARABLE)) {
        return &separable;
    }
    if (!strcmp(id, FENCHEL_DUAL_NORM)) {
        return &norm;
    }
    return strcmp(id, FENCHEL_LINEALITY) ? NULL : &lineality;
}

static const fenchel_card card = {
    sizeof card,
    "l1_c",
    "the lasso, in C",
    "lambda * sum_j |b_j|",
    "prox: soft thresholding",
    "every loss",
    "lambda = 0.1",
    "Tibshirani (1996)",
    FENCHEL_SCHEMA(FENCHEL_LAMBDA),
};

static const fenchel_penalty_type type = {
    sizeof type, &card, create, free, value, convexity, capability,
};

static const fenchel_penalty_type *penalty(size_t i) { return i == 0 ? &type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    sizeof fenchel_plugin_v1, FENCHEL_MAGIC, FENCHEL_ABI, 0, 0, "l1_in_c", "1.0", penalty, NULL,
};

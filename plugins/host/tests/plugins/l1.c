/* lambda ||b||_1 with a dual norm and, where ELEMENTARY is defined, as four numbers a coefficient. The
   macros IN_* are statements that a test puts into a function; by default there are none. */
#include <math.h>
#include <stdlib.h>

#include "fenchel_plugin.h"

#ifndef IN_CREATE
#define IN_CREATE
#endif
#ifndef IN_VALUE
#define IN_VALUE
#endif
#ifndef IN_VALUES
#define IN_VALUES
#endif
#ifndef IN_PROXES
#define IN_PROXES
#endif
#ifndef IN_PROX_AT
#define IN_PROX_AT
#endif
#ifndef IN_DISTS
#define IN_DISTS
#endif
#ifndef IN_NORM
#define IN_NORM
#endif
#ifndef IN_KIND
#define IN_KIND
#endif
#ifndef IN_COORDINATES
#define IN_COORDINATES
#endif
#ifndef IN_SCALARS
#define IN_SCALARS
#endif
#ifndef IN_CONVEXITY
#define IN_CONVEXITY
#endif
#ifndef SEPARABLE_SIZE
#define SEPARABLE_SIZE sizeof(fenchel_separable)
#endif
#ifndef PROXES
#define PROXES proxes
#endif

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
    IN_CREATE;
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
    IN_VALUE;
    return FENCHEL_OK;
}

static int32_t convexity(const void *self, double *modulus) {
    (void)self;
    (void)modulus;
    IN_CONVEXITY;
    return FENCHEL_CONVEX;
}

/* As the host's own soft thresholding, operation for operation. */
static double soft_threshold(double v, double t) {
    return fabs(v) <= t ? 0.0 : v - copysign(t, v);
}

static double prox_at(const void *self, size_t j, double v, double step) {
    double x = soft_threshold(v, step * ((const struct l1 *)self)->lambda);
    (void)j;
    IN_PROX_AT;
    return x;
}

static int32_t values(const void *self, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = ((const struct l1 *)self)->lambda * fabs(b[i]);
    }
    IN_VALUES;
    return FENCHEL_OK;
}

static int32_t proxes(const void *self, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = soft_threshold(v[i], steps[i] * ((const struct l1 *)self)->lambda);
    }
    (void)prox_at;
    IN_PROXES;
    return FENCHEL_OK;
}

#ifdef LAZY
static int32_t lazy(const void *self, size_t first, size_t count, const double *v,
                    const double *steps, double *out, fenchel_error *error) {
    (void)self, (void)first, (void)count, (void)v, (void)steps, (void)out, (void)error;
    return FENCHEL_OK;
}
#endif

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
    IN_DISTS;
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
    IN_NORM;
    return FENCHEL_OK;
}

static int32_t kind(const void *self, int32_t *kind, size_t *count, fenchel_error *error) {
    (void)error;
    *kind = ((const struct l1 *)self)->lambda == 0.0 ? FENCHEL_EVERYTHING : FENCHEL_TRIVIAL;
    *count = 0;
    IN_KIND;
    return FENCHEL_OK;
}

static int32_t coordinates(const void *self, size_t *out, size_t count, fenchel_error *error) {
    (void)self;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = i;
    }
    IN_COORDINATES;
    return FENCHEL_OK;
}

static int32_t scalars(const void *self, size_t first, size_t count, double *l1, double *l2,
                       double *lower, double *upper, fenchel_error *error) {
    (void)first;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        l1[i] = ((const struct l1 *)self)->lambda;
        l2[i] = 0.0;
        lower[i] = -INFINITY;
        upper[i] = INFINITY;
    }
    IN_SCALARS;
    return FENCHEL_OK;
}

#ifndef BATCHED_ONLY
#define PROX_AT prox_at
#else
#define PROX_AT NULL
#endif
static const fenchel_separable separable = {SEPARABLE_SIZE, values, PROXES, subdiff_dists, PROX_AT};
static const fenchel_elementary elementary = {sizeof elementary, scalars};
static const fenchel_dual_norm norm = {sizeof norm, dual_norm};
static const fenchel_lineality lineality = {sizeof lineality, kind, coordinates, NULL};

static const void *capability(const void *self, const char *id, uint32_t revision) {
    (void)self;
    (void)proxes;
    if (revision != 1) {
        return NULL;
    }
    if (!strcmp(id, FENCHEL_SEPARABLE)) {
        return &separable;
    }
    if (!strcmp(id, FENCHEL_DUAL_NORM)) {
        return &norm;
    }
#ifdef ELEMENTARY
    if (!strcmp(id, FENCHEL_ELEMENTARY)) {
        return &elementary;
    }
#endif
    (void)elementary;
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

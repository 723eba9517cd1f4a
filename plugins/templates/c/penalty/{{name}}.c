/*
 * {{name}}: a penalty on single coefficients.
 *
 *     Omega(b) = lambda sum_j |b_j|
 *
 * As it stands this is the lasso. Write your own formula into `value_of`, `prox_of`, `distance_of`
 * and the card at the end; `make check` then says whether they belong together. fenchel_plugin.h
 * explains every function.
 */
#include <math.h>
#include <stdlib.h>

#include "fenchel_json.h"
#include "fenchel_plugin.h"

/* The parameters. A new one goes here, into `create` and into the card's schema. */
typedef struct {{Name}} {
    double lambda; /* at least 0 */
} {{Name}};

/* -------------------------------------------------------------------------- the mathematics */

/* omega(b) */
static double value_of(const {{Name}} *self, double b) { return self->lambda * fabs(b); }

/* argmin_b omega(b) + (b - v)^2 / (2 step) */
static double prox_of(const {{Name}} *self, double v, double step) {
    double t = step * self->lambda;
    return fabs(v) <= t ? 0.0 : v - copysign(t, v);
}

/* The distance of -grad to the subdifferential of omega at b. */
static double distance_of(const {{Name}} *self, double b, double grad) {
    if (b == 0.0) {
        return fmax(fabs(grad) - self->lambda, 0.0); /* to [-lambda, lambda] */
    }
    return fabs(grad + copysign(self->lambda, b)); /* to { lambda sign(b) } */
}

/* --------------------------------------------------------------- coefficient by coefficient */

static int32_t values(const void *penalty, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error) {
    (void)first, (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = value_of(penalty, b[i]);
    }
    return FENCHEL_OK;
}

static int32_t proxes(const void *penalty, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error) {
    (void)first, (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = prox_of(penalty, v[i], steps[i]);
    }
    return FENCHEL_OK;
}

static int32_t subdiff_dists(const void *penalty, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error) {
    (void)first, (void)error;
    for (size_t i = 0; i < count; i++) {
        /* A gradient that is not a number is infinitely far away. */
        out[i] = isnan(b[i]) || isnan(grad[i]) ? INFINITY : distance_of(penalty, b[i], grad[i]);
    }
    return FENCHEL_OK;
}

static double prox_at(const void *penalty, size_t j, double v, double step) {
    (void)j;
    return prox_of(penalty, v, step);
}

/* ---------------------------------------------------------------------------- as a whole */

static int32_t value(const void *penalty, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    double sum = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        sum += value_of(penalty, beta[j]);
    }
    *out = sum;
    return FENCHEL_OK;
}

/* FENCHEL_CONVEX, or FENCHEL_WEAKLY_CONVEX with its modulus, or FENCHEL_NONCONVEX. */
static int32_t convexity(const void *penalty, double *modulus) {
    (void)penalty, (void)modulus;
    return FENCHEL_CONVEX;
}

/* max { <u, b> : Omega(b) <= 1 }, which gives duality gaps and the start of a path. Only a norm has
   one: leave it out of `capability` where your penalty is none, or offer FENCHEL_CONJUGATE and
   FENCHEL_ZERO_THRESHOLD in its place. */
static int32_t dual_norm(const void *penalty, const double *u, size_t length, double *norm,
                         fenchel_error *error) {
    const {{Name}} *self = penalty;
    double top = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        top = fmax(top, fabs(u[j]));
    }
    *norm = top == 0.0 ? 0.0 : top / self->lambda;
    return FENCHEL_OK;
}

/* With lambda = 0 the penalty is 0 everywhere. */
static int32_t lineality_kind(const void *penalty, int32_t *kind, size_t *count,
                              fenchel_error *error) {
    const {{Name}} *self = penalty;
    (void)error;
    *kind = self->lambda == 0.0 ? FENCHEL_EVERYTHING : FENCHEL_TRIVIAL;
    *count = 0;
    return FENCHEL_OK;
}

/* ---------------------------------------------------------------------------- for fenchel */

/* The host has checked the parameters against the schema. */
static int32_t create(const char *parameters, size_t length, const fenchel_space *space,
                      void **penalty, fenchel_error *error) {
    {{Name}} *self = malloc(sizeof *self);
    (void)length, (void)space;
    if (!self) {
        return fenchel_fail(error, FENCHEL_FAILED, NULL, "out of memory");
    }
    int status = fenchel_json_number(parameters, "lambda", &self->lambda);
    if (status != FENCHEL_JSON_OK) {
        free(self);
        return fenchel_fail(error, FENCHEL_INVALID, "lambda", fenchel_json_message(status));
    }
    *penalty = self;
    return FENCHEL_OK;
}

/* What the penalty can do, asked for by id. */
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

/* What `fenchel list`, `describe` and `schema` show. */
static const fenchel_card card = {
    .size = sizeof card,
    .name = "{{name}}",
    .summary = "one sentence on what the penalty is for",
    .formula = "lambda * sum_j |b_j|",
    .method = "prox: sign(v) max(|v| - step lambda, 0), coefficient by coefficient. Convex",
    .combines = "every loss; separable, so coordinate descent applies; duality gap",
    .example = "lambda = 0.1",
    .source = "paper and equation",
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
    .name = "{{name}}",
    .version = "0.1.0",
    .penalty = penalty_type,
};

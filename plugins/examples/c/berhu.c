/*
 * Berhu, Huber's function turned round: the absolute value near zero, a square beyond. It sets
 * coefficients to zero as the lasso does, and shares weight among large ones as ridge does.
 *
 *     Omega(b)                = lambda sum_j w_j B(b_j)
 *     B(b)                    = |b|  if |b| <= delta,  else (b^2 + delta^2) / (2 delta)
 *     prox_{t Omega}(v)_j     = 0                  if |v| <= s,           s = t lambda w_j
 *                               v - s sign(v)      if |v| <= s + delta
 *                               v / (1 + s/delta)  beyond
 *     dOmega(b)_j             = lambda w_j [-1, 1] at 0, lambda w_j sign(b) max(1, |b|/delta) else
 *     Omega*(u)               = sum_j 0  if |u_j| <= l,  else delta (u_j^2 - l^2) / (2 l),
 *                               l = lambda w_j
 *
 * Weights: one a feature, at least 0; a feature of weight 0 is unpenalised.
 * Source: Owen (2007), A robust hybrid of lasso and ridge regression, section 3.
 */
#include <math.h>
#include <stdlib.h>

#include "example.h"
#include "fenchel_json.h"

typedef struct berhu {
    double lambda;
    double delta;
    size_t features;
    size_t outputs;
    double *weights; /* one a feature; NULL where all are 1 */
} berhu;

/* --------------------------------------------------------------------------- one coefficient */

/* lambda w_j */
static inline double strength(const berhu *self, size_t j) {
    if (!self->weights) {
        return self->lambda;
    }
    return self->lambda * self->weights[self->outputs == 1 ? j : j % self->features];
}

static inline double value_of(double l, double delta, double b) {
    double size = fabs(b);
    if (l == 0.0) {
        return 0.0;
    }
    return l * (size <= delta ? size : 0.5 * (size * (size / delta) + delta));
}

static inline double prox_of(double s, double delta, double v) {
    double size = fabs(v);
    if (size <= s) {
        return 0.0;
    }
    return size <= s + delta ? v - copysign(s, v) : v / (1.0 + s / delta);
}

static inline double distance_of(double l, double delta, double b, double grad) {
    double size = fabs(b), distance;
    if (size == 0.0) {
        distance = fabs(grad) <= l ? 0.0 : fabs(grad) - l;
    } else {
        distance = fabs(grad + copysign(l, b) * (size <= delta ? 1.0 : size / delta));
    }
    return isnan(distance) ? INFINITY : distance;
}

static int32_t values(const void *penalty, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error) {
    const berhu *self = penalty;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = value_of(strength(self, first + i), self->delta, b[i]);
    }
    return FENCHEL_OK;
}

static int32_t proxes(const void *penalty, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error) {
    const berhu *self = penalty;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = prox_of(steps[i] * strength(self, first + i), self->delta, v[i]);
    }
    return FENCHEL_OK;
}

static int32_t subdiff_dists(const void *penalty, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error) {
    const berhu *self = penalty;
    (void)error;
    for (size_t i = 0; i < count; i++) {
        out[i] = distance_of(strength(self, first + i), self->delta, b[i], grad[i]);
    }
    return FENCHEL_OK;
}

static double prox_at(const void *penalty, size_t j, double v, double step) {
    const berhu *self = penalty;
    return prox_of(step * strength(self, j), self->delta, v);
}

/* --------------------------------------------------------------------- the penalty as a whole */

static int32_t value(const void *penalty, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    const berhu *self = penalty;
    double sum = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        sum += value_of(strength(self, j), self->delta, beta[j]);
    }
    *out = sum;
    return FENCHEL_OK;
}

static int32_t convexity(const void *penalty, double *modulus) {
    (void)penalty;
    (void)modulus;
    return FENCHEL_CONVEX;
}

static int32_t conjugate(const void *penalty, const double *u, size_t length, double *out,
                         fenchel_error *error) {
    const berhu *self = penalty;
    double sum = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        double l = strength(self, j), size = fabs(u[j]);
        if (l == 0.0) {
            sum += size == 0.0 ? 0.0 : INFINITY;
        } else if (!(size <= l)) {
            sum += 0.5 * self->delta * (size - l) * (size / l + 1.0);
        }
    }
    *out = isnan(sum) ? INFINITY : sum;
    return FENCHEL_OK;
}

static int32_t dual_scale(const void *penalty, const double *u, size_t length, double *scale,
                          fenchel_error *error) {
    const berhu *self = penalty;
    (void)error;
    *scale = 1.0;
    for (size_t j = 0; j < length; j++) {
        if (strength(self, j) == 0.0 && u[j] != 0.0) {
            *scale = 0.0;
        }
    }
    return FENCHEL_OK;
}

static int32_t zero_threshold(const void *penalty, const double *grad, size_t length, double *scale,
                              fenchel_error *error) {
    const berhu *self = penalty;
    (void)error;
    *scale = 0.0;
    for (size_t j = 0; j < length; j++) {
        if (grad[j] != 0.0) { /* x / 0 is infinite, as it should be */
            *scale = fmax(*scale, fabs(grad[j]) / strength(self, j));
        }
    }
    return FENCHEL_OK;
}

/* Features without a weight. */
static size_t count_free(const berhu *self) {
    size_t count = 0;
    for (size_t j = 0; j < self->features; j++) {
        count += strength(self, j) == 0.0;
    }
    return count;
}

static int32_t lineality_kind(const void *penalty, int32_t *kind, size_t *count,
                              fenchel_error *error) {
    const berhu *self = penalty;
    size_t unpenalised = count_free(self);
    (void)error;
    *count = 0;
    if (unpenalised == self->features) {
        *kind = FENCHEL_EVERYTHING;
    } else if (unpenalised > 0) {
        *kind = FENCHEL_COORDINATES;
        *count = unpenalised * self->outputs;
    } else {
        *kind = FENCHEL_TRIVIAL;
    }
    return FENCHEL_OK;
}

static int32_t lineality_coordinates(const void *penalty, size_t *out, size_t count,
                                     fenchel_error *error) {
    const berhu *self = penalty;
    size_t written = 0;
    (void)error;
    for (size_t j = 0; j < self->features * self->outputs && written < count; j++) {
        if (strength(self, j) == 0.0) {
            out[written++] = j;
        }
    }
    return FENCHEL_OK;
}

/* ---------------------------------------------------------------------------------- life cycle */

static void destroy(void *penalty) {
    berhu *self = penalty;
    free(self->weights);
    free(self);
}

/* A copy with other weights, which may be NULL; NULL where there is no memory. */
static berhu *copy(const berhu *from, const double *weights) {
    berhu *self = malloc(sizeof *self);
    if (!self) {
        return NULL;
    }
    *self = *from;
    self->weights = NULL;
    if (weights) {
        self->weights = malloc((from->features + 1) * sizeof *weights);
        if (!self->weights) {
            free(self);
            return NULL;
        }
        memcpy(self->weights, weights, from->features * sizeof *weights);
    }
    return self;
}

static int32_t scaled(const void *penalty, double scale, void **out, fenchel_error *error) {
    const berhu *self = penalty;
    berhu *result = copy(self, self->weights);
    if (!result) {
        return out_of_memory(error);
    }
    result->lambda *= scale;
    *out = result;
    return FENCHEL_OK;
}

/* Reads the weights into memory that the caller frees; leaves NULL where there are none. */
static int32_t read_weights(const char *parameters, size_t features, double **weights,
                            fenchel_error *error) {
    size_t count = 0;
    char message[96];
    int status = fenchel_json_numbers(parameters, "weights", &count, NULL, 0);
    if (status == FENCHEL_JSON_ABSENT || status == FENCHEL_JSON_NULL) {
        return FENCHEL_OK;
    }
    if (status != FENCHEL_JSON_OK) {
        return fenchel_fail(error, FENCHEL_INVALID, "weights", fenchel_json_message(status));
    }
    if (count != features) {
        (void)snprintf(message, sizeof message, "one weight a feature is needed, %zu, not %zu",
                       features, count);
        return fenchel_fail(error, FENCHEL_INVALID, "weights", message);
    }
    *weights = malloc((features + 1) * sizeof **weights);
    if (!*weights) {
        return out_of_memory(error);
    }
    (void)fenchel_json_numbers(parameters, "weights", &count, *weights, features + 1);
    return FENCHEL_OK;
}

/* The host has checked the bounds that the schema gives. */
static int32_t create(const char *parameters, size_t length, const fenchel_space *space,
                      void **penalty, fenchel_error *error) {
    berhu read = {.features = space->features, .outputs = space->outputs};
    double *weights = NULL;
    int status = fenchel_json_number(parameters, "lambda", &read.lambda);
    (void)length;
    if (status != FENCHEL_JSON_OK) {
        return fenchel_fail(error, FENCHEL_INVALID, "lambda", fenchel_json_message(status));
    }
    status = fenchel_json_number(parameters, "delta", &read.delta);
    if (status != FENCHEL_JSON_OK) {
        return fenchel_fail(error, FENCHEL_INVALID, "delta", fenchel_json_message(status));
    }
    status = read_weights(parameters, space->features, &weights, error);
    if (status != FENCHEL_OK) {
        return status;
    }
    *penalty = copy(&read, weights);
    free(weights);
    return *penalty ? FENCHEL_OK : out_of_memory(error);
}

static const void *capability(const void *penalty, const char *id, uint32_t revision) {
    static const fenchel_separable separable = {
        .size = sizeof separable,
        .values = values,
        .proxes = proxes,
        .subdiff_dists = subdiff_dists,
        .prox_at = prox_at,
    };
    static const fenchel_conjugate conjugates = {
        .size = sizeof conjugates,
        .conjugate = conjugate,
        .dual_scale = dual_scale,
    };
    static const fenchel_zero_threshold threshold = {
        .size = sizeof threshold,
        .zero_threshold = zero_threshold,
    };
    static const fenchel_lineality lineality = {
        .size = sizeof lineality,
        .kind = lineality_kind,
        .coordinates = lineality_coordinates,
    };
    static const fenchel_scaled scaling = {.size = sizeof scaling, .scaled = scaled};
    static const struct {
        const char *id;
        const void *table;
    } offered[] = {
        {FENCHEL_SEPARABLE, &separable},      {FENCHEL_CONJUGATE, &conjugates},
        {FENCHEL_ZERO_THRESHOLD, &threshold}, {FENCHEL_LINEALITY, &lineality},
        {FENCHEL_SCALED, &scaling},
    };
    (void)penalty;
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        if (revision == 1 && strcmp(id, offered[i].id) == 0) {
            return offered[i].table;
        }
    }
    return NULL;
}

static const fenchel_card card = {
    .size = sizeof card,
    .name = "berhu",
    .summary = "Huber's function turned round: the lasso for small coefficients, ridge for large",
    .formula = "lambda * sum_j w_j B(b_j), B(b) = |b| if |b| <= delta, else (b^2 + delta^2) / (2 delta)",
    .method = "prox: 0 up to s = step lambda w_j, v - s sign(v) up to s + delta, "
              "v / (1 + s / delta) beyond. Convex",
    .combines = "every loss; separable, so coordinate descent applies; duality gap",
    .example = "lambda = 0.1\ndelta = 0.5",
    .source = "Owen (2007), A robust hybrid of lasso and ridge regression, section 3",
    .schema = FENCHEL_SCHEMA(
        FENCHEL_LAMBDA "," FENCHEL_PARAMETER(
            "delta", "number", "Size from which on a coefficient is shrunk as by ridge.", "1.0",
            FENCHEL_ABOVE("0")) ",\"weights\":{\"type\":[\"array\",\"null\"],\"items\":{\"type\":"
                                "\"number\",\"minimum\":0},\"description\":\"One weight a feature, at "
                                "least 0; a feature of weight 0 is unpenalised. Default: all 1.\"}"),
};

const fenchel_penalty_type berhu_type = {
    .size = sizeof berhu_type,
    .card = &card,
    .create = create,
    .destroy = destroy,
    .value = value,
    .convexity = convexity,
    .capability = capability,
};

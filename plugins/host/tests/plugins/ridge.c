/* lambda/2 ||b - mean(b)||^2: nothing but the whole prox, an own distance, a basis and an own way to
   scale. */
#include <math.h>
#include <stdlib.h>

#include "fenchel_plugin.h"

#ifndef IN_PROX
#define IN_PROX
#endif
#ifndef IN_DIST
#define IN_DIST
#endif
#ifndef IN_BASIS
#define IN_BASIS
#endif
#ifndef IN_SCALED
#define IN_SCALED
#endif

struct ridge {
    double lambda;
    size_t length;
};

static int32_t create(const char *parameters, size_t length, const fenchel_space *space, void **out,
                      fenchel_error *error) {
    const char *at = strstr(parameters, "\"lambda\":");
    struct ridge *ridge = malloc(sizeof *ridge);
    (void)length;
    (void)error;
    ridge->lambda = at ? strtod(at + 9, NULL) : 1.0;
    ridge->length = space->features * space->outputs;
    *out = ridge;
    return FENCHEL_OK;
}

static double mean(const double *b, size_t length) {
    double sum = 0.0;
    for (size_t j = 0; j < length; j++) {
        sum += b[j];
    }
    return sum / (double)length;
}

static double value_at(const struct ridge *ridge, const double *b) {
    double sum = 0.0, centre = mean(b, ridge->length);
    for (size_t j = 0; j < ridge->length; j++) {
        sum += (b[j] - centre) * (b[j] - centre);
    }
    return 0.5 * ridge->lambda * sum;
}

static int32_t value(const void *self, const double *beta, size_t length, double *out,
                     fenchel_error *error) {
    (void)length;
    (void)error;
    *out = value_at(self, beta);
    return FENCHEL_OK;
}

static int32_t convexity(const void *self, double *modulus) {
    (void)self;
    (void)modulus;
    return FENCHEL_CONVEX;
}

static int32_t prox(const void *self, const double *v, size_t length, double step, double *out,
                    double *value, fenchel_error *error) {
    const struct ridge *ridge = self;
    double centre = mean(v, length);
    (void)error;
    for (size_t j = 0; j < length; j++) {
        out[j] = centre + (v[j] - centre) / (1.0 + step * ridge->lambda);
    }
    *value = value_at(ridge, out);
    IN_PROX;
    return FENCHEL_OK;
}

static int32_t subdiff_dist(const void *self, const double *beta, const double *grad, size_t length,
                            double *distance, fenchel_error *error) {
    const struct ridge *ridge = self;
    double centre = mean(beta, length), top = 0.0;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        double off = fabs(grad[j] + ridge->lambda * (beta[j] - centre));
        top = isnan(off) ? INFINITY : off > top ? off : top;
    }
    *distance = top;
    IN_DIST;
    return FENCHEL_OK;
}

static int32_t kind(const void *self, int32_t *kind, size_t *count, fenchel_error *error) {
    const struct ridge *ridge = self;
    (void)error;
    *kind = ridge->lambda == 0.0 ? FENCHEL_EVERYTHING : FENCHEL_BASIS;
    *count = 1;
    return FENCHEL_OK;
}

static int32_t basis(const void *self, double *out, size_t length, fenchel_error *error) {
    (void)self;
    (void)error;
    for (size_t j = 0; j < length; j++) {
        out[j] = 1.0;
    }
    IN_BASIS;
    return FENCHEL_OK;
}

static int32_t scaled(const void *self, double scale, void **out, fenchel_error *error) {
    struct ridge *ridge = malloc(sizeof *ridge);
    (void)error;
    *ridge = *(const struct ridge *)self;
    ridge->lambda *= scale;
    *out = ridge;
    IN_SCALED;
    return FENCHEL_OK;
}

static const void *capability(const void *self, const char *id, uint32_t revision) {
    static const fenchel_prox has_prox = {sizeof has_prox, prox};
    static const fenchel_subdifferential has_dist = {sizeof has_dist, subdiff_dist};
    static const fenchel_lineality has_lineality = {sizeof has_lineality, kind, NULL, basis};
    static const fenchel_scaled has_scaled = {sizeof has_scaled, scaled};
    (void)self;
    (void)revision;
    if (!strcmp(id, FENCHEL_PROX)) {
        return &has_prox;
    }
    if (!strcmp(id, FENCHEL_SUBDIFFERENTIAL)) {
        return &has_dist;
    }
    if (!strcmp(id, FENCHEL_LINEALITY)) {
        return &has_lineality;
    }
    return strcmp(id, FENCHEL_SCALED) ? NULL : &has_scaled;
}

static const fenchel_card card = {
    sizeof card,
    "centred_ridge_c",
    "ridge towards the mean, in C",
    "lambda/2 * ||b - mean(b)||^2",
    "prox: shrinks deviations from the mean",
    "every loss",
    "lambda = 0.1",
    "made up",
    FENCHEL_SCHEMA(FENCHEL_LAMBDA),
};

static const fenchel_penalty_type type = {
    sizeof type, &card, create, free, value, convexity, capability,
};

static const fenchel_penalty_type *penalty(size_t i) { return i == 0 ? &type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    sizeof fenchel_plugin_v1, FENCHEL_MAGIC, FENCHEL_ABI, 0, 0, "ridge_in_c", "1.0", penalty, NULL,
};

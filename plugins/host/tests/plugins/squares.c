/* 1/2 (y - eta)^2 with weights, for any number of outputs; with OWN, the negative log-likelihood of a
   normal response whose log scale is estimated along, for one output. */
#include <math.h>
#include <stdlib.h>

#include "fenchel_plugin.h"

#ifndef IN_CREATE
#define IN_CREATE
#endif
#ifndef IN_BIND
#define IN_BIND
#endif
#ifndef IN_VALUE
#define IN_VALUE
#endif
#ifndef IN_GRADIENT
#define IN_GRADIENT
#endif
#ifndef IN_CURVATURE
#define IN_CURVATURE
#endif
#ifndef IN_CONJUGATE
#define IN_CONJUGATE
#endif
#ifndef IN_PROX
#define IN_PROX
#endif
#ifndef IN_START
#define IN_START
#endif
#ifndef IN_RESPONSE
#define IN_RESPONSE
#endif
#ifndef IN_CLASSES
#define IN_CLASSES
#endif
#ifndef IN_DEVIANCE
#define IN_DEVIANCE
#endif
#ifndef READS
#define READS FENCHEL_NUMBERS
#endif
#ifndef OUTPUTS
#define OUTPUTS ((const struct fit *)self)->columns
#endif
#ifndef BOUND
#define BOUND top / (double)fit->n
#endif
#ifndef FORM
#define FORM FENCHEL_CURVATURE_CONSTANT
#endif
#ifndef OWN_COUNT
#define OWN_COUNT 1
#endif
#ifndef EXTRA_NAME
#define EXTRA_NAME "scale"
#endif

struct fit {
    size_t n, columns;
    double *y, *w;
};

static int32_t create(const char *parameters, size_t length, void **out, fenchel_error *error) {
    (void)parameters;
    (void)length;
    (void)error;
    *out = malloc(1);
    IN_CREATE;
    return FENCHEL_OK;
}

static int32_t reads(const void *self) {
    (void)self;
    return READS;
}

static void destroy_fit(void *self) {
    struct fit *fit = self;
    free(fit->y);
    free(fit->w);
    free(fit);
}

static int32_t bind(const void *self, const fenchel_samples *samples, void **out,
                    fenchel_error *error) {
    size_t n = samples->samples, columns = samples->values ? samples->columns : 1;
    (void)self;
#ifdef OWN
    if (columns != 1) {
        return fenchel_fail(error, FENCHEL_UNSUPPORTED, NULL, "one response column is needed");
    }
#endif
    for (size_t i = 0; samples->values && i < n * columns; i++) {
        if (fabs(samples->values[i]) > 1e100) {
            return fenchel_outside(error, i % n, "a number below 1e100 in size");
        }
    }
    struct fit *fit = malloc(sizeof *fit);
    fit->n = n;
    fit->columns = columns;
    fit->y = malloc(n * columns * sizeof(double));
    fit->w = malloc(n * sizeof(double));
    for (size_t i = 0; i < n * columns; i++) {
        fit->y[i] = samples->values ? samples->values[i] : (double)samples->classes[i];
    }
    for (size_t i = 0; i < n; i++) {
        fit->w[i] = samples->weights ? samples->weights[i] : 1.0;
    }
    *out = fit;
    IN_BIND;
    return FENCHEL_OK;
}

static size_t outputs(const void *self) { return OUTPUTS; }

/* 1/n sum w (y - eta)^2 */
static double mean_square(const struct fit *fit, const double *eta) {
    double sum = 0.0;
    for (size_t i = 0; i < fit->n * fit->columns; i++) {
        double r = eta[i] - fit->y[i];
        sum += fit->w[i % fit->n] * r * r;
    }
    return sum / (double)fit->n;
}

static double loss_at(const struct fit *fit, const double *eta, const double *own) {
#ifdef OWN
    return own[0] + 0.5 * exp(-2.0 * own[0]) * mean_square(fit, eta);
#else
    (void)own;
    return 0.5 * mean_square(fit, eta);
#endif
}

static int32_t value(const void *self, const double *eta, const double *own, double *out,
                     fenchel_error *error) {
    (void)error;
    *out = loss_at(self, eta, own);
    IN_VALUE;
    return FENCHEL_OK;
}

static int32_t gradient(const void *self, const double *eta, const double *own, double *grad_eta,
                        double *grad_own, double *value, fenchel_error *error) {
    const struct fit *fit = self;
    double precision = 1.0;
    (void)error;
#ifdef OWN
    precision = exp(-2.0 * own[0]);
    grad_own[0] = 1.0 - precision * mean_square(fit, eta);
#else
    (void)grad_own;
#endif
    for (size_t i = 0; i < fit->n * fit->columns; i++) {
        grad_eta[i] = precision * fit->w[i % fit->n] * (eta[i] - fit->y[i]) / (double)fit->n;
    }
    *value = loss_at(fit, eta, own);
    IN_GRADIENT;
    return FENCHEL_OK;
}

static double hessian_bound(const void *self) {
#ifdef OWN
    (void)self;
    return NAN;
#else
    const struct fit *fit = self;
    double top = 0.0;
    for (size_t i = 0; i < fit->n; i++) {
        top = fit->w[i] > top ? fit->w[i] : top;
    }
    return BOUND;
#endif
}

static int32_t form(const void *self) {
    (void)self;
    return FORM;
}

static int32_t curvature(const void *self, const double *eta, const double *own, double *out,
                         fenchel_error *error) {
    const struct fit *fit = self;
    double precision = 1.0;
    (void)eta;
    (void)own;
    (void)error;
#ifdef OWN
    precision = exp(-2.0 * own[0]);
#endif
    for (size_t i = 0; i < fit->n * fit->columns; i++) {
        out[i] = precision * fit->w[i % fit->n] / (double)fit->n;
    }
    IN_CURVATURE;
    return FENCHEL_OK;
}

static int32_t conjugate(const void *self, const double *u, double *out, fenchel_error *error) {
    const struct fit *fit = self;
    double sum = 0.0;
    (void)error;
    for (size_t i = 0; i < fit->n * fit->columns; i++) {
        double w = fit->w[i % fit->n] / (double)fit->n;
        if (w > 0.0) {
            sum += u[i] * (0.5 * u[i] / w + fit->y[i]);
        } else if (u[i] != 0.0) {
            sum = INFINITY;
        }
    }
    *out = sum;
    IN_CONJUGATE;
    return FENCHEL_OK;
}

static int32_t prox(const void *self, const double *v, double step, double *out,
                    fenchel_error *error) {
    const struct fit *fit = self;
    (void)error;
    for (size_t i = 0; i < fit->n * fit->columns; i++) {
        double w = step * fit->w[i % fit->n] / (double)fit->n;
        out[i] = (v[i] + w * fit->y[i]) / (1.0 + w);
    }
    IN_PROX;
    return FENCHEL_OK;
}

static size_t own_count(const void *self) {
    (void)self;
    return OWN_COUNT;
}

static int32_t own_start(const void *self, double *out, fenchel_error *error) {
    (void)self;
    (void)error;
    out[0] = 0.0;
    IN_START;
    return FENCHEL_OK;
}

static size_t own_extras(const void *self) {
    (void)self;
    return 1;
}

static const char *own_extra_name(const void *self, size_t i, size_t *length) {
    (void)self;
    (void)i;
    *length = 1;
    return EXTRA_NAME;
}

static int32_t own_extra(const void *self, size_t i, const double *own, double *out,
                         fenchel_error *error) {
    (void)self;
    (void)i;
    (void)error;
    out[0] = exp(own[0]);
    return FENCHEL_OK;
}

static const void *fit_capability(const void *self, const char *id, uint32_t revision) {
    static const fenchel_smooth has_smooth = {sizeof has_smooth, gradient, hessian_bound};
    static const fenchel_curvature has_curvature = {sizeof has_curvature, form, curvature};
    static const fenchel_fit_conjugate has_conjugate = {sizeof has_conjugate, conjugate};
    static const fenchel_fit_prox has_prox = {sizeof has_prox, prox};
    static const fenchel_own has_own = {
        sizeof has_own, own_count, own_start, NULL, NULL, own_extras, own_extra_name, own_extra,
    };
    (void)self;
    (void)revision;
    (void)has_conjugate;
    (void)has_prox;
    (void)has_own;
    if (!strcmp(id, FENCHEL_SMOOTH)) {
        return &has_smooth;
    }
#ifdef OWN
    (void)has_curvature;
    return strcmp(id, FENCHEL_OWN) ? NULL : &has_own;
#else
    if (!strcmp(id, FENCHEL_CURVATURE)) {
        return &has_curvature;
    }
    if (!strcmp(id, FENCHEL_FIT_CONJUGATE)) {
        return &has_conjugate;
    }
    return strcmp(id, FENCHEL_FIT_PROX) ? NULL : &has_prox;
#endif
}

static const fenchel_fit_type fit_type = {
    sizeof fit_type, destroy_fit, outputs, NULL, value, fit_capability,
};

static size_t columns(const void *self, size_t outputs) {
    (void)self;
    return outputs;
}

static int32_t response(const void *self, const double *eta, size_t samples, size_t outputs,
                        double *out, fenchel_error *error) {
    (void)self;
    (void)error;
    memcpy(out, eta, samples * outputs * sizeof(double));
    IN_RESPONSE;
    return FENCHEL_OK;
}

static int32_t classes(const void *self, const double *eta, size_t samples, size_t outputs,
                       uint32_t *out, fenchel_error *error) {
    (void)self;
    (void)outputs;
    (void)error;
    for (size_t i = 0; i < samples; i++) {
        out[i] = eta[i] > 0.5;
    }
    IN_CLASSES;
    return FENCHEL_OK;
}

static int32_t deviance(const void *self, const double *eta, size_t samples, size_t outputs,
                        const fenchel_samples *data, double *out, fenchel_error *error) {
    void *fit;
    int32_t status = bind(self, data, &fit, error);
    (void)samples;
    (void)outputs;
    if (status != FENCHEL_OK) {
        return status;
    }
    *out = mean_square(fit, eta);
    destroy_fit(fit);
    IN_DEVIANCE;
    return FENCHEL_OK;
}

static const void *capability(const void *self, const char *id, uint32_t revision) {
    static const fenchel_predictor predictor = {
        sizeof predictor, columns, response, READS == FENCHEL_TWO_CLASSES ? classes : NULL,
        deviance,
    };
    (void)self;
    (void)revision;
    return strcmp(id, FENCHEL_PREDICTOR) ? NULL : &predictor;
}

static const fenchel_card card = {
    sizeof card,
    "squares_c",
    "least squares, in C",
    "1/2 (y - eta)^2",
    "derivative eta - y, curvature 1",
    "every penalty",
    "",
    "Gauss (1809)",
    FENCHEL_SCHEMA(""),
};

static const fenchel_loss_type type = {
    sizeof type, &card, create, free, reads, bind, &fit_type, capability,
};

static const fenchel_loss_type *loss(size_t i) { return i == 0 ? &type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    sizeof fenchel_plugin_v1, FENCHEL_MAGIC, FENCHEL_ABI, 0, 0, "squares_in_c", "1.0", NULL, loss,
};

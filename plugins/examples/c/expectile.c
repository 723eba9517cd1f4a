/*
 * Asymmetric least squares: what the mean is to squares, the expectile is to these. The expectile
 * of level tau is to the mean what the quantile of level tau is to the median.
 *
 *     l(y, eta)       = a (y - eta)^2,  a = tau if y >= eta, else 1 - tau
 *     dl/deta         = 2 a (eta - y)
 *     d2l/deta2       = 2 a
 *     l*(y, u)        = u y + u^2 / (4 a),  a = tau if u <= 0, else 1 - tau
 *     prox_{t l}(v)   = (v + 2 t a y) / (1 + 2 t a), a as at eta = v
 *
 * There is no factor 1/2, as in the source; with tau = 1/2 this is the built-in `quadratic`.
 * Responses: one numeric column, finite numbers.
 * Source: Newey & Powell (1987), Econometrica 55(4), eq. 2.1.
 */
#include <math.h>
#include <stdlib.h>

#include "example.h"
#include "fenchel_json.h"

typedef struct expectile {
    double tau; /* between 0 and 1, both excluded */
} expectile;

/* The loss on data. */
typedef struct bound {
    double tau;
    size_t samples;
    double *y;
    double *weights; /* mean 1; NULL where all are 1 */
} bound;

/* ----------------------------------------------------------------------------- one sample */

/* a, for the sign of y - eta. */
static inline double side(double tau, double above) { return above >= 0.0 ? tau : 1.0 - tau; }

static inline double value_of(double tau, double y, double eta) {
    return side(tau, y - eta) * (y - eta) * (y - eta);
}

/* w_i / n */
static inline double share(const bound *self, size_t i) {
    return (self->weights ? self->weights[i] : 1.0) / (double)self->samples;
}

/* ---------------------------------------------------------------------------- all samples */

/* sum_i w_i l(y_i, eta_i) / n. A sample without weight does not count, infinite or not. */
static double mean_loss(double tau, const double *y, const double *weights, const double *eta,
                        size_t samples) {
    double sum = 0.0;
    for (size_t i = 0; i < samples; i++) {
        double w = weights ? weights[i] : 1.0;
        sum += w == 0.0 ? 0.0 : w * value_of(tau, y[i], eta[i]);
    }
    return sum / (double)samples;
}

static int32_t value(const void *fit, const double *eta, const double *own, double *out,
                     fenchel_error *error) {
    const bound *self = fit;
    (void)own;
    (void)error;
    *out = mean_loss(self->tau, self->y, self->weights, eta, self->samples);
    return FENCHEL_OK;
}

static int32_t gradient(const void *fit, const double *eta, const double *own, double *grad_eta,
                        double *grad_own, double *out, fenchel_error *error) {
    const bound *self = fit;
    (void)grad_own;
    for (size_t i = 0; i < self->samples; i++) {
        double c = share(self, i), above = self->y[i] - eta[i];
        grad_eta[i] = c == 0.0 ? 0.0 : -2.0 * c * side(self->tau, above) * above;
    }
    return value(fit, eta, own, out, error);
}

static double hessian_bound(const void *fit) {
    const bound *self = fit;
    double largest = 0.0;
    for (size_t i = 0; i < self->samples; i++) {
        largest = fmax(largest, share(self, i));
    }
    return 2.0 * fmax(self->tau, 1.0 - self->tau) * largest;
}

static int32_t curvature_form(const void *fit) {
    (void)fit;
    return FENCHEL_CURVATURE_DIAGONAL;
}

static int32_t curvature(const void *fit, const double *eta, const double *own, double *out,
                         fenchel_error *error) {
    const bound *self = fit;
    (void)own;
    (void)error;
    for (size_t i = 0; i < self->samples; i++) {
        out[i] = 2.0 * share(self, i) * side(self->tau, self->y[i] - eta[i]);
    }
    return FENCHEL_OK;
}

static int32_t conjugate(const void *fit, const double *u, double *out, fenchel_error *error) {
    const bound *self = fit;
    double sum = 0.0;
    (void)error;
    for (size_t i = 0; i < self->samples; i++) {
        double c = share(self, i);
        if (c == 0.0) {
            sum += u[i] == 0.0 ? 0.0 : INFINITY;
        } else {
            sum += u[i] * (self->y[i] + u[i] / (4.0 * c * side(self->tau, -u[i])));
        }
    }
    *out = isnan(sum) ? INFINITY : sum;
    return FENCHEL_OK;
}

static int32_t prox(const void *fit, const double *v, double step, double *out,
                    fenchel_error *error) {
    const bound *self = fit;
    (void)error;
    for (size_t i = 0; i < self->samples; i++) {
        /* The prox stays on v's side of y, so that a is known. */
        double c = 2.0 * step * share(self, i) * side(self->tau, self->y[i] - v[i]);
        out[i] = (v[i] + c * self->y[i]) / (1.0 + c);
    }
    return FENCHEL_OK;
}

static size_t outputs(const void *fit) {
    (void)fit;
    return 1;
}

static const void *fit_capability(const void *fit, const char *id, uint32_t revision) {
    static const fenchel_smooth smooth = {
        .size = sizeof smooth,
        .gradient = gradient,
        .hessian_bound = hessian_bound,
    };
    static const fenchel_curvature curved = {
        .size = sizeof curved,
        .form = curvature_form,
        .curvature = curvature,
    };
    static const fenchel_fit_conjugate conjugates = {
        .size = sizeof conjugates,
        .conjugate = conjugate,
    };
    static const fenchel_fit_prox proximal = {.size = sizeof proximal, .prox = prox};
    static const struct {
        const char *id;
        const void *table;
    } offered[] = {
        {FENCHEL_SMOOTH, &smooth},
        {FENCHEL_CURVATURE, &curved},
        {FENCHEL_FIT_CONJUGATE, &conjugates},
        {FENCHEL_FIT_PROX, &proximal},
    };
    (void)fit;
    for (size_t i = 0; i < sizeof offered / sizeof offered[0]; i++) {
        if (revision == 1 && strcmp(id, offered[i].id) == 0) {
            return offered[i].table;
        }
    }
    return NULL;
}

/* --------------------------------------------------------------------------- binding to data */

static void unbind(void *fit) {
    bound *self = fit;
    free(self->y);
    free(self->weights);
    free(self);
}

static double *copy(const double *from, size_t count) {
    double *to = malloc(count * sizeof *to);
    return to ? memcpy(to, from, count * sizeof *to) : NULL;
}

/* The response is one column of finite numbers. */
static int32_t check(const fenchel_samples *samples, fenchel_error *error) {
    if (samples->kind != FENCHEL_NUMBERS || samples->columns != 1) {
        return fenchel_fail(error, FENCHEL_UNSUPPORTED, NULL, "the loss reads one numeric column");
    }
    for (size_t i = 0; i < samples->samples; i++) {
        if (!isfinite(samples->values[i])) {
            return fenchel_outside(error, i, "a finite number");
        }
    }
    return FENCHEL_OK;
}

static int32_t bind_to(const void *loss, const fenchel_samples *samples, void **fit,
                       fenchel_error *error) {
    const expectile *self = loss;
    int32_t status = check(samples, error);
    if (status != FENCHEL_OK) {
        return status;
    }
    bound *result = malloc(sizeof *result);
    if (!result) {
        return out_of_memory(error);
    }
    result->tau = self->tau;
    result->samples = samples->samples;
    result->y = copy(samples->values, samples->samples);
    result->weights = samples->weights ? copy(samples->weights, samples->samples) : NULL;
    if (!result->y || (samples->weights && !result->weights)) {
        unbind(result);
        return out_of_memory(error);
    }
    *fit = result;
    return FENCHEL_OK;
}

static const fenchel_fit_type fit_type = {
    .size = sizeof fit_type,
    .destroy = unbind,
    .outputs = outputs,
    .value = value,
    .capability = fit_capability,
};

/* --------------------------------------------------------------------------------- prediction */

static size_t predicted_columns(const void *loss, size_t outputs) {
    (void)loss;
    return outputs;
}

/* What is predicted is the expectile, which is eta. */
static int32_t predicted_response(const void *loss, const double *eta, size_t samples,
                                  size_t outputs, double *out, fenchel_error *error) {
    (void)loss;
    (void)error;
    memcpy(out, eta, samples * outputs * sizeof *out);
    return FENCHEL_OK;
}

static int32_t deviance(const void *loss, const double *eta, size_t samples, size_t outputs,
                        const fenchel_samples *data, double *out, fenchel_error *error) {
    const expectile *self = loss;
    int32_t status = check(data, error);
    (void)outputs;
    if (status == FENCHEL_OK) {
        *out = 2.0 * mean_loss(self->tau, data->values, data->weights, eta, samples);
    }
    return status;
}

/* --------------------------------------------------------------------------------- the loss */

/* The host has checked the bounds that the schema gives. */
static int32_t create(const char *parameters, size_t length, void **loss, fenchel_error *error) {
    expectile *self = malloc(sizeof *self);
    (void)length;
    if (!self) {
        return out_of_memory(error);
    }
    int status = fenchel_json_number(parameters, "tau", &self->tau);
    if (status != FENCHEL_JSON_OK) {
        free(self);
        return fenchel_fail(error, FENCHEL_INVALID, "tau", fenchel_json_message(status));
    }
    *loss = self;
    return FENCHEL_OK;
}

static void destroy(void *loss) { free(loss); }

static int32_t reads(const void *loss) {
    (void)loss;
    return FENCHEL_NUMBER;
}

static const void *capability(const void *loss, const char *id, uint32_t revision) {
    static const fenchel_predictor predictor = {
        .size = sizeof predictor,
        .columns = predicted_columns,
        .response = predicted_response,
        .deviance = deviance,
    };
    (void)loss;
    return revision == 1 && strcmp(id, FENCHEL_PREDICTOR) == 0 ? &predictor : NULL;
}

static const fenchel_card card = {
    .size = sizeof card,
    .name = "expectile",
    .summary = "asymmetric least squares, which estimate an expectile of the response",
    .formula = "|tau - 1(y < eta)| (y - eta)^2",
    .method = "derivative 2 a (eta - y), curvature 2 a, with a = tau above eta and 1 - tau below",
    .combines = "every penalty; the duality gap is available; tau = 0.5 is quadratic",
    .example = "tau = 0.8",
    .source = "Newey & Powell (1987), Econometrica 55(4), eq. 2.1",
    .schema = FENCHEL_SCHEMA(FENCHEL_PARAMETER("tau", "number", "Level of the expectile.", "0.5",
                                               FENCHEL_ABOVE("0") FENCHEL_BELOW("1"))),
};

const fenchel_loss_type expectile_type = {
    .size = sizeof expectile_type,
    .card = &card,
    .create = create,
    .destroy = destroy,
    .reads = reads,
    .bind = bind_to,
    .fit = &fit_type,
    .capability = capability,
};

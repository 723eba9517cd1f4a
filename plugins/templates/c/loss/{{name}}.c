/*
 * {{name}}: a loss of one response and one linear predictor.
 *
 *     l(y, eta) = s^2 log cosh((eta - y) / s)
 *
 * As it stands this is the log-cosh loss, a square near zero with slope s far out. Write your own
 * formula into `loss_of`, `slope_of`, `curvature_of`, `conjugate_of` and the card at the end;
 * `make check` then says whether they belong together. fenchel_plugin.h explains every function.
 */
#include <math.h>
#include <stdlib.h>

#include "fenchel_json.h"
#include "fenchel_plugin.h"

/* The parameters. A new one goes here, into `create` and into the card's schema. */
typedef struct {{Name}} {
    double s; /* greater than 0 */
} {{Name}};

/* -------------------------------------------------------------------------- the mathematics */

/* l(y, eta) */
static double loss_of(const {{Name}} *self, double y, double eta) {
    double z = fabs(eta - y) / self->s;
    return self->s * self->s * (z + log1p(exp(-2.0 * z)) - 0.69314718055994530942);
}

/* dl/deta */
static double slope_of(const {{Name}} *self, double y, double eta) {
    return self->s * tanh((eta - y) / self->s);
}

/* d2l/deta2 */
static double curvature_of(const {{Name}} *self, double y, double eta) {
    double t = tanh((eta - y) / self->s);
    return 1.0 - t * t;
}

/* A bound on the curvature that holds everywhere; NAN where there is none. */
static double curvature_bound(const {{Name}} *self) {
    (void)self;
    return 1.0;
}

static double x_log_x(double x) { return x > 0.0 ? x * log(x) : 0.0; }

/* sup_eta u eta - l(y, eta); INFINITY outside the domain, of which an excess of 1e-12 is still
   inside. Only a convex loss has one: leave it out of `fit_capability` where yours is none. */
static double conjugate_of(const {{Name}} *self, double y, double u) {
    double q = u / self->s;
    if (!(fabs(q) <= 1.0 + 1e-12)) {
        return INFINITY;
    }
    return u * y + 0.5 * self->s * self->s * (x_log_x(1.0 + q) + x_log_x(1.0 - q));
}

/* Whether a response is in the domain, and what would be right. */
static int in_domain(double y) { return isfinite(y); }
static const char domain[] = "a finite number";

/* inf_eta l(y, eta), the loss of a model that fits y perfectly. */
static double least_loss(const {{Name}} *self, double y) {
    (void)self, (void)y;
    return 0.0;
}

/* -------------------------------------------------------------------------- the loss on data */

typedef struct Fit {
    {{Name}} loss;
    size_t samples;
    double *y;
    double *weights; /* mean 1; NULL where all are 1 */
} Fit;

/* w_i / n */
static double share(const Fit *self, size_t i) {
    return (self->weights ? self->weights[i] : 1.0) / (double)self->samples;
}

/* The mean of the loss. A sample without weight does not count, infinite or not. */
static int32_t value(const void *fit, const double *eta, const double *own, double *out,
                     fenchel_error *error) {
    const Fit *self = fit;
    double sum = 0.0;
    (void)own, (void)error;
    for (size_t i = 0; i < self->samples; i++) {
        double c = share(self, i);
        sum += c == 0.0 ? 0.0 : c * loss_of(&self->loss, self->y[i], eta[i]);
    }
    *out = sum;
    return FENCHEL_OK;
}

static int32_t gradient(const void *fit, const double *eta, const double *own, double *grad_eta,
                        double *grad_own, double *out, fenchel_error *error) {
    const Fit *self = fit;
    (void)grad_own;
    for (size_t i = 0; i < self->samples; i++) {
        double c = share(self, i);
        grad_eta[i] = c == 0.0 ? 0.0 : c * slope_of(&self->loss, self->y[i], eta[i]);
    }
    return value(fit, eta, own, out, error);
}

static double hessian_bound(const void *fit) {
    const Fit *self = fit;
    double largest = 0.0;
    for (size_t i = 0; i < self->samples; i++) {
        largest = fmax(largest, share(self, i));
    }
    return largest * curvature_bound(&self->loss);
}

static int32_t curvature_form(const void *fit) {
    (void)fit;
    return FENCHEL_CURVATURE_DIAGONAL;
}

static int32_t curvature(const void *fit, const double *eta, const double *own, double *out,
                         fenchel_error *error) {
    const Fit *self = fit;
    (void)own, (void)error;
    for (size_t i = 0; i < self->samples; i++) {
        double c = share(self, i);
        out[i] = c == 0.0 ? 0.0 : c * curvature_of(&self->loss, self->y[i], eta[i]);
    }
    return FENCHEL_OK;
}

static int32_t conjugate(const void *fit, const double *u, double *out, fenchel_error *error) {
    const Fit *self = fit;
    double sum = 0.0;
    (void)error;
    for (size_t i = 0; i < self->samples; i++) {
        double c = share(self, i);
        if (c == 0.0) {
            sum += u[i] == 0.0 ? 0.0 : INFINITY;
        } else {
            sum += c * conjugate_of(&self->loss, self->y[i], u[i] / c);
        }
    }
    *out = sum;
    return FENCHEL_OK;
}

static size_t outputs(const void *fit) {
    (void)fit;
    return 1;
}

static void unbind(void *fit) {
    Fit *self = fit;
    free(self->y);
    free(self->weights);
    free(self);
}

/* What the bound loss can do, asked for by id. */
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
    (void)fit;
    if (revision != 1) {
        return NULL;
    }
    if (strcmp(id, FENCHEL_SMOOTH) == 0) {
        return &smooth;
    }
    if (strcmp(id, FENCHEL_CURVATURE) == 0) {
        return &curved;
    }
    return strcmp(id, FENCHEL_FIT_CONJUGATE) == 0 ? &conjugates : NULL;
}

static const fenchel_fit_type fit_type = {
    .size = sizeof fit_type,
    .destroy = unbind,
    .outputs = outputs,
    .value = value,
    .capability = fit_capability,
};

/* -------------------------------------------------------------------------------- prediction */

static size_t predicted_columns(const void *loss, size_t outputs) {
    (void)loss;
    return outputs;
}

/* The mean response at eta; here eta itself. */
static int32_t predicted_response(const void *loss, const double *eta, size_t samples,
                                  size_t outputs, double *out, fenchel_error *error) {
    (void)loss, (void)error;
    memcpy(out, eta, samples * outputs * sizeof *out);
    return FENCHEL_OK;
}

/* The weighted mean of 2 (l(y, eta) - inf l(y, .)). */
static int32_t deviance(const void *loss, const double *eta, size_t samples, size_t outputs,
                        const fenchel_samples *data, double *out, fenchel_error *error) {
    const {{Name}} *self = loss;
    double sum = 0.0;
    (void)outputs, (void)error;
    for (size_t i = 0; i < samples; i++) {
        double w = data->weights ? data->weights[i] : 1.0, y = data->values[i];
        sum += w == 0.0 ? 0.0 : 2.0 * w * (loss_of(self, y, eta[i]) - least_loss(self, y));
    }
    *out = sum / (double)samples;
    return FENCHEL_OK;
}

/* ------------------------------------------------------------------------------- for fenchel */

/* The host has checked the parameters against the schema. */
static int32_t create(const char *parameters, size_t length, void **loss, fenchel_error *error) {
    {{Name}} *self = malloc(sizeof *self);
    (void)length;
    if (!self) {
        return fenchel_fail(error, FENCHEL_FAILED, NULL, "out of memory");
    }
    int status = fenchel_json_number(parameters, "s", &self->s);
    if (status != FENCHEL_JSON_OK) {
        free(self);
        return fenchel_fail(error, FENCHEL_INVALID, "s", fenchel_json_message(status));
    }
    *loss = self;
    return FENCHEL_OK;
}

/* One numeric column. */
static int32_t reads(const void *loss) {
    (void)loss;
    return FENCHEL_NUMBER;
}

static double *copy(const double *from, size_t count) {
    double *to = malloc(count * sizeof *to);
    return to ? memcpy(to, from, count * sizeof *to) : NULL;
}

/* Checks the domain and copies the data, which are gone afterwards. */
static int32_t bind_to(const void *loss, const fenchel_samples *samples, void **fit,
                       fenchel_error *error) {
    if (samples->kind != FENCHEL_NUMBERS || samples->columns != 1) {
        return fenchel_fail(error, FENCHEL_UNSUPPORTED, NULL, "the loss reads one numeric column");
    }
    for (size_t i = 0; i < samples->samples; i++) {
        if (!in_domain(samples->values[i])) {
            return fenchel_outside(error, i, domain);
        }
    }
    Fit *self = malloc(sizeof *self);
    if (!self) {
        return fenchel_fail(error, FENCHEL_FAILED, NULL, "out of memory");
    }
    self->loss = *(const {{Name}} *)loss;
    self->samples = samples->samples;
    self->y = copy(samples->values, samples->samples);
    self->weights = samples->weights ? copy(samples->weights, samples->samples) : NULL;
    if (!self->y || (samples->weights && !self->weights)) {
        unbind(self);
        return fenchel_fail(error, FENCHEL_FAILED, NULL, "out of memory");
    }
    *fit = self;
    return FENCHEL_OK;
}

/* What the loss can do before it has seen data. */
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

/* What `fenchel list`, `describe` and `schema` show. */
static const fenchel_card card = {
    .size = sizeof card,
    .name = "{{name}}",
    .summary = "one sentence on what the loss is for",
    .formula = "s^2 log cosh((eta - y) / s)",
    .method = "derivative s tanh((eta - y) / s), curvature 1 - tanh^2",
    .combines = "every penalty; the duality gap is available",
    .example = "s = 1.0",
    .source = "paper and equation",
    .schema = FENCHEL_SCHEMA(FENCHEL_PARAMETER("s", "number", "Slope of the loss far out.", "1.0",
                                               FENCHEL_ABOVE("0"))),
};

static const fenchel_loss_type type = {
    .size = sizeof type,
    .card = &card,
    .create = create,
    .destroy = free,
    .reads = reads,
    .bind = bind_to,
    .fit = &fit_type,
    .capability = capability,
};

static const fenchel_loss_type *loss_type(size_t i) { return i == 0 ? &type : NULL; }

FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = {
    .size = sizeof(fenchel_plugin),
    .magic = FENCHEL_MAGIC,
    .abi = FENCHEL_ABI,
    .name = "{{name}}",
    .version = "0.1.0",
    .loss = loss_type,
};

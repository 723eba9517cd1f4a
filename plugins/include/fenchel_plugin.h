/*
 * fenchel_plugin.h: penalties and losses as shared libraries, ABI 1.
 *
 * A plugin exports one symbol, the constant `fenchel_plugin_v1`. Everything else hangs from it:
 *
 *     fenchel_plugin_v1 -> penalty types -> penalties -> what a penalty can do
 *                       -> loss types    -> losses    -> fits (a loss bound to data) -> what it can do
 *
 * Rules, for every function of a plugin:
 *
 * - Every struct begins with its `size`, as the side that fills it was compiled. Members are only
 *   ever appended; one that `size` does not reach, and one that is NULL, is absent.
 * - What an object can do beyond the least is asked for by id and revision: `capability` returns a
 *   struct that lives as long as the library, or NULL.
 * - Where `error` is a parameter, the function returns a FENCHEL_ status, and on anything but
 *   FENCHEL_OK it has written why into the host's buffers (fenchel_fail() does). The host never
 *   passes NULL for `error`.
 * - Nothing unwinds across the boundary: no C++ exception, no Rust panic, no longjmp.
 * - Nothing that one side allocated is freed by the other. What `create`, `scaled` and `bind` hand
 *   out is given back to the type's own `destroy`. Arrays that the host passes are readable (or
 *   writable, where they are not const) for this call only; input and output never overlap.
 * - Threads, in brackets at each function: [main thread] is called from one thread at a time;
 *   [any thread] may be called from several threads at once, also on one object: it may not write
 *   to the object, nor to globals.
 * - Coefficients `beta` are p x K doubles, column by column: feature j, output k at j + k p. The
 *   linear predictor `eta` is n x K in the same way. Numbers are finite unless said otherwise.
 * - Texts are UTF-8.
 *
 * Compiles as C99, C11, C++17 and later.
 */
#ifndef FENCHEL_PLUGIN_H
#define FENCHEL_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The number of this ABI. A host loads plugins of its own number only. */
#define FENCHEL_ABI 1u

/* The bytes "FNCH": what the entry is, whatever else it says. */
#define FENCHEL_MAGIC 0x48434E46u

#if defined(_WIN32)
#define FENCHEL_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define FENCHEL_EXPORT __attribute__((visibility("default")))
#else
#define FENCHEL_EXPORT
#endif

/* What a function came to. */
#define FENCHEL_OK 0          /* done */
#define FENCHEL_INVALID 1     /* a parameter or the data are at fault: the user's to mend */
#define FENCHEL_UNSUPPORTED 2 /* the pieces of the problem do not fit together */
#define FENCHEL_FAILED 3      /* the plugin is at fault */
#define FENCHEL_PANIC 4       /* the same, caught where it would have unwound */

/* The host's buffers for what went wrong. */
typedef struct fenchel_error {
    size_t size;
    char *message; /* a sentence without full stop, NUL-terminated, cut to fit */
    size_t message_capacity;
    char *path; /* the parameter at fault, as in `weights[1]`; empty where none is */
    size_t path_capacity;
    int64_t sample; /* the sample whose response is at fault, from 0; -1 where none is. `message`
                       then says what would have been right, as in `a number above 0` */
} fenchel_error;

/* What `list`, `describe` and `schema` show of a type. */
typedef struct fenchel_card {
    size_t size;
    const char *name;     /* the `type` in problem files: lower case, digits, underscores */
    const char *summary;  /* one sentence */
    const char *formula;  /* plain text */
    const char *method;   /* the prox of a penalty, the derivatives of a loss */
    const char *combines; /* what it goes with, and what not */
    const char *example;  /* TOML lines after `type = ...`, ready to run */
    const char *source;   /* paper and equation */
    const char *schema;   /* JSON Schema of the parameters: an object with `properties`. The host
                             refuses unknown keys, wrong types and numbers out of bounds, and fills
                             in defaults, before `create` sees them */
} fenchel_card;

/* Pieces of a schema: FENCHEL_SCHEMA(FENCHEL_LAMBDA "," FENCHEL_PARAMETER(...)). A parameter with a
   default takes FENCHEL_PARAMETER, one without is required where FENCHEL_SCHEMA_REQUIRING says so. */
#define FENCHEL_PARAMETER(name, type, doc, default_, bounds)                                       \
    "\"" name "\":{\"type\":\"" type "\",\"description\":\"" doc "\",\"default\":" default_ bounds "}"
#define FENCHEL_MINIMUM(number) ",\"minimum\":" number
#define FENCHEL_ABOVE(number) ",\"exclusiveMinimum\":" number
#define FENCHEL_MAXIMUM(number) ",\"maximum\":" number
#define FENCHEL_BELOW(number) ",\"exclusiveMaximum\":" number
#define FENCHEL_LAMBDA                                                                             \
    FENCHEL_PARAMETER("lambda", "number", "Strength of the penalty.", "1.0", FENCHEL_MINIMUM("0"))
/* `groups`, in any of the three ways in which problem files name them; read it by space->groups. */
#define FENCHEL_GROUPS                                                                             \
    "\"groups\":{\"description\":\"Groups of features: lists, { size } or { column, file }.\"}"
#define FENCHEL_SCHEMA(properties) "{\"type\":\"object\",\"properties\":{" properties "}}"
#define FENCHEL_SCHEMA_REQUIRING(required, properties)                                             \
    "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"

/* The coefficients that a penalty is built for, and services of the host; for `create` only.
   [main thread], all of them; the host owns what they hand out, until `create` returns. */
typedef struct fenchel_space {
    size_t size;
    size_t features; /* p */
    size_t outputs;  /* K */
    const void *host;
    /* The name of feature j < p; not NUL-terminated. */
    const char *(*feature)(const struct fenchel_space *space, size_t j, size_t *length);
    /* The groups that the parameter `key` names, by the rules of all problem files: group g holds
       features members[starts[g]] .. members[starts[g + 1]], ascending; `count` groups. */
    int32_t (*groups)(const struct fenchel_space *space, const char *key, const size_t **starts,
                      const size_t **members, size_t *count, fenchel_error *error);
    /* The cells of one column of a table file, NUL-terminated. */
    int32_t (*table_column)(const struct fenchel_space *space, const char *file, const char *column,
                            const char *const **cells, size_t *count, fenchel_error *error);
    /* The numbers of a matrix file, row by row. */
    int32_t (*matrix)(const struct fenchel_space *space, const char *file, const double **values,
                      size_t *rows, size_t *cols, fenchel_error *error);
} fenchel_space;

/* ---------------------------------------------------------------------------------- penalties */

/* Convexity of a penalty. */
#define FENCHEL_CONVEX 0
#define FENCHEL_WEAKLY_CONVEX 1 /* Omega + modulus/2 ||.||^2 is convex, for no smaller modulus */
#define FENCHEL_NONCONVEX 2

/* A type of penalty, Omega: a function of the coefficients. */
typedef struct fenchel_penalty_type {
    size_t size;
    const fenchel_card *card;
    /* [main thread] Builds a penalty. `parameters` is a JSON object, checked against the schema and
       with its defaults filled in; NUL-terminated. */
    int32_t (*create)(const char *parameters, size_t length, const fenchel_space *space,
                      void **penalty, fenchel_error *error);
    /* [any thread] */
    void (*destroy)(void *penalty);
    /* [any thread] `*value` = Omega(beta); INFINITY outside its domain. `length` = p K, here and
       below. */
    int32_t (*value)(const void *penalty, const double *beta, size_t length, double *value,
                     fenchel_error *error);
    /* [any thread] FENCHEL_CONVEX and its like; `*modulus` of a weakly convex one. */
    int32_t (*convexity)(const void *penalty, double *modulus);
    /* [any thread] One of the structs below, by the id above it, or NULL. */
    const void *(*capability)(const void *penalty, const char *id, uint32_t revision);
} fenchel_penalty_type;

/* The prox. For a penalty that has FENCHEL_SEPARABLE or FENCHEL_BLOCKS it is derived. */
#define FENCHEL_PROX "fenchel.penalty.prox" /* revision 1 */
typedef struct fenchel_prox {
    size_t size;
    /* [any thread] `out` = argmin_b Omega(b) + ||b - v||^2 / (2 step), `*value` = Omega(out). */
    int32_t (*prox)(const void *penalty, const double *v, size_t length, double step, double *out,
                    double *value, fenchel_error *error);
} fenchel_prox;

/* Omega = sum_j omega_j(b_j) over flat indices j < p K. Batched: a call does indices
   first .. first + count. */
#define FENCHEL_SEPARABLE "fenchel.penalty.separable" /* revision 1 */
typedef struct fenchel_separable {
    size_t size;
    /* [any thread] out[i] = omega_j(b[i]), j = first + i */
    int32_t (*values)(const void *penalty, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error);
    /* [any thread] out[i] = argmin_b omega_j(b) + (b - v[i])^2 / (2 steps[i]), a global minimiser */
    int32_t (*proxes)(const void *penalty, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error);
    /* [any thread] out[i] = distance of -grad[i] to the subdifferential of omega_j at b[i];
       INFINITY where b[i] is outside the domain, and where either is NaN */
    int32_t (*subdiff_dists)(const void *penalty, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error);
    /* [any thread] The prox of one coordinate, for coordinate descent, whose steps depend on one
       another; NAN if it fails, whereupon the host asks `proxes` for the same coordinate, which has
       room to say why. May be NULL, at some cost in speed. */
    double (*prox_at)(const void *penalty, size_t j, double v, double step);
} fenchel_separable;

/* Omega = sum_g omega_g(b_g) over disjoint blocks of features. A block travels as |g| x K doubles,
   column by column. Batched: a call does blocks first .. first + count, one after the other. */
#define FENCHEL_BLOCKS "fenchel.penalty.blocks" /* revision 1 */
typedef struct fenchel_blocks {
    size_t size;
    /* [main thread] The partition of the p features: group g holds members[starts[g]] ..
       members[starts[g + 1]], ascending; the penalty owns both arrays while it lives. */
    int32_t (*groups)(const void *penalty, const size_t **starts, const size_t **members,
                      size_t *count, fenchel_error *error);
    /* [any thread] out[i] = omega_g(b_g), g = first + i */
    int32_t (*values)(const void *penalty, size_t first, size_t count, const double *b, double *out,
                      fenchel_error *error);
    /* [any thread] out_g = argmin_b omega_g(b) + ||b - v_g||^2 / (2 steps[i]) */
    int32_t (*proxes)(const void *penalty, size_t first, size_t count, const double *v,
                      const double *steps, double *out, fenchel_error *error);
    /* [any thread] out[i] = Euclidean distance of -grad_g to the subdifferential of omega_g at b_g */
    int32_t (*subdiff_dists)(const void *penalty, size_t first, size_t count, const double *b,
                             const double *grad, double *out, fenchel_error *error);
} fenchel_blocks;

/* The distance to the subdifferential. For FENCHEL_SEPARABLE and FENCHEL_BLOCKS it is derived. */
#define FENCHEL_SUBDIFFERENTIAL "fenchel.penalty.subdifferential" /* revision 1 */
typedef struct fenchel_subdifferential {
    size_t size;
    /* [any thread] `*distance` = dist(-grad, dOmega(beta)), largest over coordinates or blocks;
       INFINITY outside the domain, and where anything is NaN */
    int32_t (*subdiff_dist)(const void *penalty, const double *beta, const double *grad,
                            size_t length, double *distance, fenchel_error *error);
} fenchel_subdifferential;

/* The conjugate of a convex penalty, Omega*(u) = sup_b <u, b> - Omega(b). */
#define FENCHEL_CONJUGATE "fenchel.penalty.conjugate" /* revision 1 */
typedef struct fenchel_conjugate {
    size_t size;
    /* [any thread] INFINITY outside the domain, of which a relative excess of 1e-12 is still
       inside */
    int32_t (*conjugate)(const void *penalty, const double *u, size_t length, double *value,
                         fenchel_error *error);
    /* [any thread] The largest s in [0, 1] with Omega*(s u) < INFINITY; 0 where only u = 0 is */
    int32_t (*dual_scale)(const void *penalty, const double *u, size_t length, double *scale,
                          fenchel_error *error);
} fenchel_conjugate;

/* Says that Omega is a norm, and gives its dual: conjugate and path start are derived. */
#define FENCHEL_DUAL_NORM "fenchel.penalty.dual_norm" /* revision 1 */
typedef struct fenchel_dual_norm {
    size_t size;
    /* [any thread] max { <u, b> : Omega(b) <= 1 }; INFINITY where lambda = 0 and u is not 0 */
    int32_t (*dual_norm)(const void *penalty, const double *u, size_t length, double *norm,
                         fenchel_error *error);
} fenchel_dual_norm;

/* Where a path begins (lambda_max). */
#define FENCHEL_ZERO_THRESHOLD "fenchel.penalty.zero_threshold" /* revision 1 */
typedef struct fenchel_zero_threshold {
    size_t size;
    /* [any thread] The smallest scale >= 0 at which -grad is in the subdifferential at 0; INFINITY
       where there is none */
    int32_t (*zero_threshold)(const void *penalty, const double *grad, size_t length, double *scale,
                              fenchel_error *error);
} fenchel_zero_threshold;

/* omega_j = l1 |b| + l2/2 b^2 on [lower, upper]: sums with other such penalties stay in closed form. */
#define FENCHEL_ELEMENTARY "fenchel.penalty.elementary" /* revision 1 */
typedef struct fenchel_elementary {
    size_t size;
    /* [any thread] the four numbers of indices first .. first + count */
    int32_t (*scalars)(const void *penalty, size_t first, size_t count, double *l1, double *l2,
                       double *lower, double *upper, fenchel_error *error);
} fenchel_elementary;

/* Directions along which the penalty is constant. Without this there is none: offer it where a
   weight or lambda may be 0. */
#define FENCHEL_LINEALITY "fenchel.penalty.lineality" /* revision 1 */
#define FENCHEL_TRIVIAL 0     /* none */
#define FENCHEL_COORDINATES 1 /* `count` flat indices, ascending */
#define FENCHEL_BASIS 2       /* `count` vectors of length p K */
#define FENCHEL_EVERYTHING 3  /* the penalty is constant */
typedef struct fenchel_lineality {
    size_t size;
    /* [any thread] One of the four, and how many */
    int32_t (*kind)(const void *penalty, int32_t *kind, size_t *count, fenchel_error *error);
    /* [any thread] Writes the flat indices; needed for FENCHEL_COORDINATES */
    int32_t (*coordinates)(const void *penalty, size_t *out, size_t count, fenchel_error *error);
    /* [any thread] Writes the vectors one after the other; needed for FENCHEL_BASIS */
    int32_t (*basis)(const void *penalty, double *out, size_t length, fenchel_error *error);
} fenchel_lineality;

/* The same penalty at another strength. Without this the host multiplies the parameter `lambda` and
   calls `create` again. */
#define FENCHEL_SCALED "fenchel.penalty.scaled" /* revision 1 */
typedef struct fenchel_scaled {
    size_t size;
    /* [any thread] Every lambda multiplied by scale >= 0, all other parameters kept */
    int32_t (*scaled)(const void *penalty, double scale, void **out, fenchel_error *error);
} fenchel_scaled;

/* ------------------------------------------------------------------------------------- losses */

/* Kinds of response. */
#define FENCHEL_NUMBER 0      /* one numeric column */
#define FENCHEL_NUMBERS 1     /* one or several numeric columns */
#define FENCHEL_TWO_CLASSES 2 /* two labels */
#define FENCHEL_CLASSES 3     /* two or more labels */
#define FENCHEL_SURVIVAL 4    /* times and events */

/* Responses and weights of n samples. What does not belong to `kind` is NULL. */
typedef struct fenchel_samples {
    size_t size;
    size_t samples;        /* n */
    int32_t kind;          /* what the loss reads; FENCHEL_NUMBERS for either numeric kind */
    const double *values;  /* n x columns, column by column */
    size_t columns;
    const uint32_t *classes; /* n numbers below `class_count`, labels in sorted order */
    const char *const *labels;
    size_t class_count;
    const double *time;
    const uint8_t *event;     /* 1 where the event was seen, 0 where censored */
    const double *weights;    /* mean 1, at least 0; NULL where all are 1 */
    const uint32_t *subjects; /* cluster of each sample; NULL where the data have none */
} fenchel_samples;

/* A loss bound to data: f(eta, own) = (1 / n) sum_i w_i loss(y_i, eta_i). `eta` is n x K; `own` are
   the loss's own parameters, none unless FENCHEL_OWN is offered. */
typedef struct fenchel_fit_type {
    size_t size;
    /* [any thread] */
    void (*destroy)(void *fit);
    /* [any thread] K */
    size_t (*outputs)(const void *fit);
    /* [any thread] Whether an intercept makes sense; NULL for yes */
    int32_t (*takes_intercept)(const void *fit);
    /* [any thread] `*value` = f; INFINITY outside the domain */
    int32_t (*value)(const void *fit, const double *eta, const double *own, double *value,
                     fenchel_error *error);
    /* [any thread] One of the structs below, or NULL; may be NULL itself */
    const void *(*capability)(const void *fit, const char *id, uint32_t revision);
} fenchel_fit_type;

/* A type of loss. */
typedef struct fenchel_loss_type {
    size_t size;
    const fenchel_card *card;
    /* [main thread] Builds a loss; parameters as for a penalty. */
    int32_t (*create)(const char *parameters, size_t length, void **loss, fenchel_error *error);
    /* [any thread] */
    void (*destroy)(void *loss);
    /* [any thread] The kind of response that the loss reads; the host checks it before `bind`. */
    int32_t (*reads)(const void *loss);
    /* [any thread] Checks the domain and binds the loss to data, which it copies. */
    int32_t (*bind)(const void *loss, const fenchel_samples *samples, void **fit,
                    fenchel_error *error);
    /* What a bound loss does. */
    const fenchel_fit_type *fit;
    /* [any thread] One of the structs below, or NULL; may be NULL itself */
    const void *(*capability)(const void *loss, const char *id, uint32_t revision);
} fenchel_loss_type;

/* Predictions; asked of the loss. */
#define FENCHEL_PREDICTOR "fenchel.loss.predictor" /* revision 1 */
typedef struct fenchel_predictor {
    size_t size;
    /* [any thread] Columns of the response for K outputs */
    size_t (*columns)(const void *loss, size_t outputs);
    /* [any thread] Mean responses, or class probabilities that sum to 1: n x columns */
    int32_t (*response)(const void *loss, const double *eta, size_t samples, size_t outputs,
                        double *out, fenchel_error *error);
    /* [any thread] Class numbers; NULL where the loss is not about classes */
    int32_t (*classes)(const void *loss, const double *eta, size_t samples, size_t outputs,
                       uint32_t *out, fenchel_error *error);
    /* [any thread] Mean over samples of twice the loss less a saturated model's, with weights */
    int32_t (*deviance)(const void *loss, const double *eta, size_t samples, size_t outputs,
                        const fenchel_samples *data, double *deviance, fenchel_error *error);
} fenchel_predictor;

/* First derivatives; asked of the fit, as all that follows. */
#define FENCHEL_SMOOTH "fenchel.fit.smooth" /* revision 1 */
typedef struct fenchel_smooth {
    size_t size;
    /* [any thread] grad_eta = df/deta (n x K), grad_own = df/down, `*value` = f */
    int32_t (*gradient)(const void *fit, const double *eta, const double *own, double *grad_eta,
                        double *grad_own, double *value, fenchel_error *error);
    /* [any thread] A bound on the Hessian in eta that holds everywhere, weights and 1/n included;
       NAN where there is none */
    double (*hessian_bound)(const void *fit);
} fenchel_smooth;

/* Second derivatives in eta. */
#define FENCHEL_CURVATURE "fenchel.fit.curvature" /* revision 1 */
#define FENCHEL_CURVATURE_CONSTANT 0    /* diagonal, the same at every eta */
#define FENCHEL_CURVATURE_DIAGONAL 1    /* diagonal: n x K numbers */
#define FENCHEL_CURVATURE_BLOCKS 2      /* one K x K block a sample: (k, l) of i at i + n (k + K l) */
#define FENCHEL_CURVATURE_APPROXIMATE 3 /* a diagonal that bounds or approximates */
#define FENCHEL_CURVATURE_RANK_ONE 4    /* blocks diag(c) - v v': c (n x K), then v (n x K) */
#define FENCHEL_CURVATURE_TRIDIAGONAL 5 /* tridiagonal blocks: n x K, then beside it n x (K - 1) */
typedef struct fenchel_curvature {
    size_t size;
    /* [any thread] */
    int32_t (*form)(const void *fit);
    /* [any thread] As many numbers as the form says; n x K where it says nothing */
    int32_t (*curvature)(const void *fit, const double *eta, const double *own, double *out,
                         fenchel_error *error);
} fenchel_curvature;

/* The conjugate in eta; offering it says that the loss is convex. */
#define FENCHEL_FIT_CONJUGATE "fenchel.fit.conjugate" /* revision 1 */
typedef struct fenchel_fit_conjugate {
    size_t size;
    /* [any thread] f*(u) = sup_eta <u, eta> - f(eta), u n x K; INFINITY outside the domain */
    int32_t (*conjugate)(const void *fit, const double *u, double *value, fenchel_error *error);
} fenchel_fit_conjugate;

/* The prox in eta. */
#define FENCHEL_FIT_PROX "fenchel.fit.prox" /* revision 1 */
typedef struct fenchel_fit_prox {
    size_t size;
    /* [any thread] out = argmin_z f(z) + ||z - v||^2 / (2 step), n x K */
    int32_t (*prox)(const void *fit, const double *v, double step, double *out,
                    fenchel_error *error);
} fenchel_fit_prox;

/* Parameters that the loss estimates beside the coefficients; unconstrained but for the domain. */
#define FENCHEL_OWN "fenchel.fit.own" /* revision 1 */
typedef struct fenchel_own {
    size_t size;
    /* [any thread] How many */
    size_t (*count)(const void *fit);
    /* [any thread] A point inside the domain at eta = 0 */
    int32_t (*start)(const void *fit, double *out, fenchel_error *error);
    /* [any thread] How many numbers stand in for the intercept in results; 0 for none */
    size_t (*intercepts)(const void *fit);
    /* [any thread] Those numbers; NULL where there are none */
    int32_t (*intercept)(const void *fit, const double *own, double *out, fenchel_error *error);
    /* [any thread] How many named lists go into the result's `extra` */
    size_t (*extras)(const void *fit);
    /* [any thread] Name of list i, which the fit owns, and its length; NULL where there are none */
    const char *(*extra_name)(const void *fit, size_t i, size_t *length);
    /* [any thread] Writes list i; NULL where there are none */
    int32_t (*extra)(const void *fit, size_t i, const double *own, double *out,
                     fenchel_error *error);
} fenchel_own;

/* --------------------------------------------------------------------------------------- entry */

/* Set where a panic or an exception inside the plugin ends the process (Rust's panic = "abort"). */
#define FENCHEL_ABORTS 1u

/* The entry. The host reads `size`, `magic` and `abi` before anything else, and calls no function
   of a library that it has not been told to trust. */
typedef struct fenchel_plugin {
    size_t size;
    uint32_t magic; /* FENCHEL_MAGIC */
    uint32_t abi;   /* FENCHEL_ABI */
    uint32_t flags; /* FENCHEL_ABORTS or 0 */
    uint32_t reserved;
    const char *name;    /* of the library */
    const char *version; /* of the library */
    /* [main thread] Type i of each kind, NULL from the end on; types live as long as the library.
       Either may be NULL. */
    const fenchel_penalty_type *(*penalty)(size_t i);
    const fenchel_loss_type *(*loss)(size_t i);
} fenchel_plugin;

/* Defined by the plugin:
   FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1 = { sizeof(fenchel_plugin), ... }; */
extern FENCHEL_EXPORT const fenchel_plugin fenchel_plugin_v1;

/* ------------------------------------------------------------------------------------- helpers */

/* Writes why a function fails, and at which parameter (NULL for none); returns `status`. */
static inline int32_t fenchel_fail(fenchel_error *error, int32_t status, const char *path,
                                   const char *message) {
    if (error->message_capacity > 0) {
        (void)snprintf(error->message, error->message_capacity, "%s", message);
    }
    if (error->path_capacity > 0) {
        (void)snprintf(error->path, error->path_capacity, "%s", path ? path : "");
    }
    return status;
}

/* Says that the response of a sample is outside the domain, and what would have been right. */
static inline int32_t fenchel_outside(fenchel_error *error, size_t sample, const char *expected) {
    error->sample = (int64_t)sample;
    return fenchel_fail(error, FENCHEL_INVALID, NULL, expected);
}

#ifdef __cplusplus
}
#endif

#endif

/* The l1 penalty, as a library in C offers it: a value and a prox for one coefficient. */
#include <stddef.h>

double l1_value(double lambda, double b) { return lambda * (b < 0 ? -b : b); }

double l1_prox(double lambda, double v, double step) {
    double t = step * lambda;
    if (v > t) return v - t;
    if (v < -t) return v + t;
    return 0.0;
}

double l1_subdiff_dist(double lambda, double b, double grad) {
    double at = b > 0 ? grad + lambda : b < 0 ? grad - lambda : grad;
    double size = at < 0 ? -at : at;
    if (b != 0) return size;
    return size <= lambda ? 0.0 : size - lambda; /* NaN stays NaN */
}

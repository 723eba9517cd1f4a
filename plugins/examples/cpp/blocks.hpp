// The maximum norm of one block: value, prox, distance to the subdifferential.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace blocks {

// The theta with sum_i max(at(i) - theta, 0) = total, for total > 0: what the projections onto the
// l1 ball and the simplex subtract. Michelot's algorithm: the entries above theta become fewer in
// every round, and when none drops out theta is exact. Nothing is sorted or allocated.
// Source: Michelot (1986), J. Optim. Theory Appl. 50(1).
template <class At> double threshold(std::size_t size, At at, double total) {
    double theta = -INFINITY;
    std::size_t active = 0;
    for (;;) {
        double sum = 0.0;
        std::size_t above = 0;
        for (std::size_t i = 0; i < size; i++) {
            if (at(i) > theta) {
                sum += at(i);
                above++;
            }
        }
        // None is above where the total is lost in the rounding of the entries.
        if (above == active || above == 0) {
            return theta;
        }
        active = above;
        theta = (sum - total) / static_cast<double>(active);
    }
}

inline double largest(const double *b, std::size_t size) {
    double top = 0.0; // stays NaN once it is
    for (std::size_t i = 0; i < size; i++) {
        top = std::fabs(b[i]) > top || std::isnan(b[i]) ? std::fabs(b[i]) : top;
    }
    return top;
}

inline double sum_of_sizes(const double *b, std::size_t size) {
    double sum = 0.0;
    for (std::size_t i = 0; i < size; i++) {
        sum += std::fabs(b[i]);
    }
    return sum;
}

// The Euclidean norm, scaled so that no square overflows.
class Norm {
public:
    void add(double x) {
        x = std::fabs(x);
        if (x > scale_) {
            sum_ = 1.0 + sum_ * (scale_ / x) * (scale_ / x);
            scale_ = x;
        } else if (x > 0.0) {
            sum_ += (x / scale_) * (x / scale_);
        } else if (x != 0.0) {
            scale_ = INFINITY; // NaN is infinitely far from anything
        }
    }
    double value() const { return scale_ == 0.0 ? 0.0 : scale_ * std::sqrt(sum_); }

private:
    double scale_ = 0.0;
    double sum_ = 1.0;
};

// out = argmin_b s max |b_i| + ||b - v||^2 / 2. By Moreau's identity it is v less its projection
// onto the l1 ball of radius s, that is, v clipped at the threshold of that projection.
inline void prox(const double *v, std::size_t size, double s, double *out) {
    if (!(s > 0.0)) {
        std::copy(v, v + size, out);
    } else if (sum_of_sizes(v, size) <= s) {
        std::fill(out, out + size, 0.0);
    } else {
        const auto at = [v](std::size_t i) { return std::fabs(v[i]); };
        const double top = std::fmax(threshold(size, at, s), 0.0);
        std::transform(v, v + size, out, [top](double x) { return std::clamp(x, -top, top); });
    }
}

// The distance of -grad to the subdifferential of s max |b_i| at b. That is the l1 ball of radius
// s at b = 0, and elsewhere the u with u_i sign(b_i) >= 0 that sum to s in size over the largest
// entries and are 0 on the others.
inline double distance(const double *b, const double *grad, std::size_t size, double s) {
    Norm norm;
    const double top = largest(b, size);
    if (std::isnan(top)) {
        return INFINITY;
    }
    if (top == 0.0) {
        if (!(sum_of_sizes(grad, size) <= s)) {
            // The projection subtracts the threshold, so the distance is what it clips away.
            const auto at = [grad](std::size_t i) { return std::fabs(grad[i]); };
            const double theta = s > 0.0 ? threshold(size, at, s) : INFINITY;
            for (std::size_t i = 0; i < size; i++) {
                norm.add(at(i) > theta ? theta : at(i));
            }
        }
        return norm.value();
    }
    // Entries that a change of scale and back has moved by a rounding error are still the largest.
    const auto tied = [b, top](std::size_t i) { return std::fabs(b[i]) >= top * (1.0 - 1e-12); };
    const auto outward = [=](std::size_t i) {
        return tied(i) ? -grad[i] * std::copysign(1.0, b[i]) : -INFINITY;
    };
    const double theta = s > 0.0 ? threshold(size, outward, s) : INFINITY;
    for (std::size_t i = 0; i < size; i++) {
        norm.add(!tied(i) ? grad[i] : outward(i) > theta ? theta : outward(i));
    }
    return norm.value();
}

} // namespace blocks

// The l1/l-infinity penalty: groups enter together, and the largest coefficients of a group are
// equal in size.
//
//     Omega(b)              = lambda sum_g w_g max_{j in g} |b_j|
//     prox_{t Omega}(v)_g   = v_g - P(v_g), P the projection onto the l1 ball of radius t lambda w_g
//     dOmega(b)_g           = the l1 ball of radius lambda w_g  if b_g = 0, else its face at b_g
//     Omega^o(u)            = max_g ||u_g||_1 / (lambda w_g), the dual norm
//
// w_g is the number of coefficients in the group, features x outputs, so that a group enters by the
// mean size of its gradient, however large it is, and groups of one are the lasso.
//
// Source: Turlach, Venables & Wright (2005), Technometrics 47(3); prox in Duchi & Singer (2009),
// JMLR 10, section 5.3.
#include <cstring>
#include <memory>
#include <vector>

#include "blocks.hpp"
#include "fenchel_json.h"
#include "guarded.hpp"

namespace {

class GroupLinf {
public:
    GroupLinf(const char *parameters, const fenchel_space &space, fenchel_error *error)
        : features_(space.features), outputs_(space.outputs) {
        const int found = fenchel_json_number(parameters, "lambda", &lambda_);
        if (found != FENCHEL_JSON_OK) {
            throw Invalid("lambda", fenchel_json_message(found));
        }
        const std::size_t *starts, *members;
        std::size_t count;
        const int32_t status = space.groups(&space, "groups", &starts, &members, &count, error);
        if (status != FENCHEL_OK) {
            throw Refused{status};
        }
        starts_.assign(starts, starts + count + 1);
        members_.assign(members, members + starts[count]);
    }

    bool free() const { return lambda_ == 0.0; }
    void scale(double factor) { lambda_ *= factor; }

    std::size_t count() const { return starts_.size() - 1; }
    const std::size_t *starts() const { return starts_.data(); }
    const std::size_t *members() const { return members_.data(); }

    // Coefficients in group g.
    std::size_t size(std::size_t g) const { return (starts_[g + 1] - starts_[g]) * outputs_; }
    // lambda w_g
    double strength(std::size_t g) const { return lambda_ * static_cast<double>(size(g)); }

    // Calls `visit` on the coefficients of group g in `beta`, p x K.
    template <class Visit> void each(std::size_t g, const double *beta, Visit visit) const {
        for (std::size_t k = 0; k < outputs_; k++) {
            for (std::size_t m = starts_[g]; m < starts_[g + 1]; m++) {
                visit(beta[members_[m] + k * features_]);
            }
        }
    }

private:
    double lambda_ = 1.0;
    std::size_t features_, outputs_;
    std::vector<std::size_t> starts_, members_;
};

const GroupLinf &self(const void *penalty) { return *static_cast<const GroupLinf *>(penalty); }

int32_t create(const char *parameters, std::size_t, const fenchel_space *space, void **penalty,
               fenchel_error *error) {
    return guarded(error, [&] {
        *penalty = std::make_unique<GroupLinf>(parameters, *space, error).release();
    });
}

void destroy(void *penalty) { delete static_cast<GroupLinf *>(penalty); }

int32_t scaled(const void *penalty, double factor, void **out, fenchel_error *error) {
    return guarded(error, [&] {
        auto copy = std::make_unique<GroupLinf>(self(penalty));
        copy->scale(factor);
        *out = copy.release();
    });
}

int32_t value(const void *penalty, const double *beta, std::size_t, double *out,
              fenchel_error *error) {
    return guarded(error, [&] {
        double sum = 0.0;
        for (std::size_t g = 0; g < self(penalty).count(); g++) {
            double top = 0.0;
            self(penalty).each(g, beta, [&](double b) { top = std::fmax(top, std::fabs(b)); });
            sum += self(penalty).strength(g) * top;
        }
        *out = sum;
    });
}

int32_t convexity(const void *, double *) { return FENCHEL_CONVEX; }

int32_t dual_norm(const void *penalty, const double *u, std::size_t, double *norm,
                  fenchel_error *error) {
    return guarded(error, [&] {
        double top = 0.0;
        for (std::size_t g = 0; g < self(penalty).count(); g++) {
            double sum = 0.0;
            self(penalty).each(g, u, [&](double u_j) { sum += std::fabs(u_j); });
            if (sum > 0.0) { // x / 0 is infinite, as it should be
                top = std::fmax(top, sum / self(penalty).strength(g));
            }
        }
        *norm = top;
    });
}

// ---------------------------------------------------------------------------------------- blocks

int32_t groups(const void *penalty, const std::size_t **starts, const std::size_t **members,
               std::size_t *count, fenchel_error *) {
    *starts = self(penalty).starts();
    *members = self(penalty).members();
    *count = self(penalty).count();
    return FENCHEL_OK;
}

int32_t values(const void *penalty, std::size_t first, std::size_t count, const double *b,
               double *out, fenchel_error *error) {
    return guarded(error, [&] {
        for (std::size_t i = 0; i < count; i++) {
            const std::size_t size = self(penalty).size(first + i);
            out[i] = self(penalty).strength(first + i) * blocks::largest(b, size);
            b += size;
        }
    });
}

int32_t proxes(const void *penalty, std::size_t first, std::size_t count, const double *v,
               const double *steps, double *out, fenchel_error *error) {
    return guarded(error, [&] {
        for (std::size_t i = 0; i < count; i++) {
            const std::size_t size = self(penalty).size(first + i);
            blocks::prox(v, size, steps[i] * self(penalty).strength(first + i), out);
            v += size;
            out += size;
        }
    });
}

int32_t subdiff_dists(const void *penalty, std::size_t first, std::size_t count, const double *b,
                      const double *grad, double *out, fenchel_error *error) {
    return guarded(error, [&] {
        for (std::size_t i = 0; i < count; i++) {
            const std::size_t size = self(penalty).size(first + i);
            out[i] = blocks::distance(b, grad, size, self(penalty).strength(first + i));
            b += size;
            grad += size;
        }
    });
}

// ----------------------------------------------------------------------------------------- entry

int32_t lineality(const void *penalty, int32_t *kind, std::size_t *count, fenchel_error *) {
    *kind = self(penalty).free() ? FENCHEL_EVERYTHING : FENCHEL_TRIVIAL;
    *count = 0;
    return FENCHEL_OK;
}

const void *capability(const void *, const char *id, uint32_t revision) {
    static const fenchel_blocks blocked = {sizeof(fenchel_blocks), groups, values, proxes,
                                           subdiff_dists};
    static const fenchel_dual_norm norm = {sizeof(fenchel_dual_norm), dual_norm};
    static const fenchel_lineality flat = {sizeof(fenchel_lineality), lineality, nullptr, nullptr};
    static const fenchel_scaled scaling = {sizeof(fenchel_scaled), scaled};
    const auto is = [=](const char *known) { return revision == 1 && std::strcmp(id, known) == 0; };
    if (is(FENCHEL_BLOCKS)) {
        return &blocked;
    }
    if (is(FENCHEL_DUAL_NORM)) {
        return &norm;
    }
    if (is(FENCHEL_LINEALITY)) {
        return &flat;
    }
    return is(FENCHEL_SCALED) ? &scaling : nullptr;
}

const fenchel_card card = {
    sizeof(fenchel_card),
    "group_linf",
    "the l1/l-infinity norm: groups enter together, with equal largest coefficients",
    "lambda * sum_g w_g max_{j in g} |b_j|, w_g the number of coefficients in the group",
    "prox: v_g clipped at the level that takes step lambda w_g off its l1 norm. Convex",
    "every loss; blocks, so block coordinate descent applies; duality gap",
    "lambda = 0.1\ngroups = { size = 1 }",
    "Turlach, Venables & Wright (2005), Technometrics 47(3)",
    FENCHEL_SCHEMA_REQUIRING("\"groups\"", FENCHEL_LAMBDA "," FENCHEL_GROUPS),
};

const fenchel_penalty_type type = {
    sizeof(fenchel_penalty_type), &card, create, destroy, value, convexity, capability,
};

const fenchel_penalty_type *penalty_type(std::size_t i) { return i == 0 ? &type : nullptr; }

} // namespace

// Exported by its declaration in the header; g++ does not take FENCHEL_EXPORT on a C++ constant.
const fenchel_plugin fenchel_plugin_v1 = {
    sizeof(fenchel_plugin), FENCHEL_MAGIC, FENCHEL_ABI, 0, 0, "fenchel-example-cpp", "0.1.0",
    penalty_type, nullptr,
};

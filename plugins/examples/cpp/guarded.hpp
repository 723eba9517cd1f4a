// No exception crosses the boundary: every function of the plugin runs inside `guarded`.
#pragma once

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "fenchel_plugin.h"

// A parameter that is the user's to mend.
class Invalid : public std::invalid_argument {
public:
    Invalid(std::string parameter, const std::string &message)
        : std::invalid_argument(message), parameter_(std::move(parameter)) {}
    const char *parameter() const noexcept { return parameter_.c_str(); }

private:
    std::string parameter_;
};

// A service of the host that failed, and has written why; `status` goes back as it came.
struct Refused {
    int32_t status;
};

// Runs `body` and turns what it throws into a status and a message.
template <class Body> int32_t guarded(fenchel_error *error, Body body) noexcept {
    try {
        body();
        return FENCHEL_OK;
    } catch (const Refused &refused) {
        return refused.status;
    } catch (const Invalid &invalid) {
        return fenchel_fail(error, FENCHEL_INVALID, invalid.parameter(), invalid.what());
    } catch (const std::bad_alloc &) {
        return fenchel_fail(error, FENCHEL_FAILED, nullptr, "out of memory");
    } catch (const std::exception &exception) {
        return fenchel_fail(error, FENCHEL_PANIC, nullptr, exception.what());
    } catch (...) {
        return fenchel_fail(error, FENCHEL_PANIC, nullptr, "an exception of no known type");
    }
}

#pragma once

#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

#include "proto/outcome/kind.h"

namespace lanyard {

// Why an operation failed: callers branch on `code`, people read `detail` (what happened, why, how to mend it; no
// trailing full stop, no newline).
struct Error {
    Error(std::error_code why, std::string what) : code(why), detail(std::move(what)) {}

    std::error_code code;
    std::string detail;
};

// A value, or the Error that prevented it.
template <class T>
using Result = tl::expected<T, Error>;

// A Result for an operation that gives nothing but its success.
using Status = Result<void>;

// `return fail(Errc::x, "...")` from any function that gives a Result.
inline tl::unexpected<Error> fail(std::error_code code, std::string detail) {
    return tl::unexpected<Error>(Error(code, std::move(detail)));
}

// `if (!x) return pass_on(x);` hands the error of one Result to the caller's own.
template <class T>
tl::unexpected<Error> pass_on(Result<T> const& failed) {
    return tl::unexpected<Error>(failed.error());
}

// The same, with a few words in front that say what was being tried.
template <class T>
tl::unexpected<Error> pass_on(Result<T> const& failed, std::string const& context) {
    return tl::unexpected<Error>(Error(failed.error().code, context + ": " + failed.error().detail));
}

}  // namespace lanyard

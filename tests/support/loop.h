#pragma once

#include <exception>
#include <optional>

#include "proto/async/asio.h"

namespace lanyard::support {

// Runs `io` until `task` has ended, and gives what it returned.
template <class T>
T run_until(asio::io_context& io, asio::awaitable<T> task) {
    std::optional<T> result;
    std::exception_ptr thrown;
    asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
        thrown = error;
        result.emplace(std::move(value));
    });
    io.restart();
    while (!result && io.run_one() > 0) {
    }
    if (thrown) std::rethrow_exception(thrown);
    return std::move(result.value());
}

}  // namespace lanyard::support

#pragma once

#include <exception>
#include <optional>
#include <stdexcept>

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

template <class T>
asio::awaitable<void> keep_result(asio::awaitable<T> task, std::optional<T>& result) {
    auto value = co_await std::move(task);
    result.emplace(std::move(value));
}

// Runs a coroutine to its end on `io` and gives what it returned. What it throws comes out here.
template <class T>
T run(asio::io_context& io, asio::awaitable<T> task) {
    std::optional<T> result;
    auto const rethrow = [](std::exception_ptr thrown) {
        if (thrown) std::rethrow_exception(thrown);
    };
    asio::co_spawn(io, keep_result(std::move(task), result), rethrow);
    io.restart();
    io.run();
    if (!result) throw std::logic_error("the coroutine waits for something that never happens");
    return std::move(*result);
}

template <class T>
T run(asio::awaitable<T> task) {
    asio::io_context io;
    return run(io, std::move(task));
}

}  // namespace lanyard::support

#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "proto/async/asio.h"
#include "proto/outcome/result.h"

namespace lanyard::probe {

// Asks a program on this machine whether it answers. The error says what was seen, and never lasts longer than `limit`.
class Reach {
public:
    virtual ~Reach() = default;

    // 127.0.0.1 accepts a connection.
    virtual asio::awaitable<Status> tcp(std::uint16_t port, std::chrono::milliseconds limit) = 0;
    // A GET is answered with a status from 200 to 299; the body does not matter. `url` is http:// as the install policy
    // allows it.
    virtual asio::awaitable<Status> http(std::string url, std::chrono::milliseconds limit) = 0;

    // Whatever is under way ends at once with an error.
    virtual void cancel() = 0;
};

}  // namespace lanyard::probe

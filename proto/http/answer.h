#pragma once

#include <optional>

#include "proto/async/disk_pool.h"
#include "proto/http/connection.h"
#include "proto/http/message.h"

namespace lanyard::http {

// What of a request decides how its answer looks.
struct AnswerShape {
    bool head_only = false;
    bool keep_alive = false;
    std::string range;  // the `Range` header, if any
};

// Sends answers. `write_time` is given to each 64 KiB: who takes less a second is cut.
class Answerer {
public:
    explicit Answerer(std::chrono::milliseconds write_time) : write_time_(write_time) {}

    // False when the connection cannot be used any more.
    asio::awaitable<bool> send(Connection& connection, Response response, AnswerShape shape);

    // The interim answer to `Expect: 100-continue`.
    asio::awaitable<bool> send_continue(Connection& connection);

    // After the last answer: what the client still sends is thrown away for a moment. Closed at once, the system would
    // reset the connection, and the client would lose the answer that says why.
    asio::awaitable<void> part(Connection& connection);

    // Waits for the disk. Nothing may be sent afterwards.
    void stop() { disk_.reset(); }

private:
    asio::awaitable<bool> send_file(Connection& connection, Response response, AnswerShape shape);
    asio::awaitable<bool> write(Connection& connection, std::string_view first, std::string_view second);

    std::chrono::milliseconds write_time_;
    std::optional<async::DiskPool> disk_;  // of its own, so that a slow disk delays files only
};

}  // namespace lanyard::http

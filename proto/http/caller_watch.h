#pragma once

#include <boost/beast/core/flat_buffer.hpp>

#include <memory>

#include "proto/http/connection.h"
#include "proto/http/message.h"

namespace lanyard::http {

// Lives while a handler has the request of a connection, and nobody else reads from it. Closes the socket and tells
// `hangup` when the client goes. What the client sends meanwhile goes to `buffer`; one that fills it is cut off.
class CallerWatch {
public:
    CallerWatch(Stream& stream, boost::beast::flat_buffer& buffer, std::shared_ptr<Hangup> hangup);
    ~CallerWatch();
    CallerWatch(CallerWatch const&) = delete;
    CallerWatch& operator=(CallerWatch const&) = delete;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace lanyard::http

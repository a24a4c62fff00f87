#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "proto/http/message.h"

namespace lanyard::http {

using RequestMessage = boost::beast::http::request<boost::beast::http::string_body>;

// What the header of a request asks for.
struct RequestHead {
    Method method = Method::get;
    std::string path;   // as Request::path promises
    std::string query;  // raw
    std::string range;  // the `Range` header, if any and if it may be obeyed
    bool head_only = false;
    bool keep_alive = false;
    bool wants_continue = false;
};

// The head, or the status that refuses it. `length`: of the body, as the header claims it.
tl::expected<RequestHead, unsigned> judge_head(RequestMessage const& header, std::optional<std::uint64_t> length,
                                               std::uint64_t most_body);

// The status that a request is refused with when its parser stops at `error`; 0: there is nobody to answer to.
// `had_target`: its first line was read.
unsigned refusal_of(boost::system::error_code const& error, bool had_target);

}  // namespace lanyard::http

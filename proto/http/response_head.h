#pragma once

#include <cstdint>
#include <string>

#include "proto/http/byte_range.h"
#include "proto/http/message.h"

namespace lanyard::http {

// What the head of an answer depends on besides the Response.
struct HeadContext {
    std::uint64_t content_length = 0;
    bool keep_alive = true;
    std::optional<ByteRange> range;  // set when a file is sent
    std::uint64_t file_size = 0;
};

// Status line and header fields, ending with the empty line.
std::string response_head(Response const& response, HeadContext const& context);

}  // namespace lanyard::http

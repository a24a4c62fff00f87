#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace lanyard::announce {

// False when it is malformed. Fields that this program does not know are gone: nobody checks what they hold, and they
// would be kept and stored with the rest.
inline bool parse(google::protobuf::Message& message, std::string const& bytes) {
    if (!message.ParseFromString(bytes)) return false;
    message.DiscardUnknownFields();
    return true;
}

}  // namespace lanyard::announce

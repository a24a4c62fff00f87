#pragma once

#include <google/protobuf/message_lite.h>

#include <optional>
#include <string>
#include <vector>

#include "node/platform/descriptor.h"

namespace lanyard::platform {

// Of a message on app.sock; a longer one ends the connection.
inline constexpr std::size_t kMaxFrame = 128 * 1024;
inline constexpr std::size_t kMaxFrameDescriptors = 64;

// A 4-byte big-endian length, then the message.
std::string frame_of(google::protobuf::MessageLite const& message);

// Takes frames, and the descriptors that come with them, out of a Unix socket that does not block.
class FrameReader {
public:
    struct Frame {
        std::string bytes;
        std::vector<Descriptor> descriptors;  // that came with any part of it
    };

    // Reads what is there. No more than `room` descriptors may wait for the rest of their frame: when there are more,
    // all are closed, and it comes without any. False: the other side has ended, or sends what it may not.
    bool receive(int socket, std::size_t room = kMaxFrameDescriptors);
    std::optional<Frame> next();
    // Descriptors that wait for the rest of their frame.
    std::size_t waiting() const { return descriptors_.size(); }

private:
    std::optional<std::size_t> announced() const;

    std::string buffer_;
    std::size_t taken_ = 0;  // of buffer_; moved away seldom, for a flood of small frames would move all the rest each
    std::vector<Descriptor> descriptors_;
};

}  // namespace lanyard::platform

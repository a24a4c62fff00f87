#pragma once

#include <google/protobuf/message_lite.h>

#include <optional>
#include <string>
#include <utility>
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

    // Reads what is there, up to the end of a frame: what comes with the next one is not its. No more than `room`
    // descriptors may wait for the rest of their frame: when there are more, all are refused, and it comes without any.
    // False: the other side has ended, or sends what it may not.
    bool receive(int socket, std::size_t room = kMaxFrameDescriptors);
    // The frame, once it is whole. It must be taken before the next one is received.
    std::optional<Frame> next();
    // Descriptors that wait for the rest of their frame.
    std::size_t waiting() const { return descriptors_.size(); }
    // Those that nobody wants, to be closed where that may take its time.
    std::vector<Descriptor> refused() { return std::exchange(refused_, {}); }
    void refuse_waiting();

private:
    std::size_t missing() const;

    std::string buffer_;  // of one frame, length and all
    std::vector<Descriptor> descriptors_;
    std::vector<Descriptor> refused_;
};

}  // namespace lanyard::platform

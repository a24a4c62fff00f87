#include "node/platform/app_frames.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

namespace lanyard::platform {
namespace {

constexpr std::size_t kLengthBytes = 4;
constexpr std::size_t kBlock = 64 * 1024;
// The kernel's SCM_MAX_FD. What did not fit would be closed by the kernel in the middle of our call.
constexpr std::size_t kMostSent = 253;

std::size_t decode(std::string const& bytes) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < kLengthBytes; ++i) length = length << 8 | static_cast<unsigned char>(bytes[i]);
    return length;
}

void take_descriptors(msghdr& message, std::vector<Descriptor>& taken) {
    for (auto* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        auto const count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int number = -1;
            std::memcpy(&number, CMSG_DATA(part) + i * sizeof number, sizeof number);
            taken.emplace_back(number);
        }
    }
}

}  // namespace

std::string frame_of(google::protobuf::MessageLite const& message) {
    auto const body = message.SerializeAsString();
    std::string frame;
    for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(body.size() >> shift & 0xff);
    return frame + body;
}

// Of the length, and when that is known, of the frame.
std::size_t FrameReader::missing() const {
    if (buffer_.size() < kLengthBytes) return kLengthBytes - buffer_.size();
    return kLengthBytes + decode(buffer_) - buffer_.size();
}

bool FrameReader::receive(int socket, std::size_t room) {
    while (missing() > 0) {
        std::array<char, kBlock> block;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostSent * sizeof(int))> control{};
        iovec into{block.data(), std::min(block.size(), missing())};
        msghdr message{};
        message.msg_iov = &into;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto const got = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0) return errno == EAGAIN || errno == EINTR;
        take_descriptors(message, descriptors_);
        if (got == 0) return false;
        bool const too_many =
            (message.msg_flags & MSG_CTRUNC) != 0 || descriptors_.size() > std::min(room, kMaxFrameDescriptors);
        if (too_many) refuse_waiting();
        buffer_.append(block.data(), static_cast<std::size_t>(got));
        if (buffer_.size() >= kLengthBytes && decode(buffer_) > kMaxFrame) return false;
    }
    return true;
}

void FrameReader::refuse_waiting() {
    std::move(descriptors_.begin(), descriptors_.end(), std::back_inserter(refused_));
    descriptors_.clear();
}

std::optional<FrameReader::Frame> FrameReader::next() {
    if (missing() > 0) return std::nullopt;
    Frame frame{std::exchange(buffer_, {}), std::exchange(descriptors_, {})};
    frame.bytes.erase(0, kLengthBytes);
    return frame;
}

}  // namespace lanyard::platform

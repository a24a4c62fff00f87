#include "node/session/node_line.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace lanyard::session {

bool NodeLine::connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
    platform::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || ::connect(socket.get(), reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0) {
        return false;
    }
    socket_ = std::move(socket);
    reader_ = platform::FrameReader();
    return true;
}

void NodeLine::hang_up() { socket_ = platform::Descriptor(); }

void NodeLine::say(v1::SessionMessage const& message) {
    auto const bytes = platform::frame_of(message);
    auto const sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) hang_up();
}

std::vector<v1::SessionNews> NodeLine::hear() {
    bool const goes_on = reader_.receive(socket_.get(), 0);
    std::vector<v1::SessionNews> heard;
    bool sense = true;
    while (auto frame = reader_.next()) {
        v1::SessionNews news;
        sense = sense && news.ParseFromString(frame->bytes);
        if (sense) heard.push_back(std::move(news));
    }
    if (!goes_on || !sense) hang_up();
    return heard;
}

}  // namespace lanyard::session

#include "node/drain/rightful_ports.h"

#include <algorithm>

namespace lanyard::drain {
namespace {

bool same_place(ListeningSocket const& one, ListeningSocket const& other) {
    return one.protocol == other.protocol && one.port == other.port;
}

}  // namespace

void RightfulPorts::stopped(std::vector<ListeningSocket> sockets) {
    since_ = sensor_.ticks();
    before_ = std::move(sockets);
}

Result<Ports> RightfulPorts::listening(Ports const& ports) {
    auto open = sensor_.listening(ports);
    if (since_ == 0 || !open || open->empty()) return open;
    auto const sockets = sensor_.sockets(*open);
    if (!sockets) return pass_on(sockets);
    std::erase_if(*open, [&](std::uint16_t port) {
        return std::none_of(sockets->begin(), sockets->end(), [&](ListeningSocket const& socket) {
            return socket.port == port && socket.protocol == "tcp" && rightful(socket);
        });
    });
    return open;
}

bool RightfulPorts::rightful(ListeningSocket const& socket) const {
    bool known_place = false;
    bool same_user = false;
    bool held_before = false;
    for (auto const& before : before_) {
        if (!same_place(before, socket)) continue;
        known_place = true;
        if (before.uid != socket.uid) continue;
        same_user = true;
        for (auto const& holder : socket.holders) {
            held_before = held_before || std::any_of(before.holders.begin(), before.holders.end(),
                                                     [&](Process const& known) { return known.is(holder); });
        }
    }
    if (known_place && !same_user) return false;
    // A process of another user cannot always be looked into; the user has been checked.
    if (socket.holders.empty() || held_before) return true;
    return std::any_of(socket.holders.begin(), socket.holders.end(),
                       [&](Process const& holder) { return holder.started >= since_; });
}

v1::ListeningSocket to_proto(ListeningSocket const& socket) {
    v1::ListeningSocket message;
    message.set_protocol(socket.protocol);
    message.set_address(socket.address);
    message.set_port(socket.port);
    message.set_uid(socket.uid);
    for (auto const& holder : socket.holders) {
        auto& added = *message.add_holders();
        added.set_pid(holder.pid);
        added.set_name(holder.name);
        added.set_started(holder.started);
    }
    return message;
}

ListeningSocket from_proto(v1::ListeningSocket const& message) {
    ListeningSocket socket{message.protocol(), message.address(), static_cast<std::uint16_t>(message.port()),
                           message.uid()};
    for (auto const& holder : message.holders()) {
        socket.holders.push_back({holder.pid(), holder.name(), holder.started()});
    }
    return socket;
}

}  // namespace lanyard::drain

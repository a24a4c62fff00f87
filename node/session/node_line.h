#pragma once

#include <string>
#include <vector>

#include "node/platform/app_frames.h"
#include "node/platform/descriptor.h"
#include "proto/schema/lanyard/v1/session.pb.h"

namespace lanyard::session {

// The helper's side of the node's session socket. Never waits.
class NodeLine {
public:
    explicit NodeLine(std::string path) : path_(std::move(path)) {}

    // False: no node listens there.
    bool connect();
    bool connected() const { return static_cast<bool>(socket_); }
    int descriptor() const { return socket_.get(); }
    void hang_up();

    // Hangs up when it cannot be said at once: a node that does not listen has forgotten us anyway.
    void say(v1::SessionMessage const& message);
    // What has come. Hangs up when the node has, or talks nonsense.
    std::vector<v1::SessionNews> hear();

private:
    std::string path_;
    platform::Descriptor socket_;
    platform::FrameReader reader_;
};

}  // namespace lanyard::session

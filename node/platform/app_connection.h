#pragma once

#include <sys/socket.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <list>
#include <memory>
#include <optional>

#include "node/drain/contract.h"
#include "node/platform/app_frames.h"
#include "node/platform/closer.h"
#include "node/platform/linux_socket_keeper.h"
#include "node/platform/spoken_for.h"
#include "proto/async/asio.h"
#include "proto/events/events.h"

namespace lanyard::platform {

class AppConnection;

// What the connections of one application share. One io_context thread.
struct AppTalk {
    struct Parts {
        asio::io_context& io;
        drain::Contract& contract;
        LinuxSocketKeeper& keeper;
        events::Events& events;
        drain::SteadyClock now = std::chrono::steady_clock::now;
    };

    AppTalk(Parts const& given, release::AppId name) : parts(given), app(std::move(name)) {}

    // How many descriptors may wait here: as many as one frame may bring, for all together.
    std::size_t room_for(AppConnection const& one) const;
    bool too_fast();

    Parts parts;
    release::AppId app;
    std::shared_ptr<SpokenFor> others = std::make_shared<SpokenFor>(parts.io, parts.contract, app);
    Closer closer;
    std::list<std::weak_ptr<AppConnection>> open;
    unsigned heard = 0;  // messages in this round
    std::chrono::steady_clock::time_point round{};
    bool stopped = false;  // the contract may be gone
};

// One process at the other end of app.sock.
class AppConnection : public std::enable_shared_from_this<AppConnection> {
public:
    using Socket = asio::local::stream_protocol::socket;

    AppConnection(std::shared_ptr<AppTalk> all, Socket socket, ucred peer)
        : all_(std::move(all)), socket_(std::move(socket)), peer_(peer), came_(all_->parts.now()) {}
    ~AppConnection();
    AppConnection(AppConnection const&) = delete;
    AppConnection& operator=(AppConnection const&) = delete;

    // A coroutine begins later than it is spawned: whom it needs until then is given to it.
    static asio::awaitable<void> serve(std::shared_ptr<AppConnection> self);

    // Those of the message that is read, and of the one that waits to be heard.
    std::size_t descriptors() const { return reader_.waiting() + frame_.descriptors.size(); }
    bool is_registered() const { return party_.has_value(); }
    std::chrono::steady_clock::time_point came() const { return came_; }
    uid_t user() const { return peer_.uid; }
    // Does not wait. What cannot be written ends the connection.
    void say(v1::NodeMessage const& message);
    void refuse(std::string why);
    void close();

private:
    static asio::awaitable<void> write(std::shared_ptr<AppConnection> self);
    bool receive();
    void sort_out(FrameReader::Frame frame);
    void hear();
    Result<drain::Contract::Party> begin(v1::Registration const& registration);

    std::shared_ptr<AppTalk> all_;
    Socket socket_;
    ucred peer_;
    std::chrono::steady_clock::time_point came_;
    FrameReader reader_;
    FrameReader::Frame frame_;  // the one that waits to be heard
    v1::AppMessage message_;    // in it
    std::string unheard_;       // why it will not be
    std::optional<drain::Contract::Party> party_;
    std::optional<drain::Contract::Party> own_;  // ends with the connection
    std::string unwritten_;
};

}  // namespace lanyard::platform

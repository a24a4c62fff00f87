#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "proto/async/asio.h"
#include "proto/events/events.h"
#include "proto/http/server.h"
#include "seeder/announce/admission.h"
#include "seeder/announce/recorder.h"
#include "seeder/announce/releases.h"
#include "seeder/tracker/tracker.h"

namespace lanyard::announce {

struct FrontSettings {
    std::filesystem::path public_dir;  // holds metadata/ and packages/
    std::uint16_t swarm_port = 0;      // of the central seeder; 0: it is not in the swarms
    http::RateLimit rate_limit;        // of requests, each address; see also limits.shared_addresses
    http::ServerLimits limits;
    http::Server::Handler admin;  // what is under /v1/admin/; it judges the caller by itself. Absent: nothing is there
    // Who may ask there without limit: an upload is thousands of requests. Absent: nobody.
    std::function<bool(http::Caller const&)> is_operator;
};

// The limits of a server in a process that may have `open_files` files and sockets: a quarter is left for the swarm,
// the database and packages, and no address may take more than about a tenth of the rest, or half of it when it stands
// for many machines.
http::ServerLimits limits_for(std::size_t open_files);

// What the seeder answers over HTTP: the routes of docs/reference/cli.md. Lives on the io_context thread.
class Front {
public:
    static constexpr std::chrono::seconds kLongestPoll{55};

    Front(asio::io_context& io, events::Events& events, Releases& releases, tracker::Tracker& tracker,
          Recorder& recorder, Admission& admission, FrontSettings settings);
    ~Front();

    // See http::Server.
    Status use_tls(http::ServerTls const& tls) { return server_.use_tls(tls); }
    Status listen_local(std::filesystem::path const& socket, unsigned mode) {
        return server_.listen_local(socket, mode);
    }
    Status listen(std::string const& address, std::uint16_t port);
    std::uint16_t port() const;

    // Answers every check that is being held.
    void revision_changed();
    // Ends those whose node is not admitted any more.
    void admission_changed() { revision_changed(); }
    std::size_t held_checks() const;

    // Closes everything. Checks that are held end as soon as the io_context runs.
    void stop();

private:
    class Desk;
    std::shared_ptr<Desk> desk_;
    http::Server server_;
};

}  // namespace lanyard::announce

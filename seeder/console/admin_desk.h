#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "proto/async/asio.h"
#include "proto/async/disk_pool.h"
#include "proto/http/message.h"
#include "proto/http/rate_limiter.h"
#include "proto/schema/lanyard/v1/admin.pb.h"
#include "seeder/authority/operators.h"
#include "seeder/console/commands.h"
#include "seeder/console/gatekeeper.h"

namespace lanyard::console {

// What is under /v1/admin/: commands and uploads, for operators with a certificate over TLS, and over the local socket
// for root, for the owner of the state directory and for the members of the group of seeder.toml. Whoever may not is
// refused and written down. On the io_context thread; commands run on the disk pool, one publish at a time.
class AdminDesk {
public:
    AdminDesk(asio::io_context& io, async::DiskPool& pool, Gatekeeper const& gatekeeper, StateDir dir,
              std::string operators_group, WallClock clock);

    asio::awaitable<http::Response> answer(http::Request request);

    // A publish under way is ended, with nothing published; whoever comes from now on is sent away.
    void stop() { stopping_ = true; }
    // Everybody who has come has an answer.
    bool idle() const { return answering_.use_count() == 1; }

private:
    // Who has come, and what at most may be done.
    struct Visitor {
        authority::Actor actor;
        authority::Role role = authority::Role::viewer;
    };
    Result<Visitor> know(http::Caller const& caller, authority::Actor& actor) const;
    asio::awaitable<http::Response> refuse(authority::Actor actor, std::string what, Error why);
    asio::awaitable<http::Response> command(v1::AdminRequest request, authority::Actor actor);
    asio::awaitable<http::Response> upload(http::Request request);

    async::DiskPool& pool_;
    Gatekeeper const& gatekeeper_;
    StateDir dir_;
    std::string group_;
    WallClock clock_;
    async::Bell turn_;
    std::atomic<bool> stopping_ = false;
    std::shared_ptr<int> answering_ = std::make_shared<int>();  // each answer under way holds it
    std::weak_ptr<void> under_way_;  // a publish; held by it, so that it ends whatever way that does
    http::RateLimiter strangers_;    // whose refusals are written down
};

}  // namespace lanyard::console

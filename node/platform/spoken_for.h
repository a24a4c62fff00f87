#pragma once

#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <map>
#include <memory>

#include "node/drain/contract.h"
#include "proto/async/asio.h"
#include "proto/outcome/result.h"

namespace lanyard::platform {

// The processes that others speak for in an application's contract: what is said for one ends with it. Owned by a
// shared_ptr. One io_context thread.
class SpokenFor : public std::enable_shared_from_this<SpokenFor> {
public:
    SpokenFor(asio::io_context& io, drain::Contract& contract, release::AppId app)
        : io_(io), contract_(contract), app_(std::move(app)) {}

    // An error unless the process is there, and the caller's own (root's may be anybody's).
    Result<drain::Contract::Party> party_of(std::uint64_t pid, uid_t caller);
    // From now on the contract may be gone.
    void stop();

private:
    using Watch = std::shared_ptr<asio::posix::stream_descriptor>;
    struct Known {
        drain::Contract::Party party;
        std::uint64_t started;
        Watch watch;
    };

    bool makes_room();
    static asio::awaitable<void> wait_for_end(std::shared_ptr<SpokenFor> self, std::uint64_t pid, Watch watch);

    asio::io_context& io_;
    drain::Contract& contract_;
    release::AppId app_;
    std::map<std::uint64_t, Known> known_{};
    bool stopped_ = false;
};

}  // namespace lanyard::platform

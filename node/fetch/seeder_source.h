#pragma once

#include <string>

#include "node/check/seeder_client.h"
#include "node/fetch/package_source.h"

namespace lanyard::fetch {

// PackageSource over the control channel. The seeder names itself without an address: it is at the host of its URL,
// which is resolved here.
class SeederSource final : public PackageSource {
public:
    SeederSource(asio::io_context& io, check::SeederClient& seeder, std::string node_id)
        : io_(io), seeder_(seeder), node_id_(std::move(node_id)) {}

    asio::awaitable<Result<AnnounceAnswer>> announce(Announcement announcement) override;
    asio::awaitable<Result<std::string>> package_file(std::string name, std::size_t max_bytes) override;

private:
    asio::awaitable<std::vector<std::string>> seeder_addresses();

    asio::io_context& io_;
    check::SeederClient& seeder_;
    std::string node_id_;
};

}  // namespace lanyard::fetch

#pragma once

#include <string>

#include "node/check/seeder_client.h"
#include "node/fetch/package_source.h"

namespace lanyard::fetch {

// The seeder itself, over its control channel. The client must outlive it.
class SeederSource final : public PackageSource {
public:
    SeederSource(check::SeederClient& seeder, std::string node_id) : seeder_(seeder), node_id_(std::move(node_id)) {}

    asio::awaitable<Result<AnnounceAnswer>> announce(Announcement announcement) override;
    asio::awaitable<Result<std::string>> package_file(std::string name, std::size_t max_bytes) override;

private:
    check::SeederClient& seeder_;
    std::string node_id_;
};

}  // namespace lanyard::fetch

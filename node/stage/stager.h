#pragma once

#include <filesystem>

#include "node/fetch/fetcher.h"

namespace lanyard::stage {

// A release made ready beside the running one, on the same file system, complete and on disk, not in use.
struct StagedRelease {
    std::filesystem::path directory;  // <home>/staging/<sha256>
};

class Stager {
public:
    virtual ~Stager() = default;
    // Idempotent: what an interrupted run left is removed first. On failure nothing is left.
    virtual asio::awaitable<Result<StagedRelease>> stage(check::Offer const& offer,
                                                         fetch::FetchedPackage const& package) = 0;
    virtual void discard(check::Offer const& offer) = 0;
};

}  // namespace lanyard::stage

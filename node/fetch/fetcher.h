#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include "node/check/offer.h"
#include "proto/async/asio.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/report.pb.h"

namespace lanyard::fetch {

// A complete package file whose length and SHA-256 are the signed ones.
struct FetchedPackage {
    std::filesystem::path file;
    std::vector<v1::SourceBytes> sources;
};

struct FetchProgress {
    std::uint64_t bytes_done = 0;
    std::uint64_t bytes_total = 0;
    std::uint64_t bytes_per_second = 0;
    std::vector<v1::SourceBytes> sources;
    std::string trouble;  // for people: why nothing comes; empty when all goes well
};

class Fetcher {
public:
    virtual ~Fetcher() = default;

    // Returns when the package is complete and verified; until then it waits for peers as long as it takes (a seeder
    // that is gone may come back). Errors: disk full, torrent refused, stopped. Idempotent: what is on disk is kept.
    virtual asio::awaitable<Result<FetchedPackage>> fetch(check::Offer const& offer) = 0;

    // Of the fetch of this package; nothing when there is none.
    virtual std::optional<FetchProgress> progress(release::Digest const& package) const = 0;

    // Ends the fetch of this package for this application with Errc::stopped (another release takes its place); what is
    // on disk is kept.
    virtual void abandon(release::Target const& target) = 0;
};

}  // namespace lanyard::fetch

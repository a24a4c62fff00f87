#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "node/stage/stager.h"

namespace lanyard::apply {

// Which release of an application is current. The switch is one atomic operation, so a power cut leaves either the old
// release or the new one. What is given must live until the caller has resumed.
class Applier {
public:
    virtual ~Applier() = default;

    // Moves the staged release to <home>/versions/<version> and makes it current. Idempotent: when it is current
    // already, nothing happens. A directory of that name from an earlier attempt is moved aside first.
    virtual asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged) = 0;

    // Makes the release that `offer.running` names current again; with no running release, takes `current` away.
    virtual asio::awaitable<Status> switch_back(check::Offer const& offer) = 0;

    // The version `current` points to; nothing when there is none. At once.
    virtual Result<std::optional<std::string>> current(std::filesystem::path const& home) const = 0;

    // Removes every release but these (empty strings are skipped) and what was moved aside. Failures are left for the
    // next time.
    virtual asio::awaitable<void> keep_only(std::filesystem::path home, std::string current, std::string previous) = 0;
};

}  // namespace lanyard::apply

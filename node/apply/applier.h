#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "node/stage/stager.h"

namespace lanyard::apply {

// Which release of an application is current. The switch is one atomic operation for what lies in a directory of ours,
// so a power cut leaves either the old release or the new one. For what an installer of the system puts into places of
// its own, the old package is kept to go back with, and settle() says after a crash which of them is there.
class Applier {
public:
    virtual ~Applier() = default;

    // Whether switch_to() could be done now, as far as that shows without changing anything.
    // Errc::not_for_this_machine.
    virtual asio::awaitable<Status> rehearse(check::Offer const& offer, stage::StagedRelease const& staged) = 0;

    // Moves the staged release to <home>/versions/<version>, has it installed if that takes an installer, and makes it
    // current. Idempotent: when it is current already, nothing happens. A directory of that name from an earlier
    // attempt is moved aside first. Errc::refused_by_installer: the release itself is at fault. Errc::under_way after
    // hurry().
    virtual asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged) = 0;

    // Makes the release that `offer.running` names current again; with no running release, takes `current`, and what
    // was installed, away. Errc::under_way after hurry().
    virtual asio::awaitable<Status> switch_back(check::Offer const& offer) = 0;

    // After a process died in switch_to(): either release is installed as a whole when this succeeds, and `current`
    // names it.
    virtual asio::awaitable<Status> settle(check::Offer const& offer) = 0;

    // The version `current` points to; nothing when there is none. At once.
    virtual Result<std::optional<std::string>> current(std::filesystem::path const& home) const = 0;

    // Removes every release but these (empty strings are skipped) and what was moved aside. Failures are left for the
    // next time.
    virtual asio::awaitable<void> keep_only(std::filesystem::path home, std::string current, std::string previous) = 0;

    // The node is to end: what is awaited above ends within a few seconds.
    virtual void hurry() = 0;
};

}  // namespace lanyard::apply

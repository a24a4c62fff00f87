#pragma once

#include "node/apply/background_directories.h"
#include "node/apply/installer.h"

namespace lanyard::apply {

// Releases that a tool of the operating system installs. Their packages lie side by side in <home>/versions, as other
// releases do, so that the one before can be installed again; what is there is decided by asking the tool, never by
// what was meant to happen.
class NativePackages {
public:
    NativePackages(BackgroundDirectories& directories, Installer& installer)
        : directories_(directories), installer_(installer) {}

    // As in Applier.
    asio::awaitable<Status> rehearse(check::Offer const& offer, stage::StagedRelease const& staged);
    asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged);
    asio::awaitable<Status> switch_back(check::Offer const& offer);
    asio::awaitable<Status> settle(check::Offer const& offer);
    void hurry() { installer_.hurry(); }

private:
    asio::awaitable<Status> is_new_here(Installable added);
    asio::awaitable<Status> drop(Installable const& from, Installable const& to);
    asio::awaitable<Status> arrive(check::Offer const& offer, Installable const& known);
    asio::awaitable<Status> put_back(check::Offer const& offer);
    asio::awaitable<Status> take_away(check::Offer const& offer);

    BackgroundDirectories& directories_;
    Installer& installer_;
};

}  // namespace lanyard::apply

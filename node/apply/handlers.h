#pragma once

#include "node/apply/applier.h"
#include "node/apply/native_packages.h"

namespace lanyard::apply {

// The handler of each type of package: what is in a directory of ours is switched there, the rest by its installer.
class Handlers final : public Applier {
public:
    Handlers(BackgroundDirectories& directories, NativePackages& native) : directories_(directories), native_(native) {}

    asio::awaitable<Status> rehearse(check::Offer const& offer, stage::StagedRelease const& staged) override;
    asio::awaitable<Status> switch_to(check::Offer const& offer, stage::StagedRelease const& staged) override;
    asio::awaitable<Status> switch_back(check::Offer const& offer) override;
    asio::awaitable<Status> settle(check::Offer const& offer) override;
    Result<std::optional<std::string>> current(std::filesystem::path const& home) const override;
    asio::awaitable<void> keep_only(std::filesystem::path home, std::string current, std::string previous) override;
    void hurry() override { native_.hurry(); }

private:
    BackgroundDirectories& directories_;
    NativePackages& native_;
};

}  // namespace lanyard::apply

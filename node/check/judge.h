#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "manifests/release/target.h"
#include "node/check/offer.h"
#include "proto/outcome/result.h"

namespace lanyard::check {

// An application this node was told to keep up to date.
struct ManagedApp {
    release::AppId name;
    release::Channel channel;
    std::filesystem::path home;
};

// What this node runs on, and the types of packages that cannot be installed there, each with the reason: "it has no
// dpkg".
struct Machine {
    release::Platform platform;
    std::map<release::PackageType, std::string> cannot = {};
};

// What this node knows of its own past with an application.
struct Installed {
    std::optional<release::Target> running;
    std::uint64_t highest_counter = 0;  // of any release ever committed
};

// Where the past comes from (the journal).
class Installations {
public:
    virtual ~Installations() = default;
    virtual Result<Installed> installed(release::AppId const& app) = 0;
    // Why this very package is not tried again; empty when it may be.
    virtual Result<std::string> quarantined(release::AppId const& app, release::Digest const& package) = 0;
};

// Whether a verified target is something this node takes: the right application, channel and platform, a type that can
// be installed here and that goes on from what is installed, a higher version, a higher release counter than any it has
// committed. Errc::held_back says why not. The seeder's word plays no part.
Result<Offer> judge(release::Target const& target, ManagedApp const& app, Installed const& installed,
                    Machine const& machine);

}  // namespace lanyard::check

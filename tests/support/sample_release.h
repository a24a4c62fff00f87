#pragma once

#include <string>

#include "tests/support/sample_target.h"

namespace lanyard::support {

// A target as it is before the catalogue has given it a release counter. Each version is another package.
inline v1::Target sample_release(std::string const& app, std::string const& version,
                                 std::string const& channel = "stable", std::string const& platform = "linux/amd64") {
    auto target = sample_message(app, version, 1);
    auto const machine = release::Platform::parse(platform).value();
    target.set_channel(channel);
    target.mutable_platform()->set_os(machine.os());
    target.mutable_platform()->set_arch(machine.arch());
    target.set_path(release::target_path(release::AppId::parse(app).value(), release::Channel::parse(channel).value(),
                                         release::Version::parse(version).value(), machine, "tar.zst"));
    auto name = app + version;
    name.resize(20, '-');
    target.mutable_swarm()->set_info_hash_v1(name);
    name.resize(32, '-');
    target.set_sha256(name);
    target.clear_release_counter();
    return target;
}

}  // namespace lanyard::support

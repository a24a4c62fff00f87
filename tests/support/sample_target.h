#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "manifests/release/target.h"

namespace lanyard::support {

// A target that passes every check: `version` of `app`, the other fields following from `counter`.
inline v1::Target sample_message(std::string const& app, std::string const& version, std::uint64_t counter) {
    v1::Target message;
    message.set_path(app + "/stable/" + version + "/linux-amd64/" + app + "-" + version + ".tar.zst");
    message.set_length(1'000'000 + counter);
    message.set_sha256(std::string(32, static_cast<char>(counter)));
    message.set_app(app);
    message.set_version(version);
    message.set_channel("stable");
    message.mutable_platform()->set_os("linux");
    message.mutable_platform()->set_arch("amd64");
    message.set_type(v1::PACKAGE_TYPE_TREE);
    message.set_release_counter(counter);
    message.set_unpacked_length(3'000'000);
    message.set_entry_count(12);
    message.mutable_swarm()->set_info_hash_v1(std::string(20, '\x02'));
    message.mutable_swarm()->set_torrent_sha256(std::string(32, '\x03'));
    message.mutable_swarm()->set_piece_length(65'536);
    message.mutable_swarm()->set_piece_list_sha256(std::string(32, '\x04'));
    return message;
}

inline release::Target sample_target(v1::Target const& message) {
    auto target = release::Target::from_proto(message);
    if (!target) throw std::invalid_argument(target.error().detail);
    return *target;
}

inline release::Target sample_target(std::string const& app, std::string const& version, std::uint64_t counter) {
    return sample_target(sample_message(app, version, counter));
}

}  // namespace lanyard::support

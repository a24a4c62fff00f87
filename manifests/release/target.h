#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "manifests/release/digest.h"
#include "manifests/release/installer_policy.h"
#include "manifests/release/names.h"
#include "manifests/release/package_type.h"
#include "manifests/release/version.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::release {

// What a target may hold at most; from_proto() refuses more.
inline constexpr std::uint64_t kMaxNumber = (std::uint64_t{1} << 53) - 1;  // lengths and counters: exact in JSON
inline constexpr std::size_t kMaxCommandBytes = 4 * 1024;
inline constexpr std::size_t kMaxUrlBytes = 2 * 1024;
inline constexpr std::size_t kMaxNotesBytes = 64 * 1024;
inline constexpr int kMaxPorts = 64;
inline constexpr std::chrono::seconds kMaxWait{86'400};
inline constexpr std::chrono::hours kMaxDeadline{365 * 24};
inline constexpr std::uint64_t kMaxEntries = 10'000'000;
inline constexpr std::uint32_t kMinPieceLength = 16 * 1024;
inline constexpr std::uint32_t kMaxPieceLength = 256 * 1024 * 1024;
inline constexpr std::uint64_t kMaxPieces = 2'097'152;

struct HealthCommand {
    std::string command;
};
struct HealthTcp {
    std::uint16_t port = 0;
};
struct HealthHttp {
    std::string url;
};

struct Health {
    std::variant<std::monostate, HealthCommand, HealthTcp, HealthHttp> check;
    std::chrono::seconds probation{10};
};

// v1.InstallPolicy with its defaults filled in and its limits checked.
struct InstallPolicy {
    std::string stop;
    std::string start;
    std::chrono::seconds stop_deadline{30};
    std::chrono::seconds start_deadline{60};
    Health health;
    std::vector<std::uint16_t> ports;
    bool critical = false;
    std::optional<std::chrono::hours> deadline;  // from discovery; nothing: the node decides
    bool restarts_machine = false;
    std::chrono::seconds drain_deadline{60};
    bool keep_ports = false;
    InstallerPolicy installer = {};
};

// A package as named in targets metadata. Every field has been checked (lengths, ranges, names, that `path` is the one
// that app, channel, version and platform give), so that rooms behind it need not.
struct Target {
    std::string path;
    std::uint64_t length = 0;
    Digest sha256;
    AppId app;
    Version version;
    Channel channel;
    Platform platform;
    PackageType type;
    std::uint64_t release_counter = 0;
    std::uint64_t unpacked_length = 0;
    std::uint64_t entry_count = 0;
    std::string info_hash;  // 20 raw bytes
    Digest torrent_sha256;
    Digest piece_list_sha256;
    std::uint32_t piece_length = 0;
    InstallPolicy install;
    std::string notes;

    // Everything that is wrong is refused with the path and the field in the message. A field of an unknown number is
    // no concern of this function: trust::TrustedSet refuses or admits those.
    static Result<Target> from_proto(v1::Target const& message);
    // Defaults are written out, so from_proto(t.to_proto()) gives the same target again.
    v1::Target to_proto() const;
};

// "<app>/<channel>/<version>/<os>-<arch>/<app>-<version>.<extension>"; extensions_of() tells which a type may have.
std::string target_path(AppId const& app, Channel const& channel, Version const& version, Platform const& platform,
                        std::string const& extension);

}  // namespace lanyard::release

#include "seeder/publish/projection.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <vector>

#include "seeder/publish/manifest_rows.h"

namespace lanyard::publish {
namespace {

namespace fs = std::filesystem;

constexpr char const* kScratch = ".incoming";
constexpr char const* kTimestamp = "timestamp.pb";
// Targets metadata may have 5 MB; a refresh takes seconds, and rarely do more than a few publishes fall into it.
constexpr std::uint64_t kKeptVersions = 8;

bool holds(fs::path const& file, std::string const& bytes) {
    std::error_code wrong;
    if (fs::file_size(file, wrong) != bytes.size() || wrong) return false;
    std::ifstream stream(file, std::ios::binary);
    return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()} == bytes;
}

std::string versioned(std::uint64_t version, std::string const& role) {
    return std::to_string(version) + "." + role + ".pb";
}

// The version in "<version>.<role>.pb", 0 for other names.
std::uint64_t version_in(std::string const& name, std::string const& role) {
    std::uint64_t version = 0;
    auto const [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), version);
    if (wrong != std::errc() || name != versioned(version, role)) return 0;
    return version;
}

}  // namespace

Status Projection::draw(store::Database& database) {
    auto const lock = disk_.lock(lock_);
    if (!lock) return pass_on(lock);
    auto const manifest = database.read(read_manifest);
    if (!manifest) return pass_on(manifest);
    for (auto const& root : manifest->roots) {
        if (auto const done = put(versioned(root.version, "root"), root.envelope); !done) return done;
    }
    if (!holds(folder_ / kTimestamp, manifest->timestamp.envelope) &&
        seen(*manifest).timestamp > manifest->timestamp.version) {
        return {};
    }
    auto const targets = put(versioned(manifest->targets.version, "targets"), manifest->targets.envelope);
    if (!targets) return targets;
    for (auto const& [name, role] : manifest->delegated) {
        if (auto const done = put(versioned(role.version, name), role.envelope); !done) return done;
    }
    auto const snapshot = put(versioned(manifest->snapshot.version, "snapshot"), manifest->snapshot.envelope);
    if (!snapshot) return snapshot;
    auto const timestamp = put(kTimestamp, manifest->timestamp.envelope);
    if (!timestamp) return timestamp;
    prune("targets", manifest->targets.version);
    for (auto const& [name, role] : manifest->delegated) prune(name, role.version);
    prune("snapshot", manifest->snapshot.version);
    return {};
}

Status Projection::put(std::string const& name, std::string const& bytes) {
    auto const file = folder_ / name;
    if (holds(file, bytes)) return {};
    auto done = disk_.write(folder_ / kScratch, bytes);
    if (done) done = disk_.rename(folder_ / kScratch, file);
    if (!done) static_cast<void>(disk_.remove(folder_ / kScratch));
    return done;
}

// What cannot be removed now will be next time.
void Projection::prune(std::string const& role, std::uint64_t newest) {
    std::vector<fs::path> old;
    std::error_code wrong;
    for (auto const& entry : fs::directory_iterator(folder_, wrong)) {
        auto const version = version_in(entry.path().filename().string(), role);
        if (version != 0 && version + kKeptVersions <= newest) old.push_back(entry.path());
    }
    for (auto const& file : old) static_cast<void>(disk_.remove(file));
}

}  // namespace lanyard::publish

#include "seeder/publish/seen.h"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace lanyard::publish {
namespace {

namespace fs = std::filesystem;

// Nothing that was ever signed has expired then.
constexpr trust::TimePoint kBeforeEverything{};

// Empty when it is not there, or larger than a node would fetch.
std::string read(fs::path const& file, std::size_t most) {
    std::error_code wrong;
    auto const size = fs::file_size(file, wrong);
    if (wrong || size > most) return "";
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

Seen seen_in(fs::path const& folder, SignedRole const& newest_root) {
    Seen seen;
    auto set = trust::TrustedSet::from_trusted_root(newest_root.envelope, kBeforeEverything);
    if (!set || !set->finish_root()) return seen;
    if (!set->update_timestamp(read(folder / "timestamp.pb", trust::kMaxTimestampBytes))) return seen;
    seen.timestamp = set->timestamp()->version();
    seen.snapshot = set->timestamp()->snapshot().version();
    auto const snapshot_name = std::to_string(seen.snapshot) + ".snapshot.pb";
    if (!set->update_snapshot(read(folder / snapshot_name, trust::kMaxSnapshotBytes))) return seen;
    for (auto const& meta : set->snapshot()->metas()) {
        if (meta.name() == trust::text(trust::RoleName::targets)) {
            seen.targets = meta.version();
        } else {
            seen.delegated[meta.name()] = meta.version();
        }
    }
    auto const targets_name = std::to_string(seen.targets) + ".targets.pb";
    if (!set->update_targets(read(folder / targets_name, trust::kMaxTargetsBytes))) return seen;
    for (auto const& target : set->targets()->targets()) {
        seen.release_counter = std::max(seen.release_counter, target.release_counter());
    }
    return seen;
}

}  // namespace lanyard::publish

#include "node/apply/version_directories.h"

#include <fmt/format.h>

#include <vector>

#include "node/apply/errc.h"

namespace lanyard::apply {
namespace {

namespace fs = std::filesystem;

// Versions never begin with a dot, so what was moved aside cannot be taken for one.
constexpr char const* kAside = ".aside-";

fs::path versions_of(fs::path const& home) { return home / "versions"; }

// A name in versions/ that nothing has yet.
fs::path free_aside(fs::path const& home, std::string const& version) {
    for (unsigned i = 0;; ++i) {
        auto const candidate = versions_of(home) / fmt::format("{}{}-{}", kAside, version, i);
        std::error_code failed;
        if (!fs::exists(fs::symlink_status(candidate, failed))) return candidate;
    }
}

bool holds_directory(fs::path const& path) {
    std::error_code failed;
    return fs::is_directory(fs::symlink_status(path, failed));
}

}  // namespace

Status VersionDirectories::switch_to(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto const& version = offer.target.version.text();
    auto const now = place_.current(offer.home);
    if (!now) return pass_on(now);
    // An interrupted walk comes here again after the switch.
    if (*now == version) return {};
    if (auto const brought = bring_in(offer, staged); !brought) return brought;
    return place_.point(offer.home, version);
}

Status VersionDirectories::bring_in(check::Offer const& offer, stage::StagedRelease const& staged) {
    auto const& version = offer.target.version.text();
    if (holds_directory(staged.directory)) return move_in(offer.home, version, staged.directory);
    if (holds_directory(versions_of(offer.home) / version)) return {};
    return fail(Errc::missing_release,
                fmt::format("neither {} nor {} is there: stage it again", staged.directory.string(),
                            (versions_of(offer.home) / version).string()));
}

Status VersionDirectories::move_in(fs::path const& home, std::string const& version, fs::path const& staged) {
    auto const directory = versions_of(home) / version;
    if (auto const made = place_.make_directory(versions_of(home)); !made) return made;
    // A link would lead what is moved and deleted here to wherever somebody wants it.
    if (!holds_directory(versions_of(home))) {
        return fail(Errc::unusable_home, versions_of(home).string() + " is not a directory: remove it");
    }
    std::error_code failed;
    if (fs::exists(fs::symlink_status(directory, failed))) {
        // From an earlier attempt, perhaps with files still open: set aside, cleaned up by keep_only().
        if (auto const aside = place_.move(directory, free_aside(home, version)); !aside) return aside;
    }
    return place_.move(staged, directory);
}

Status VersionDirectories::switch_back(check::Offer const& offer) {
    if (!offer.running) return place_.clear(offer.home);
    auto const& version = offer.running->version.text();
    auto const now = place_.current(offer.home);
    if (!now) return pass_on(now);
    if (*now == version) return {};
    auto const directory = versions_of(offer.home) / version;
    if (!holds_directory(directory)) {
        return fail(
            Errc::missing_release,
            fmt::format("the previous release {} is gone: publish it again, or repair it by hand", directory.string()));
    }
    return place_.point(offer.home, version);
}

Result<std::optional<std::string>> VersionDirectories::current(fs::path const& home) const {
    return place_.current(home);
}

void VersionDirectories::keep_only(fs::path const& home, std::string const& current, std::string const& previous) {
    // Whatever the caller believes: the release that the switch names is not touched.
    auto const pointed = place_.current(home);
    if (!pointed) return;
    if (!holds_directory(versions_of(home))) return;
    std::vector<fs::path> doomed;
    std::error_code failed;
    for (auto entry = fs::directory_iterator(versions_of(home), failed); !failed && entry != fs::directory_iterator();
         entry.increment(failed)) {
        auto const name = entry->path().filename().string();
        if (name != current && name != previous && name != pointed->value_or("")) doomed.push_back(entry->path());
    }
    for (auto const& path : doomed) {
        std::error_code left_for_next_time;
        fs::remove_all(path, left_for_next_time);
    }
}

}  // namespace lanyard::apply

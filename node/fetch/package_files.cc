#include "node/fetch/package_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>
#include <vector>

#include "manifests/package/package.h"
#include "manifests/package/sha256.h"
#include "node/fetch/errc.h"

namespace lanyard::fetch {
namespace {

constexpr std::uintmax_t kMostTorrentBytes = 4 * 1024 * 1024;
std::string const kPartial = ".part";
std::string const kTorrent = ".torrent";
std::string const kDraft = ".new";
constexpr std::uint64_t kMiB = 1024 * 1024;
// Left for the rest of the machine.
constexpr std::uint64_t kReserve = 16 * kMiB;

tl::unexpected<Error> unusable(std::filesystem::path const& path, std::string const& why) {
    return fail(Errc::unusable_directory,
                fmt::format("cannot use '{}': {}; check the owner and the mode of its directory", path.string(), why));
}

}  // namespace

PackageFiles::PackageFiles(std::filesystem::path const& directory, release::Digest const& package)
    : complete_(directory / package.to_hex()),
      partial_(directory / (package.to_hex() + kPartial)),
      torrent_(directory / (package.to_hex() + kTorrent)) {}

std::optional<std::string> PackageFiles::read_torrent(release::Digest const& torrent) const {
    std::error_code wrong;
    auto const length = std::filesystem::file_size(torrent_, wrong);
    if (wrong || length > kMostTorrentBytes) return std::nullopt;
    std::ifstream stream(torrent_, std::ios::binary);
    std::string bytes(std::istreambuf_iterator<char>(stream), {});
    if (sha256(bytes) != torrent) return std::nullopt;
    return bytes;
}

Status PackageFiles::keep_torrent(std::string_view torrent, Sync const& sync) const {
    auto const draft = torrent_draft();
    std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
    stream.write(torrent.data(), static_cast<std::streamsize>(torrent.size()));
    stream.close();
    if (!stream) return unusable(torrent_, "it cannot be written");
    if (auto const synced = sync(draft); !synced) return synced;
    std::error_code wrong;
    std::filesystem::rename(draft, torrent_, wrong);
    if (wrong) return unusable(torrent_, wrong.message());
    return sync(torrent_.parent_path());
}

void PackageFiles::reopen() const {
    std::error_code ignored;
    if (!std::filesystem::exists(partial_, ignored)) std::filesystem::rename(complete_, partial_, ignored);
}

void PackageFiles::remove_all() const {
    std::error_code ignored;
    for (auto const& path : {complete_, partial_, torrent_, torrent_draft()}) std::filesystem::remove(path, ignored);
}

std::filesystem::path PackageFiles::torrent_draft() const { return torrent_.string() + kDraft; }

std::set<release::Digest> packages_in(std::filesystem::path const& directory) {
    std::set<release::Digest> found;
    std::error_code wrong;
    for (auto entry = std::filesystem::directory_iterator(directory, wrong);
         !wrong && entry != std::filesystem::directory_iterator(); entry.increment(wrong)) {
        auto const name = entry->path().filename().string();
        auto const package = release::Digest::from_hex(name.substr(0, 2 * release::Digest::kSize));
        auto const kind = name.substr(std::min(name.size(), 2 * release::Digest::kSize));
        if (package && (kind.empty() || kind == kPartial || kind == kTorrent || kind == kTorrent + kDraft)) {
            found.insert(*package);
        }
    }
    return found;
}

Status check_room(std::filesystem::path const& directory, std::uint64_t missing) {
    std::error_code wrong;
    std::filesystem::create_directories(directory, wrong);
    if (wrong) return unusable(directory, wrong.message());
    auto const space = std::filesystem::space(directory, wrong);
    if (wrong || space.available >= missing + kReserve) return {};
    return fail(Errc::disk_full,
                fmt::format("no room for the package: '{}' has {} MiB free and {} MiB are needed; make "
                            "room on that file system",
                            directory.string(), space.available / kMiB, (missing + kReserve) / kMiB + 1));
}

Result<bool> is_package(std::filesystem::path const& file, release::Target const& target,
                        std::atomic<bool> const& stop) {
    std::error_code wrong;
    auto const length = std::filesystem::file_size(file, wrong);
    if (wrong || length != target.length) return false;
    auto const go_on = [&stop](std::uint64_t, std::uint64_t) { return !stop; };
    auto const digest = package::digest_file(file, go_on);
    if (stop) return fail(Errc::stopped, "stopped");
    if (!digest) return pass_on(digest);
    return *digest == target.sha256;
}

Result<std::uint64_t> count_wrong_pieces(std::filesystem::path const& file, std::uint32_t piece_length,
                                         std::string_view piece_list, std::atomic<bool> const& stop) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return unusable(file, "it cannot be opened");
    std::vector<char> piece(piece_length);
    std::uint64_t wrong = 0;
    for (; !piece_list.empty(); piece_list.remove_prefix(std::min(piece_list.size(), release::Digest::kSize))) {
        if (stop) return fail(Errc::stopped, "stopped");
        stream.read(piece.data(), static_cast<std::streamsize>(piece.size()));
        std::string_view const bytes(piece.data(), static_cast<std::size_t>(stream.gcount()));
        if (sha256(bytes).to_raw() != piece_list.substr(0, release::Digest::kSize)) ++wrong;
    }
    return wrong;
}

release::Digest sha256(std::string_view bytes) {
    package::Sha256 hash;
    hash.add(std::span<char const>(bytes.data(), bytes.size()));
    return hash.finish();
}

}  // namespace lanyard::fetch

#include "seeder/intake/intake.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <vector>

#include "manifests/package/errc.h"
#include "seeder/intake/errc.h"

namespace lanyard::intake {
namespace {

namespace fs = std::filesystem;
using release::PackageType;

// A dot in front: no route serves them.
constexpr std::string_view kScratch = ".incoming";
constexpr char const* kScratchPackage = ".incoming";
constexpr char const* kScratchTorrent = ".incoming.torrent";
constexpr char const* kScratchPieces = ".incoming.pieces";

constexpr std::uintmax_t kMaxTorrentBytes = 4 * 1024 * 1024;

package::OnProgress telling(OnProgress const& on_progress, char const* phase) {
    return [&on_progress, phase](std::uint64_t done, std::uint64_t total) { return on_progress(phase, done, total); };
}

std::string quoted(fs::path const& path) { return "'" + path.string() + "'"; }

// What `source` is, and whether that fits the wanted type.
struct Nature {
    PackageType type;
    package::Format format;
    bool directory = false;
};

// What the package room objects to in the source. A full disk stays what it is.
tl::unexpected<Error> unfit(Order const& order, Error const& objection) {
    // Here the operator's input is at fault, and not our state.
    if (objection.code == package::Errc::unreadable) {
        return fail(Errc::unreadable, objection.detail + "; check its permissions");
    }
    if (kind_of(objection.code) != Kind::usage) return tl::unexpected<Error>(objection);
    return fail(Errc::unfit,
                quoted(order.source) + " cannot be published: " + objection.detail + "; mend it and publish again");
}

// With links resolved. What cannot be found out counts as held.
bool holds(fs::path const& directory, fs::path const& inner) {
    std::error_code wrong;
    auto const outside = fs::weakly_canonical(directory, wrong);
    if (wrong) return true;
    auto const inside = fs::weakly_canonical(inner, wrong);
    if (wrong) return true;
    return std::mismatch(outside.begin(), outside.end(), inside.begin(), inside.end()).first == outside.end();
}

// Whoever fetches a release reads all of it.
Status keep_out_of_state(Order const& order, fs::path const& packages) {
    auto const& state = order.state.empty() ? packages : order.state;
    if (holds(order.source, state)) {
        return fail(Errc::unfit, quoted(order.source) +
                                     " holds the state directory of this seeder: its keys would be published; name a"
                                     " directory that holds the application only");
    }
    if (holds(state, order.source)) {
        return fail(Errc::unfit, quoted(order.source) +
                                     " lies in the state directory of this seeder, where its keys are, and nothing of"
                                     " that is published; name the application where it was built");
    }
    return {};
}

Result<Nature> nature_of_directory(Order const& order) {
    auto const type = order.type.value_or(PackageType::tree);
    if (!release::is_archive(type)) {
        return fail(Errc::unfit, quoted(order.source) + " cannot be published with --type " +
                                     std::string(release::text(type)) +
                                     ": it is a directory; leave the option out, or name a single file");
    }
    std::error_code wrong;
    fs::directory_iterator const entries(order.source, wrong);
    if (wrong) {
        return fail(Errc::unreadable,
                    quoted(order.source) + " cannot be read: " + wrong.message() + "; check its permissions");
    }
    if (entries == fs::directory_iterator()) {
        return fail(Errc::empty, quoted(order.source) + " is an empty directory: there is nothing to publish in it");
    }
    return Nature{type, package::Format::tar_zst, true};
}

// Of a program for Windows nobody can see whether it is an installer.
PackageType usual_type(package::Format format) {
    switch (format) {
        case package::Format::deb:
            return PackageType::deb;
        case package::Format::rpm:
            return PackageType::rpm;
        case package::Format::msi:
            return PackageType::msi;
        case package::Format::pkg:
            return PackageType::pkg;
        case package::Format::dmg:
            return PackageType::dmg;
        default:
            return package::is_archive(format) ? PackageType::tree : PackageType::file;
    }
}

Result<Nature> nature_of_file(Order const& order) {
    if (!std::ifstream(order.source, std::ios::binary)) {
        return fail(Errc::unreadable, quoted(order.source) + " cannot be read: check its permissions");
    }
    std::error_code wrong;
    if (fs::file_size(order.source, wrong) == 0) {
        return fail(Errc::empty, quoted(order.source) + " is an empty file: there is nothing to publish in it");
    }
    if (order.type == PackageType::file) return Nature{PackageType::file, package::Format::raw};
    auto const format = package::sniff(order.source);
    if (!format) return unfit(order, format.error());
    auto const type = order.type.value_or(usual_type(*format));
    if (type == PackageType::file) return Nature{PackageType::file, package::Format::raw};
    if (release::is_archive(type) && !package::is_archive(*format)) {
        return fail(Errc::unfit, quoted(order.source) + " cannot be published with --type " +
                                     std::string(release::text(type)) +
                                     ": it is neither a directory nor an archive (tar.gz, tar.xz, tar.zst, zip); use"
                                     " --type file for a single program");
    }
    return Nature{type, *format};
}

Result<Nature> nature_of(Order const& order, fs::path const& packages) {
    std::error_code wrong;
    auto const status = fs::status(order.source, wrong);
    if (status.type() == fs::file_type::not_found) {
        return fail(Errc::no_such_path, quoted(order.source) + " does not exist: check the path");
    }
    if (wrong) return fail(Errc::unreadable, quoted(order.source) + " cannot be read: " + wrong.message());
    if (auto const apart = keep_out_of_state(order, packages); !apart) return pass_on(apart);
    if (fs::is_directory(status)) return nature_of_directory(order);
    if (fs::is_regular_file(status)) return nature_of_file(order);
    return fail(Errc::unfit, quoted(order.source) +
                                 " is neither a file nor a directory: name a directory, an archive or a single file");
}

// Puts the bytes of the package under `scratch` and says what unpacking them gives.
Result<package::Contents> gather(Disk& disk, Order const& order, Nature const& nature, fs::path const& scratch,
                                 OnProgress const& on_progress) {
    if (nature.directory) {
        auto contents = package::pack(order.source, scratch, telling(on_progress, "packing"));
        if (!contents) return unfit(order, contents.error());
        if (auto const synced = disk.sync(scratch); !synced) return pass_on(synced);
        return contents;
    }
    std::error_code wrong;
    auto const total = fs::file_size(order.source, wrong);
    auto const copied =
        disk.copy(order.source, scratch, [&](std::uint64_t done) { return on_progress("copying", done, total); });
    if (!copied) return pass_on(copied);
    if (!release::is_archive(nature.type)) {
        package::Contents single;
        single.unpacked_length = fs::file_size(scratch, wrong);
        single.entry_count = 1;
        return single;
    }
    auto contents = package::inspect(scratch, telling(on_progress, "checking"));
    if (!contents) return unfit(order, contents.error());
    return contents;
}

bool is_file(fs::path const& file, release::Digest const& sha256) {
    auto const found = package::digest_file(file, [](std::uint64_t, std::uint64_t) { return true; });
    return found && *found == sha256;
}

// The torrent that an earlier release of the same bytes has, if it is sound.
std::optional<swarm::Metainfo> torrent_there(fs::path const& file, std::uint64_t length,
                                             std::optional<SignedTorrent> const& wanted) {
    std::error_code wrong;
    auto const size = fs::file_size(file, wrong);
    if (wrong || size > kMaxTorrentBytes) return std::nullopt;
    std::ifstream stream(file, std::ios::binary);
    std::string const bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    auto info = swarm::Metainfo::parse(bytes);
    if (!info || info->length != length) return std::nullopt;
    if (wanted && !is_file(file, wanted->sha256)) return std::nullopt;
    return *info;
}

// Under its scratch name, where it is seen whether it is the one that was signed.
Status store_torrent(Disk& disk, fs::path const& packages, fs::path const& final_name, std::string_view bytes,
                     std::optional<SignedTorrent> const& wanted) {
    auto const scratch = packages / kScratchTorrent;
    if (auto const written = disk.write(scratch, bytes); !written) return written;
    if (wanted && !is_file(scratch, wanted->sha256)) {
        return fail(Errc::lost_torrent,
                    quoted(final_name) +
                        " is missing or damaged and cannot be made again as it was signed (has [seeder] url changed?): "
                        "restore it from a backup, or withdraw the releases of the same bytes first");
    }
    return disk.rename(scratch, final_name);
}

Status store(Disk& disk, fs::path const& scratch, fs::path const& final_name, std::string_view bytes) {
    if (auto const written = disk.write(scratch, bytes); !written) return written;
    return disk.rename(scratch, final_name);
}

// Makes the torrent and the piece list of the package in `scratch` and stores both.
Status share(Disk& disk, fs::path const& packages, Order const& order, Package& package,
             OnProgress const& on_progress) {
    auto const name = package.sha256.to_hex();
    auto const torrent_file = packages / (name + ".torrent");
    auto const pieces_file = packages / (name + ".pieces");
    auto const wanted = order.find_signed ? order.find_signed(package.sha256) : std::nullopt;
    auto const there = torrent_there(torrent_file, package.length, wanted);
    package.piece_length = wanted  ? wanted->piece_length
                           : there ? there->piece_length
                                   : swarm::choose_piece_length(package.length, order.expected_nodes);
    // Named by its content: the torrent then depends on nothing but the bytes and the piece length.
    auto const built = swarm::build_torrent(packages / kScratchPackage, name, package.piece_length, order.announce_url,
                                            telling(on_progress, "sharing"));
    if (!built) return pass_on(built);
    package.info_hash = built->info.info_hash;

    if (!there || there->info_hash != package.info_hash) {
        auto const kept = store_torrent(disk, packages, torrent_file, built->torrent, wanted);
        if (!kept) return kept;
    }
    if (auto const kept = store(disk, packages / kScratchPieces, pieces_file, built->piece_list); !kept) return kept;
    auto const no_progress = [](std::uint64_t, std::uint64_t) { return true; };
    auto const torrent_digest = package::digest_file(torrent_file, no_progress);
    if (!torrent_digest) return pass_on(torrent_digest);
    auto const pieces_digest = package::digest_file(pieces_file, no_progress);
    if (!pieces_digest) return pass_on(pieces_digest);
    package.torrent_sha256 = *torrent_digest;
    package.piece_list_sha256 = *pieces_digest;
    return {};
}

// By their beginning, for the packer keeps temporary files of its own beside its result.
Status clear_scratch(Disk& disk, fs::path const& packages) {
    std::vector<fs::path> scratch;
    std::error_code wrong;
    for (auto const& entry : fs::directory_iterator(packages, wrong)) {
        if (entry.path().filename().string().starts_with(kScratch)) scratch.push_back(entry.path());
    }
    for (auto const& file : scratch) {
        if (auto const removed = disk.remove(file); !removed) return removed;
    }
    return {};
}

Result<Package> make_package(Disk& disk, fs::path const& packages, Order const& order, Nature const& nature,
                             OnProgress const& on_progress) {
    auto const scratch = packages / kScratchPackage;
    auto const contents = gather(disk, order, nature, scratch, on_progress);
    if (!contents) return pass_on(contents);
    auto const digest = package::digest_file(scratch, telling(on_progress, "hashing"));
    if (!digest) return pass_on(digest);

    auto const borne_out = package::bears_out(scratch, {nature.type, order.platform});
    if (!borne_out) return unfit(order, borne_out.error());

    std::error_code wrong;
    auto const length = fs::file_size(scratch, wrong);
    Package package{nature.type, nature.format, *digest, length, *contents, {}, *digest, *digest};
    if (auto const shared = share(disk, packages, order, package, on_progress); !shared) return pass_on(shared);
    auto const named = disk.rename(scratch, packages / digest->to_hex());
    if (!named) return pass_on(named);
    return package;
}

}  // namespace

Result<Package> take_in(Disk& disk, fs::path const& packages, Order const& order, OnProgress const& on_progress) {
    auto const nature = nature_of(order, packages);
    if (!nature) return pass_on(nature);
    if (auto const cleared = clear_scratch(disk, packages); !cleared) return pass_on(cleared);
    bool stopped = false;
    auto const watched = [&](char const* phase, std::uint64_t done, std::uint64_t total) {
        stopped = stopped || !on_progress(phase, done, total);
        return !stopped;
    };
    auto package = make_package(disk, packages, order, *nature, watched);
    if (!package) static_cast<void>(clear_scratch(disk, packages));
    if (package || !stopped) return package;
    return fail(Errc::stopped, "it was stopped before anything was published");
}

void remove_packages_but(Disk& disk, fs::path const& packages, std::set<std::string> const& kept) {
    std::vector<fs::path> unwanted;
    std::error_code wrong;
    for (auto const& entry : fs::directory_iterator(packages, wrong)) {
        auto const name = entry.path().filename().string();
        auto const digest = name.substr(0, name.find('.'));
        // Anything else has been put there by somebody.
        if (release::Digest::from_hex(digest) && !kept.contains(digest)) unwanted.push_back(entry.path());
    }
    for (auto const& file : unwanted) static_cast<void>(disk.remove(file));
}

}  // namespace lanyard::intake

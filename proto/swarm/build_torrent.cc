#include <algorithm>
#include <bit>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/file_storage.hpp>
#include <libtorrent/hasher.hpp>

#include "proto/swarm/errc.h"
#include "proto/swarm/metainfo.h"
#include "proto/swarm/torrent_file.h"

namespace lanyard::swarm {
namespace {

tl::unexpected<Error> unreadable(std::filesystem::path const& file, std::string const& why) {
    return fail(Errc::unreadable_file, fmt::format("cannot read '{}': {}", file.string(), why));
}

// Hashes every piece with SHA-1 (into `torrent`) and with SHA-256 (into the result) in one pass.
Result<std::string> hash_pieces(std::filesystem::path const& file, lt::create_torrent& torrent,
                                OnHashed const& on_hashed) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return unreadable(file, "it cannot be opened; check its permissions");
    std::string piece_list;
    std::vector<char> piece(static_cast<std::size_t>(torrent.piece_length()));
    auto const total = static_cast<std::uint64_t>(torrent.files().total_size());
    std::uint64_t done = 0;
    for (auto const index : torrent.piece_range()) {
        auto const size = torrent.piece_size(index);
        if (!stream.read(piece.data(), size)) return unreadable(file, "it became shorter while it was read");
        lt::span<char const> const bytes(piece.data(), size);
        torrent.set_hash(index, lt::hasher(bytes).final());
        auto const sha256 = lt::hasher256(bytes).final();
        piece_list.append(sha256.data(), static_cast<std::size_t>(sha256.size()));
        done += static_cast<std::uint64_t>(size);
        if (on_hashed && !on_hashed(done, total)) return fail(Errc::stopped, "stopped while the pieces were hashed");
    }
    if (stream.peek() != std::ifstream::traits_type::eof()) return unreadable(file, "it grew while it was read");
    return piece_list;
}

}  // namespace

Result<BuiltTorrent> build_torrent(std::filesystem::path const& file, std::string const& file_name,
                                   std::uint32_t piece_length, std::string const& announce_url,
                                   OnHashed const& on_hashed) {
    if (!is_plain_name(file_name)) {
        return fail(
            Errc::unacceptable_torrent,
            fmt::format("cannot make a torrent of '{}': '{}' is not a plain file name", file.string(), file_name));
    }
    std::error_code wrong;
    auto const length = std::filesystem::file_size(file, wrong);
    if (wrong) return unreadable(file, wrong.message());
    if (length == 0) return unreadable(file, "it is empty, and an empty file cannot be shared");
    if (length > static_cast<std::uintmax_t>(lt::file_storage::max_file_size))
        return unreadable(file, "it is too large");

    try {
        lt::file_storage files;
        files.add_file(file_name, static_cast<std::int64_t>(length));
        lt::create_torrent torrent(files, static_cast<int>(piece_length), lt::create_torrent::v1_only);
        torrent.set_priv(true);
        // Without a date and a creator the same package always gives the same torrent.
        torrent.set_creation_date(0);
        if (!announce_url.empty()) torrent.add_tracker(announce_url);
        auto piece_list = hash_pieces(file, torrent, on_hashed);
        if (!piece_list) return pass_on(piece_list);
        auto const bytes = torrent.generate_buf();
        BuiltTorrent built;
        built.torrent.assign(bytes.begin(), bytes.end());
        built.piece_list = std::move(*piece_list);
        // What we publish must be what a node accepts.
        auto info = Metainfo::parse(built.torrent);
        if (!info) return pass_on(info, fmt::format("cannot make a torrent of '{}'", file.string()));
        built.info = std::move(*info);
        return built;
    } catch (lt::system_error const& refused) {
        return fail(Errc::unacceptable_torrent,
                    fmt::format("cannot make a torrent of '{}': {}", file.string(), refused.what()));
    }
}

}  // namespace lanyard::swarm

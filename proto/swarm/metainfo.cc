#include "proto/swarm/metainfo.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>
#include <boost/version.hpp>
#include <libtorrent/bdecode.hpp>
#include <libtorrent/torrent_info.hpp>

#include "proto/swarm/errc.h"
#include "proto/swarm/torrent_file.h"

// Debian's libtorrent has the error_code of Boost 1.74 in its ABI: another Boost corrupts memory without a word.
static_assert(BOOST_VERSION == 107400, "build with Boost 1.74, the one that libtorrent was built with");

namespace lanyard::swarm {
namespace {

constexpr std::uint64_t kLeastPieceLength = 64 * 1024;
constexpr std::uint64_t kPreferredMostPieceLength = 1024 * 1024;
constexpr std::uint64_t kMostPieceLength = 16 * 1024 * 1024;
constexpr std::uint64_t kMostPieces = 65'536;
constexpr std::uint64_t kPiecesPerNode = 32;
constexpr std::size_t kMostTorrentBytes = 4 * 1024 * 1024;
constexpr std::size_t kMostNameLength = 200;
constexpr int kMostDepth = 16;
constexpr int kMostTokens = 200'000;

// Exactly these, each once: whatever else an info dictionary may hold (files, attr, symlink path, meta version, file
// tree, ssl-cert, similar, ...) changes what libtorrent does with it.
constexpr std::string_view kInfoKeys[] = {"length", "name", "piece length", "pieces", "private"};

tl::unexpected<Error> unacceptable(std::string const& what) {
    return fail(Errc::unacceptable_torrent,
                "the torrent is refused, because " + what + "; publish the package again with lanyard-seeder");
}

Result<Metainfo> read_info(lt::bdecode_node const& info) {
    if (info.dict_size() != std::ssize(kInfoKeys)) {
        return unacceptable("its info dictionary does not hold exactly length, name, piece length, pieces and private");
    }
    for (auto const& key : kInfoKeys) {
        if (!info.dict_find({key.data(), key.size()}))
            return unacceptable(fmt::format("its info dictionary has no '{}'", key));
    }
    Metainfo result;
    auto const length = info.dict_find_int_value("length", -1);
    auto const piece_length = info.dict_find_int_value("piece length", -1);
    auto const pieces = info.dict_find_string_value("pieces");
    auto const name = info.dict_find_string_value("name");
    if (info.dict_find_int_value("private", 0) != 1) return unacceptable("it is not private");
    if (!is_plain_name({name.data(), name.size()})) return unacceptable("its name is not a plain file name");
    if (length <= 0) return unacceptable("its file is empty or has no length");
    if (piece_length < 0 || !std::has_single_bit(static_cast<std::uint64_t>(piece_length)) ||
        static_cast<std::uint64_t>(piece_length) < kLeastPieceLength ||
        static_cast<std::uint64_t>(piece_length) > kMostPieceLength) {
        return unacceptable("its piece length is not a power of two from 64 KiB to 16 MiB");
    }
    result.length = static_cast<std::uint64_t>(length);
    result.piece_length = static_cast<std::uint32_t>(piece_length);
    result.name.assign(name.data(), name.size());
    auto const count = result.length / result.piece_length + (result.length % result.piece_length != 0 ? 1 : 0);
    if (count > kMostPieces) return unacceptable(fmt::format("it has more than {} pieces", kMostPieces));
    if (pieces.size() != count * InfoHash::kSize) {
        return unacceptable("its number of piece hashes does not fit its length");
    }
    return result;
}

}  // namespace

bool is_plain_name(std::string_view name) {
    auto const plain = [](char c) {
        return c > ' ' && c < '\x7f' && std::string_view("/\\:*?\"<>|").find(c) == std::string_view::npos;
    };
    return !name.empty() && name.size() <= kMostNameLength && name.front() != '.' && std::ranges::all_of(name, plain);
}

Result<InfoHash> InfoHash::from_bytes(std::string_view raw) {
    if (raw.size() != kSize) {
        return fail(Errc::malformed_torrent, fmt::format("an info-hash has {} bytes, not {}", kSize, raw.size()));
    }
    InfoHash result;
    std::ranges::copy(raw, result.raw_.begin());
    return result;
}

std::string InfoHash::to_hex() const {
    std::string hex;
    for (auto const c : raw_) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return hex;
}

std::uint32_t choose_piece_length(std::uint64_t file_length, std::uint32_t expected_nodes) {
    auto const wanted_pieces = kPiecesPerNode * std::max<std::uint64_t>(expected_nodes, 1);
    auto length = kLeastPieceLength;
    while (length < kPreferredMostPieceLength && file_length / (2 * length) >= wanted_pieces) length *= 2;
    while (length < kMostPieceLength && file_length / length >= kMostPieces) length *= 2;
    return static_cast<std::uint32_t>(length);
}

Result<TorrentFile> load_torrent(std::string_view bytes) {
    if (bytes.size() > kMostTorrentBytes) return unacceptable("it is larger than 4 MiB");
    lt::error_code wrong;
    lt::span<char const> const buffer(bytes.data(), static_cast<std::ptrdiff_t>(bytes.size()));
    auto const root = lt::bdecode(buffer, wrong, nullptr, kMostDepth, kMostTokens);
    if (wrong) return fail(Errc::malformed_torrent, "the torrent is not bencoded: " + wrong.message());
    if (root.type() != lt::bdecode_node::dict_t) {
        return fail(Errc::malformed_torrent, "the torrent is not a bencoded dictionary");
    }
    auto const info = root.dict_find_dict("info");
    if (!info) return fail(Errc::malformed_torrent, "the torrent has no info dictionary");
    auto metainfo = read_info(info);
    if (!metainfo) return pass_on(metainfo);

    lt::load_torrent_limits limits;
    limits.max_buffer_size = static_cast<int>(kMostTorrentBytes);
    limits.max_pieces = static_cast<int>(kMostPieces);
    limits.max_decode_depth = kMostDepth;
    limits.max_decode_tokens = kMostTokens;
    std::shared_ptr<lt::torrent_info> torrent;
    try {
        torrent = std::make_shared<lt::torrent_info>(root, limits);
    } catch (lt::system_error const& refused) {
        return fail(Errc::malformed_torrent, std::string("the torrent cannot be used: ") + refused.what());
    }
    auto const hashes = torrent->info_hashes();
    if (!hashes.has_v1() || hashes.has_v2()) return unacceptable("it is not a BitTorrent v1 torrent");
    auto info_hash = InfoHash::from_bytes({hashes.v1.data(), static_cast<std::size_t>(hashes.v1.size())});
    if (!info_hash) return pass_on(info_hash);
    metainfo->info_hash = *info_hash;
    return TorrentFile{std::move(*metainfo), std::move(torrent)};
}

Result<Metainfo> Metainfo::parse(std::string_view torrent) {
    auto loaded = load_torrent(torrent);
    if (!loaded) return pass_on(loaded);
    return std::move(loaded->info);
}

}  // namespace lanyard::swarm

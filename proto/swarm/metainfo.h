#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/outcome/result.h"

namespace lanyard::swarm {

// BEP 3 info-hash: SHA-1 of the bencoded info dictionary, 20 raw bytes.
class InfoHash {
public:
    static constexpr std::size_t kSize = 20;

    static Result<InfoHash> from_bytes(std::string_view raw);
    std::string_view bytes() const { return {raw_.data(), raw_.size()}; }
    std::string to_hex() const;

    friend auto operator<=>(InfoHash const&, InfoHash const&) = default;

private:
    std::array<char, kSize> raw_{};
};

// Bytes a piece, a power of two from 64 KiB up: at least about 32 pieces a node, so that nodes have something to give
// each other early (docs/explanation/swarm.md), within 1 MiB, and at most 65,536 pieces a torrent.
std::uint32_t choose_piece_length(std::uint64_t file_length, std::uint32_t expected_nodes);

// What a .torrent says, once it has been found acceptable: BEP 3 v1, exactly one file, private, no links or odd
// attributes, at most 65,536 pieces and 4 MiB.
struct Metainfo {
    InfoHash info_hash;
    std::uint64_t length = 0;
    std::uint32_t piece_length = 0;
    std::string name;

    static Result<Metainfo> parse(std::string_view torrent);
};

struct BuiltTorrent {
    std::string torrent;     // bencoded, as stored and served
    std::string piece_list;  // one SHA-256 (32 raw bytes) a piece, in order
    Metainfo info;
};

// Told how many bytes of all have been hashed; false asks to stop (Errc::stopped).
using OnHashed = std::function<bool(std::uint64_t done, std::uint64_t total)>;

// Reads `file` once. `announce_url` is for foreign clients; ours take peers from the seeder's control channel.
// `file_name` is the name inside the torrent. Blocking: call it from the disk pool.
Result<BuiltTorrent> build_torrent(std::filesystem::path const& file, std::string const& file_name,
                                   std::uint32_t piece_length, std::string const& announce_url,
                                   OnHashed const& on_hashed = {});

}  // namespace lanyard::swarm

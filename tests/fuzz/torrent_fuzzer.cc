// A .torrent as it comes from the seeder's store or over the network.
#include <bit>

#include "proto/swarm/metainfo.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const info = swarm::Metainfo::parse(fuzz::text(data, size));
    if (!info) {
        must(!info.error().detail.empty(), "a refusal says why");
        return 0;
    }
    must(info->length > 0, "a file is not empty");
    must(std::has_single_bit(info->piece_length), "a piece length is a power of two");
    must(info->piece_length >= 65'536 && info->piece_length <= 16'777'216, "and neither tiny nor huge");
    must((info->length - 1) / info->piece_length < 65'536, "a torrent has at most 65,536 pieces");
    must(!info->name.empty() && info->name.front() != '.' && info->name.find('/') == std::string::npos,
         "a name is a plain file name");
    return 0;
}

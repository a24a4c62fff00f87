#pragma once

// Private to this room: the only header of it that shows a libtorrent type.

#include <memory>
#include <string_view>

#include <libtorrent/fwd.hpp>

#include "proto/outcome/result.h"
#include "proto/swarm/metainfo.h"

namespace lanyard::swarm {

struct TorrentFile {
    Metainfo info;
    std::shared_ptr<lt::torrent_info> torrent;
};

// Whether `name` can stand in a torrent: printable ASCII that is a file name, and not a hidden one, everywhere.
bool is_plain_name(std::string_view name);

// Decodes a .torrent under the limits and the policy that Metainfo promises. The bytes are copied.
Result<TorrentFile> load_torrent(std::string_view bytes);

}  // namespace lanyard::swarm

#pragma once

// Private to this room.

#include <string>

#include "manifests/release/target.h"
#include "proto/outcome/result.h"
#include "proto/swarm/metainfo.h"

namespace lanyard::fetch {

inline std::string name_of(release::Target const& target) { return target.app.text() + " " + target.version.text(); }

// The torrent, which must describe the very file that the signed target names: else Errc::torrent_refused.
Result<swarm::Metainfo> agreeing(release::Target const& target, std::string const& torrent);

}  // namespace lanyard::fetch

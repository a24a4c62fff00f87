#pragma once

#include <filesystem>
#include <optional>
#include <vector>

#include "manifests/release/digest.h"
#include "manifests/signing/request.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/signing.pb.h"
#include "seeder/ceremony/published.h"

namespace lanyard::ceremony {

// What the keeper of a key has seen of the repository lies beside the key: targets-1.seen for targets-1.pem and
// targets-1.pub.
std::filesystem::path seen_file(std::filesystem::path const& key);

// Nothing, when the key has not been used yet. Refused when there is a file that cannot be understood.
Result<std::optional<v1::KeeperSeen>> read_seen(std::filesystem::path const& key);
Status write_seen(std::filesystem::path const& key, v1::KeeperSeen const& seen);

// What the keeper knows by these keys and, when it is given, by the digest of the first root.
Result<Anchor> anchor_of(std::vector<std::filesystem::path> const& keys,
                         std::optional<release::Digest> const& first_root);

// `before` with what the keeper agrees to now. Versions only go up.
v1::KeeperSeen seen_after(v1::KeeperSeen before, signing::Request const& request,
                          std::optional<Published> const& published);

}  // namespace lanyard::ceremony

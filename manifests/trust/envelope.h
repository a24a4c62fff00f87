#pragma once

#include <string>
#include <string_view>

#include "manifests/release/digest.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/envelope.pb.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

enum class RoleName { root, timestamp, snapshot, targets };

char const* text(RoleName role);  // "root", ...
// "application/vnd.lanyard.root.v1+protobuf", ...
std::string payload_type(RoleName role);

// DSSE 1.0.2 pre-authentication encoding: "DSSEv1 <len> <type> <len> <body>".
std::string pae(std::string_view payload_type, std::string_view payload);

// SHA-256 of (alg byte || public key).
release::Digest key_id(v1::Key const& key);

// SHA-256 of any bytes.
release::Digest sha256(std::string_view bytes);

}  // namespace lanyard::trust

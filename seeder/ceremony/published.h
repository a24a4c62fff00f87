#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "manifests/release/digest.h"
#include "manifests/signing/request.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"
#include "proto/schema/lanyard/v1/signing.pb.h"

namespace lanyard::ceremony {

// What a keeper knows of the repository by themselves. Without any of it, nothing that a seeder says can be believed.
struct Anchor {
    std::optional<release::Digest> first_root;  // of the file, as nodes are given it at join
    std::vector<v1::KeeperSeen> seen;

    bool empty() const { return !first_root && seen.empty(); }
};

// What is published now: it follows from the anchor by signatures alone.
struct Published {
    std::string first_root;  // as in KeeperSeen
    v1::Root root;
    v1::Targets targets;
    std::map<std::string, v1::Targets> delegated;  // those that these targets delegate to
};

// Nothing, when the request founds a repository, or when there is no anchor. Refused when the roots do not lead from
// the anchor to what the request calls published, when that is older than what was seen before, and when a request that
// founds a repository comes to a keeper of another.
Result<std::optional<Published>> find_published(signing::Request const& request, Anchor const& anchor,
                                                trust::TimePoint now);

// What is to be said of versions that the keeper has agreed to and that are not published, a line each.
std::string doubts(Published const& published, Anchor const& anchor);

// SHA-256 of the payload, hex: how KeeperSeen names a first root, which may not have all its signatures yet.
std::string root_name(v1::Envelope const& root);

}  // namespace lanyard::ceremony

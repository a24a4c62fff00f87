#pragma once

#include <map>
#include <optional>
#include <string>

#include "manifests/signing/request.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"
#include "proto/schema/lanyard/v1/signing.pb.h"
#include "seeder/publish/manifest.h"

namespace lanyard::publish {

// What a change wants to be signed by the keys of people; snapshot and timestamp follow from it.
struct Draft {
    std::optional<v1::Root> root;
    std::optional<v1::Targets> targets;
    std::map<std::string, v1::Targets> delegated;
};

// Without signatures; with what is published now and every root, to compare with.
v1::SigningRequest request_for(Draft const& draft, std::optional<Manifest> const& before);

// A request that somebody has handed in, with what is published here in the place of what it claims: who has a say, and
// which signatures count, is read from that alone. Refused: of another repository (other_repository), overtaken, or for
// a role that nobody would delegate to.
Result<signing::Request> held_against(signing::Request const& request, std::optional<Manifest> const& before);

// No targets in it have expired, delegated ones included, of which verify_as_node() opens only those that it needs.
Status check_fresh(signing::Request const& request, trust::TimePoint now);

// The manifest with the roles of the request in place of the ones before. Refused (overtaken) when they do not follow
// what is published now.
Result<Manifest> put_in_place(signing::Request const& request, std::optional<Manifest> const& before);

}  // namespace lanyard::publish

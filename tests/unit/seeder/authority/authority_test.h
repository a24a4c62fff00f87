#pragma once

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>

#include "proto/identity/key.h"
#include "seeder/authority/nodes.h"
#include "seeder/authority/schema.h"
#include "tests/support/scratch.h"

namespace lanyard::authority {

inline constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

inline store::Database open_authority(std::filesystem::path const& file) {
    std::array const migrations = {authority_schema(), forgetting_schema()};
    auto database = store::Database::open(file, migrations);
    if (!database) throw std::runtime_error(database.error().detail);
    return std::move(*database);
}

// What a node sends that asks to be enrolled.
inline v1::SignedEnrollRequest signed_request(identity::Key const& key, v1::EnrollRequest const& request) {
    v1::SignedEnrollRequest message;
    message.set_request(request.SerializeAsString());
    message.set_signature(*key.sign(identity::Purpose::enrolment, message.request()));
    return message;
}
inline v1::EnrollRequest request_of(identity::Key const& key, std::string const& secret = "") {
    v1::EnrollRequest request;
    request.set_node_id(identity::node_id_of(key.public_key()));
    request.set_node_name("pc-1");
    request.set_public_key(key.public_key());
    request.set_token_secret(secret);
    return request;
}

}  // namespace lanyard::authority

#pragma once

#include <string_view>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "seeder/publish/manifest.h"

namespace lanyard::publish {

// Tables it needs, for the owner's list of migrations, in this order.
std::string_view metadata_schema();
std::string_view delegated_metadata_schema();

// The newest manifest, from inside a transaction. not_initialised when there is none.
Result<Manifest> read_manifest(store::Connection& connection);

// A root is added, any other role replaces the one before.
void put_delegated(store::Connection& connection, std::string const& name, SignedRole const& signed_role);
void put_role(store::Connection& connection, trust::RoleName role, SignedRole const& signed_role);

}  // namespace lanyard::publish

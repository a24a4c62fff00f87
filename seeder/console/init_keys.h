#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "manifests/signing/signer.h"
#include "proto/outcome/result.h"
#include "seeder/console/invocation.h"
#include "seeder/console/state_dir.h"
#include "seeder/publish/key_change.h"
#include "seeder/publish/manifest.h"

namespace lanyard::console {

// What init is to do for the keys of one role.
struct KeyPlan {
    trust::RoleName role;
    std::uint32_t threshold = 1;
    std::uint32_t count = 1;
    bool offline = false;                            // made in the key directory, not in the state directory
    std::vector<std::filesystem::path> public_keys;  // handed in: nothing is made
};

// The four roles as the options say; nothing has been made yet.
Result<std::vector<KeyPlan>> plan_keys(InitOptions const& options);

std::filesystem::path key_directory(StateDir const& dir, InitOptions const& options);

struct FoundingKeys {
    std::vector<publish::RoleKeys> roles;
    std::vector<std::unique_ptr<signing::Signer>> signers;

    publish::Signers held() const;
};

// Makes what is not there; what an init that was killed has left is used.
Result<FoundingKeys> make_keys(std::vector<KeyPlan> const& plans, StateDir const& dir, InitOptions const& options);

}  // namespace lanyard::console

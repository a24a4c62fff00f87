#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "manifests/signing/signer.h"
#include "proto/outcome/result.h"
#include "seeder/console/state_dir.h"
#include "seeder/publish/manifest.h"

namespace lanyard::console {

// A key file of the state directory.
struct KeyFile {
    std::filesystem::path path;
    v1::Key key;
};

// The files keys/<role>.pem and keys/<role>-*.pem. Which of them count is decided by the root: they are known by their
// key ids, and a retired one does no harm. A file under a passphrase needs its public half beside it.
class KeyFolder {
public:
    // Of these roles only: a serving seeder has no business with the others. `ask` may be empty: then a key that is
    // needed and under a passphrase is an error. For `delegated` roles every file role-<name>.pem and
    // role-<name>-*.pem is taken, and opened when it is to sign.
    KeyFolder(StateDir dir, std::set<std::string> roles, signing::Passphrase ask, std::set<std::string> delegated = {})
        : dir_(std::move(dir)), roles_(std::move(roles)), ask_(std::move(ask)), delegated_(std::move(delegated)) {}

    // The keys that the root names for the roles. Snapshot and timestamp must have as many as they need; for other
    // roles fewer are no error, unless a file of theirs cannot be used. Valid until the next call.
    Result<publish::Signers> find(v1::Root const& root);

    // Every file of the roles that can be read.
    std::vector<KeyFile> list() const;

private:
    Status load(v1::Root const& root, std::string const& role);
    Status load_delegated(std::string const& role);

    StateDir dir_;
    std::set<std::string> roles_;
    signing::Passphrase ask_;
    std::set<std::string> delegated_;
    std::vector<std::unique_ptr<signing::Signer>> signers_;
};

inline std::set<std::string> const kServingRoles{"snapshot", "timestamp"};
inline std::set<std::string> const kPublishingRoles{"targets", "snapshot", "timestamp"};
inline std::set<std::string> const kAllRoles{"root", "targets", "snapshot", "timestamp"};

// The newest root of the repository.
Result<v1::Root> newest_root(store::Database& database);

// The keys are there that no command can do without, before hours of work depend on them.
Status check_keys(KeyFolder& folder, store::Database& database);

}  // namespace lanyard::console

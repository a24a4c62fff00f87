#include "seeder/console/key_folder.h"

#include <algorithm>

#include "seeder/console/errc.h"
#include "seeder/publish/errc.h"
#include "seeder/publish/key_change.h"
#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using trust::RoleName;

RoleName role_name(std::string const& role) {
    for (auto const name : {RoleName::root, RoleName::timestamp, RoleName::snapshot}) {
        if (role == trust::text(name)) return name;
    }
    return RoleName::targets;
}

bool is_online(std::string const& role) { return kServingRoles.contains(role); }

std::vector<fs::path> files_of(StateDir const& dir, std::string const& role) {
    std::vector<fs::path> files;
    std::error_code wrong;
    for (auto const& entry : fs::directory_iterator(dir.keys(), wrong)) {
        auto const name = entry.path().filename().string();
        bool const ours = name == role + ".pem" || (name.starts_with(role + "-") && name.ends_with(".pem"));
        if (ours) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
}

// Of the public half, when it is there.
Result<v1::Key> key_in(fs::path const& file) {
    auto const half = signing::public_half(file);
    std::error_code wrong;
    return signing::load_public_key_file(fs::exists(half, wrong) ? half : file);
}

// Opened when it is asked to sign, and no sooner: a file of another team may lie under a passphrase.
class UnopenedKey final : public signing::Signer {
public:
    UnopenedKey(fs::path file, v1::Key key, signing::Passphrase ask)
        : file_(std::move(file)), key_(std::move(key)), ask_(std::move(ask)) {}

    v1::Key public_key() const override { return key_; }

    Result<std::string> sign(std::string_view message) const override {
        auto const signer = signing::load_key_file(file_, ask_);
        if (!signer) return pass_on(signer);
        if ((*signer)->public_key().public_key() == key_.public_key()) return (*signer)->sign(message);
        return fail(Errc::wrong_key, "'" + signing::public_half(file_).string() + "' is not the public half of '" +
                                         file_.string() + "': put the right one there, or none");
    }

private:
    fs::path file_;
    v1::Key key_;
    signing::Passphrase ask_;
};

Error missing(StateDir const& dir, std::string const& role, std::optional<Error> const& trouble) {
    if (trouble) return *trouble;
    std::error_code wrong;
    auto const file = dir.key(role.c_str());
    if (fs::exists(file, wrong)) {
        return {make_error_code(Errc::wrong_key),
                "'" + file.string() +
                    "' is not the key that the root of this repository names: nodes would refuse what it signs; put "
                    "the right one back from a backup"};
    }
    return {make_error_code(publish::Errc::missing_key),
            "'" + file.string() + "' does not exist, and no other key of the role " + role +
                " is in that directory; put the key file back from a backup"};
}

}  // namespace

Status KeyFolder::load(v1::Root const& root, std::string const& role) {
    auto const wanted = publish::keys_of(root, role_name(role));
    std::optional<Error> trouble;
    std::size_t found = 0;
    for (auto const& file : files_of(dir_, role)) {
        auto const key = key_in(file);
        if (!key && !trouble) trouble = key.error();
        if (!key) continue;
        auto const named = std::any_of(wanted.keys.begin(), wanted.keys.end(),
                                       [&](v1::Key const& listed) { return listed.public_key() == key->public_key(); });
        if (!named) continue;
        auto signer = signing::load_key_file(file, ask_);
        if (!signer) return pass_on(signer);
        signers_.push_back(std::move(*signer));
        ++found;
    }
    if (found >= wanted.threshold) return {};
    if (!is_online(role) && !trouble) return {};
    return tl::unexpected<Error>(missing(dir_, role, trouble));
}

// Whoever signs asks those only whose key the delegation names.
Status KeyFolder::load_delegated(std::string const& role) {
    for (auto const& file : files_of(dir_, "role-" + role)) {
        if (auto key = key_in(file)) {
            signers_.push_back(std::make_unique<UnopenedKey>(file, std::move(*key), ask_));
            continue;
        }
        // It may be under a passphrase, without its public half beside it.
        auto signer = signing::load_key_file(file, ask_);
        if (!signer) return pass_on(signer);
        signers_.push_back(std::move(*signer));
    }
    return {};
}

Result<publish::Signers> KeyFolder::find(v1::Root const& root) {
    signers_.clear();
    for (auto const& role : roles_) {
        if (auto const loaded = load(root, role); !loaded) return pass_on(loaded);
    }
    for (auto const& role : delegated_) {
        if (auto const loaded = load_delegated(role); !loaded) return pass_on(loaded);
    }
    publish::Signers signers;
    for (auto const& signer : signers_) signers.push_back(signer.get());
    return signers;
}

std::vector<KeyFile> KeyFolder::list() const {
    std::vector<KeyFile> files;
    for (auto const& role : roles_) {
        for (auto const& file : files_of(dir_, role)) {
            if (auto key = key_in(file)) files.push_back({file, std::move(*key)});
        }
    }
    return files;
}

Result<v1::Root> newest_root(store::Database& database) {
    auto const manifest = database.read(publish::read_manifest);
    if (!manifest) return pass_on(manifest);
    return publish::root_in(manifest->roots.back());
}

Status check_keys(KeyFolder& folder, store::Database& database) {
    auto const root = newest_root(database);
    if (!root) return pass_on(root);
    auto const found = folder.find(*root);
    return found ? Status() : pass_on(found);
}

}  // namespace lanyard::console

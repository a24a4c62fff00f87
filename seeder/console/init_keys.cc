#include "seeder/console/init_keys.h"

#include <algorithm>
#include <charconv>

#include "seeder/ceremony/key_files.h"
#include "seeder/console/errc.h"
#include "seeder/console/posix_files.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using trust::RoleName;

constexpr std::uint32_t kMostKeys = 100;

tl::unexpected<Error> bad_threshold(std::string const& text) {
    return fail(Errc::wrong_usage, "--threshold '" + text +
                                       "' is none: use K/N with 1 <= K <= N <= 100, such as 2/3, or root=2/3 or "
                                       "targets=2/3 for one role");
}

// "2/3" into both numbers.
Status parse_fraction(std::string const& whole, std::string_view text, KeyPlan& plan) {
    auto const* end = text.data() + text.size();
    auto const [slash, wrong] = std::from_chars(text.data(), end, plan.threshold);
    if (wrong != std::errc() || slash == end || *slash != '/') return bad_threshold(whole);
    auto const [last, no_count] = std::from_chars(slash + 1, end, plan.count);
    if (no_count != std::errc() || last != end) return bad_threshold(whole);
    if (plan.threshold == 0 || plan.threshold > plan.count || plan.count > kMostKeys) return bad_threshold(whole);
    return {};
}

Status take_threshold(std::string const& text, std::vector<KeyPlan>& plans) {
    auto const equals = text.find('=');
    bool taken = false;
    for (auto& plan : plans) {
        bool const meant = equals == std::string::npos
                               ? plan.offline || !plan.public_keys.empty()
                               : text.substr(0, equals) == trust::text(plan.role) &&
                                     (plan.role == RoleName::root || plan.role == RoleName::targets);
        if (!meant) continue;
        taken = true;
        auto const fraction = std::string_view(text).substr(equals == std::string::npos ? 0 : equals + 1);
        if (auto const fine = parse_fraction(text, fraction, plan); !fine) return fine;
    }
    if (taken) return {};
    return equals == std::string::npos ? fail(Errc::wrong_usage, "--threshold '" + text +
                                                                     "' is for offline roles, and there are none: name "
                                                                     "the role (root=" +
                                                                     text + "), or --offline-root")
                                       : bad_threshold(text);
}

Status check_handed_in(KeyPlan& plan, bool threshold_named) {
    auto const count = static_cast<std::uint32_t>(plan.public_keys.size());
    if (count == 0) return {};
    if (!threshold_named && count == 1) return {};
    if (threshold_named && count == plan.count) return {};
    auto const name = std::string(trust::text(plan.role));
    return fail(Errc::wrong_usage, std::to_string(count) + " --" + name + "-key are named: say with --threshold " +
                                       name + "=K/" + std::to_string(count) + " how many of them have to sign");
}

// "root.pem", or "root-2.pem" when there are several.
fs::path file_of(fs::path const& folder, KeyPlan const& plan, std::uint32_t number) {
    auto const name = std::string(trust::text(plan.role));
    return folder / (plan.count == 1 ? name + ".pem" : name + "-" + std::to_string(number) + ".pem");
}

Result<std::unique_ptr<signing::Signer>> make_or_load(fs::path const& file, bool offline, InitOptions const& options) {
    std::error_code wrong;
    auto const opens = ceremony::passphrase_from(options.passphrase_file);
    if (fs::exists(file, wrong)) return signing::load_key_file(file, opens);
    if (!offline) return signing::generate_key_file(file, write_new_private_file);
    // A half that is left of a killed init belongs to no key.
    if (auto const half = signing::public_half(file); fs::exists(half, wrong)) fs::remove(half, wrong);
    auto const made = ceremony::make_key_file(file, options.passphrase_file, options.passphrase);
    if (!made) return pass_on(made);
    return signing::load_key_file(file, opens);
}

Status make_folder(fs::path const& folder) {
    std::error_code wrong;
    if (fs::create_directories(folder, wrong)) fs::permissions(folder, fs::perms::owner_all, wrong);
    if (!wrong) return {};
    return fail(wrong, "cannot make the directory '" + folder.string() + "': " + wrong.message() +
                           "; choose a --key-dir that this user may write");
}

}  // namespace

Result<std::vector<KeyPlan>> plan_keys(InitOptions const& options) {
    std::vector<KeyPlan> plans{{RoleName::root, 1, 1, options.offline_root, options.root_keys},
                               {RoleName::targets, 1, 1, options.offline_targets, options.targets_keys},
                               {RoleName::snapshot, 1, 1, false, {}},
                               {RoleName::timestamp, 1, 1, false, {}}};
    for (auto const& threshold : options.thresholds) {
        if (auto const taken = take_threshold(threshold, plans); !taken) return pass_on(taken);
    }
    for (auto& plan : plans) {
        auto const name = std::string(trust::text(plan.role));
        bool const named = std::any_of(options.thresholds.begin(), options.thresholds.end(), [&](auto const& text) {
            return text.find('=') == std::string::npos || text.starts_with(name + "=");
        });
        if (auto const fits = check_handed_in(plan, named); !fits) return pass_on(fits);
    }
    return plans;
}

fs::path key_directory(StateDir const& dir, InitOptions const& options) {
    if (options.key_dir) return *options.key_dir;
    // "seeder-keys" for "./seeder/" as well.
    auto const root = dir.root().has_filename() ? dir.root() : dir.root().parent_path();
    return fs::path(root) += "-keys";
}

publish::Signers FoundingKeys::held() const {
    publish::Signers held;
    for (auto const& signer : signers) held.push_back(signer.get());
    return held;
}

Result<FoundingKeys> make_keys(std::vector<KeyPlan> const& plans, StateDir const& dir, InitOptions const& options) {
    FoundingKeys keys;
    for (auto const& plan : plans) {
        publish::RoleKeys role{plan.role, {}, plan.threshold};
        for (auto const& file : plan.public_keys) {
            auto key = signing::load_public_key_file(file);
            if (!key) return pass_on(key);
            role.keys.push_back(std::move(*key));
        }
        auto const folder = plan.offline ? key_directory(dir, options) : dir.keys();
        bool const makes = plan.public_keys.empty();
        if (makes) {
            if (auto const made = make_folder(folder); !made) return pass_on(made);
        }
        for (std::uint32_t number = 1; makes && number <= plan.count; ++number) {
            auto signer = make_or_load(file_of(folder, plan, number), plan.offline, options);
            if (!signer) return pass_on(signer);
            role.keys.push_back((*signer)->public_key());
            keys.signers.push_back(std::move(*signer));
        }
        keys.roles.push_back(std::move(role));
    }
    return keys;
}

}  // namespace lanyard::console

#include "seeder/publish/expiry.h"

#include "seeder/publish/errc.h"

namespace lanyard::publish {
namespace {

trust::TimePoint end_of(std::int64_t expires) { return trust::TimePoint(std::chrono::seconds(expires)); }

std::string in_words(std::chrono::seconds span) {
    auto const hours = std::chrono::duration_cast<std::chrono::hours>(span).count();
    return hours < 48 ? std::to_string(hours) + " hours" : std::to_string(hours / 24) + " days";
}

// Appends nothing while there is time. `lost`: what is the matter once it is over.
void warn(std::vector<std::string>& warnings, std::string const& role, SignedRole const& signed_role,
          lifetime::Days ahead, trust::TimePoint now, std::string const& remedy,
          std::string const& lost = "nodes refuse all updates") {
    if (end_of(signed_role.expires) - now >= ahead) return;
    auto const days = std::to_string(days_left(signed_role.expires, now));
    auto const when = has_expired(signed_role, now) ? "have expired: " + lost : "expire in " + days + " days";
    warnings.push_back("the signatures of " + role + " " + when + "; " + remedy);
}

void warn_of_delegated(std::vector<std::string>& warnings, std::string const& name, SignedRole const& signed_role,
                       trust::TimePoint now) {
    warn(warnings, "the delegated role " + name, signed_role, lifetime::kWarnTargets, now,
         "`lanyard-seeder delegation renew " + name + "` renews them, and so does publishing a release in the role",
         "nodes find no release of it");
}

}  // namespace

bool has_expired(SignedRole const& role, trust::TimePoint now) { return end_of(role.expires) <= now; }

bool less_than_half_left(SignedRole const& role, lifetime::Days life, trust::TimePoint now) {
    return end_of(role.expires) - now < std::chrono::seconds(life) / 2;
}

trust::TimePoint signed_at(SignedRole const& role, lifetime::Days life) { return end_of(role.expires) - life; }

std::int64_t days_left(std::int64_t expires, trust::TimePoint now) {
    return std::chrono::floor<std::chrono::days>(end_of(expires) - now).count();
}

Status check_clock_by_root(Manifest const& before, trust::TimePoint now) {
    auto const founded = signed_at(before.roots.front(), lifetime::kRoot);
    if (now + kTolerance >= founded) return {};
    return fail(Errc::wrong_clock, "nothing was signed: by this machine's clock the repository will be founded in " +
                                       in_words(founded - now) + "; set the clock right and try again");
}

Status check_clock(Manifest const& before, trust::TimePoint now) {
    if (auto const fine = check_clock_by_root(before, now); !fine) return fine;
    auto const last = signed_at(before.timestamp, lifetime::kTimestamp);
    if (now + kTolerance >= last) return {};
    return fail(Errc::wrong_clock,
                "nothing was signed: this machine's clock is " + in_words(last - now) +
                    " behind the one of the last signing; set the clock right and try again (if it was wrong then and "
                    "is right now, let `lanyard-seeder serve` run for a minute first: it signs anew)");
}

std::vector<std::string> expiry_warnings(Manifest const& manifest, trust::TimePoint now) {
    std::vector<std::string> warnings;
    warn(warnings, "root", manifest.roots.back(), lifetime::kWarnRoot, now,
         "`lanyard-seeder key renew --role root` renews them");
    warn(warnings, "targets", manifest.targets, lifetime::kWarnTargets, now, "publishing any release renews them");
    // A role that was taken back may expire: nobody asks for it. That targets cannot be read is said elsewhere.
    auto const targets = targets_in(manifest.targets);
    if (!targets) return warnings;
    for (auto const& delegation : targets->delegations()) {
        auto const role = manifest.delegated.find(delegation.name());
        if (role == manifest.delegated.end()) continue;
        warn_of_delegated(warnings, role->first, role->second, now);
    }
    return warnings;
}

std::vector<std::string> online_expiry_warnings(Manifest const& manifest, trust::TimePoint now) {
    std::vector<std::string> warnings;
    auto const* remedy = "`lanyard-seeder serve` renews them within a minute";
    warn(warnings, "snapshot", manifest.snapshot, lifetime::kWarnSnapshot, now, remedy);
    warn(warnings, "timestamp", manifest.timestamp, lifetime::kWarnTimestamp, now, remedy);
    return warnings;
}

}  // namespace lanyard::publish

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/release/names.h"
#include "manifests/release/target.h"
#include "manifests/release/version.h"
#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::catalogue {

// Tables it needs, for the owner's list of migrations, in this order.
std::string_view catalogue_schema();
std::string_view delegated_catalogue_schema();

enum class State { live, withdrawn };

char const* text(State state);  // "live", "withdrawn"

// "targets", in whose stead delegated roles may name a release.
inline constexpr char const* kTopLevelRole = "targets";

// One package the repository has ever published.
struct Entry {
    v1::Target target;  // as signed
    State state = State::live;
    std::int64_t published_at = 0;     // Unix seconds
    std::string role = kTopLevelRole;  // that names it in its targets
};

// Which entries are meant; what is absent matches everything.
struct Filter {
    std::optional<release::AppId> app;
    std::optional<release::Version> version;  // by its text: "1.0.0+a" does not name "1.0.0+b"
    std::optional<release::Channel> channel;
    std::optional<release::Platform> platform;

    std::string describe() const;  // for messages: "prometheus 2.53.0 on stable for linux/amd64"
};

// A live package as the check of a node needs it.
struct Candidate {
    release::AppId app;
    release::Version version;
    release::Channel channel;
    release::Platform platform;
    std::string target_path;
};

Result<Candidate> to_candidate(v1::Target const& target);

// What has been published, as one transaction sees it: made inside the body of Database::read or Database::write and
// gone when that ends, so that a release, its metadata and the revision are stored together or not at all.
class Catalogue {
public:
    explicit Catalogue(store::Connection& connection) : connection_(connection) {}

    // Once in the life of a repository. `repo_id` is 16 bytes.
    void found(std::string_view repo_id);
    Result<std::string> repo_id();  // not_initialised before found()

    // Changes with every publish and withdrawal.
    Result<std::uint64_t> revision();
    Result<std::uint64_t> raise_revision();

    // The next release counter is above this one, and never lower than before.
    void count_on_from(std::uint64_t release_counter);

    // Gives the target the next release counter and stores it live. Refuses what is there already, also when it was
    // withdrawn or differs in build metadata only: nodes could not tell the two apart.
    Result<Entry> add(v1::Target target, std::int64_t published_at, std::string const& role = kTopLevelRole);
    // The same refusal, before any work has gone into the package.
    Status may_add(release::AppId const& app, release::Version const& version, release::Channel const& channel,
                   release::Platform const& platform);

    // Takes everything live that matches out; gives what it took. At least one must match.
    Result<std::vector<Entry>> withdraw(Filter const& filter);

    // Makes exactly these live in a role, as they are, because they are signed; gives what has come and gone. What was
    // withdrawn once may come back.
    Result<std::vector<Entry>> follow(std::string const& role,
                                      google::protobuf::RepeatedPtrField<v1::Target> const& signed_targets,
                                      std::int64_t published_at);

    // By app, channel, version (rising), platform.
    Result<std::vector<Entry>> list(Filter const& filter);
    // By path: of all roles, or the content of the next metadata of one.
    Result<std::vector<v1::Target>> live_targets(std::optional<std::string> const& role = std::nullopt);
    Result<std::vector<Candidate>> candidates(release::AppId const& app, release::Channel const& channel);
    std::uint64_t live_count();

private:
    store::Connection& connection_;
};

}  // namespace lanyard::catalogue

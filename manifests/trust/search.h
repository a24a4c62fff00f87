#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/release/target.h"
#include "manifests/trust/keyring.h"
#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/metadata.pb.h"

namespace lanyard::trust {

// Delegated roles that one search looks into.
inline constexpr std::size_t kMaxSearchedRoles = 32;

// The search for one target through the delegations (TUF 1.0.34, 5.6.7), without its input and output: pre-order,
// depth first, each role once, at most kMaxSearchedRoles. A role is looked into only by way of delegations that all fit
// the path, and is verified with the keys of the one it was reached by: nothing verified outlives the search, so no
// role is ever believed because somebody else delegated to it, too.
//
//     Search search(trusted, path);
//     while (auto const* role = search.wanted()) { <get the bytes>; if (!search.take(bytes)) <give up>; }
//     auto const target = search.result();
class Search {
public:
    // Only after trusted.update_targets(). `trusted` must outlive this object.
    Search(TrustedSet const& trusted, std::string path);

    // The role to go on with, as the snapshot names it; null when the search is over.
    v1::MetaRef const* wanted() const { return wanted_; }

    // The file of that role. Refused, the search stays where it is: another file may be offered (the fetched one in
    // place of the stored one), and if there is none, then the target is not to be had.
    Status take(std::string_view envelope);

    // Once wanted() is null. Errc::no_such_target says that no role names it.
    Result<release::Target> result() const;

private:
    struct Step {
        std::string role;
        Signatories signatories;
    };
    struct Delegated {
        std::vector<Step> steps;
        bool terminating = false;
    };

    Result<Delegated> delegated(std::string const& by, v1::Targets const& targets) const;
    void go_on(Delegated delegated);

    TrustedSet const& trusted_;
    std::string path_;
    std::vector<Step> to_visit_;  // the next one last
    std::set<std::string> visited_;
    v1::MetaRef const* wanted_ = nullptr;
    std::optional<Result<release::Target>> found_;
};

}  // namespace lanyard::trust

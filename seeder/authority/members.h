#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "seeder/authority/nodes.h"
#include "seeder/authority/operators.h"

namespace lanyard::authority {

// What has changed among nodes and operators behind a revision.
struct Changes {
    std::int64_t revision = 0;
    bool all_anew = false;  // nodes were forgotten: `nodes` are all there are
    std::vector<NodeEntry> nodes;
    std::vector<Operator> operators;

    bool any() const { return all_anew || !nodes.empty() || !operators.empty(); }
};
Result<Changes> changes_since(store::Database& database, std::int64_t revision);

// Who may speak, in memory: asked at every request. A cache of the database, brought up to date by changes.
class Members {
public:
    struct Node {
        NodeState state;
        std::string public_key;
    };

    void apply(Changes const& changes);
    std::int64_t revision() const { return revision_; }

    std::optional<NodeState> state_of(std::string const& id) const;

    // Errors (refused) say why not.
    Result<Node const*> accepted_node(std::string_view id) const;
    // By the fingerprint of the certificate that was shown (and verified against the CA).
    Result<Operator const*> current_operator(std::string const& fingerprint, std::chrono::sys_seconds now) const;

private:
    std::int64_t revision_ = 0;
    std::unordered_map<std::string, Node> nodes_;
    std::unordered_map<std::string, Operator> operators_;  // by fingerprint
};

}  // namespace lanyard::authority

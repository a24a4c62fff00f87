#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "manifests/store/database.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/enroll.pb.h"

namespace lanyard::authority {

enum class NodeState { pending, accepted, rejected, revoked };

char const* text(NodeState state);  // as the enumerators are called
Result<NodeState> parse_node_state(std::string_view text);

struct NodeEntry {
    std::string id;
    std::string name;  // the node's word
    std::string address;
    std::string public_key;
    NodeState state = NodeState::pending;
    std::string by;                // who decided: "token 1a2b3c4d", "subnet", an operator; empty: nobody yet
    std::int64_t asked_at = 0;     // Unix seconds, the last time
    std::int64_t decided_at = 0;   // 0: not yet
    std::int64_t valid_until = 0;  // of its certificate; 0: it has none
    std::string neighbourhood;     // see Applicant
};

// A node that asks for a certificate: check_request() has passed it.
struct Applicant {
    v1::EnrollRequest request;
    std::string address;
    std::string neighbourhood;  // what one machine may have of addresses, as http::neighbourhood_of() says
    bool welcome = false;       // it comes from a network whose nodes are accepted without being asked for a token
};

// Whether the request is whole, and signed by the key whose id it carries. Pure.
Result<v1::EnrollRequest> check_request(v1::SignedEnrollRequest const& message);

// The nodes that may speak, those that would like to, and those that may not; in the database.
class Nodes {
public:
    static constexpr std::int64_t kMostPending = 1'000;
    static constexpr std::int64_t kMostPendingOfNeighbourhood = 100;
    static constexpr std::chrono::days kForgetPending{7};  // when it has not asked again
    static constexpr std::int64_t kMost = 200'000;

    explicit Nodes(store::Database& database) : database_(database) {}

    // One answer for each, in one transaction: accepted, pending, or an error (refused, too_many). A node that is
    // accepted has a certificate that is to hold until `valid_until`.
    Result<std::vector<Result<NodeState>>> enrol(std::span<Applicant const> applicants,
                                                 std::chrono::sys_seconds valid_until, std::chrono::sys_seconds now);

    Result<std::vector<NodeEntry>> list(std::optional<NodeState> state);  // by name

    // The one node that `reference` means: an id, the beginning of an id (4 digits at least), or a name. Anybody may
    // ask under any name: what can be read as an id, or as its beginning, never means a name.
    Result<NodeEntry> find(std::string_view reference);

    // An operator's word. Refused when it makes no sense: only what is pending can be rejected, only what was accepted
    // revoked. When several nodes are meant and one of them is accepted, that one is revoked: others may have asked
    // under its name only to stand in the way.
    Result<NodeEntry> decide(std::string_view reference, NodeState decision, std::string const& by,
                             std::chrono::sys_seconds now);

    // As if it had never asked; it may ask again, with the same key. Refused while it is accepted.
    Result<NodeEntry> forget(std::string_view reference);
    // All that wait there.
    Result<std::vector<NodeEntry>> forget_waiting(std::string_view neighbourhood);

private:
    store::Database& database_;
};

// Reads rows of kNodeColumns.
NodeEntry node_in(store::Statement const& row);
inline constexpr char const* kNodeColumns =
    "SELECT id, name, address, public_key, state, by, asked_at, decided_at, valid_until, neighbourhood "
    "FROM authority_nodes ";

}  // namespace lanyard::authority

#include "manifests/trust/errc.h"
#include "tests/conformance/conformance.h"

namespace lanyard {
namespace {

using trust::Errc;
using Order = std::vector<std::string>;

struct Delegates {
    std::string by;
    std::string to;
    bool terminating = false;
    std::vector<std::string> paths = {"*"};
};

// Publishes version 1 of every role that is delegated to, and of those above them a version that says so.
void publish_graph(conformance& t, std::vector<Delegates> const& graph) {
    std::set<std::string> roles;
    for (auto const& edge : graph) {
        t.repo.delegate(edge.by, edge.to, edge.paths).set_terminating(edge.terminating);
        roles.insert(edge.to);
    }
    for (auto const& role : roles) t.publish({role});
    t.publish({"targets", "snapshot", "timestamp"});
}

// The requests after root, timestamp, snapshot and targets.
conformance::Requests requests_for_roles(conformance const& t) {
    auto const& all = t.requests();
    EXPECT_GE(all.size(), 4u);
    return {all.begin() + 4, all.end()};
}

conformance::Requests files_of(Order const& roles) {
    conformance::Requests names;
    for (auto const& role : roles) names.push_back("1." + role + ".pb");
    return names;
}

void graph_traversal(conformance& t, std::vector<Delegates> const& graph, Order const& visited) {
    publish_graph(t, graph);
    t.init_client();
    EXPECT_FALSE(t.find("missingpath"));
    EXPECT_EQ(t.refused.code, Errc::no_such_target);
    EXPECT_EQ(requests_for_roles(t), files_of(visited));
}

TEST_F(conformance, test_graph_traversal_basic_delegation_) { graph_traversal(*this, {{"targets", "A"}}, {"A"}); }

TEST_F(conformance, test_graph_traversal_single_level_delegations_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}}, {"A", "B"});
}

TEST_F(conformance, test_graph_traversal_two_level_delegations_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"B", "C"}}, {"A", "B", "C"});
}

TEST_F(conformance, test_graph_traversal_two_level_test_DFS_order_of_traversal_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"A", "C"}, {"A", "D"}}, {"A", "C", "D", "B"});
}

TEST_F(conformance, test_graph_traversal_three_level_delegation_test_DFS_order_of_traversal_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"A", "C"}, {"C", "D"}}, {"A", "C", "D", "B"});
}

TEST_F(conformance, test_graph_traversal_two_level_terminating_ignores_all_but_roles_descendants_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"A", "C", true}, {"A", "D"}}, {"A", "C"});
}

TEST_F(conformance, test_graph_traversal_three_level_terminating_ignores_all_but_roles_descendants_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"A", "C", true}, {"C", "D"}}, {"A", "C", "D"});
}

TEST_F(conformance, test_graph_traversal_two_level_ignores_all_branches_not_matching_paths_) {
    graph_traversal(*this, {{"targets", "A", false, {"*.py"}}, {"targets", "B"}, {"A", "C"}}, {"B"});
}

TEST_F(conformance, test_graph_traversal_three_level_ignores_all_branches_not_matching_paths_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"A", "C", false, {"*.py"}}, {"C", "D"}}, {"A", "B"});
}

TEST_F(conformance, test_graph_traversal_cyclic_graph_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"B", "C"}, {"C", "D"}, {"D", "B"}},
                    {"A", "B", "C", "D"});
}

TEST_F(conformance, test_graph_traversal_two_roles_delegating_to_a_third_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"B", "C"}, {"A", "C"}}, {"A", "C", "B"});
}

TEST_F(conformance, test_graph_traversal_two_roles_delegating_to_a_third_different_paths_) {
    graph_traversal(*this, {{"targets", "A"}, {"targets", "B"}, {"B", "C"}, {"A", "C", false, {"*.py"}}},
                    {"A", "B", "C"});
}

// A repository with targets in five roles; the shapes of the original, with paths that a target of ours can have.
class TargetTree {
public:
    explicit TargetTree(conformance& t) : t_(t) {
        add("targets", {.app = "node"});
        add("A", {.app = "grafana"});
        add("C", {.app = "shop", .channel = "x"});
        add("D", {.app = "shop", .channel = "y"});
        add("D", {.app = "shop", .channel = "z"});
        publish_graph(t, {{"targets", "A", false, {"grafana/*/1.0.0/*/*", "Prometheus/*/*/*/*"}},
                          {"targets", "B", false, {"shop/*/*/*/*", "loki/?/*/*/*", "tempo/*"}},
                          {"B", "C", false, {"shop/x/*/*/*"}},
                          {"B", "D", false, {"shop/y/*/*/*.tar.zst"}}});
        t.init_client();
    }

    void search(support::TargetSpec const& spec, bool found, Order const& visited) {
        auto const path = support::make_target(spec).path();
        EXPECT_EQ(t_.find(path), found) << path << ": " << t_.refused.detail;
        if (!found) {
            EXPECT_EQ(t_.refused.code, Errc::no_such_target);
        }
        EXPECT_EQ(requests_for_roles(t_), files_of(visited));
    }

private:
    void add(std::string const& role, support::TargetSpec const& spec) {
        *t_.repo.role(role).add_targets() = support::make_target(spec);
    }

    conformance& t_;
};

TEST_F(conformance, test_targetfile_search_no_delegations_) { TargetTree(*this).search({.app = "node"}, true, {}); }

TEST_F(conformance, test_targetfile_search_targetpath_matches_wildcard_) {
    TargetTree(*this).search({.app = "grafana"}, true, {"A"});
}

TEST_F(conformance, test_targetfile_search_targetpath_with_separators_x_) {
    TargetTree(*this).search({.app = "shop", .channel = "x"}, true, {"B", "C"});
}

TEST_F(conformance, test_targetfile_search_targetpath_with_separators_y_) {
    TargetTree(*this).search({.app = "shop", .channel = "y"}, true, {"B", "D"});
}

TEST_F(conformance, test_targetfile_search_targetpath_is_not_delegated_by_all_roles_in_the_chain_) {
    TargetTree(*this).search({.app = "shop", .channel = "z"}, false, {"B"});
}

TEST_F(conformance, test_targetfile_search_wildcard_does_not_match_separator_) {
    TargetTree(*this).search({.app = "tempo"}, false, {});
}

TEST_F(conformance, test_targetfile_search_question_mark_matches_one_character_) {
    *repo.role("B").add_targets() = support::make_target({.app = "loki", .channel = "a"});
    TargetTree(*this).search({.app = "loki", .channel = "a"}, true, {"B"});
}

TEST_F(conformance, test_targetfile_search_question_mark_does_not_match_alpha_) {
    *repo.role("B").add_targets() = support::make_target({.app = "loki", .channel = "alpha"});
    TargetTree(*this).search({.app = "loki", .channel = "alpha"}, false, {});
}

TEST_F(conformance, test_targetfile_search_matching_is_case_sensitive_) {
    *repo.role("A").add_targets() = support::make_target({.app = "prometheus"});
    TargetTree(*this).search({.app = "prometheus"}, false, {});
}

// The diamond: C is verified by way of A, and stored. Then B, whose key did not sign it, is asked for another path.
TEST_F(conformance, test_cached_role_is_verified_against_current_delegator) {
    auto const by_a = support::make_target({.app = "shop", .channel = "a"});
    auto const by_b = support::make_target({.app = "shop", .channel = "b"});
    *repo.role("C").add_targets() = by_a;
    *repo.role("C").add_targets() = by_b;
    repo.delegate("targets", "A", {"shop/a/*/*/*"});
    repo.delegate("targets", "B", {"shop/b/*/*/*"});
    repo.delegate("A", "C", {"shop/*/*/*/*"});
    auto const signed_for_a = repo.role_keys("C");
    repo.delegate("B", "C", {"shop/*/*/*/*"});
    repo.role_keys("C") = signed_for_a;
    publish({"A", "B", "C", "targets", "snapshot", "timestamp"});
    init_client();
    auto const trusted = client.refresh(kNow);
    ASSERT_TRUE(trusted) << trusted.error().detail;
    EXPECT_TRUE(client.find_in(*trusted, by_a.path()));
    EXPECT_EQ(version("C"), 1u);
    auto const other = client.find_in(*trusted, by_b.path());  // in the same process,
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::arbitrary_software);
    EXPECT_NE(other.error().detail.find("'C'"), std::string::npos) << other.error().detail;
    EXPECT_FALSE(find(by_b.path()));  // and in the next
    EXPECT_EQ(refused.code, Errc::arbitrary_software);
    EXPECT_TRUE(find(by_a.path()));
}

TEST_F(conformance, test_delegation_not_in_snapshot) {
    auto const target = support::make_target({});
    *repo.role("A").add_targets() = target;
    repo.delegate("targets", "A", {"prometheus/*/*/*/*"});
    repo.publish_role("A");  // served, and named by nobody
    publish({"targets", "snapshot", "timestamp"});
    init_client();
    EXPECT_FALSE(find(target.path()));
    EXPECT_EQ(refused.code, Errc::no_such_target);
    EXPECT_EQ(requests_for_roles(*this), Requests());
}

}  // namespace
}  // namespace lanyard

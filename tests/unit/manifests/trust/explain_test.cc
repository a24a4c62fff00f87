#include "manifests/trust/explain.h"

#include <gtest/gtest.h>

#include "manifests/trust/errc.h"
#include "tests/support/repository_simulator.h"

namespace lanyard::trust::explain_test {
namespace {

using support::make_target;
using support::RepositorySimulator;

constexpr TimePoint kNow{std::chrono::seconds(1'800'000'000)};

class Explaining : public testing::Test {
protected:
    FileSource served() {
        return [this](std::string const& name, std::size_t) -> Result<std::optional<std::string>> {
            asked.push_back(name);
            return repository.file(name);
        };
    }
    Explanation explained(TimePoint now = kNow) { return explain(anchor, served(), now); }
    static std::string all(Explanation const& explanation) {
        std::string lines;
        for (auto const& step : explanation.steps) lines += step.what + "=" + text(step.holds) + " ";
        return lines;
    }

    RepositorySimulator repository{kNow};
    Anchor anchor{repository.newest(RoleName::root), {}, {}};
    std::vector<std::string> asked;
};

TEST_F(Explaining, SaysOfEachStepWhyItHolds) {
    *repository.targets.add_targets() = make_target({});
    repository.publish();
    auto const explanation = explained();
    EXPECT_EQ(all(explanation), "root 1=ok newest root=ok timestamp 2=ok snapshot 2=ok targets 2=ok ");
    ASSERT_TRUE(explanation.set);
    EXPECT_NE(explanation.steps[2].why.find("1 of the 1 keys"), std::string::npos);
    EXPECT_NE(explanation.steps[2].why.find("good until 2027-"), std::string::npos);
    EXPECT_NE(explanation.steps[4].why.find("1 packages"), std::string::npos);
    auto const path = make_target({}).path();
    EXPECT_EQ(explain_target(*explanation.set, path, served()).steps.back().holds, Holds::yes);
    EXPECT_EQ(explain_target(*explanation.set, "no/such/target", served()).steps.back().holds, Holds::no);
    EXPECT_EQ(paths_of_package(*explanation.set, sha256("a package"), served()), std::vector<std::string>{path});
}

TEST_F(Explaining, NamesTheKeysThatHaveSignedEachRootOfTheChain) {
    repository.set_keys(RoleName::root, RepositorySimulator::fresh_keys(3), 2);
    repository.publish_root();
    auto const explanation = explained();
    EXPECT_EQ(all(explanation), "root 1=ok root 2=ok newest root=ok timestamp 1=ok snapshot 1=ok targets 1=ok ");
    auto const& why = explanation.steps[1].why;
    EXPECT_NE(why.find("1 of the 1 keys that root 1 names for it (1 has to): "), std::string::npos) << why;
    EXPECT_NE(why.find("3 of the 3 keys that root 2 names for it (2 have to): "), std::string::npos) << why;
    auto const id = key_id(repository.keys(RoleName::root).front()->public_key()).to_hex().substr(0, 16);
    EXPECT_NE(why.find(id), std::string::npos) << why;
}

TEST_F(Explaining, EndsWithTheStepThatDoesNotHoldAndBelievesNothing) {
    auto const explanation = explained(kNow + std::chrono::hours(24 * 3));
    EXPECT_EQ(all(explanation), "root 1=ok newest root=ok timestamp=refused ");
    EXPECT_NE(explanation.steps.back().why.find("freeze"), std::string::npos);
    EXPECT_FALSE(explanation.set);
    EXPECT_EQ(asked, (std::vector<std::string>{"2.root.pb", "timestamp.pb"}));
}

TEST_F(Explaining, HoldsTheNewAgainstWhatWasBelievedBefore) {
    auto const old = repository.newest(RoleName::timestamp);
    repository.publish();
    anchor.timestamp = repository.newest(RoleName::timestamp);
    anchor.snapshot = repository.newest(RoleName::snapshot);
    repository.put_file("timestamp.pb", old);
    auto const explanation = explained();
    EXPECT_EQ(explanation.steps.back().holds, Holds::no);
    EXPECT_NE(explanation.steps.back().why.find("rollback"), std::string::npos);
}

TEST_F(Explaining, FollowsADelegationAndNamesTheRole) {
    auto const target = make_target({});
    repository.delegate("targets", "team", {"prometheus/*/*/*/*"});
    *repository.role("team").add_targets() = target;
    repository.publish_role("team");
    repository.publish();
    auto const explanation = explained();
    ASSERT_TRUE(explanation.set);
    auto const found = explain_target(*explanation.set, target.path(), served());
    ASSERT_TRUE(found.target);
    ASSERT_EQ(found.steps.size(), 2U);
    EXPECT_EQ(found.steps[0].what.substr(0, 5), "team ");
    EXPECT_EQ(paths_of_package(*explanation.set, sha256("a package"), served()),
              std::vector<std::string>{target.path()});
    auto const missing = explain_target(*explanation.set, "no/such/target", served());
    EXPECT_FALSE(missing.named);
    EXPECT_FALSE(missing.target);
}

TEST_F(Explaining, ARoleThatIsNotSignedAsTheDelegationDemandsEndsTheSearch) {
    auto const target = make_target({});
    repository.delegate("targets", "team", {"prometheus/*/*/*/*"});
    *repository.role("team").add_targets() = target;
    repository.role_keys("team") = RepositorySimulator::fresh_keys(1);
    repository.publish_role("team");
    repository.publish();
    auto const explanation = explained();
    ASSERT_TRUE(explanation.set);
    auto const found = explain_target(*explanation.set, target.path(), served());
    EXPECT_FALSE(found.target);
    EXPECT_TRUE(found.named);
    EXPECT_EQ(found.steps.back().holds, Holds::no);
    EXPECT_NE(found.steps.back().why.find("arbitrary software"), std::string::npos);
}

TEST_F(Explaining, AFileThatIsMissingIsRefusedAndOneThatCannotBeFetchedIsUnknown) {
    repository.remove_file("1.snapshot.pb");
    EXPECT_EQ(all(explained()), "root 1=ok newest root=ok timestamp 1=ok snapshot 1=refused ");
    auto const unreachable = [](std::string const&, std::size_t) -> Result<std::optional<std::string>> {
        return fail(std::make_error_code(std::errc::connection_refused), "nobody answers");
    };
    EXPECT_EQ(all(explain(anchor, unreachable, kNow)), "root 1=ok root 2=unknown ");
}

TEST_F(Explaining, ARootThatIsNotSignedByItselfIsTheOnlyStep) {
    anchor.root = RepositorySimulator::sign(RoleName::root, repository.payload(RoleName::root),
                                            RepositorySimulator::fresh_keys(1));
    EXPECT_EQ(all(explained()), "trusted root=refused ");
    EXPECT_TRUE(asked.empty());
}

}  // namespace
}  // namespace lanyard::trust::explain_test

#include "seeder/fleet/fleet.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/support/scratch.h"

namespace lanyard::fleet::fleet_test {
namespace {

using namespace std::chrono_literals;

std::string id(char digit) { return std::string(32, digit); }

store::Database open(std::filesystem::path const& file) {
    std::array const migrations = {fleet_schema(), sequence_schema()};
    auto database = store::Database::open(file, migrations);
    if (!database) throw std::runtime_error(database.error().detail);
    return std::move(*database);
}

Sighting sighting_of(char node, std::string const& version = "1.0.0", std::int64_t seen = 100) {
    Sighting sighting;
    sighting.node_id = id(node);
    sighting.changed = true;
    sighting.last_seen = seen;
    sighting.name = std::string("pc-") + node;
    sighting.address = "10.0.0.1";
    sighting.platform = "linux/amd64";
    auto& app = sighting.apps.emplace_back();
    app.set_app("editor");
    app.set_channel("stable");
    app.set_version(version);
    return sighting;
}

ReceivedReport report_of(char node, char attempt, std::int64_t ended_at, v1::Outcome outcome = v1::OUTCOME_COMMITTED) {
    ReceivedReport received;
    received.address = "10.0.0.9";
    received.report.set_node_id(id(node));
    received.report.set_node_name(std::string("pc-") + node);
    received.report.set_attempt_id(id(attempt));
    received.report.set_app("editor");
    received.report.set_from_version("1.0.0");
    received.report.set_to_version(std::string("1.1.") + attempt);
    received.report.set_outcome(outcome);
    received.report.set_detail(std::string("detail ") + attempt);
    received.report.set_ended_at(ended_at);
    // Grows with the letter, whatever the test is about.
    received.report.set_sequence(static_cast<std::uint64_t>(attempt));
    return received;
}

class FleetTest : public testing::Test {
protected:
    void note(Sighting const& sighting) {
        auto const noted = fleet.note(std::span(&sighting, 1));
        EXPECT_TRUE(noted) << noted.error().detail;
    }
    bool take(ReceivedReport const& report) { return judge(report) == Taken::fresh; }
    Taken judge(ReceivedReport const& report) {
        auto const taken = fleet.take(std::span(&report, 1), now);
        EXPECT_TRUE(taken) << taken.error().detail;
        return taken.value_or(std::vector{Taken::replayed}).at(0);
    }
    std::vector<v1::NodeSummary> nodes() {
        auto all = fleet.nodes();
        EXPECT_TRUE(all);
        return std::move(all).value_or(std::vector<v1::NodeSummary>());
    }
    std::vector<std::string> bodies() {
        auto all = database.read([](store::Connection& connection) -> Result<std::vector<std::string>> {
            auto rows = connection.prepare("SELECT body FROM fleet_reports ORDER BY number");
            std::vector<std::string> found;
            while (rows.next()) found.push_back(rows.blob(0));
            return found;
        });
        EXPECT_TRUE(all);
        return std::move(all).value_or(std::vector<std::string>());
    }
    v1::NodeApp only_app() {
        auto const all = nodes();
        return all.size() == 1 && all[0].apps_size() == 1 ? all[0].apps(0) : v1::NodeApp();
    }

    support::Scratch scratch;
    store::Database database = open(scratch / "seeder.db");
    Fleet fleet{database};
    std::chrono::sys_seconds now{1000s};
};

TEST_F(FleetTest, ListsNodesByNameWithTheirApplications) {
    note(sighting_of('b'));
    note(sighting_of('a'));
    auto const all = nodes();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name(), "pc-a");
    EXPECT_EQ(all[0].node_id(), id('a'));
    EXPECT_EQ(all[0].address(), "10.0.0.1");
    EXPECT_EQ(all[0].platform(), "linux/amd64");
    EXPECT_EQ(all[0].last_seen(), 100);
    ASSERT_EQ(all[0].apps_size(), 1);
    EXPECT_EQ(all[0].apps(0).app(), "editor");
    EXPECT_EQ(all[0].apps(0).channel(), "stable");
    EXPECT_EQ(all[0].apps(0).version(), "1.0.0");
    EXPECT_EQ(all[0].apps(0).last_outcome(), v1::OUTCOME_UNSPECIFIED);
    EXPECT_EQ(fleet.expected_nodes(), 2u);
}

TEST_F(FleetTest, FollowsWhatANodeSays) {
    note(sighting_of('a'));
    auto changed = sighting_of('a', "2.0.0", 200);
    changed.name = "renamed";
    changed.apps.emplace_back().set_app("browser");
    note(changed);
    auto all = nodes();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].name(), "renamed");
    EXPECT_EQ(all[0].last_seen(), 200);
    ASSERT_EQ(all[0].apps_size(), 2);
    EXPECT_EQ(all[0].apps(0).app(), "browser");
    EXPECT_EQ(all[0].apps(1).version(), "2.0.0");
    changed.apps.erase(changed.apps.begin());
    note(changed);
    EXPECT_EQ(only_app().app(), "browser");
}

TEST_F(FleetTest, MovesLastSeenAlone) {
    note(sighting_of('a'));
    Sighting seen;
    seen.node_id = id('a');
    seen.last_seen = 300;
    note(seen);
    auto const all = nodes();
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].last_seen(), 300);
    EXPECT_EQ(all[0].name(), "pc-a");
    EXPECT_EQ(all[0].apps_size(), 1);
}

TEST_F(FleetTest, CountsAReportOnce) {
    note(sighting_of('a'));
    EXPECT_TRUE(take(report_of('a', '1', 500)));
    auto again = report_of('a', '1', 600, v1::OUTCOME_FAILED);
    EXPECT_FALSE(take(again));
    EXPECT_EQ(only_app().last_outcome(), v1::OUTCOME_COMMITTED);
    EXPECT_EQ(only_app().last_detail(), "detail 1");
    EXPECT_EQ(only_app().version(), "1.1.1");
    EXPECT_EQ(only_app().channel(), "stable");
}

TEST_F(FleetTest, CountsAReportTwiceInOneBatchOnce) {
    note(sighting_of('a'));
    std::vector<ReceivedReport> const batch = {report_of('a', '1', 500), report_of('a', '1', 500),
                                               report_of('b', '2', 500)};
    EXPECT_EQ(fleet.take(batch, now), (std::vector{Taken::fresh, Taken::known, Taken::fresh}));
}

TEST_F(FleetTest, RefusesAReportThatIsNotAboveTheLastOneOfItsNodeAndCountsNothingOfIt) {
    note(sighting_of('a'));
    EXPECT_EQ(judge(report_of('a', '5', 500)), Taken::fresh);
    auto replayed = report_of('a', '6', 600, v1::OUTCOME_FAILED);
    for (std::uint64_t const sequence : {'5', '4', '1'}) {
        replayed.report.set_sequence(sequence);
        EXPECT_EQ(judge(replayed), Taken::replayed) << sequence;
    }
    EXPECT_EQ(bodies().size(), 1u);
    EXPECT_EQ(only_app().last_outcome(), v1::OUTCOME_COMMITTED);
    replayed.report.set_sequence('6');
    EXPECT_EQ(judge(replayed), Taken::fresh);
    EXPECT_EQ(bodies().size(), 2u);
}

TEST_F(FleetTest, AcknowledgesARepeatedReportAlsoWhenLaterOnesHaveComeSince) {
    EXPECT_EQ(judge(report_of('a', '1', 500)), Taken::fresh);
    EXPECT_EQ(judge(report_of('a', '2', 500)), Taken::fresh);
    EXPECT_EQ(judge(report_of('a', '1', 500)), Taken::known);
    EXPECT_EQ(judge(report_of('a', '3', 500)), Taken::fresh);
    EXPECT_EQ(bodies().size(), 3u);
}

TEST_F(FleetTest, CountsTheNumbersOfEachNodeOnTheirOwn) {
    EXPECT_EQ(judge(report_of('a', '9', 500)), Taken::fresh);
    EXPECT_EQ(judge(report_of('b', '1', 500)), Taken::fresh);
}

TEST_F(FleetTest, RefusesTheAttemptOfAnotherNode) {
    EXPECT_EQ(judge(report_of('a', '1', 500)), Taken::fresh);
    EXPECT_EQ(judge(report_of('b', '1', 500)), Taken::replayed);
}

TEST_F(FleetTest, RemembersTheLastNumberAlsoWhenTheReportHasBeenForgotten) {
    Fleet few(database, 10, 1);
    auto const first = report_of('a', '1', 500);
    ASSERT_TRUE(few.take(std::span(&first, 1), now));
    EXPECT_TRUE(bodies().empty());
    EXPECT_EQ(judge(first), Taken::replayed);
}

TEST_F(FleetTest, KeepsTheVersionWhenAnAttemptDidNotChangeIt) {
    note(sighting_of('a'));
    EXPECT_TRUE(take(report_of('a', '1', 500, v1::OUTCOME_ROLLED_BACK)));
    EXPECT_EQ(only_app().version(), "1.0.0");
    EXPECT_EQ(only_app().last_outcome(), v1::OUTCOME_ROLLED_BACK);
}

TEST_F(FleetTest, DoesNotLetAReportThatWasHeldUpReplaceALaterOne) {
    note(sighting_of('a'));
    EXPECT_TRUE(take(report_of('a', '1', 600, v1::OUTCOME_ROLLED_BACK)));
    EXPECT_TRUE(take(report_of('a', '2', 500)));
    EXPECT_EQ(only_app().last_detail(), "detail 1");
    EXPECT_EQ(only_app().version(), "1.0.0");
}

TEST_F(FleetTest, IsNotBlockedByAReportFromTheFuture) {
    note(sighting_of('a'));
    EXPECT_TRUE(take(report_of('a', '1', std::numeric_limits<std::int64_t>::max(), v1::OUTCOME_FAILED)));
    now += 10s;
    EXPECT_TRUE(take(report_of('a', '2', 1005)));
    EXPECT_EQ(only_app().last_outcome(), v1::OUTCOME_COMMITTED);
}

TEST_F(FleetTest, MakesNoNodeAndNoApplicationOfAReport) {
    EXPECT_TRUE(take(report_of('a', '1', 500)));
    EXPECT_TRUE(nodes().empty());
    note(sighting_of('a'));
    auto invented = report_of('a', '2', 500);
    invented.report.set_app("invented");
    EXPECT_TRUE(take(invented));
    EXPECT_EQ(only_app().app(), "editor");
    EXPECT_EQ(nodes()[0].last_seen(), 1000);
}

TEST_F(FleetTest, NamesThoseMerelySeenWhomItDoesNotKnow) {
    note(sighting_of('a'));
    std::vector<Sighting> seen(2);
    seen[0].node_id = id('a');
    seen[1].node_id = id('b');
    EXPECT_EQ(fleet.note(seen), std::vector<std::string>{id('b')});
    EXPECT_EQ(nodes().size(), 1u);
}

TEST_F(FleetTest, StoresNoReportLargerThanItsShare) {
    auto large = report_of('a', '1', 500);
    for (int i = 0; i < 1000; ++i) large.report.add_sources()->set_address(std::string(60, '1'));
    EXPECT_TRUE(take(large));
    auto const stored = bodies();
    ASSERT_EQ(stored.size(), 1u);
    EXPECT_LE(stored[0].size(), Fleet::kLargestReport);
    v1::Report report;
    ASSERT_TRUE(report.ParseFromString(stored[0]));
    EXPECT_EQ(report.detail(), "detail 1");
    EXPECT_GT(report.sources_size(), 100);
}

TEST_F(FleetTest, DropsTheOldestReportsWhenAllTogetherAreTooLarge) {
    auto const one = static_cast<std::int64_t>(report_of('a', '1', 500).report.ByteSizeLong());
    Fleet few(database, 10, 3 * one);
    std::vector<ReceivedReport> const first = {report_of('a', '1', 500), report_of('a', '2', 500)};
    ASSERT_TRUE(few.take(first, now));
    Fleet restarted(database, 10, 3 * one);
    std::vector<ReceivedReport> const second = {report_of('a', '3', 500), report_of('a', '4', 500)};
    ASSERT_TRUE(restarted.take(second, now));
    auto const stored = bodies();
    ASSERT_EQ(stored.size(), 3u);
    EXPECT_EQ(stored[0], first[1].report.SerializeAsString());
    EXPECT_EQ(stored[2], second[1].report.SerializeAsString());
}

TEST_F(FleetTest, ForgetsTheNodesNotSeenForLongestWhenThereAreTooMany) {
    Fleet few(database, 2);
    std::vector<Sighting> const three = {sighting_of('a', "1.0.0", 3), sighting_of('b', "1.0.0", 1),
                                         sighting_of('c', "1.0.0", 2)};
    ASSERT_TRUE(few.note(three));
    auto const all = nodes();
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].name(), "pc-a");
    EXPECT_EQ(all[1].name(), "pc-c");
}

TEST_F(FleetTest, RemembersAcrossARestart) {
    note(sighting_of('a'));
    EXPECT_TRUE(take(report_of('a', '1', 500)));
    auto other = open(scratch / "seeder.db");
    Fleet second(other);
    EXPECT_EQ(second.expected_nodes(), 1u);
    auto const report = report_of('a', '1', 500);
    EXPECT_EQ(second.take(std::span(&report, 1), now), std::vector{Taken::known});
}

}  // namespace
}  // namespace lanyard::fleet::fleet_test

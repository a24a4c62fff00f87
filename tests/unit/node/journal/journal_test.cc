#include <gtest/gtest.h>

#include <array>
#include <set>

#include "node/journal/errc.h"
#include "node/journal/records.h"
#include "node/journal/seal.h"
#include "node/journal/sqlite_journal.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace lanyard::journal {
namespace {

using namespace std::chrono_literals;
using support::sample_target;

class JournalTest : public testing::Test {
protected:
    store::Database open() {
        std::array<std::string_view, 3> const migrations{journal_schema(), sequence_schema(), seal_schema()};
        auto db = store::Database::open(scratch / "node.db", migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }
    Clock clock() {
        return [this] { return now; };
    }

    // One whole attempt.
    Attempt walk(check::Offer const& offer, v1::Outcome outcome, std::string const& detail = "") {
        auto attempt = journal.begin(offer, Phase::fetch).value();
        v1::Report report;
        report.set_outcome(outcome);
        report.set_detail(detail);
        auto const ended = journal.end(attempt, report);
        EXPECT_TRUE(ended) << ended.error().detail;
        now += 1min;
        return attempt;
    }

    static check::Offer update(std::uint64_t from, std::uint64_t to) {
        return {version(to), version(from), "/srv/demo"};
    }
    static release::Target version(std::uint64_t number) {
        return sample_target("demo", std::to_string(number) + ".0.0", number);
    }

    support::Scratch scratch;
    std::chrono::system_clock::time_point now = std::chrono::sys_days(std::chrono::year(2026) / 6 / 15);
    store::Database database = open();
    SqliteJournal journal{database, clock()};
    Records records{database, clock()};
    check::Offer first{version(1), std::nullopt, "/srv/demo"};
    release::AppId demo = first.target.app;
};

TEST(Phase, HasANameThatGivesItBack) {
    std::set<std::string> names;
    for (auto i = 0; i < 8; ++i) {
        auto const phase = static_cast<Phase>(i);
        EXPECT_EQ(phase_named(text(phase)), phase);
        names.insert(text(phase));
    }
    EXPECT_EQ(names.size(), 8u);
    EXPECT_STREQ(text(Phase::wait_idle), "wait_idle");
    EXPECT_STREQ(text(Phase::roll_back), "roll_back");
    EXPECT_EQ(phase_named("lunch"), std::nullopt);
}

TEST_F(JournalTest, KnowsNothingAtFirst) {
    EXPECT_TRUE(journal.unfinished().value().empty());
    EXPECT_EQ(journal.previous(demo).value(), std::nullopt);
    EXPECT_FALSE(records.installed(demo).value().current);
    EXPECT_EQ(records.installed(demo).value().highest_counter, 0u);
    EXPECT_EQ(records.quarantined(demo, first.target.sha256).value(), std::nullopt);
    EXPECT_TRUE(records.history(10).value().empty());
    EXPECT_EQ(records.last_report(demo).value(), std::nullopt);
    EXPECT_EQ(records.outbox_next().value(), std::nullopt);
    EXPECT_EQ(records.outbox_count().value(), 0u);
}

TEST_F(JournalTest, GivesEachAttemptAnIdOf32HexDigits) {
    auto const one = walk(first, v1::OUTCOME_COMMITTED);
    auto const other = walk(first, v1::OUTCOME_COMMITTED);
    EXPECT_EQ(one.id.size(), 32u);
    EXPECT_EQ(one.id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(one.id, other.id);
}

TEST_F(JournalTest, NumbersReportsEverHigherThoughTheClockIsSetBackAndTheOutboxIsEmptied) {
    std::uint64_t last = 0;
    for (auto const step : {0h, 1h, -1000h, 0h, 2000h}) {
        now += step;
        auto const attempt = walk(first, v1::OUTCOME_FAILED);
        auto const sequence = records.outbox_next().value()->sequence();
        EXPECT_GT(sequence, last);
        last = sequence;
        ASSERT_TRUE(records.outbox_done(attempt.id));
        database = open();
    }
}

TEST_F(JournalTest, NumbersReportsByTheClockSoThatADatabaseFromABackupGoesOnAboveWhatItHadSent) {
    walk(first, v1::OUTCOME_FAILED);
    auto const before = records.history(1).value()[0].sequence();
    now += 24h;
    walk(first, v1::OUTCOME_FAILED);
    EXPECT_GE(records.history(1).value()[0].sequence(), before + 24 * 3600 * 1000);
}

TEST_F(JournalTest, RemembersAnAttemptUnderWayWithEverythingToGoOn) {
    {
        auto attempt = journal.begin(update(1, 2), Phase::fetch).value();
        attempt.draft.set_detail("why it is rolled back");
        ASSERT_TRUE(journal.enter(attempt, Phase::drain));
        ASSERT_TRUE(journal.enter(attempt, Phase::wait_idle));
        ASSERT_TRUE(journal.enter(attempt, Phase::drain));
        EXPECT_EQ(attempt.drains, 2u);
        ASSERT_TRUE(journal.count_start(attempt));
        ASSERT_TRUE(journal.count_start(attempt));
        EXPECT_EQ(attempt.starts, 2u);
        EXPECT_EQ(attempt.phase, Phase::drain);
    }
    database = open();
    auto const found = journal.unfinished().value();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].offer.target.version.text(), "2.0.0");
    EXPECT_EQ(found[0].offer.running->version.text(), "1.0.0");
    EXPECT_EQ(found[0].offer.home, "/srv/demo");
    EXPECT_EQ(found[0].phase, Phase::drain);
    EXPECT_EQ(found[0].starts, 2u);
    EXPECT_EQ(found[0].drains, 2u);
    EXPECT_EQ(found[0].draft.detail(), "why it is rolled back");
}

TEST_F(JournalTest, KeepsAHomeWhoseNameIsNoText) {
    first.home = "/srv/\xff\xfe";
    ASSERT_TRUE(journal.begin(first, Phase::fetch));
    EXPECT_EQ(journal.unfinished().value()[0].offer.home, first.home);
}

TEST_F(JournalTest, AllowsOneAttemptAnApplicationAtATime) {
    ASSERT_TRUE(journal.begin(first, Phase::fetch));
    auto const second = journal.begin(first, Phase::fetch);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::under_way);
    check::Offer const other{sample_target("other", "1.0.0", 9), std::nullopt, "/srv/other"};
    ASSERT_TRUE(journal.begin(other, Phase::fetch));
    auto const found = journal.unfinished().value();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].offer.target.app, demo);
    EXPECT_FALSE(found[0].offer.running);
}

TEST_F(JournalTest, RefusesToGoOnWithAnAttemptThatHasEnded) {
    auto attempt = walk(first, v1::OUTCOME_COMMITTED);
    EXPECT_EQ(journal.enter(attempt, Phase::stage).error().code, Errc::unknown_attempt);
    EXPECT_EQ(journal.count_start(attempt).error().code, Errc::unknown_attempt);
    EXPECT_EQ(journal.end(attempt, {}).error().code, Errc::unknown_attempt);
    EXPECT_EQ(attempt.phase, Phase::fetch);
    EXPECT_EQ(attempt.starts, 0u);
    EXPECT_EQ(records.outbox_count().value(), 1u);
}

TEST_F(JournalTest, MovesTheInstalledReleasesOnWhenAnAttemptCommits) {
    walk(first, v1::OUTCOME_COMMITTED);
    EXPECT_EQ(records.installed(demo).value().current->version.text(), "1.0.0");
    EXPECT_FALSE(records.installed(demo).value().previous);
    walk(update(1, 2), v1::OUTCOME_COMMITTED);
    auto const installed = records.installed(demo).value();
    EXPECT_EQ(installed.current->version.text(), "2.0.0");
    EXPECT_EQ(installed.previous->version.text(), "1.0.0");
    EXPECT_EQ(installed.highest_counter, 2u);
    EXPECT_EQ(journal.previous(demo).value()->version.text(), "1.0.0");
}

TEST_F(JournalTest, NeverForgetsTheHighestCounterWhenAPersonGoesBack) {
    walk(first, v1::OUTCOME_COMMITTED);
    walk(update(1, 2), v1::OUTCOME_COMMITTED);
    walk(update(2, 1), v1::OUTCOME_COMMITTED);
    EXPECT_EQ(records.installed(demo).value().current->version.text(), "1.0.0");
    EXPECT_EQ(records.installed(demo).value().highest_counter, 2u);
}

TEST_F(JournalTest, PutsARolledBackPackageIntoQuarantineAndNoOther) {
    walk(first, v1::OUTCOME_COMMITTED);
    walk(update(1, 2), v1::OUTCOME_ROLLED_BACK, "no answer on port 80");
    EXPECT_EQ(records.quarantined(demo, version(2).sha256).value(), "no answer on port 80");
    EXPECT_EQ(records.quarantined(demo, version(3).sha256).value(), std::nullopt);
    EXPECT_EQ(records.quarantined(sample_target("other", "1.0.0", 2).app, version(2).sha256).value(), std::nullopt);
    EXPECT_EQ(records.installed(demo).value().current->version.text(), "1.0.0");
}

TEST_F(JournalTest, GoesBackToTheKeptReleaseWhenTheInstalledOneIsRolledBack) {
    walk(first, v1::OUTCOME_COMMITTED);
    walk(update(1, 2), v1::OUTCOME_COMMITTED);
    walk(update(1, 2), v1::OUTCOME_ROLLED_BACK, "a person asked for it");
    auto const installed = records.installed(demo).value();
    EXPECT_EQ(installed.current->version.text(), "1.0.0");
    EXPECT_FALSE(installed.previous);
    EXPECT_EQ(installed.highest_counter, 2u);
    EXPECT_TRUE(records.quarantined(demo, version(2).sha256).value());
}

TEST_F(JournalTest, BeginsInThePhaseItIsToldAndNeverInAnother) {
    ASSERT_TRUE(journal.begin(update(1, 2), Phase::roll_back));
    EXPECT_EQ(journal.unfinished().value()[0].phase, Phase::roll_back);
}

TEST_F(JournalTest, TakesAPackageOutOfQuarantineWhenItIsCommittedAfterAll) {
    ASSERT_TRUE(records.quarantine(version(1), "a person went back"));
    EXPECT_EQ(records.quarantined(demo, version(1).sha256).value(), "a person went back");
    walk(first, v1::OUTCOME_COMMITTED);
    EXPECT_EQ(records.quarantined(demo, version(1).sha256).value(), std::nullopt);
}

TEST_F(JournalTest, ChangesNothingThatIsInstalledWhenAnAttemptFails) {
    walk(first, v1::OUTCOME_COMMITTED);
    walk(update(1, 2), v1::OUTCOME_FAILED, "disk full");
    EXPECT_EQ(records.installed(demo).value().current->version.text(), "1.0.0");
    EXPECT_EQ(records.quarantined(demo, version(2).sha256).value(), std::nullopt);
}

TEST_F(JournalTest, CountsFailuresInARowOfTheSamePackage) {
    auto const two = version(2).sha256;
    walk(update(1, 2), v1::OUTCOME_FAILED);
    walk(update(1, 3), v1::OUTCOME_FAILED);
    EXPECT_EQ(records.failures(demo, two).value().count, 0u);
    walk(update(1, 2), v1::OUTCOME_FAILED);
    auto const last = now;
    walk(update(1, 2), v1::OUTCOME_FAILED);
    EXPECT_EQ(records.failures(demo, two).value().count, 2u);
    EXPECT_EQ(records.failures(demo, two).value().last, last);
    walk(update(1, 2), v1::OUTCOME_COMMITTED);
    EXPECT_EQ(records.failures(demo, two).value().count, 0u);
}

TEST_F(JournalTest, FillsWhoWhatAndWhenIntoTheReport) {
    auto attempt = journal.begin(update(1, 2), Phase::fetch).value();
    v1::Report report;
    report.set_outcome(v1::OUTCOME_FAILED);
    report.set_detail("why");
    report.set_node_name("pc-17");
    now += 90s;
    ASSERT_TRUE(journal.end(attempt, report));
    auto const kept = records.outbox_next().value().value();
    EXPECT_EQ(kept.attempt_id(), attempt.id);
    EXPECT_EQ(kept.app(), "demo");
    EXPECT_EQ(kept.from_version(), "1.0.0");
    EXPECT_EQ(kept.to_version(), "2.0.0");
    EXPECT_EQ(kept.outcome(), v1::OUTCOME_FAILED);
    EXPECT_EQ(kept.detail(), "why");
    EXPECT_EQ(kept.node_name(), "pc-17");
    EXPECT_EQ(kept.ended_at() - kept.started_at(), 90);
    EXPECT_EQ(std::chrono::sys_seconds(std::chrono::seconds(kept.ended_at())), now);
    EXPECT_EQ(records.history(1).value().front().SerializeAsString(), kept.SerializeAsString());
    EXPECT_EQ(records.last_report(demo).value()->SerializeAsString(), kept.SerializeAsString());
}

TEST_F(JournalTest, AddsUpTheTimesOfEachPhaseOverACrash) {
    auto attempt = journal.begin(first, Phase::fetch).value();
    ASSERT_TRUE(journal.enter(attempt, Phase::fetch));
    now += 100ms;
    ASSERT_TRUE(journal.enter(attempt, Phase::stage));
    now += 20ms;
    ASSERT_TRUE(journal.enter(attempt, Phase::fetch));
    now += 5ms;
    ASSERT_TRUE(journal.enter(attempt, Phase::stage));
    now -= 1h;
    ASSERT_TRUE(journal.enter(attempt, Phase::probe));
    now += 7ms;
    ASSERT_TRUE(journal.end(attempt, {}));
    auto const report = records.last_report(demo).value().value();
    std::vector<std::pair<std::string, std::uint64_t>> phases;
    for (auto const& phase : report.phases()) phases.emplace_back(phase.phase(), phase.milliseconds());
    EXPECT_EQ(phases,
              (std::vector<std::pair<std::string, std::uint64_t>>{{"fetch", 105}, {"stage", 20}, {"probe", 7}}));
}

TEST_F(JournalTest, HandsReportsOutOldestFirstUntilTheyAreDone) {
    auto const one = walk(first, v1::OUTCOME_COMMITTED);
    auto const other = walk(update(1, 2), v1::OUTCOME_COMMITTED);
    EXPECT_EQ(records.outbox_count().value(), 2u);
    EXPECT_EQ(records.outbox_next().value()->attempt_id(), one.id);
    EXPECT_EQ(records.outbox_next().value()->attempt_id(), one.id);
    ASSERT_TRUE(records.outbox_done(one.id));
    ASSERT_TRUE(records.outbox_done(one.id));
    EXPECT_EQ(records.outbox_next().value()->attempt_id(), other.id);
    ASSERT_TRUE(records.outbox_done(other.id));
    EXPECT_EQ(records.outbox_next().value(), std::nullopt);
    EXPECT_EQ(records.history(10).value().size(), 2u);
}

TEST_F(JournalTest, TellsTheNewestHistoryFirstAndNoMoreThanAskedFor) {
    walk(first, v1::OUTCOME_COMMITTED);
    walk(update(1, 2), v1::OUTCOME_COMMITTED);
    walk(update(2, 3), v1::OUTCOME_COMMITTED);
    auto const history = records.history(2).value();
    ASSERT_EQ(history.size(), 2u);
    EXPECT_EQ(history[0].to_version(), "3.0.0");
    EXPECT_EQ(history[1].to_version(), "2.0.0");
    EXPECT_TRUE(records.history(0).value().empty());
}

TEST_F(JournalTest, RefusesARowThatItDidNotWrite) {
    walk(first, v1::OUTCOME_COMMITTED);
    ASSERT_TRUE(database.write([](store::Connection& db) -> Status {
        db.prepare("UPDATE journal_installed SET current = x'00ff'").run();
        db.prepare("UPDATE journal_attempts SET report = x'ff'").run();
        return {};
    }));
    EXPECT_EQ(records.installed(demo).error().code, Errc::damaged);
    EXPECT_EQ(records.history(1).error().code, Errc::damaged);
}

// Bounded, whatever happens; the attempt under way is never among what goes.
TEST_F(JournalTest, KeepsTheLastThousandAttempts) {
    auto const under_way =
        journal.begin({sample_target("other", "1.0.0", 9), std::nullopt, "/srv/other"}, Phase::fetch).value();
    auto const ended = walk(first, v1::OUTCOME_COMMITTED);
    ASSERT_TRUE(database.write([&](store::Connection& db) -> Status {
        auto copy = db.prepare(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) "
            "INSERT INTO journal_attempts (id, app, package, target, home, phase, starts, draft, started_at, ended_at, "
            "outcome, report) SELECT 'copy' || i, app, package, target, home, phase, starts, draft, started_at + i, "
            "ended_at + i, outcome, report FROM journal_attempts, n WHERE id = ?");
        copy.bind(ended.id).run();
        auto reports = db.prepare(
            "INSERT INTO journal_outbox (attempt, report) SELECT id, report FROM journal_attempts WHERE id LIKE "
            "'copy%'");
        reports.run();
        return {};
    }));
    walk(update(1, 2), v1::OUTCOME_COMMITTED);
    EXPECT_EQ(records.history(5000).value().size(), 1000u);
    EXPECT_EQ(records.outbox_count().value(), 1000u);
    EXPECT_EQ(records.history(1).value().front().to_version(), "2.0.0");
    ASSERT_EQ(journal.unfinished().value().size(), 1u);
    EXPECT_EQ(journal.unfinished().value()[0].id, under_way.id);
}

}  // namespace
}  // namespace lanyard::journal

#include "node/journal/seal.h"

#include <gtest/gtest.h>

#include <array>

#include "node/journal/errc.h"
#include "node/journal/records.h"
#include "node/journal/sqlite_journal.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace lanyard::journal {
namespace {

using support::sample_target;

class SealTest : public testing::Test {
protected:
    store::Database open() {
        std::array<std::string_view, 3> const migrations{journal_schema(), sequence_schema(), seal_schema()};
        auto db = store::Database::open(scratch / "node.db", migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }
    static check::Offer offer(std::string const& app, std::uint64_t number) {
        return {sample_target(app, std::to_string(number) + ".0.0", number), std::nullopt, "/srv/" + app};
    }
    void end(Attempt const& attempt, v1::Outcome outcome) {
        v1::Report report;
        report.set_outcome(outcome);
        ASSERT_TRUE(journal.end(attempt, report));
    }
    // What damage does: a row changes, and nobody seals it.
    void change(std::string_view sql) {
        auto const changed = database.write([&](store::Connection& db) -> Status {
            db.prepare(sql).run();
            EXPECT_EQ(db.changed_rows(), 1) << sql;
            return {};
        });
        ASSERT_TRUE(changed) << changed.error().detail;
    }

    support::Scratch scratch;
    store::Database database = open();
    Clock clock = [] { return std::chrono::system_clock::time_point(std::chrono::hours(24)); };
    SqliteJournal journal{database, clock};
    Records records{database, clock};
};

TEST_F(SealTest, HoldsAfterEveryWriteAndAfterAReopening) {
    EXPECT_TRUE(check_seal(database));
    auto attempt = journal.begin(offer("demo", 1), Phase::fetch).value();
    EXPECT_TRUE(check_seal(database));
    ASSERT_TRUE(journal.enter(attempt, Phase::drain));
    EXPECT_TRUE(check_seal(database));
    ASSERT_TRUE(journal.count_start(attempt));
    EXPECT_TRUE(check_seal(database));
    end(attempt, v1::OUTCOME_COMMITTED);
    EXPECT_TRUE(check_seal(database));
    ASSERT_TRUE(records.quarantine(sample_target("demo", "2.0.0", 2), "it is sick"));
    EXPECT_TRUE(check_seal(database));
    ASSERT_TRUE(records.adopt(sample_target("demo", "1.0.0", 1).app, {}));
    EXPECT_TRUE(check_seal(database));
    ASSERT_TRUE(records.outbox_done(attempt.id));
    auto again = open();
    EXPECT_TRUE(check_seal(again));
}

TEST_F(SealTest, OfADatabaseThatWasNeverSealedIsNotMissed) {
    auto const attempt = journal.begin(offer("demo", 1), Phase::fetch).value();
    change("DELETE FROM journal_seal");
    EXPECT_TRUE(check_seal(database));
    end(attempt, v1::OUTCOME_COMMITTED);
    change("UPDATE journal_installed SET highest_counter = 7");
    EXPECT_FALSE(check_seal(database));
}

class SealOfWhatDecides : public SealTest, public testing::WithParamInterface<char const*> {};

TEST_P(SealOfWhatDecides, ShowsAChange) {
    auto const first = journal.begin(offer("demo", 1), Phase::fetch).value();
    end(first, v1::OUTCOME_COMMITTED);
    ASSERT_TRUE(records.quarantine(sample_target("demo", "3.0.0", 3), "it is sick"));
    ASSERT_TRUE(journal.begin(offer("demo", 2), Phase::fetch));
    ASSERT_TRUE(check_seal(database));
    change(GetParam());
    auto const checked = check_seal(database);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, Errc::damaged);
}

INSTANTIATE_TEST_SUITE_P(
    Each, SealOfWhatDecides,
    testing::Values("UPDATE journal_installed SET current = CAST(x'00' || substr(current, 2) AS BLOB)",
                    "UPDATE journal_installed SET highest_counter = highest_counter + 4096",
                    "UPDATE journal_installed SET app = 'demp'",
                    "UPDATE journal_attempts SET target = CAST(substr(target, 2) AS BLOB) WHERE ended_at IS NULL",
                    "UPDATE journal_attempts SET home = x'2f' WHERE ended_at IS NULL",
                    "UPDATE journal_attempts SET phase = 'commit' WHERE ended_at IS NULL",
                    "UPDATE journal_attempts SET ended_at = 1 WHERE ended_at IS NULL",
                    "UPDATE journal_quarantine SET package = 'a'", "UPDATE journal_sequence SET last = 1",
                    "UPDATE journal_seal SET digest = x'00'"));

}  // namespace
}  // namespace lanyard::journal

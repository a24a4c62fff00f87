#include "node/journal/keepsake.h"
#include "node/journal/seal.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

#include "node/journal/errc.h"
#include "node/journal/sqlite_journal.h"
#include "tests/support/sample_target.h"
#include "tests/support/scratch.h"

namespace lanyard::journal {
namespace {

release::Target version(std::uint64_t number) {
    return support::sample_target("demo", std::to_string(number) + ".0.0", number);
}

std::string name(std::optional<release::Target> const& target) { return target ? target->version.text() : "none"; }

Keepsake sample() { return {{version(2), version(1), 7}, version(3)}; }

TEST(Keepsake, GivesBackWhatItWasGiven) {
    auto const kept = Keepsake::from_bytes(sample().to_bytes());
    ASSERT_TRUE(kept) << kept.error().detail;
    EXPECT_EQ(name(kept->installed.current), "2.0.0");
    EXPECT_EQ(name(kept->installed.previous), "1.0.0");
    EXPECT_EQ(kept->installed.highest_counter, 7u);
    EXPECT_EQ(name(kept->next), "3.0.0");
    auto const empty = Keepsake::from_bytes(Keepsake{}.to_bytes());
    ASSERT_TRUE(empty);
    EXPECT_FALSE(empty->installed.current || empty->installed.previous || empty->next);
}

TEST(Keepsake, NoticesEveryFlippedByteAndEveryCut) {
    auto const good = sample().to_bytes();
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto bad = good;
        bad[i] = static_cast<char>(bad[i] ^ 4);
        EXPECT_FALSE(Keepsake::from_bytes(bad)) << i;
        EXPECT_FALSE(Keepsake::from_bytes(good.substr(0, i))) << i;
    }
}

TEST(Keepsake, GoesByTheSwitch) {
    auto const committed = sample().installed_as("2.0.0").value();
    EXPECT_EQ(name(committed.current), "2.0.0");
    EXPECT_EQ(name(committed.previous), "1.0.0");
    EXPECT_EQ(committed.highest_counter, 7u);
    auto const switched = sample().installed_as("3.0.0").value();
    EXPECT_EQ(name(switched.current), "3.0.0");
    EXPECT_EQ(name(switched.previous), "2.0.0");
    auto const back = sample().installed_as("1.0.0").value();
    EXPECT_EQ(name(back.current), "1.0.0");
    EXPECT_FALSE(back.previous);
    EXPECT_EQ(sample().installed_as("9.0.0").error().code, Errc::damaged);
}

TEST(Keepsake, NeverForgetsTheHighestCounter) {
    auto const nothing = sample().installed_as(std::nullopt).value();
    EXPECT_FALSE(nothing.current || nothing.previous);
    EXPECT_EQ(nothing.highest_counter, 7u);
    Keepsake const first{{}, version(3)};
    EXPECT_EQ(first.installed_as("3.0.0").value().highest_counter, 3u);
}

class KeepsakeJournalTest : public testing::Test {
protected:
    store::Database open() {
        std::array<std::string_view, 3> const migrations{journal_schema(), sequence_schema(), seal_schema()};
        auto db = store::Database::open(scratch / "node.db", migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }
    Keepsake kept() { return Keepsake::from_bytes(files.at("demo")).value(); }
    void walk(std::uint64_t number, v1::Outcome outcome) {
        auto const current = records.installed(version(1).app).value().current;
        auto const attempt = journal.begin({version(number), current, "/srv/demo"}, Phase::fetch).value();
        EXPECT_EQ(name(kept().next), version(number).version.text()) << "before it can become current";
        v1::Report report;
        report.set_outcome(outcome);
        EXPECT_TRUE(journal.end(attempt, report));
        EXPECT_FALSE(kept().next);
    }

    support::Scratch scratch;
    Clock now = [] { return std::chrono::sys_days(std::chrono::year(2026) / 6 / 15); };
    store::Database database = open();
    SqliteJournal inner{database, now};
    Records records{database, now};
    std::map<std::string, std::string> files;
    Status disk;
    int failures = 0;
    KeepsakeJournal journal{inner, records,
                            [this](release::AppId const& app, std::string const& bytes) {
                                if (disk) files[app.text()] = bytes;
                                return disk;
                            },
                            [this](Error const&) { ++failures; }};
};

TEST_F(KeepsakeJournalTest, KeepsWhatTheDatabaseKnows) {
    walk(1, v1::OUTCOME_COMMITTED);
    walk(2, v1::OUTCOME_COMMITTED);
    EXPECT_EQ(name(kept().installed.current), "2.0.0");
    EXPECT_EQ(name(kept().installed.previous), "1.0.0");
    EXPECT_EQ(kept().installed.highest_counter, 2u);
    walk(3, v1::OUTCOME_ROLLED_BACK);
    EXPECT_EQ(name(kept().installed.current), "2.0.0");
    EXPECT_EQ(failures, 0);
}

TEST_F(KeepsakeJournalTest, AKeepsakeThatCannotBeWrittenHindersNothing) {
    walk(1, v1::OUTCOME_COMMITTED);
    disk = fail(std::make_error_code(std::errc::no_space_on_device), "full");
    auto const attempt = journal.begin({version(2), version(1), "/srv/demo"}, Phase::fetch);
    ASSERT_TRUE(attempt);
    v1::Report report;
    report.set_outcome(v1::OUTCOME_COMMITTED);
    EXPECT_TRUE(journal.end(*attempt, report));
    EXPECT_EQ(failures, 2);
    EXPECT_EQ(name(kept().installed.current), "1.0.0");
}

TEST_F(KeepsakeJournalTest, WhatWasFoundOutAnewIsWhatIsInstalled) {
    EXPECT_TRUE(records.adopt(version(1).app, {version(2), version(1), 7}));
    auto const installed = records.installed(version(1).app).value();
    EXPECT_EQ(name(installed.current), "2.0.0");
    EXPECT_EQ(name(installed.previous), "1.0.0");
    EXPECT_EQ(installed.highest_counter, 7u);
}

}  // namespace
}  // namespace lanyard::journal

#include <gtest/gtest.h>

#include <array>

#include "node/journal/sqlite_handovers.h"
#include "tests/support/scratch.h"

namespace lanyard::journal {
namespace {

class SqliteHandoversTest : public testing::Test {
protected:
    store::Database open() {
        std::array<std::string_view, 1> const migrations{handovers_schema()};
        auto db = store::Database::open(scratch / "node.db", migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }

    support::Scratch scratch;
    store::Database database = open();
    SqliteHandovers handovers{database};
    release::AppId one = release::AppId::parse("one").value();
    release::AppId two = release::AppId::parse("two").value();
};

TEST_F(SqliteHandoversTest, KeepsTheLastOneOfEachApplicationOverARestart) {
    EXPECT_FALSE(handovers.kept(one).value());
    v1::Handover handover;
    handover.set_from_version("1.0.0");
    ASSERT_TRUE(handovers.keep(one, handover));
    handover.mutable_token()->set_bytes(std::string("a\0b", 3) + std::string(64 * 1024 - 3, 'x'));
    handover.mutable_token()->set_version(7);
    handover.add_sockets()->set_port(8080);
    ASSERT_TRUE(handovers.keep(one, handover));
    auto again = open();
    SqliteHandovers after(again);
    auto const kept = after.kept(one).value();
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->SerializeAsString(), handover.SerializeAsString());
    EXPECT_FALSE(after.kept(two).value());
}

TEST_F(SqliteHandoversTest, DropsThatOfOneApplicationOnly) {
    ASSERT_TRUE(handovers.keep(one, v1::Handover()));
    ASSERT_TRUE(handovers.keep(two, v1::Handover()));
    ASSERT_TRUE(handovers.drop(one));
    ASSERT_TRUE(handovers.drop(one)) << "what is not there is dropped already";
    EXPECT_FALSE(handovers.kept(one).value());
    EXPECT_TRUE(handovers.kept(two).value());
}

TEST_F(SqliteHandoversTest, TakesADamagedRowForNone) {
    auto const damaged = database.write([&](store::Connection& db) -> Status {
        auto put = db.prepare("INSERT INTO journal_handovers (app, handover) VALUES ('one', ?)");
        put.bind_blob(std::string("\xff\xff\xff")).run();
        return {};
    });
    ASSERT_TRUE(damaged);
    EXPECT_FALSE(handovers.kept(one).value());
    ASSERT_TRUE(handovers.keep(one, v1::Handover()));
    EXPECT_TRUE(handovers.kept(one).value());
}

}  // namespace
}  // namespace lanyard::journal

#include "manifests/store/metadata_store.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/support/scratch.h"

namespace lanyard::store {
namespace {

using trust::RoleName;

class MetadataStoreTest : public testing::Test {
protected:
    Database open() {
        std::array const migrations{MetadataStore::schema(), MetadataStore::delegations_schema()};
        auto db = Database::open(scratch / "node.db", migrations);
        if (!db) throw std::runtime_error(db.error().detail);
        return std::move(*db);
    }

    support::Scratch scratch;
    Database database = open();
    MetadataStore store{database};
};

TEST_F(MetadataStoreTest, HasNothingAtFirst) {
    EXPECT_EQ(store.newest_root().value(), std::nullopt);
    EXPECT_EQ(store.get(RoleName::timestamp).value(), std::nullopt);
}

TEST_F(MetadataStoreTest, GivesTheRootOfTheHighestVersionWhateverTheOrder) {
    ASSERT_TRUE(store.put_root(10, "ten"));
    ASSERT_TRUE(store.put_root(9, "nine"));
    EXPECT_EQ(store.newest_root().value(), "ten");
    EXPECT_EQ(store.get(RoleName::root).value(), "ten");
}

TEST_F(MetadataStoreTest, KeepsExactlyTheReceivedBytes) {
    std::string const bytes("\0\x01 \xff", 4);
    ASSERT_TRUE(store.put(RoleName::targets, bytes));
    EXPECT_EQ(store.get(RoleName::targets).value(), bytes);
}

TEST_F(MetadataStoreTest, ReplacesARoleAndLeavesTheOthersAlone) {
    ASSERT_TRUE(store.put(RoleName::timestamp, "t1"));
    ASSERT_TRUE(store.put(RoleName::snapshot, "s1"));
    ASSERT_TRUE(store.put(RoleName::timestamp, "t2"));
    EXPECT_EQ(store.get(RoleName::timestamp).value(), "t2");
    EXPECT_EQ(store.get(RoleName::snapshot).value(), "s1");
    ASSERT_TRUE(store.drop(RoleName::timestamp));
    EXPECT_EQ(store.get(RoleName::timestamp).value(), std::nullopt);
    EXPECT_EQ(store.get(RoleName::snapshot).value(), "s1");
}

TEST_F(MetadataStoreTest, IsReadByAnotherConnectionAtOnce) {
    ASSERT_TRUE(store.put(RoleName::snapshot, "s1"));
    auto other = open();
    EXPECT_EQ(MetadataStore(other).get(RoleName::snapshot).value(), "s1");
}

TEST_F(MetadataStoreTest, NeverDropsARoot) {
    ASSERT_TRUE(store.put_root(1, "one"));
    EXPECT_FALSE(store.drop(RoleName::root));
    EXPECT_FALSE(store.put(RoleName::root, "two"));
    EXPECT_EQ(store.newest_root().value(), "one");
}

TEST_F(MetadataStoreTest, RefusesAVersionThatSqliteCannotOrder) {
    EXPECT_FALSE(store.put_root(std::numeric_limits<std::uint64_t>::max(), "huge"));
    EXPECT_EQ(store.newest_root().value(), std::nullopt);
}

TEST_F(MetadataStoreTest, KeepsDelegatedRolesByTheirNamesWhateverTheseAre) {
    std::string const odd("../\0\xff'; --", 10);
    ASSERT_TRUE(store.put_delegated(odd, "d1"));
    ASSERT_TRUE(store.put_delegated("targets", "d2"));
    ASSERT_TRUE(store.put(RoleName::targets, "t"));
    ASSERT_TRUE(store.put_delegated(odd, "d3"));
    EXPECT_EQ(store.get_delegated(odd).value(), "d3");
    EXPECT_EQ(store.get_delegated("targets").value(), "d2");
    EXPECT_EQ(store.get(RoleName::targets).value(), "t");
    EXPECT_EQ(store.get_delegated("other").value(), std::nullopt);
    ASSERT_TRUE(store.keep_delegated({"targets", "never stored"}));
    EXPECT_EQ(store.get_delegated(odd).value(), std::nullopt);
    EXPECT_EQ(store.get_delegated("targets").value(), "d2");
}

TEST_F(MetadataStoreTest, OnlyEverRaisesTheFloorOfTheClock) {
    using Time = std::chrono::sys_seconds;
    EXPECT_EQ(store.clock_floor().value(), std::nullopt);
    Time const noon{std::chrono::seconds(1'800'000'000)};
    ASSERT_TRUE(store.raise_clock_floor(noon));
    ASSERT_TRUE(store.raise_clock_floor(noon - std::chrono::hours(1)));
    EXPECT_EQ(store.clock_floor().value(), noon);
    ASSERT_TRUE(store.raise_clock_floor(noon + std::chrono::hours(1)));
    EXPECT_EQ(store.clock_floor().value(), noon + std::chrono::hours(1));
}

// What a node has that was last started before there were delegations.
TEST(MetadataStoreMigration, KeepsWhatAnOlderNodeTrusted) {
    support::Scratch scratch;
    {
        std::array const before{MetadataStore::schema(), std::string_view("CREATE TABLE journal(x) ")};
        auto old = Database::open(scratch / "node.db", before).value();
        ASSERT_TRUE(MetadataStore(old).put_root(3, "root three"));
        ASSERT_TRUE(MetadataStore(old).put(RoleName::snapshot, "s"));
    }
    std::array const now{MetadataStore::schema(), std::string_view("CREATE TABLE journal(x) "),
                         MetadataStore::delegations_schema()};
    auto database = Database::open(scratch / "node.db", now).value();
    MetadataStore store(database);
    EXPECT_EQ(store.newest_root().value(), "root three");
    EXPECT_EQ(store.get(RoleName::snapshot).value(), "s");
    ASSERT_TRUE(store.put_delegated("team", "d"));
    EXPECT_EQ(store.get_delegated("team").value(), "d");
    EXPECT_EQ(store.clock_floor().value(), std::nullopt);
}

}  // namespace
}  // namespace lanyard::store

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
        std::array<std::string_view, 1> const migrations{MetadataStore::schema()};
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

}  // namespace
}  // namespace lanyard::store

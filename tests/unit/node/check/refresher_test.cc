#include "node/check/refresher.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "manifests/trust/errc.h"
#include "node/check/errc.h"
#include "proto/http/errc.h"
#include "tests/support/simulated_node.h"

namespace lanyard::check::refresher_test {
namespace {

using support::RepositorySimulator;
using trust::RoleName;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'700'000'000)};

class RefresherTest : public testing::Test {
protected:
    RefresherTest() {
        repository.targets.mutable_targets()->Add(support::make_target({}));
        repository.publish();
        node.anchor(repository.newest(RoleName::root));
    }

    Result<trust::TrustedSet> refresh(trust::TimePoint now = kNow) { return node.refresh(now); }
    std::string stored(RoleName role) { return node.stored(role); }

    RepositorySimulator repository{kNow};
    support::SimulatedNode node{repository};
    support::SimulatedSource& source = node.source;
    store::MetadataStore& store = node.store;
};

using Names = std::vector<std::string>;

TEST_F(RefresherTest, AsksForEachRoleOnceAndStoresWhatWasServed) {
    auto const trusted = refresh();
    ASSERT_TRUE(trusted) << trusted.error().detail;
    EXPECT_EQ(source.asked, (Names{"2.root.pb", "timestamp.pb", "2.snapshot.pb", "2.targets.pb"}));
    EXPECT_TRUE(trusted->find(repository.targets.targets(0).path()));
    EXPECT_EQ(stored(RoleName::timestamp), repository.newest(RoleName::timestamp));
    EXPECT_EQ(stored(RoleName::snapshot), repository.newest(RoleName::snapshot));
    EXPECT_EQ(stored(RoleName::targets), repository.newest(RoleName::targets));
}

TEST_F(RefresherTest, AsksForRootAndTimestampOnlyWhenNothingIsNew) {
    ASSERT_TRUE(refresh());
    ASSERT_TRUE(refresh());
    EXPECT_EQ(source.asked, (Names{"2.root.pb", "timestamp.pb"}));
}

TEST_F(RefresherTest, FollowsAndStoresEachRoot) {
    repository.publish_root();
    repository.publish_root();
    ASSERT_TRUE(refresh());
    EXPECT_EQ(source.asked.front(), "2.root.pb");
    EXPECT_EQ(*store.newest_root().value(), repository.newest(RoleName::root));
    ASSERT_TRUE(refresh());
    EXPECT_EQ(source.asked.front(), "4.root.pb");
}

TEST_F(RefresherTest, KeepsWhatWasAcceptedWhenTheLinkBreaks) {
    source.away = "2.targets.pb";
    auto const trusted = refresh();
    ASSERT_FALSE(trusted);
    EXPECT_EQ(trusted.error().code, http::Errc::unreachable);
    EXPECT_EQ(stored(RoleName::snapshot), repository.newest(RoleName::snapshot));
    source.away.clear();
    ASSERT_TRUE(refresh());
    EXPECT_EQ(source.asked, (Names{"2.root.pb", "timestamp.pb", "2.targets.pb"}));
}

TEST_F(RefresherTest, RefusesAnOlderTimestampAfterARestart) {
    auto const old = repository.newest(RoleName::timestamp);
    repository.publish();
    ASSERT_TRUE(refresh());
    repository.put_file("timestamp.pb", old);
    auto const trusted = refresh();
    ASSERT_FALSE(trusted);
    EXPECT_EQ(kind_of(trusted.error().code), Kind::trust);
    EXPECT_NE(trusted.error().detail.find("timestamp"), std::string::npos) << trusted.error().detail;
}

TEST_F(RefresherTest, RefusesAFrozenRepository) {
    ASSERT_TRUE(refresh());
    auto const trusted = refresh(kNow + std::chrono::days(2));
    ASSERT_FALSE(trusted);
    EXPECT_EQ(kind_of(trusted.error().code), Kind::trust);
}

TEST_F(RefresherTest, RefusesMoreThanTheCapOfATimestamp) {
    repository.put_file("timestamp.pb", std::string(trust::kMaxTimestampBytes + 1, 'x'));
    auto const trusted = refresh();
    ASSERT_FALSE(trusted);
    EXPECT_EQ(trusted.error().code, trust::Errc::endless_data);
}

TEST_F(RefresherTest, RecoversFromAFastForwardWhenKeysWereRotated) {
    ASSERT_TRUE(refresh());
    repository.timestamp.set_version(1'000'000);
    repository.publish_timestamp();
    ASSERT_TRUE(refresh());
    repository.timestamp.set_version(0);
    repository.rotate_keys(RoleName::timestamp);
    repository.publish_root();
    repository.publish_timestamp();
    auto const trusted = refresh();
    ASSERT_TRUE(trusted) << trusted.error().detail;
    EXPECT_EQ(trusted->timestamp()->version(), 1u);
}

TEST_F(RefresherTest, RemembersARotationAlthoughTheNewRootHasExpired) {
    ASSERT_TRUE(refresh());
    repository.rotate_keys(RoleName::timestamp);
    repository.root.set_expires(kNow.time_since_epoch().count() - 1);
    repository.publish_root();
    EXPECT_FALSE(refresh());
    EXPECT_EQ(stored(RoleName::timestamp), "nothing");
}

TEST_F(RefresherTest, FetchesAgainWhatIsDamagedOnDisk) {
    ASSERT_TRUE(refresh());
    ASSERT_TRUE(store.put(RoleName::targets, "damaged"));
    ASSERT_TRUE(refresh());
    EXPECT_EQ(source.asked.back(), "2.targets.pb");
    EXPECT_EQ(stored(RoleName::targets), repository.newest(RoleName::targets));
}

TEST_F(RefresherTest, SaysThatANodeWithoutARootHasNotJoined) {
    store::Database empty = *store::Database::open(node.scratch / "empty.db", node.migrations);
    store::MetadataStore nothing(empty);
    Refresher refresher(source, nothing);
    asio::io_context io;
    bool refused = false;
    auto ask = [](Refresher& r, bool& out) -> asio::awaitable<void> {
        auto const trusted = co_await r.refresh(kNow);
        out = !trusted && trusted.error().code == Errc::not_joined;
    };
    auto asking = ask(refresher, refused);
    asio::co_spawn(io, std::move(asking), asio::detached);
    io.run();
    EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace lanyard::check::refresher_test

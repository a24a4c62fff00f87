#include "seeder/catalogue/catalogue.h"

#include <gtest/gtest.h>

#include <array>

#include "seeder/catalogue/errc.h"
#include "tests/support/sample_release.h"
#include "tests/support/scratch.h"

namespace lanyard::catalogue {
namespace {

using support::sample_release;

class CatalogueTest : public testing::Test {
protected:
    CatalogueTest() {
        auto const founded = change([](Catalogue& catalogue) -> Status {
            catalogue.found(std::string(16, 'r'));
            return {};
        });
        EXPECT_TRUE(founded);
    }

    // One transaction.
    template <class Body>
    auto change(Body body) -> std::invoke_result_t<Body, Catalogue&> {
        return database_.write([&](store::Connection& connection) {
            Catalogue catalogue(connection);
            return body(catalogue);
        });
    }

    Result<Entry> add(v1::Target const& target) {
        return change([&](Catalogue& catalogue) { return catalogue.add(target, 1'700'000'000); });
    }

    std::vector<std::string> live_paths() {
        std::vector<std::string> paths;
        auto const targets = change([](Catalogue& catalogue) { return catalogue.live_targets(); });
        for (auto const& target : targets.value()) paths.push_back(target.path());
        return paths;
    }

    static Filter filter(std::string const& app, std::string const& version) {
        Filter named;
        named.app = release::AppId::parse(app).value();
        named.version = release::Version::parse(version).value();
        return named;
    }

    std::array<std::string_view, 2> const migrations_ = {catalogue_schema(), delegated_catalogue_schema()};
    support::Scratch scratch_;
    store::Database database_ = store::Database::open(scratch_.root() / "seeder.db", migrations_).value();
};

TEST_F(CatalogueTest, GivesBackTheTargetItWasGiven) {
    auto const entry = add(sample_release("prometheus", "2.53.0"));
    ASSERT_TRUE(entry) << entry.error().detail;
    EXPECT_EQ(entry->state, State::live);
    EXPECT_EQ(entry->published_at, 1'700'000'000);
    auto const listed = change([](Catalogue& catalogue) { return catalogue.list({}); }).value();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].target.SerializeAsString(), entry->target.SerializeAsString());
    EXPECT_TRUE(release::Target::from_proto(listed[0].target));
}

TEST_F(CatalogueTest, CountersGrowAndAreNeverGivenTwice) {
    EXPECT_EQ(add(sample_release("prometheus", "2.0.0"))->target.release_counter(), 1U);
    EXPECT_EQ(add(sample_release("grafana", "11.0.0"))->target.release_counter(), 2U);
    ASSERT_TRUE(change([](Catalogue& catalogue) { return catalogue.withdraw(filter("grafana", "11.0.0")); }));
    EXPECT_EQ(add(sample_release("grafana", "11.1.0"))->target.release_counter(), 3U);
}

TEST_F(CatalogueTest, RefusesAVersionThatIsThere) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    auto const again = add(sample_release("prometheus", "2.53.0"));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::published_already);
    EXPECT_EQ(again.error().detail,
              "prometheus 2.53.0 on stable for linux/amd64 is published already; a published version never changes: "
              "choose a higher one");
}

TEST_F(CatalogueTest, RefusesAVersionThatDiffersInBuildMetadataOnly) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0+a")));
    EXPECT_EQ(add(sample_release("prometheus", "2.53.0+b")).error().code, Errc::published_already);
}

TEST_F(CatalogueTest, RefusesAVersionThatWasWithdrawn) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    ASSERT_TRUE(change([](Catalogue& catalogue) { return catalogue.withdraw(filter("prometheus", "2.53.0")); }));
    EXPECT_EQ(add(sample_release("prometheus", "2.53.0")).error().code, Errc::published_already);
}

TEST_F(CatalogueTest, TheSameVersionMayStandOnOtherChannelsAndPlatforms) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    EXPECT_TRUE(add(sample_release("prometheus", "2.53.0", "beta")));
    EXPECT_TRUE(add(sample_release("prometheus", "2.53.0", "stable", "linux/arm64")));
}

TEST_F(CatalogueTest, ARefusedReleaseLeavesTheCounterAsItWas) {
    ASSERT_TRUE(add(sample_release("prometheus", "1.0.0")));
    auto const undone = change([](Catalogue& catalogue) -> Status {
        if (auto const added = catalogue.add(sample_release("prometheus", "1.1.0"), 0); !added) return pass_on(added);
        return fail(Errc::damaged_row, "a later step failed");
    });
    ASSERT_FALSE(undone);
    EXPECT_EQ(add(sample_release("prometheus", "1.2.0"))->target.release_counter(), 2U);
    EXPECT_EQ(live_paths().size(), 2U);
}

TEST_F(CatalogueTest, WithdrawnTargetsAreNoLongerLive) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0", "stable", "linux/arm64")));
    ASSERT_TRUE(add(sample_release("prometheus", "2.54.0")));
    auto const gone = change([](Catalogue& catalogue) { return catalogue.withdraw(filter("prometheus", "2.53.0")); });
    ASSERT_TRUE(gone);
    EXPECT_EQ(gone->size(), 2U);
    EXPECT_EQ(live_paths(), std::vector{sample_release("prometheus", "2.54.0").path()});
    auto const app = release::AppId::parse("prometheus").value();
    auto const channel = release::Channel::parse("stable").value();
    auto const candidates = change([&](Catalogue& catalogue) { return catalogue.candidates(app, channel); }).value();
    ASSERT_EQ(candidates.size(), 1U);
    EXPECT_EQ(candidates[0].version.text(), "2.54.0");
    EXPECT_EQ(candidates[0].target_path, sample_release("prometheus", "2.54.0").path());
}

TEST_F(CatalogueTest, WithdrawsOnlyThePlatformThatWasNamed) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0", "stable", "linux/arm64")));
    auto arm = filter("prometheus", "2.53.0");
    arm.platform = release::Platform::parse("linux/arm64").value();
    ASSERT_TRUE(change([&](Catalogue& catalogue) { return catalogue.withdraw(arm); }));
    EXPECT_EQ(live_paths(), std::vector{sample_release("prometheus", "2.53.0").path()});
}

TEST_F(CatalogueTest, CannotWithdrawWhatIsNotThereOrIsGone) {
    auto const withdraw = [this] {
        return change([](Catalogue& catalogue) { return catalogue.withdraw(filter("prometheus", "2.53.0")); });
    };
    EXPECT_EQ(withdraw().error().code, Errc::no_such_release);
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    ASSERT_TRUE(withdraw());
    EXPECT_EQ(withdraw().error().code, Errc::withdrawn_already);
}

TEST_F(CatalogueTest, ListsVersionsInTheirOwnOrder) {
    for (auto const* version : {"1.10.0", "1.9.0", "1.10.0-rc.1"}) {
        ASSERT_TRUE(add(sample_release("prometheus", version)));
    }
    ASSERT_TRUE(add(sample_release("grafana", "11.0.0")));
    std::vector<std::string> listed;
    auto const entries = change([](Catalogue& catalogue) { return catalogue.list({}); });
    for (auto const& entry : entries.value()) listed.push_back(entry.target.app() + " " + entry.target.version());
    EXPECT_EQ(listed, (std::vector<std::string>{"grafana 11.0.0", "prometheus 1.9.0", "prometheus 1.10.0-rc.1",
                                                "prometheus 1.10.0"}));
}

TEST_F(CatalogueTest, TheRevisionRisesByOne) {
    EXPECT_EQ(change([](Catalogue& catalogue) { return catalogue.revision(); }).value(), 1U);
    EXPECT_EQ(change([](Catalogue& catalogue) { return catalogue.raise_revision(); }).value(), 2U);
    EXPECT_EQ(change([](Catalogue& catalogue) { return catalogue.revision(); }).value(), 2U);
}

TEST_F(CatalogueTest, ADamagedRowIsReportedAndNotServed) {
    ASSERT_TRUE(add(sample_release("prometheus", "2.53.0")));
    ASSERT_TRUE(database_.write([](store::Connection& connection) -> Status {
        connection.prepare("UPDATE releases SET target = x'ff'").run();
        return {};
    }));
    EXPECT_EQ(change([](Catalogue& catalogue) { return catalogue.live_targets(); }).error().code, Errc::damaged_row);
    EXPECT_EQ(change([](Catalogue& catalogue) { return catalogue.list({}); }).error().code, Errc::damaged_row);
}

TEST(CatalogueWithoutRepository, SaysHowToMakeOne) {
    support::Scratch const scratch;
    std::array<std::string_view, 2> const migrations = {catalogue_schema(), delegated_catalogue_schema()};
    auto database = store::Database::open(scratch.root() / "seeder.db", migrations).value();
    auto const id = database.read([](store::Connection& connection) { return Catalogue(connection).repo_id(); });
    ASSERT_FALSE(id);
    EXPECT_EQ(id.error().code, Errc::not_initialised);
}

}  // namespace
}  // namespace lanyard::catalogue

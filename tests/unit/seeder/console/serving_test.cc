#include "seeder/console/serving.h"

#include <gtest/gtest.h>

#include "seeder/console/offered_releases.h"
#include "seeder/console/render.h"
#include "tests/support/fake_time.h"
#include "tests/support/recorded_events.h"
#include "tests/support/repository.h"

namespace lanyard::console::serving_test {
namespace {

using std::chrono::days;
using support::kRepositoryNow;
using support::MortalDisk;

// Remembers what it was told, a word each.
class RecordingAudience final : public Audience {
public:
    std::vector<std::string> heard;
    int refusals = 0;  // so many packages cannot be seeded

    Status seed(std::string const& torrent, std::filesystem::path const&) override {
        if (refusals-- > 0) return fail(std::make_error_code(std::errc::io_error), "the disk sleeps");
        heard.push_back("seed " + torrent);
        return {};
    }
    void stop_seeding(std::string const& info_hash) override { heard.push_back("stop " + info_hash.substr(0, 9)); }
    void offer(std::shared_ptr<LiveReleases const> live) override {
        heard.push_back("offer " + std::to_string(live->revision()));
    }
};

using Heard = std::vector<std::string>;

class ServingTest : public testing::Test {
protected:
    ServingTest() {
        std::filesystem::create_directories(packages_);
        publish("1.0.0");
    }

    void publish(std::string const& version) {
        auto const change = repository_.publish(version);
        ASSERT_TRUE(change) << change.error().detail;
        auto const name = to_hex(change->entries.front().target.sha256());
        std::ofstream(packages_ / (name + ".torrent")) << "torrent of " << version;
    }

    // Begins, then runs; `steps[n]` happens while the loop sleeps for the nth time. Two more looks follow the last.
    void serve(std::vector<std::function<void()>> steps) {
        std::size_t sleeps = 0;
        time_.on_sleep = [&] {
            if (sleeps < steps.size()) steps[sleeps]();
            if (++sleeps > steps.size() + 2) serving_.stop();
        };
        ASSERT_TRUE(serving_.begin());
        asio::co_spawn(io_, serving_.run(), [](std::exception_ptr thrown) { EXPECT_FALSE(thrown); });
        io_.run();
    }

    support::Repository repository_;
    std::filesystem::path packages_ = repository_.root() / "public" / "packages";
    store::Database database_ = repository_.open_again();
    MortalDisk disk_;
    publish::Projection projection_{disk_, repository_.folder(), repository_.lock()};
    publish::Publisher publisher_{database_, projection_, repository_.keys().online()};
    asio::io_context io_;
    async::DiskPool pool_{1};
    support::FakeTime time_;
    support::RecordedEvents events_;
    RecordingAudience audience_;
    trust::TimePoint now_ = kRepositoryNow;
    Serving serving_{database_, publisher_, packages_, pool_, time_, events_, audience_, [this] { return now_; }};
};

TEST_F(ServingTest, OffersWhatIsLiveWhenItBegins) {
    serve({});
    EXPECT_EQ(audience_.heard, (Heard{"seed torrent of 1.0.0", "offer 2"}));
    EXPECT_EQ(events_.names(), std::vector<std::string>{});
}

TEST_F(ServingTest, NoticesAtTheNextLookWhatAnotherProcessPublishes) {
    serve({[this] { publish("1.1.0"); },
           [this] {
               EXPECT_EQ(audience_.heard.back(), "offer 3");
               EXPECT_EQ(time_.slept.back(), std::chrono::milliseconds(200));
           }});
    EXPECT_EQ(audience_.heard, (Heard{"seed torrent of 1.0.0", "offer 2", "seed torrent of 1.1.0", "offer 3"}));
    EXPECT_EQ(events_.text("publish.noticed"), "revision 3, 2 live releases");
}

TEST_F(ServingTest, AWithdrawnPackageLeavesTheSwarm) {
    serve({[this] { ASSERT_TRUE(repository_.withdraw("1.0.0")); }});
    EXPECT_EQ(audience_.heard, (Heard{"seed torrent of 1.0.0", "offer 2", "stop shop1.0.0", "offer 3"}));
}

TEST_F(ServingTest, WhatNodesTellIsNoNews) {
    serve({[this] {
        ASSERT_TRUE(repository_.database().write([](store::Connection& connection) -> Status {
            connection.prepare("UPDATE releases SET published_at = published_at + 1").run();
            return {};
        }));
    }});
    EXPECT_EQ(audience_.heard, (Heard{"seed torrent of 1.0.0", "offer 2"}));
}

TEST_F(ServingTest, CompletesWhatAPublisherThatDiedHasBegun) {
    serve({[this] {
        MortalDisk dies_at_once(0);
        ASSERT_NE(repository_.publish("1.1.0", dies_at_once, repository_.keys().all())->not_drawn, "");
        EXPECT_EQ(repository_.seen_by_a_node().value(), std::vector<std::string>{"1.0.0"});
    }});
    EXPECT_EQ(repository_.seen_by_a_node().value(), (std::vector<std::string>{"1.0.0", "1.1.0"}));
}

TEST_F(ServingTest, SignsTheTimestampAnewBeforeItExpires) {
    serve({[this] { now_ += days(4); }});
    EXPECT_EQ(events_.names(), std::vector<std::string>{"metadata.resigned"});
    EXPECT_EQ(events_.text("metadata.resigned"), "the timestamp has been signed anew");
    EXPECT_TRUE(repository_.seen_by_a_node(kRepositoryNow + days(10)));
    EXPECT_EQ(audience_.heard.back(), "offer 2");
}

TEST_F(ServingTest, BeginsWithFreshSignaturesAfterALongAbsence) {
    now_ += days(100);
    serve({});
    EXPECT_EQ(events_.text("metadata.resigned"), "snapshot and timestamp have been signed anew");
    EXPECT_TRUE(repository_.seen_by_a_node(now_));
}

TEST_F(ServingTest, WarnsOnceADayOfWhatOnlyPeopleCanSign) {
    auto const half_a_day_later = [this] { now_ += std::chrono::hours(12); };
    now_ += days(350);
    serve({half_a_day_later, half_a_day_later, half_a_day_later});
    EXPECT_EQ(events_.count("metadata.expiring"), 2);
}

TEST_F(ServingTest, WarnsAlsoAfterTheClockHasBeenSetBack) {
    now_ += days(355);
    serve({[this] { now_ -= days(5); }});
    EXPECT_EQ(events_.count("metadata.expiring"), 2);
}

TEST_F(ServingTest, TellsOfTroubleOnceAndGoesOnWhenItIsOver) {
    auto const away = repository_.root() / "away";
    auto const nothing = [] {};
    serve({[&] {
               publish("1.1.0");
               std::filesystem::rename(repository_.folder(), away);
           },
           nothing, nothing, [&] { std::filesystem::rename(away, repository_.folder()); }});
    EXPECT_EQ(events_.count("serve.trouble"), 1);
    EXPECT_EQ(audience_.heard.back(), "offer 3");
}

TEST_F(ServingTest, ASignatureThatCouldNotBeDrawnIsDrawnAMinuteLater) {
    auto const away = repository_.root() / "away";
    auto const next_minute = [this] { now_ += std::chrono::minutes(1); };
    serve({[&] {
               now_ += days(4);
               std::filesystem::rename(repository_.folder(), away);
           },
           [&] {
               std::filesystem::rename(away, repository_.folder());
               EXPECT_FALSE(repository_.seen_by_a_node(kRepositoryNow + days(10)));
               next_minute();
           }});
    EXPECT_TRUE(repository_.seen_by_a_node(kRepositoryNow + days(10)));
    EXPECT_EQ(events_.count("serve.trouble"), 1);
}

TEST_F(ServingTest, GoesOnWithAnExpiredRoot) {
    now_ += days(1200);
    serve({[this] { ASSERT_TRUE(repository_.withdraw("1.0.0")); }});
    EXPECT_EQ(audience_.heard.back(), "offer 3");
    EXPECT_NE(events_.text("metadata.expiring").find("expired"), std::string::npos);
}

TEST_F(ServingTest, TellsOnceOfAClockThatCannotBeRight) {
    now_ = trust::TimePoint();
    auto const next_minute = [this] { now_ += std::chrono::minutes(1); };
    serve({next_minute, next_minute});
    EXPECT_EQ(events_.count("serve.trouble"), 1);
    EXPECT_EQ(audience_.heard, (Heard{"seed torrent of 1.0.0", "offer 2"}));
}

TEST_F(ServingTest, APackageThatCouldNotBeSeededIsTriedAgainEveryMinute) {
    audience_.refusals = 2;
    auto const next_minute = [this] { now_ += std::chrono::minutes(1); };
    serve({next_minute, next_minute, next_minute});
    EXPECT_EQ(audience_.heard, (Heard{"offer 2", "seed torrent of 1.0.0"}));
    EXPECT_EQ(events_.count("seed.failed"), 1);
}

TEST_F(ServingTest, AnswersChecksFromWhatIsLive) {
    publish("1.1.0");
    OfferedReleases offered;
    v1::RunningApp running;
    running.set_app("shop");
    running.set_channel("stable");
    running.set_version("1.0.0");
    v1::Platform machine;
    machine.set_os("linux");
    machine.set_arch("amd64");
    EXPECT_FALSE(offered.find_higher(running, machine).value());
    offered.offer(std::make_shared<LiveReleases const>(LiveReleases::read(database_).value()));
    EXPECT_EQ(offered.revision(), 3U);
    auto const found = offered.find_higher(running, machine).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->version(), "1.1.0");
    EXPECT_EQ(found->target_path(), "shop/stable/1.1.0/linux-amd64/shop-1.1.0.tar.zst");
    machine.set_arch("vax");
    EXPECT_FALSE(offered.find_higher(running, machine).value());
    machine.set_arch("amd64");
    running.set_app("../../etc");
    EXPECT_FALSE(offered.find_higher(running, machine).value());
}

}  // namespace
}  // namespace lanyard::console::serving_test

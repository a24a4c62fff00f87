#include <algorithm>
#include <deque>
#include <map>
#include <mutex>

#include "manifests/package/sha256.h"
#include "node/fetch/errc.h"
#include "node/fetch/swarm_fetcher.h"
#include "proto/async/steady_alarm.h"
#include "proto/http/errc.h"
#include "tests/integration/swarm_fixture.h"
#include "tests/support/loop.h"
#include "tests/support/sample_target.h"

namespace lanyard::fetch {
namespace {

constexpr std::size_t kMiB = 1024 * 1024;

release::Digest sha256_of(std::string const& bytes) {
    package::Sha256 hash;
    hash.add(std::span<char const>(bytes.data(), bytes.size()));
    return hash.finish();
}

// The seeder, as far as a node asks it.
class FakeSource final : public PackageSource {
public:
    std::map<std::string, std::string> files;
    std::vector<SwarmPeer> peers;
    std::vector<Announcement> announced;
    bool away = false;
    int asked_while_away = 0;

    asio::awaitable<Result<AnnounceAnswer>> announce(Announcement announcement) override {
        if (away) co_return is_away<AnnounceAnswer>();
        announced.push_back(announcement);
        AnnounceAnswer answer;
        answer.peers = peers;
        answer.interval = std::chrono::seconds(5);
        co_return answer;
    }

    asio::awaitable<Result<std::string>> package_file(std::string name, std::size_t max_bytes) override {
        if (away) co_return is_away<std::string>();
        auto const place = files.find(name);
        if (place == files.end()) co_return fail(http::Errc::not_found, "no such file");
        if (place->second.size() > max_bytes) co_return fail(http::Errc::too_large, "too large");
        co_return place->second;
    }

private:
    template <class T>
    Result<T> is_away() {
        ++asked_while_away;
        return fail(http::Errc::unreachable, "the seeder is away");
    }
};

asio::awaitable<bool> keep_true(asio::awaitable<void> task) {
    co_await std::move(task);
    co_return true;
}

class FetchTest : public swarm::SwarmTest {
protected:
    struct Node {
        async::SteadyAlarm alarm;
        async::DiskPool disk;
        swarm::Session session;
        SwarmFetcher fetcher;
        std::optional<Result<FetchedPackage>> ending;

        Node(asio::io_context& io, events::Events& events, swarm::Settings const& settings, PackageSource& source,
             std::filesystem::path const& directory, std::uint64_t const& allocated, std::chrono::seconds const& later,
             PackageFiles::Sync sync)
            : alarm(io),
              session(io, events, settings),
              fetcher({io, session, source, alarm, disk, events, [&allocated](auto const&) { return allocated; },
                       [&later] { return std::chrono::steady_clock::now() + later; }, std::move(sync)},
                      directory) {}
    };

    ~FetchTest() override {
        // What is still suspended refers to the nodes.
        for (auto& [number, node] : nodes_) node->fetcher.stop();
        io_.restart();
        io_.run_for(std::chrono::milliseconds(200));
    }

    void offer(std::size_t size) {
        publish(size);
        auto const built = swarm::build_torrent(scratch_ / "package", "package", kPiece, "http://127.0.0.1:1/announce");
        ASSERT_TRUE(built);
        auto target = support::sample_target("app", "1.0.0", 1);
        target.length = bytes_.size();
        target.sha256 = sha256_of(bytes_);
        target.info_hash = std::string(info_.info_hash.bytes());
        target.torrent_sha256 = sha256_of(torrent_);
        target.piece_list_sha256 = sha256_of(built->piece_list);
        target.piece_length = kPiece;
        offer_.emplace(check::Offer{target, std::nullopt, scratch_ / "app"});
        source_.files[target.sha256.to_hex() + ".torrent"] = torrent_;
        source_.files[target.sha256.to_hex() + ".pieces"] = built->piece_list;
    }

    void seed() {
        seeder_ = seeder(settings(2, swarm::Part::seeder));
        source_.peers = {{seeder_->endpoint(), true}};
    }

    std::filesystem::path directory(int number) const { return scratch_ / ("node" + std::to_string(number)); }
    std::filesystem::path package(int number) const { return directory(number) / offer_->target.sha256.to_hex(); }

    Node& node(int number) {
        auto& made = nodes_[number];
        if (!made) {
            made = std::make_unique<Node>(io_, events_, settings(number), source_, directory(number), allocated_,
                                          later_, [this](std::filesystem::path const& path) { return on_sync_(path); });
        }
        return *made;
    }

    void begin(Node& node) {
        node.ending.reset();
        auto const end = [&node](std::exception_ptr thrown) {
            if (thrown) std::rethrow_exception(thrown);
        };
        asio::co_spawn(io_, fetch_into(node, *offer_, node.ending), end);
    }

    // Another application of that node wants the same package.
    check::Offer const& begin_other(Node& node) {
        auto& other = others_.emplace_back(*offer_);
        other.target.app = support::sample_target("other", "1.0.0", 1).app;
        asio::co_spawn(io_, fetch_into(node, other, other_ending_), asio::detached);
        return other;
    }

    using Ending = std::optional<Result<FetchedPackage>>;

    static asio::awaitable<void> fetch_into(Node& node, check::Offer const& offer, Ending& ending) {
        auto fetched = co_await node.fetcher.fetch(offer);
        ending.emplace(std::move(fetched));
    }

    bool ended(Node& node) {
        return run_until([&] { return node.ending.has_value(); });
    }

    FakeSource source_;
    std::uint64_t allocated_ = 0;    // of what every node has of its package
    std::chrono::seconds later_{0};  // than it is
    std::unique_ptr<Peer> seeder_;
    std::optional<check::Offer> offer_;
    std::deque<check::Offer> others_;
    Ending other_ending_;
    PackageFiles::Sync on_sync_ = [](auto const&) { return Status(); };  // on the disk pool
    std::map<int, std::unique_ptr<Node>> nodes_;
};

TEST_F(FetchTest, APackageComesFromTheSwarmVerifiedAndIsSharedOn) {
    offer(2 * kMiB);
    seed();
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    ASSERT_TRUE(*node(3).ending) << node(3).ending->error().detail;
    auto const& fetched = **node(3).ending;
    EXPECT_EQ(fetched.file, package(3));
    EXPECT_EQ(support::read_file(fetched.file), bytes_);
    ASSERT_EQ(fetched.sources.size(), 1U);
    EXPECT_EQ(fetched.sources[0].address(), "127.0.0.2");
    EXPECT_TRUE(fetched.sources[0].seeder());
    EXPECT_GE(fetched.sources[0].bytes(), bytes_.size());
    ASSERT_TRUE(run_until([&] { return source_.announced.back().bytes_left == 0; }));
    EXPECT_EQ(source_.announced.front().bytes_left, bytes_.size());
    EXPECT_EQ(source_.announced.front().port, *node(3).session.listen_port());

    seeder_.reset();
    source_.peers = {{{"127.0.0.3", source_.announced.front().port}, false}};
    begin(node(4));
    ASSERT_TRUE(ended(node(4)));
    ASSERT_TRUE(*node(4).ending) << node(4).ending->error().detail;
    EXPECT_EQ(support::read_file(package(4)), bytes_);
    EXPECT_FALSE((**node(4).ending).sources[0].seeder());
}

TEST_F(FetchTest, ACompletePackageIsVerifiedAndReturnedAtOnce) {
    offer(kMiB);
    support::write_file(package(3), bytes_);
    source_.away = true;
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_TRUE(*node(3).ending);
    EXPECT_EQ(source_.asked_while_away, 0);
}

TEST_F(FetchTest, ADamagedCompletePackageIsMendedByItsWrongPiecesOnly) {
    offer(2 * kMiB);
    seed();
    auto damaged = bytes_;
    damaged[kMiB] = static_cast<char>(damaged[kMiB] ^ 1);
    support::write_file(package(3), damaged);
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    ASSERT_TRUE(*node(3).ending) << node(3).ending->error().detail;
    EXPECT_EQ(support::read_file(package(3)), bytes_);
    EXPECT_EQ((**node(3).ending).sources.at(0).bytes(), kPiece);
}

TEST_F(FetchTest, WaitsForASeederThatIsAwayAndGoesOnWhenItIsBack) {
    offer(kMiB);
    seed();
    source_.away = true;
    begin(node(3));
    ASSERT_TRUE(run_until([&] { return source_.asked_while_away == 2; }));
    EXPECT_FALSE(node(3).ending);
    source_.away = false;
    ASSERT_TRUE(ended(node(3)));
    EXPECT_TRUE(*node(3).ending);
}

TEST_F(FetchTest, GoesOnAfterARestartWhileTheSeederIsAway) {
    offer(2 * kMiB);
    auto const half = bytes_.size() / 2;
    support::write_file(directory(3) / (offer_->target.sha256.to_hex() + ".torrent"), torrent_);
    support::write_file(package(3).string() + ".part", bytes_.substr(0, half) + std::string(half, '\0'));
    source_.away = true;
    begin(node(3));
    ASSERT_TRUE(run_until([&] {
        auto const progress = node(3).fetcher.progress(offer_->target.sha256);
        return progress && progress->bytes_done == half;
    }));
    // A peer that knows us comes by itself.
    auto other = peer(settings(5));
    support::write_file(other->file, bytes_);
    download(*other, {{"127.0.0.3", *node(3).session.listen_port()}});
    ASSERT_TRUE(ended(node(3)));
    ASSERT_TRUE(*node(3).ending) << node(3).ending->error().detail;
    EXPECT_EQ(support::read_file(package(3)), bytes_);
}

TEST_F(FetchTest, ATorrentThatIsNotTheSignedOneIsRefused) {
    offer(kMiB);
    source_.files[offer_->target.sha256.to_hex() + ".torrent"] = torrent_ + " ";
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::torrent_refused);
    EXPECT_FALSE(std::filesystem::exists(package(3).string() + ".torrent"));
}

TEST_F(FetchTest, ATorrentThatDisagreesWithTheTargetIsRefused) {
    offer(kMiB);
    offer_->target.piece_length *= 2;
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::torrent_refused);
}

TEST_F(FetchTest, APackageThatNeverHasTheSignedDigestIsGivenUpAndDeleted) {
    offer(kMiB);
    seed();
    auto raw = offer_->target.sha256.to_raw();
    raw[0] = static_cast<char>(raw[0] ^ 1);
    auto const wrong = *release::Digest::from_raw(raw);
    source_.files[wrong.to_hex() + ".torrent"] = torrent_;
    offer_->target.sha256 = wrong;
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::digest_mismatch);
    EXPECT_EQ(kind_of(node(3).ending->error().code), Kind::trust);
    EXPECT_EQ(events_.count("fetch.digest_mismatch"), 3);
    EXPECT_TRUE(std::filesystem::is_empty(directory(3)));
}

TEST_F(FetchTest, APackageThatCannotFitIsRefusedBeforeAnythingIsFetched) {
    offer(kMiB);
    offer_->target.length = std::uint64_t{1} << 60;
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::disk_full);
    EXPECT_NE(node(3).ending->error().detail.find("make room"), std::string::npos);
}

TEST_F(FetchTest, LooksForRoomAtEveryTryAndCountsWhatIsThereAlready) {
    offer(kMiB);
    support::write_file(directory(3) / (offer_->target.sha256.to_hex() + ".torrent"), torrent_);
    offer_->target.length = std::uint64_t{1} << 60;
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::disk_full);
    allocated_ = (std::uint64_t{1} << 60) - 1;
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::torrent_refused)
        << "there was room, and so its torrent was looked at";
}

TEST_F(FetchTest, ADownloadThatStallsIsBegunAnewAndSaysSo) {
    offer(2 * kMiB);
    auto const half = bytes_.size() / 2;
    support::write_file(package(3).string() + ".part", bytes_.substr(0, half) + std::string(half, '\0'));
    begin(node(3));
    auto const has_half = [&] {
        auto const progress = node(3).fetcher.progress(offer_->target.sha256);
        return progress && progress->bytes_done == half;
    };
    ASSERT_TRUE(run_until(has_half));
    later_ += std::chrono::seconds(60);
    auto const waits = node(3).fetcher.progress(offer_->target.sha256)->trouble;
    EXPECT_TRUE(waits.starts_with("nothing has come for 6")) << waits;
    EXPECT_TRUE(waits.ends_with(" s, 0 peers connected")) << waits;
    later_ += std::chrono::seconds(60);
    ASSERT_TRUE(run_until([&] { return events_.count("fetch.stalled") == 1; }));
    auto const before = source_.announced.size();
    ASSERT_TRUE(run_until(has_half)) << "what was there is kept";
    ASSERT_TRUE(run_until([&] { return source_.announced.size() > before; }));
    seed();
    ASSERT_TRUE(ended(node(3)));
    ASSERT_TRUE(*node(3).ending) << node(3).ending->error().detail;
    EXPECT_EQ(support::read_file(package(3)), bytes_);
}

TEST_F(FetchTest, StopEndsAFetchThatWaitsForPeers) {
    offer(kMiB);
    begin(node(3));
    ASSERT_TRUE(run_until([&] { return source_.announced.size() == 2; }));
    node(3).fetcher.stop();
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::stopped);
}

TEST_F(FetchTest, AnAbandonedFetchKeepsWhatIsOnDiskAndCanBeTakenUpAgain) {
    offer(kMiB);
    begin(node(3));
    ASSERT_TRUE(run_until([&] { return source_.announced.size() == 2; }));
    node(3).fetcher.abandon(offer_->target);
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::stopped);
    EXPECT_TRUE(std::filesystem::exists(package(3).string() + ".torrent"));
    seed();
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_TRUE(*node(3).ending);
}

TEST_F(FetchTest, ASweepDeletesWhatNobodyWantsAndSaysGoodbyeForIt) {
    offer(kMiB);
    seed();
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    auto const other = directory(3) / std::string(64, 'a');
    for (auto const* kind : {".part", ".torrent", ".torrent.new"}) support::write_file(other.string() + kind, "old");
    support::write_file(directory(3) / std::string(64, 'b'), "older");
    support::write_file(directory(3) / "README", "not ours");
    auto const sweep = [&](SwarmFetcher::Wanted wanted) {
        support::run_until(io_, keep_true(node(3).fetcher.sweep(std::move(wanted))));
        return std::distance(std::filesystem::directory_iterator(directory(3)), {});
    };
    EXPECT_EQ(sweep([] { return fail(Errc::stopped, "the journal cannot be read"); }), 7);
    EXPECT_EQ(sweep([&] { return std::set<release::Digest>{offer_->target.sha256}; }), 3);
    EXPECT_TRUE(std::filesystem::exists(package(3)));
    EXPECT_TRUE(node(3).session.progress(info_.info_hash));
    EXPECT_EQ(sweep([] { return std::set<release::Digest>(); }), 1);
    EXPECT_FALSE(node(3).session.progress(info_.info_hash));
    ASSERT_TRUE(run_until([&] { return source_.announced.back().stopped; }));
}

TEST_F(FetchTest, APackageThatSeveralApplicationsWantIsFetchedOnce) {
    offer(2 * kMiB);
    seed();
    begin(node(3));
    begin_other(node(3));
    ASSERT_TRUE(ended(node(3)));
    ASSERT_TRUE(run_until([&] { return other_ending_.has_value(); }));
    ASSERT_TRUE(*node(3).ending) << node(3).ending->error().detail;
    ASSERT_TRUE(*other_ending_) << other_ending_->error().detail;
    EXPECT_EQ((**other_ending_).file, package(3));
    EXPECT_TRUE((**other_ending_).sources.empty());
    EXPECT_EQ(events_.count("fetch.digest_mismatch"), 0);
    EXPECT_EQ(node(3).session.progress(info_.info_hash)->state, swarm::Progress::State::complete);
}

TEST_F(FetchTest, APackageThatOneApplicationNoLongerWantsStillComesForAnother) {
    offer(kMiB);
    begin(node(3));
    begin_other(node(3));
    ASSERT_TRUE(run_until([&] { return source_.announced.size() == 2; }));
    node(3).fetcher.abandon(offer_->target);
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().code, Errc::stopped);
    EXPECT_FALSE(other_ending_);
    seed();
    ASSERT_TRUE(run_until([&] { return other_ending_.has_value(); }));
    EXPECT_TRUE(*other_ending_);
    EXPECT_EQ(support::read_file(package(3)), bytes_);
}

TEST_F(FetchTest, AnApplicationThatWaitsForAnothersFetchCanLeave) {
    offer(kMiB);
    begin(node(3));
    auto const& other = begin_other(node(3));
    ASSERT_TRUE(run_until([&] { return source_.announced.size() == 2; }));
    node(3).fetcher.abandon(other.target);
    ASSERT_TRUE(run_until([&] { return other_ending_.has_value(); }));
    EXPECT_EQ(other_ending_->error().code, Errc::stopped);
    seed();
    ASSERT_TRUE(ended(node(3)));
    EXPECT_TRUE(*node(3).ending);
}

TEST_F(FetchTest, AFileHasItsNameOnceItsBytesAreOnTheDiskAndIsBelievedOnceItsNameIs) {
    std::mutex guard;
    std::vector<std::string> synced;
    offer(kMiB);
    seed();
    auto const name = offer_->target.sha256.to_hex();
    on_sync_ = [&](std::filesystem::path const& path) -> Status {
        std::lock_guard const lock(guard);
        auto line = path.filename().string().substr(0, 12);
        if (path.filename().string().starts_with(name)) line = path.filename().string().substr(name.size());
        if (std::filesystem::exists(package(3).string() + ".torrent")) line += " torrent";
        if (std::filesystem::exists(package(3))) line += " package";
        synced.push_back(line);
        return {};
    };
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    ASSERT_TRUE(*node(3).ending);
    EXPECT_EQ(synced,
              (std::vector<std::string>{".torrent.new", "node3 torrent", ".part torrent", "node3 torrent package"}));
}

TEST_F(FetchTest, APackageThatTheDiskDoesNotTakeGetsNoName) {
    offer(kMiB);
    seed();
    on_sync_ = [](std::filesystem::path const& path) -> Status {
        if (path.extension() != ".part") return {};
        return fail(std::make_error_code(std::errc::io_error), "the disk is broken");
    };
    begin(node(3));
    ASSERT_TRUE(ended(node(3)));
    EXPECT_EQ(node(3).ending->error().detail, "the disk is broken");
    EXPECT_FALSE(std::filesystem::exists(package(3)));
    EXPECT_FALSE(node(3).session.progress(info_.info_hash));
}

TEST_F(FetchTest, ASweepLeavesWhatIsBeingFetched) {
    offer(kMiB);
    begin(node(3));
    ASSERT_TRUE(run_until([&] { return source_.announced.size() == 2; }));
    support::run_until(io_, keep_true(node(3).fetcher.sweep([] { return std::set<release::Digest>(); })));
    seed();
    ASSERT_TRUE(ended(node(3)));
    EXPECT_TRUE(*node(3).ending);
}

TEST_F(FetchTest, APackageThatIsFoundDamagedSaysGoodbyeAndIsAnnouncedNoMore) {
    offer(kMiB);
    auto damaged = bytes_;
    damaged[0] = static_cast<char>(damaged[0] ^ 1);
    support::write_file(package(3), damaged);
    support::write_file(directory(3) / (offer_->target.sha256.to_hex() + ".torrent"), torrent_);
    asio::co_spawn(io_, node(3).fetcher.seed_kept({offer_->target}), asio::detached);
    ASSERT_TRUE(run_until([&] { return !source_.announced.empty(); }));
    auto const port = source_.announced.front().port;
    source_.peers = {{{"127.0.0.3", port}, false}};
    begin(node(4));
    ASSERT_TRUE(run_until([&] { return events_.count("swarm.failed") == 1; }));
    auto const said_goodbye = [&](auto const& one) { return one.port == port && one.stopped; };
    ASSERT_TRUE(run_until([&] { return std::ranges::any_of(source_.announced, said_goodbye); }));
    auto const before = source_.announced.size();
    ASSERT_TRUE(run_until([&] { return source_.announced.size() >= before + 2; }));
    for (auto i = before; i < source_.announced.size(); ++i) EXPECT_NE(source_.announced[i].port, port);
}

TEST_F(FetchTest, KeptPackagesAreSharedAgainAtStart) {
    offer(kMiB);
    support::write_file(package(3), bytes_);
    support::write_file(directory(3) / (offer_->target.sha256.to_hex() + ".torrent"), torrent_);
    asio::co_spawn(io_, node(3).fetcher.seed_kept({offer_->target}), asio::detached);
    ASSERT_TRUE(run_until([&] { return !source_.announced.empty(); }));
    EXPECT_EQ(source_.announced.front().bytes_left, 0U);
    source_.peers = {{{"127.0.0.3", source_.announced.front().port}, false}};
    begin(node(4));
    ASSERT_TRUE(ended(node(4)));
    EXPECT_EQ(support::read_file(package(4)), bytes_);
}

}  // namespace
}  // namespace lanyard::fetch

#include <sys/resource.h>
#include <csignal>

#include "proto/swarm/errc.h"
#include "tests/integration/swarm_fixture.h"

namespace lanyard::swarm {
namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

TEST_F(SwarmTest, ThreeNodesGetEveryByteAndFeedEachOther) {
    publish(8 * kMiB);
    auto with = settings(2, Part::seeder);
    with.upload_limit = 4 * kMiB;
    auto const source = seeder(with);
    std::vector<std::unique_ptr<Peer>> nodes;
    std::vector<Endpoint> swarm = {source->endpoint()};
    for (int number = 3; number <= 5; ++number) {
        nodes.push_back(peer(settings(number)));
        download(*nodes.back(), swarm);
        swarm.push_back(nodes.back()->endpoint());
    }
    ASSERT_TRUE(run_until([&] { return nodes[0]->ending && nodes[1]->ending && nodes[2]->ending; }));
    std::uint64_t from_nodes = 0;
    for (auto const& node : nodes) {
        EXPECT_TRUE(*node->ending) << node->ending->error().detail;
        EXPECT_EQ(support::read_file(node->file), bytes_);
        EXPECT_EQ(node->last.state, Progress::State::complete);
        EXPECT_EQ(node->last.bytes_done, bytes_.size());
        from_nodes += node->received(info_.info_hash) - node->received_from("127.0.0.2", info_.info_hash);
    }
    EXPECT_GT(from_nodes, bytes_.size() / 2);
    EXPECT_LT(source->session->progress(info_.info_hash)->sent, 3 * bytes_.size());
}

TEST_F(SwarmTest, ADownloadTakenUpAgainFetchesOnlyWhatIsMissing) {
    publish(8 * kMiB);
    auto with = settings(2, Part::seeder);
    with.upload_limit = 4 * kMiB;
    auto const source = seeder(with);
    auto first = peer(settings(3));
    download(*first, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return first->last.bytes_done >= bytes_.size() / 2; }));
    auto const kept = first->last.bytes_done;
    first->session.reset();
    ASSERT_TRUE(run_until([&] { return first->ending.has_value(); }));
    EXPECT_EQ(first->ending->error().code, Errc::removed);

    auto again = peer(settings(3));
    download(*again, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return again->ending.has_value(); }));
    EXPECT_EQ(support::read_file(again->file), bytes_);
    EXPECT_LE(again->received(info_.info_hash), bytes_.size() - kept + again->last.wasted);
}

TEST_F(SwarmTest, RecheckFindsAFlippedByteAndFetchesThatPieceOnly) {
    publish(2 * kMiB);
    auto const source = seeder(settings(2, Part::seeder));
    auto node = peer(settings(3));
    download(*node, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    auto damaged = bytes_;
    damaged[kMiB] = static_cast<char>(damaged[kMiB] ^ 1);
    support::write_file(node->file, damaged);

    auto const before = node->received(info_.info_hash);
    ASSERT_TRUE(node->session->recheck(info_.info_hash));
    await_end(*node);
    node->session->connect(info_.info_hash, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    EXPECT_TRUE(*node->ending);
    EXPECT_EQ(support::read_file(node->file), bytes_);
    EXPECT_EQ(node->received(info_.info_hash) - before, kPiece + node->last.wasted);
}

TEST_F(SwarmTest, APeerThatServesWrongBytesCannotCompleteADownload) {
    publish(2 * kMiB);
    auto wrong = bytes_;
    for (std::size_t at = 0; at < wrong.size(); at += kPiece) wrong[at] = static_cast<char>(wrong[at] ^ 1);
    // Complete and checked, then changed under its feet: it verifies nothing any more.
    auto poisoner = peer(settings(4));
    support::write_file(poisoner->file, bytes_);
    download(*poisoner, {});
    ASSERT_TRUE(run_until([&] { return poisoner->ending.has_value(); }));
    support::write_file(poisoner->file, wrong);

    auto node = peer(settings(3));
    download(*node, {poisoner->endpoint()});
    ASSERT_TRUE(run_until([&] { return events_.count("swarm.piece_failed") > 0; }));
    EXPECT_FALSE(node->ending);
    auto const source = seeder(settings(2, Part::seeder));
    node->session->connect(info_.info_hash, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    EXPECT_TRUE(*node->ending);
    EXPECT_EQ(support::read_file(node->file), bytes_);
    EXPECT_GT(node->last.wasted, 0U);
}

TEST_F(SwarmTest, ASeederThatWasAwayForLongIsTriedAgainWhenItIsBack) {
    publish(2 * kMiB);
    auto with = settings(2, Part::seeder);
    auto source = seeder(with);
    auto const endpoint = source->endpoint();
    with.listen_port = endpoint.port;
    source.reset();
    auto node = peer(settings(3));
    ASSERT_TRUE(node->session->download(torrent_, node->file));
    int told = 0;  // every half a second
    auto const name_again = [&](Progress const&) {
        if (++told % 3 == 0) node->session->connect(info_.info_hash, {endpoint});
    };
    auto const end = [&](std::exception_ptr, Status status) { node->ending = std::move(status); };
    asio::co_spawn(io_, node->session->finished(info_.info_hash, name_again), end);
    // Time for more attempts than libtorrent allows a peer that nobody names again: the fourth would be after 15 s.
    ASSERT_TRUE(run_until([&] { return told >= 36; }));
    source = seeder(with);
    ASSERT_EQ(source->endpoint(), endpoint);
    auto const back = told;
    ASSERT_TRUE(run_until([&] { return node->ending || told > back + 60; }));
    ASSERT_TRUE(node->ending);
    EXPECT_TRUE(*node->ending);
    EXPECT_EQ(support::read_file(node->file), bytes_);
}

TEST_F(SwarmTest, TwoNodesWithComplementaryHalvesFinishWithoutASeeder) {
    publish(4 * kMiB);
    auto const half = bytes_.size() / 2;
    auto first = peer(settings(3));
    auto second = peer(settings(4));
    support::write_file(first->file, bytes_.substr(0, half) + std::string(half, '\0'));
    support::write_file(second->file, std::string(half, '\0') + bytes_.substr(half));
    download(*first, {});
    download(*second, {first->endpoint()});
    ASSERT_TRUE(run_until([&] { return first->ending && second->ending; }));
    EXPECT_EQ(support::read_file(first->file), bytes_);
    EXPECT_EQ(support::read_file(second->file), bytes_);
    EXPECT_EQ(first->received(info_.info_hash), half);
    EXPECT_EQ(second->received(info_.info_hash), half);
}

TEST_F(SwarmTest, AFullDiskEndsTheDownloadWithItsReasonAndItCanBeTakenUpAgain) {
    publish(4 * kMiB);
    auto const source = seeder(settings(2, Part::seeder));
    // As when the disk is full: writes beyond the limit fail with "file too large".
    ASSERT_NE(std::signal(SIGXFSZ, SIG_IGN), SIG_ERR);
    rlimit whole{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &whole), 0);
    rlimit const small{kMiB, whole.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    auto node = peer(settings(3));
    download(*node, {source->endpoint()});
    auto const ended = run_until([&] { return node->ending.has_value(); });
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &whole), 0);
    ASSERT_TRUE(ended);
    ASSERT_FALSE(*node->ending);
    EXPECT_EQ(node->ending->error().code, Errc::disk_full);
    EXPECT_EQ(node->session->progress(info_.info_hash)->state, Progress::State::failed);
    EXPECT_FALSE(node->session->progress(info_.info_hash)->failure.empty());

    download(*node, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    EXPECT_TRUE(*node->ending) << node->ending->error().detail;
    EXPECT_EQ(support::read_file(node->file), bytes_);
}

TEST_F(SwarmTest, APeerOutsideTheNetworksIsRefusedInBothDirections) {
    publish(kMiB);
    auto with = settings(2, Part::seeder);
    with.networks = {"127.0.0.3"};
    auto const source = seeder(with);
    auto stranger = peer(settings(4));
    download(*stranger, {source->endpoint()});
    auto narrow = settings(5);
    narrow.networks = {"127.0.0.3"};
    auto shy = peer(narrow);
    download(*shy, {source->endpoint(), stranger->endpoint()});
    auto friendly = peer(settings(3));
    download(*friendly, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return friendly->ending.has_value(); }));
    EXPECT_EQ(support::read_file(friendly->file), bytes_);
    EXPECT_FALSE(stranger->ending);
    EXPECT_EQ(stranger->received(info_.info_hash), 0U);
    EXPECT_FALSE(shy->ending);
    EXPECT_EQ(shy->received(info_.info_hash), 0U);
    EXPECT_EQ(source->session->progress(info_.info_hash)->peers.size(), 1U);
}

TEST_F(SwarmTest, ASeederWhoseFileIsDamagedStopsSharingIt) {
    publish(kMiB);
    auto source = peer(settings(2, Part::seeder));
    auto damaged = bytes_;
    damaged[100] = static_cast<char>(damaged[100] ^ 1);
    support::write_file(source->file, damaged);
    ASSERT_TRUE(source->session->seed(torrent_, source->file));
    auto node = peer(settings(3));
    download(*node, {source->endpoint()});
    ASSERT_TRUE(
        run_until([&] { return source->session->progress(info_.info_hash)->state == Progress::State::failed; }));
    EXPECT_FALSE(node->ending);
    EXPECT_EQ(support::read_file(source->file), damaged);
    EXPECT_EQ(events_.count("swarm.failed"), 1);
}

TEST_F(SwarmTest, AFileIsRenamedWhileItIsShared) {
    publish(2 * kMiB);
    auto const source = seeder(settings(2, Part::seeder));
    auto node = peer(settings(3));
    download(*node, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    std::optional<Status> renamed;
    auto const note = [&](std::exception_ptr, Status status) { renamed = std::move(status); };
    asio::co_spawn(io_, node->session->rename(info_.info_hash, scratch_ / "renamed"), note);
    ASSERT_TRUE(run_until([&] { return renamed.has_value(); }));
    ASSERT_TRUE(*renamed) << renamed->error().detail;
    EXPECT_FALSE(std::filesystem::exists(node->file));
    EXPECT_EQ(support::read_file(scratch_ / "renamed"), bytes_);

    auto other = peer(settings(4));
    download(*other, {node->endpoint()});
    ASSERT_TRUE(run_until([&] { return other->ending.has_value(); }));
    EXPECT_EQ(support::read_file(other->file), bytes_);
}

TEST_F(SwarmTest, WhatWasExchangedStaysKnownWhenItsTorrentIsRemoved) {
    publish(2 * kMiB);
    auto const source = seeder(settings(2, Part::seeder));
    auto node = peer(settings(3));
    EXPECT_EQ(node->session->exchanged(), 0u);
    download(*node, {source->endpoint()});
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    EXPECT_GE(node->session->exchanged(), bytes_.size());
    ASSERT_TRUE(run_until([&] { return source->session->exchanged() >= bytes_.size(); }));
    auto const before = node->session->exchanged();
    node->session->remove(info_.info_hash);
    EXPECT_GE(node->session->exchanged(), before);
}

TEST_F(SwarmTest, RemovingATorrentEndsTheWaitAndKeepsTheFile) {
    publish(kMiB);
    auto node = peer(settings(3));
    download(*node, {});
    ASSERT_TRUE(run_until([&] { return node->last.bytes_total > 0; }));
    node->session->remove(info_.info_hash);
    ASSERT_TRUE(run_until([&] { return node->ending.has_value(); }));
    EXPECT_EQ(node->ending->error().code, Errc::removed);
    EXPECT_FALSE(node->session->progress(info_.info_hash));
    auto const source = seeder(settings(2, Part::seeder));
    source->session->remove(info_.info_hash);
    EXPECT_TRUE(std::filesystem::exists(source->file));
}

TEST_F(SwarmTest, ANodeListensOnlyWhileItHasSomethingToShare) {
    publish(kMiB);
    auto node = peer(settings(3));
    EXPECT_EQ(node->session->listen_port().error().code, Errc::listen_failed);
    ASSERT_TRUE(node->session->seed(torrent_, scratch_ / "package"));
    EXPECT_TRUE(node->session->listen_port());
    node->session->remove(info_.info_hash);
    EXPECT_FALSE(node->session->listen_port());
}

TEST_F(SwarmTest, ASeederOnATakenPortSaysSoAndANodeTakesAnother) {
    publish(kMiB);
    auto const source = seeder(settings(2, Part::seeder));
    auto with = settings(2, Part::seeder);
    with.listen_port = *source->session->listen_port();
    Session const second(io_, events_, with);
    EXPECT_EQ(second.listen_port().error().code, Errc::listen_failed);
    with.part = Part::node;
    Session node(io_, events_, with);
    ASSERT_TRUE(node.seed(torrent_, scratch_ / "package"));
    ASSERT_TRUE(node.listen_port());
    EXPECT_NE(*node.listen_port(), with.listen_port);
    EXPECT_EQ(events_.count("swarm.port_taken"), 1);
}

TEST_F(SwarmTest, AFileOfTheWrongLengthIsNotShared) {
    publish(kMiB);
    auto node = peer(settings(3));
    support::write_file(node->file, "short");
    EXPECT_EQ(node->session->seed(torrent_, node->file).error().code, Errc::unreadable_file);
    EXPECT_EQ(node->session->seed(torrent_, scratch_ / "none").error().code, Errc::unreadable_file);
    EXPECT_EQ(node->session->seed("x", node->file).error().code, Errc::malformed_torrent);
}

TEST(SwarmSettings, NetworksAndAddressesMustBeSuch) {
    Settings good;
    good.networks = {"10.0.0.0/8", "192.168.1.7", "fd00::/8", "0.0.0.0/0", "::/0"};
    EXPECT_TRUE(check_settings(good));
    for (std::string const network :
         {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10/8", "lan", "10.0.0.0/8x", "::/129"}) {
        Settings bad;
        bad.networks = {network};
        EXPECT_FALSE(check_settings(bad)) << network;
    }
    Settings nowhere;
    nowhere.listen_address = "somewhere";
    EXPECT_FALSE(check_settings(nowhere));
}

}  // namespace
}  // namespace lanyard::swarm

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "proto/swarm/metainfo.h"
#include "proto/swarm/session.h"
#include "tests/support/recorded_events.h"
#include "tests/support/scratch.h"

namespace lanyard::swarm {

inline std::string random_bytes(std::size_t size, std::uint32_t seed = 1) {
    std::mt19937 generator(seed);
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(generator());
    return bytes;
}

// Real sessions on loopback addresses of their own: 127.0.0.<number>.
class SwarmTest : public ::testing::Test {
protected:
    static constexpr std::uint32_t kPiece = 64 * 1024;

    struct Peer {
        std::string address;
        std::unique_ptr<Session> session;
        std::filesystem::path file;
        std::optional<Status> ending;  // of finished()
        Progress last;                 // as last told by finished()

        std::uint64_t received_from(std::string const& other, InfoHash const& info_hash) const {
            std::uint64_t sum = 0;
            auto const progress = session->progress(info_hash);
            if (!progress) return 0;
            for (auto const& source : progress->peers) {
                if (source.peer.address == other) sum += source.received;
            }
            return sum;
        }
        std::uint64_t received(InfoHash const& info_hash) const {
            std::uint64_t sum = 0;
            auto const progress = session->progress(info_hash);
            if (!progress) return 0;
            for (auto const& source : progress->peers) sum += source.received;
            return sum;
        }
        Endpoint endpoint() const { return {address, *session->listen_port()}; }
    };

    // Makes the package and its torrent.
    void publish(std::size_t size) {
        bytes_ = random_bytes(size);
        support::write_file(scratch_ / "package", bytes_);
        auto built = build_torrent(scratch_ / "package", "package", kPiece, "http://127.0.0.1:1/announce");
        ASSERT_TRUE(built) << built.error().detail;
        torrent_ = std::move(built->torrent);
        info_ = std::move(built->info);
    }

    Settings settings(int number, Part part = Part::node) const {
        Settings result;
        result.part = part;
        result.listen_address = "127.0.0." + std::to_string(number);
        result.networks = {"127.0.0.0/8"};
        return result;
    }

    std::unique_ptr<Peer> peer(Settings const& with) {
        auto made = std::make_unique<Peer>();
        made->address = with.listen_address;
        made->file = scratch_ / (with.listen_address + ".part");
        made->session = std::make_unique<Session>(io_, events_, with);
        return made;
    }

    // A peer that offers the package.
    std::unique_ptr<Peer> seeder(Settings const& with) {
        auto made = peer(with);
        made->file = scratch_ / "package";
        auto const seeding = made->session->seed(torrent_, made->file);
        EXPECT_TRUE(seeding) << seeding.error().detail;
        return made;
    }

    void download(Peer& peer, std::vector<Endpoint> const& from) {
        auto const begun = peer.session->download(torrent_, peer.file);
        ASSERT_TRUE(begun) << begun.error().detail;
        peer.session->connect(info_.info_hash, from);
        await_end(peer);
    }

    void await_end(Peer& peer) {
        peer.ending.reset();
        auto const note = [&peer](Progress const& progress) { peer.last = progress; };
        auto const end = [&peer](std::exception_ptr thrown, Status status) {
            if (thrown) std::rethrow_exception(thrown);
            peer.ending = std::move(status);
        };
        asio::co_spawn(io_, peer.session->finished(info_.info_hash, note), end);
    }

    // Runs until `done`. The limit only ends what would hang.
    [[nodiscard]] bool run_until(std::function<bool()> const& done) {
        auto const limit = std::chrono::steady_clock::now() + std::chrono::minutes(2);
        while (!done()) {
            if (std::chrono::steady_clock::now() > limit) return false;
            io_.restart();
            io_.run_one_for(std::chrono::milliseconds(100));
        }
        return true;
    }

    support::Scratch scratch_;
    support::RecordedEvents events_;
    asio::io_context io_;
    std::string bytes_;
    std::string torrent_;
    Metainfo info_;
};

}  // namespace lanyard::swarm

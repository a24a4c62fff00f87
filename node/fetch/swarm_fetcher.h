#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/fetch/announcer.h"
#include "node/fetch/fetcher.h"
#include "node/fetch/package_files.h"
#include "node/fetch/package_source.h"
#include "node/fetch/stall_watch.h"
#include "proto/async/alarm.h"
#include "proto/async/bell.h"
#include "proto/async/disk_pool.h"
#include "proto/events/events.h"
#include "proto/swarm/session.h"

namespace lanyard::fetch {

// Fetches packages from the swarm into one directory, and goes on sharing them from there. Several applications may
// want the same package: it is fetched once, and the others wait for it. Lives on one io_context thread; what it is
// given must outlive the coroutines that it has begun, which end soon after stop().
class SwarmFetcher final : public Fetcher {
public:
    struct Tools {
        asio::io_context& io;
        swarm::Session& session;
        PackageSource& source;
        async::Alarm& alarm;
        async::DiskPool& disk;
        events::Events& events;
        // What a file takes of its disk: a sparse one less than its length.
        std::function<std::uint64_t(std::filesystem::path const&)> allocated = [](auto const&) { return 0; };
        std::function<StallWatch::Time()> now = std::chrono::steady_clock::now;
        // A file, or the names in a directory, survive a power cut once this succeeds. Blocking.
        std::function<Status(std::filesystem::path const&)> sync = [](auto const&) { return Status(); };
    };

    // `directory` is made when it is first needed.
    SwarmFetcher(Tools const& tools, std::filesystem::path directory);

    asio::awaitable<Result<FetchedPackage>> fetch(check::Offer const& offer) override;
    std::optional<FetchProgress> progress(release::Digest const& package) const override;
    void abandon(release::Target const& target) override;

    // At start: shares again what is kept of `targets` (the installed release's and the previous one's packages).
    asio::awaitable<void> seed_kept(std::vector<release::Target> targets);

    // Deletes every package of the directory, half-fetched ones included, that is neither wanted nor being fetched at
    // that moment; sharing it ends first. Nothing is deleted when `wanted` fails.
    using Wanted = std::function<Result<std::set<release::Digest>>()>;
    asio::awaitable<void> sweep(Wanted wanted);

    // Ends every fetch (Errc::stopped) and every announcement.
    void stop();

private:
    // Payload by address, and whether that is the central seeder's.
    using Received = std::map<std::pair<std::string, bool>, std::uint64_t>;

    // One fetch under way.
    struct Fetch {
        Fetch(release::Target const& wanted, std::filesystem::path const& directory, StallWatch::Time now)
            : target(wanted), files(directory, wanted.sha256), stall(now) {}

        release::Target target;
        PackageFiles files;
        swarm::Metainfo info;
        std::string torrent;
        unsigned told_tenths = 0;  // of fetch.progress
        StallWatch stall;
        bool stalled = false;      // taken out of the session, to be begun anew
        Received received_before;  // it was begun anew
        std::string trouble;
        std::atomic<bool> ended{false};  // by stop() or abandon(); read on the disk pool, too
    };
    class Seat;
    class Hold {
    public:
        Hold(SwarmFetcher& fetcher, release::Digest const& package);
        ~Hold();
        Hold(Hold const&) = delete;
        Hold& operator=(Hold const&) = delete;

    private:
        SwarmFetcher& fetcher_;
        std::set<release::Digest>::iterator place_;
    };

    asio::awaitable<Result<FetchedPackage>> fetch_package(Fetch& fetch);
    asio::awaitable<Result<std::string>> find_torrent(Fetch& fetch);
    asio::awaitable<Result<std::string>> ask_for_torrent(Fetch& fetch);
    asio::awaitable<Status> download(Fetch& fetch);
    asio::awaitable<Status> fetch_until_right(Fetch& fetch);
    asio::awaitable<void> tell_mismatch(Fetch const& fetch);
    asio::awaitable<Status> keep(Fetch const& fetch);
    asio::awaitable<void> wait_for_turn(Fetch const& fetch);
    asio::awaitable<void> forget(release::Digest package);
    Status share(release::Target const& target, std::string const& torrent, std::filesystem::path const& file);

    bool is_under_way(release::Digest const& package) const;
    bool is_shared(release::Digest const& package) const;
    void end(Fetch& fetch);
    void tell_progress(Fetch& fetch, swarm::Progress const& progress);
    void watch(Fetch& fetch, swarm::Progress const& progress);
    void add_received(Received& sum, swarm::Progress const& progress) const;
    std::vector<v1::SourceBytes> sources(Fetch const& fetch, swarm::Progress const& progress) const;

    Tools tools_;
    std::filesystem::path directory_;
    std::shared_ptr<Announcer> announcer_;
    std::list<Fetch*> under_way_;
    std::set<release::Digest> held_;  // packages whose files somebody works on
    async::Bell let_go_;
    std::map<release::Digest, swarm::InfoHash> shared_;
    bool stopped_ = false;
};

}  // namespace lanyard::fetch

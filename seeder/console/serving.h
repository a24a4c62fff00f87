#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "manifests/store/database.h"
#include "manifests/trust/trusted_set.h"
#include "proto/async/alarm.h"
#include "proto/async/disk_pool.h"
#include "proto/events/events.h"
#include "proto/outcome/result.h"
#include "seeder/console/live_releases.h"
#include "seeder/publish/publisher.h"

namespace lanyard::console {

// Those who must hear of a change: the swarm, the tracker and the nodes that wait. On the io_context thread.
class Audience {
public:
    virtual ~Audience() = default;

    // Offers a package to the swarm; `torrent` is the content of its .torrent file.
    virtual Status seed(std::string const& torrent, std::filesystem::path const& package) = 0;
    virtual void stop_seeding(std::string const& info_hash) = 0;  // 20 raw bytes
    // From now on these releases are offered; wakes the nodes that wait for a change.
    virtual void offer(std::shared_ptr<LiveReleases const> live) = 0;
};

// What a serving seeder does besides answering: keeps its metadata signed, and notices what other processes publish in
// the same state directory.
class Serving {
public:
    using WallClock = std::function<trust::TimePoint()>;

    // How long a waiting node may have to wait for news besides the network: asking SQLite costs a few microseconds.
    static constexpr std::chrono::milliseconds kLook{200};
    static constexpr std::chrono::minutes kResign{1};

    // `publisher` signs snapshot and timestamp, and has `database` to itself while run() runs.
    Serving(store::Database& database, publish::Publisher& publisher, std::filesystem::path packages,
            async::DiskPool& pool, async::Alarm& alarm, events::Events& events, Audience& audience, WallClock clock);

    // Brings public/ up to date, signs what needs it, and offers what is live. An error is one that serving cannot
    // begin with. Blocking: before the io_context runs.
    Status begin();

    // Goes on until stop().
    asio::awaitable<void> run();
    void stop();

private:
    // What a look into the database has brought; made on the disk pool.
    struct News {
        std::shared_ptr<LiveReleases const> live;     // when the revision is another
        std::map<std::string, std::string> torrents;  // of the packages to be seeded, by info-hash
        std::optional<publish::Resigned> resigned;
        std::optional<std::string> signing;  // the once-a-minute work was done; what went wrong, or nothing
    };

    Result<News> look();
    void keep_signed(News& news, trust::TimePoint now);
    std::map<std::string, std::string> read_torrents(LiveReleases const& live, bool again) const;
    void tell_of_signing(News const& news);
    void seed(News const& news);
    void spread(News const& news);
    void warn_of_expiry();

    store::Database& database_;
    publish::Publisher& publisher_;
    std::filesystem::path packages_;
    async::DiskPool& pool_;
    async::Alarm& alarm_;
    events::Events& events_;
    Audience& audience_;
    WallClock clock_;

    std::shared_ptr<LiveReleases const> live_;
    std::optional<std::int64_t> data_version_;
    trust::TimePoint next_resign_{};
    trust::TimePoint next_warning_{};
    std::string last_trouble_;
    std::string last_signing_trouble_;
    std::map<std::string, std::string> unseeded_;  // packages that are tried again, by info-hash: why it failed
    bool stopping_ = false;
};

}  // namespace lanyard::console

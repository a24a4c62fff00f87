#include "seeder/console/serving.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "seeder/publish/manifest_rows.h"

namespace lanyard::console {
namespace {

constexpr std::chrono::days kWarnAgain{1};

std::string read_file(std::filesystem::path const& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

Serving::Serving(store::Database& database, publish::Publisher& publisher, std::filesystem::path packages,
                 async::DiskPool& pool, async::Alarm& alarm, events::Events& events, Audience& audience,
                 WallClock clock)
    : database_(database),
      publisher_(publisher),
      packages_(std::move(packages)),
      pool_(pool),
      alarm_(alarm),
      events_(events),
      audience_(audience),
      clock_(std::move(clock)) {}

Status Serving::begin() {
    if (auto const drawn = publisher_.draw(); !drawn) return drawn;
    auto const news = look();
    if (!news) return pass_on(news);
    spread(*news);
    return {};
}

asio::awaitable<void> Serving::run() {
    while (!stopping_) {
        co_await alarm_.sleep(kLook);
        if (stopping_) break;
        auto const task = [this] { return look(); };
        auto const news = co_await pool_.run(task);
        if (news) {
            last_trouble_.clear();
            spread(*news);
        } else if (news.error().detail != last_trouble_) {
            // Five times a second the same sentence would help nobody.
            last_trouble_ = news.error().detail;
            events_.error("serve.trouble", last_trouble_);
        }
    }
}

void Serving::stop() {
    stopping_ = true;
    alarm_.cancel();
}

Result<Serving::News> Serving::look() {
    News news;
    auto const now = clock_();
    // Never far in the future, should the clock have been set back.
    if (now >= next_resign_ || next_resign_ - now > kResign) {
        next_resign_ = now + kResign;
        auto const resigned = publisher_.resign(now);
        if (!resigned) return pass_on(resigned);
        if (resigned->timestamp) news.resigned = *resigned;
        warn_of_expiry();
    }
    auto const version = database_.data_version();
    if (!version) return pass_on(version);
    if (live_ && data_version_ == *version) return news;
    auto const revision =
        database_.read([](store::Connection& connection) { return catalogue::Catalogue(connection).revision(); });
    if (!revision) return pass_on(revision);
    if (live_ && live_->revision() == *revision) {
        // Somebody has committed something else: what nodes have told.
        data_version_ = *version;
        return news;
    }
    auto live = LiveReleases::read(database_);
    if (!live) return pass_on(live);
    // Whoever has published draws as well; should it have died before that, this is the moment.
    if (auto const drawn = publisher_.draw(); !drawn) return pass_on(drawn);
    news.torrents = read_torrents(*live);
    news.live = std::make_shared<LiveReleases const>(std::move(*live));
    data_version_ = *version;
    return news;
}

std::map<std::string, std::string> Serving::read_torrents(LiveReleases const& live) const {
    std::map<std::string, std::string> torrents;
    for (auto const& [info_hash, name] : live.packages()) {
        if (live_ && live_->packages().contains(info_hash)) continue;
        torrents[info_hash] = read_file(packages_ / (name + ".torrent"));
    }
    return torrents;
}

void Serving::spread(News const& news) {
    if (news.resigned) {
        events_.info("metadata.resigned", news.resigned->snapshot ? "snapshot and timestamp have been signed anew"
                                                                  : "the timestamp has been signed anew");
    }
    if (!news.live) return;
    auto const before = std::exchange(live_, news.live);
    for (auto const& [info_hash, torrent] : news.torrents) {
        auto const& name = live_->packages().at(info_hash);
        auto const seeded = audience_.seed(torrent, packages_ / name);
        if (!seeded) events_.error("seed.failed", fmt::format("package {}: {}", name, seeded.error().detail));
    }
    if (before) {
        for (auto const& [info_hash, name] : before->packages()) {
            if (!live_->packages().contains(info_hash)) audience_.stop_seeding(info_hash);
        }
        events_.info("publish.noticed",
                     fmt::format("revision {}, {} live releases", live_->revision(), live_->count()));
    }
    audience_.offer(live_);
}

void Serving::warn_of_expiry() {
    auto const now = clock_();
    if (now < next_warning_) return;
    next_warning_ = now + kWarnAgain;
    auto const manifest = database_.read(publish::read_manifest);
    if (!manifest) return;
    for (auto const& warning : publish::expiry_warnings(*manifest, now)) events_.warning("metadata.expiring", warning);
}

}  // namespace lanyard::console

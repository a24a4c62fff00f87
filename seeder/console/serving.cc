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
    bool const due = now >= next_resign_ || next_resign_ - now > kResign;
    if (due) {
        next_resign_ = now + kResign;
        keep_signed(news, now);
        if (live_) news.torrents = read_torrents(*live_, due);
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
    news.torrents = read_torrents(*live, due);
    news.live = std::make_shared<LiveReleases const>(std::move(*live));
    data_version_ = *version;
    return news;
}

// Trouble here must not keep releases from being noticed and shared.
void Serving::keep_signed(News& news, trust::TimePoint now) {
    news.signing = "";
    auto const resigned = publisher_.resign(now);
    if (!resigned) {
        news.signing = resigned.error().detail;
    } else if (resigned->timestamp) {
        news.resigned = *resigned;
    }
    // Also what an earlier minute has signed and could not write.
    if (auto const drawn = publisher_.draw(); !drawn) news.signing = drawn.error().detail;
    warn_of_expiry();
}

std::map<std::string, std::string> Serving::read_torrents(LiveReleases const& live, bool again) const {
    std::map<std::string, std::string> torrents;
    for (auto const& [info_hash, name] : live.packages()) {
        bool const known = live_ && live_->packages().contains(info_hash);
        if (known && !(again && unseeded_.contains(info_hash))) continue;
        torrents[info_hash] = read_file(packages_ / (name + ".torrent"));
    }
    return torrents;
}

void Serving::tell_of_signing(News const& news) {
    if (news.resigned && news.resigned->clock_was_ahead) {
        events_.warning("metadata.resigned",
                        "the timestamp was signed with a clock ahead of this machine's, and has been signed anew; "
                        "should this machine's clock be wrong, set it right");
    } else if (news.resigned) {
        events_.info("metadata.resigned", news.resigned->snapshot ? "snapshot and timestamp have been signed anew"
                                                                  : "the timestamp has been signed anew");
    }
    if (!news.signing || *news.signing == last_signing_trouble_) return;
    last_signing_trouble_ = *news.signing;
    if (!last_signing_trouble_.empty()) events_.error("serve.trouble", last_signing_trouble_);
}

// What fails is tried again every minute, and told once.
void Serving::seed(News const& news) {
    for (auto const& [info_hash, torrent] : news.torrents) {
        auto const& name = live_->packages().at(info_hash);
        auto const seeded = audience_.seed(torrent, packages_ / name);
        if (seeded) {
            unseeded_.erase(info_hash);
        } else if (auto& told = unseeded_[info_hash]; told != seeded.error().detail) {
            told = seeded.error().detail;
            events_.error("seed.failed", fmt::format("package {}: {}", name, told));
        }
    }
}

void Serving::spread(News const& news) {
    tell_of_signing(news);
    auto const before = news.live ? std::exchange(live_, news.live) : live_;
    seed(news);
    if (!news.live) return;
    std::erase_if(unseeded_, [this](auto const& entry) { return !live_->packages().contains(entry.first); });
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
    // As in look(): the clock may have been set back.
    if (now < next_warning_ && next_warning_ - now <= kWarnAgain) return;
    next_warning_ = now + kWarnAgain;
    auto const manifest = database_.read(publish::read_manifest);
    if (!manifest) return;
    for (auto const& warning : publish::expiry_warnings(*manifest, now)) events_.warning("metadata.expiring", warning);
}

}  // namespace lanyard::console

#include "node/fetch/announcer.h"

#include <algorithm>
#include <random>

#include "node/fetch/announce_plan.h"

namespace lanyard::fetch {
namespace {

constexpr std::size_t kMostSeeders = 100;

auto now() { return std::chrono::steady_clock::now(); }

double random_share() {
    static thread_local std::mt19937 generator{std::random_device()()};
    return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace

void Announcer::announce(swarm::InfoHash const& info_hash) {
    auto& swarm = swarms_[info_hash];
    swarm.due = now();
    swarm.leaving = false;
    run_loop();
}

void Announcer::leave(swarm::InfoHash const& info_hash) {
    auto const place = swarms_.find(info_hash);
    if (place == swarms_.end()) return;
    place->second.due = now();
    place->second.leaving = true;
    run_loop();
}

void Announcer::stop() {
    stopped_ = true;
    alarm_.wake();
}

void Announcer::run_loop() {
    if (stopped_) return;
    if (looping_) {
        alarm_.wake();
        return;
    }
    looping_ = true;
    asio::co_spawn(io_, loop(shared_from_this()), asio::detached);
}

asio::awaitable<void> Announcer::loop(std::shared_ptr<Announcer> self) {
    auto const sooner = [](auto const& a, auto const& b) { return a.second.due < b.second.due; };
    while (!self->stopped_ && !self->swarms_.empty()) {
        auto const next = std::ranges::min_element(self->swarms_, sooner);
        auto const info_hash = next->first;
        auto const wait = std::chrono::ceil<std::chrono::milliseconds>(next->second.due - now());
        if (wait.count() > 0) {
            co_await self->alarm_.sleep(wait);
        } else {
            co_await self->announce_now(info_hash);
        }
    }
    self->looping_ = false;
}

asio::awaitable<void> Announcer::announce_now(swarm::InfoHash info_hash) {
    auto& known = swarms_.at(info_hash);
    if (!can_share(info_hash)) known.leaving = true;
    auto const leaving = known.leaving;
    // In case nothing sets it: an announcement that is under way is not due.
    known.due = std::chrono::steady_clock::time_point::max();
    auto standing = standing_of(info_hash, leaving);
    auto const answer = co_await source_.announce(std::move(standing));
    if (stopped_) co_return;
    auto const place = swarms_.find(info_hash);
    if (place == swarms_.end()) co_return;
    if (leaving && place->second.leaving) {
        swarms_.erase(place);
        co_return;
    }
    take_answer(info_hash, answer);
}

bool Announcer::can_share(swarm::InfoHash const& info_hash) const {
    auto const progress = session_.progress(info_hash);
    return progress && progress->state != swarm::Progress::State::failed;
}

Announcement Announcer::standing_of(swarm::InfoHash const& info_hash, bool leaving) const {
    Announcement standing;
    standing.info_hash = info_hash;
    standing.stopped = leaving;
    if (auto const port = session_.listen_port()) standing.port = *port;
    if (auto const progress = session_.progress(info_hash)) {
        standing.bytes_left = progress->bytes_total - std::min(progress->bytes_total, progress->bytes_done);
    }
    return standing;
}

void Announcer::take_answer(swarm::InfoHash const& info_hash, Result<AnnounceAnswer> const& answer) {
    auto& swarm = swarms_.at(info_hash);
    SwarmStanding standing;
    if (auto const progress = session_.progress(info_hash)) {
        standing.complete = progress->state == swarm::Progress::State::complete;
        standing.connected_peers = progress->connected_peers;
    }
    if (answer) {
        swarm.failures = 0;
        standing.asked_interval = answer->interval;
        std::vector<swarm::Endpoint> peers;
        for (auto const& peer : answer->peers) {
            peers.push_back(peer.endpoint);
            if (peer.seeder && seeders_.size() < kMostSeeders) seeders_.insert(peer.endpoint);
        }
        session_.connect(info_hash, peers);
    } else {
        standing.failures = ++swarm.failures;
        events_.debug("fetch.announce_failed", answer.error().detail);
    }
    // announce() may have asked for another one while this one was under way.
    swarm.due = std::min(swarm.due, now() + next_announce(standing, random_share()));
}

}  // namespace lanyard::fetch

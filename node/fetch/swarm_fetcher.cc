#include "node/fetch/swarm_fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "node/fetch/announce_plan.h"
#include "node/fetch/errc.h"
#include "node/fetch/signed_torrent.h"
#include "proto/swarm/errc.h"

namespace lanyard::fetch {
namespace {

constexpr std::size_t kLargestTorrent = 4 * 1024 * 1024;
constexpr int kMostRounds = 3;
constexpr std::chrono::seconds kTurn{1};

tl::unexpected<Error> stopped() { return fail(Errc::stopped, "the fetch was stopped"); }

}  // namespace

// Makes a fetch visible to progress() and abandon() while it goes on.
class SwarmFetcher::Seat {
public:
    Seat(std::list<Fetch*>& all, Fetch& fetch) : all_(all), place_(all.insert(all.end(), &fetch)) {}
    ~Seat() { all_.erase(place_); }
    Seat(Seat const&) = delete;
    Seat& operator=(Seat const&) = delete;

private:
    std::list<Fetch*>& all_;
    std::list<Fetch*>::iterator place_;
};

// Nobody else touches the files of a package meanwhile.
SwarmFetcher::Hold::Hold(SwarmFetcher& fetcher, release::Digest const& package)
    : fetcher_(fetcher), place_(fetcher.held_.insert(package).first) {}

SwarmFetcher::Hold::~Hold() {
    fetcher_.held_.erase(place_);
    fetcher_.let_go_.ring();
}

SwarmFetcher::SwarmFetcher(Tools const& tools, std::filesystem::path directory)
    : tools_(tools),
      directory_(std::move(directory)),
      announcer_(std::make_shared<Announcer>(tools.io, tools.session, tools.source, tools.alarm, tools.events)),
      let_go_(tools.io) {
    tools_.session.when_failed([weak = std::weak_ptr(announcer_)](swarm::InfoHash const& info_hash) {
        if (auto const announcer = weak.lock()) announcer->leave(info_hash);
    });
}

asio::awaitable<Result<FetchedPackage>> SwarmFetcher::fetch(check::Offer const& offer) {
    if (stopped_) co_return stopped();
    Fetch fetch(offer.target, directory_, tools_.now());
    Seat const seat(under_way_, fetch);
    co_await wait_for_turn(fetch);
    if (fetch.ended) co_return stopped();
    Hold const hold(*this, fetch.target.sha256);
    auto fetched = co_await fetch_package(fetch);
    co_return std::move(fetched);
}

// What another application has fetched is found complete then.
asio::awaitable<void> SwarmFetcher::wait_for_turn(Fetch const& fetch) {
    while (!fetch.ended && held_.contains(fetch.target.sha256)) {
        co_await let_go_.wait(kTurn);
    }
}

asio::awaitable<Result<FetchedPackage>> SwarmFetcher::fetch_package(Fetch& fetch) {
    auto const look = [&] { return is_package(fetch.files.complete(), fetch.target, fetch.ended); };
    auto const there = co_await tools_.disk.run(look);
    if (!there) co_return pass_on(there);
    if (*there && is_shared(fetch.target.sha256)) co_return FetchedPackage{fetch.files.complete(), {}};
    if (*there) {
        auto const read = [&] { return fetch.files.read_torrent(fetch.target.torrent_sha256); };
        auto const torrent = co_await tools_.disk.run(read);
        // Without its torrent it cannot be shared, and is complete all the same.
        if (torrent) (void)share(fetch.target, *torrent, fetch.files.complete());
        co_return FetchedPackage{fetch.files.complete(), {}};
    }
    if (auto const place = shared_.find(fetch.target.sha256); place != shared_.end()) {
        tools_.session.remove(place->second);
        shared_.erase(place);
    }
    fetch.files.reopen();
    auto torrent = co_await find_torrent(fetch);
    if (!torrent) co_return pass_on(torrent);
    auto info = agreeing(fetch.target, *torrent);
    if (!info) co_return pass_on(info);
    fetch.torrent = std::move(*torrent);
    fetch.info = std::move(*info);

    auto const ended = co_await fetch_until_right(fetch);
    auto const progress = tools_.session.progress(fetch.info.info_hash);
    auto kept = ended;
    if (ended) kept = co_await keep(fetch);
    if (!kept) {
        tools_.session.remove(fetch.info.info_hash);
        announcer_->leave(fetch.info.info_hash);
        co_return pass_on(kept);
    }
    shared_.insert_or_assign(fetch.target.sha256, fetch.info.info_hash);
    announcer_->announce(fetch.info.info_hash);
    FetchedPackage package;
    package.file = fetch.files.complete();
    if (progress) package.sources = sources(fetch, *progress);
    co_return package;
}

asio::awaitable<Result<std::string>> SwarmFetcher::find_torrent(Fetch& fetch) {
    // At every try: what filled the disk the last time may still be there.
    auto const look_for_room = [&] {
        auto const length = fetch.target.length;
        return check_room(directory_, length - std::min(length, tools_.allocated(fetch.files.partial())));
    };
    auto const room = co_await tools_.disk.run(look_for_room);
    if (!room) co_return pass_on(room);
    auto const read = [&] { return fetch.files.read_torrent(fetch.target.torrent_sha256); };
    auto kept = co_await tools_.disk.run(read);
    if (kept) co_return std::move(*kept);
    auto torrent = co_await ask_for_torrent(fetch);
    if (!torrent) co_return pass_on(torrent);
    auto const keep = [&] { return fetch.files.keep_torrent(*torrent, tools_.sync); };
    auto const written = co_await tools_.disk.run(keep);
    if (!written) co_return pass_on(written);
    co_return std::move(*torrent);
}

// Asks until the seeder answers.
asio::awaitable<Result<std::string>> SwarmFetcher::ask_for_torrent(Fetch& fetch) {
    auto const name = fetch.target.sha256.to_hex() + ".torrent";
    std::mt19937 generator{std::random_device()()};
    std::uniform_real_distribution<double> share(0, 1);
    SwarmStanding standing;
    while (!fetch.ended) {
        auto answer = co_await tools_.source.package_file(name, kLargestTorrent);
        if (fetch.ended) break;
        fetch.trouble.clear();
        if (answer && sha256(*answer) == fetch.target.torrent_sha256) co_return std::move(*answer);
        if (answer) {
            co_return fail(Errc::torrent_refused,
                           fmt::format("the seeder's torrent of {} is not the one that was signed; "
                                       "it has to be published again",
                                       name_of(fetch.target)));
        }
        if (kind_of(answer.error().code) != Kind::network) co_return pass_on(answer);
        ++standing.failures;
        fetch.trouble = "the seeder does not give its torrent: " + answer.error().detail;
        auto const pause = next_announce(standing, share(generator));
        co_await tools_.alarm.sleep(pause);
    }
    co_return stopped();
}

// Begins it, or goes on with it, and begins it anew as often as it stalls.
asio::awaitable<Status> SwarmFetcher::download(Fetch& fetch) {
    Status ended;
    do {
        if (fetch.ended) co_return stopped();
        fetch.stalled = false;
        auto const begun = tools_.session.download(fetch.torrent, fetch.files.partial());
        if (!begun) co_return begun;
        announcer_->announce(fetch.info.info_hash);
        std::function<void(swarm::Progress const&)> watcher = [this, &fetch](auto const& now) { watch(fetch, now); };
        ended = co_await tools_.session.finished(fetch.info.info_hash, std::move(watcher));
    } while (fetch.stalled);
    if (fetch.ended || (!ended && ended.error().code == swarm::Errc::removed)) co_return stopped();
    if (!ended && ended.error().code == swarm::Errc::disk_full) co_return fail(Errc::disk_full, ended.error().detail);
    co_return ended;
}

asio::awaitable<Status> SwarmFetcher::fetch_until_right(Fetch& fetch) {
    for (int round = 0; round < kMostRounds; ++round) {
        auto const ended = co_await download(fetch);
        if (!ended) co_return pass_on(ended);
        auto const look = [&] { return is_package(fetch.files.partial(), fetch.target, fetch.ended); };
        auto const right = co_await tools_.disk.run(look);
        if (!right) co_return pass_on(right);
        if (*right) co_return Status();
        co_await tell_mismatch(fetch);
        if (fetch.ended) co_return stopped();
        auto const again = tools_.session.recheck(fetch.info.info_hash);
        if (!again) co_return pass_on(again);
    }
    tools_.session.remove(fetch.info.info_hash);
    auto const remove = [&] {
        fetch.files.remove_all();
        return true;
    };
    co_await tools_.disk.run(remove);
    co_return fail(Errc::digest_mismatch,
                   fmt::format("{} was fetched {} times and never had the signed digest; it has to be published again",
                               name_of(fetch.target), kMostRounds));
}

asio::awaitable<void> SwarmFetcher::tell_mismatch(Fetch const& fetch) {
    auto text = fmt::format("{} does not have the signed digest", name_of(fetch.target));
    auto const pieces = (fetch.info.length + fetch.info.piece_length - 1) / fetch.info.piece_length;
    auto name = fetch.target.sha256.to_hex() + ".pieces";
    auto const list = co_await tools_.source.package_file(std::move(name), pieces * release::Digest::kSize);
    if (list && sha256(*list) == fetch.target.piece_list_sha256) {
        auto const count = [&] {
            return count_wrong_pieces(fetch.files.partial(), fetch.info.piece_length, *list, fetch.ended);
        };
        auto const wrong = co_await tools_.disk.run(count);
        if (wrong) text += fmt::format(": {} of {} pieces are wrong", *wrong, pieces);
    }
    tools_.events.error("fetch.digest_mismatch", text + "; it is checked and fetched again");
}

// Gives the package its name, and goes on sharing it. What has its name is offered to others after a restart without
// being read again: all of it must be on the disk before.
asio::awaitable<Status> SwarmFetcher::keep(Fetch const& fetch) {
    auto const sync_bytes = [&] { return tools_.sync(fetch.files.partial()); };
    auto const synced = co_await tools_.disk.run(sync_bytes);
    if (fetch.ended) co_return stopped();
    if (!synced) co_return synced;
    auto file = fetch.files.complete();
    auto const renamed = co_await tools_.session.rename(fetch.info.info_hash, std::move(file));
    if (fetch.ended) co_return stopped();
    if (!renamed) co_return renamed;
    auto const sync_name = [&] { return tools_.sync(directory_); };
    auto const named = co_await tools_.disk.run(sync_name);
    co_return named;
}

void SwarmFetcher::end(Fetch& fetch) {
    fetch.ended = true;
    tools_.session.remove(fetch.info.info_hash);
    tools_.alarm.wake();
    let_go_.ring();
}

void SwarmFetcher::abandon(release::Target const& target) {
    for (auto* fetch : under_way_) {
        if (fetch->target.sha256 == target.sha256 && fetch->target.app == target.app) end(*fetch);
    }
}

void SwarmFetcher::stop() {
    stopped_ = true;
    announcer_->stop();
    for (auto* fetch : under_way_) end(*fetch);
}

}  // namespace lanyard::fetch

#include "seeder/announce/recorder.h"

#include "seeder/announce/errc.h"
#include "seeder/fleet/inputs.h"

namespace lanyard::announce {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTick = 1s;
constexpr std::chrono::seconds kLongestWait = 30s;
constexpr std::size_t kMostWaiting = 1000;

}  // namespace

Recorder::Recorder(asio::io_context& io, events::Events& events, async::DiskPool& pool, fleet::Fleet& fleet,
                   Clock clock)
    : events_(events), pool_(pool), fleet_(fleet), clock_(std::move(clock)), io_(io), work_(io), done_(io) {}

void Recorder::start() { asio::co_spawn(io_, run(), asio::detached); }

void Recorder::stop() {
    stopping_ = true;
    work_.ring();
}

Status Recorder::note_check(v1::CheckRequest const& request, std::string const& address) {
    return sightings_.note_check(request, address, clock_());
}

asio::awaitable<Result<fleet::Taken>> Recorder::take_report(v1::Report report, std::string address) {
    auto const checked = fleet::check_input(report);
    if (!checked) co_return pass_on(checked);
    if (stopping_ || waiting_.size() >= kMostWaiting) {
        co_return fail(Errc::overloaded, "the seeder cannot take the report now; send it again later");
    }
    auto const waiting = std::make_shared<Waiting>();
    waiting->received.report = std::move(report);
    waiting->received.address = std::move(address);
    waiting_.push_back(waiting);
    work_.ring();
    auto const until = std::chrono::steady_clock::now() + kLongestWait;
    while (!waiting->outcome && std::chrono::steady_clock::now() < until) {
        co_await done_.wait(kTick);
    }
    if (!waiting->outcome)
        co_return fail(Errc::overloaded, "the seeder's disk is too slow; send the report again later");
    co_return std::move(*waiting->outcome);
}

asio::awaitable<void> Recorder::run() {
    while (true) {
        auto waiting = std::exchange(waiting_, {});
        auto batch = take_batch(waiting);
        if (!batch->sightings.empty() || !batch->reports.empty()) {
            co_await write(std::move(batch), std::move(waiting));
            continue;
        }
        if (stopping_) co_return;
        co_await work_.wait(kTick);
    }
}

std::shared_ptr<Recorder::Batch const> Recorder::take_batch(std::vector<std::shared_ptr<Waiting>> const& waiting) {
    auto batch = std::make_shared<Batch>();
    batch->now = clock_();
    batch->sightings = stopping_ ? sightings_.take_all() : sightings_.take_due(batch->now);
    for (auto const& one : waiting) batch->reports.push_back(one->received);
    return batch;
}

asio::awaitable<void> Recorder::write(std::shared_ptr<Batch const> batch,
                                      std::vector<std::shared_ptr<Waiting>> waiting) {
    auto work = [&fleet = fleet_, batch] {
        auto noted = fleet.note(batch->sightings);
        return Written{std::move(noted), fleet.take(batch->reports, batch->now)};
    };
    auto const written = co_await pool_.run(std::move(work));
    if (written.noted) {
        for (auto const& unknown : *written.noted) sightings_.forget(unknown);
    } else {
        sightings_.forget(batch->sightings);
        events_.warning("fleet.write_failed", "what nodes run could not be noted: " + written.noted.error().detail);
    }
    if (!written.taken) {
        events_.warning("fleet.write_failed", "reports could not be stored: " + written.taken.error().detail);
    }
    for (std::size_t at = 0; at < waiting.size(); ++at) {
        if (written.taken) {
            waiting[at]->outcome = Result<fleet::Taken>(written.taken->at(at));
        } else {
            waiting[at]->outcome = Result<fleet::Taken>(pass_on(written.taken));
        }
    }
    done_.ring();
}

}  // namespace lanyard::announce

#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "node/check/offer.h"
#include "node/journal/journal.h"
#include "proto/async/bell.h"

namespace lanyard::update {

enum class Ended {
    committed,
    rolled_back,
    failed,       // the old release was never left
    interrupted,  // stop(): goes on at the next start
};

// Walks one offer at a time through the rooms; implemented by Pipeline. Each walk is journalled and reported.
class Walker {
public:
    virtual ~Walker() = default;
    virtual asio::awaitable<Ended> walk(check::Offer offer) = 0;
    virtual asio::awaitable<Ended> resume(journal::Attempt attempt) = 0;
    // From `offer.target`, which runs, back to `offer.running`, which is kept.
    virtual asio::awaitable<Ended> walk_back(check::Offer offer) = 0;
    // Before the application is stopped: ends the walk as failed, with this reason. Later: does nothing.
    virtual void abandon(std::string why) = 0;
    // While the application is disturbed for the new release: the trial ends now, with this reason, and the old release
    // comes back. True: it does, or was coming back already.
    virtual bool recall(std::string why) = 0;
    virtual void stop() = 0;
};

struct RetryTimes {
    std::chrono::milliseconds first{60'000};
    std::chrono::milliseconds ceiling{6 * 3'600'000};
};

// Walks of one package that have failed in a row, as the journal knows them.
struct PastFailures {
    unsigned count = 0;
    std::chrono::milliseconds since_last{0};
};

// Decides what one application's pipeline walks next: the newest offer, once; after a failure again, later and later; a
// changed offer at once, in place of one that has not interrupted anybody yet. One io_context thread.
class AppLoop {
public:
    using Clock = std::function<std::chrono::steady_clock::time_point()>;

    using Past = std::function<PastFailures(release::Target const&)>;

    // `bell` is this loop's own. `on_ended` is called after every walk but an interrupted one. `past` is asked when
    // another package than before is offered: a node that is started again and again must not try a failure at once
    // each time.
    AppLoop(Walker& walker, async::Bell& bell, Clock clock, RetryTimes times, std::function<void(Ended)> on_ended,
            Past past);

    // Until stop(). `unfinished`: the attempt that was under way when the node died.
    asio::awaitable<void> run(std::optional<journal::Attempt> unfinished);

    void offer(check::Offer offer);
    void nothing_on_offer();
    void hurry();  // a person asks: whatever is wanted is tried now
    // A person asks for the previous release. recall() first: true when a release is on trial, which then ends; else
    // roll_back(), from what runs to what is kept, unless a walk under way changes what runs.
    bool recall();
    void roll_back(check::Offer offer);
    void stop();

    // The packages that are being walked, or will be.
    std::vector<release::Digest> packages() const;

    // Something is being walked, or will be as soon as the loop gets its turn.
    bool busy() const;

private:
    bool due() const;
    std::chrono::milliseconds until_due() const;
    asio::awaitable<void> walk_wanted();
    void settle(Ended ended);
    void begin_with(PastFailures const& past);

    Walker& walker_;
    async::Bell& bell_;
    Clock clock_;
    RetryTimes times_;
    std::function<void(Ended)> on_ended_;
    Past past_;

    std::optional<check::Offer> wanted_;
    std::optional<check::Offer> back_;
    std::optional<release::Digest> walking_;
    std::chrono::milliseconds delay_;
    std::optional<std::chrono::steady_clock::time_point> not_before_;
    bool stopping_ = false;
};

}  // namespace lanyard::update

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/check/offer.h"
#include "node/gate/decision.h"
#include "proto/async/asio.h"

namespace lanyard::gate {

// How an offer got through the gate.
struct Passage {
    TimePoint at{};
    std::string because{};   // "not busy, window 22:00-05:00 open, 0 connections"
    bool last_word = false;  // what the application itself says does not count any more
};

// What decided, or would decide, about an offer at one moment.
struct Explanation {
    Decision decision{};
    Facts facts{};
    TimePoint at{};
    TimePoint next_look{};
};

// Opens when the idle-time policy allows an interruption.
class Gate {
public:
    virtual ~Gate() = default;

    // Returns when the way is open; with nothing when stop() or turn_away() was called. One caller an application at a
    // time; `offer` must live until it returns. What is installed for the first time interrupts nobody and passes.
    virtual asio::awaitable<std::optional<Passage>> pass(check::Offer const& offer) = 0;

    // This release is on offer: from the first time on its deadline counts.
    virtual void discovered(check::Offer const& offer) = 0;

    // A person agrees to be interrupted: whoever waits for this application passes at once. When nobody waits yet, the
    // next one does.
    virtual void open_now(release::AppId const& app) = 0;
    // An attempt is over that did not use the agreement: it is void.
    virtual void take_back(release::AppId const& app) = 0;

    // The attempt is given up for another one: whoever waits for this application comes back with nothing. An agreement
    // stays.
    virtual void turn_away(release::AppId const& app) = 0;

    // Why the gate is closed for this application, in words, by the last look at the sensors (a minute old at most);
    // empty when open or when nobody waits.
    virtual std::vector<std::string> why(release::AppId const& app) const = 0;
    // The same for any offer, whether it waits already or not, with all that was looked at and a fresh look.
    virtual asio::awaitable<Explanation> explain(check::Offer offer) = 0;

    virtual void stop() = 0;
};

}  // namespace lanyard::gate

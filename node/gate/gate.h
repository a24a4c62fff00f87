#pragma once

#include <string>
#include <vector>

#include "node/check/offer.h"
#include "proto/async/asio.h"

namespace lanyard::gate {

// Opens when the idle-time policy allows an interruption.
class Gate {
public:
    virtual ~Gate() = default;

    // Returns true when the way is open; false when stop() or turn_away() was called. One caller an application at a
    // time; `offer` must live until it returns. What is installed for the first time interrupts nobody and passes.
    virtual asio::awaitable<bool> pass(check::Offer const& offer) = 0;

    // A person agrees to be interrupted: whoever waits for this application passes at once. When nobody waits yet, the
    // next one does.
    virtual void open_now(release::AppId const& app) = 0;
    // An attempt is over that did not use the agreement: it is void.
    virtual void take_back(release::AppId const& app) = 0;

    // The attempt is given up for another one: whoever waits for this application comes back with false. An agreement
    // stays.
    virtual void turn_away(release::AppId const& app) = 0;

    // Why the gate is closed for this application at this moment, in words; empty when open or when nobody waits.
    virtual std::vector<std::string> why(release::AppId const& app) const = 0;
    virtual void stop() = 0;
};

}  // namespace lanyard::gate

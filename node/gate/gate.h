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

    // Returns true when the way is open; false when stop() was called.
    virtual asio::awaitable<bool> pass(check::Offer const& offer) = 0;

    // A person agrees to be interrupted: whoever waits for this application passes at once.
    virtual void open_now(release::AppId const& app) = 0;

    // Why the gate is closed at this moment, in words; empty when open or when nobody waits.
    virtual std::vector<std::string> why() const = 0;
    virtual void stop() = 0;
};

}  // namespace lanyard::gate

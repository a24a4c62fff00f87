#pragma once

#include "node/drain/app_control.h"
#include "proto/async/asio.h"
#include "proto/outcome/result.h"

namespace lanyard::probe {

class Prober {
public:
    virtual ~Prober() = default;

    // Succeeds once the release has become healthy within its start deadline (health check passes, every declared port
    // listens) and has stayed so for the probation period. The error says what was seen last.
    virtual asio::awaitable<Status> probe(drain::AppRelease const& release) = 0;

    // The node is to end: probes end at once with Errc::given_up, this one and all later ones.
    virtual void give_up() = 0;

    // The probe under way ends at once with Errc::called_off; the next one is a new one.
    virtual void call_off() = 0;
};

}  // namespace lanyard::probe

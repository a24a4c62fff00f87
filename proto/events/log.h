#pragma once

#include <memory>

#include "proto/events/events.h"

namespace lanyard::events {

// Writes one line an event to stderr: time (UTC), level, name, text. What of `text` is not plain (proto/outcome) is
// shown as '?', so that nothing a peer said can forge a line or give the terminal orders.
class Log final : public Events {
public:
    explicit Log(Level least);
    ~Log() override;

    void tell(Event const& event) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace lanyard::events

#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "proto/events/events.h"

namespace lanyard::support {

// Keeps every event, for tests that ask what was told.
class RecordedEvents final : public events::Events {
public:
    std::vector<events::Event> told;

    void tell(events::Event const& event) override { told.push_back(event); }

    std::vector<std::string> names() const {
        std::vector<std::string> all;
        for (auto const& event : told) all.push_back(event.name);
        return all;
    }
    auto count(std::string const& name) const {
        return std::count_if(told.begin(), told.end(), [&](auto const& event) { return event.name == name; });
    }
    // Of the last event of this name; empty when there was none.
    std::string text(std::string const& name) const {
        auto const last = std::find_if(told.rbegin(), told.rend(), [&](auto const& e) { return e.name == name; });
        return last == told.rend() ? std::string() : last->text;
    }
};

}  // namespace lanyard::support

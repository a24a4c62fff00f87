#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "node/gate/facts.h"

namespace lanyard::gate {

// A login session, as the system knows it.
struct Login {
    std::uint32_t user = 0;
    bool desktop = false;          // X11 or Wayland, rather than a terminal
    bool active = false;           // on the screen at this moment
    std::chrono::seconds idle{0};  // as far as it tells; 0: in use, or it never tells
};

// What a helper says of the desktop session that it runs in.
struct SessionWord {
    std::optional<std::chrono::seconds> idle{};  // nothing: this desktop does not tell
    std::string presents{};                      // what must not be covered; empty: nothing
};

// What the helpers of desktop sessions (lanyard-session) say, put together with what the system says of all sessions.
// A helper knows its own desktop better than the system does: many desktops never say that nobody is there. It speaks
// for the desktop sessions of its user, and for no others. Its word holds while it is connected. One that falls silent,
// or is gone while its desktop goes on, leaves it unknown: that counts as busy. Where no helper has ever spoken,
// nothing of this matters. No threads, no clock.
class Sessions {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Id = std::uint64_t;
    // A helper speaks every five seconds.
    static constexpr std::chrono::seconds kSilence{30};

    Id come(std::uint32_t user, Time now);
    void hear(Id helper, SessionWord word, Time now);
    void go(Id helper);

    // False: nobody has spoken, and the system's own word is all there is.
    bool any() const { return !helpers_.empty() || !lost_.empty(); }

    Sensed<Presence> presence(Sensed<std::vector<Login>> const& logins, Time now);
    // What helpers say is shown beside what the system says.
    void add_presenters(Sensed<std::vector<std::string>>& inhibitors, Time now) const;

private:
    struct Helper {
        std::uint32_t user = 0;
        SessionWord word{};
        Time heard{};
    };

    std::optional<std::string> silence(Time now) const;
    bool speaks_for(Login const& login) const;

    Id last_ = 0;
    std::map<Id, Helper> helpers_{};
    std::set<std::uint32_t> lost_{};  // users whose helper has spoken and is gone
};

}  // namespace lanyard::gate

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/schema/lanyard/v1/session.pb.h"

namespace lanyard::session {

struct Notice {
    std::string summary;
    std::string body;                                            // with markup: what others wrote is escaped
    std::vector<std::pair<std::string, std::string>> actions{};  // key, words
};

// Where notices are shown (org.freedesktop.Notifications).
class Notifier {
public:
    virtual ~Notifier() = default;

    // In the place of an earlier one (0: beside them). Gives its number, 0 when there is nobody to show it.
    virtual std::uint32_t show(Notice const& notice, std::uint32_t replaces) = 0;
    virtual void close(std::uint32_t number) = 0;
};

// Words for an update that waits, and for an answer of the node that a person should see. Times are local ones.
Notice notice_of(v1::SessionUpdate const& update);
Notice notice_of(v1::SessionAnswer const& answer);

// One notice an application, for as long as its update waits for a word. One that a person has closed comes back when
// there is news about it. No bus, no clock.
class Notices {
public:
    explicit Notices(Notifier& notifier) : notifier_(notifier) {}

    // All that waits; what is not among it waits no more.
    void set(v1::SessionUpdates const& waiting);
    // The service that shows them has begun: perhaps because of the very notice that it shows already, so under the
    // same numbers.
    void show_again();
    void clear() { set({}); }

    void closed(std::uint32_t number);
    // A person has chosen; nothing when it is no notice or no choice of ours.
    std::optional<v1::SessionChoice> chosen(std::uint32_t number, std::string const& action);

private:
    struct Shown {
        v1::SessionUpdate update;
        std::uint32_t number = 0;  // 0: not shown, or closed
        bool seen = false;         // a person has closed it or chosen
    };

    Notifier& notifier_;
    std::map<std::string, Shown> shown_;
};

}  // namespace lanyard::session

#pragma once

#include <string>
#include <string_view>

namespace lanyard::events {

enum class Level { debug, info, warning, error };

// Something that happened, said once: `name` is stable and for programs ("fetch.digest_mismatch"), `text` is one
// sentence for people. Neither holds a newline.
struct Event {
    Level level;
    std::string name;
    std::string text;
};

// Where events go. May be called from any thread.
class Events {
public:
    virtual ~Events() = default;
    virtual void tell(Event const& event) = 0;

    void debug(std::string name, std::string text) { tell({Level::debug, std::move(name), std::move(text)}); }
    void info(std::string name, std::string text) { tell({Level::info, std::move(name), std::move(text)}); }
    void warning(std::string name, std::string text) { tell({Level::warning, std::move(name), std::move(text)}); }
    void error(std::string name, std::string text) { tell({Level::error, std::move(name), std::move(text)}); }
};

}  // namespace lanyard::events

#include "proto/events/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace lanyard::events {
namespace {

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}  // namespace

struct Log::Impl {
    spdlog::logger logger{"lanyard", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
};

Log::Log(Level least) : impl_(std::make_unique<Impl>()) {
    impl_->logger.set_level(level_of(least));
    impl_->logger.set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v", spdlog::pattern_time_type::utc);
    impl_->logger.flush_on(spdlog::level::debug);
}

Log::~Log() = default;

void Log::tell(Event const& event) {
    std::string text = event.text;
    std::replace_if(text.begin(), text.end(), is_control, '?');
    impl_->logger.log(level_of(event.level), "{}: {}", event.name, text);
}

}  // namespace lanyard::events

#include "proto/events/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "proto/outcome/plain_text.h"

namespace lanyard::events {
namespace {

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warning:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::err;
}

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
    impl_->logger.log(level_of(event.level), "{}: {}", event.name, as_plain(event.text));
}

}  // namespace lanyard::events

#pragma once

#include <chrono>
#include <functional>

#include "proto/async/alarm.h"
#include "proto/events/events.h"
#include "proto/http/message.h"
#include "seeder/authority/certificates.h"
#include "seeder/console/config.h"

namespace lanyard::console {

// Keeps the certificate that the server shows fresh: a new key and certificate at the start, and again long before it
// expires.
class ServerIdentity {
public:
    using Clock = std::function<std::chrono::sys_seconds()>;
    using Use = std::function<Status(http::ServerTls const&)>;

    static constexpr std::chrono::days kRenewAfter{30};
    static constexpr std::chrono::hours kLook{1};

    ServerIdentity(authority::CertificateAuthority const& ca, Config const& config, async::Alarm& alarm,
                   events::Events& events, Clock clock, Use use);

    Status begin();
    asio::awaitable<void> run();
    void stop();

private:
    Status renew(std::chrono::sys_seconds now);

    authority::CertificateAuthority const& ca_;
    Config const& config_;
    async::Alarm& alarm_;
    events::Events& events_;
    Clock clock_;
    Use use_;
    std::chrono::sys_seconds made_{};
    bool stopping_ = false;
};

}  // namespace lanyard::console

#include "seeder/console/server_identity.h"

#include "seeder/console/fleet_ca.h"

namespace lanyard::console {

ServerIdentity::ServerIdentity(authority::CertificateAuthority const& ca, Config const& config, async::Alarm& alarm,
                               events::Events& events, Clock clock, Use use)
    : ca_(ca), config_(config), alarm_(alarm), events_(events), clock_(std::move(clock)), use_(std::move(use)) {}

Status ServerIdentity::begin() { return renew(clock_()); }

asio::awaitable<void> ServerIdentity::run() {
    while (!stopping_) {
        co_await alarm_.sleep(kLook);
        auto const now = clock_();
        // A clock that was set back makes what was made before it not valid yet.
        bool const is_fresh = made_ - authority::kBackdated <= now && now < made_ + kRenewAfter;
        if (stopping_ || is_fresh) continue;
        if (auto const renewed = renew(now); renewed) {
            events_.info("tls.renewed", "the seeder shows a new certificate from now on");
        } else {
            events_.error("serve.trouble", "the seeder's certificate cannot be renewed: " + renewed.error().detail);
        }
    }
}

void ServerIdentity::stop() {
    stopping_ = true;
    alarm_.cancel();
}

Status ServerIdentity::renew(std::chrono::sys_seconds now) {
    auto const tls = certify_server(ca_, config_, now);
    if (!tls) return pass_on(tls);
    if (auto const used = use_(*tls); !used) return used;
    made_ = now;
    return {};
}

}  // namespace lanyard::console

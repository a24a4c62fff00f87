#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "node/enrol/passport.h"
#include "node/enrol/registrar.h"
#include "proto/async/alarm.h"
#include "proto/events/events.h"
#include "proto/outcome/result.h"

namespace lanyard::enrol {

// Gets the node its certificate, and keeps it fresh. A key that the seeder knows, and has not revoked, is enough,
// however long the node was away. One io_context thread.
class Enrolment {
public:
    using Clock = std::function<std::chrono::sys_seconds()>;
    // Called with every new certificate.
    using OnCertificate = std::function<void()>;
    // Why there is no certificate yet.
    using OnWaiting = std::function<void(Error const* why)>;

    Enrolment(Passport& passport, Registrar& registrar, std::string node_name, async::Alarm& alarm,
              events::Events& events, Clock clock, OnCertificate on_certificate);

    // Asks once. Succeeds with a certificate; fails with pending, refused, or what kept it from asking.
    asio::awaitable<Status> ask(std::string token_secret);
    asio::awaitable<Status> ask() { return ask(std::string()); }

    // Asks until there is a certificate that holds, or until stop().
    asio::awaitable<void> until_accepted(OnWaiting on_waiting);

    // Renews it, until stop().
    asio::awaitable<void> keep_fresh();
    void stop();

private:
    std::chrono::milliseconds pause_after(Error const& why);

    Passport& passport_;
    Registrar& registrar_;
    std::string node_name_;
    async::Alarm& alarm_;
    events::Events& events_;
    Clock clock_;
    OnCertificate on_certificate_;
    std::chrono::seconds asked_for_{10};  // between questions while pending
    unsigned failures_ = 0;
    bool stopping_ = false;
};

}  // namespace lanyard::enrol

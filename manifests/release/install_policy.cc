#include "manifests/release/install_policy.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "manifests/release/errc.h"
#include "manifests/release/in_quotes.h"

namespace lanyard::release {
namespace {

constexpr std::uint32_t kMaxPort = 65'535;

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
// For clang 14, which the fuzz targets are built with.
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

Status check_command(std::string const& field, std::string_view command) {
    if (command.size() > kMaxCommandBytes) {
        return fail(Errc::malformed_target, field + " has " + std::to_string(command.size()) +
                                                " bytes, a command may have 4096; put the rest into a script");
    }
    // A shell is handed a C string: it would run something else than what was signed.
    if (command.find('\0') != std::string_view::npos) {
        return fail(Errc::malformed_target, field + " contains a NUL byte, which no command can");
    }
    return {};
}

Result<std::uint16_t> checked_port(std::string const& field, std::uint32_t port) {
    if (port == 0 || port > kMaxPort) {
        return fail(Errc::malformed_target, field + " is " + std::to_string(port) + "; a TCP port is 1 to 65535");
    }
    return static_cast<std::uint16_t>(port);
}

Result<std::chrono::seconds> checked_wait(std::string const& field, std::uint32_t seconds,
                                          std::chrono::seconds fallback) {
    if (seconds == 0) return fallback;
    if (std::chrono::seconds(seconds) > kMaxWait) {
        return fail(Errc::malformed_target,
                    field + " is " + std::to_string(seconds) + "; at most a day (86400) is allowed");
    }
    return std::chrono::seconds(seconds);
}

bool is_port_text(std::string_view text) {
    if (text.empty() || text.size() > 5) return false;
    std::uint32_t port = 0;
    for (char const c : text) {
        if (c < '0' || c > '9') return false;
        port = port * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return port != 0 && port <= kMaxPort;
}

bool is_this_machine(std::string_view authority) {
    for (std::string_view const host : {"127.0.0.1", "localhost", "[::1]"}) {
        if (!authority.starts_with(host)) continue;
        auto const rest = authority.substr(host.size());
        return rest.empty() || (rest.front() == ':' && is_port_text(rest.substr(1)));
    }
    return false;
}

// A signed health check must not become a way to make every node call an address of the publisher's choice. A backslash
// is refused because some parsers read it as a slash, and so would see another host than this one does.
Status check_url(std::string_view url) {
    constexpr std::string_view kScheme = "http://";
    if (url.size() > kMaxUrlBytes) return fail(Errc::malformed_target, "install.health.http_url is over 2048 bytes");
    bool const plain = std::all_of(url.begin(), url.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
    auto const rest = url.starts_with(kScheme) ? url.substr(kScheme.size()) : std::string_view();
    if (!plain || !is_this_machine(rest.substr(0, rest.find_first_of("/?#")))) {
        return fail(Errc::malformed_target, "install.health.http_url is " + in_quotes(url) +
                                                "; it must be http:// on 127.0.0.1, localhost or [::1]");
    }
    return {};
}

Result<decltype(Health::check)> check_from_proto(v1::Health const& message) {
    switch (message.check_case()) {
        case v1::Health::kCommand: {
            if (message.command().empty()) return fail(Errc::malformed_target, "install.health.command is empty");
            auto const fine = check_command("install.health.command", message.command());
            if (!fine) return pass_on(fine);
            return HealthCommand{message.command()};
        }
        case v1::Health::kTcpPort: {
            auto const port = checked_port("install.health.tcp_port", message.tcp_port());
            if (!port) return pass_on(port);
            return HealthTcp{*port};
        }
        case v1::Health::kHttpUrl: {
            auto const fine = check_url(message.http_url());
            if (!fine) return pass_on(fine);
            return HealthHttp{message.http_url()};
        }
        case v1::Health::CHECK_NOT_SET:
            break;
    }
    return std::monostate();
}

Result<Health> health_from_proto(v1::Health const& message) {
    Health health;
    auto check = check_from_proto(message);
    if (!check) return pass_on(check);
    auto const probation =
        checked_wait("install.health.probation_seconds", message.probation_seconds(), health.probation);
    if (!probation) return pass_on(probation);
    health.check = std::move(*check);
    health.probation = *probation;
    return health;
}

Result<std::vector<std::uint16_t>> ports_from_proto(v1::InstallPolicy const& message) {
    if (message.ports_size() > kMaxPorts) {
        return fail(Errc::malformed_target,
                    "install.ports names " + std::to_string(message.ports_size()) + " ports; at most 64 are allowed");
    }
    std::vector<std::uint16_t> ports;
    for (auto const number : message.ports()) {
        auto const port = checked_port("a port of install.ports", number);
        if (!port) return pass_on(port);
        if (std::find(ports.begin(), ports.end(), *port) != ports.end()) {
            return fail(Errc::malformed_target, "install.ports names port " + std::to_string(number) + " twice");
        }
        ports.push_back(*port);
    }
    return ports;
}

std::uint32_t seconds_of(std::chrono::seconds wait) { return static_cast<std::uint32_t>(wait.count()); }

}  // namespace

Result<InstallPolicy> install_from_proto(v1::InstallPolicy const& message) {
    InstallPolicy policy;
    auto installer = installer_from_proto(message.installer());
    if (!installer) return pass_on(installer);
    policy.installer = std::move(*installer);
    for (auto const& [field, command] :
         {std::pair("install.stop", &message.stop()), std::pair("install.start", &message.start())}) {
        auto const fine = check_command(field, *command);
        if (!fine) return pass_on(fine);
    }
    auto const stop = checked_wait("install.stop_seconds", message.stop_seconds(), policy.stop_deadline);
    if (!stop) return pass_on(stop);
    auto const start = checked_wait("install.start_seconds", message.start_seconds(), policy.start_deadline);
    if (!start) return pass_on(start);
    auto health = health_from_proto(message.health());
    if (!health) return pass_on(health);
    auto ports = ports_from_proto(message);
    if (!ports) return pass_on(ports);
    std::chrono::hours const deadline(message.deadline_hours());
    if (deadline > kMaxDeadline) {
        return fail(Errc::malformed_target, "install.deadline_hours is " + std::to_string(message.deadline_hours()) +
                                                "; at most 8760 are allowed");
    }
    auto const drain = checked_wait("install.drain_seconds", message.drain_seconds(), policy.drain_deadline);
    if (!drain) return pass_on(drain);
    if (message.keep_ports() && message.ports().empty()) {
        return fail(Errc::malformed_target, "install.keep_ports names no port: say which are to be kept, with --port");
    }
    policy.stop = message.stop();
    policy.start = message.start();
    policy.stop_deadline = *stop;
    policy.start_deadline = *start;
    policy.health = std::move(*health);
    policy.ports = std::move(*ports);
    policy.critical = message.critical();
    if (deadline.count() > 0) policy.deadline = deadline;
    policy.restarts_machine = message.restarts_machine();
    policy.drain_deadline = *drain;
    policy.keep_ports = message.keep_ports();
    return policy;
}

v1::InstallPolicy install_to_proto(InstallPolicy const& policy) {
    v1::InstallPolicy message;
    *message.mutable_installer() = installer_to_proto(policy.installer);
    message.set_stop(policy.stop);
    message.set_start(policy.start);
    message.set_stop_seconds(seconds_of(policy.stop_deadline));
    message.set_start_seconds(seconds_of(policy.start_deadline));
    auto& health = *message.mutable_health();
    std::visit(Overloaded{[](std::monostate) {}, [&](HealthCommand const& c) { health.set_command(c.command); },
                          [&](HealthTcp const& c) { health.set_tcp_port(c.port); },
                          [&](HealthHttp const& c) { health.set_http_url(c.url); }},
               policy.health.check);
    health.set_probation_seconds(seconds_of(policy.health.probation));
    for (auto const port : policy.ports) message.add_ports(port);
    message.set_critical(policy.critical);
    if (policy.deadline) message.set_deadline_hours(static_cast<std::uint32_t>(policy.deadline->count()));
    message.set_restarts_machine(policy.restarts_machine);
    message.set_drain_seconds(seconds_of(policy.drain_deadline));
    message.set_keep_ports(policy.keep_ports);
    return message;
}

}  // namespace lanyard::release

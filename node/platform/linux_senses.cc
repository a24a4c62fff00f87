#include "node/platform/linux_senses.h"

#include <utility>

#include "node/platform/logind.h"
#include "node/platform/machine_sensors.h"

namespace lanyard::platform {

asio::awaitable<gate::Readings> LinuxSenses::read(gate::Wanted wanted) {
    auto const work = [this, &wanted] { return read_now(wanted); };
    auto readings = co_await pool_.run(work);
    readings.says = word_(wanted.home);
    if (sessions_ && sessions_->any() && wanted.presence) {
        auto const list = [] { return logins_by_logind(); };
        auto const logins = co_await pool_.run(list);
        readings.presence = sessions_->presence(logins, std::chrono::steady_clock::now());
    }
    if (sessions_ && wanted.inhibitors) {
        sessions_->add_presenters(readings.inhibitors, std::chrono::steady_clock::now());
    }
    if (wanted.traffic) {
        auto measured = co_await traffic();
        readings.traffic = std::move(measured);
    }
    co_return readings;
}

// Over the time since the last look; when that is no measure, over a second from now on.
asio::awaitable<gate::Sensed<gate::Traffic>> LinuxSenses::traffic() {
    auto const count = [this] { return bytes_carried(proc_, sys_class_ / "net"); };
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (bool again : {true, false}) {
        auto const carried = co_await pool_.run(count);
        if (!carried) co_return gate::unknown(carried.error());
        auto const rate = meter_.rate({std::chrono::steady_clock::now(), *carried, own_()});
        if (rate) co_return gate::Traffic{*rate};
        if (!again) break;
        pause.expires_after(NetworkMeter::kShortest);
        boost::system::error_code ignored;
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return gate::unknown("network interfaces come and go at this moment");
}

gate::Readings LinuxSenses::read_now(gate::Wanted const& wanted) {
    gate::Readings readings{.busy = lock_.busy(wanted.home)};
    if (wanted.connections) readings.connections = connections_to(wanted.ports, proc_);
    if (wanted.presence) readings.presence = presence_by_logind();
    if (wanted.inhibitors) readings.inhibitors = inhibitors_by_logind();
    if (!wanted.commands.empty()) readings.commands = running_of(wanted.commands, proc_);
    if (wanted.load) readings.load = pressure(proc_);
    if (wanted.battery) readings.battery = battery_of(sys_class_ / "power_supply");
    return readings;
}

}  // namespace lanyard::platform

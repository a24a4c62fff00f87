#include "node/platform/linux_vigil.h"

#include "node/platform/logind.h"

namespace lanyard::platform {
namespace {

class Lock final : public apply::Awake {
public:
    explicit Lock(Descriptor lock) : lock_(std::move(lock)) {}

private:
    Descriptor lock_;
};

}  // namespace

asio::awaitable<std::unique_ptr<apply::Awake>> LinuxVigil::keep(std::string why) {
    auto const work = [&why] { return inhibit_by_logind(why).release(); };
    auto const number = co_await pool_.run(work);
    Descriptor lock(number);
    std::unique_ptr<apply::Awake> awake;
    if (lock) awake = std::make_unique<Lock>(std::move(lock));
    co_return awake;
}

}  // namespace lanyard::platform

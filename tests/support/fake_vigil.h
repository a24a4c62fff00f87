#pragma once

#include <functional>
#include <string>
#include <vector>

#include "node/apply/vigil.h"

namespace lanyard::support {

// Counts who keeps the machine awake. Outlives them.
class FakeVigil final : public apply::Vigil {
public:
    bool works = true;
    std::function<void()> on_keep = [] {};
    int awake = 0;
    std::vector<std::string> whys;

    asio::awaitable<std::unique_ptr<apply::Awake>> keep(std::string why) override {
        whys.push_back(std::move(why));
        on_keep();
        std::unique_ptr<apply::Awake> lock;
        if (works) lock = std::make_unique<Lock>(awake);
        co_return lock;
    }

private:
    class Lock final : public apply::Awake {
    public:
        explicit Lock(int& count) : count_(count) { ++count_; }
        ~Lock() override { --count_; }
        Lock(Lock const&) = delete;
        Lock& operator=(Lock const&) = delete;

    private:
        int& count_;
    };
};

}  // namespace lanyard::support

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "node/gate/facts.h"
#include "node/gate/policy.h"
#include "proto/async/asio.h"

namespace lanyard::gate {

// What is asked of the sensors.
struct Wanted {
    std::filesystem::path home{};        // the application's directory
    std::vector<std::uint16_t> ports{};  // that the release which runs listens on
    std::vector<std::string> commands{};
    bool connections = false;
    bool presence = false;
    bool inhibitors = false;
    bool load = false;
    bool traffic = false;
    bool battery = false;
};

Wanted wanted_of(Policy const& policy, Urgency const& urgency, std::filesystem::path const& home,
                 std::vector<std::uint16_t> const& ports);

// The sensors of this machine. They sense; the policy decides.
class Senses {
public:
    virtual ~Senses() = default;

    // What was not asked is not read. What cannot be read says why.
    virtual asio::awaitable<Readings> read(Wanted wanted) = 0;
};

}  // namespace lanyard::gate

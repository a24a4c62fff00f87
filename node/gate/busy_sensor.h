#pragma once

#include <filesystem>

#include "node/gate/facts.h"

namespace lanyard::gate {

// Tells whether an application does something that must not be interrupted. It senses; the policy decides.
class BusySensor {
public:
    virtual ~BusySensor() = default;

    // `home` is the application's directory. Does not wait.
    virtual Busy busy(std::filesystem::path const& home) = 0;
};

}  // namespace lanyard::gate

#pragma once

#include <memory>
#include <string>

#include "proto/async/asio.h"

namespace lanyard::apply {

// The machine stays awake for as long as it lives.
class Awake {
public:
    virtual ~Awake() = default;
};

// Keeps the machine from going to sleep and from being shut down between the stop of an application and its start.
class Vigil {
public:
    virtual ~Vigil() = default;

    // `why` is shown to whoever wants to shut the machine down. Nothing when this machine cannot be kept awake: an
    // update goes on without, for a crash at any moment is survived.
    virtual asio::awaitable<std::unique_ptr<Awake>> keep(std::string why) = 0;
};

}  // namespace lanyard::apply

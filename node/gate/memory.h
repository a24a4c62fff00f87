#pragma once

#include "manifests/release/names.h"
#include "node/gate/facts.h"
#include "node/gate/forecast.h"
#include "proto/outcome/result.h"

namespace lanyard::gate {

// What outlives the node: what waits since when, what people have said, and at which hours an application is idle.
class Memory {
public:
    virtual ~Memory() = default;

    virtual Result<Wait> wait(release::AppId const& app) = 0;  // an empty one when nothing was kept
    virtual Status keep(release::AppId const& app, Wait const& wait) = 0;

    virtual Result<History> history(release::AppId const& app) = 0;
    // One more look in this hour of the week; old looks lose weight, so that habits may change.
    virtual Status add_look(release::AppId const& app, std::size_t hour_of_week, bool quiet) = 0;
};

}  // namespace lanyard::gate

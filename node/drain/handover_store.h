#pragma once

#include <optional>

#include "manifests/release/names.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/contract.pb.h"

namespace lanyard::drain {

// Keeps what an application left behind when it was stopped, over a restart of the node and of the machine.
class HandoverStore {
public:
    virtual ~HandoverStore() = default;

    // Durable when it returns. In place of what is kept of this application already.
    virtual Status keep(release::AppId const& app, v1::Handover const& handover) = 0;
    virtual Result<std::optional<v1::Handover>> kept(release::AppId const& app) = 0;
    virtual Status drop(release::AppId const& app) = 0;
};

}  // namespace lanyard::drain

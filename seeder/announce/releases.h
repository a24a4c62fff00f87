#pragma once

#include <cstdint>
#include <optional>

#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/check.pb.h"

namespace lanyard::announce {

// What there is to install, as a check needs it. Called on the io_context thread, so both must be quick.
class Releases {
public:
    virtual ~Releases() = default;

    // Of the catalogue; asked at every check, so it comes from memory. When it changes, Front::revision_changed() has
    // to be called.
    virtual std::uint64_t revision() = 0;

    // The release that a node should have instead of `running`, which holds what the node sent and may be nonsense.
    // Asked once for all nodes that run the same on the same platform, until the revision changes.
    virtual Result<std::optional<v1::AvailableRelease>> find_higher(v1::RunningApp const& running,
                                                                    v1::Platform const& machine) = 0;
};

}  // namespace lanyard::announce

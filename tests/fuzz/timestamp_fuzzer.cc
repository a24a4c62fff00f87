// The payload of a timestamp.
#include <string>

#include "manifests/trust/trusted_set.h"
#include "tests/fuzz/payload.h"

using namespace lanyard;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const timestamp = trust::parse_timestamp(std::string(fuzz::text(data, size)));
    if (!timestamp) return 0;
    fuzz::check_head(*timestamp);
    fuzz::must(timestamp->snapshot().name() == "snapshot", "a timestamp names the snapshot");
    fuzz::check_reference(timestamp->snapshot(), trust::kMaxSnapshotBytes);
    return 0;
}

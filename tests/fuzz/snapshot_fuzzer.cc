// The payload of a snapshot.
#include <set>
#include <string>

#include "manifests/trust/trusted_set.h"
#include "tests/fuzz/payload.h"

using namespace lanyard;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const snapshot = trust::parse_snapshot(std::string(fuzz::text(data, size)));
    if (!snapshot) return 0;
    fuzz::check_head(*snapshot);
    std::set<std::string> names;
    for (auto const& meta : snapshot->metas()) {
        fuzz::check_reference(meta, trust::kMaxTargetsBytes);
        fuzz::must(names.insert(meta.name()).second, "a snapshot names nothing twice");
    }
    fuzz::must(names.contains("targets"), "a snapshot names the targets");
    return 0;
}

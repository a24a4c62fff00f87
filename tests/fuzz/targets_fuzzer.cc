// The payload of targets, and each target as the rooms behind see it.
#include <set>
#include <string>

#include "manifests/release/target.h"
#include "tests/fuzz/payload.h"

using namespace lanyard;
using fuzz::must;

namespace {

void check_target(v1::Target const& message) {
    auto const target = release::Target::from_proto(message);
    if (!target) {
        must(!target.error().detail.empty(), "a refusal says why");
        return;
    }
    must(target->path.starts_with(target->app.text() + "/" + target->channel.text() + "/"), "a path begins as its app");
    must(target->path.find("..") == std::string::npos || target->version.text().find("..") != std::string::npos,
         "no path climbs");
    must(target->length <= release::kMaxNumber && target->unpacked_length <= release::kMaxNumber, "lengths are exact");
    must(target->info_hash.size() == 20, "an info-hash has 20 bytes");
    auto const written = target->to_proto();
    auto const again = release::Target::from_proto(written);
    must(again.has_value(), "what was accepted is accepted again");
    must(again->to_proto().SerializeAsString() == written.SerializeAsString(), "a target is written as it was read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const targets = trust::parse_targets(std::string(fuzz::text(data, size)));
    if (!targets) return 0;
    fuzz::check_head(*targets);
    std::set<std::string> paths;
    for (auto const& target : targets->targets()) {
        must(paths.insert(target.path()).second, "no path stands for two packages");
        check_target(target);
    }
    return 0;
}

// POST /v1/check: what the seeder parses, checks, keeps and looks up of it.
#include <chrono>
#include <string>

#include "proto/outcome/plain_text.h"
#include "seeder/announce/offers.h"
#include "seeder/announce/parse.h"
#include "seeder/fleet/errc.h"
#include "seeder/fleet/inputs.h"
#include "seeder/fleet/sightings.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

constexpr std::chrono::sys_seconds kNow{std::chrono::seconds(1'800'000'000)};

class NoReleases final : public announce::Releases {
public:
    std::uint64_t revision() override { return 1; }
    Result<std::optional<v1::AvailableRelease>> find_higher(v1::RunningApp const& running,
                                                            v1::Platform const&) override {
        v1::AvailableRelease release;
        release.set_app(running.app());
        return std::optional(release);
    }
};

void check_kept(std::string const& kept, std::size_t longest) {
    must(kept.size() <= longest, "what is kept of a node is bounded");
    must(is_plain(kept), "and plain text");
}

void check_sightings(v1::CheckRequest const& request) {
    fleet::Sightings sightings(1);
    must(sightings.note_check(request, "10.0.0.1", kNow).has_value(), "a good check is noted");
    auto const due = sightings.take_due(kNow);
    must(due.size() == 1 && due[0].changed && due[0].node_id == request.node_id(), "a new node is news once");
    check_kept(due[0].name, 253);
    check_kept(due[0].platform, 129);
    check_kept(due[0].agent_version, 64);
    for (auto const& app : due[0].apps) {
        check_kept(app.app(), 64);
        check_kept(app.channel(), 64);
        check_kept(app.version(), 128);
    }
    must(sightings.note_check(request, "10.0.0.1", kNow).has_value(), "a node may come again");
    for (auto const& seen : sightings.take_due(kNow)) must(!seen.changed, "what has not changed is no news");
    auto other = request;
    other.set_node_id(request.node_id() == std::string(32, 'a') ? std::string(32, 'b') : std::string(32, 'a'));
    must(!sightings.note_check(other, "10.0.0.1", kNow), "nodes over the limit are not listed");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    v1::CheckRequest request;
    if (!announce::parse(request, std::string(fuzz::text(data, size)))) return 0;
    NoReleases releases;
    announce::Offers offers(releases);
    // The lookup is for every check, the account only for those whose fields are in order.
    for (auto const& running : request.apps()) {
        auto const found = offers.find(running, request.platform());
        must(found && *found && (*found)->app() == running.app(), "each question has its own answer");
    }
    if (fleet::check_input(request)) {
        check_sightings(request);
    } else {
        fleet::Sightings sightings;
        auto const noted = sightings.note_check(request, "10.0.0.1", kNow);
        must(!noted && noted.error().code == fleet::Errc::malformed, "what is out of order is not kept");
    }
    return 0;
}

// POST /v1/report: what the seeder parses and checks of it.
#include <string>

#include "proto/outcome/plain_text.h"
#include "seeder/announce/parse.h"
#include "seeder/fleet/inputs.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

void check_kept(std::string const& kept, std::size_t longest) {
    must(kept.size() <= longest, "what is kept of a report is bounded");
    must(is_plain(kept), "and plain text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    v1::Report report;
    if (!announce::parse(report, std::string(fuzz::text(data, size)))) return 0;
    auto const accepted = fleet::check_input(report);
    if (!accepted) {
        must(!accepted.error().detail.empty(), "a refusal says why");
        return 0;
    }
    must(fleet::is_id(report.node_id()) && fleet::is_id(report.attempt_id()), "ids are ids");
    must(!report.app().empty(), "a report is about an application");
    must(report.outcome() >= v1::OUTCOME_COMMITTED && report.outcome() <= v1::OUTCOME_FAILED, "an attempt has ended");
    check_kept(report.node_name(), 253);
    check_kept(report.app(), 64);
    check_kept(report.from_version(), 128);
    check_kept(report.to_version(), 128);
    check_kept(report.detail(), 2000);
    must(report.phases_size() <= 64 && report.sources_size() <= 1000, "lists are bounded");
    for (auto const& phase : report.phases()) check_kept(phase.phase(), 64);
    for (auto const& source : report.sources()) check_kept(source.address(), 64);
    return 0;
}

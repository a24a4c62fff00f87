#include "seeder/fleet/inputs.h"

#include <algorithm>
#include <initializer_list>

#include "proto/outcome/plain_text.h"
#include "seeder/fleet/errc.h"

namespace lanyard::fleet {
namespace {

constexpr std::size_t kIdSize = 32;
constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestWord = 64;
constexpr std::size_t kLongestVersion = 128;
constexpr std::size_t kLongestDetail = 2000;
constexpr int kMostApps = 64;
constexpr int kMostPhases = 64;
constexpr int kMostSources = 1000;
constexpr std::uint64_t kHighestSequence = std::uint64_t{1} << 62;

struct Field {
    char const* name;
    std::string const& text;
    std::size_t longest;
};

Status check_texts(std::initializer_list<Field> fields) {
    for (auto const& field : fields) {
        if (field.text.size() > field.longest) {
            return fail(Errc::malformed, std::string(field.name) + " is longer than " + std::to_string(field.longest) +
                                             " bytes; shorten it");
        }
        if (!is_plain(field.text)) {
            return fail(Errc::malformed,
                        std::string(field.name) + " holds a character that cannot be shown; remove it");
        }
    }
    return {};
}

Status check_id(char const* name, std::string_view id) {
    if (is_id(id)) return {};
    return fail(Errc::malformed, std::string(name) + " must be 32 lower-case hex digits");
}

Status check_count(char const* name, int count, int most) {
    if (count <= most) return {};
    return fail(Errc::malformed, "there are more than " + std::to_string(most) + " " + name + "; send fewer");
}

Status check_parts(v1::Report const& report) {
    for (auto const& phase : report.phases()) {
        auto const texts = check_texts({{"phase", phase.phase(), kLongestWord}});
        if (!texts) return texts;
    }
    for (auto const& source : report.sources()) {
        auto const texts = check_texts({{"source address", source.address(), kLongestWord}});
        if (!texts) return texts;
    }
    return {};
}

Status first_failure(std::initializer_list<Status> checks) {
    auto const failed = std::find_if(checks.begin(), checks.end(), [](Status const& status) { return !status; });
    return failed == checks.end() ? Status() : *failed;
}

}  // namespace

bool is_id(std::string_view text) {
    return text.size() == kIdSize && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Status check_input(v1::CheckRequest const& request) {
    auto const whole =
        first_failure({check_id("node_id", request.node_id()), check_count("apps", request.apps_size(), kMostApps),
                       check_texts({{"node_name", request.node_name(), kLongestName},
                                    {"platform.os", request.platform().os(), kLongestWord},
                                    {"platform.arch", request.platform().arch(), kLongestWord},
                                    {"agent_version", request.agent_version(), kLongestWord}})});
    if (!whole) return whole;
    for (auto const& app : request.apps()) {
        auto const texts = check_texts({{"app", app.app(), kLongestWord},
                                        {"channel", app.channel(), kLongestWord},
                                        {"version", app.version(), kLongestVersion}});
        if (!texts) return texts;
        if (app.app().empty()) return fail(Errc::malformed, "an app has no name");
    }
    return {};
}

Status check_input(v1::Report const& report) {
    auto const whole =
        first_failure({check_id("node_id", report.node_id()), check_id("attempt_id", report.attempt_id()),
                       check_count("phases", report.phases_size(), kMostPhases),
                       check_count("sources", report.sources_size(), kMostSources),
                       check_texts({{"node_name", report.node_name(), kLongestName},
                                    {"app", report.app(), kLongestWord},
                                    {"from_version", report.from_version(), kLongestVersion},
                                    {"to_version", report.to_version(), kLongestVersion},
                                    {"detail", report.detail(), kLongestDetail}})});
    if (!whole) return whole;
    if (report.sequence() == 0 || report.sequence() > kHighestSequence) {
        return fail(Errc::malformed, "the report has no sequence number; a newer lanyard-node gives it one");
    }
    if (report.app().empty()) return fail(Errc::malformed, "the report does not say which app it is about");
    if (report.outcome() != v1::OUTCOME_COMMITTED && report.outcome() != v1::OUTCOME_ROLLED_BACK &&
        report.outcome() != v1::OUTCOME_FAILED) {
        return fail(Errc::malformed, "the report does not say how the attempt ended");
    }
    return check_parts(report);
}

}  // namespace lanyard::fleet

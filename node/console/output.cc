#include "node/console/output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <ctime>

#include "proto/outcome/plain_text.h"

namespace lanyard::console {
namespace {

// "3 peers (91 %) and the seeder (9 %)"
std::string sources_in_words(google::protobuf::RepeatedPtrField<v1::SourceBytes> const& sources) {
    std::uint64_t from_peers = 0;
    std::uint64_t from_seeder = 0;
    int peers = 0;
    for (auto const& source : sources) {
        if (source.seeder()) {
            from_seeder += source.bytes();
        } else if (source.bytes() > 0) {
            from_peers += source.bytes();
            ++peers;
        }
    }
    auto const total = from_peers + from_seeder;
    if (total == 0) return "nobody yet";
    auto const share = 100 * from_peers / total;
    return fmt::format("{} {} ({} %) and the seeder ({} %)", peers, peers == 1 ? "peer" : "peers", share, 100 - share);
}

void append_app(std::string& out, v1::AppStatus const& app) {
    out += fmt::format("\n{}  (channel {})\n  version   {}\n", as_plain(app.app()), as_plain(app.channel()),
                       or_none(as_plain(app.version())));
    if (!app.previous_version().empty()) out += fmt::format("  previous  {}\n", as_plain(app.previous_version()));
    if (app.has_attempt()) {
        out +=
            fmt::format("  now       to {}: {}\n", as_plain(app.attempt().to_version()), progress_line(app.attempt()));
        for (auto const& reason : app.attempt().why()) out += fmt::format("  waits     {}\n", as_plain(reason));
    }
    if (!app.last_outcome().empty()) {
        out += fmt::format("  last      {}{}{}\n", as_plain(app.last_outcome()), app.last_detail().empty() ? "" : ": ",
                           as_plain(app.last_detail()));
    }
}

}  // namespace

std::string local_time(std::int64_t seconds) {
    constexpr std::int64_t kEndOfYear9999 = 253'402'300'799;
    if (seconds == 0) return "never";
    if (seconds < 0 || seconds > kEndOfYear9999 - 86'400) return "a time that makes no sense";
    return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<std::time_t>(seconds)));
}

std::string or_none(std::string const& version) { return version.empty() ? "none" : version; }

std::string to_json(google::protobuf::Message const& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.add_whitespace = true;
    options.always_print_primitive_fields = true;
    options.preserve_proto_field_names = true;
    std::string json;
    // Fails only for google.protobuf.Any and the like, which the schema does not use.
    auto const printed = google::protobuf::util::MessageToJsonString(message, &json, options);
    return printed.ok() ? json : "{}\n";
}

std::string to_text(v1::NodeStatus const& status) {
    auto out = fmt::format("node      {} ({})\nseeder    {}\nstate     {}, last contact {}\n", as_plain(status.name()),
                           as_plain(status.node_id()), as_plain(status.seeder_url()),
                           status.running() ? "running" : "not running", local_time(status.last_contact()));
    if (!status.alarm().empty()) out += fmt::format("ALARM     {}\n", as_plain(status.alarm()));
    if (!status.last_error().empty() && status.last_error() != status.alarm())
        out += fmt::format("problem   {}\n", as_plain(status.last_error()));
    if (status.queued_reports() > 0) out += fmt::format("reports   {} wait to be sent\n", status.queued_reports());
    for (auto const& app : status.apps()) append_app(out, app);
    return out;
}

std::string to_text(v1::CheckResult const& result) {
    if (result.offers().empty()) return "nothing newer is on offer\n";
    std::string out;
    for (auto const& offer : result.offers()) {
        out += fmt::format("{} {} -> {}, {}\n", as_plain(offer.app()), or_none(as_plain(offer.from_version())),
                           as_plain(offer.to_version()), in_words(offer.length()));
        if (!offer.notes().empty()) out += fmt::format("  {}\n", as_plain(offer.notes()));
        if (!offer.held_back().empty()) out += fmt::format("  not taken: {}\n", as_plain(offer.held_back()));
    }
    return out;
}

std::string to_text(v1::History const& history) {
    if (history.attempts().empty()) return "no attempt has ended yet\n";
    std::string out;
    for (auto const& attempt : history.attempts()) {
        out += fmt::format("{}  {} {} -> {}  {} in {} s", local_time(attempt.ended_at()), as_plain(attempt.app()),
                           or_none(as_plain(attempt.from_version())), as_plain(attempt.to_version()),
                           in_words(attempt.outcome()), attempt.ended_at() - attempt.started_at());
        if (!attempt.sources().empty()) out += fmt::format(", from {}", sources_in_words(attempt.sources()));
        if (attempt.ports_closed_ms() > 0) out += fmt::format(", ports closed {} ms", attempt.ports_closed_ms());
        out += '\n';
        if (!attempt.passed_because().empty()) {
            out += fmt::format("  let through at {}: {}\n", local_time(attempt.passed_at()),
                               as_plain(attempt.passed_because()));
        }
        if (!attempt.detail().empty()) out += fmt::format("  {}\n", as_plain(attempt.detail()));
    }
    return out;
}

std::string to_text(v1::Verification const& verification) {
    std::string out;
    for (auto const& step : verification.steps()) {
        out += fmt::format("{:<8} {:<8} {}: {}\n", as_plain(step.verdict()), as_plain(step.place()),
                           as_plain(step.what()), as_plain(step.why()));
    }
    return out;
}

std::string progress_line(v1::AttemptStatus const& attempt) {
    if (attempt.phase() != "fetch") return as_plain(attempt.phase());
    auto const total = std::max<std::uint64_t>(attempt.bytes_total(), 1);
    auto const left = attempt.bytes_total() - std::min(attempt.bytes_done(), attempt.bytes_total());
    auto line =
        fmt::format("fetch {} %, {} of {}, {}/s", 100 * attempt.bytes_done() / total, in_words(attempt.bytes_done()),
                    in_words(attempt.bytes_total()), in_words(attempt.bytes_per_second()));
    if (attempt.bytes_per_second() > 0) line += fmt::format(", {} s left", left / attempt.bytes_per_second());
    return line + ", from " + sources_in_words(attempt.sources());
}

char const* in_words(v1::Outcome outcome) {
    switch (outcome) {
        case v1::OUTCOME_COMMITTED:
            return "updated";
        case v1::OUTCOME_ROLLED_BACK:
            return "rolled back";
        case v1::OUTCOME_FAILED:
            return "failed";
        default:
            return "unknown";
    }
}

std::string in_words(std::uint64_t bytes) {
    if (bytes < 1'000) return fmt::format("{} B", bytes);
    if (bytes < 1'000'000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
    if (bytes < 1'000'000'000) return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
    return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9);
}

}  // namespace lanyard::console

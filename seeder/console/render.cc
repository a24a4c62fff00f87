#include "seeder/console/render.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "manifests/release/package_type.h"
#include "proto/outcome/plain_text.h"
#include "seeder/console/table.h"

namespace lanyard::console {
namespace {

std::string platform_text(v1::Platform const& platform) { return platform.os() + "/" + platform.arch(); }

std::string health_text(v1::Health const& health) {
    switch (health.check_case()) {
        case v1::Health::kCommand:
            return "cmd:" + health.command();
        case v1::Health::kTcpPort:
            return "tcp:" + std::to_string(health.tcp_port());
        case v1::Health::kHttpUrl:
            return health.http_url();
        case v1::Health::CHECK_NOT_SET:
            break;
    }
    return "";
}

std::string urgency_text(v1::InstallPolicy const& install) {
    std::string text = install.critical() ? "critical" : "";
    auto const add = [&](std::string const& more) { text += (text.empty() ? "" : ", ") + more; };
    if (install.deadline_hours() > 0) add(fmt::format("deadline {} h", install.deadline_hours()));
    if (install.restarts_machine()) add("restarts the machine");
    return text;
}

}  // namespace

std::string to_json(google::protobuf::Message const& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    options.always_print_primitive_fields = true;
    options.add_whitespace = true;
    std::string json;
    static_cast<void>(google::protobuf::util::MessageToJsonString(message, &json, options));
    if (json.empty() || json.back() != '\n') json += '\n';
    return json;
}

v1::ReleaseInfo to_info(catalogue::Entry const& entry) {
    v1::ReleaseInfo info;
    info.set_app(entry.target.app());
    info.set_version(entry.target.version());
    info.set_channel(entry.target.channel());
    *info.mutable_platform() = entry.target.platform();
    info.set_state(catalogue::text(entry.state));
    info.set_published_at(entry.published_at);
    *info.mutable_target() = entry.target;
    info.set_role(entry.role);
    return info;
}

v1::ReleaseList to_list(std::vector<catalogue::Entry> const& entries) {
    v1::ReleaseList list;
    list.set_schema(1);
    for (auto const& entry : entries) *list.add_releases() = to_info(entry);
    return list;
}

std::string releases_table(v1::ReleaseList const& list) {
    Table table({"APP", "VERSION", "CHANNEL", "PLATFORM", "STATE", "SIZE", "PUBLISHED (UTC)"});
    for (auto const& release : list.releases()) {
        table.add({release.app(), release.version(), release.channel(), platform_text(release.platform()),
                   release.state(), human_bytes(release.target().length()), human_time(release.published_at())});
    }
    return table.to_string();
}

std::string release_details(v1::ReleaseInfo const& release) {
    auto const& target = release.target();
    std::string text;
    auto const line = [&](char const* name, std::string const& value) {
        if (!value.empty()) text += fmt::format("{:<12} {}\n", name, as_plain(value));
    };
    line("application", release.app());
    line("version", release.version());
    line("channel", release.channel());
    line("platform", platform_text(release.platform()));
    line("state", release.state());
    line("published", human_time(release.published_at()) + " UTC");
    line("counter", std::to_string(target.release_counter()));
    line("path", target.path());
    auto const type = release::type_from_proto(target.type());
    line("type", type ? std::string(release::text(*type)) : std::to_string(target.type()));
    line("size",
         fmt::format("{}, unpacked {} in {} {}", human_bytes(target.length()), human_bytes(target.unpacked_length()),
                     target.entry_count(), target.entry_count() == 1 ? "entry" : "entries"));
    line("sha256", to_hex(target.sha256()));
    line("info-hash", to_hex(target.swarm().info_hash_v1()));
    line("pieces", "of " + human_bytes(target.swarm().piece_length()));
    line("start", target.install().start());
    line("stop", target.install().stop());
    line("health", health_text(target.install().health()));
    std::string ports;
    for (auto const port : target.install().ports()) ports += (ports.empty() ? "" : ", ") + std::to_string(port);
    if (target.install().keep_ports()) ports += ", kept open over updates";
    line("ports", ports);
    line("urgency", urgency_text(target.install()));
    line("notes", target.notes());
    return text;
}

std::string verification_lines(v1::Verification const& verification) {
    std::string text;
    for (auto const& step : verification.steps()) {
        text += fmt::format("{:<8} {:<8} {}: {}\n", step.verdict(), as_plain(step.place()), as_plain(step.what()),
                            as_plain(step.why()));
    }
    return text;
}

std::string warning_line(std::string const& text) {
    return text.empty() ? "" : "lanyard-seeder: warning: " + as_plain(text) + "\n";
}

std::string to_hex(std::string const& bytes) {
    std::string hex;
    for (unsigned char const byte : bytes) hex += fmt::format("{:02x}", byte);
    return hex;
}

std::string human_time(std::int64_t unix_seconds) {
    return fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr char const* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
    return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace lanyard::console

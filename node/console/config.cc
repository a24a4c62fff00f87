#include "node/console/config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <cerrno>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

#include "node/console/errc.h"
#include "node/console/policy_config.h"
#include "node/console/toml_reader.h"

namespace lanyard::console {
namespace {

constexpr std::int64_t kMaxPort = 65535;
constexpr std::size_t kMaxConfigBytes = 256 * 1024;

toml::table const* section(toml::table const& document, char const* name) { return document[name].as_table(); }

// As it was read, without comments.
std::string text_of(toml::table const& table) {
    std::ostringstream out;
    out << table << "\n";
    return out.str();
}

Result<AppConfig> read_app(toml::table const& table, std::filesystem::path const& file) {
    std::optional<Error> problem;
    std::string name;
    std::string channel = "stable";
    std::string directory;
    std::string window;
    std::string user;
    gate::Policy policy;
    Reader reader(&table, file, problem);
    reader.text("name", name);
    reader.text("channel", channel);
    reader.text("directory", directory);
    reader.text("window", window);
    reader.text("user", user);
    auto const* const rules = reader.section("policy");
    reader.done();
    if (rules) policy = read_policy(*rules, file, problem);
    if (!window.empty() && !policy.windows.empty()) {
        reader.problem(table, "'window' and 'windows' say the same thing: keep the one in [app.policy]");
    }
    auto const app = release::AppId::parse(name);
    auto const line = release::Channel::parse(channel);
    if (!app) reader.problem(table, app.error().detail);
    if (!line) reader.problem(table, line.error().detail);
    if (!std::filesystem::path(directory).is_absolute()) {
        reader.problem(table, fmt::format("'directory' of app {} must be an absolute path", name));
    }
    if (problem) return tl::unexpected<Error>(*problem);
    return AppConfig{{*app, *line, directory},         window, policy, rules ? text_of(*rules) : "",
                     rules && rules->contains("zone"), user};
}

Status check_sections(toml::table const& document, std::filesystem::path const& file) {
    for (auto const& [key, value] : document) {
        auto const name = key.str();
        if (name == "seeder" || name == "node" || name == "swarm" || name == "session") {
            if (value.is_table()) continue;
            return fail(Errc::malformed_config, fmt::format("{}:{}: '{}' must be written as a section: [{}]",
                                                            file.string(), value.source().begin.line, name, name));
        }
        if (name == "app") {
            if (value.is_array()) continue;
            return fail(Errc::malformed_config, fmt::format("{}:{}: each application is written as a section of its "
                                                            "own: [[app]]",
                                                            file.string(), value.source().begin.line));
        }
        return fail(Errc::malformed_config,
                    fmt::format("{}:{}: unknown section '{}' (known: seeder, node, swarm, session, app)", file.string(),
                                value.source().begin.line, name));
    }
    return {};
}

Status read_digest(char const* key, std::string const& text, std::filesystem::path const& file,
                   release::Digest& place) {
    if (!text.starts_with("sha256:")) {
        return fail(Errc::malformed_config,
                    fmt::format("{}: '{}' in [seeder] must be sha256:<64 hex digits>", file.string(), key));
    }
    auto const digest = release::Digest::from_hex(text.substr(7));
    if (!digest)
        return fail(Errc::malformed_config, fmt::format("{}: {}: {}", file.string(), key, digest.error().detail));
    place = *digest;
    return {};
}

Status read_sections(toml::table const& document, std::filesystem::path const& file, NodeConfig& config) {
    constexpr std::int64_t kMostKib = std::numeric_limits<std::int32_t>::max();
    std::optional<Error> problem;
    std::string digest;
    std::string ca_digest;
    std::int64_t poll = config.poll.count();
    Reader seeder(section(document, "seeder"), file, problem);
    seeder.text("url", config.seeder_url);
    seeder.text("root_digest", digest);
    seeder.text("ca_digest", ca_digest);
    seeder.texts("mirrors", config.mirrors);
    seeder.done();
    Reader node(section(document, "node"), file, problem);
    node.text("id", config.id);
    node.text("name", config.name);
    node.number("poll_seconds", poll, 1, 7 * 24 * 3600);
    node.done();
    Reader swarm(section(document, "swarm"), file, problem);
    swarm.text("listen", config.swarm_listen);
    swarm.number("port", config.swarm_port, 0, kMaxPort);
    swarm.texts("networks", config.networks);
    swarm.number("upload_kib_per_second", config.upload_kib_per_second, 0, kMostKib);
    swarm.number("download_kib_per_second", config.download_kib_per_second, 0, kMostKib);
    swarm.flag("many_peers_per_address", config.many_peers_per_address);
    swarm.done();
    Reader session(section(document, "session"), file, problem);
    session.text("socket", config.session_socket);
    session.done();
    if (!config.session_socket.empty() && config.session_socket.front() != '/' && !problem) {
        problem.emplace(Errc::malformed_config, file.string() + ": 'socket' in [session] must be an absolute path");
    }
    if (problem) return tl::unexpected<Error>(*problem);
    config.poll = std::chrono::seconds(poll);

    if (auto const read = read_digest("root_digest", digest, file, config.root_digest); !read) return read;
    return read_digest("ca_digest", ca_digest, file, config.ca_digest);
}

Status read_apps(toml::table const& document, std::filesystem::path const& file, std::vector<AppConfig>& apps) {
    auto const* entries = document["app"].as_array();
    if (!entries) return {};
    for (auto const& entry : *entries) {
        auto const* table = entry.as_table();
        if (!table) return fail(Errc::malformed_config, file.string() + ": 'app' must be written as [[app]] tables");
        auto app = read_app(*table, file);
        if (!app) return pass_on(app);
        for (auto const& other : apps) {
            if (other.app.name != app->app.name && other.app.home != app->app.home) continue;
            return fail(
                Errc::malformed_config,
                fmt::format("{}:{}: application {} or its directory {} is named twice; each has its own", file.string(),
                            table->source().begin.line, app->app.name.text(), app->app.home.string()));
        }
        apps.push_back(std::move(*app));
    }
    return {};
}

std::string quoted(std::string const& text) {
    std::ostringstream out;
    out << toml::value<std::string>(text);
    return out.str();
}

std::string quoted(std::vector<std::string> const& texts) {
    std::string list;
    for (auto const& text : texts) list += (list.empty() ? "" : ", ") + quoted(text);
    return "[" + list + "]";
}

}  // namespace

Result<NodeConfig> NodeConfig::parse(std::string const& toml, std::filesystem::path const& file) {
    toml::table document;
    try {
        document = toml::parse(toml, file.string());
    } catch (toml::parse_error const& error) {
        return fail(Errc::malformed_config,
                    fmt::format("{}:{}: {}", file.string(), error.source().begin.line, error.description()));
    }
    if (auto const known = check_sections(document, file); !known) return pass_on(known);

    NodeConfig config;
    if (auto const read = read_sections(document, file, config); !read) return pass_on(read);
    if (auto const read = read_apps(document, file, config.apps); !read) return pass_on(read);
    if (config.seeder_url.empty() || config.id.size() != 32) {
        return fail(Errc::malformed_config,
                    fmt::format("{}: 'url' in [seeder] and 'id' in [node] are needed; join again into a new state "
                                "directory if they were lost",
                                file.string()));
    }
    return config;
}

Result<NodeConfig> NodeConfig::load(std::filesystem::path const& file) {
    auto const unreadable = [&](int why) {
        return fail(Errc::unusable_state,
                    fmt::format("{} cannot be read: {}; check its owner and mode, or run this as root", file.string(),
                                std::generic_category().message(why)));
    };
    errno = 0;
    std::ifstream in(file, std::ios::binary);
    if (!in && errno != ENOENT && errno != ENOTDIR) return unreadable(errno);
    if (!in) {
        return fail(Errc::not_joined, fmt::format("there is no {}: run `lanyard-node join` with the line that "
                                                  "`lanyard-seeder init` printed, or name the state with --state",
                                                  file.string()));
    }
    std::string toml(kMaxConfigBytes + 1, '\0');
    in.read(toml.data(), static_cast<std::streamsize>(toml.size()));
    if (in.bad()) return unreadable(errno);
    toml.resize(static_cast<std::size_t>(in.gcount()));
    if (toml.size() > kMaxConfigBytes) return fail(Errc::malformed_config, file.string() + " is larger than 256 KiB");
    return parse(toml, file);
}

std::string NodeConfig::to_toml() const {
    std::string out = fmt::format(
        "[seeder]\nurl = {}\nroot_digest = {}\nca_digest = {}\nmirrors = {}\n\n"
        "[node]\nid = {}\nname = {}\npoll_seconds = {}\n\n"
        "[swarm]\nlisten = {}\nport = {}\nnetworks = {}\nupload_kib_per_second = {}\n"
        "download_kib_per_second = {}\nmany_peers_per_address = {}\n",
        quoted(seeder_url), quoted("sha256:" + root_digest.to_hex()), quoted("sha256:" + ca_digest.to_hex()),
        quoted(mirrors), quoted(id), quoted(name), poll.count(), quoted(swarm_listen), swarm_port, quoted(networks),
        upload_kib_per_second, download_kib_per_second, many_peers_per_address);
    if (!session_socket.empty()) out += fmt::format("\n[session]\nsocket = {}\n", quoted(session_socket));
    for (auto const& entry : apps) {
        out += fmt::format("\n[[app]]\nname = {}\nchannel = {}\ndirectory = {}\n", quoted(entry.app.name.text()),
                           quoted(entry.app.channel.text()), quoted(entry.app.home.string()));
        if (!entry.window.empty()) out += fmt::format("window = {}\n", quoted(entry.window));
        if (!entry.user.empty()) out += fmt::format("user = {}\n", quoted(entry.user));
        if (!entry.policy_text.empty()) out += "[app.policy]\n" + entry.policy_text;
    }
    return out;
}

}  // namespace lanyard::console

#include "node/console/join.h"

#include <fmt/format.h>

#include "manifests/trust/envelope.h"
#include "manifests/trust/trusted_set.h"
#include "node/console/errc.h"
#include "proto/http/errc.h"
#include "proto/identity/token.h"

namespace lanyard::console {
namespace {

Result<release::Digest> parse_digest(char const* option, std::string const& text) {
    if (!text.starts_with("sha256:")) {
        return fail(Errc::wrong_usage,
                    std::string(option) + " must be sha256:<64 hex digits>, as lanyard-seeder init printed it");
    }
    auto const digest = release::Digest::from_hex(text.substr(7));
    if (!digest) return fail(Errc::wrong_usage, std::string(option) + ": " + digest.error().detail);
    return digest;
}

// "NAME[@CHANNEL][=DIR]"
Result<AppConfig> parse_app(std::string const& text, std::filesystem::path const& state, std::string const& window) {
    auto const equals = text.find('=');
    auto const who = text.substr(0, equals);
    auto const at = who.find('@');
    auto const name = release::AppId::parse(who.substr(0, at));
    if (!name) return pass_on(name, fmt::format("--app {}", text));
    auto const channel = release::Channel::parse(at == std::string::npos ? "stable" : who.substr(at + 1));
    if (!channel) return pass_on(channel, fmt::format("--app {}", text));
    std::filesystem::path home = state / "apps" / name->text();
    if (equals != std::string::npos) home = text.substr(equals + 1);
    if (!home.is_absolute()) {
        return fail(Errc::wrong_usage, fmt::format("--app {}: the directory must be an absolute path", text));
    }
    return AppConfig{{*name, *channel, home.lexically_normal()}, window};
}

}  // namespace

Result<JoinTerms> terms_from(Options const& options) {
    if (options.token.empty() && options.ca_digest.empty()) {
        return fail(
            Errc::wrong_usage,
            "--token is needed: `lanyard-seeder token new` prints the whole line; or --ca-digest, and an operator "
            "accepts this node");
    }
    if (options.token.empty()) {
        auto const digest = parse_digest("--ca-digest", options.ca_digest);
        if (!digest) return pass_on(digest);
        return JoinTerms{*digest, ""};
    }
    auto const token = identity::Token::parse(options.token);
    if (!token) return pass_on(token, "--token");
    auto const digest = release::Digest::from_raw(token->ca_sha256);
    if (!digest) return pass_on(digest, "--token");
    return JoinTerms{*digest, token->secret};
}

Result<NodeConfig> config_from(Options const& options, JoinTerms const& terms, std::string const& id,
                               std::string const& host_name) {
    NodeConfig config;
    auto const url = http::Url::parse(options.seeder);
    if (!url) return pass_on(url, "--seeder");
    if (url->scheme != http::Url::Scheme::https) {
        return fail(Errc::wrong_usage, "--seeder: a node speaks to its seeder over TLS only; write https://host:port");
    }
    config.seeder_url = url->to_string();
    auto const digest = parse_digest("--root-digest", options.root_digest);
    if (!digest) return pass_on(digest);
    config.root_digest = *digest;
    config.ca_digest = terms.ca_digest;
    config.id = id;
    config.name = (options.name.empty() ? host_name : options.name).substr(0, 64);
    if (options.poll_seconds) config.poll = std::chrono::seconds(*options.poll_seconds);
    if (options.swarm_listen) config.swarm_listen = *options.swarm_listen;
    if (options.swarm_port) config.swarm_port = *options.swarm_port;
    if (!options.networks.empty()) config.networks = options.networks;
    config.many_peers_per_address = options.many_peers_per_address;
    for (auto const& text : options.apps) {
        auto app = parse_app(text, options.state, options.window);
        if (!app) return pass_on(app);
        for (auto const& other : config.apps) {
            if (other.app.name == app->app.name || other.app.home == app->app.home) {
                return fail(Errc::wrong_usage,
                            fmt::format("--app {}: the application or its directory is named twice", text));
            }
        }
        config.apps.push_back(std::move(*app));
    }
    // What will be read at every start must be readable now.
    return NodeConfig::parse(config.to_toml(), "node.toml");
}

asio::awaitable<Result<std::string>> fetch_first_root(check::MetadataSource& source, NodeConfig const& config,
                                                      trust::TimePoint now) {
    std::string const name = "1.root.pb";
    auto root = co_await source.fetch(name, trust::kMaxRootBytes);
    if (!root) {
        if (root.error().code == http::Errc::not_found) {
            co_return fail(root.error().code, fmt::format("{} answers, but has no manifest: is it the URL that "
                                                          "lanyard-seeder init printed?",
                                                          config.seeder_url));
        }
        co_return pass_on(root);
    }
    auto const digest = trust::sha256(*root);
    if (digest != config.root_digest) {
        co_return fail(
            Errc::wrong_root_digest,
            fmt::format("the seeder's root has digest sha256:{}, not the one given: somebody else answers at "
                        "{}, or the join line belongs to another seeder; copy it again from the operator",
                        digest.to_hex(), config.seeder_url));
    }
    auto const trusted = trust::TrustedSet::from_trusted_root(*root, now);
    if (!trusted) co_return pass_on(trusted);
    co_return root;
}

}  // namespace lanyard::console

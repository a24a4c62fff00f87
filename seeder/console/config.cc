#include "seeder/console/config.h"

#include "proto/async/asio.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <limits>

#include "proto/http/message.h"
#include "proto/http/networks.h"
#include "proto/outcome/plain_text.h"
#include "seeder/console/errc.h"
#include "seeder/console/suggest.h"

namespace lanyard::console {
namespace {

constexpr std::uint32_t kMaxNodes = 1'000'000;

bool is_address(std::string const& text) {
    boost::system::error_code wrong;
    asio::ip::make_address(text, wrong);
    return !wrong;
}

bool is_network(std::string const& text) {
    boost::system::error_code not_v4;
    asio::ip::make_network_v4(text, not_v4);
    if (!not_v4) return true;
    boost::system::error_code not_v6;
    asio::ip::make_network_v6(text, not_v6);
    return !not_v6;
}

tl::unexpected<Error> wrong(std::string message) { return fail(Errc::wrong_usage, std::move(message)); }

// An address that goes on behind a NUL, say, is one to some readers and none to others.
std::optional<std::string> plain_text_in(toml::node const& node) {
    auto text = node.value_exact<std::string>();
    return text && is_plain(*text) ? text : std::nullopt;
}

// Reads one table: each setting is taken by its name, and what has not been taken at the end is unknown.
class Reader {
public:
    Reader(toml::table const& table, std::string name, std::string origin)
        : table_(table), name_(std::move(name)), origin_(std::move(origin)) {}

    template <class T>
    void take(std::string_view key, T& value) {
        known_.push_back(key);
        auto const* node = table_.get(key);
        if (!node || !status_) return;
        if constexpr (std::is_same_v<T, std::vector<std::string>>) {
            take_list(key, *node, value);
        } else if constexpr (std::is_same_v<T, std::string>) {
            assign(key, *node, plain_text_in(*node), value, "a text in quotes, without control characters");
        } else if constexpr (std::is_same_v<T, bool>) {
            assign(key, *node, node->value_exact<bool>(), value, "true or false");
        } else {
            take_number(key, *node, value);
        }
    }

    Status finish() {
        for (auto const& [key, node] : table_) {
            if (!status_) break;
            if (std::find(known_.begin(), known_.end(), key.str()) != known_.end()) continue;
            refuse(node, fmt::format("there is no setting '{}' in [{}]{}", key.str(), name_,
                                     did_you_mean(key.str(), known_)));
        }
        return status_;
    }

private:
    void refuse(toml::node const& node, std::string const& why) {
        status_ = fail(Errc::malformed_config, fmt::format("{}:{}: {}", origin_, node.source().begin.line, why));
    }

    template <class T>
    void assign(std::string_view key, toml::node const& node, std::optional<T> found, T& value, char const* wanted) {
        if (found) {
            value = std::move(*found);
        } else {
            refuse(node, fmt::format("'{}' must be {}", key, wanted));
        }
    }

    template <class T>
    void take_number(std::string_view key, toml::node const& node, T& value) {
        auto const found = node.value_exact<std::int64_t>();
        if (found && *found >= 0 && static_cast<std::uint64_t>(*found) <= std::numeric_limits<T>::max()) {
            value = static_cast<T>(*found);
        } else {
            refuse(node, fmt::format("'{}' must be a number from 0 to {}", key, std::numeric_limits<T>::max()));
        }
    }

    void take_list(std::string_view key, toml::node const& node, std::vector<std::string>& value) {
        auto const* list = node.as_array();
        if (!list) return refuse(node, fmt::format("'{}' must be a list of texts: [\"...\"]", key));
        value.clear();
        for (auto const& element : *list) {
            auto const text = plain_text_in(element);
            if (!text) {
                return refuse(element,
                              fmt::format("'{}' must hold texts in quotes only, without control characters", key));
            }
            value.push_back(*text);
        }
    }

    toml::table const& table_;
    std::string name_;
    std::string origin_;
    std::vector<std::string_view> known_;
    Status status_;
};

std::string list_of(std::vector<std::string> const& texts) {
    return texts.empty() ? "[]" : fmt::format("[\"{}\"]", fmt::join(texts, "\", \""));
}

constexpr std::string_view kTables[] = {"seeder", "swarm", "enrolment", "operators"};

Status check_tables(toml::table const& file, std::string const& origin) {
    for (auto const& [key, node] : file) {
        auto const known = std::find(std::begin(kTables), std::end(kTables), key.str()) != std::end(kTables);
        if (known && node.is_table()) continue;
        auto const why = known ? fmt::format("'{0}' must be a table: [{0}]", key.str())
                               : fmt::format("there is no table or setting '{}' here{}", key.str(),
                                             did_you_mean(key.str(), kTables));
        return fail(Errc::malformed_config, fmt::format("{}:{}: {}", origin, node.source().begin.line, why));
    }
    return {};
}

Result<Config> read(toml::table const& file, std::string const& origin) {
    if (auto const fine = check_tables(file, origin); !fine) return pass_on(fine);
    static toml::table const none;
    Config config;
    auto const* seeder_table = file.get_as<toml::table>("seeder");
    Reader seeder(seeder_table ? *seeder_table : none, "seeder", origin);
    seeder.take("url", config.url);
    seeder.take("listen", config.listen);
    seeder.take("port", config.port);
    seeder.take("shared_addresses", config.shared_addresses);
    if (auto const fine = seeder.finish(); !fine) return pass_on(fine);
    auto const* swarm_table = file.get_as<toml::table>("swarm");
    Reader swarm(swarm_table ? *swarm_table : none, "swarm", origin);
    swarm.take("port", config.swarm_port);
    swarm.take("networks", config.networks);
    swarm.take("upload_kib_per_second", config.upload_kib_per_second);
    swarm.take("expect_nodes", config.expect_nodes);
    swarm.take("many_peers_per_address", config.many_peers_per_address);
    if (auto const fine = swarm.finish(); !fine) return pass_on(fine);
    auto const* enrolment_table = file.get_as<toml::table>("enrolment");
    Reader enrolment(enrolment_table ? *enrolment_table : none, "enrolment", origin);
    enrolment.take("auto_accept", config.auto_accept);
    if (auto const fine = enrolment.finish(); !fine) return pass_on(fine);
    auto const* operators_table = file.get_as<toml::table>("operators");
    Reader operators(operators_table ? *operators_table : none, "operators", origin);
    operators.take("group", config.operators_group);
    if (auto const fine = operators.finish(); !fine) return pass_on(fine);
    if (config.url.empty()) {
        return fail(Errc::malformed_config, origin +
                                                ": [seeder] has no 'url': say what nodes connect to, such as "
                                                "url = \"https://seeder:8430\"");
    }
    if (auto const fine = check_config(config); !fine)
        return fail(Errc::malformed_config, origin + ": " + fine.error().detail);
    config.url = http::Url::parse(config.url)->to_string();
    return config;
}

}  // namespace

Result<Config> parse_config(std::string_view text, std::string const& origin) {
    try {
        return read(toml::parse(text), origin);
    } catch (toml::parse_error const& e) {
        return fail(Errc::malformed_config,
                    fmt::format("{}:{}: {}; correct that line", origin, e.source().begin.line, e.description()));
    }
}

Status check_config(Config const& config) {
    auto const url = http::Url::parse(config.url);
    if (!url) return wrong(url.error().detail);
    if (url->scheme != http::Url::Scheme::https) {
        return wrong(
            fmt::format("'{}' does not begin with https://: nodes speak to their seeder over TLS only; the same "
                        "port still answers plain HTTP for what is public",
                        config.url));
    }
    if (!is_address(config.listen)) {
        return wrong(
            fmt::format("'{}' cannot be listened on: it is no IP address; use 0.0.0.0 for all", config.listen));
    }
    if (config.port == 0) return wrong("port 0 cannot be listened on: nodes must know it; use 1 to 65535");
    if (config.port == config.swarm_port) {
        return wrong(fmt::format("port {} cannot serve both HTTP and the swarm: choose two", config.port));
    }
    if (config.expect_nodes == 0 || config.expect_nodes > kMaxNodes) {
        return wrong(fmt::format("{} nodes cannot be expected: use 1 to {}", config.expect_nodes, kMaxNodes));
    }
    if (auto const fine = http::Networks::parse(config.shared_addresses); !fine) return wrong(fine.error().detail);
    if (config.networks.empty()) return wrong("'networks' is empty: nobody could connect; name at least one network");
    for (auto const& network : config.networks) {
        if (!is_network(network)) {
            return wrong(fmt::format("'{}' is no network: write it as 192.168.0.0/16", network));
        }
    }
    if (auto const fine = http::Networks::parse(config.auto_accept); !fine) return wrong(fine.error().detail);
    return {};
}

std::string announce_url(Config const& config) {
    auto url = http::Url::parse(config.url).value_or(http::Url());
    url.scheme = http::Url::Scheme::http;
    return url.to_string() + "/announce";
}

std::string render_config(Config const& config) {
    return fmt::format(
        R"toml(# Settings of lanyard-seeder. A serving seeder reads them when it starts.

[seeder]
url = "{}"    # what nodes connect to; also stands in the torrents
listen = "{}"
port = {}
shared_addresses = {}    # such as ["192.0.2.7", "10.9.0.0/16"]: behind each address are many nodes (NAT), it may ask more

[swarm]
port = {}
# Peers of any other network are refused.
networks = {}
upload_kib_per_second = {}    # over all peers; 0: no limit
expect_nodes = {}    # how many fetch a release: decides the piece length
many_peers_per_address = {}    # nodes behind one address (NAT)

[enrolment]
# Nodes of these networks are accepted without a token: auto_accept = ["10.1.0.0/16"]
auto_accept = []

[operators]
# Members of this group of the system are operators at the local socket: group = "lanyard"
group = ""
)toml",
        config.url, config.listen, config.port, list_of(config.shared_addresses), config.swarm_port,
        list_of(config.networks), config.upload_kib_per_second, config.expect_nodes, config.many_peers_per_address);
}

}  // namespace lanyard::console

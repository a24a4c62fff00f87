#include "node/console/config.h"

#include <gtest/gtest.h>

#include "node/console/errc.h"
#include "node/console/join.h"
#include "proto/identity/key.h"
#include "proto/identity/token.h"
#include "tests/support/scratch.h"

namespace lanyard::console::config_test {
namespace {

std::string const kDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
std::string const kCaDigest = "sha256:" + std::string(64, 'c');
std::string const kId = "0123456789abcdef0123456789abcdef";

Options join_line() {
    Options options;
    options.verb = Verb::join;
    options.state = "/var/lib/lanyard-node";
    options.seeder = "https://seeder:8430";
    options.root_digest = kDigest;
    options.ca_digest = kCaDigest;
    options.apps = {"shop"};
    return options;
}

TEST(NodeConfig, IsNotSaidToBeMissingWhenItCannotBeRead) {
    support::Scratch const scratch;
    auto const file = scratch / "node.toml";
    EXPECT_EQ(NodeConfig::load(file).error().code, Errc::not_joined);
    std::filesystem::create_symlink("node.toml", file);
    auto const unreadable = NodeConfig::load(file);
    ASSERT_FALSE(unreadable);
    EXPECT_EQ(unreadable.error().code, Errc::unusable_state);
    EXPECT_NE(unreadable.error().detail.find("cannot be read"), std::string::npos);
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    EXPECT_EQ(NodeConfig::load(file).error().code, Errc::unusable_state);
}

TEST(NodeConfig, IsReadBackAsItWasWritten) {
    auto options = join_line();
    options.apps = {"shop@beta=/opt/shop", "mail"};
    options.window = "22:00-05:00";
    options.name = "pc \"17\"";
    options.networks = {"10.1.0.0/16"};
    options.poll_seconds = 60;
    auto const written = config_from(options, *terms_from(options), kId, "host");
    ASSERT_TRUE(written) << written.error().detail;
    auto const read = NodeConfig::parse(written->to_toml(), "node.toml");
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(read->seeder_url, "https://seeder:8430");
    EXPECT_EQ("sha256:" + read->root_digest.to_hex(), kDigest);
    EXPECT_EQ("sha256:" + read->ca_digest.to_hex(), kCaDigest);
    EXPECT_EQ(read->name, "pc \"17\"");
    EXPECT_EQ(read->poll, std::chrono::seconds(60));
    EXPECT_EQ(read->networks, std::vector<std::string>{"10.1.0.0/16"});
    EXPECT_TRUE(read->mirrors.empty());
    ASSERT_EQ(read->apps.size(), 2u);
    EXPECT_EQ(read->apps[0].app.channel.text(), "beta");
    EXPECT_EQ(read->apps[0].app.home, "/opt/shop");
    EXPECT_EQ(read->apps[0].window, "22:00-05:00");
    EXPECT_EQ(read->apps[1].app.home, "/var/lib/lanyard-node/apps/mail");
}

TEST(NodeConfig, KeepsMirrors) {
    auto config = config_from(join_line(), *terms_from(join_line()), kId, "host").value();
    config.mirrors = {"http://mirror-1", "http://mirror-2:8080"};
    EXPECT_EQ(NodeConfig::parse(config.to_toml(), "node.toml")->mirrors, config.mirrors);
}

TEST(NodeConfig, KeepsTheSocketOfTheSessionHelper) {
    auto config = config_from(join_line(), *terms_from(join_line()), kId, "host").value();
    EXPECT_EQ(config.session_socket, "") << "a server has none";
    config.session_socket = "/run/lanyard/session.sock";
    EXPECT_EQ(NodeConfig::parse(config.to_toml(), "node.toml")->session_socket, config.session_socket);
}

TEST(JoinTerms, ComeFromATokenOrADigestAndNeverFromNothing) {
    Options options;
    EXPECT_FALSE(terms_from(options));
    options.ca_digest = kCaDigest;
    auto const by_digest = terms_from(options);
    ASSERT_TRUE(by_digest);
    EXPECT_EQ("sha256:" + by_digest->ca_digest.to_hex(), kCaDigest);
    EXPECT_EQ(by_digest->token_secret, "");
    identity::Token const token{identity::sha256("ca"), identity::random_bytes(identity::Token::kSecretSize)};
    options.token = token.to_text();
    auto const by_token = terms_from(options);
    ASSERT_TRUE(by_token);
    EXPECT_EQ(by_token->ca_digest.to_raw(), token.ca_sha256);
    EXPECT_EQ(by_token->token_secret, token.secret);
    options.token.back() = options.token.back() == 'a' ? 'q' : 'a';
    options.token.front() = 'b';
    EXPECT_EQ(kind_of(terms_from(options).error().code), Kind::usage);
    options.token.clear();
    options.ca_digest = "md5:00";
    EXPECT_EQ(kind_of(terms_from(options).error().code), Kind::usage);
}

TEST(JoinTerms, AreForHttpsOnly) {
    auto options = join_line();
    options.seeder = "http://seeder:8430";
    auto const config = config_from(options, *terms_from(options), kId, "host");
    ASSERT_FALSE(config);
    EXPECT_EQ(kind_of(config.error().code), Kind::usage);
}

struct Wrong {
    char const* name;
    std::string toml;
    std::string says;
};

class NodeConfigRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(NodeConfigRefuses, AndSaysWhere) {
    auto const config = NodeConfig::parse(GetParam().toml, "node.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(kind_of(config.error().code), Kind::state);
    EXPECT_NE(config.error().detail.find(GetParam().says), std::string::npos) << config.error().detail;
}

std::string valid() {
    return "[seeder]\nurl = \"https://s\"\nroot_digest = \"" + kDigest + "\"\nca_digest = \"" + kCaDigest +
           "\"\n[node]\nid = \"" + kId + "\"\n";
}

INSTANTIATE_TEST_SUITE_P(
    , NodeConfigRefuses,
    testing::Values(Wrong{"BrokenToml", "[seeder\n", "node.toml:1"},
                    Wrong{"UnknownSection", valid() + "[sedeer]\n", "node.toml:7: unknown section 'sedeer'"},
                    Wrong{"UnknownKey", valid() + "[swarm]\nprot = 1\n", "node.toml:8: unknown key 'prot'"},
                    Wrong{"PortOutOfRange", valid() + "[swarm]\nport = 70000\n", "from 0 to 65535"},
                    Wrong{"RelativeSessionSocket", valid() + "[session]\nsocket = \"run.sock\"\n",
                          "'socket' in [session] must be an absolute path"},
                    Wrong{"TextForNumber", valid() + "[swarm]\nport = \"8431\"\n", "node.toml:8"},
                    Wrong{"RelativeDirectory", valid() + "[[app]]\nname = \"a\"\ndirectory = \"x\"\n", "absolute"},
                    Wrong{"BadAppName", valid() + "[[app]]\nname = \"../a\"\ndirectory = \"/x\"\n", "node.toml:7"},
                    Wrong{"AppTwice",
                          valid() + "[[app]]\nname = \"a\"\ndirectory = \"/x\"\n"
                                    "[[app]]\nname = \"a\"\ndirectory = \"/y\"\n",
                          "node.toml:10: application a"},
                    Wrong{"DirectoryTwice",
                          valid() + "[[app]]\nname = \"a\"\ndirectory = \"/x\"\n"
                                    "[[app]]\nname = \"b\"\ndirectory = \"/x\"\n",
                          "named twice"},
                    Wrong{"AppAsOneTable", valid() + "[app]\nname = \"a\"\ndirectory = \"/x\"\n", "[[app]]"},
                    Wrong{"SwarmAsNumber", "swarm = 3\n" + valid(),
                          "node.toml:1: 'swarm' must be written as a section"},
                    Wrong{"NoDigest", "[seeder]\nurl = \"https://s\"\n", "root_digest"}),
    [](auto const& instance) { return instance.param.name; });

TEST(JoinLine, RefusesADigestThatIsNone) {
    auto options = join_line();
    options.root_digest = "sha256:abc";
    auto const config = config_from(options, *terms_from(options), kId, "host");
    ASSERT_FALSE(config);
    EXPECT_EQ(kind_of(config.error().code), Kind::usage);
}

TEST(JoinLine, RefusesAnApplicationNamedTwice) {
    auto options = join_line();
    options.apps = {"shop", "shop@beta"};
    EXPECT_FALSE(config_from(options, *terms_from(options), kId, "host"));
}

TEST(JoinLine, RefusesARelativeDirectory) {
    auto options = join_line();
    options.apps = {"shop=opt"};
    EXPECT_FALSE(config_from(options, *terms_from(options), kId, "host"));
}

}  // namespace
}  // namespace lanyard::console::config_test

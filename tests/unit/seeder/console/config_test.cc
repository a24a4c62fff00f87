#include "seeder/console/config.h"

#include <gtest/gtest.h>

#include "seeder/console/errc.h"

namespace lanyard::console::config_test {
namespace {

TEST(Config, ReadsBackWhatItHasWritten) {
    Config config;
    config.url = "https://seeder.example:9000";
    config.listen = "::";
    config.port = 9000;
    config.shared_addresses = {"192.0.2.7", "10.9.0.0/16"};
    config.swarm_port = 0;
    config.networks = {"192.168.7.0/24", "fd00::/8"};
    config.upload_kib_per_second = 2048;
    config.expect_nodes = 12;
    config.many_peers_per_address = false;
    auto const back = parse_config(render_config(config), "seeder.toml");
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(render_config(*back), render_config(config));
    EXPECT_EQ(back->networks, config.networks);
    EXPECT_EQ(back->shared_addresses, config.shared_addresses);
}

TEST(Config, AUrlEndsInItsPort) {
    auto const config = parse_config("[seeder]\nurl = \"https://host:9000/\"\n", "seeder.toml");
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_EQ(config->url, "https://host:9000");
}

TEST(Config, WhatIsAbsentHasItsDefault) {
    auto const config = parse_config("[seeder]\nurl = \"https://seeder\"\n", "seeder.toml");
    ASSERT_TRUE(config) << config.error().detail;
    EXPECT_EQ(config->port, 8430);
    EXPECT_EQ(config->swarm_port, 8431);
    EXPECT_EQ(config->networks.size(), 4U);
}

struct Wrong {
    char const* name;
    char const* text;
    char const* message;
};

class ConfigRefuses : public testing::TestWithParam<Wrong> {};

TEST_P(ConfigRefuses, SayingWhereAndWhy) {
    auto const config = parse_config(GetParam().text, "seeder.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, Errc::malformed_config);
    EXPECT_EQ(config.error().detail, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    , ConfigRefuses,
    testing::Values(
        Wrong{"AMisspeltSetting", "[seeder]\nurl = \"https://s\"\nprot = 1\n",
              "seeder.toml:3: there is no setting 'prot' in [seeder]; did you mean 'port'?"},
        Wrong{"ASharedAddressThatIsNone", "[seeder]\nurl = \"https://s\"\nshared_addresses = [\"pc-7\"]\n",
              "seeder.toml: 'pc-7' is neither an address nor a network: write it as 192.0.2.7 or 192.0.2.0/24"},
        Wrong{"AStrangeSetting", "[swarm]\ncolour = 1\n", "seeder.toml:2: there is no setting 'colour' in [swarm]"},
        Wrong{"AMisspeltTable", "[seder]\nport = 1\n",
              "seeder.toml:1: there is no table or setting 'seder' here; did you mean 'seeder'?"},
        Wrong{"ATextForANumber", "[seeder]\nurl = \"https://s\"\nport = \"8430\"\n",
              "seeder.toml:3: 'port' must be a number from 0 to 65535"},
        Wrong{"APortThatIsNone", "[seeder]\nurl = \"https://s\"\nport = 70000\n",
              "seeder.toml:3: 'port' must be a number from 0 to 65535"},
        Wrong{"ANumberForAText", "[seeder]\nurl = 5\n",
              "seeder.toml:2: 'url' must be a text in quotes, without control characters"},
        Wrong{"ANetworkThatGoesOnBehindANul", "[swarm]\nnetworks = [\"88::\\u0000/8\"]\n",
              "seeder.toml:2: 'networks' must hold texts in quotes only, without control characters"},
        Wrong{"ATextForAList", "[swarm]\nnetworks = \"10.0.0.0/8\"\n",
              "seeder.toml:2: 'networks' must be a list of texts: [\"...\"]"},
        Wrong{"ANetworkThatIsNone", "[seeder]\nurl = \"https://s\"\n[swarm]\nnetworks = [\"10.0.0.0\"]\n",
              "seeder.toml: '10.0.0.0' is no network: write it as 192.168.0.0/16"},
        Wrong{"AnAddressThatIsNone", "[seeder]\nurl = \"https://s\"\nlisten = \"eth0\"\n",
              "seeder.toml: 'eth0' cannot be listened on: it is no IP address; use 0.0.0.0 for all"},
        Wrong{"TwoServersOnOnePort", "[seeder]\nurl = \"https://s\"\nport = 8431\n",
              "seeder.toml: port 8431 cannot serve both HTTP and the swarm: choose two"},
        Wrong{"NoUrl", "[seeder]\nport = 1\n",
              "seeder.toml: [seeder] has no 'url': say what nodes connect to, such as url = \"https://seeder:8430\""}),
    [](auto const& instance) { return instance.param.name; });

TEST(Config, NamesTheLineOfASyntaxError) {
    auto const config = parse_config("[seeder]\nurl = \n", "seeder.toml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().detail.substr(0, 14), "seeder.toml:2:");
}

}  // namespace
}  // namespace lanyard::console::config_test

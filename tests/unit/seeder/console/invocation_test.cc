#include "seeder/console/invocation.h"

#include <gtest/gtest.h>

#include "seeder/console/errc.h"

namespace lanyard::console::invocation_test {
namespace {

Result<std::variant<Invocation, Help>> parse(std::vector<char const*> words) {
    words.insert(words.begin(), "lanyard-seeder");
    return parse_command_line(static_cast<int>(words.size()), words.data());
}

template <class Options>
Options options_of(std::vector<char const*> words) {
    auto const parsed = parse(std::move(words));
    EXPECT_TRUE(parsed) << parsed.error().detail;
    return std::get<Options>(std::get<Invocation>(*parsed).command);
}

std::string complaint(std::vector<char const*> words) {
    auto const parsed = parse(std::move(words));
    EXPECT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code, Errc::wrong_usage);
    return parsed.error().detail;
}

TEST(Invocation, StateAndJsonMayStandBeforeOrAfterTheCommand) {
    for (auto const& words : {std::vector<char const*>{"--state", "/s", "--json", "release", "list"},
                              std::vector<char const*>{"release", "list", "--json", "--state", "/s"}}) {
        auto const parsed = parse(words);
        ASSERT_TRUE(parsed) << parsed.error().detail;
        EXPECT_EQ(std::get<Invocation>(*parsed).state, "/s");
        EXPECT_TRUE(std::get<Invocation>(*parsed).json);
    }
}

TEST(Invocation, PublishTakesItsOptionsInAnyOrder) {
    auto const options = options_of<PublishOptions>({"publish", "--port", "80", "./dir", "--app", "shop", "--version",
                                                     "1.0.0", "--port", "443,8080", "--health", "tcp:80"});
    EXPECT_EQ(options.source, "./dir");
    EXPECT_EQ(options.version, "1.0.0");
    EXPECT_EQ(options.channel, "stable");
    EXPECT_EQ(options.ports, (std::vector<std::uint16_t>{80, 443, 8080}));
    EXPECT_FALSE(options.platform);
}

TEST(Invocation, InitHasTheDocumentedDefaults) {
    auto const options = options_of<InitOptions>({"init"});
    EXPECT_FALSE(options.url);
    EXPECT_EQ(options.listen, "0.0.0.0");
    EXPECT_EQ(options.port, 8430);
    EXPECT_EQ(options.swarm_port, 8431);
}

TEST(Invocation, WithdrawNamesItsRelease) {
    auto const options = options_of<WithdrawOptions>({"release", "withdraw", "shop", "1.0.0", "--channel", "beta"});
    EXPECT_EQ(options.app, "shop");
    EXPECT_EQ(options.version, "1.0.0");
    EXPECT_EQ(options.channel, "beta");
}

TEST(Invocation, HelpBeginsWithExamples) {
    auto const parsed = parse({"publish", "--help"});
    ASSERT_TRUE(parsed);
    auto const& text = std::get<Help>(*parsed).text;
    EXPECT_LT(text.find("Examples:"), text.find("--channel"));
}

TEST(Invocation, AMissingOptionIsNamed) {
    EXPECT_EQ(complaint({"publish", "./dir", "--app", "shop"}),
              "--version is required; see `lanyard-seeder publish --help`");
}

TEST(Invocation, AMisspeltWordIsCorrected) {
    EXPECT_EQ(
        complaint({"pubish", "./dir"}),
        "'pubish' is no command or argument of lanyard-seeder; did you mean 'publish'? See `lanyard-seeder --help`");
    EXPECT_EQ(
        complaint({"publish", "d", "--app", "a", "--version", "1.0.0", "--chanel", "x"}),
        "'--chanel' is no option of lanyard-seeder publish; did you mean '--channel'? See `lanyard-seeder publish "
        "--help`");
    EXPECT_EQ(complaint({"release", "lst"}),
              "'lst' is no command or argument of lanyard-seeder release; did you mean 'list'? See `lanyard-seeder "
              "release --help`");
}

TEST(Invocation, ANumberThatDoesNotFitIsRefused) {
    EXPECT_NE(complaint({"init", "--port", "99999"}).find("--port"), std::string::npos);
    EXPECT_NE(complaint({"init", "--port", "-1"}).find("--port"), std::string::npos);
    auto const said = complaint({"publish", "d", "--app", "a", "--version", "1.0.0", "--start-seconds", "90000"});
    EXPECT_NE(said.find("--start-seconds"), std::string::npos) << said;
    EXPECT_NE(said.find("86400"), std::string::npos) << said;
    EXPECT_NE(complaint({"init", "--port", "99999"}).find("65535"), std::string::npos);
}

TEST(Invocation, ACommandIsRequired) { EXPECT_NE(complaint({}).find("--help"), std::string::npos); }

}  // namespace
}  // namespace lanyard::console::invocation_test

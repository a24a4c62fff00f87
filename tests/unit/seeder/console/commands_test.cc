#include "seeder/console/commands.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/support/scratch.h"

namespace lanyard::console {
namespace {

namespace fs = std::filesystem;
using support::write_file;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};

// The commands on a state directory of their own, and what they said.
class CommandsTest : public testing::Test {
protected:
    int init() {
        InitOptions options;
        options.url = "http://seeder:8430";
        options.listen = "0.0.0.0";
        options.port = 8430;
        options.swarm_port = 8431;
        options.expect_nodes = 50;
        return conclude(console::init(dir_, options, false, kNow, terminal_), terminal_);
    }

    PublishOptions release(std::string const& version) {
        PublishOptions options;
        options.source = scratch_ / "shop";
        options.app = "shop";
        options.version = version;
        options.channel = "stable";
        options.platform = "linux/amd64";
        return options;
    }

    int publish(PublishOptions const& options) {
        return conclude(publish_release(dir_, options, false, kNow, terminal_), terminal_);
    }

    bool said(std::string const& words) const { return err_.str().find(words) != std::string::npos; }

    support::Scratch scratch_;
    StateDir dir_{scratch_ / "state"};
    std::ostringstream out_;
    std::ostringstream err_;
    Terminal terminal_{out_, err_};
};

TEST_F(CommandsTest, InitLeavesADirectoryAloneThatIsSomebodyElses) {
    write_file(dir_.root() / "letter.txt", "dear");
    auto const mode = fs::perms::all | fs::perms::sticky_bit;
    fs::permissions(dir_.root(), mode);
    EXPECT_EQ(init(), 4);
    EXPECT_TRUE(said("letter.txt"));
    EXPECT_EQ(fs::status(dir_.root()).permissions(), mode);
    EXPECT_FALSE(fs::exists(dir_.keys()));
}

TEST_F(CommandsTest, InitKeepsTheModeOfAnEmptyDirectoryThatIsThere) {
    fs::create_directory(dir_.root());
    fs::permissions(dir_.root(), fs::perms::owner_all);
    EXPECT_EQ(init(), 0) << err_.str();
    EXPECT_EQ(fs::status(dir_.root()).permissions(), fs::perms::owner_all);
    EXPECT_EQ(fs::status(dir_.keys()).permissions(), fs::perms::owner_all);
}

TEST_F(CommandsTest, InitCompletesAnInitThatWasKilled) {
    ASSERT_EQ(init(), 0);
    fs::remove(dir_.config());
    EXPECT_EQ(init(), 0) << err_.str();
}

TEST_F(CommandsTest, PublishRefusesTheKeysOfTheSeeder) {
    ASSERT_EQ(init(), 0);
    for (auto const& source : {dir_.keys(), dir_.key("root"), dir_.database(), dir_.root()}) {
        auto options = release("1.0.0");
        options.source = source;
        EXPECT_EQ(publish(options), 2) << source;
    }
    EXPECT_TRUE(said("state directory"));
    EXPECT_TRUE(fs::is_empty(dir_.packages()));
}

}  // namespace
}  // namespace lanyard::console

#include "seeder/console/commands.h"

#include <gtest/gtest.h>

#include <sstream>

#include "seeder/console/key_folder.h"
#include "tests/support/binaries.h"
#include "tests/support/scratch.h"

namespace lanyard::console::commands_test {
namespace {

namespace fs = std::filesystem;
using support::write_file;

constexpr trust::TimePoint kNow{std::chrono::seconds(1'800'000'000)};

// The commands on a state directory of their own, and what they said.
class CommandsTest : public testing::Test {
protected:
    int init() {
        InitOptions options;
        options.url = "https://seeder:8430";
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
        return conclude(publish_release(dir_, options, false, clock_, terminal_), terminal_);
    }

    bool said(std::string const& words) const { return err_.str().find(words) != std::string::npos; }

    std::vector<std::string> packages() const {
        std::vector<std::string> names;
        for (auto const& entry : fs::directory_iterator(dir_.packages())) names.push_back(entry.path().filename());
        return names;
    }

    WallClock clock_ = [] { return kNow; };
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

TEST_F(CommandsTest, PublishTakesAnInstallerWithItsSwitchesAndExitCodes) {
    ASSERT_EQ(init(), 0);
    write_file(scratch_ / "setup", support::pe(0x8664, 0));
    auto options = release("1.0.0");
    options.source = scratch_ / "setup";
    options.type = "exe";
    options.platform = "windows/amd64";
    options.product = "Shop_is1";
    options.remove_command = "unins000.exe /VERYSILENT";
    options.arguments = {"/VERYSILENT", "/NORESTART"};
    options.exit_codes = {"8=restart", "4294967295=failed"};
    ASSERT_EQ(publish(options), 0) << err_.str();

    auto const refused = [&](auto change, char const* word) {
        auto changed = options;
        changed.version = "2.0.0";
        change(changed);
        err_.str("");
        EXPECT_EQ(publish(changed), 2) << word;
        EXPECT_TRUE(said(word)) << err_.str();
    };
    refused([](auto& o) { o.exit_codes = {"8"}; }, "--exit-code '8'");
    refused([](auto& o) { o.exit_codes = {"=done"}; }, "--exit-code '=done'");
    refused([](auto& o) { o.exit_codes = {"8=maybe"}; }, "one of done, restart, busy, failed");
    refused([](auto& o) { o.exit_codes = {"4294967296=done"}; }, "--exit-code");
    refused([](auto& o) { o.product.clear(); }, "--product is empty");
    refused([](auto& o) { o.remove_command.clear(); }, "--remove-command is empty");
    refused([](auto& o) { o.platform = "linux/amd64"; }, "is for windows");
    refused([](auto& o) { o.arguments = {"caf\xe9"}; }, "UTF-8");
    refused([](auto& o) { o.type = "apk"; }, "use one of tree, file, plugin, deb");
    refused(
        [](auto& o) {
            o.type = "msi";
            o.remove_command.clear();
        },
        "a program for Windows");
}

TEST_F(CommandsTest, APublishThatFailsLeavesNoPackageAndTheNextOneSweeps) {
    ASSERT_EQ(init(), 0);
    write_file(scratch_ / "shop" / "tool", "tool");
    clock_ = [] { return kNow - std::chrono::days(2); };
    EXPECT_EQ(publish(release("1.0.0")), 5);
    EXPECT_TRUE(said("clock"));
    EXPECT_TRUE(packages().empty());
    clock_ = [] { return kNow; };
    write_file(dir_.packages() / std::string(64, 'a'), "left by a publish that was killed");
    write_file(dir_.packages() / "README", "somebody's");
    ASSERT_EQ(publish(release("1.0.0")), 0) << err_.str();
    EXPECT_EQ(packages().size(), 4U);
}

TEST_F(CommandsTest, AWithdrawnPackageGoesUnlessAnotherReleaseHasTheSameBytes) {
    ASSERT_EQ(init(), 0);
    write_file(scratch_ / "shop" / "tool", "tool");
    ASSERT_EQ(publish(release("1.0.0")), 0) << err_.str();
    ASSERT_EQ(publish(release("1.1.0")), 0) << err_.str();
    WithdrawOptions which;
    which.app = "shop";
    which.version = "1.0.0";
    ASSERT_TRUE(withdraw_release(dir_, which, false, clock_, terminal_));
    EXPECT_EQ(packages().size(), 3U);
    which.version = "1.1.0";
    ASSERT_TRUE(withdraw_release(dir_, which, false, clock_, terminal_));
    EXPECT_TRUE(packages().empty());
}

TEST_F(CommandsTest, ASecondReleaseOfTheSameBytesKeepsTheSignedTorrent) {
    ASSERT_EQ(init(), 0);
    write_file(scratch_ / "shop" / "tool", "tool");
    ASSERT_EQ(publish(release("1.0.0")), 0) << err_.str();
    fs::path torrent;
    for (auto const& name : packages()) {
        if (name.ends_with(".torrent")) torrent = dir_.packages() / name;
    }
    auto const bytes = support::read_file(torrent);
    fs::remove(torrent);
    ASSERT_EQ(publish(release("1.1.0")), 0) << err_.str();
    EXPECT_EQ(support::read_file(torrent), bytes);
    fs::remove(torrent);
    auto config = support::read_file(dir_.config());
    config.replace(config.find("https://seeder"), 14, "https://other");
    write_file(dir_.config(), config);
    EXPECT_EQ(publish(release("1.2.0")), 5);
    EXPECT_TRUE(said(torrent.string()));
}

TEST_F(CommandsTest, TextThatIsNotUtf8IsRefusedBeforeAnythingIsPacked) {
    ASSERT_EQ(init(), 0);
    write_file(scratch_ / "shop" / "tool", "tool");
    for (auto const* bad : {"\xff", "caf\xe9", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
        auto options = release("1.0.0");
        options.notes = bad;
        EXPECT_EQ(publish(options), 2);
    }
    EXPECT_TRUE(said("--notes is not UTF-8"));
    auto options = release("1.0.0");
    options.notes = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80";
    EXPECT_EQ(publish(options), 0) << err_.str();
}

TEST_F(CommandsTest, WhatIsWrongIsSaidInTheNamesOfOptions) {
    auto options = release("1.0.0");
    options.stop_seconds = 90'000;
    EXPECT_EQ(publish(options), 2);
    EXPECT_TRUE(said("--stop-seconds is 90000")) << err_.str();
}

TEST_F(CommandsTest, AWrongKeyIsNamed) {
    ASSERT_EQ(init(), 0);
    auto state = open_state(dir_.root());
    ASSERT_TRUE(state);
    KeyFolder keys(dir_, kServingRoles, {});
    EXPECT_TRUE(check_keys(keys, state->database));
    fs::remove(dir_.key("timestamp"));
    fs::copy_file(dir_.key("snapshot"), dir_.key("timestamp"));
    fs::permissions(dir_.key("timestamp"), fs::perms::owner_read | fs::perms::owner_write);
    auto const checked = check_keys(keys, state->database);
    ASSERT_FALSE(checked);
    EXPECT_EQ(kind_of(checked.error().code), Kind::state);
    EXPECT_NE(checked.error().detail.find("timestamp.pem"), std::string::npos);
}

TEST_F(CommandsTest, MissingPublicFilesAreAMatterOfTheState) {
    ASSERT_EQ(init(), 0);
    write_file(scratch_ / "shop" / "tool", "tool");
    fs::remove_all(dir_.packages().parent_path());
    EXPECT_EQ(publish(release("1.0.0")), 5);
    EXPECT_TRUE(said("public"));
}

}  // namespace
}  // namespace lanyard::console::commands_test

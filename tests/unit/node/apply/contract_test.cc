// What the installers of the operating systems are asked, and what their answers mean.
#include <gtest/gtest.h>

#include "node/apply/errc.h"
#include "node/apply/toolbox.h"
#include "tests/support/sample_target.h"

namespace lanyard::apply {
namespace {

using release::PackageType;
using Words = std::vector<std::string>;

class ContractTest : public testing::Test {
protected:
    static PackageFile package(PackageType type, std::string const& version = "1.2.0") {
        auto message = support::sample_message("shop", version, 1);
        std::string const word(release::text(type));
        std::string const system(release::system_of(type));
        auto const os = system.empty() ? std::string("linux") : system;
        message.set_type(release::type_to_proto(type));
        message.mutable_platform()->set_os(os);
        message.set_path("shop/stable/" + version + "/" + os + "-amd64/shop-" + version + "." + word);
        auto& installer = *message.mutable_install()->mutable_installer();
        bool const by_product = type == PackageType::exe || type == PackageType::msi || type == PackageType::pkg;
        if (by_product) installer.set_product(type == PackageType::pkg ? "com.example.shop" : "{1A-2B}");
        if (type == PackageType::exe) {
            installer.add_arguments("/VERYSILENT");
            installer.set_remove_command("\"C:\\Shop\\unins000.exe\" /VERYSILENT");
        }
        return {support::sample_target(message), "/apps/shop/versions/" + version + "/shop." + word};
    }
    Tool const& tool(PackageType type) const { return tools.of(type); }
    Verdict judge(PackageFile const& of, Step step, Exit const& exit) const {
        return tool(of.target.type).judge(step, of, identity, exit);
    }
    Words words(PackageFile const& of, Step step) const {
        auto const calls = tool(of.target.type).calls(step, of, identity);
        return calls.empty() ? Words() : calls.front().words;
    }

    Toolbox tools{true, true};
    Identity identity{"shop:amd64", "1.2.0-1"};
};

// https://learn.microsoft.com/en-us/windows/win32/msi/error-codes
TEST_F(ContractTest, WindowsExitCodesMeanWhatMicrosoftSays) {
    struct Row {
        std::uint32_t code;
        Verdict installing;
        Verdict removing;
    };
    Row const rows[] = {
        {0, Verdict::done, Verdict::done},
        {1602, Verdict::failed, Verdict::failed},  // the user has cancelled
        {1603, Verdict::failed, Verdict::failed},  // a fatal error
        {1605, Verdict::failed, Verdict::done},    // not installed
        {1614, Verdict::failed, Verdict::done},    // uninstalled
        {1618, Verdict::busy, Verdict::busy},      // another installation is under way
        {1619, Verdict::failed, Verdict::failed},  // the package cannot be opened
        {1625, Verdict::failed, Verdict::failed},  // forbidden by policy
        {1633, Verdict::failed, Verdict::failed},  // another processor
        {1638, Verdict::failed, Verdict::failed},  // another version is installed
        {1641, Verdict::done_after_restart, Verdict::done_after_restart},
        {3010, Verdict::done_after_restart, Verdict::done_after_restart},
        {0xC0000005, Verdict::failed, Verdict::failed},  // the installer has crashed
    };
    for (auto const type : {PackageType::msi, PackageType::exe}) {
        for (auto const& row : rows) {
            EXPECT_EQ(judge(package(type), Step::install, {row.code}), row.installing) << row.code;
            EXPECT_EQ(judge(package(type), Step::remove, {row.code}), row.removing) << row.code;
        }
        EXPECT_EQ(judge(package(type), Step::install, {0, "", true}), Verdict::failed) << "it never ended";
    }
}

TEST_F(ContractTest, TheSignedMeaningOfACodeGoesBeforeTheUsualOne) {
    for (auto const type : {PackageType::exe, PackageType::msi, PackageType::pkg, PackageType::dmg}) {
        auto odd = package(type);
        odd.target.install.installer.exit_codes = {{0, release::ExitMeaning::failed},
                                                   {8, release::ExitMeaning::done_after_restart},
                                                   {9, release::ExitMeaning::busy},
                                                   {10, release::ExitMeaning::done}};
        EXPECT_EQ(judge(odd, Step::install, {0}), Verdict::failed);
        EXPECT_EQ(judge(odd, Step::install, {8}), Verdict::done_after_restart);
        EXPECT_EQ(judge(odd, Step::install, {9}), Verdict::busy);
        EXPECT_EQ(judge(odd, Step::install, {10}), Verdict::done);
        EXPECT_EQ(judge(odd, Step::install, {11}), Verdict::failed);
    }
}

TEST_F(ContractTest, WindowsInstallersAskNobodyAndRestartNothing) {
    auto msi = package(PackageType::msi);
    msi.target.install.installer.arguments = {"ALLUSERS=1"};
    EXPECT_EQ(words(msi, Step::install),
              (Words{"msiexec", "/i", msi.file.string(), "/qn", "/norestart", "ALLUSERS=1"}));
    identity.name = "{1A-2B}";
    EXPECT_EQ(words(msi, Step::remove), (Words{"msiexec", "/x", "{1A-2B}", "/qn", "/norestart"}));
    auto const exe = package(PackageType::exe);
    EXPECT_EQ(words(exe, Step::install), (Words{exe.file.string(), "/VERYSILENT"}));
    EXPECT_EQ(words(exe, Step::remove).back(), "\"C:\\Shop\\unins000.exe\" /VERYSILENT");
    EXPECT_TRUE(tool(PackageType::exe).removes_before_going_back());
}

TEST_F(ContractTest, WindowsIsAskedInTheRegistry) {
    auto const msi = package(PackageType::msi);
    auto const known = tool(PackageType::msi).identity(msi, {}).value();
    EXPECT_EQ(known, (Identity{"{1A-2B}", "1.2.0"}));
    auto const call = tool(PackageType::msi).query(msi, known);
    EXPECT_EQ(call.words[2], "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\{1A-2B}");
    EXPECT_EQ(call.words.back(), "/reg:64");

    // As reg.exe prints it.
    std::string const answer =
        "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\{1A-2B}\r\n"
        "    DisplayVersion    REG_SZ    1.2.0\r\n\r\n";
    auto const whole = tool(PackageType::msi).presence({0, answer});
    EXPECT_EQ(whole.condition, Condition::whole);
    EXPECT_EQ(whole.version, "1.2.0");
    std::string const absent = "ERROR: The system was unable to find the specified registry key or value.\r\n";
    EXPECT_EQ(tool(PackageType::exe).presence({1, absent}).condition, Condition::absent);

    auto other = package(PackageType::exe);
    other.target.install.installer.product_version = "1.2.0.77";
    EXPECT_EQ(tool(PackageType::exe).identity(other, {}).value().version, "1.2.0.77");
}

TEST_F(ContractTest, MacosIsAskedByReceipt) {
    auto const pkg = package(PackageType::pkg);
    auto const known = tool(PackageType::pkg).identity(pkg, {}).value();
    EXPECT_EQ(known, (Identity{"com.example.shop", "1.2.0"}));
    EXPECT_EQ(tool(PackageType::pkg).query(pkg, known).words, (Words{"pkgutil", "--pkg-info", "com.example.shop"}));
    // As pkgutil prints it.
    auto const there = tool(PackageType::pkg)
                           .presence({0,
                                      "package-id: com.example.shop\nversion: 1.2.0\nvolume: /\nlocation: \n"
                                      "install-time: 1700000000\n"});
    EXPECT_EQ(there.condition, Condition::whole);
    EXPECT_EQ(there.version, "1.2.0");
    auto const none = tool(PackageType::pkg).presence({1, "No receipt for 'com.example.shop' found at '/'.\n"});
    EXPECT_EQ(none.condition, Condition::absent);
    EXPECT_EQ(words(pkg, Step::install), (Words{"installer", "-pkg", pkg.file.string(), "-target", "/"}));
    EXPECT_EQ(judge(pkg, Step::install, {1, "installer: Error - the package is damaged"}), Verdict::failed);
    EXPECT_TRUE(words(pkg, Step::remove).empty());
    auto removable = pkg;
    removable.target.install.installer.remove_command = "rm -rf /Applications/Shop.app";
    EXPECT_EQ(words(removable, Step::remove).back(), "rm -rf /Applications/Shop.app");
}

TEST_F(ContractTest, ADiskImageIsCopiedIntoItsRelease) {
    auto const dmg = package(PackageType::dmg);
    auto const known = tool(PackageType::dmg).identity(dmg, {}).value();
    EXPECT_EQ(known, (Identity{"shop", "1.2.0"}));
    auto const call = words(dmg, Step::install);
    EXPECT_EQ(call[4], dmg.file.string());
    EXPECT_EQ(call[5], "/apps/shop/versions/1.2.0");
    EXPECT_EQ(tool(PackageType::dmg).presence({1, "cat: No such file or directory"}).condition, Condition::absent);
    EXPECT_EQ(tool(PackageType::dmg).presence({0, "version: 1.2.0\n"}).condition, Condition::whole);
    EXPECT_EQ(tool(PackageType::dmg).presence({0, ""}).condition, Condition::broken);
    EXPECT_EQ(judge(dmg, Step::install, {65, "must hold exactly one application"}), Verdict::failed);
}

TEST_F(ContractTest, DpkgTellsAPackageByItsControlFile) {
    auto const deb = package(PackageType::deb);
    auto const known = tool(PackageType::deb).identity(deb, {0, "shop\t1.2.0-1\tamd64\n"});
    ASSERT_TRUE(known);
    EXPECT_EQ(*known, identity);
    EXPECT_EQ(tool(PackageType::deb).identity(deb, {0, "shop\t1.2.0-1\tall\n"})->name, "shop");
    auto const broken =
        tool(PackageType::deb).identity(deb, {2, "dpkg-deb: error: 'shop.deb' is not a Debian format archive"});
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, Errc::refused_by_installer);
}

TEST_F(ContractTest, DpkgsDatabaseDecidesWhatIsWhole) {
    std::pair<char const*, Condition> const answers[] = {
        {"installed\tok\t1.2.0-1\n", Condition::whole},
        {"installed\treinstreq\t1.2.0-1\n", Condition::broken},
        {"half-installed\treinstreq\t1.2.0-1\n", Condition::broken},
        {"unpacked\tok\t1.2.0-1\n", Condition::broken},
        {"half-configured\tok\t1.2.0-1\n", Condition::broken},
        {"triggers-awaited\tok\t1.2.0-1\n", Condition::broken},
        {"config-files\tok\t1.2.0-1\n", Condition::absent},
        {"not-installed\tok\t\n", Condition::absent},
        {"dpkg-query: no packages found matching shop:amd64\n", Condition::absent},
        {"dpkg-query: warning: something odd\ninstalled\tok\t1.2.0-1\n", Condition::whole},
    };
    for (auto const& [answer, condition] : answers) {
        EXPECT_EQ(tool(PackageType::deb).presence({0, answer}).condition, condition) << answer;
    }
}

TEST_F(ContractTest, ARehearsalOfDpkgFetchesNothingAndTouchesNothingElse) {
    auto const deb = package(PackageType::deb);
    auto const calls = tool(PackageType::deb).calls(Step::rehearse, deb, identity);
    ASSERT_EQ(calls.size(), 2u);
    EXPECT_EQ(calls[0].words.back(), deb.file.string());
    EXPECT_EQ(judge(deb, Step::rehearse, {0, "Inst shop (1.2.0-1 local-deb [amd64])\nConf shop (1.2.0-1 local-deb)\n"}),
              Verdict::done);
    EXPECT_EQ(judge(deb, Step::rehearse, {0, "Inst libshop1 (1.0 Debian:12 [amd64])\nInst shop (1.2.0-1 local-deb)\n"}),
              Verdict::failed);
    EXPECT_EQ(judge(deb, Step::rehearse, {0, "Remv other [1.0]\nInst shop (1.2.0-1 local-deb)\n"}), Verdict::failed);
    EXPECT_EQ(judge(deb, Step::rehearse, {100, "shop : Depends: nothere but it is not installable"}), Verdict::failed);
    EXPECT_EQ(Dpkg(false).calls(Step::rehearse, deb, identity).size(), 1u);
}

TEST_F(ContractTest, ABundleIsOneCallOfItsTool) {
    PackageFile debs{package(PackageType::deb).target, "/apps/shop/versions/1.2.0"};
    debs.target.type = PackageType::debs;
    auto const known = tool(PackageType::debs).identity(debs, {0, "shop\t2-1\tamd64\na-lib\t1-1\tall\n"});
    ASSERT_TRUE(known);
    EXPECT_EQ(*known, (Identity{"a-lib shop:amd64", "1-1 2-1"}));
    EXPECT_FALSE(tool(PackageType::debs).identity(debs, {0, "shop\t2-1\tall\nshop\t1-1\tall\n"})) << "one name twice";
    auto const install = tool(PackageType::debs).calls(Step::install, debs, *known).front().words;
    EXPECT_EQ(install[2], "d=$1; shift; exec \"$@\" \"$d\"/*.deb");
    EXPECT_EQ(install[4], debs.file.string());
    EXPECT_EQ(install.back(), "--install");
    auto const remove = tool(PackageType::debs).calls(Step::remove, debs, *known).front().words;
    EXPECT_EQ((Words{remove.end() - 2, remove.end()}), (Words{"a-lib", "shop:amd64"}));
    identity = *known;
    EXPECT_EQ(judge(debs, Step::rehearse, {0, "Inst a-lib (1-1)\nInst shop (2-1)\n"}), Verdict::done);
    EXPECT_EQ(judge(debs, Step::rehearse, {0, "Inst a-lib (1-1)\nInst other (2-1)\n"}), Verdict::failed);
    EXPECT_EQ(without(*known, {"shop:amd64", "1-1"}), (Identity{"a-lib", "1-1"}));
}

TEST_F(ContractTest, AHeldLockIsWaitedFor) {
    auto const deb = package(PackageType::deb);
    EXPECT_EQ(
        judge(deb, Step::install, {2, "dpkg: error: dpkg frontend lock was locked by another process with pid 7"}),
        Verdict::busy);
    EXPECT_EQ(
        judge(deb, Step::install, {1, "installed shop package post-installation script subprocess returned error"}),
        Verdict::failed);
    auto const rpm = package(PackageType::rpm);
    EXPECT_EQ(judge(rpm, Step::install, {1, "error: can't create transaction lock on /var/lib/rpm/.rpm.lock"}),
              Verdict::busy);
}

TEST_F(ContractTest, RpmTellsAPackageAndWhatIsInstalled) {
    auto const rpm = package(PackageType::rpm);
    auto const known = tool(PackageType::rpm).identity(rpm, {0, "lanyard\tshop\t0:1.2.0-1.noarch\n"});
    ASSERT_TRUE(known);
    EXPECT_EQ(*known, (Identity{"shop", "0:1.2.0-1.noarch"}));
    EXPECT_FALSE(tool(PackageType::rpm).identity(rpm, {1, "error: open of shop.rpm failed"}));
    EXPECT_EQ(tool(PackageType::rpm).presence({1, "package shop is not installed\n"}).condition, Condition::absent);
    EXPECT_EQ(tool(PackageType::rpm).presence({0, "lanyard\tshop\t0:1.2.0-1.noarch\n"}).version, "0:1.2.0-1.noarch");
    auto const both = "lanyard\tshop\t0:1.1.0-1.noarch\nlanyard\tshop\t0:1.2.0-1.noarch\n";
    EXPECT_EQ(tool(PackageType::rpm).presence({0, both}).condition, Condition::broken);
}

// rpm itself ends with 0 then.
TEST_F(ContractTest, AScriptletOfRpmThatFailsIsAFailure) {
    auto const rpm = package(PackageType::rpm);
    EXPECT_EQ(judge(rpm, Step::install, {0, ""}), Verdict::done);
    EXPECT_EQ(judge(rpm, Step::install, {0, "warning: %post(shop-2.0-1.noarch) scriptlet failed, exit status 7\n"}),
              Verdict::failed);
    EXPECT_EQ(
        judge(rpm, Step::install, {0, "error: lua script failed: [string \"%post(shop-2.0-1.noarch)\"]:1: boom\n"}),
        Verdict::failed);
}

TEST_F(ContractTest, AScriptIsConfinedUnlessItsSignedPolicySaysOtherwise) {
    auto script = package(PackageType::script);
    identity = {"shop", "1.2.0"};
    auto const install = tool(PackageType::script).calls(Step::install, script, identity).front();
    EXPECT_EQ(install.confined_to, "/apps/shop");
    EXPECT_EQ(install.words[4], "/apps/shop/versions/1.2.0/shop.script");
    EXPECT_EQ(install.words[5], "install");
    EXPECT_EQ(install.environment.at("LANYARD_DIR"), "/apps/shop");
    EXPECT_EQ(words(script, Step::remove)[5], "remove");
    EXPECT_TRUE(tool(PackageType::script).removes_before_going_back());
    script.target.install.installer.unconfined = true;
    EXPECT_EQ(tool(PackageType::script).calls(Step::install, script, identity).front().confined_to, "");
}

TEST_F(ContractTest, AScriptThatWasCutOffIsBroken) {
    auto const& scripts = tool(PackageType::script);
    EXPECT_EQ(scripts.presence({1, "cat: No such file or directory"}).condition, Condition::absent);
    EXPECT_EQ(scripts.presence({0, "begun\n"}).condition, Condition::broken);
    EXPECT_EQ(scripts.presence({0, "version: 1.2.0\n"}).version, "1.2.0");
    EXPECT_EQ(judge(package(PackageType::script), Step::install, {3}), Verdict::failed);
}

TEST_F(ContractTest, ThereIsAToolForEachNativeTypeAndForNoOther) {
    for (auto const type :
         {PackageType::deb, PackageType::rpm, PackageType::exe, PackageType::msi, PackageType::pkg, PackageType::dmg}) {
        EXPECT_TRUE(release::is_native(type));
        EXPECT_NO_THROW((void)tools.of(type));
    }
    EXPECT_THROW((void)tools.of(PackageType::tree), std::logic_error);
}

}  // namespace
}  // namespace lanyard::apply

#include "manifests/release/installer_policy.h"

#include <gtest/gtest.h>

#include <functional>

#include "manifests/release/errc.h"
#include "tests/support/sample_target.h"

namespace lanyard::release {
namespace {

using support::sample_message;

v1::Target of_type(PackageType type, char const* os = "windows") {
    auto message = sample_message("shop", "1.0.0", 1);
    message.set_type(type_to_proto(type));
    message.mutable_platform()->set_os(os);
    message.set_path("shop/stable/1.0.0/" + std::string(os) + "-amd64/shop-1.0.0." + std::string(text(type)));
    return message;
}

v1::Target an_exe() {
    auto message = of_type(PackageType::exe);
    auto& installer = *message.mutable_install()->mutable_installer();
    installer.set_product("Shop_is1");
    installer.set_remove_command("\"C:\\Program Files\\Shop\\unins000.exe\" /VERYSILENT");
    installer.add_arguments("/VERYSILENT");
    auto& code = *installer.add_exit_codes();
    code.set_code(8);
    code.set_meaning(v1::EXIT_MEANING_DONE_AFTER_RESTART);
    return message;
}

void expect_refused(v1::Target const& message, std::string const& field) {
    auto const target = Target::from_proto(message);
    ASSERT_FALSE(target) << field;
    EXPECT_EQ(target.error().code, Errc::malformed_target);
    EXPECT_NE(target.error().detail.find(field), std::string::npos) << target.error().detail;
}

TEST(InstallerPolicy, SurvivesTheWayToAMessageAndBack) {
    auto const target = Target::from_proto(an_exe());
    ASSERT_TRUE(target) << target.error().detail;
    auto const& policy = target->install.installer;
    EXPECT_EQ(policy.deadline, std::chrono::minutes(30));
    EXPECT_EQ(policy.exit_codes.at(8), ExitMeaning::done_after_restart);
    auto const again = Target::from_proto(target->to_proto());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->to_proto().SerializeAsString(), target->to_proto().SerializeAsString());
}

TEST(InstallerPolicy, RefusesATypeOnAnotherSystemThanItsInstallers) {
    expect_refused(of_type(PackageType::deb, "windows"), "linux");
    expect_refused(of_type(PackageType::msi, "linux"), "windows");
    expect_refused(of_type(PackageType::dmg, "any"), "macos");
    EXPECT_TRUE(Target::from_proto(of_type(PackageType::deb, "linux")));
    EXPECT_TRUE(Target::from_proto(of_type(PackageType::dmg, "macos")));
}

TEST(InstallerPolicy, RefusesWhatIsMissingForAType) {
    auto exe = an_exe();
    exe.mutable_install()->mutable_installer()->clear_product();
    expect_refused(exe, "product");
    exe = an_exe();
    exe.mutable_install()->mutable_installer()->clear_remove_command();
    expect_refused(exe, "remove_command");
    expect_refused(of_type(PackageType::msi), "product");
    expect_refused(of_type(PackageType::pkg, "macos"), "product");
}

// Whoever signs must not believe that it does something.
TEST(InstallerPolicy, RefusesWhatATypeWouldIgnore) {
    auto const with = [](auto change) {
        auto message = of_type(PackageType::deb, "linux");
        change(*message.mutable_install()->mutable_installer());
        return message;
    };
    expect_refused(with([](auto& i) { i.add_arguments("--force-all"); }), "arguments");
    expect_refused(with([](auto& i) { i.set_product("shop"); }), "product");
    expect_refused(with([](auto& i) { i.set_remove_command("rm"); }), "remove_command");
    auto tree = sample_message("shop", "1.0.0", 1);
    tree.mutable_install()->mutable_installer()->add_exit_codes()->set_meaning(v1::EXIT_MEANING_BUSY);
    expect_refused(tree, "exit_codes");
}

TEST(InstallerPolicy, RefusesWhatIsTooMuchOrMakesNoSense) {
    std::vector<std::pair<char const*, std::function<void(v1::Installer&)>>> const changes{
        {"seconds", [](auto& i) { i.set_seconds(86'401); }},
        {"arguments",
         [](auto& i) {
             for (int n = 0; n < 40; ++n) i.add_arguments("/S");
         }},
        {"arguments", [](auto& i) { i.add_arguments(std::string(1'025, 'x')); }},
        {"arguments", [](auto& i) { i.add_arguments(std::string("a\0b", 3)); }},
        {"exit_codes", [](auto& i) { *i.add_exit_codes() = i.exit_codes(0); }},
        {"exit_codes", [](auto& i) { i.add_exit_codes()->set_code(77); }},
        {"exit_codes",
         [](auto& i) {
             for (std::uint32_t n = 100; n < 200; ++n) {
                 i.add_exit_codes()->set_code(n);
                 i.mutable_exit_codes()->rbegin()->set_meaning(v1::EXIT_MEANING_BUSY);
             }
         }},
        {"product", [](auto& i) { i.set_product("..\\..\\Run"); }},
        {"product", [](auto& i) { i.set_product("-x"); }},
        {"product", [](auto& i) { i.set_product(std::string(129, 'x')); }},
        {"remove_command", [](auto& i) { i.set_remove_command(std::string(1'025, 'x')); }},
    };
    for (auto const& [field, change] : changes) {
        auto message = an_exe();
        change(*message.mutable_install()->mutable_installer());
        expect_refused(message, field);
    }
}

}  // namespace
}  // namespace lanyard::release

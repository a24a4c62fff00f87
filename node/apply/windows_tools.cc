#include "node/apply/windows_tools.h"

#include <sstream>

namespace lanyard::apply {
namespace {

// https://learn.microsoft.com/en-us/windows/win32/msi/error-codes
constexpr std::uint32_t kSuccess = 0;
constexpr std::uint32_t kUnknownProduct = 1605;
constexpr std::uint32_t kUninstalled = 1614;
constexpr std::uint32_t kInstallAlreadyRunning = 1618;
constexpr std::uint32_t kRestartInitiated = 1641;
constexpr std::uint32_t kRestartRequired = 3010;

Verdict usual(Step step, std::uint32_t code) {
    switch (code) {
        case kSuccess:
            return Verdict::done;
        case kRestartInitiated:
        case kRestartRequired:
            return Verdict::done_after_restart;
        case kInstallAlreadyRunning:
            return Verdict::busy;
        case kUnknownProduct:
        case kUninstalled:
            return step == Step::remove ? Verdict::done : Verdict::failed;
        default:
            return Verdict::failed;
    }
}

// The signed meaning of a code goes before the usual one.
Verdict judged(Step step, PackageFile const& package, Exit const& exit) {
    return by_signed_code(package, exit).value_or(usual(step, exit.code));
}

Identity as_signed(release::Target const& target) {
    auto const& policy = target.install.installer;
    return {policy.product, policy.product_version.empty() ? target.version.text() : policy.product_version};
}

// Programs of 32 bits have a part of the registry to themselves.
Call ask_registry(PackageFile const& package, Identity const& identity) {
    bool const narrow = package.target.platform.arch() == "i386";
    return {{"reg", "query", "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\" + identity.name, "/v",
             "DisplayVersion", narrow ? "/reg:32" : "/reg:64"}};
}

// "    DisplayVersion    REG_SZ    1.2.0"
Presence in_registry(Exit const& exit) {
    if (exit.code != 0) return {};
    std::istringstream in(exit.output);
    for (std::string word; in >> word;) {
        if (word != "REG_SZ") continue;
        std::string version;
        in >> version;
        return {Condition::whole, version};
    }
    return {Condition::broken, ""};
}

std::vector<std::string> with_arguments(std::vector<std::string> words, PackageFile const& package) {
    auto const& more = package.target.install.installer.arguments;
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

}  // namespace

Result<Identity> Msi::identity(PackageFile const& package, Exit const&) const { return as_signed(package.target); }
Call Msi::query(PackageFile const& package, Identity const& identity) const { return ask_registry(package, identity); }
Presence Msi::presence(Exit const& exit) const { return in_registry(exit); }

std::vector<Call> Msi::calls(Step step, PackageFile const& package, Identity const& identity) const {
    switch (step) {
        case Step::install:
        case Step::go_back:
            return {{with_arguments({"msiexec", "/i", package.file.string(), "/qn", "/norestart"}, package)}};
        case Step::remove:
            return {{{"msiexec", "/x", identity.name, "/qn", "/norestart"}}};
        // The Windows Installer has no dry run, and rolls back by itself what was cut off.
        case Step::rehearse:
        case Step::mend:
            break;
    }
    return {};
}

Verdict Msi::judge(Step step, PackageFile const& package, Identity const&, Exit const& exit) const {
    return judged(step, package, exit);
}

Result<Identity> Exe::identity(PackageFile const& package, Exit const&) const { return as_signed(package.target); }
Call Exe::query(PackageFile const& package, Identity const& identity) const { return ask_registry(package, identity); }
Presence Exe::presence(Exit const& exit) const { return in_registry(exit); }

std::vector<Call> Exe::calls(Step step, PackageFile const& package, Identity const&) const {
    switch (step) {
        case Step::install:
        case Step::go_back:
            return {{with_arguments({package.file.string()}, package)}};
        case Step::remove:
            return {{{"cmd", "/d", "/s", "/c", package.target.install.installer.remove_command}}};
        case Step::rehearse:
        case Step::mend:
            break;
    }
    return {};
}

Verdict Exe::judge(Step step, PackageFile const& package, Identity const&, Exit const& exit) const {
    return judged(step, package, exit);
}

}  // namespace lanyard::apply

#include "manifests/release/installer_policy.h"

#include <algorithm>

#include "manifests/release/errc.h"
#include "manifests/release/in_quotes.h"

namespace lanyard::release {
namespace {

constexpr std::uint32_t kMostSeconds = 86'400;
constexpr int kMostArguments = 32;
constexpr int kMostExitCodes = 64;
constexpr std::size_t kMostBytes = 1'024;
constexpr std::size_t kMostProductBytes = 128;

tl::unexpected<Error> wrong(std::string const& field, std::string const& what) {
    return fail(Errc::malformed_target, "install.installer." + field + " " + what);
}

Status check_argument(std::string const& field, std::string const& text) {
    if (text.size() > kMostBytes) return wrong(field, "is longer than 1024 bytes");
    if (text.find('\0') != std::string::npos) return wrong(field, "contains a NUL byte, which no command can");
    return {};
}

// It becomes part of the name of a registry key, or an argument.
Status check_product(std::string const& field, std::string const& text) {
    auto const plain = [](char c) {
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return letter || std::string_view("{}._-+ ").find(c) != std::string_view::npos;
    };
    if (text.size() > kMostProductBytes) return wrong(field, "is longer than 128 bytes");
    if (!std::all_of(text.begin(), text.end(), plain) || text.starts_with('-')) {
        return wrong(field, "is " + in_quotes(text) + "; letters, digits, spaces and {}._-+ are allowed");
    }
    return {};
}

Result<ExitMeaning> meaning_of(v1::ExitCode const& message) {
    switch (message.meaning()) {
        case v1::EXIT_MEANING_DONE:
            return ExitMeaning::done;
        case v1::EXIT_MEANING_DONE_AFTER_RESTART:
            return ExitMeaning::done_after_restart;
        case v1::EXIT_MEANING_BUSY:
            return ExitMeaning::busy;
        case v1::EXIT_MEANING_FAILED:
            return ExitMeaning::failed;
        default:
            break;
    }
    return wrong("exit_codes", "gives code " + std::to_string(message.code()) + " no meaning that is known here");
}

v1::ExitMeaning to_proto(ExitMeaning meaning) {
    switch (meaning) {
        case ExitMeaning::done:
            return v1::EXIT_MEANING_DONE;
        case ExitMeaning::done_after_restart:
            return v1::EXIT_MEANING_DONE_AFTER_RESTART;
        case ExitMeaning::busy:
            return v1::EXIT_MEANING_BUSY;
        case ExitMeaning::failed:
            break;
    }
    return v1::EXIT_MEANING_FAILED;
}

}  // namespace

Result<InstallerPolicy> installer_from_proto(v1::Installer const& message) {
    InstallerPolicy policy;
    if (message.seconds() > kMostSeconds) return wrong("seconds", "is over a day (86400)");
    if (message.seconds() > 0) policy.deadline = std::chrono::seconds(message.seconds());
    if (message.arguments_size() > kMostArguments) return wrong("arguments", "has more than 32 entries");
    for (auto const& argument : message.arguments()) {
        if (auto const fine = check_argument("arguments", argument); !fine) return pass_on(fine);
        policy.arguments.push_back(argument);
    }
    if (message.exit_codes_size() > kMostExitCodes) return wrong("exit_codes", "has more than 64 entries");
    for (auto const& code : message.exit_codes()) {
        auto const meaning = meaning_of(code);
        if (!meaning) return pass_on(meaning);
        if (!policy.exit_codes.emplace(code.code(), *meaning).second) {
            return wrong("exit_codes", "names code " + std::to_string(code.code()) + " twice");
        }
    }
    if (auto const fine = check_product("product", message.product()); !fine) return pass_on(fine);
    if (auto const fine = check_product("product_version", message.product_version()); !fine) return pass_on(fine);
    if (auto const fine = check_argument("remove_command", message.remove_command()); !fine) return pass_on(fine);
    policy.product = message.product();
    policy.product_version = message.product_version();
    policy.remove_command = message.remove_command();
    policy.unconfined = message.unconfined();
    return policy;
}

v1::Installer installer_to_proto(InstallerPolicy const& policy) {
    v1::Installer message;
    message.set_seconds(static_cast<std::uint32_t>(policy.deadline.count()));
    for (auto const& argument : policy.arguments) message.add_arguments(argument);
    for (auto const& [code, meaning] : policy.exit_codes) {
        auto& entry = *message.add_exit_codes();
        entry.set_code(code);
        entry.set_meaning(to_proto(meaning));
    }
    message.set_product(policy.product);
    message.set_product_version(policy.product_version);
    message.set_remove_command(policy.remove_command);
    message.set_unconfined(policy.unconfined);
    return message;
}

Status fits(InstallerPolicy const& policy, PackageType type) {
    std::string const word(text(type));
    bool const by_product = type == PackageType::exe || type == PackageType::msi || type == PackageType::pkg;
    bool const takes_arguments = type == PackageType::exe || type == PackageType::msi;
    if (by_product && policy.product.empty()) {
        return wrong("product",
                     "is empty: a package of type " + word + " cannot tell whether it is installed without it");
    }
    if (!by_product && (!policy.product.empty() || !policy.product_version.empty())) {
        return wrong("product", "means nothing for a package of type " + word);
    }
    if (!takes_arguments && !policy.arguments.empty()) {
        return wrong("arguments", "mean nothing for a package of type " + word);
    }
    if (type == PackageType::exe && policy.remove_command.empty()) {
        return wrong("remove_command", "is empty: a package of type exe could not be taken back");
    }
    bool const takes_remove_command = type == PackageType::exe || type == PackageType::pkg;
    if (!takes_remove_command && !policy.remove_command.empty()) {
        return wrong("remove_command", "means nothing for a package of type " + word);
    }
    if (policy.unconfined && type != PackageType::script) {
        return wrong("unconfined", "means nothing for a package of type " + word);
    }
    if (!is_native(type) && !policy.exit_codes.empty()) {
        return wrong("exit_codes", "mean nothing for a package of type " + word);
    }
    return {};
}

}  // namespace lanyard::release

#include "tests/crash/releases.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/support/sample_target.h"

namespace lanyard::crash {
namespace {

namespace fs = std::filesystem;

// Path to what lies there: "file <mode> <bytes>", "link <target>", "directory".
using Tree = std::map<std::string, std::string>;

std::string noise(std::uint64_t number, std::size_t length) {
    std::string bytes(length, '\0');
    std::uint64_t state = 88172645463325252ULL + number % 2;
    for (auto& byte : bytes) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        byte = static_cast<char>(state);
    }
    return bytes;
}

Tree wanted(std::uint64_t number) {
    auto const kind = number % 2 == 0 ? "even" : "odd!";
    return {{"bin", "directory"},
            {"bin/app", fmt::format("file 755 #!/bin/sh\necho {}\n", kind)},
            {"share", "directory"},
            {"share/data", "file 644 " + noise(number, 20'000)},
            {"share/kind", fmt::format("file 644 {}", kind)},
            {"start", "link bin/app"}};
}

std::string look(fs::directory_entry const& entry) {
    auto const status = entry.symlink_status();
    if (fs::is_directory(status)) return "directory";
    if (fs::is_symlink(status)) return "link " + fs::read_symlink(entry.path()).string();
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    return fmt::format("file {:o} {}", static_cast<unsigned>(status.permissions()), bytes.str());
}

void lay_out(fs::path const& root, Tree const& tree) {
    for (auto const& [path, what] : tree) {
        if (what == "directory") {
            fs::create_directories(root / path);
        } else if (what.starts_with("link ")) {
            fs::create_symlink(what.substr(5), root / path);
        } else {
            std::ofstream(root / path, std::ios::binary) << what.substr(9);
            bool const executable = what[5] == '7';
            fs::permissions(root / path, static_cast<fs::perms>(executable ? 0755 : 0644));
        }
    }
}

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().detail);
    return std::move(*result);
}

}  // namespace

Releases::Releases(fs::path directory) : directory_(std::move(directory)) {
    for (std::uint64_t number : {0U, 1U}) {
        auto const file = directory_ / fmt::format("package-{}", number);
        if (!fs::exists(file)) {
            auto const tree = directory_ / fmt::format("tree-{}", number);
            lay_out(tree, wanted(number));
            must(package::pack(tree, file, nullptr));
        }
        made_.push_back({file,
                         {.sha256 = must(package::digest_file(file, nullptr)),
                          .length = fs::file_size(file),
                          .contents = must(package::inspect(file, nullptr))}});
    }
}

release::Target Releases::target(std::uint64_t number) const {
    auto const& promise = made_.at(number % 2).promise;
    auto message = support::sample_message("demo", fmt::format("{}.0.0", number), number);
    message.set_sha256(std::string(promise.sha256.to_raw()));
    message.set_length(promise.length);
    message.set_unpacked_length(promise.contents.unpacked_length);
    message.set_entry_count(promise.contents.entry_count);
    return support::sample_target(message);
}

fs::path Releases::package_of(release::Target const& target) const {
    return made_.at(number_of(target.version.text()) % 2).file;
}

std::optional<std::string> Releases::fault(fs::path const& directory, std::uint64_t number) {
    std::error_code wrong;
    if (!fs::is_directory(directory, wrong)) return directory.string() + " is no directory";
    auto missing = wanted(number);
    for (auto const& entry : fs::recursive_directory_iterator(directory)) {
        auto const path = entry.path().lexically_relative(directory).string();
        auto const known = missing.find(path);
        if (known == missing.end()) return path + " does not belong there";
        if (look(entry) != known->second) return path + " is not as it was packed";
        missing.erase(known);
    }
    if (!missing.empty()) return missing.begin()->first + " is missing";
    return std::nullopt;
}

std::uint64_t number_of(std::string const& version) {
    std::istringstream in(version);
    std::uint64_t number = 0;
    std::string rest;
    return in >> number && in >> rest && rest == ".0.0" ? number : 0;
}

}  // namespace lanyard::crash

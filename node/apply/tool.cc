#include "node/apply/tool.h"

#include <algorithm>
#include <sstream>

#include "node/apply/errc.h"

namespace lanyard::apply {

std::optional<Verdict> by_signed_code(PackageFile const& package, Exit const& exit) {
    if (exit.timed_out) return Verdict::failed;
    auto const& known = package.target.install.installer.exit_codes;
    auto const found = known.find(exit.code);
    if (found == known.end()) return std::nullopt;
    switch (found->second) {
        case release::ExitMeaning::done:
            return Verdict::done;
        case release::ExitMeaning::done_after_restart:
            return Verdict::done_after_restart;
        case release::ExitMeaning::busy:
            return Verdict::busy;
        case release::ExitMeaning::failed:
            break;
    }
    return Verdict::failed;
}

std::vector<std::string> words_of(std::string const& text) {
    std::vector<std::string> words;
    std::istringstream in(text);
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

std::vector<Identity> parts_of(Identity const& identity) {
    auto const names = words_of(identity.name);
    auto const versions = words_of(identity.version);
    // A product of Windows may have a blank in its name.
    if (names.size() < 2 || names.size() != versions.size()) return {identity};
    std::vector<Identity> parts;
    for (std::size_t i = 0; i < names.size(); ++i) parts.push_back({names[i], versions[i]});
    return parts;
}

Result<Identity> joined(std::vector<Identity> parts) {
    std::sort(parts.begin(), parts.end(), [](auto const& a, auto const& b) { return a.name < b.name; });
    Identity all;
    std::string before;
    for (auto const& part : parts) {
        if (part.name == before) {
            return fail(Errc::refused_by_installer,
                        "the bundle holds " + part.name + " twice: publish it with one of them");
        }
        before = part.name;
        all.name += (all.name.empty() ? "" : " ") + part.name;
        all.version += (all.version.empty() ? "" : " ") + part.version;
    }
    return all;
}

Identity without(Identity const& identity, Identity const& other) {
    auto const others = parts_of(other);
    std::vector<Identity> left;
    for (auto const& part : parts_of(identity)) {
        auto const same = [&part](Identity const& it) { return it.name == part.name; };
        if (std::none_of(others.begin(), others.end(), same)) left.push_back(part);
    }
    return joined(std::move(left)).value_or(Identity());
}

Call on(PackageFile const& package, Call call) {
    if (!release::is_bundle(package.target.type)) {
        call.words.push_back(package.file.string());
        return call;
    }
    // Of a bundle every file has that ending (package::TreeSearch).
    std::string const ending(release::text(release::part_of(package.target.type)));
    std::vector<std::string> words{"/bin/sh", "-c", "d=$1; shift; exec \"$@\" \"$d\"/*." + ending, "sh",
                                   package.file.string()};
    words.insert(words.end(), call.words.begin(), call.words.end());
    call.words = std::move(words);
    return call;
}

std::vector<std::string> lines_that_begin(std::string const& output, std::string const& begin) {
    std::vector<std::string> lines;
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(begin)) lines.push_back(line);
    }
    return lines;
}

}  // namespace lanyard::apply

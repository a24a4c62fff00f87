#include "node/apply/rpm.h"

#include <sstream>

#include "node/apply/errc.h"

namespace lanyard::apply {
namespace {

constexpr char const* kFormat = "lanyard\\t%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}.%{ARCH}\\n";

// "lanyard\tshop\t0:1.2.0-1.x86_64"
Identity read(std::string const& line) {
    auto const first = line.find('\t');
    auto const second = line.find('\t', first + 1);
    if (second == std::string::npos) return {};
    return {line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

}  // namespace

Call Rpm::rpm(std::vector<std::string> words, bool changes) const {
    Call call{{"rpm"}, {{"LC_ALL", "C.UTF-8"}}};
    if (changes && is_guest_) call.words.push_back("--force-debian");
    call.words.insert(call.words.end(), words.begin(), words.end());
    return call;
}

std::vector<Call> Rpm::identify(PackageFile const& package) const {
    return {on(package, rpm({"--query", "--nosignature", "--queryformat", kFormat, "--package"}, false))};
}

Result<Identity> Rpm::identity(PackageFile const& package, Exit const& exit) const {
    auto const lines = lines_that_begin(exit.output, "lanyard\t");
    bool readable = exit.code == 0 && !lines.empty();
    std::vector<Identity> parts;
    for (auto const& line : lines) {
        parts.push_back(read(line));
        readable = readable && !parts.back().name.empty();
    }
    if (readable) return joined(std::move(parts));
    return fail(Errc::refused_by_installer, "rpm cannot read " + package.file.string() + ": " + exit.output);
}

Call Rpm::query(PackageFile const&, Identity const& identity) const {
    return rpm({"--query", "--queryformat", kFormat, identity.name}, false);
}

// An upgrade that was cut off leaves both versions in the database.
Presence Rpm::presence(Exit const& exit) const {
    auto const lines = lines_that_begin(exit.output, "lanyard\t");
    if (lines.empty()) return {};
    return {lines.size() == 1 ? Condition::whole : Condition::broken, read(lines.back()).version};
}

std::vector<Call> Rpm::calls(Step step, PackageFile const& package, Identity const& identity) const {
    switch (step) {
        case Step::rehearse:
            return {on(package, rpm({"--upgrade", "--test", "--nosignature", "--oldpackage"}, true))};
        case Step::install:
            return {on(package, rpm({"--upgrade", "--nosignature", "--oldpackage"}, true))};
        case Step::go_back:
            return {on(package,
                       rpm({"--upgrade", "--nosignature", "--oldpackage", "--replacepkgs", "--replacefiles"}, true))};
        case Step::remove: {
            std::vector<std::string> words{"--erase"};
            for (auto const& name : words_of(identity.name)) words.push_back(name);
            return {rpm(std::move(words), true)};
        }
        case Step::mend:
            break;
    }
    return {};
}

Verdict Rpm::judge(Step, PackageFile const& package, Identity const&, Exit const& exit) const {
    if (auto const told = by_signed_code(package, exit)) return *told;
    if (exit.output.find("can't create transaction lock") != std::string::npos) return Verdict::busy;
    bool const script_failed = exit.output.find("scriptlet failed") != std::string::npos ||
                               exit.output.find("script failed") != std::string::npos;
    if (exit.code != 0 || script_failed) return Verdict::failed;
    return Verdict::done;
}

}  // namespace lanyard::apply

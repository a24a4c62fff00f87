#include "node/apply/dpkg.h"

#include <array>
#include <sstream>

#include "node/apply/errc.h"

namespace lanyard::apply {
namespace {

using Words = std::vector<std::string>;

Call quietly(Words words) {
    return {std::move(words),
            {{"DEBIAN_FRONTEND", "noninteractive"}, {"DEBIAN_PRIORITY", "critical"}, {"LC_ALL", "C.UTF-8"}}};
}

Words dpkg(Words more) {
    Words words{"dpkg", "--force-confdef", "--force-confold"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

std::vector<std::string> fields(std::string const& line) {
    std::vector<std::string> found;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');) found.push_back(field);
    return found;
}

// The one line with our tabs among warnings and complaints.
std::vector<std::string> answer_in(std::string const& output) {
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);) {
        if (line.find('\t') != std::string::npos) return fields(line);
    }
    return {};
}

bool is_lock_held(std::string const& output) {
    return output.find("lock was locked by another process") != std::string::npos ||
           output.find("Could not get lock") != std::string::npos;
}

// "Inst shop (1.2.0 local-deb [amd64])": whatever else would be installed or removed is not ours to decide.
bool touches_others(std::string const& output, std::string const& name) {
    if (!lines_that_begin(output, "Remv ").empty()) return true;
    auto const plain = name.substr(0, name.find(':'));
    for (auto const& line : lines_that_begin(output, "Inst ")) {
        auto const word = line.substr(5, line.find(' ', 5) - 5);
        if (word.substr(0, word.find(':')) != plain) return true;
    }
    return false;
}

}  // namespace

std::vector<Call> Dpkg::identify(PackageFile const& package) const {
    return {quietly(
        {"dpkg-deb", "--show", "--showformat=${Package}\\t${Version}\\t${Architecture}\\n", package.file.string()})};
}

Result<Identity> Dpkg::identity(PackageFile const& package, Exit const& exit) const {
    auto const found = answer_in(exit.output);
    if (exit.code != 0 || found.size() != 3) {
        return fail(Errc::refused_by_installer, "dpkg-deb cannot read " + package.file.string() + ": " + exit.output);
    }
    return Identity{found[2] == "all" ? found[0] : found[0] + ":" + found[2], found[1]};
}

Call Dpkg::query(PackageFile const&, Identity const& identity) const {
    return quietly({"dpkg-query", "--show", "--showformat=${db:Status-Status}\\t${db:Status-Eflag}\\t${Version}\\n",
                    identity.name});
}

Presence Dpkg::presence(Exit const& exit) const {
    auto const found = answer_in(exit.output);
    if (found.empty()) return {};
    auto const& status = found[0];
    if (status == "not-installed" || status == "config-files") return {};
    auto const version = found.size() > 2 ? found[2] : "";
    bool const whole = status == "installed" && found.size() > 1 && found[1] == "ok";
    return {whole ? Condition::whole : Condition::broken, version};
}

std::vector<Call> Dpkg::calls(Step step, PackageFile const& package, Identity const& identity) const {
    auto const file = package.file.string();
    switch (step) {
        case Step::rehearse: {
            std::vector<Call> calls{quietly(dpkg({"--dry-run", "--install", file}))};
            if (has_apt_) {
                calls.push_back(quietly({"apt-get", "--simulate", "--allow-downgrades", "--allow-change-held-packages",
                                         "--no-install-recommends", "install", file}));
            }
            return calls;
        }
        case Step::install:
            return {quietly(dpkg({"--install", file}))};
        case Step::go_back:
            return {quietly(dpkg({"--force-downgrade", "--install", file}))};
        case Step::remove:
            return {quietly(dpkg({"--force-remove-reinstreq", "--remove", identity.name}))};
        case Step::mend:
            return {quietly(dpkg({"--configure", "--pending"}))};
    }
    return {};
}

Verdict Dpkg::judge(Step step, PackageFile const& package, Identity const& identity, Exit const& exit) const {
    if (auto const told = by_signed_code(package, exit)) return *told;
    if (exit.code != 0) return is_lock_held(exit.output) ? Verdict::busy : Verdict::failed;
    if (step == Step::rehearse && touches_others(exit.output, identity.name)) return Verdict::failed;
    return Verdict::done;
}

}  // namespace lanyard::apply

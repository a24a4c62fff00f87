#include "node/apply/dpkg.h"

#include <set>
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

// The lines with our tabs among warnings and complaints.
std::vector<std::vector<std::string>> answers_in(std::string const& output) {
    std::vector<std::vector<std::string>> answers;
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);) {
        if (line.find('\t') != std::string::npos) answers.push_back(fields(line));
    }
    return answers;
}

bool is_lock_held(std::string const& output) {
    return output.find("lock was locked by another process") != std::string::npos ||
           output.find("Could not get lock") != std::string::npos;
}

std::string plain(std::string const& name) { return name.substr(0, name.find(':')); }

// "Inst shop (1.2.0 local-deb [amd64])": whatever else would be installed or removed is not ours to decide.
bool touches_others(std::string const& output, std::string const& names) {
    if (!lines_that_begin(output, "Remv ").empty()) return true;
    std::set<std::string> ours;
    for (auto const& name : words_of(names)) ours.insert(plain(name));
    for (auto const& line : lines_that_begin(output, "Inst ")) {
        if (!ours.contains(plain(line.substr(5, line.find(' ', 5) - 5)))) return true;
    }
    return false;
}

}  // namespace

std::vector<Call> Dpkg::identify(PackageFile const& package) const {
    // dpkg-deb takes one file.
    constexpr char const* kEach =
        "for f; do dpkg-deb --show --showformat='${Package}\\t${Version}\\t${Architecture}\\n' "
        "\"$f\" || exit; done";
    return {on(package, quietly({"/bin/sh", "-c", kEach, "sh"}))};
}

Result<Identity> Dpkg::identity(PackageFile const& package, Exit const& exit) const {
    auto const found = answers_in(exit.output);
    bool readable = exit.code == 0 && !found.empty();
    std::vector<Identity> parts;
    for (auto const& line : found) {
        readable = readable && line.size() == 3;
        if (readable) parts.push_back({line[2] == "all" ? line[0] : line[0] + ":" + line[2], line[1]});
    }
    if (readable) return joined(std::move(parts));
    return fail(Errc::refused_by_installer, "dpkg-deb cannot read " + package.file.string() + ": " + exit.output);
}

Call Dpkg::query(PackageFile const&, Identity const& identity) const {
    return quietly({"dpkg-query", "--show", "--showformat=${db:Status-Status}\\t${db:Status-Eflag}\\t${Version}\\n",
                    identity.name});
}

Presence Dpkg::presence(Exit const& exit) const {
    auto const answers = answers_in(exit.output);
    if (answers.empty()) return {};
    auto const& found = answers.front();
    auto const& status = found[0];
    if (status == "not-installed" || status == "config-files") return {};
    auto const version = found.size() > 2 ? found[2] : "";
    bool const whole = status == "installed" && found.size() > 1 && found[1] == "ok";
    return {whole ? Condition::whole : Condition::broken, version};
}

std::vector<Call> Dpkg::calls(Step step, PackageFile const& package, Identity const& identity) const {
    switch (step) {
        case Step::rehearse: {
            std::vector<Call> calls{on(package, quietly(dpkg({"--dry-run", "--install"})))};
            if (has_apt_) {
                calls.push_back(
                    on(package, quietly({"apt-get", "--simulate", "--allow-downgrades", "--allow-change-held-packages",
                                         "--no-install-recommends", "install"})));
            }
            return calls;
        }
        case Step::install:
            return {on(package, quietly(dpkg({"--install"})))};
        case Step::go_back:
            return {on(package, quietly(dpkg({"--force-downgrade", "--install"})))};
        case Step::remove: {
            Words words{"--force-remove-reinstreq", "--remove"};
            for (auto const& name : words_of(identity.name)) words.push_back(name);
            return {quietly(dpkg(std::move(words)))};
        }
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

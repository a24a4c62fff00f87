#include "node/apply/tool.h"

#include <sstream>

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

std::vector<std::string> lines_that_begin(std::string const& output, std::string const& begin) {
    std::vector<std::string> lines;
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(begin)) lines.push_back(line);
    }
    return lines;
}

}  // namespace lanyard::apply

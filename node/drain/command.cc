#include "node/drain/command.h"

#include <fmt/format.h>

#include "proto/outcome/plain_text.h"

namespace lanyard::drain {
namespace {

constexpr std::size_t kMostWords = 400;

unsigned value_of(char c) { return static_cast<unsigned char>(c); }

}  // namespace

Command command_of(AppRelease const& release, std::string const& line) {
    return Command{line,
                   release.directory,
                   {{"LANYARD_APP", release.target.app.text()},
                    {"LANYARD_VERSION", release.target.version.text()},
                    {"LANYARD_DIR", release.home().string()}},
                   {}};
}

std::string last_words(std::string_view output, std::size_t most) {
    std::string line;
    while (!output.empty()) {
        auto const before = output;
        auto const c = take_code_point(output);
        if (!c) output.remove_prefix(1);
        if (c && (*c < 0x20 || *c == 0x7f || *c == ' ')) {
            if (!line.empty() && line.back() != ' ') line += ' ';
        } else {
            line += as_plain(before.substr(0, before.size() - output.size()));
        }
    }
    if (!line.empty() && line.back() == ' ') line.pop_back();
    if (line.size() <= most) return line;
    std::size_t cut = line.size() - most;
    while (cut < line.size() && value_of(line[cut]) >> 6 == 0b10) ++cut;
    return line.substr(cut);
}

std::string words_for(Ending const& ending, std::chrono::milliseconds deadline) {
    auto const how = ending.timed_out ? fmt::format("did not end within {} s", deadline.count() / 1000)
                                      : fmt::format("ended with exit code {}", ending.exit_code);
    auto const words = last_words(ending.output, kMostWords);
    return words.empty() ? how : how + ": " + words;
}

}  // namespace lanyard::drain

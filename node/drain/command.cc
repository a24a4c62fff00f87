#include "node/drain/command.h"

#include <fmt/format.h>

namespace lanyard::drain {
namespace {

constexpr std::size_t kMostWords = 400;

unsigned value_of(char c) { return static_cast<unsigned char>(c); }

// Length of the well-formed UTF-8 sequence that begins `text` (RFC 3629, section 4); 0 when it is none.
std::size_t sequence_length(std::string_view text) {
    unsigned const lead = value_of(text[0]);
    std::size_t const length = lead < 0x80   ? 1
                               : lead < 0xc2 ? 0
                               : lead < 0xe0 ? 2
                               : lead < 0xf0 ? 3
                               : lead < 0xf5 ? 4
                                             : 0;
    if (length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if (value_of(text[i]) >> 6 != 0b10) return 0;
    }
    if (length == 1) return 1;
    unsigned const second = value_of(text[1]);
    bool const overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
    bool const outside = (lead == 0xed && second > 0x9f) || (lead == 0xf4 && second > 0x8f);
    return overlong || outside ? 0 : length;
}

bool is_control(char c) { return value_of(c) < 0x20 || value_of(c) == 0x7f; }

}  // namespace

Command command_of(AppRelease const& release, std::string const& line) {
    return Command{line,
                   release.directory,
                   {{"LANYARD_APP", release.target.app.text()},
                    {"LANYARD_VERSION", release.target.version.text()},
                    {"LANYARD_DIR", release.home().string()}}};
}

std::string last_words(std::string_view output, std::size_t most) {
    std::string line;
    for (std::size_t at = 0; at < output.size();) {
        auto const length = sequence_length(output.substr(at));
        bool const blank = length == 1 && (is_control(output[at]) || output[at] == ' ');
        if (blank) {
            if (!line.empty() && line.back() != ' ') line += ' ';
        } else if (length == 0) {
            line += '?';
        } else {
            line += output.substr(at, length);
        }
        at += length == 0 ? 1 : length;
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

#include "node/drain/contract_words.h"

#include <fmt/format.h>

#include <utility>

#include "node/drain/command.h"
#include "node/drain/contract.h"
#include "proto/outcome/plain_text.h"

namespace lanyard::drain {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMostVoices = 4;  // that are shown

std::string left_text(seconds left) {
    if (left < seconds(120)) return fmt::format("{} s", left.count());
    if (left < seconds(2 * 3600)) return fmt::format("{} min", left.count() / 60);
    return fmt::format("{} h", left.count() / 3600);
}

}  // namespace

v1::Answer refused(std::string why) {
    v1::Answer answer;
    answer.set_refused(std::move(why));
    return answer;
}

std::string shown(std::string const& reason) { return as_plain(last_words(reason, kMaxReasonBytes)); }

std::optional<std::string> wrong_lease(std::string const& reason, std::uint32_t length) {
    if (reason.size() > kMaxReasonBytes) {
        return fmt::format("a reason may have {} bytes, this one has {}; shorten it", kMaxReasonBytes, reason.size());
    }
    if (seconds(length) > kMaxBusy) {
        return fmt::format("{} seconds are asked for, at most {} (7 days) are given; ask again when they are over",
                           length, kMaxBusy.count());
    }
    return std::nullopt;
}

std::string speaker_text(Process const& process) {
    return process.pid == 0 ? "it" : fmt::format("{} (pid {})", process.name, process.pid);
}

std::string lease_words(Process const& process, std::string const& reason,
                        std::optional<std::chrono::steady_clock::time_point> until,
                        std::chrono::steady_clock::time_point now) {
    auto const why = reason.empty() ? std::string("busy") : reason;
    if (!until) return fmt::format("{}: {}", speaker_text(process), why);
    auto const left = std::chrono::ceil<seconds>(*until - now);
    return fmt::format("{}: {}, for {} at most", speaker_text(process), why, left_text(left));
}

void add_voice(std::string& text, std::size_t& voices, std::string const& words) {
    if (++voices <= kMostVoices) text += (text.empty() ? "" : "; ") + words;
}

std::string others_text(std::size_t voices) {
    return voices <= kMostVoices ? "" : fmt::format("; and {} more", voices - kMostVoices);
}

}  // namespace lanyard::drain

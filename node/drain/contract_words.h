#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "node/drain/sockets.h"
#include "proto/schema/lanyard/v1/contract.pb.h"

namespace lanyard::drain {

// The words of the contract, for applications and for people.

v1::Answer refused(std::string why);
// Whatever an application writes is shown to people, on terminals.
std::string shown(std::string const& reason);
// Why nobody may be busy for so long for such a reason.
std::optional<std::string> wrong_lease(std::string const& reason, std::uint32_t length);
std::string speaker_text(Process const& process);
std::string lease_words(Process const& process, std::string const& reason,
                        std::optional<std::chrono::steady_clock::time_point> until,
                        std::chrono::steady_clock::time_point now);
// An application of many processes is no reason for a line without end: the first few voices, and how many more.
void add_voice(std::string& text, std::size_t& voices, std::string const& words);
std::string others_text(std::size_t voices);

}  // namespace lanyard::drain

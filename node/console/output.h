#pragma once

#include <cstdint>
#include <string>

#include "proto/schema/lanyard/v1/status.pb.h"

namespace lanyard::console {

// One JSON document with a newline: proto field names, every field present.
std::string to_json(google::protobuf::Message const& message);

// Tables and sentences for a terminal of 80 columns. What a seeder or peer said is shown without control characters.
std::string to_text(v1::NodeStatus const& status);
std::string to_text(v1::CheckResult const& result);
std::string to_text(v1::History const& history);
std::string to_text(v1::Verification const& verification);

// "fetch 43 %, 12.3 of 28.6 MB, 2.4 MB/s, 7 s left, from 3 peers (91 %) and the seeder (9 %)"
std::string progress_line(v1::AttemptStatus const& attempt);

// "updated", "rolled back", "failed"
char const* in_words(v1::Outcome outcome);

// "28.6 MB"
std::string in_words(std::uint64_t bytes);

}  // namespace lanyard::console

#pragma once

#include <cstdint>
#include <string>

#include "proto/schema/lanyard/v1/status.pb.h"

namespace lanyard::console {

// "2026-03-29 22:00:00" local time or "never"; "none" for none.
std::string local_time(std::int64_t seconds);
std::string or_none(std::string const& version);

// One JSON document with a newline: proto field names, every field present.
std::string to_json(google::protobuf::Message const& message);

// Tables and sentences for a terminal of 80 columns. What a seeder or peer said is shown without control characters.
std::string to_text(v1::NodeStatus const& status);
std::string to_text(v1::CheckResult const& result);
std::string to_text(v1::History const& history);
std::string to_text(v1::Verification const& verification);
std::string to_text(v1::WhyResult const& result);  // why_text.cc

// "fetch 43 %, 12.3 of 28.6 MB, 2.4 MB/s, 7 s left, from 3 peers (91 %) and the seeder (9 %)"
std::string progress_line(v1::AttemptStatus const& attempt);

// "updated", "rolled back", "failed"
char const* in_words(v1::Outcome outcome);

// "28.6 MB"
std::string in_words(std::uint64_t bytes);

}  // namespace lanyard::console

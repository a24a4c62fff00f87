#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <string>
#include <vector>

#include "proto/schema/lanyard/v1/status.pb.h"
#include "seeder/catalogue/catalogue.h"

namespace lanyard::console {

// One JSON document, ending in a newline. Field names as in the .proto file, and every field always there, so that a
// script never has to ask whether one is.
std::string to_json(google::protobuf::Message const& message);

v1::ReleaseInfo to_info(catalogue::Entry const& entry);
v1::ReleaseList to_list(std::vector<catalogue::Entry> const& entries);

std::string releases_table(v1::ReleaseList const& list);
std::string verification_lines(v1::Verification const& verification);
std::string release_details(v1::ReleaseInfo const& release);

// A line for stderr; nothing for an empty text.
std::string warning_line(std::string const& text);

std::string to_hex(std::string const& bytes);
std::string human_time(std::int64_t unix_seconds);  // "2026-01-31 10:00" UTC
std::string human_bytes(std::uint64_t bytes);       // "1.4 MiB"

}  // namespace lanyard::console

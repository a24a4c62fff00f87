#pragma once

#include <system_error>

namespace lanyard::enrol {

enum class Errc {
    unusable_key = 1,  // the node's own key or certificate cannot be read
    refused,           // the seeder does not want this node
    malformed_answer,
    pending,  // an operator has to accept this node first
};

std::error_code make_error_code(Errc) noexcept;

}  // namespace lanyard::enrol

template <>
struct std::is_error_code_enum<lanyard::enrol::Errc> : std::true_type {};

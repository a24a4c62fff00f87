#include "proto/outcome/kind.h"

#include <cerrno>
#include <string>

namespace lanyard {
namespace {

class Category final : public std::error_category {
public:
    char const* name() const noexcept override { return "kind"; }

    std::string message(int value) const override {
        switch (static_cast<Kind>(value)) {
            case Kind::internal:
                return "internal failure";
            case Kind::usage:
                return "wrong usage";
            case Kind::not_found:
                return "not found";
            case Kind::conflict:
                return "conflict";
            case Kind::state:
                return "unusable state";
            case Kind::network:
                return "network failure";
            case Kind::trust:
                return "not trusted";
            case Kind::update:
                return "update failed";
        }
        return "unknown kind";
    }
};

Category const& category() {
    static Category const instance;
    return instance;
}

Kind kind_of_errno(std::error_condition const& condition) {
    // No name of the standard's: the user's share of the disk is used up.
    if (condition.value() == EDQUOT) return Kind::state;
    switch (static_cast<std::errc>(condition.value())) {
        case std::errc::no_such_file_or_directory:
            return Kind::not_found;
        case std::errc::filename_too_long:
            return Kind::usage;
        case std::errc::file_exists:
        case std::errc::address_in_use:
        case std::errc::device_or_resource_busy:
            return Kind::conflict;
        case std::errc::permission_denied:
        case std::errc::operation_not_permitted:
        case std::errc::read_only_file_system:
        case std::errc::no_space_on_device:
        case std::errc::too_many_symbolic_link_levels:
        case std::errc::io_error:
        case std::errc::not_a_directory:
            return Kind::state;
        case std::errc::connection_refused:
        case std::errc::connection_reset:
        case std::errc::connection_aborted:
        case std::errc::host_unreachable:
        case std::errc::network_unreachable:
        case std::errc::network_down:
        case std::errc::broken_pipe:
        case std::errc::timed_out:
            return Kind::network;
        default:
            return Kind::internal;
    }
}

}  // namespace

std::error_condition make_error_condition(Kind kind) noexcept { return {static_cast<int>(kind), category()}; }

Kind kind_of(std::error_code const& code) noexcept {
    auto const condition = code.default_error_condition();
    if (condition.category() == category()) return static_cast<Kind>(condition.value());
    if (condition.category() == std::generic_category()) return kind_of_errno(condition);
    return Kind::internal;
}

}  // namespace lanyard

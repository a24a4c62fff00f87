#pragma once

#include <istream>
#include <ostream>

#include "manifests/trust/trusted_set.h"
#include "proto/outcome/result.h"
#include "seeder/ceremony/sign_options.h"

namespace lanyard::ceremony {

// Where lanyard-sign asks and answers.
struct Desk {
    std::istream& in;
    std::ostream& out;
};

Status carry_out(SignCommand const& command, trust::TimePoint now, Desk& desk);

}  // namespace lanyard::ceremony

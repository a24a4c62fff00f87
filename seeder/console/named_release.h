#pragma once

#include "proto/outcome/result.h"
#include "seeder/catalogue/catalogue.h"
#include "seeder/console/invocation.h"

namespace lanyard::console {

// What the words of a command mean; refuses a name, version, channel or platform that is none.
Result<catalogue::Filter> judge(NamedRelease const& words);

}  // namespace lanyard::console

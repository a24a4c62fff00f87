#include "proto/outcome/plain_text.h"
#include "seeder/console/commands.h"

namespace lanyard::console {

int conclude(Status const& status, Terminal& terminal) {
    if (status) return 0;
    terminal.err << "lanyard-seeder: " << as_plain(status.error().detail) << std::endl;
    return static_cast<int>(kind_of(status.error().code));
}

}  // namespace lanyard::console

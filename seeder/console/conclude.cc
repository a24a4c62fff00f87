#include "seeder/console/commands.h"
#include "seeder/console/table.h"

namespace lanyard::console {

int conclude(Status const& status, Terminal& terminal) {
    if (status) return 0;
    terminal.err << "lanyard-seeder: " << printable(status.error().detail) << std::endl;
    return static_cast<int>(kind_of(status.error().code));
}

}  // namespace lanyard::console

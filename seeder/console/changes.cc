#include "seeder/console/changes.h"

#include <fmt/format.h>

#include "seeder/console/render.h"
#include "seeder/console/requests.h"

namespace lanyard::console {

Result<std::optional<Waiting>> conclude_change(OpenState& state, intake::Disk& disk, publish::Change const& change,
                                               Terminal& terminal) {
    terminal.err << warning_line(change.not_drawn);
    if (!change.request) {
        remove_overtaken(state, disk);
        return std::optional<Waiting>();
    }
    auto const file = store_request(state.dir, disk, *change.request);
    if (!file) return pass_on(file);
    auto const request = read_request(*file);
    if (!request) return pass_on(request);
    return std::optional(Waiting{*file, next_steps(*request, *file)});
}

}  // namespace lanyard::console

// seeder.toml, which an operator may have edited.
#include <string>

#include "seeder/console/config.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const config = console::parse_config(fuzz::text(data, size), "seeder.toml");
    if (!config) {
        must(config.error().detail.starts_with("seeder.toml:"), "a refusal names the file");
        return 0;
    }
    must(console::check_config(*config).has_value(), "what was read has been checked");
    auto const written = console::render_config(*config);
    auto const again = console::parse_config(written, "seeder.toml");
    must(again.has_value(), "what was accepted is accepted again");
    must(console::render_config(*again) == written, "a configuration is written as it was read");
    return 0;
}

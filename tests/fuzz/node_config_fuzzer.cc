// node.toml, which an administrator may have edited.
#include <string>

#include "node/console/config.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const config = console::NodeConfig::parse(std::string(fuzz::text(data, size)), "node.toml");
    if (!config) {
        must(config.error().detail.starts_with("node.toml"), "a refusal names the file");
        return 0;
    }
    must(config->id.size() == 32 && config->poll.count() >= 1, "what is needed is there");
    for (auto const& entry : config->apps) must(entry.app.home.is_absolute(), "an application has a place");
    auto const written = config->to_toml();
    auto const again = console::NodeConfig::parse(written, "node.toml");
    must(again.has_value(), "what was accepted is accepted again");
    must(again->to_toml() == written, "a configuration is written as it was read");
    return 0;
}

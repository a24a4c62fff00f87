// Messages on the node's local socket: what a command prints of an answer, and the same of a history.
#include <string>

#include "node/console/output.h"
#include "proto/schema/lanyard/v1/local.pb.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

void check_shown(std::string const& shown) {
    for (auto const c : shown) {
        must(static_cast<unsigned char>(c) >= 0x20 || c == '\n', "what is shown disturbs no terminal");
        must(c != 0x7f, "what is shown disturbs no terminal");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const bytes(fuzz::text(data, size));
    v1::LocalRequest request;
    if (request.ParseFromString(bytes)) must(request.ByteSizeLong() <= 4 * bytes.size(), "a request does not grow");
    v1::LocalResponse response;
    if (response.ParseFromString(bytes)) {
        check_shown(console::to_text(response.status()));
        check_shown(console::to_text(response.check()));
        check_shown(console::to_text(response.why()));
        for (auto const& app : response.status().apps()) check_shown(console::progress_line(app.attempt()));
    }
    v1::History history;
    if (history.ParseFromString(bytes)) check_shown(console::to_text(history));
    return 0;
}

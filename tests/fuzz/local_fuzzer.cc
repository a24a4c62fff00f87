// Messages on the node's local sockets: what a command prints of an answer, and the same of a history; and what the
// client for applications, which has its own reader of protobuf, makes of what a node says.
#include <array>
#include <cstring>
#include <string>

#include "node/console/output.h"
#include "proto/contract/lanyard_app.h"
#include "proto/schema/lanyard/v1/contract.pb.h"
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

// As protobuf reads it, wherever it is written as protobuf would.
void check_client(std::uint8_t const* data, std::size_t size, std::string const& bytes) {
    lanyard_event event{};
    std::array<char, LANYARD_MOST_TEXT> refusal{};
    int const kind = lanyard_read_message(data, size, &event, refusal.data());
    v1::NodeMessage message;
    if (message.ParseFromString(bytes) && message.SerializeAsString() == bytes) {
        must((kind == 2) == message.has_answer(), "an answer is an answer");
        if (message.has_resume()) {
            auto const& token = message.resume().token();
            must(event.kind == LANYARD_RESUME && event.token_version == token.version(), "a token has its version");
            must(event.token_size == token.bytes().size(), "a token is whole");
        }
        if (message.has_prepare_stop()) {
            must(event.seconds == message.prepare_stop().seconds(), "a time is a time");
            must(event.number == message.prepare_stop().number(), "a question keeps its number");
        }
        if (message.has_answer()) {
            must(message.answer().refused().compare(0, std::strlen(refusal.data()), refusal.data()) == 0,
                 "a refusal is said as it was written");
        }
    }
    lanyard_event_free(&event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const bytes(fuzz::text(data, size));
    check_client(data, size, bytes);
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

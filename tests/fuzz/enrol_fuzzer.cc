// POST /v1/enroll: what the seeder parses, checks and keeps of it; as it came, and signed by the key that it names.
#include <string>

#include "proto/identity/key.h"
#include "proto/outcome/plain_text.h"
#include "seeder/authority/errc.h"
#include "seeder/authority/nodes.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;

namespace {

identity::Key const& key() {
    static auto const made = *identity::Key::generate();
    return made;
}

void check(v1::SignedEnrollRequest const& message, bool is_genuine) {
    auto const request = authority::check_request(message);
    if (!request) {
        must(request.error().code == authority::Errc::malformed, "what is not taken is malformed");
        must(is_plain(request.error().detail), "a refusal is plain text");
        return;
    }
    must(is_genuine, "nobody asks in the name of another key");
    must(request->node_id() == identity::node_id_of(request->public_key()), "a node is its key");
    must(request->node_name().size() <= 253 && is_plain(request->node_name()), "a name is short and plain text");
    must(request->GetReflection()->GetUnknownFields(*request).empty(), "nothing is kept that nobody has looked at");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const input = std::string(fuzz::text(data, size));
    v1::SignedEnrollRequest message;
    if (message.ParseFromString(input)) check(message, false);

    v1::EnrollRequest request;
    if (!request.ParseFromString(input)) return 0;
    request.set_public_key(key().public_key());
    // An id that is not the key's stays, so that it is refused.
    bool const is_own = request.node_id().empty();
    if (is_own) request.set_node_id(identity::node_id_of(key().public_key()));
    message.set_request(request.SerializeAsString());
    message.set_signature(*key().sign(identity::Purpose::enrolment, message.request()));
    check(message, is_own);
    return 0;
}

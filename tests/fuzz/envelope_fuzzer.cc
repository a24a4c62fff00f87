// The envelope around every metadata file, taken apart before any signature has been looked at.
#include <string>

#include "manifests/trust/keyring.h"
#include "manifests/trust/opening.h"
#include "tests/fuzz/fuzz.h"

using namespace lanyard;
using fuzz::must;
using trust::RoleName;

namespace {

void check_pae(v1::Envelope const& envelope) {
    auto const encoded = trust::pae(envelope.payload_type(), envelope.payload());
    auto const head = "DSSEv1 " + std::to_string(envelope.payload_type().size()) + " " + envelope.payload_type() + " " +
                      std::to_string(envelope.payload().size()) + " ";
    must(encoded == head + envelope.payload(), "the signed bytes are the pre-authentication encoding of DSSE 1.0.2");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const bytes = fuzz::text(data, size);
    int takers = 0;
    for (auto const role : {RoleName::root, RoleName::timestamp, RoleName::snapshot, RoleName::targets}) {
        auto const envelope = trust::take_apart(role, bytes);
        if (!envelope) {
            must(!envelope.error().detail.empty(), "a refusal says why");
            continue;
        }
        ++takers;
        must(bytes.size() <= trust::max_bytes(role), "no role is larger than it may be");
        must(envelope->payload_type() == trust::payload_type(role), "an envelope is of the role it is taken for");
        must(trust::take_apart(role, envelope->SerializeAsString()).has_value(), "what was accepted is accepted again");
        check_pae(*envelope);
    }
    must(takers <= 1, "an envelope is of one role at most");
    return 0;
}

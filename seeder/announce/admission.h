#pragma once

#include <string>
#include <string_view>

#include "proto/async/asio.h"
#include "proto/http/message.h"
#include "proto/outcome/result.h"
#include "proto/schema/lanyard/v1/enroll.pb.h"

namespace lanyard::announce {

// Who may use the control routes. The first two are asked at every request, so they answer from memory.
class Admission {
public:
    virtual ~Admission() = default;

    // Whether the caller is the node of this id, and accepted now; no_certificate or not_admitted otherwise. Asked
    // again when a question that was held is answered.
    virtual Status admit(http::Caller const& caller, std::string_view node_id) = 0;

    // Whether the key of this accepted node has signed the report.
    virtual Status signed_by(std::string_view node_id, std::string_view report, std::string_view signature) = 0;

    // A node asks for a certificate. Fails with not_admitted (403), a code of Kind::usage (400), or one that means:
    // later.
    virtual asio::awaitable<Result<v1::EnrollResponse>> enroll(v1::SignedEnrollRequest request,
                                                               std::string address) = 0;
};

}  // namespace lanyard::announce

#pragma once

#include "proto/http/message.h"
#include "proto/outcome/result.h"
#include "seeder/announce/errc.h"

namespace lanyard::announce {

// What a caller is told who is not admitted, or whose request is not what it must be.
inline http::Response refusal(Error const& why) {
    if (why.code == Errc::no_certificate) return http::Response::text(401, why.detail);
    return http::Response::text(kind_of(why.code) == Kind::usage ? 400 : 403, why.detail);
}

}  // namespace lanyard::announce

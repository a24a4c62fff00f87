#pragma once

#include <chrono>
#include <string>

#include "proto/http/message.h"
#include "proto/outcome/result.h"
#include "seeder/authority/certificates.h"
#include "seeder/console/config.h"
#include "seeder/console/state_dir.h"

namespace lanyard::console {

// The fleet CA of this state directory (keys/ca.pem, ca.crt). Made when neither file is there; when one is missing, it
// has to come back from a backup, for nodes have pinned the certificate.
Result<authority::CertificateAuthority> open_ca(StateDir const& dir, std::chrono::sys_seconds now);

// What the server shows from now on: a fresh key, kept in memory only, and a certificate for the host of the URL and
// the address it listens on.
Result<http::ServerTls> certify_server(authority::CertificateAuthority const& ca, Config const& config,
                                       std::chrono::sys_seconds now);

// The line that a person types on a node.
std::string join_line(Config const& config, std::string const& root_digest, std::string const& token);

}  // namespace lanyard::console

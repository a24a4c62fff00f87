#pragma once

#include <string>

#include "proto/outcome/result.h"
#include "seeder/console/terminal.h"

namespace lanyard::console {

// A QR code of half blocks, two rows of it in a line, with its quiet zone: dark on light, whatever the terminal's
// colours are.
Status print_qr(std::string const& text, Terminal& terminal);

}  // namespace lanyard::console

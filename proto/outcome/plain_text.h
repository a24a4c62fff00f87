#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lanyard {

// Text that strangers have written is shown to people, in lines and tables, on terminals. Plain is what can neither
// give a terminal orders, nor change how the text around it is read, nor hide: valid UTF-8 without control characters
// (C0, DEL, C1), without separators of lines, marks of direction and characters that show nothing.

// Takes one code point off the front of `text`, which is not empty; nothing when it is not valid UTF-8 (RFC 3629: no
// overlong forms, no surrogates, nothing above U+10FFFF).
std::optional<char32_t> take_code_point(std::string_view& text);

bool is_control(char32_t c);
// Zero-width, direction marks, separators of lines and paragraphs: two texts that look alike, or in another order.
bool is_invisible(char32_t c);

bool is_utf8(std::string_view text);
bool is_plain(std::string_view text);

// With a '?' for each character, or byte that belongs to none, that is not plain.
std::string as_plain(std::string_view text);

}  // namespace lanyard

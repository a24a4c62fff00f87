#include "seeder/console/qr_code.h"

#include <qrencode.h>

#include <memory>

#include "seeder/console/errc.h"

namespace lanyard::console {
namespace {

constexpr int kQuiet = 2;
constexpr char const* kBlackOnWhite = "\x1b[30;107m";
constexpr char const* kPlain = "\x1b[0m";

char const* half_blocks(bool upper, bool lower) {
    if (upper && lower) return "█";
    if (upper) return "▀";
    return lower ? "▄" : " ";
}

}  // namespace

Status print_qr(std::string const& text, Terminal& terminal) {
    std::unique_ptr<QRcode, decltype(&QRcode_free)> const code(QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L),
                                                               QRcode_free);
    if (!code) return fail(Errc::wrong_usage, "the text is too long for a QR code: carry the join line as text");
    auto const is_dark = [&](int row, int column) {
        bool const inside = row >= 0 && column >= 0 && row < code->width && column < code->width;
        return inside && (code->data[row * code->width + column] & 1) != 0;
    };
    for (int row = -kQuiet; row < code->width + kQuiet; row += 2) {
        terminal.out << kBlackOnWhite;
        for (int column = -kQuiet; column < code->width + kQuiet; ++column) {
            terminal.out << half_blocks(is_dark(row, column), is_dark(row + 1, column));
        }
        terminal.out << kPlain << "\n";
    }
    return {};
}

}  // namespace lanyard::console

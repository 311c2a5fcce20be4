#pragma once
// QR codes as a grid of modules; the only doorway to libqrencode.
#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::gateway {

struct QrCode {
    int size = 0;            // modules along one side, without the quiet zone
    std::vector<bool> dark;  // row by row
    bool at(int x, int y) const { return dark[static_cast<std::size_t>(y * size + x)]; }
};

// make_qr encodes bytes with error correction M, at most version 20 (97 modules).
// Errors: Errc::too_large when the text does not fit.
Result<QrCode> make_qr(std::string_view text);

// qr_path draws the dark modules as runs of a one-module stroke, shifted by the quiet zone of 4: the value of
// an SVG path's `d`.
std::string qr_path(const QrCode& code);

}  // namespace sekisho::gateway

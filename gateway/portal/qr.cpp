#include "gateway/portal/qr.hpp"

#include <fmt/format.h>
#include <qrencode.h>

#include <memory>

namespace sekisho::gateway {

Result<QrCode> make_qr(std::string_view text) {
    constexpr int version_max = 20;
    const std::unique_ptr<QRcode, void (*)(QRcode*)> code(
        QRcode_encodeData(static_cast<int>(text.size()), reinterpret_cast<const unsigned char*>(text.data()),
                          0, QR_ECLEVEL_M),
        QRcode_free);
    if (!code || code->version > version_max) return Error(Errc::too_large, "text does not fit a QR code");
    QrCode out;
    out.size = code->width;
    const auto modules = static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width);
    out.dark.reserve(modules);
    for (std::size_t i = 0; i < modules; ++i) out.dark.push_back((code->data[i] & 1) != 0);
    return out;
}

std::string qr_path(const QrCode& code) {
    constexpr int quiet = 4;
    std::string path;
    for (int y = 0; y < code.size; ++y) {
        int pen = -1;  // where the pen stands in this row; -1 before its first run
        for (int x = 0; x < code.size;) {
            if (!code.at(x, y)) {
                ++x;
                continue;
            }
            int end = x;
            while (end < code.size && code.at(end, y)) ++end;
            path += pen < 0 ? fmt::format("M{} {}.5", x + quiet, y + quiet) : fmt::format("m{} 0", x - pen);
            path += fmt::format("h{}", end - x);
            pen = x = end;
        }
    }
    return path;
}

}  // namespace sekisho::gateway

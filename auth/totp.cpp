#include "auth/totp.hpp"

#include "base/base64.hpp"
#include "base/check.hpp"
#include "base/random.hpp"

#include <liboath/oath.h>

#include <algorithm>
#include <array>

namespace sekisho::auth {
namespace {

constexpr int step_seconds = static_cast<int>(totp_step.count());

bool usable(const Secret& secret, int digits) {
    return secret.size_bytes() >= totp_secret_bytes_min && digits >= 6 && digits <= 8;
}

// oath_init readies the library's own state once; C++ makes that safe between threads.
void ready() {
    static const int done = oath_init();
    check(done == OATH_OK, "liboath does not start");
}

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Letters, digits and -._~ stay (RFC 3986 section 2.3); every other byte is escaped.
std::string percent_encoded(std::string_view text) {
    constexpr std::string_view plain = "-._~";
    std::string out;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || plain.find(c) != std::string_view::npos) {
            out.push_back(c);
        } else {
            constexpr std::string_view digits = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(c);
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
        }
    }
    return out;
}

}  // namespace

Secret make_totp_secret() { return Secret(ByteView(random_bytes<totp_secret_bytes>())); }

std::int64_t totp_step_at(WallTime now) noexcept {
    return std::chrono::floor<Seconds>(now).time_since_epoch().count() / step_seconds;
}

std::optional<std::int64_t> match_totp(const Secret& secret, std::string_view code, WallTime now) {
    if (code.size() != static_cast<std::size_t>(totp_digits) || !all_digits(code)) return std::nullopt;
    if (!usable(secret, totp_digits)) return std::nullopt;
    const auto present = totp_step_at(now);
    std::optional<std::int64_t> found;
    // All three are made and compared, whichever fits; the present step wins.
    for (const std::int64_t offset : {-1, 1, 0}) {
        const auto step = present + offset;
        if (step < 0) continue;
        const auto right = hotp(secret, static_cast<std::uint64_t>(step));
        if (equal_constant_time(as_bytes(right), as_bytes(code))) found = step;
    }
    return found;
}

std::string hotp(const Secret& secret, std::uint64_t counter, int digits) {
    if (!usable(secret, digits)) return {};
    ready();
    std::array<char, 16> out{};
    const auto text = secret.reveal_text();
    const int code = oath_hotp_generate(text.data(), text.size(), counter, static_cast<unsigned>(digits),
                                        false, OATH_HOTP_DYNAMIC_TRUNCATION, out.data());
    return code == OATH_OK ? std::string(out.data()) : std::string{};
}

std::string totp(const Secret& secret, WallTime at, int digits, OtpHash hash) {
    if (!usable(secret, digits)) return {};
    ready();
    const int flags = hash == OtpHash::sha256   ? OATH_TOTP_HMAC_SHA256
                      : hash == OtpHash::sha512 ? OATH_TOTP_HMAC_SHA512
                                                : 0;
    std::array<char, 16> out{};
    const auto text = secret.reveal_text();
    const auto seconds = static_cast<time_t>(std::chrono::floor<Seconds>(at).time_since_epoch().count());
    const int code = oath_totp_generate2(text.data(), text.size(), seconds, step_seconds, 0,
                                         static_cast<unsigned>(digits), flags, out.data());
    return code == OATH_OK ? std::string(out.data()) : std::string{};
}

std::string totp_uri(std::string_view issuer, std::string_view account, const Secret& secret, OtpKind kind) {
    const auto name = percent_encoded(issuer);
    const bool clock = kind == OtpKind::totp;
    return (clock ? "otpauth://totp/" : "otpauth://hotp/") + name + ":" + percent_encoded(account) +
           "?secret=" + base32(secret.reveal()) + "&issuer=" + name + "&algorithm=SHA1&digits=6" +
           (clock ? "&period=30" : "&counter=0");
}

std::string spaced_secret(const Secret& secret) {
    const auto text = base32(secret.reveal());
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i != 0 && i % 4 == 0) out.push_back(' ');
        out.push_back(text[i]);
    }
    return out;
}

std::string totp_context(std::string_view user) { return "totp\n" + std::string(user); }

std::optional<std::string> looks_like_totp(std::string_view typed) {
    std::string digits;
    for (const char c : typed)
        if (c != ' ' && c != '-') digits.push_back(c);
    if (digits.size() != static_cast<std::size_t>(totp_digits) || !all_digits(digits)) return std::nullopt;
    return digits;
}

}  // namespace sekisho::auth

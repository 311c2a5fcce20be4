#include "auth/recovery.hpp"

#include "base/random.hpp"

namespace sekisho::auth {
namespace {

// 80 bits are sixteen characters of Crockford's base 32: easy to read aloud, no I, L, O or U.
constexpr std::size_t code_characters = 16;
constexpr std::size_t group = 4;
constexpr std::size_t typed_max = 64;
constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::string make_code() {
    const auto raw = random_bytes<code_characters>();
    std::string out;
    for (const auto byte : raw) out.push_back(alphabet[byte & 31]);  // 256 = 8 x 32: no bias
    return out;
}

std::string in_groups(std::string_view code) {
    std::string out;
    for (std::size_t i = 0; i < code.size(); ++i) {
        if (i != 0 && i % group == 0) out.push_back('-');
        out.push_back(code[i]);
    }
    return out;
}

std::optional<std::string> normal_code(std::string_view typed) {
    if (typed.size() > typed_max) return std::nullopt;
    std::string out;
    for (char c : typed) {
        if (c == ' ' || c == '-') continue;
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
        if (c == 'O') c = '0';
        if (c == 'I' || c == 'L') c = '1';
        if (alphabet.find(c) == std::string_view::npos) return std::nullopt;
        out.push_back(c);
    }
    if (out.size() != code_characters) return std::nullopt;
    return out;
}

}  // namespace

RecoveryCodes make_recovery_codes(const Keyring& keys, std::string_view user) {
    RecoveryCodes out;
    for (std::size_t i = 0; i < recovery_code_count; ++i) {
        const auto code = make_code();
        out.shown.push_back(in_groups(code));
        out.kept.push_back(keys.mac(KeyPurpose::recovery, user, as_bytes(code)));
    }
    return out;
}

std::vector<Digest> recovery_digests(const Keyring& keys, std::string_view user, std::string_view typed) {
    auto code = normal_code(typed);
    if (!code) return {};
    auto out = keys.macs(KeyPurpose::recovery, user, as_bytes(*code));
    wipe_text(*code);
    return out;
}

}  // namespace sekisho::auth

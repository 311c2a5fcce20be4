#include "auth/password.hpp"

#include "auth/common_passwords.hpp"
#include "base/base64.hpp"
#include "base/check.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

#include <sodium.h>

#include <array>
#include <cstdlib>
#include <utf8proc.h>

namespace sekisho::auth {
namespace {

constexpr HashCost cost_ceiling{256 * 1024, 10};
constexpr HashCost cost_floor{8, 1};
constexpr std::size_t salt_bytes = 16, hash_bytes = 32;

void ready() {
    static const int done = sodium_init();
    check(done >= 0, "libsodium does not start");
}

// Categories that no password holds: control, unassigned, surrogate and private-use characters.
bool refused(utf8proc_int32_t c) {
    const auto category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CN ||
           category == UTF8PROC_CATEGORY_CS || category == UTF8PROC_CATEGORY_CO;
}

// RFC 8265 section 4.2.2 rule 2: every non-ASCII space becomes SP. `data` points at a bool.
utf8proc_int32_t mapped(utf8proc_int32_t c, void* data) {
    if (refused(c)) *static_cast<bool*>(data) = false;
    return utf8proc_category(c) == UTF8PROC_CATEGORY_ZS ? ' ' : c;
}

// The name with little around it is no password: "sato2024".
bool like_name(std::string_view folded, std::string_view account) {
    const auto at = account.empty() ? std::string_view::npos : folded.find(account);
    return at != std::string_view::npos && folded.size() - account.size() < 5;
}

// take drops `prefix` off the front.
bool take(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::optional<std::uint32_t> take_number(std::string_view& text, char end) {
    const auto at = text.find(end);
    if (at == std::string_view::npos) return std::nullopt;
    const auto number = parse_unsigned(text.substr(0, at), 0xffff'ffff);
    if (!number) return std::nullopt;
    text.remove_prefix(at + 1);
    return static_cast<std::uint32_t>(*number);
}

// The salt and hash of a PHC string are base64 of the common alphabet, without padding.
bool is_base64_of(std::string_view text, std::size_t size_bytes) {
    std::string url(text);
    for (auto& c : url) {
        if (c == '-' || c == '_') return false;
        if (c == '+') c = '-';
        if (c == '/') c = '_';
    }
    const auto bytes = from_base64url(url);
    return bytes && bytes->size() == size_bytes;
}

std::string argon2id(ByteView keyed, HashCost cost) {
    std::array<char, crypto_pwhash_STRBYTES> out{};
    const int code = crypto_pwhash_str_alg(out.data(), as_text(keyed).data(), keyed.size(), cost.passes,
                                           std::size_t{cost.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
    if (code != 0) throw std::bad_alloc();  // the only way it fails
    return out.data();
}

bool argon2id_matches(ByteView keyed, std::string_view phc) {
    const std::string terminated(phc);
    return crypto_pwhash_str_verify(terminated.c_str(), as_text(keyed).data(), keyed.size()) == 0;
}

std::string stored_form(std::string_view key_id, std::string_view phc) {
    return std::string(key_id) + std::string(phc);
}

}  // namespace

std::string_view to_text(PasswordFault fault) noexcept {
    switch (fault) {
        case PasswordFault::too_short:
            return "too_short";
        case PasswordFault::too_long:
            return "too_long";
        case PasswordFault::not_text:
            return "not_text";
        case PasswordFault::common:
            return "common";
        case PasswordFault::like_name:
            return "like_name";
    }
    return "not_text";
}

std::size_t characters_in(std::string_view utf8) noexcept {
    std::size_t count = 0;
    for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    return count;
}

std::optional<Secret> normal_password(std::string_view typed) {
    if (typed.empty() || typed.size() > password_bytes_max) return std::nullopt;
    bool good = true;
    utf8proc_uint8_t* text = nullptr;
    const auto size = utf8proc_map_custom(
        as_bytes(typed).data(), static_cast<utf8proc_ssize_t>(typed.size()), &text,
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE), mapped, &good);
    if (size < 0 || text == nullptr) return std::nullopt;  // not UTF-8
    Secret out(ByteView(text, static_cast<std::size_t>(size)));
    sodium_memzero(text, static_cast<std::size_t>(size));
    std::free(text);
    if (!good || out.empty() || out.size_bytes() > password_bytes_max) return std::nullopt;
    return out;
}

namespace {

// "aaaaaaaaaaaa", "abababab": fewer than three different bytes.
bool few_letters(std::string_view text) {
    std::array<bool, 256> seen{};
    int different = 0;
    for (const char c : text) {
        auto& known = seen[static_cast<unsigned char>(c)];
        different += known ? 0 : 1;
        known = true;
    }
    return different < 3;
}

}  // namespace

std::optional<PasswordFault> fault_of(std::string_view typed, std::string_view account) {
    if (typed.size() > password_bytes_max) return PasswordFault::too_long;
    if (typed.empty()) return PasswordFault::too_short;
    const auto normal = normal_password(typed);
    if (!normal) return PasswordFault::not_text;
    if (characters_in(normal->reveal_text()) < password_characters_min) return PasswordFault::too_short;
    auto folded = lower(normal->reveal_text());
    std::optional<PasswordFault> fault;
    if (is_common_password(folded) || few_letters(folded))
        fault = PasswordFault::common;
    else if (like_name(folded, account))
        fault = PasswordFault::like_name;
    wipe_text(folded);
    return fault;
}

std::optional<StoredHash> parse_stored_hash(std::string_view stored) {
    StoredHash out;
    const auto dollar = stored.find('$');
    if (stored.size() > 160 || dollar == std::string_view::npos || dollar == 0) return std::nullopt;
    out.key_id = stored.substr(0, dollar);
    out.phc = stored.substr(dollar);
    if (out.phc.size() >= crypto_pwhash_STRBYTES || out.phc.find('\0') != std::string_view::npos)
        return std::nullopt;
    auto rest = out.phc;
    if (!take(rest, "$argon2id$v=19$m=")) return std::nullopt;
    const auto memory = take_number(rest, ',');
    if (!memory || !take(rest, "t=")) return std::nullopt;
    const auto passes = take_number(rest, ',');
    if (!passes || !take(rest, "p=1$")) return std::nullopt;
    out.cost = {*memory, *passes};
    if (*memory < cost_floor.memory_kib || *memory > cost_ceiling.memory_kib || *passes < cost_floor.passes ||
        *passes > cost_ceiling.passes)
        return std::nullopt;
    const auto border = rest.find('$');
    if (border == std::string_view::npos || !is_base64_of(rest.substr(0, border), salt_bytes) ||
        !is_base64_of(rest.substr(border + 1), hash_bytes))
        return std::nullopt;
    return out;
}

PasswordHasher::PasswordHasher(const Keyring& keys, HashPool& pool, HashCost cost)
    : keys_(keys), pool_(pool), cost_(cost) {
    ready();
    const auto key_id = keys_.active(KeyPurpose::password_pepper).id;
    decoy_ = stored_form(key_id, argon2id(random_bytes<32>(), cost_));
}

Secret PasswordHasher::keyed(const Secret& normalised, std::string_view key_id) const {
    const auto pepper = keys_.find(KeyPurpose::password_pepper, key_id);
    check(pepper.has_value(), "the pepper was looked up before");
    return Secret(ByteView(hmac_sha256(pepper->key.reveal(), normalised.reveal())));
}

Result<std::optional<PasswordFault>> PasswordHasher::judge(std::string_view typed,
                                                           std::string_view account) const {
    if (const auto fault = fault_of(typed, account)) return std::optional(*fault);
    const auto normal = normal_password(typed);
    if (!refused_ || !normal) return std::optional<PasswordFault>{};
    auto folded = lower(normal->reveal_text());
    auto listed = refused_->holds(normal->reveal_text());
    if (listed && !*listed) listed = refused_->holds(folded);
    wipe_text(folded);
    if (!listed) return listed.error();
    return *listed ? std::optional(PasswordFault::common) : std::nullopt;
}

Result<std::string> PasswordHasher::hash(const Secret& normalised) {
    const auto key_id = keys_.active(KeyPurpose::password_pepper).id;
    const auto input = keyed(normalised, key_id);
    std::string out;
    if (auto ran = pool_.run([&] { out = stored_form(key_id, argon2id(input.reveal(), cost_)); }); !ran)
        return ran.error();
    return out;
}

Result<PasswordHasher::Verdict> PasswordHasher::verify(std::string_view typed, std::string_view stored) {
    const auto normal = normal_password(typed);
    auto parsed = parse_stored_hash(stored);
    if (parsed && !keys_.find(KeyPurpose::password_pepper, parsed->key_id)) parsed.reset();
    const bool real = normal && parsed;
    if (!parsed) parsed = parse_stored_hash(decoy_);
    check(parsed.has_value(), "our own hash parses");
    const auto input = keyed(normal.value_or(Secret(as_bytes("-"))), parsed->key_id);
    Verdict verdict;
    const auto compare = [&] {
        const bool same = argon2id_matches(input.reveal(), parsed->phc);
        verdict.right = same && real;
    };
    if (auto ran = pool_.run(compare); !ran) return ran.error();
    const bool behind = parsed->cost.memory_kib < cost_.memory_kib || parsed->cost.passes < cost_.passes ||
                        parsed->key_id != keys_.active(KeyPurpose::password_pepper).id;
    if (behind) {
        auto better = hash(normal.value_or(Secret(as_bytes("-"))));
        if (better && verdict.right) verdict.better = std::move(*better);
    }
    return verdict;
}

}  // namespace sekisho::auth

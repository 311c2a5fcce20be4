#include "telemetry/audit_chain.hpp"

#include "base/base64.hpp"
#include "base/civil_time.hpp"
#include "base/text.hpp"
#include "telemetry/line_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sekisho::telemetry {
namespace {

constexpr std::string_view hash_tag = "sekisho-audit-1\n";
constexpr std::string_view hash_key = R"(,"hash":")", prev_key = R"(,"prev":")";
constexpr std::size_t hash_digits = 64;
constexpr std::size_t ending_size = hash_key.size() + hash_digits + 2;  // `,"hash":"..."}`
constexpr std::string_view signature_mark = "\xe2\x80\x94 ";            // em dash and a blank
constexpr std::string_view time_key = "time ";
constexpr std::uint8_t ed25519_kind = 1;
constexpr Seq seq_max = Seq{1} << 62;  // sums of numbers stay numbers

Digest hash_of(std::string_view open_body) {
    return sha256({as_bytes(hash_tag), as_bytes(open_body), as_bytes("}")});
}

// Closes the line that began at `from`: its hash, brace and newline.
Digest close_line(std::string& out, std::size_t from) {
    const auto hash = hash_of(std::string_view(out).substr(from));
    out.append(hash_key);
    append_hex(out, as_text(hash));
    out.append("\"}\n");
    return hash;
}

void append_prev(std::string& out, const Digest& prev) {
    out.append(prev_key);
    append_hex(out, as_text(prev));
    out.push_back('"');
}

std::optional<Digest> read_digest(std::string_view digits) {
    if (digits.size() != hash_digits || lower(digits) != digits) return std::nullopt;
    const auto bytes = from_hex(digits);
    if (!bytes) return std::nullopt;
    Digest digest;
    std::copy(bytes->begin(), bytes->end(), digest.begin());
    return digest;
}

// Takes `key` and the number behind it off the front.
std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view key) {
    if (!text.starts_with(key)) return std::nullopt;
    text.remove_prefix(key.size());
    std::size_t size = 0;
    while (size < text.size() && is_digit(text[size])) ++size;
    const auto number = parse_unsigned(text.substr(0, size));
    text.remove_prefix(size);
    return number;
}

std::array<std::uint8_t, 4> key_hash_of(std::string_view origin, ByteView public_key) {
    const std::uint8_t kind[] = {ed25519_kind};
    const auto digest = sha256({as_bytes(origin), as_bytes("\n"), kind, public_key});
    return {digest[0], digest[1], digest[2], digest[3]};
}

std::optional<Bytes> from_base64(std::string_view text) {
    std::string url(text);
    while (!url.empty() && url.back() == '=') url.pop_back();
    for (char& c : url) c = c == '+' ? '-' : c == '/' ? '_' : c;
    auto bytes = from_base64url(url);
    if (!bytes || base64(*bytes) != text) return std::nullopt;
    return bytes;
}

Error bad_note() { return {Errc::malformed, "not a checkpoint"}; }

Result<Checkpoint> read_note_body(std::string_view body) {
    auto lines = split(body, '\n');
    if (lines.size() != 5 || !lines[4].empty() || lines[0].empty() || !lines[3].starts_with(time_key))
        return bad_note();
    const auto seq = parse_unsigned(lines[1]);
    const auto hash = from_base64(lines[2]);
    const auto time = parse_rfc3339(lines[3].substr(time_key.size()));
    if (!seq || *seq > seq_max || !hash || hash->size() != sizeof(Digest) || !time) return bad_note();
    Checkpoint checkpoint{std::string(lines[0]), {*seq, {}}, *time};
    std::copy(hash->begin(), hash->end(), checkpoint.head.hash.begin());
    return checkpoint;
}

}  // namespace

Digest append_header(std::string& out, const SegmentHeader& header) {
    const std::size_t from = out.size();
    fmt::format_to(std::back_inserter(out), R"({{"v":{},"segment":{},"first":{})", audit_format_version,
                   header.segment, header.first);
    append_text_field(out, R"(,"origin":)", header.origin);
    out.append(R"(,"time":")");
    append_time(out, header.time);
    out.push_back('"');
    append_prev(out, header.prev);
    return close_line(out, from);
}

Digest append_record(std::string& out, const Record& record, const Head& before, PersonKeys& keys) {
    const std::size_t from = out.size();
    out.push_back('{');
    encode_fields(out, record, before.seq + 1, keys);
    append_prev(out, before.hash);
    return close_line(out, from);
}

Result<ChainLine> read_chain_line(std::string_view line) {
    const Error broken(Errc::malformed, "the line does not fit its hash");
    if (line.size() < 2 * ending_size) return broken;
    const auto body = line.substr(0, line.size() - ending_size);
    auto ending = line.substr(body.size());
    if (!ending.starts_with(hash_key) || !ending.ends_with("\"}")) return broken;
    const auto hash = read_digest(ending.substr(hash_key.size(), hash_digits));
    if (!hash || hash_of(body) != *hash) return broken;
    // `,"prev":"..."` closes the body.
    const std::size_t prev_size = prev_key.size() + hash_digits + 1;
    const auto before = body.substr(0, body.size() - prev_size), link = body.substr(before.size());
    const auto prev = read_digest(link.substr(prev_key.size(), hash_digits));
    if (!link.starts_with(prev_key) || !prev) return broken;

    ChainLine read;
    read.hash = *hash;
    read.prev = *prev;
    auto rest = before;
    if (take_number(rest, R"({"v":)") != std::uint64_t{audit_format_version}) return broken;
    if (const auto segment = take_number(rest, R"(,"segment":)")) {
        read.is_header = true;
        read.segment = *segment;
    }
    const auto seq = take_number(rest, read.is_header ? R"(,"first":)" : R"(,"seq":)");
    if (!seq || *seq == 0 || *seq > seq_max) return broken;
    read.seq = *seq;
    return read;
}

std::string segment_name(std::uint64_t segment) { return fmt::format("audit-{:08}.jsonl", segment); }

std::string sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
    std::string text = fmt::format("{}\n{}\n{}\n{}", checkpoint.origin, checkpoint.head.seq,
                                   base64(checkpoint.head.hash), time_key);
    append_time(text, checkpoint.time);
    text.push_back('\n');
    const auto key_hash = key_hash_of(checkpoint.origin, key.public_bytes());
    Bytes signature(key_hash.begin(), key_hash.end());
    const auto signed_bytes = key.sign(as_bytes(text));
    signature.insert(signature.end(), signed_bytes.begin(), signed_bytes.end());
    return fmt::format("{}\n{}{} {}\n", text, signature_mark, checkpoint.origin, base64(signature));
}

Result<SignedCheckpoint> read_checkpoint(std::string_view note) {
    const auto blank = note.find("\n\n");
    if (blank == note.npos || !note.ends_with('\n')) return bad_note();
    const auto body = note.substr(0, blank + 1);
    auto line = note.substr(blank + 2, note.size() - blank - 3);
    auto checkpoint = read_note_body(body);
    if (!checkpoint) return checkpoint.error();
    const auto mark = std::string(signature_mark) + checkpoint->origin + " ";
    if (!line.starts_with(mark)) return bad_note();
    const auto bytes = from_base64(line.substr(mark.size()));
    if (!bytes || bytes->size() != 4 + 64) return bad_note();
    SignedCheckpoint read{
        std::move(*checkpoint), std::string(body), {}, Bytes(bytes->begin() + 4, bytes->end())};
    std::copy_n(bytes->begin(), 4, read.key_hash.begin());
    return read;
}

bool signed_by(const SignedCheckpoint& checkpoint, ByteView public_key) noexcept {
    return key_hash_of(checkpoint.checkpoint.origin, public_key) == checkpoint.key_hash &&
           verify(SigningKey::Kind::ed25519, public_key, as_bytes(checkpoint.signed_text),
                  checkpoint.signature);
}

std::string verifier_key(std::string_view origin, ByteView public_key) {
    Bytes bytes{ed25519_kind};
    bytes.insert(bytes.end(), public_key.begin(), public_key.end());
    return fmt::format("{}+{}+{}", origin, hex(key_hash_of(origin, public_key)), base64(bytes));
}

Result<VerifierKey> parse_verifier_key(std::string_view text) {
    const Error bad(Errc::malformed, "not a verifier key of the form origin+hash+key");
    const auto first = text.find('+'), second = first == text.npos ? first : text.find('+', first + 1);
    if (second == text.npos) return bad;
    const auto bytes = from_base64(text.substr(second + 1));
    if (!bytes || bytes->size() != 33 || (*bytes)[0] != ed25519_kind) return bad;
    VerifierKey key{std::string(text.substr(0, first)), Bytes(bytes->begin() + 1, bytes->end())};
    if (hex(key_hash_of(key.origin, key.public_key)) != text.substr(first + 1, second - first - 1))
        return bad;
    return key;
}

}  // namespace sekisho::telemetry

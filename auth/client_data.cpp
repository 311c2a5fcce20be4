#include "auth/client_data.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <vector>

namespace sekisho::auth {
namespace {

// A reader that steps over JSON and keeps only strings; a fault is final.
class Json {
public:
    explicit Json(std::string_view text) : rest_(text) {}

    bool take(char c) {
        blanks();
        if (rest_.empty() || rest_.front() != c) return false;
        rest_.remove_prefix(1);
        return true;
    }
    bool literal(std::string_view word) {
        blanks();
        if (rest_.substr(0, word.size()) != word) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    bool at(char c) {
        blanks();
        return !rest_.empty() && rest_.front() == c;
    }
    bool ended() {
        blanks();
        return rest_.empty();
    }
    std::optional<std::string> string();
    bool skip(int depth);
    // members calls `each` with every name, the reader standing at its value.
    template <class Each>
    bool members(Each&& each);

private:
    void blanks() {
        while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos)
            rest_.remove_prefix(1);
    }
    std::optional<std::uint32_t> four_hex();
    bool escape(std::string& out);
    bool number();
    std::size_t digits();

    std::string_view rest_;
};

std::optional<std::uint32_t> Json::four_hex() {
    if (rest_.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (const char raw : rest_.substr(0, 4)) {
        const char c = to_lower(raw);
        if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return std::nullopt;
        value = value << 4 | static_cast<std::uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
    }
    rest_.remove_prefix(4);
    return value;
}

void append_utf8(std::string& out, std::uint32_t code) {
    const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) {
        put(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
    } else {
        put(0xf0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
    }
    put(0x80 | (code & 0x3f));
}

bool Json::escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    constexpr std::string_view plain = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    if (const auto i = plain.find(c); i != std::string_view::npos) {
        out.push_back(meant[i]);
        return true;
    }
    if (c != 'u') return false;
    auto code = four_hex();
    if (!code) return false;
    if (*code >= 0xd800 && *code < 0xe000) {
        if (*code >= 0xdc00 || rest_.substr(0, 2) != "\\u") return false;
        rest_.remove_prefix(2);
        const auto low = four_hex();
        if (!low || *low < 0xdc00 || *low > 0xdfff) return false;
        code = 0x10000 + ((*code - 0xd800) << 10 | (*low - 0xdc00));
    }
    append_utf8(out, *code);
    return true;
}

std::optional<std::string> Json::string() {
    if (!take('"')) return std::nullopt;
    std::string out;
    while (!rest_.empty()) {
        const char c = rest_.front();
        if (static_cast<unsigned char>(c) < 0x20) return std::nullopt;
        rest_.remove_prefix(1);
        if (c == '"') return out;
        if (c != '\\')
            out.push_back(c);
        else if (!escape(out))
            return std::nullopt;
    }
    return std::nullopt;
}

std::size_t Json::digits() {
    std::size_t count = 0;
    for (; !rest_.empty() && is_digit(rest_.front()); ++count) rest_.remove_prefix(1);
    return count;
}

bool Json::number() {
    const auto skip_one_of = [this](std::string_view chars) {
        const bool there = !rest_.empty() && chars.find(rest_.front()) != std::string_view::npos;
        if (there) rest_.remove_prefix(1);
        return there;
    };
    skip_one_of("-");
    const bool zero = !rest_.empty() && rest_.front() == '0';
    const auto whole = digits();
    if (whole == 0 || (zero && whole > 1)) return false;
    if (skip_one_of(".") && digits() == 0) return false;
    if (!skip_one_of("eE")) return true;
    skip_one_of("+-");
    return digits() > 0;
}

template <class Each>
bool Json::members(Each&& each) {
    if (!take('{')) return false;
    if (take('}')) return true;
    std::vector<std::string> names;
    do {
        auto name = string();
        if (!name || names.size() >= client_data_members_max || !take(':')) return false;
        if (std::find(names.begin(), names.end(), *name) != names.end()) return false;
        names.push_back(std::move(*name));
        if (!each(names.back())) return false;
    } while (take(','));
    return take('}');
}

bool Json::skip(int depth) {
    if (depth > client_data_depth_max) return false;
    if (at('"')) return string().has_value();
    if (at('{')) return members([&](const std::string&) { return skip(depth + 1); });
    if (take('[')) {
        if (take(']')) return true;
        do {
            if (!skip(depth + 1)) return false;
        } while (take(','));
        return take(']');
    }
    return literal("true") || literal("false") || literal("null") || number();
}

bool read_truth(Json& json, bool& out) {
    out = json.literal("true");
    return out || json.literal("false");
}

bool read_into(Json& json, std::optional<std::string>& out) {
    out = json.string();
    return out.has_value();
}

}  // namespace

std::optional<ClientData> parse_client_data(ByteView bytes) {
    const auto text = as_text(bytes);
    if (text.size() > client_data_bytes_max || !is_utf8(text)) return std::nullopt;
    ClientData out;
    std::optional<std::string> type, challenge, origin;
    Json json(text);
    const bool good = json.members([&](const std::string& name) {
        if (name == "type") return read_into(json, type);
        if (name == "challenge") return read_into(json, challenge);
        if (name == "origin") return read_into(json, origin);
        if (name == "topOrigin") return read_into(json, out.top_origin);
        if (name == "crossOrigin") return read_truth(json, out.cross_origin);
        return json.skip(1);
    });
    if (!good || !json.ended() || !type || !challenge || !origin) return std::nullopt;
    out.type = std::move(*type);
    out.challenge = std::move(*challenge);
    out.origin = std::move(*origin);
    return out;
}

}  // namespace sekisho::auth

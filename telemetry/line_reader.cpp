#include "telemetry/line_reader.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>

namespace sekisho::telemetry {
namespace {

constexpr std::size_t members_max = 256;
constexpr int depth_max = 2;

class Reader {
public:
    explicit Reader(std::string_view text) : rest_(text) {}

    bool object(std::vector<LineFields::Member>& out, const std::string& prefix, int depth) {
        if (depth > depth_max || !take('{')) return false;
        if (take('}')) return true;
        do {
            std::string name;
            if (!text(name) || !take(':') || !value(out, prefix + name, depth)) return false;
        } while (take(','));
        return take('}');
    }
    bool ended() const noexcept { return rest_.empty(); }

private:
    bool value(std::vector<LineFields::Member>& out, std::string name, int depth) {
        if (!rest_.empty() && rest_[0] == '{') return object(out, name + ".", depth + 1);
        LineFields::Member member{std::move(name), {}};
        const bool read = !rest_.empty() && rest_[0] == '"' ? text(member.text) : bare(member.text);
        if (!read || out.size() >= members_max) return false;
        out.push_back(std::move(member));
        return true;
    }

    // A whole number or a truth.
    bool bare(std::string& out) {
        for (const std::string_view word : {"true", "false"})
            if (rest_.substr(0, word.size()) == word) {
                out = word;
                rest_.remove_prefix(word.size());
                return true;
            }
        std::size_t size = 0;
        while (size < rest_.size() && is_digit(rest_[size])) ++size;
        if (!parse_unsigned(rest_.substr(0, size))) return false;
        out = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    bool text(std::string& out) {
        if (!take('"')) return false;
        while (!rest_.empty()) {
            const char c = rest_[0];
            if (c == '"') return take('"');
            if (static_cast<unsigned char>(c) < 0x20) return false;
            rest_.remove_prefix(1);
            if (c != '\\')
                out.push_back(c);
            else if (!escape(out))
                return false;
        }
        return false;
    }

    bool escape(std::string& out) {
        if (rest_.empty()) return false;
        const char c = rest_[0];
        rest_.remove_prefix(1);
        constexpr std::string_view marks = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
        if (const auto at = marks.find(c); at != marks.npos) {
            out.push_back(meant[at]);
            return true;
        }
        return c == 'u' && code_unit(out);
    }

    // \uXXXX outside the surrogates, which our writer never makes.
    bool code_unit(std::string& out) {
        if (rest_.size() < 4) return false;
        unsigned unit = 0;
        const auto end = std::from_chars(rest_.data(), rest_.data() + 4, unit, 16).ptr;
        if (end != rest_.data() + 4 || (unit >= 0xd800 && unit <= 0xdfff)) return false;
        rest_.remove_prefix(4);
        if (unit < 0x80) {
            out.push_back(static_cast<char>(unit));
        } else if (unit < 0x800) {
            out.push_back(static_cast<char>(0xc0 | unit >> 6));
            out.push_back(static_cast<char>(0x80 | (unit & 0x3f)));
        } else {
            out.push_back(static_cast<char>(0xe0 | unit >> 12));
            out.push_back(static_cast<char>(0x80 | (unit >> 6 & 0x3f)));
            out.push_back(static_cast<char>(0x80 | (unit & 0x3f)));
        }
        return true;
    }

    bool take(char c) noexcept {
        if (rest_.empty() || rest_[0] != c) return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view rest_;
};

bool has_twins(const std::vector<LineFields::Member>& members) {
    std::vector<std::string_view> names;
    names.reserve(members.size());
    for (const auto& member : members) names.push_back(member.name);
    std::sort(names.begin(), names.end());
    return std::adjacent_find(names.begin(), names.end()) != names.end();
}

}  // namespace

const std::string* LineFields::find(std::string_view name) const noexcept {
    for (const auto& member : members_)
        if (member.name == name) return &member.text;
    return nullptr;
}

std::string LineFields::text(std::string_view name) const {
    const auto* found = find(name);
    return found ? *found : std::string{};
}

std::uint64_t LineFields::number(std::string_view name) const {
    const auto* found = find(name);
    return found ? parse_unsigned(*found).value_or(0) : 0;
}

Result<LineFields> read_line(std::string_view line) {
    LineFields fields;
    Reader reader(line);
    if (!reader.object(fields.members_, {}, 1) || !reader.ended() || has_twins(fields.members_))
        return Error(Errc::malformed, "not a line of ours");
    return fields;
}

}  // namespace sekisho::telemetry

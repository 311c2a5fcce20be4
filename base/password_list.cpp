#include "base/password_list.hpp"

#include "base/crypto_sha1.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sekisho {
namespace {

constexpr std::size_t entry_size = 40;
constexpr std::size_t count_digits_max = 20;
constexpr int lines_judged = 256;

struct Line {
    std::uint64_t begin = 0, after = 0;  // `after` is where the next line begins
    std::string entry;
};

Error not_a_list(std::uint64_t offset) {
    return Error(Errc::malformed,
                 fmt::format("the line at byte {} is no SHA-1 of 40 hexadecimal digits, with "
                             "or without :COUNT",
                             offset));
}

// The entry of a line without its line feed; empty when it has none.
std::string entry_of(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() < entry_size) return {};
    const auto count = line.substr(entry_size);
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!count.empty() && (count[0] != ':' || count.size() < 2 || count.size() > 1 + count_digits_max ||
                           !std::all_of(count.begin() + 1, count.end(), digit)))
        return {};
    std::string out(line.substr(0, entry_size));
    for (auto& c : out) {
        if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
        if (!digit(c) && (c < 'A' || c > 'F')) return {};
    }
    return out;
}

// The line that the byte at `offset` belongs to: no more than one longest line is read to either side.
Result<Line> line_around(const ReadAt& read, std::uint64_t size_bytes, std::uint64_t offset) {
    constexpr auto reach = password_list_line_bytes_max;
    std::array<char, 2 * reach> block{};
    const auto from = offset - std::min<std::uint64_t>(offset, reach);
    const auto got = read(from, block);
    if (!got) return got.error();
    const std::string_view text(block.data(), *got);
    const auto at = static_cast<std::size_t>(offset - from);
    if (at >= text.size()) return Error(Errc::unavailable, "the list became shorter while it was read");
    const auto before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    const auto begin = before == std::string_view::npos ? 0 : before + 1;
    if (begin == 0 && from != 0) return not_a_list(offset);
    const auto feed = text.find('\n', at);
    if (feed == std::string_view::npos && from + text.size() != size_bytes) return not_a_list(offset);
    const auto end = std::min(feed, text.size());
    Line line{from + begin, from + std::min(end + 1, text.size()), entry_of(text.substr(begin, end - begin))};
    if (line.entry.empty()) return not_a_list(line.begin);
    return line;
}

}  // namespace

std::string password_list_entry(std::string_view password) {
    std::string out;
    for (const auto byte : sha1(as_bytes(password))) fmt::format_to(std::back_inserter(out), "{:02X}", byte);
    return out;
}

Result<bool> list_holds(const ReadAt& read, std::uint64_t size_bytes, std::string_view entry) {
    std::uint64_t low = 0, high = size_bytes;  // both where a line begins, or the end
    while (low < high) {
        const auto line = line_around(read, size_bytes, low + (high - low) / 2);
        if (!line) return line.error();
        if (line->entry == entry) return true;
        if (entry < line->entry)
            high = line->begin;
        else
            low = line->after;
    }
    return false;
}

Result<> judge_list(const ReadAt& read, std::uint64_t size_bytes) {
    if (size_bytes == 0) return Error(Errc::malformed, "it is empty");
    Line last;
    for (int i = 0; i <= lines_judged; ++i) {
        const auto offset =
            static_cast<std::uint64_t>(static_cast<long double>(size_bytes - 1) * i / lines_judged);
        auto line = line_around(read, size_bytes, offset);
        if (!line) return line.error();
        if (i > 0 && line->begin != last.begin && line->entry <= last.entry)
            return Error(Errc::malformed, fmt::format("the line at byte {} is not above those before it: the "
                                                      "list must be sorted",
                                                      line->begin));
        last = std::move(*line);
    }
    return {};
}

}  // namespace sekisho

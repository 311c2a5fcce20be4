#pragma once
// HeadWriter puts text into a caller's buffer and remembers when it did not fit; it never allocates.
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace sekisho::gateway {

class HeadWriter {
public:
    explicit HeadWriter(std::span<char> out) noexcept
        : begin_(out.data()), next_(out.data()), end_(out.data() + out.size()) {}

    void put(std::string_view text) noexcept {
        if (text.size() > static_cast<std::size_t>(end_ - next_)) [[unlikely]] {
            overflowed_ = true;
            return;
        }
        if (!text.empty()) std::memcpy(next_, text.data(), text.size());
        next_ += text.size();
    }
    // field puts "name: value CRLF".
    void field(std::string_view name, std::string_view value) noexcept {
        const std::size_t bytes = name.size() + value.size() + 4;
        if (bytes > static_cast<std::size_t>(end_ - next_)) [[unlikely]] {
            overflowed_ = true;
            return;
        }
        std::memcpy(next_, name.data(), name.size());
        char* p = next_ + name.size();
        *p++ = ':';
        *p++ = ' ';
        if (!value.empty()) std::memcpy(p, value.data(), value.size());
        p += value.size();
        *p++ = '\r';
        *p = '\n';
        next_ += bytes;
    }
    void number(std::uint64_t value) noexcept {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        put({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }

    bool overflowed() const noexcept { return overflowed_; }
    std::string_view text() const noexcept { return {begin_, static_cast<std::size_t>(next_ - begin_)}; }
    std::size_t size_bytes() const noexcept { return static_cast<std::size_t>(next_ - begin_); }
    // cut_to takes back what was put after `bytes`.
    void cut_to(std::size_t bytes) noexcept { next_ = begin_ + bytes; }

private:
    char* begin_;
    char* next_;
    char* end_;
    bool overflowed_ = false;
};

}  // namespace sekisho::gateway

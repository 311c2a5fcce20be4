#pragma once
// Secret holds bytes that wipe themselves, compare in constant time and have no printer.
#include "base/bytes.hpp"

namespace sekisho {

class Secret {
public:
    Secret() = default;
    explicit Secret(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) noexcept = default;
    Secret& operator=(const Secret& other);
    Secret& operator=(Secret&& other) noexcept;
    ~Secret();

    // reveal views the bytes; the view must not outlive this object.
    ByteView reveal() const noexcept { return bytes_; }
    std::string_view reveal_text() const noexcept { return as_text(bytes_); }
    std::size_t size_bytes() const noexcept { return bytes_.size(); }
    bool empty() const noexcept { return bytes_.empty(); }

    // matches compares in time that depends on the lengths only.
    bool matches(ByteView other) const noexcept;

private:
    void wipe() noexcept;
    Bytes bytes_;
};

// wipe_text overwrites a string's characters, then empties it.
void wipe_text(std::string& text) noexcept;

// equal_constant_time: time depends on the lengths only.
bool equal_constant_time(ByteView a, ByteView b) noexcept;

}  // namespace sekisho

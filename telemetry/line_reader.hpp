#pragma once
// Reads our own JSON lines back: one object of texts, whole numbers, truths and objects of these, one level
// deep.
#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sekisho::telemetry {

// Members in order; those of an inner object are named "outer.inner". Numbers and truths keep their text.
class LineFields {
public:
    struct Member {
        std::string name, text;
    };
    const std::vector<Member>& all() const noexcept { return members_; }
    // find gives the first member of that name, or nothing.
    const std::string* find(std::string_view name) const noexcept;
    std::string text(std::string_view name) const;      // "" when absent
    std::uint64_t number(std::string_view name) const;  // 0 when absent or no number

private:
    friend Result<LineFields> read_line(std::string_view line);
    std::vector<Member> members_;
};

// read_line is strict: no blanks, no other types, no name twice, nothing after the object, at most 256
// members. Errors: Errc::malformed.
Result<LineFields> read_line(std::string_view line);

}  // namespace sekisho::telemetry

#pragma once
// Error is the one failure value of the project: a code to branch on and a
// sentence for the operator. The sentence never holds secrets or user content.
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sekisho {

enum class Errc : std::uint8_t {
    internal = 1,  // our bug: log, answer 500, keep the process
    malformed,     // peer broke the protocol: answer 400 or close
    too_large,     // a configured limit was hit
    closed,        // peer went away
    timed_out,     // a deadline passed
    denied,        // policy said no
    unavailable,   // a dependency is down; may be retried
    not_found,     // no such thing; what that means is the caller's to say
    exists,        // there is one already
};

// to_text names a code as it stands in logs: "malformed".
std::string_view to_text(Errc code) noexcept;

class Error {
public:
    Error() noexcept = default;
    Error(Errc code, std::string detail = {}) : code_(code), detail_(std::move(detail)) {}
    Errc code() const noexcept { return code_; }
    std::string_view detail() const noexcept { return detail_; }

private:
    Errc code_ = Errc::internal;
    std::string detail_;
};

}  // namespace sekisho

#pragma once
// check() stops the process when one of our own invariants is broken. Never for
// what a peer, a file or a clock can send: that is an Error.
#include <source_location>
#include <string_view>

namespace sekisho {

[[noreturn]] void check_failed(std::string_view what, const std::source_location& where) noexcept;

inline void check(bool holds, std::string_view what,
                  const std::source_location& where = std::source_location::current()) noexcept {
    if (!holds) [[unlikely]]
        check_failed(what, where);
}

}  // namespace sekisho

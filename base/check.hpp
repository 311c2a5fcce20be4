#pragma once
// check() stops the process when one of our own invariants is broken. Never for
// what a peer, a file or a clock can send: that is an Error.
#include <boost/assert/source_location.hpp>

#include <string_view>

namespace sekisho {

[[noreturn]] void check_failed(std::string_view what, const boost::source_location& where) noexcept;

inline void check(bool holds, std::string_view what,
                  const boost::source_location& where = BOOST_CURRENT_LOCATION) noexcept {
    if (!holds) [[unlikely]]
        check_failed(what, where);
}

}  // namespace sekisho

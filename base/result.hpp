#pragma once
// Result<T> holds a T or the Error that explains why there is none.
#include "base/error.hpp"

#include <boost/system/result.hpp>

namespace sekisho {

[[noreturn]] void throw_result_error(const Error& error);

template <class T = void>
using Result = boost::system::result<T, Error>;

// Called by boost::system::result when value() is asked of a failure: a bug of ours.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
    throw_result_error(error);
}

}  // namespace sekisho

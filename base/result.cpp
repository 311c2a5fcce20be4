#include "base/result.hpp"

#include <stdexcept>

namespace sekisho {

void throw_result_error(const Error& error) {
    throw std::logic_error(std::string("value of a failed result: ") + std::string(error.detail()));
}

}  // namespace sekisho

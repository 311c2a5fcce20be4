#include "base/check.hpp"

#include <cstdio>
#include <cstdlib>

namespace sekisho {

void check_failed(std::string_view what, const boost::source_location& where) noexcept {
    std::fprintf(stderr,
                 "{\"level\":\"fatal\",\"message\":\"invariant "
                 "broken\",\"what\":\"%.*s\",\"file\":\"%s\",\"line\":%u}\n",
                 static_cast<int>(what.size()), what.data(), where.file_name(), where.line());
    std::abort();
}

}  // namespace sekisho

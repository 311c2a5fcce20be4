#include "base/error.hpp"

namespace sekisho {

std::string_view to_text(Errc code) noexcept {
    switch (code) {
        case Errc::internal:
            return "internal";
        case Errc::malformed:
            return "malformed";
        case Errc::too_large:
            return "too_large";
        case Errc::closed:
            return "closed";
        case Errc::timed_out:
            return "timed_out";
        case Errc::denied:
            return "denied";
        case Errc::unavailable:
            return "unavailable";
        case Errc::not_found:
            return "not_found";
        case Errc::exists:
            return "exists";
    }
    return "internal";
}

}  // namespace sekisho

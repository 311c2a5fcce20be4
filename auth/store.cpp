#include "auth/store.hpp"

namespace sekisho::auth {

std::string_view to_text(AccountStatus status) noexcept {
    switch (status) {
        case AccountStatus::invited:
            return "invited";
        case AccountStatus::active:
            return "active";
        case AccountStatus::disabled:
            return "disabled";
    }
    return "invited";
}

}  // namespace sekisho::auth

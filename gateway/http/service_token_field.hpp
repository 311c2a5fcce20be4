#pragma once
// Where a request carries a service token: in Sekisho-Token, or as a bearer whose value begins with "skt_".
// Any other Authorization is the app's and none of our business.
#include "gateway/http/message.hpp"

namespace sekisho::gateway {

struct PresentedToken {
    enum class Kind : std::uint8_t { none, one, several };
    Kind kind = Kind::none;
    std::string_view value;  // one: as sent, of any form
};

PresentedToken find_service_token(const RequestHead& head) noexcept;

// bearer_service_token is the token of an Authorization value that is addressed to us; empty for every other.
std::string_view bearer_service_token(std::string_view authorization) noexcept;

}  // namespace sekisho::gateway

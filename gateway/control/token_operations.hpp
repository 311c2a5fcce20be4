#pragma once
// What an operator may ask of service tokens: tokens.create, tokens.list, tokens.revoke.
#include "gateway/control/operations.hpp"

namespace sekisho::gateway {

// add_token_verbs gives the three their place in the table. Each act is recorded, on disk, before it is
// answered; the value of a new token is in that one answer and nowhere else.
void add_token_verbs(Operations& operations, Services& services);

}  // namespace sekisho::gateway

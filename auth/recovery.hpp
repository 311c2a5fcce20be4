#pragma once
// Recovery codes: ten of 80 random bits, shown once, kept as HMACs, each good for one sign-in that reaches
// nothing but the enrolment of a new factor.
#include "auth/keyring.hpp"

namespace sekisho::auth {

constexpr std::size_t recovery_code_count = 10;

struct RecoveryCodes {
    std::vector<std::string> shown;  // "ABCD-EFGH-JKMN-PQRS"
    std::vector<Digest> kept;
};

RecoveryCodes make_recovery_codes(const Keyring& keys, std::string_view user);

// recovery_digests reads a typed code (any case, blanks and hyphens dropped, O read as 0, I and L as 1) and
// gives what may be kept for it, one for each key that is still held. Empty when it has not 16 characters of
// the alphabet.
std::vector<Digest> recovery_digests(const Keyring& keys, std::string_view user, std::string_view typed);

}  // namespace sekisho::auth

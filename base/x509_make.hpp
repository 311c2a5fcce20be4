#pragma once
// A certificate that a machine signs for itself, so that a first start needs no authority. It vouches for
// nothing: browsers warn, and it is meant to be replaced.
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <string>
#include <vector>

namespace sekisho {

struct SelfSigned {
    std::string certificate_pem;
    Secret key_pem;
};

// make_self_signed: ECDSA on P-256, for these DNS names (the first is the common name), for server use only,
// from an hour before `now` for `days` days. Errors: Errc::malformed when there is no name or one does not
// fit a certificate.
Result<SelfSigned> make_self_signed(const std::vector<std::string>& names, WallTime now, int days);

}  // namespace sekisho

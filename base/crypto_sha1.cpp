#include "base/crypto_sha1.hpp"

#include "base/check.hpp"

#include <openssl/evp.h>

namespace sekisho {

std::array<std::uint8_t, 20> sha1(ByteView bytes) noexcept {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    std::array<std::uint8_t, 20> out{};
    const bool good = EVP_Digest(bytes.data(), bytes.size(), out.data(), nullptr, algorithm, nullptr) == 1;
    check(good, "SHA-1 failed");
    return out;
}

}  // namespace sekisho

#include "base/crypto_stream.hpp"

#include "base/check.hpp"

#include <openssl/evp.h>

namespace sekisho {

struct Sha256Stream::Context {
    Context() : made(EVP_MD_CTX_new()) {}
    ~Context() { EVP_MD_CTX_free(made); }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    EVP_MD_CTX* made;
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {
    check(context_->made != nullptr && EVP_DigestInit_ex(context_->made, EVP_sha256(), nullptr) == 1,
          "SHA-256 failed");
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::add(ByteView bytes) noexcept {
    check(EVP_DigestUpdate(context_->made, bytes.data(), bytes.size()) == 1, "SHA-256 failed");
}

Digest Sha256Stream::finish() noexcept {
    Digest out{};
    check(EVP_DigestFinal_ex(context_->made, out.data(), nullptr) == 1, "SHA-256 failed");
    return out;
}

}  // namespace sekisho

#include "gateway/net/tls_staple.hpp"

#include "gateway/net/tls_certificate.hpp"

#include <fmt/format.h>
#include <openssl/ocsp.h>

namespace sekisho::gateway {
namespace {

constexpr std::size_t staple_bytes_max = 64u << 10;

using OcspResponsePtr = std::unique_ptr<OCSP_RESPONSE, NativeDeleter<OCSP_RESPONSE_free>>;
using OcspBasicPtr = std::unique_ptr<OCSP_BASICRESP, NativeDeleter<OCSP_BASICRESP_free>>;
using OcspIdPtr = std::unique_ptr<OCSP_CERTID, NativeDeleter<OCSP_CERTID_free>>;
using StorePtr = std::unique_ptr<X509_STORE, NativeDeleter<X509_STORE_free>>;

X509Ptr share(X509* certificate) {
    if (certificate) X509_up_ref(certificate);
    return X509Ptr(certificate);
}

// signed_by: the issuer's own signature, or one of a responder it delegated to.
bool signed_by(OCSP_BASICRESP* basic, X509* issuer) {
    const StorePtr store(X509_STORE_new());
    if (!store || X509_STORE_add_cert(store.get(), issuer) != 1) return false;
    X509_STORE_set_flags(store.get(), X509_V_FLAG_PARTIAL_CHAIN);
    STACK_OF(X509)* signers = sk_X509_new_null();
    sk_X509_push(signers, issuer);
    const bool good = OCSP_basic_verify(basic, signers, store.get(), 0) == 1;
    sk_X509_free(signers);
    ERR_clear_error();
    return good;
}

// about finds what the response says of one certificate, whatever hash its id was made with.
OCSP_SINGLERESP* about(OCSP_BASICRESP* basic, X509* leaf, X509* issuer) {
    for (int i = 0; i < OCSP_resp_count(basic); ++i) {
        OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
        auto* id = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
        ASN1_OBJECT* hash = nullptr;
        OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr, id);
        const EVP_MD* digest = EVP_get_digestbyobj(hash);
        if (!digest) continue;
        const OcspIdPtr ours(OCSP_cert_to_id(digest, leaf, issuer));
        if (ours && OCSP_id_cmp(ours.get(), id) == 0) return single;
    }
    return nullptr;
}

}  // namespace

Staple::Staple(std::string path, const LoadedCertificate& certificate)
    : file_(std::move(path), staple_bytes_max),
      leaf_(share(certificate.leaf.get())),
      issuer_(share(certificate.chain.empty() ? nullptr : certificate.chain.front().get())) {}

Result<> Staple::refresh() {
    const std::lock_guard lock(mutex_);
    auto der = file_.read_if_changed();
    if (!der) return der.error();
    if (!*der) return {};
    auto found = read(**der);
    if (!found)
        return Error(found.error().code(), fmt::format("{}: {}", file_.path(), found.error().detail()));
    response_ = std::move(*found);
    return {};
}

Result<std::shared_ptr<const Staple::Response>> Staple::read(const Bytes& der) const {
    clear_errors();
    const unsigned char* at = der.data();
    const OcspResponsePtr outer(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
    ERR_clear_error();
    if (!outer || at != der.data() + der.size()) return Error(Errc::malformed, "no OCSP response in DER");
    if (OCSP_response_status(outer.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return Error(Errc::denied, "the responder gave no answer");
    const OcspBasicPtr basic(OCSP_response_get1_basic(outer.get()));
    if (!basic) return Error(Errc::malformed, "an OCSP response of an unknown kind");
    if (!issuer_) return Error(Errc::denied, "the chain lacks the issuer, so nothing can be checked");
    if (!signed_by(basic.get(), issuer_.get())) return Error(Errc::denied, "not signed by the issuer");
    OCSP_SINGLERESP* single = about(basic.get(), leaf_.get(), issuer_.get());
    if (!single) return Error(Errc::denied, "it speaks of another certificate");
    ASN1_GENERALIZEDTIME *from = nullptr, *until = nullptr;
    const int status = OCSP_single_get0_status(single, nullptr, nullptr, &from, &until);
    if (status != V_OCSP_CERTSTATUS_GOOD) return Error(Errc::denied, "it does not call the certificate good");
    if (!until) return Error(Errc::denied, "it names no end");
    return std::make_shared<const Response>(Response{der, wall_time(from), wall_time(until)});
}

std::shared_ptr<const Staple::Response> Staple::response(WallTime now) const {
    const std::lock_guard lock(mutex_);
    if (!response_ || now < response_->from || now >= response_->until) return nullptr;
    return response_;
}

WallTime Staple::until() const {
    const std::lock_guard lock(mutex_);
    return response_ ? response_->until : WallTime{};
}

}  // namespace sekisho::gateway

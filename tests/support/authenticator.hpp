#pragma once
// Authenticator is a passkey in software: it makes keys, registers and asserts as a browser with an
// authenticator would, and lets a test say each thing wrongly.
#include "auth/webauthn.hpp"

struct evp_pkey_st;

namespace sekisho::test {

// Canonical CBOR, piece by piece.
Bytes cbor_head(int major, std::uint64_t argument);
Bytes cbor_number(std::int64_t value);
Bytes cbor_bytes(ByteView bytes);
Bytes cbor_text(std::string_view text);
Bytes joined(std::initializer_list<ByteView> parts);

// What a browser would write: {"type":...,"challenge":...,"origin":...,"crossOrigin":false}.
std::string client_data_json(std::string_view type, ByteView challenge, std::string_view origin,
                             bool cross_origin = false);

struct Touch {
    std::string rp_id = "portal.test", origin = "https://portal.test";
    bool present = true, verified = true, eligible = false, backed_up = false, cross_origin = false;
    std::uint32_t count = 0;
};

struct Registration {
    std::string client_data;
    Bytes attestation_object;
};

struct AssertionParts {
    std::string client_data;
    Bytes data, signature;
    auth::AssertionAnswer answer() const { return {as_bytes(client_data), data, signature}; }
};

class Authenticator {
public:
    explicit Authenticator(auth::CoseAlgorithm algorithm = auth::CoseAlgorithm::es256);
    ~Authenticator();
    Authenticator(Authenticator&& other) noexcept;
    Authenticator& operator=(Authenticator&&) = delete;

    auth::CoseAlgorithm algorithm() const noexcept { return algorithm_; }
    const Bytes& id() const noexcept { return id_; }
    const Bytes& cose() const noexcept { return cose_; }
    auth::Aaguid aaguid{};

    Bytes sign(ByteView message) const;
    // signed_over: a signature as WebAuthn makes it, over data and the hash of the client data.
    Bytes signed_over(ByteView data, std::string_view client_data) const;
    Bytes data(const Touch& touch, bool with_credential) const;
    Registration make(ByteView challenge, const Touch& touch = {}, bool self_attested = false) const;
    AssertionParts get(ByteView challenge, const Touch& touch = {}) const;

private:
    auth::CoseAlgorithm algorithm_;
    evp_pkey_st* key_ = nullptr;
    Bytes id_, cose_;
};

Bytes attestation_object(std::string_view format, ByteView statement, ByteView data);

}  // namespace sekisho::test

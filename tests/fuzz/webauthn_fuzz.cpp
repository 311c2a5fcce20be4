// Nobody registers or signs in with bytes from nowhere: the input is an attestation object (first byte even)
// or authenticator data and a signature, and the challenge is never the one the client data answers.
#include "auth/webauthn.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sekisho;
    if (size < 2) return 0;
    static const auth::RelyingParty party{{"example.org"}, {"https://example.org"}};
    static const Bytes challenge{1, 2, 3};
    const bool registers = data[0] % 2 == 0;
    const ByteView bytes(data + 1, size - 1);
    if (registers) {
        constexpr std::string_view client =
            R"({"type":"webauthn.create","challenge":"AQID","origin":"https://example.org","crossOrigin":false})";
        const auto made = auth::verify_registration({challenge, party, false}, as_bytes(client), bytes, {},
                                                    WallTime{Seconds{1'800'000'000}});
        // "none" is the one statement that proves nothing and can be made up.
        if (made && made->attestation != auth::Attestation::none) std::abort();
        if (made && (made->id.size() < 16 || made->public_key.empty())) std::abort();
        return 0;
    }
    constexpr std::string_view client =
        R"({"type":"webauthn.get","challenge":"AQID","origin":"https://example.org"})";
    const auto parsed = auth::parse_authenticator_data(bytes);
    if (parsed && parsed->backed_up && !parsed->backup_eligible) std::abort();
    // The base point of Ed25519: no input found by chance is signed by its key.
    static const Bytes key = [] {
        Bytes out{0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20, 0x58};
        out.insert(out.end(), 31, 0x66);
        return out;
    }();
    const std::size_t cut = bytes.size() > 64 ? bytes.size() - 64 : bytes.size();
    const auto got = auth::verify_assertion({challenge, party, false},
                                            {as_bytes(client), bytes.first(cut), bytes.subspan(cut)},
                                            {key, 0, (parsed && parsed->backup_eligible)});
    if (got) std::abort();
    return 0;
}

#pragma once
// TlsStream is a ByteStream over TLS, as server or client, by OpenSSL on a BIO of our own.
//
// Idle, it holds no buffer. The first records after a rest are small, so that the peer can use what came with
// the first flight; later ones are full. Writes above one record are gathered so that one send carries many
// records; what the socket did not take stays here and goes first next time.
#include "gateway/net/descriptor_io.hpp"
#include "gateway/net/tls_context.hpp"

#include <memory>
#include <string>

namespace sekisho::gateway {

enum class HandshakeFault : std::uint8_t {
    none,
    unknown_name,  // no or unknown server name
    not_tls,       // plain HTTP or noise
    version,       // no common protocol version
    cipher,        // no common cipher suite, group or signature
    alpn,          // the peer speaks none of the protocols offered
    certificate,   // upstream's certificate not trusted, expired or for another name
    alert,         // the peer refused us
    closed,        // the peer went away
    other,
};
std::string_view to_text(HandshakeFault fault) noexcept;

// HandshakeFacts: the views are static text, server_name lives as long as the stream.
struct HandshakeFacts {
    std::string_view version;      // "TLSv1.3"
    std::string_view cipher;       // "TLS_AES_128_GCM_SHA256"
    std::string_view group;        // "X25519"; "" when unknown
    std::string_view server_name;  // what the client asked for, lower case
    std::string_view alpn;         // "" when none was agreed on
    bool resumed = false;
};

class TlsStream final : public ByteStream {
public:
    // As server. `contexts` is held for the stream's life.
    TlsStream(Descriptor socket, std::shared_ptr<const TlsContexts> contexts);
    // As client.
    TlsStream(Descriptor socket, std::shared_ptr<const TlsClientContext> context);
    ~TlsStream() override;

    // handshake goes one step: done, would_block, or failed with handshake_fault(). Call before any read or
    // write.
    IoState handshake();
    HandshakeFault handshake_fault() const noexcept { return handshake_fault_; }
    // detail says more for the operation log: OpenSSL's reason, or the verifier's.
    const std::string& handshake_detail() const noexcept { return handshake_detail_; }
    HandshakeFacts facts() const;
    // client_proof: the certificate the client proved in the handshake; null without one.
    const std::shared_ptr<const ClientProof>& client_proof() const noexcept { return proof_; }

    IoResult read(std::span<std::uint8_t> into) override;
    IoResult write(ByteView from) override;
    IoState flush() override;
    bool holds_output() const noexcept override { return !held_.empty() && !ticket_waits_; }
    IoState shutdown() override;
    void close() noexcept override;
    bool truncated() const noexcept override { return truncated_; }
    std::string_view fault() const noexcept override { return fault_; }
    void attach(Waiter& waiter) override;
    void attach(ReadyHook& hook) override;
    void detach() noexcept override { socket_.detach(); }

private:
    friend struct TlsBio;
    void adopt(ssl_st* ssl);
    bool usable() const noexcept { return ssl_ && !broken_; }
    IoState fail(std::string_view why) noexcept;
    IoState explain_read(int result) noexcept;
    IoState explain_handshake(int why);
    IoState push_held();
    std::size_t record_size() noexcept;
    IoResult write_record(ByteView from) noexcept;
    IoResult write_gathered(ByteView from);
    bool send(ByteView records);
    int bio_read(char* into, int size) noexcept;
    int bio_write(const char* from, int size) noexcept;

    Descriptor socket_;
    std::shared_ptr<const void> context_;
    ssl_st* ssl_ = nullptr;
    Bytes held_;                      // records the socket did not take
    std::size_t held_sent_ = 0;       // of held_
    std::span<std::uint8_t> gather_;  // empty = send at once
    std::size_t gathered_ = 0;
    std::size_t since_rest_ = 0;  // bytes written since nothing was for a while
    SteadyTime wrote_at_{};
    TlsHello hello_;
    std::shared_ptr<const ClientProof> proof_;
    std::string handshake_detail_;
    std::string_view fault_;
    HandshakeFault handshake_fault_ = HandshakeFault::none;
    bool corked_ = false;        // hold what is written until the handshake's step ends
    bool ticket_waits_ = false;  // held_ is a session ticket only: it goes with the first answer
    bool end_seen_ = false;      // recv gave 0
    bool truncated_ = false;
    bool closed_ = false;  // close_notify received
    bool broken_ = false;
    bool shut_ = false;
};

}  // namespace sekisho::gateway

// Goal: TLS streams carry every byte in order at any fragmentation, hold little, and tell a cut from an end.
// Method: both ends in one reactor, joined by a relay that moves an odd number of bytes at a time.
#include "gateway/net/tls_stream_io.hpp"

#include "base/crypto.hpp"
#include "gateway/net/reactor_io.hpp"
#include "tests/support/test_pki.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>

namespace sekisho::gateway {
namespace {

std::pair<UniqueFd, UniqueFd> socket_pair() {
    int both[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    return {UniqueFd(both[0]), UniqueFd(both[1])};
}

// Relay carries bytes between two sockets, at most `step` at a time; it can cut the line.
class Relay {
public:
    Relay(UniqueFd left, UniqueFd right) : left_(std::move(left)), right_(std::move(right)) {}
    bool move(std::size_t step) {
        const bool one = carry(left_, right_, to_right_, step);
        const bool two = carry(right_, left_, to_left_, step);
        return one || two;
    }
    // watch remembers what goes to the right from now on; record_sizes reads it as TLS records.
    void watch() { watching_ = true; }
    std::vector<std::size_t> record_sizes() const {
        std::vector<std::size_t> sizes;
        for (std::size_t at = 0; at + 5 <= seen_.size(); at += 5 + sizes.back())
            sizes.push_back(static_cast<std::size_t>(seen_[at + 3] << 8 | seen_[at + 4]));
        return sizes;
    }
    void cut() {
        left_.reset();
        right_.reset();
    }

private:
    bool carry(const UniqueFd& from, const UniqueFd& to, Bytes& waiting, std::size_t step) {
        bool moved = false;
        if (waiting.empty()) {
            waiting.resize(step);
            const auto got = ::recv(from.get(), waiting.data(), step, 0);
            waiting.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
            moved = got > 0;
            if (watching_ && &waiting == &to_right_)
                seen_.insert(seen_.end(), waiting.begin(), waiting.end());
            if (got == 0) ::shutdown(to.get(), SHUT_WR);
        }
        if (waiting.empty()) return moved;
        const auto sent = ::send(to.get(), waiting.data(), waiting.size(), MSG_NOSIGNAL);
        if (sent > 0) waiting.erase(waiting.begin(), waiting.begin() + sent);
        return moved || sent > 0;
    }
    UniqueFd left_, right_;
    Bytes to_right_, to_left_, seen_;
    bool watching_ = false;
};

Bytes pattern(std::size_t size, std::size_t seed) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>((i * 131 + seed) ^ (i >> 8));
    return bytes;
}

class TlsStreams : public testing::Test {
protected:
    void serve(const std::vector<config::Certificate>& certificates) {
        config::Tls tls;
        tls.certificates = certificates;
        contexts_ = TlsContexts::create(tls, tickets_).value();
    }
    void connect(const std::string& name, const std::string& ca) {
        connect(TlsClientContext::create(ca, name).value());
    }
    void connect(std::shared_ptr<const TlsClientContext> context) {
        auto [server_end, relay_left] = socket_pair();
        auto [client_end, relay_right] = socket_pair();
        relay_.emplace(std::move(relay_left), std::move(relay_right));
        server_ = std::make_unique<TlsStream>(reactor_.adopt(std::move(server_end), true), contexts_);
        client_ =
            std::make_unique<TlsStream>(reactor_.adopt(std::move(client_end), true), std::move(context));
    }
    void tick(std::size_t step) {
        relay_->move(step);
        reactor_.turn();
    }
    // Steps both sides until each is done or failed.
    std::pair<IoState, IoState> shake(std::size_t step = 1400) {
        IoState server = IoState::would_block;
        IoState client = IoState::would_block;
        for (int i = 0; i < 20'000; ++i) {
            if (server == IoState::would_block) server = server_->handshake();
            if (client == IoState::would_block) client = client_->handshake();
            if (server != IoState::would_block && client != IoState::would_block && !server_->holds_output())
                break;
            if (server != IoState::would_block) server_->flush();
            tick(step);
        }
        return {server, client};
    }
    // Sends `bytes` in pieces of `piece` and reads into buffers of `room`; returns what arrived.
    Bytes carry(TlsStream& from, TlsStream& to, const Bytes& bytes, std::size_t piece, std::size_t room,
                std::size_t step) {
        Bytes arrived;
        Bytes buffer(room);
        std::size_t sent = 0;
        for (int idle = 0; arrived.size() < bytes.size() && idle < 1000; ++idle) {
            const auto wrote =
                from.write(ByteView(bytes).subspan(sent, std::min(piece, bytes.size() - sent)));
            EXPECT_NE(wrote.state, IoState::failed);
            sent += wrote.bytes;
            from.flush();
            tick(step);
            for (;;) {
                const auto got = to.read(buffer);
                EXPECT_NE(got.state, IoState::failed) << to.fault();
                if (got.state != IoState::done) break;
                EXPECT_GT(got.bytes, 0u);
                arrived.insert(arrived.end(), buffer.begin(),
                               buffer.begin() + static_cast<std::ptrdiff_t>(got.bytes));
                idle = 0;
            }
        }
        return arrived;
    }

    test::TestPki pki_;
    Reactor reactor_;
    std::shared_ptr<TicketKeys> tickets_ = TicketKeys::random();
    std::shared_ptr<const TlsContexts> contexts_;
    std::optional<Relay> relay_;
    std::unique_ptr<TlsStream> server_, client_;
};

constexpr std::pair<IoState, IoState> both_done{IoState::done, IoState::done};

TEST_F(TlsStreams, HandshakeWorksAtAnyFragmentationAndTellsItsFacts) {
    serve({pki_.leaf({"wiki.test"})});
    for (const std::size_t step : {1u, 5u, 37u, 1400u, 65536u}) {
        connect("wiki.test", pki_.root_path());
        ASSERT_EQ(shake(step), both_done)
            << step << ": " << server_->handshake_detail() << client_->handshake_detail();
        const auto facts = server_->facts();
        EXPECT_EQ(facts.version, "TLSv1.3");
        EXPECT_EQ(facts.cipher, "TLS_AES_128_GCM_SHA256");
        EXPECT_FALSE(facts.group.empty());
        EXPECT_EQ(facts.server_name, "wiki.test");
        EXPECT_EQ(facts.alpn, "http/1.1");
        EXPECT_FALSE(facts.resumed);
        EXPECT_EQ(client_->facts().alpn, "http/1.1");
    }
}

TEST_F(TlsStreams, CarriesEverySizeAcrossRecordBorders) {
    serve({pki_.leaf({"wiki.test"})});
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    std::vector<std::size_t> sizes;
    for (std::size_t n = 1; n <= 70 * 1024; n += n < 300 ? 1 : 977) sizes.push_back(n);
    for (const std::size_t border : {16384u, 32768u, 49152u, 65536u})
        for (std::size_t n = border - 2; n <= border + 2; ++n) sizes.push_back(n);
    for (const std::size_t size : sizes) {
        const Bytes bytes = pattern(size, size);
        const std::size_t piece = size % 3 == 0 ? size : size % 3 == 1 ? size / 2 + 1 : 16'411;
        const std::size_t room = size % 2 == 0 ? 16'384 : 1'009;
        ASSERT_EQ(carry(*client_, *server_, bytes, piece, room, 4099), bytes) << size;
        ASSERT_EQ(carry(*server_, *client_, bytes, piece, room, 70'000), bytes) << size;
    }
}

// Relayed bytes are TLS records whose sizes stand in their heads (RFC 8446 section 5.1).
TEST_F(TlsStreams, RecordsBeginSmallAndGrow) {
    serve({pki_.leaf({"wiki.test"})});
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    const Bytes bytes(256u << 10, 0x5a);
    relay_->watch();
    EXPECT_EQ(carry(*server_, *client_, bytes, bytes.size(), 64u << 10, 64u << 10), bytes);
    const auto sizes = relay_->record_sizes();
    ASSERT_GT(sizes.size(), 20u);
    std::size_t sent = 0, small = 0;
    for (const auto size : sizes) {
        if (size < 300) continue;  // the ticket
        if (sent < (64u << 10)) {
            EXPECT_LE(size, (4u << 10) + 64u) << "at " << sent;
            ++small;
        }
        sent += size;
    }
    EXPECT_GE(small, 15u);
    EXPECT_GE(*std::ranges::max_element(sizes), 16u << 10) << "full records once it runs";
}

TEST_F(TlsStreams, MovesSixtyFourMebibytesHoldingAlmostNothing) {
    serve({pki_.leaf({"wiki.test"})});
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    constexpr std::size_t total = 64u << 20;
    const Bytes chunk = pattern(128u << 10, 7);
    Bytes buffer(100'003);
    std::size_t sent = 0;
    std::size_t got = 0;
    std::size_t refused = 0;
    while (got < total) {
        const std::size_t at = sent % chunk.size();
        const auto wrote =
            server_->write(ByteView(chunk).subspan(at, std::min(chunk.size() - at, total - sent)));
        ASSERT_NE(wrote.state, IoState::failed);
        if (wrote.state == IoState::would_block) ++refused;
        sent += wrote.bytes;
        server_->flush();
        tick(50'021);
        if (sent < total && refused % 2 == 0) continue;  // the reader is slow
        const auto read = client_->read(buffer);
        ASSERT_NE(read.state, IoState::failed);
        for (std::size_t i = 0; i < read.bytes; i += 4093)
            ASSERT_EQ(buffer[i], chunk[(got + i) % chunk.size()]) << got;
        got += read.bytes;
        ASSERT_LE(sent - got, 3u << 20) << "back-pressure does not reach the writer";
    }
    EXPECT_EQ(got, total);
    EXPECT_GT(refused, 0u);
}

TEST_F(TlsStreams, CloseNotifyIsAnEndAndItsAbsenceACut) {
    serve({pki_.leaf({"wiki.test"})});
    Bytes buffer(64);
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    ASSERT_EQ(carry(*server_, *client_, pattern(10, 1), 10, 64, 64).size(), 10u);
    ASSERT_EQ(server_->shutdown(), IoState::done);
    for (int i = 0; i < 10; ++i) tick(64);
    EXPECT_EQ(client_->read(buffer).state, IoState::closed);
    EXPECT_EQ(client_->read(buffer).state, IoState::closed);
    EXPECT_FALSE(client_->truncated());
    EXPECT_EQ(client_->write(pattern(5, 1)).bytes, 5u) << "our direction is still open";
    EXPECT_EQ(server_->write(pattern(5, 1)).state, IoState::failed) << "after shutdown";

    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    ASSERT_EQ(server_->write(pattern(40, 1)).state, IoState::done);
    for (int i = 0; i < 10; ++i) tick(64);
    relay_->cut();
    reactor_.turn();
    EXPECT_EQ(client_->read(buffer).bytes, 40u) << "what came before the cut";
    EXPECT_EQ(client_->read(buffer).state, IoState::failed);
    EXPECT_TRUE(client_->truncated());
    EXPECT_EQ(client_->fault(), "connection ended without close_notify");
    EXPECT_EQ(client_->read(buffer).state, IoState::failed);
}

TEST_F(TlsStreams, UnknownAndMissingNamesAreRefusedWithAnAlert) {
    serve({pki_.leaf({"wiki.test"})});
    for (const std::string name : {"other.test", "test", "wiki.test.evil", "127.0.0.1"}) {
        connect(name, pki_.root_path());
        EXPECT_EQ(shake(), (std::pair{IoState::failed, IoState::failed})) << name;
        EXPECT_EQ(server_->handshake_fault(), HandshakeFault::unknown_name) << name;
        EXPECT_EQ(client_->handshake_fault(), HandshakeFault::alert) << name;
    }
    connect("WIKI.test", pki_.root_path());
    EXPECT_EQ(shake(), both_done) << "names are compared without case";
    EXPECT_EQ(server_->facts().server_name, "wiki.test");
}

TEST_F(TlsStreams, ClientRefusesWrongNameExpiryAndUnknownRoot) {
    test::TestPki other;
    const auto refused = [&](const std::string& name, const std::string& ca) {
        connect(name, ca);
        EXPECT_EQ(shake().second, IoState::failed);
        EXPECT_EQ(client_->handshake_fault(), HandshakeFault::certificate) << client_->handshake_detail();
    };
    serve({pki_.leaf({"old.test"}, test::LeafKey::ecdsa, test::LeafAge::expired), pki_.leaf({"wiki.test"})});
    refused("old.test", pki_.root_path());
    EXPECT_EQ(client_->handshake_detail(), "certificate has expired");
    refused("wiki.test", other.root_path());
}

TEST_F(TlsStreams, SessionsResumeAcrossWorkersAndOneRotation) {
    const auto certificate = pki_.leaf({"wiki.test"});
    const auto client = TlsClientContext::create(pki_.root_path(), "wiki.test").value();
    const auto visit = [&] {
        serve({certificate});  // another worker: contexts of its own, the same keys
        connect(client);
        EXPECT_EQ(shake(), both_done);
        EXPECT_EQ(carry(*server_, *client_, pattern(3, 3), 3, 16, 4096).size(),
                  3u);  // the ticket comes before
        EXPECT_EQ(server_->facts().resumed, client_->facts().resumed);
        return server_->facts().resumed;
    };
    EXPECT_FALSE(visit());
    EXPECT_TRUE(visit());
    tickets_->rotate_random();
    EXPECT_TRUE(visit()) << "the previous key still opens";
    EXPECT_TRUE(visit()) << "and its ticket was replaced";
    tickets_->rotate_random();
    tickets_->rotate_random();
    EXPECT_FALSE(visit()) << "a key two rotations old is gone";
}

TEST_F(TlsStreams, TicketTravelsWithTheFirstAnswer) {
    serve({pki_.leaf({"wiki.test"})});
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    EXPECT_FALSE(server_->holds_output()) << "nothing that has to be waited for";
    while (relay_->move(4096)) {
    }
    Bytes buffer(64);
    EXPECT_EQ(server_->read(buffer).state, IoState::would_block);
    EXPECT_EQ(server_->flush(), IoState::done);
    EXPECT_FALSE(relay_->move(4096)) << "the ticket went alone";
    EXPECT_EQ(carry(*server_, *client_, pattern(40'000, 1), 40'000, 4096, 65'536), pattern(40'000, 1));
}

TEST_F(TlsStreams, NoiseInsteadOfTlsIsNamed) {
    serve({pki_.leaf({"wiki.test"})});
    for (const std::string_view noise :
         {"GET / HTTP/1.1\r\nHost: wiki.test\r\n\r\n", "\x01\x02\x03\x04\x05\x06\x07"}) {
        auto [near, far] = socket_pair();
        TlsStream server(reactor_.adopt(std::move(near), true), contexts_);
        ASSERT_GT(::send(far.get(), noise.data(), noise.size(), 0), 0);
        reactor_.turn();
        EXPECT_EQ(server.handshake(), IoState::failed);
        EXPECT_EQ(server.handshake_fault(), HandshakeFault::not_tls) << server.handshake_detail();
        EXPECT_EQ(server.read(std::span<std::uint8_t>()).state, IoState::failed);
    }
    auto [near, far] = socket_pair();
    TlsStream server(reactor_.adopt(std::move(near), true), contexts_);
    EXPECT_EQ(server.handshake(), IoState::would_block);
    far.reset();
    reactor_.turn();
    EXPECT_EQ(server.handshake(), IoState::failed);
    EXPECT_EQ(server.handshake_fault(), HandshakeFault::closed);
}

TEST_F(TlsStreams, DamagedRecordBreaksTheStreamOnly) {
    serve({pki_.leaf({"wiki.test"})});
    auto [server_end, wire] = socket_pair();
    auto [client_end, wire_client] = socket_pair();
    server_ = std::make_unique<TlsStream>(reactor_.adopt(std::move(server_end), true), contexts_);
    client_ = std::make_unique<TlsStream>(reactor_.adopt(std::move(client_end), true),
                                          TlsClientContext::create(pki_.root_path(), "wiki.test").value());
    UniqueFd to_server(::dup(wire.get()));
    relay_.emplace(std::move(wire), std::move(wire_client));
    ASSERT_EQ(shake(), both_done);
    ASSERT_GT(::send(to_server.get(), "\x17\x03\x03\x00\x14 twenty bytes of junk", 25, 0), 0);
    reactor_.turn();
    Bytes buffer(64);
    EXPECT_EQ(server_->read(buffer).state, IoState::failed);
    EXPECT_FALSE(server_->truncated());
    EXPECT_EQ(server_->fault(), "TLS protocol error");
    // The error queue is clean: the next stream is not blamed for it.
    connect("wiki.test", pki_.root_path());
    EXPECT_EQ(shake(), both_done);
}

TEST_F(TlsStreams, EverythingFailsAfterClose) {
    serve({pki_.leaf({"wiki.test"})});
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    server_->close();
    Bytes buffer(16);
    EXPECT_EQ(server_->read(buffer).state, IoState::failed);
    EXPECT_EQ(server_->write(buffer).state, IoState::failed);
    EXPECT_EQ(server_->flush(), IoState::failed);
    EXPECT_EQ(server_->shutdown(), IoState::failed);
    EXPECT_EQ(server_->facts().version, "");
}

TEST_F(TlsStreams, SmallRecordsThatCameTogetherAreReadTogether) {
    serve({pki_.leaf({"wiki.test"})});
    connect("wiki.test", pki_.root_path());
    ASSERT_EQ(shake(), both_done);
    for (int i = 0; i < 20; ++i) ASSERT_EQ(client_->write(pattern(10, 1)).bytes, 10u);
    for (int i = 0; i < 20; ++i) tick(65'536);
    Bytes buffer(1000);
    EXPECT_EQ(server_->read(buffer).bytes, 200u);
    EXPECT_EQ(server_->read(buffer).state, IoState::would_block);
}

}  // namespace
}  // namespace sekisho::gateway

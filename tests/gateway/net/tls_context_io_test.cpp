// Goal: what a client may negotiate, which certificate it sees, and what its sessions are good for.
// Method: a bare OpenSSL client with every knob open against our stream, over a socket pair.
#include "gateway/net/reactor_io.hpp"
#include "gateway/net/tls_context.hpp"
#include "gateway/net/tls_native.hpp"
#include "gateway/net/tls_stream_io.hpp"
#include "tests/support/test_pki.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <gmock/gmock.h>
#include <sys/socket.h>

namespace sekisho::gateway {
namespace {

struct ClientWish {
    std::string name = {};
    int version_max = TLS1_3_VERSION;
    int version_min = TLS1_VERSION;
    std::string ciphers = "ALL:@SECLEVEL=0";
    std::string signatures = {};
    std::string alpn = {};
    SSL_SESSION* session = nullptr;
    const config::Certificate* certificate = nullptr;  // the client's own
    bool asks_for_staple = false;
    std::string groups = {};
};

struct Outcome {
    bool done = false;
    HandshakeFault fault = HandshakeFault::none;
    std::string version, cipher, group;
    int leaf_kind = 0;
    bool resumed = false;
    Bytes staple;
    bool asked_for_certificate = false;
    std::shared_ptr<const ClientProof> proof;
    SslSessionPtr session;
};

class TlsContextsTest : public testing::Test {
protected:
    std::shared_ptr<const TlsContexts> serve(std::vector<config::Certificate> certificates) {
        config::Tls tls;
        tls.certificates = std::move(certificates);
        return TlsContexts::create(tls, tickets_).value();
    }
    Error refused(std::vector<config::Certificate> certificates) {
        config::Tls tls;
        tls.certificates = std::move(certificates);
        auto made = TlsContexts::create(tls, tickets_);
        EXPECT_FALSE(made);
        return made ? Error() : made.error();
    }
    Outcome visit(std::shared_ptr<const TlsContexts> contexts, const ClientWish& wish);

    test::TestPki pki_;
    Reactor reactor_;
    std::shared_ptr<TicketKeys> tickets_ = TicketKeys::random();
};

SslPtr client(SSL_CTX* context, const ClientWish& wish, int fd) {
    SSL_CTX_set_min_proto_version(context, wish.version_min);
    SSL_CTX_set_max_proto_version(context, wish.version_max);
    EXPECT_EQ(SSL_CTX_set_cipher_list(context, wish.ciphers.c_str()), 1);
    if (!wish.signatures.empty()) {
        EXPECT_EQ(SSL_CTX_set1_sigalgs_list(context, wish.signatures.c_str()), 1);
    }
    if (!wish.groups.empty()) {
        EXPECT_EQ(SSL_CTX_set1_groups_list(context, wish.groups.c_str()), 1);
    }
    SslPtr ssl(SSL_new(context));
    if (!wish.name.empty()) SSL_set_tlsext_host_name(ssl.get(), wish.name.c_str());
    if (!wish.alpn.empty())
        SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(wish.alpn.data()),
                            static_cast<unsigned>(wish.alpn.size()));
    if (wish.session) SSL_set_session(ssl.get(), wish.session);
    if (wish.certificate) {
        EXPECT_EQ(SSL_use_certificate_file(ssl.get(), wish.certificate->chain_path.c_str(), SSL_FILETYPE_PEM),
                  1);
        EXPECT_EQ(SSL_use_PrivateKey_file(ssl.get(), wish.certificate->key_path.c_str(), SSL_FILETYPE_PEM),
                  1);
    }
    if (wish.asks_for_staple) SSL_set_tlsext_status_type(ssl.get(), TLSEXT_STATUSTYPE_ocsp);
    SSL_set_fd(ssl.get(), fd);
    SSL_set_connect_state(ssl.get());
    return ssl;
}

Outcome TlsContextsTest::visit(std::shared_ptr<const TlsContexts> contexts, const ClientWish& wish) {
    int both[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, both), 0);
    const UniqueFd far(both[1]);
    TlsStream server(reactor_.adopt(UniqueFd(both[0]), true), std::move(contexts));
    const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
    const SslPtr ssl = client(context.get(), wish, far.get());
    IoState state = IoState::would_block;
    bool client_done = false;
    for (int i = 0; i < 50 && !(state == IoState::done && client_done); ++i) {
        ERR_clear_error();
        client_done = SSL_do_handshake(ssl.get()) == 1;
        reactor_.turn();
        if (state == IoState::would_block) state = server.handshake();
    }
    Outcome outcome;
    outcome.fault = server.handshake_fault();
    outcome.done = state == IoState::done && client_done;
    if (!outcome.done) return outcome;
    EXPECT_EQ(server.write(as_bytes("hello")).bytes, 5u);
    char buffer[16];
    EXPECT_EQ(SSL_read(ssl.get(), buffer, sizeof buffer), 5);  // takes the ticket on the way
    outcome.version = SSL_get_version(ssl.get());
    outcome.cipher = SSL_get_cipher_name(ssl.get());
    const X509Ptr leaf(SSL_get1_peer_certificate(ssl.get()));
    outcome.leaf_kind = leaf ? EVP_PKEY_get_base_id(X509_get0_pubkey(leaf.get())) : 0;
    outcome.resumed = SSL_session_reused(ssl.get()) != 0 && server.facts().resumed;
    outcome.proof = server.client_proof();
    outcome.group = server.facts().group;
    outcome.asked_for_certificate = SSL_get0_peer_CA_list(ssl.get()) != nullptr;
    const unsigned char* staple = nullptr;
    const long staple_bytes = SSL_get_tlsext_status_ocsp_resp(ssl.get(), &staple);
    if (staple_bytes > 0) outcome.staple.assign(staple, staple + staple_bytes);
    outcome.session.reset(SSL_get1_session(ssl.get()));
    SSL_shutdown(ssl.get());
    return outcome;
}

TEST_F(TlsContextsTest, SpeaksTls12WithAeadAndForwardSecrecyOnly) {
    const auto contexts = serve({pki_.leaf({"wiki.test"}), pki_.leaf({"wiki.test"}, test::LeafKey::rsa)});
    const auto with = [&](const std::string& ciphers, int version) {
        return visit(contexts,
                     {.name = "wiki.test", .version_max = version, .ciphers = ciphers + ":@SECLEVEL=0"});
    };
    for (const std::string good :
         {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}) {
        const auto outcome = with(good, TLS1_2_VERSION);
        EXPECT_TRUE(outcome.done) << good;
        EXPECT_EQ(outcome.version, "TLSv1.2");
        EXPECT_EQ(outcome.cipher, good);
    }
    for (const std::string bad : {"ECDHE-ECDSA-AES128-SHA", "ECDHE-RSA-AES128-SHA256", "AES128-GCM-SHA256",
                                  "DHE-RSA-AES128-GCM-SHA256", "aNULL", "ECDHE-ECDSA-AES128-CCM"}) {
        const auto outcome = with(bad, TLS1_2_VERSION);
        EXPECT_FALSE(outcome.done) << bad;
        EXPECT_EQ(outcome.fault, HandshakeFault::cipher) << bad;
    }
    const auto old = with("ALL", TLS1_1_VERSION);
    EXPECT_FALSE(old.done);
    EXPECT_EQ(old.fault, HandshakeFault::version);
}

TEST_F(TlsContextsTest, EcdsaAndRsaStandSideBySide) {
    const auto contexts = serve({pki_.leaf({"wiki.test"}), pki_.leaf({"wiki.test"}, test::LeafKey::rsa)});
    EXPECT_EQ(visit(contexts, {.name = "wiki.test"}).leaf_kind, EVP_PKEY_EC);
    EXPECT_EQ(visit(contexts, {.name = "wiki.test", .signatures = "RSA-PSS+SHA256"}).leaf_kind, EVP_PKEY_RSA);
}

TEST_F(TlsContextsTest, OnlyWhatWeSpeakIsAgreedOn) {
    const auto contexts = serve({pki_.leaf({"wiki.test"})});
    EXPECT_TRUE(visit(contexts, {.name = "wiki.test", .alpn = "\x02h2\x08http/1.1"}).done);
    EXPECT_TRUE(visit(contexts, {.name = "wiki.test"}).done) << "no ALPN at all is HTTP/1.1";
    EXPECT_TRUE(visit(contexts, {.name = "wiki.test", .alpn = "\x08http/1.1"}).done);
    EXPECT_TRUE(visit(contexts, {.name = "wiki.test", .alpn = "\x02h2"}).done);
    const auto outcome = visit(contexts, {.name = "wiki.test", .alpn = "\x02h3"});
    EXPECT_FALSE(outcome.done);
    EXPECT_EQ(outcome.fault, HandshakeFault::alpn);
}

// nginx 1.22 and HAProxy 2.6 resume a TLS 1.2 session of one name under another.
TEST_F(TlsContextsTest, SessionIsNeverResumedUnderAnotherName) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto one_certificate = pki_.leaf({"a.corp.test", "b.corp.test", "*.corp.test"});
        const auto contexts = serve({one_certificate, pki_.leaf({"c.test"})});
        const auto first = visit(contexts, {.name = "a.corp.test", .version_max = version});
        ASSERT_TRUE(first.done);
        const auto again = [&](const std::string& name) {
            return visit(contexts, {.name = name, .version_max = version, .session = first.session.get()});
        };
        EXPECT_TRUE(again("a.corp.test").resumed) << version;
        for (const std::string other : {"b.corp.test", "x.corp.test", "c.test"}) {
            const auto outcome = again(other);
            EXPECT_TRUE(outcome.done) << other;
            EXPECT_FALSE(outcome.resumed) << other << " " << version;
        }
        const auto nobody = again("nobody.test");
        EXPECT_FALSE(nobody.done);
        EXPECT_EQ(nobody.fault, HandshakeFault::unknown_name);
        EXPECT_FALSE(again("").done) << "no name";
        // The same name under another certificate is another identity.
        const auto renewed = serve({pki_.leaf({"a.corp.test"})});
        const auto after =
            visit(renewed, {.name = "a.corp.test", .version_max = version, .session = first.session.get()});
        EXPECT_TRUE(after.done);
        EXPECT_FALSE(after.resumed);
    }
}

TEST_F(TlsContextsTest, TicketsAllowNoEarlyData) {
    const auto outcome = visit(serve({pki_.leaf({"wiki.test"})}), {.name = "wiki.test"});
    ASSERT_TRUE(outcome.done);
    EXPECT_EQ(SSL_SESSION_get_max_early_data(outcome.session.get()), 0u);
    EXPECT_EQ(SSL_SESSION_get_ticket_lifetime_hint(outcome.session.get()), 12u * 3600);
}

Bytes read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return Bytes(std::istreambuf_iterator<char>(file), {});
}

TEST_F(TlsContextsTest, StaplesEachCertificatesOwnResponse) {
    auto ecdsa = pki_.leaf({"wiki.test"}), rsa = pki_.leaf({"wiki.test"}, test::LeafKey::rsa);
    ecdsa.staple_path = pki_.staple(ecdsa);
    rsa.staple_path = pki_.staple(rsa);
    const auto contexts = serve({ecdsa, rsa});
    EXPECT_TRUE(contexts->refresh().faults.empty());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto first =
            visit(contexts, {.name = "wiki.test", .version_max = version, .asks_for_staple = true});
        EXPECT_EQ(first.staple, read_file(ecdsa.staple_path)) << version;
        const auto second = visit(contexts, {.name = "wiki.test",
                                             .version_max = version,
                                             .signatures = "RSA-PSS+SHA256",
                                             .asks_for_staple = true});
        EXPECT_EQ(second.leaf_kind, EVP_PKEY_RSA);
        EXPECT_EQ(second.staple, read_file(rsa.staple_path)) << version;
        EXPECT_TRUE(visit(contexts, {.name = "wiki.test", .version_max = version}).staple.empty())
            << "nobody asked";
    }
}

TEST_F(TlsContextsTest, AnOutdatedOrForeignResponseIsNotSent) {
    auto files = pki_.leaf({"wiki.test"});
    files.staple_path = pki_.staple(files, test::StapleSays::good, -5);
    const auto contexts = serve({files});
    const ClientWish asks{.name = "wiki.test", .asks_for_staple = true};
    EXPECT_TRUE(contexts->refresh().faults.empty()) << "it is well made, only old";
    EXPECT_TRUE(visit(contexts, asks).staple.empty());
    EXPECT_LT(*contexts->certificates()[0].staple_until, system_clock_face().wall());
    const auto replaced_by = [&](test::StapleSays says, long seconds, long serial) {
        pki_.staple(files, says, seconds, serial);
        const auto faults = contexts->refresh().faults;
        return faults.empty() ? std::string() : std::string(faults.front().detail());
    };
    EXPECT_THAT(replaced_by(test::StapleSays::revoked, 600, 0), testing::HasSubstr("does not call"));
    EXPECT_THAT(replaced_by(test::StapleSays::good, 60'000, 4711), testing::HasSubstr("another certificate"));
    EXPECT_TRUE(contexts->refresh().faults.empty()) << "said once";
    EXPECT_TRUE(visit(contexts, asks).staple.empty());
    EXPECT_EQ(replaced_by(test::StapleSays::good, 700'000, 0), "");
    EXPECT_FALSE(visit(contexts, asks).staple.empty()) << "a good one is taken without a reload";
    std::ofstream(files.staple_path) << "noise";
    EXPECT_THAT(std::string(contexts->refresh().faults.front().detail()),
                testing::HasSubstr("no OCSP response"));
    EXPECT_FALSE(visit(contexts, asks).staple.empty()) << "the good one stays until it ends";
    test::TestPki other;
    const auto foreign = other.leaf({"wiki.test"});
    std::ofstream(files.staple_path, std::ios::binary) << std::ifstream(other.staple(foreign)).rdbuf();
    EXPECT_THAT(std::string(contexts->refresh().faults.front().detail()),
                testing::HasSubstr("not signed by the issuer"));
}

class ClientCertificates : public TlsContextsTest {
protected:
    using Demand = config::ClientCertificates::Demand;
    std::shared_ptr<const TlsContexts> serve(Demand demand, const std::string& crl = {}) {
        config::Tls tls;
        tls.certificates = {pki_.leaf({"bank.test", "wiki.test"})};
        tls.client_certificates.push_back({{"bank.test"}, people_.root_path(), crl, demand, {}});
        return TlsContexts::create(tls, tickets_).value();
    }
    config::Certificate person(test::LeafAge age = test::LeafAge::valid,
                               test::LeafUse use = test::LeafUse::client) {
        return people_.leaf({"sato.people.test"}, test::LeafKey::ecdsa, age, use);
    }
    CertificateStanding standing(const ClientProof& proof, Seconds later = Seconds{0}) {
        return view_.judge(proof.trust(), proof.chain(), system_clock_face().wall() + later);
    }
    test::TestPki people_;
    RevocationView view_;
};

TEST_F(ClientCertificates, AreAskedForByHostAndProveWhoComes) {
    const auto sato = person();
    for (const auto demand : {Demand::request, Demand::require}) {
        const auto contexts = serve(demand);
        for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
            const auto with =
                visit(contexts, {.name = "bank.test", .version_max = version, .certificate = &sato});
            ASSERT_TRUE(with.done) << version;
            ASSERT_TRUE(with.proof) << version;
            EXPECT_EQ(with.proof->subject(), "CN=sato.people.test");
            EXPECT_THAT(with.proof->names(), testing::ElementsAre("dns:sato.people.test"));
            EXPECT_EQ(with.proof->fingerprint().size(), 64u);
            EXPECT_EQ(standing(*with.proof), CertificateStanding::good);
            const auto without = visit(contexts, {.name = "bank.test", .version_max = version});
            EXPECT_EQ(without.done, demand == Demand::request) << version;
            EXPECT_FALSE(without.proof);
            EXPECT_EQ(without.fault,
                      demand == Demand::require ? HandshakeFault::certificate : HandshakeFault::none);
            const auto elsewhere =
                visit(contexts, {.name = "wiki.test", .version_max = version, .certificate = &sato});
            EXPECT_TRUE(elsewhere.done);
            EXPECT_FALSE(elsewhere.proof) << "another host asks for nothing";
        }
    }
}

TEST_F(ClientCertificates, OfOthersExpiredOrForServersAreRefused) {
    test::TestPki strangers;
    const config::Certificate bad[] = {strangers.leaf({"sato.people.test"}, test::LeafKey::ecdsa,
                                                      test::LeafAge::valid, test::LeafUse::client),
                                       person(test::LeafAge::expired),
                                       person(test::LeafAge::valid, test::LeafUse::server)};
    const auto contexts = serve(Demand::request);
    for (const auto& files : bad) {
        const auto outcome = visit(contexts, {.name = "bank.test", .certificate = &files});
        EXPECT_FALSE(outcome.proof);
        EXPECT_EQ(outcome.fault, HandshakeFault::certificate);
    }
}

TEST_F(ClientCertificates, TheKeyIsProvenOnEveryConnection) {
    const auto sato = person();
    const auto open = [&] {
        config::Tls tls;
        tls.certificates = {pki_.leaf({"bank.test"})};
        return TlsContexts::create(tls, tickets_).value();
    }();
    const auto asking = serve(Demand::require);
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        const auto first = visit(asking, {.name = "bank.test", .version_max = version, .certificate = &sato});
        ASSERT_TRUE(first.done);
        const auto again = visit(asking, {.name = "bank.test",
                                          .version_max = version,
                                          .session = first.session.get(),
                                          .certificate = &sato});
        EXPECT_FALSE(again.resumed) << version;
        // A ticket from before the host asked opens nothing now.
        const auto before = visit(open, {.name = "bank.test", .version_max = version});
        ASSERT_TRUE(before.done);
        const auto after =
            visit(asking, {.name = "bank.test", .version_max = version, .session = before.session.get()});
        EXPECT_FALSE(after.done && after.resumed) << version;
    }
}

TEST_F(ClientCertificates, RevocationIsAskedOnEveryRequest) {
    const auto sato = person(), suzuki = person();
    const auto crl = people_.crl({});
    const auto contexts = serve(Demand::require, crl);
    EXPECT_TRUE(contexts->refresh().faults.empty());
    const auto outcome = visit(contexts, {.name = "bank.test", .certificate = &sato});
    const auto other = visit(contexts, {.name = "bank.test", .certificate = &suzuki});
    ASSERT_TRUE(outcome.proof && other.proof);
    const auto now = system_clock_face().wall();
    EXPECT_EQ(standing(*outcome.proof), CertificateStanding::good);
    EXPECT_EQ(standing(*outcome.proof, Seconds{3700}), CertificateStanding::stale)
        << "past the list's end nobody knows";
    const auto put = [&](const std::string& made) {
        std::ofstream(crl) << std::ifstream(made).rdbuf();
        return contexts->refresh();
    };
    EXPECT_TRUE(put(people_.crl({sato})).revocation_changed);
    EXPECT_EQ(standing(*outcome.proof), CertificateStanding::revoked) << "on the open connection";
    EXPECT_EQ(standing(*other.proof), CertificateStanding::good);
    EXPECT_FALSE(contexts->refresh().revocation_changed);
    EXPECT_EQ(put(pki_.crl({})).faults.size(), 1u) << "another authority's list changes nothing";
    EXPECT_EQ(standing(*outcome.proof), CertificateStanding::revoked);
    EXPECT_TRUE(put(people_.crl({sato, suzuki}, -10)).revocation_changed);
    EXPECT_EQ(standing(*other.proof), CertificateStanding::stale);
    EXPECT_LT(contexts->revocation_ends().at(0).second, now);
}

TEST_F(ClientCertificates, WithoutAListThatWasAskedForNobodyPasses) {
    const auto sato = person();
    const auto contexts = serve(Demand::require, people_.directory() + "/none.pem");
    EXPECT_EQ(contexts->refresh().faults.size(), 1u);
    const auto outcome = visit(contexts, {.name = "bank.test", .certificate = &sato});
    ASSERT_TRUE(outcome.proof);
    EXPECT_EQ(standing(*outcome.proof), CertificateStanding::stale);
}

// What is recorded today must not be readable tomorrow; where OpenSSL is older than 3.5 the best it has.
TEST_F(TlsContextsTest, PrefersThePostQuantumGroupWhereThereIsOne) {
    const auto contexts = serve({pki_.leaf({"wiki.test"})});
    const bool hybrid = OPENSSL_VERSION_NUMBER >= 0x30500000L;
    EXPECT_EQ(contexts->first_group(), hybrid ? "X25519MLKEM768" : "X25519");
    EXPECT_EQ(visit(contexts, {.name = "wiki.test"}).group, contexts->first_group());
    const auto classic = visit(contexts, {.name = "wiki.test", .groups = "P-256"});
    EXPECT_TRUE(classic.done);
    EXPECT_EQ(classic.group, "P-256");
}

TEST_F(TlsContextsTest, CoversExactNamesAndOneWildcardLabel) {
    const auto contexts = serve({pki_.leaf({"portal.test"}), pki_.leaf({"*.corp.test"})});
    for (const auto* yes : {"portal.test", "wiki.corp.test"}) EXPECT_TRUE(contexts->covers(yes)) << yes;
    for (const auto* no : {"", ".", "test", "corp.test", ".corp.test", "a.b.corp.test", "portal.test.",
                           "portal.tes", "127.0.0.1", "*.portal.test"})
        EXPECT_FALSE(contexts->covers(no)) << no;
    ASSERT_EQ(contexts->certificates().size(), 2u);
    const auto left = contexts->certificates()[0].not_after - system_clock_face().wall();
    EXPECT_GT(left, std::chrono::hours(24 * 29));
    EXPECT_LT(left, std::chrono::hours(24 * 31));
    EXPECT_THAT(std::string(contexts->first_group()), testing::AnyOf("X25519", "X25519MLKEM768"));
}

TEST_F(TlsContextsTest, FaultsNameFileAndReason) {
    const auto good = pki_.leaf({"wiki.test"});
    const auto other = pki_.leaf({"other.test"});
    config::Certificate mixed = good;
    mixed.key_path = other.key_path;
    EXPECT_THAT(std::string(refused({mixed}).detail()),
                testing::HasSubstr(other.key_path + ": not the key of"));
    config::Certificate missing = good;
    missing.chain_path = "/nonexistent/chain.pem";
    EXPECT_EQ(refused({missing}).code(), Errc::not_found);
    EXPECT_THAT(std::string(refused({missing}).detail()),
                testing::HasSubstr("/nonexistent/chain.pem: No such file"));
    config::Certificate swapped = good;
    swapped.chain_path = good.key_path;
    EXPECT_THAT(std::string(refused({swapped}).detail()), testing::HasSubstr("no certificate"));
    EXPECT_THAT(std::string(refused({good, pki_.leaf({"wiki.test"})}).detail()),
                testing::HasSubstr("wiki.test is already served by " + good.chain_path));
    EXPECT_THAT(std::string(refused({pki_.leaf({"127.0.0.1"})}).detail()),
                testing::HasSubstr("names no host"));
    config::Certificate cut = good;
    cut.chain_path = pki_.directory() + "/cut.pem";
    std::ofstream(cut.chain_path) << std::ifstream(good.chain_path).rdbuf()
                                  << "-----BEGIN CERTIFICATE-----\nMIIB";
    EXPECT_THAT(std::string(refused({cut}).detail()), testing::HasSubstr("cut.pem: damaged chain"));
    const auto client = TlsClientContext::create("/nonexistent/ca.pem", "wiki.test");
    ASSERT_FALSE(client);
    EXPECT_THAT(std::string(client.error().detail()), testing::HasSubstr("/nonexistent/ca.pem"));
}

}  // namespace
}  // namespace sekisho::gateway

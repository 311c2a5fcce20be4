// Goal: certificates, keys, secrets and warnings of a configuration are judged by what is on the disk.
// Method: a folder with real certificates made on the spot, then one thing wrong at a time.
#include "config/check.hpp"

#include "base/password_list.hpp"
#include "config/secrets.hpp"
#include "tests/config/folder.hpp"
#include "tests/config/support.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sekisho::config {
namespace {

const WallTime now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 24}};
constexpr auto day = std::chrono::hours{24};

class CheckFiles : public testing::Test {
protected:
    CheckFiles() {
        put_certificate("DNS:portal.localhost,DNS:wiki.localhost", now - day, now + 60 * day);
        folder.put("master.key", std::string(32, 'k'), 0600);
        folder.put("main.yaml", small_text(), 0644);
    }
    void put_certificate(const std::string& names, WallTime from, WallTime to) {
        const auto made = support::make_certificate(names, from, to);
        folder.put("a.pem", made.chain, 0644);
        folder.put("a.key", made.key, 0600);
    }
    std::string ids(Lint level = Lint::none) {
        CheckOptions options;
        options.now = now;
        options.lint = level;
        options.environment = &environment;
        std::string all;
        for (const auto& d : load_checked(folder.path("main.yaml"), options).diagnostics)
            all += std::string(d.id()) + " ";
        return all;
    }
    void change(std::string_view from, std::string_view to) {
        folder.put("main.yaml", replaced(small_text(), from, to), 0644);
    }

    Folder folder;
    Environment environment;
};

TEST_F(CheckFiles, GoodFilesHaveNoFinding) { EXPECT_EQ(ids(), ""); }

TEST_F(CheckFiles, JudgesCertificates) {
    put_certificate("DNS:portal.localhost", now - day, now + 60 * day);
    EXPECT_EQ(ids(), "tls.uncovered ");
    put_certificate("DNS:*.localhost", now - day, now + 60 * day);
    EXPECT_EQ(ids(), "tls.uncovered tls.uncovered ") << "a wildcard under one label covers nothing";
    put_certificate("DNS:portal.localhost,DNS:wiki.localhost", now - 60 * day, now - day);
    EXPECT_EQ(ids(), "tls.expired ");
    put_certificate("DNS:portal.localhost,DNS:wiki.localhost", now + day, now + 60 * day);
    EXPECT_EQ(ids(), "tls.not_yet ");
    put_certificate("DNS:portal.localhost,DNS:wiki.localhost", now - day, now + 13 * day);
    EXPECT_EQ(ids(), "") << "a matter of the lint";
    EXPECT_NE(ids(Lint::all).find("certificate-expires-soon "), std::string::npos);
    folder.put("a.pem", "nonsense", 0644);
    EXPECT_EQ(ids(), "tls.chain ");
    folder.remove("a.pem");
    EXPECT_EQ(ids(), "file.missing ");
}

TEST_F(CheckFiles, JudgesKeys) {
    folder.put("a.key", support::make_certificate("", now, now + day).key, 0600);
    EXPECT_EQ(ids(), "tls.mismatch ");
    folder.put("a.key", "nonsense", 0600);
    EXPECT_EQ(ids(), "tls.key ");
    folder.remove("a.key");
    EXPECT_EQ(ids(), "secret.missing ");
}

TEST_F(CheckFiles, JudgesSecretsByWhoElseMayTouchThem) {
    const std::pair<unsigned, const char*> cases[] = {{0600, ""},
                                                      {0400, ""},
                                                      {0640, ""},
                                                      {0644, "secret.world "},
                                                      {0602, "secret.world "},
                                                      {0620, "secret.group "}};
    for (const auto& [mode, expected] : cases) {
        folder.put("master.key", std::string(32, 'k'), mode);
        EXPECT_EQ(ids(), expected) << std::oct << mode;
    }
    folder.put("master.key", "", 0600);
    EXPECT_EQ(ids(), "secret.empty ");
    folder.put("master.key", std::string((64u << 10) + 1, 'k'), 0600);
    EXPECT_EQ(ids(), "secret.too_large ");
    folder.remove("master.key");
    EXPECT_EQ(ids(), "secret.missing ");
    change("master.key", ".");
    EXPECT_EQ(ids(), "secret.not_regular ");
}

TEST_F(CheckFiles, FindsSecretsInTheCapturedEnvironment) {
    change("{file: master.key}", "{env: SEKISHO_MASTER_KEY}");
    EXPECT_EQ(ids(), "secret.no_variable ");
    environment.put("SEKISHO_MASTER_KEY", Secret(as_bytes("k")));
    EXPECT_EQ(ids(), "");
}

TEST_F(CheckFiles, JudgesAuthoritiesOfUpstreams) {
    change("{url: \"http://127.0.0.1:9001\"}", "{url: \"https://127.0.0.1:9001\", ca: roots.pem}");
    EXPECT_EQ(ids(), "upstream.ca ");
    folder.put("roots.pem", support::make_certificate("", now, now + day).chain, 0644);
    EXPECT_EQ(ids(), "");
}

TEST_F(CheckFiles, JudgesClientCertificatesAndStaples) {
    const auto asks = [this](std::string_view hosts, std::string_view more) {
        change("key: a.key}]", "key: a.key}], client_certificates: [{hosts: [" + std::string(hosts) +
                                   "], ca: people.pem" + std::string(more) + "}]");
        return ids();
    };
    EXPECT_EQ(asks("wiki.localhost", ""), "tls.client_ca ");
    folder.put("people.pem", support::make_certificate("", now, now + day).chain, 0644);
    EXPECT_EQ(asks("wiki.localhost", ""), "");
    EXPECT_EQ(asks("portal.localhost, wiki.localhost", ", demand: request"), "");
    EXPECT_EQ(asks("nobody.localhost", ""), "tls.client_host ");
    EXPECT_EQ(asks("wiki.localhost", ", crl: people.crl"), "tls.client_crl ");
    change("key: a.key}]", "key: a.key, staple: a.ocsp}]");
    EXPECT_EQ(ids(), "tls.staple ");
}

TEST_F(CheckFiles, JudgesTheListOfRefusedPasswords) {
    change("store:", "factors: {refused_passwords: refused.txt}\nstore:");
    EXPECT_EQ(ids(), "factors.refused_passwords ");
    folder.put("refused.txt", "password\n", 0644);
    EXPECT_EQ(ids(), "factors.refused_passwords ");
    folder.put("refused.txt", password_list_entry("password") + ":9\n", 0644);
    EXPECT_EQ(ids(), "");
}

TEST_F(CheckFiles, JudgesWhatPasskeysCountAs) {
    const auto with = [this](std::string_view inside) {
        change("store:", "factors: {passkeys: {" + std::string(inside) + "}}\nstore:");
        return ids();
    };
    const std::string model = "models: [ee882879-721c-4913-9775-3dfcce97072a]";
    EXPECT_EQ(with("hardware_only: [ops]"), "factors.no_roots ");
    EXPECT_EQ(with(model), "factors.no_roots ");
    EXPECT_EQ(with("attestation_roots: makers.pem, " + model), "factors.roots ");
    folder.put("makers.pem", support::make_certificate("", now, now + day).chain, 0644);
    EXPECT_EQ(with("attestation_roots: makers.pem, hardware_only: [ops, staff], " + model), "");
    EXPECT_EQ(with("attestation_roots: makers.pem, models: [ee882879-721c-4913-9775-3dfcce97072x]"),
              "factors.model ");
    EXPECT_EQ(with("abandoned_host: portal.localhost"), "factors.present_host ");
    EXPECT_EQ(with("abandoned_host: old.localhost"), "");
}

TEST_F(CheckFiles, WarnsWhenEverybodyCountsAsABalancer) {
    const std::string https = "{https: [\"127.0.0.1:8443\"]}";
    change(https, "{https: [\"127.0.0.1:8443\"], balancers: [10.0.0.0/8]}");
    EXPECT_EQ(ids(), "");
    change(https, "{https: [\"127.0.0.1:8443\"], balancers: [\"::/0\"]}");
    EXPECT_EQ(ids(), "listen.balancers_all ");
}

std::string warnings(std::string_view from, std::string_view to) {
    std::string all;
    for (const auto& d : load_small(from, to).diagnostics) all += std::string(d.id()) + " ";
    return all;
}

TEST(Check, WarnsOfWhatIsValidButUnwise) {
    EXPECT_EQ(warnings("http://127.0.0.1:9001", "http://[::1]:9001"), "");
    EXPECT_EQ(warnings("...\n", ""), "file.unended ");
    EXPECT_EQ(warnings("upstreams: {", "upstreams: {spare: {url: \"http://127.0.0.1:1\"}, "),
              "upstream.unused ");
    EXPECT_EQ(warnings("tier: general", "tier: general, origins: [https://a.example]"), "app.websocket_off ");
}

TEST(Check, RefusesWhatContradictsItself) {
    EXPECT_EQ(warnings("tier: general}",
                       "tier: general}\n  again: {title: A, host: WIKI.localhost, upstream: wiki, tier: "
                       "general, paths: [/a, /]}"),
              "app.same_place ");
    EXPECT_EQ(warnings("tier: general}",
                       "tier: general}\n  sub: {title: A, host: wiki.localhost, upstream: wiki, tier: "
                       "general, paths: [/a]}"),
              "");
    EXPECT_EQ(warnings("{url: \"http://127.0.0.1:9001\"}", "{url: \"http://127.0.0.1:9001\", ca: a.pem}"),
              "upstream.tls_only ");
    EXPECT_EQ(
        warnings("{url: \"http://127.0.0.1:9001\"}", "{url: \"http://127.0.0.1:9001\", protocol: http2}"),
        "");
    EXPECT_EQ(load_string(replaced(replaced(small_text(), "{url: \"http://127.0.0.1:9001\"}",
                                            "{url: \"http://127.0.0.1:9001\", protocol: http2}"),
                                   "tier: general}", "tier: general, websocket: true}"))
                  .diagnostics.at(0)
                  .id(),
              "upstream.http2_websocket");
    EXPECT_EQ(warnings("store: {", "store: {demo: true, "), "");
    EXPECT_EQ(load_string(replaced(replaced(small_text(), "store: {", "store: {demo: true, "),
                                   "127.0.0.1:8443", "0.0.0.0:8443"))
                  .diagnostics.at(0)
                  .id(),
              "demo.off_loopback");
}

TEST(Check, WarnsOfContractsThatAreOver) {
    CheckOptions options;
    options.files = false;
    options.lint = Lint::all;
    const auto over = [&](std::string_view date) {
        options.now = start_of_day(*parse_date(date), Zone::utc());
        const auto found =
            load_checked_from(MemoryFiles().put("main.yaml", small_text()), "main.yaml", options).diagnostics;
        return std::count_if(found.begin(), found.end(),
                             [](const auto& d) { return d.id() == "contract-over"; });
    };
    EXPECT_EQ(over("2027-03-31"), 0);
    EXPECT_EQ(over("2027-04-01"), 1);
}

// What the lint makes of a changed small file, as far as it concerns one rule.
bool lints(std::string_view from, std::string_view to, std::string_view rule) {
    CheckOptions options;
    options.files = false;
    options.lint = Lint::all;
    const auto text = replaced(small_text(), from, to);
    const auto found =
        load_checked_from(MemoryFiles().put("main.yaml", text), "main.yaml", options).diagnostics;
    return std::any_of(found.begin(), found.end(), [&](const auto& d) { return d.id() == rule; });
}

TEST(Check, LeavesWhatIsUnwiseToTheLint) {
    EXPECT_TRUE(lints("http://127.0.0.1:9001", "http://wiki.corp.example", "identity-over-plain-text"));
    EXPECT_FALSE(lints("http://127.0.0.1:9001", "http://[::1]:9001", "identity-over-plain-text"));
    EXPECT_TRUE(
        lints("elsewhere/checkpoints.log", "data/audit/checkpoints.log", "audit-checkpoints-beside-record"));
    EXPECT_TRUE(lints("audit: {checkpoints: elsewhere/checkpoints.log}\n", "", "audit-no-checkpoints"));
    EXPECT_TRUE(lints("audit: {", "ops: {listen: \"0.0.0.0:9464\"}\naudit: {", "ops-listener-every-address"));
    EXPECT_TRUE(lints("audit: {", "ops: {listen: \"[::]:9464\"}\naudit: {", "ops-listener-every-address"));
}

TEST(Environment, IsCapturedAndWiped) {
    ::setenv("SEKISHO_TEST_SECRET", "s3cret", 1);
    ::setenv("OTHER_TEST_VALUE", "stays", 1);
    const char* original = ::getenv("SEKISHO_TEST_SECRET");
    const auto environment = Environment::capture();
    EXPECT_EQ(std::string_view(original, 1), std::string_view("\0", 1));
    EXPECT_EQ(::getenv("SEKISHO_TEST_SECRET"), nullptr);
    EXPECT_STREQ(::getenv("OTHER_TEST_VALUE"), "stays");
    ASSERT_NE(environment.find("SEKISHO_TEST_SECRET"), nullptr);
    EXPECT_EQ(environment.find("SEKISHO_TEST_SECRET")->reveal_text(), "s3cret");
    EXPECT_EQ(environment.find("SEKISHO_OTHER"), nullptr);
}

TEST(Secrets, FileIsReadWithoutItsLineEnd) {
    Folder folder;
    const auto read = [&](const std::string& text) {
        folder.put("s", text, 0600);
        const auto secret = read_secret_file(folder.path("s"));
        return secret ? std::string(secret->reveal_text())
                      : "error " + std::string(to_text(secret.error().code()));
    };
    EXPECT_EQ(read("abc\n"), "abc");
    EXPECT_EQ(read("abc\r\n"), "abc");
    EXPECT_EQ(read("abc\n\n"), "abc\n");
    EXPECT_EQ(read("\n"), "error malformed");
    EXPECT_FALSE(read_secret_file(folder.path("gone")));
}

}  // namespace
}  // namespace sekisho::config

// Rules about certificates, their keys and what browsers are told about TLS.
#include "base/civil_time.hpp"
#include "base/text.hpp"
#include "config/lint_view.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sekisho::config {
namespace {

constexpr auto E = Severity::error;
constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr auto expiry_soon = std::chrono::hours{24 * 30};
constexpr auto life_long = std::chrono::hours{24 * 398};
constexpr unsigned rsa_bits_min = 2048, ec_bits_min = 224;
constexpr std::uint32_t group_bits = 0070;
constexpr Seconds ticket_long{24 * 3600};

// Calls judge(certificate's facts, its configuration, its path) for each that could be read.
template <class Judge>
void each_certificate(const LintView& view, Judge judge) {
    const auto& facts = view.facts.certificates;
    const auto& certificates = view.model.tls.certificates;
    for (std::size_t i = 0; i < facts.size() && i < certificates.size(); ++i)
        if (facts[i].facts)
            judge(*facts[i].facts, certificates[i], "tls.certificates[" + std::to_string(i) + "]");
}

void look_expiry(const LintView& view, LintReport& report) {
    if (view.facts.now == WallTime{} || view.model.store.demo) return;  // the demo's live for seven days
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.not_after - view.facts.now < expiry_soon)
                report.at(path + ".chain", {certificate.chain_path, to_rfc3339_utc(facts.not_after)});
        });
}

void look_life(const LintView& view, LintReport& report) {
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.not_after - facts.not_before > life_long)
                report.at(path + ".chain", {certificate.chain_path});
        });
}

void look_key(const LintView& view, LintReport& report) {
    each_certificate(view, [&](const CertificateFacts& facts, const Certificate&, const std::string& path) {
        const bool weak = (facts.key_type == "RSA" && facts.key_bits < rsa_bits_min) ||
                          facts.key_type == "DSA" || (facts.key_type == "EC" && facts.key_bits < ec_bits_min);
        if (weak) report.at(path + ".chain", {facts.key_type, std::to_string(facts.key_bits)});
    });
}

void look_digest(const LintView& view, LintReport& report) {
    each_certificate(view, [&](const CertificateFacts& facts, const Certificate& certificate,
                               const std::string& path) {
        if (!facts.is_self_issued && (facts.signature_digest == "SHA1" || facts.signature_digest == "MD5"))
            report.at(path + ".chain", {certificate.chain_path, facts.signature_digest});
    });
}

void look_names(const LintView& view, LintReport& report) {
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.dns_names.empty() && facts.addresses.empty())
                report.at(path + ".chain", {certificate.chain_path});
        });
}

void look_useless(const LintView& view, LintReport& report) {
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.dns_names.empty() && facts.addresses.empty()) return;
            const bool used = facts.matches_host(view.model.portal.host) ||
                              std::any_of(view.model.apps.begin(), view.model.apps.end(),
                                          [&](const App& app) { return facts.matches_host(app.host); });
            if (!used) report.at(path + ".chain", {certificate.chain_path});
        });
}

void look_all_names(const LintView& view, LintReport& report) {
    std::set<std::string_view> hosts{view.model.portal.host};
    for (const auto& app : view.model.apps) hosts.insert(app.host);
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            const auto named = std::count_if(facts.dns_names.begin(), facts.dns_names.end(),
                                             [&](const std::string& name) { return hosts.count(name) > 0; });
            if (named > 1) report.at(path + ".chain", {certificate.chain_path, std::to_string(named)});
        });
}

void look_wildcard(const LintView& view, LintReport& report) {
    each_certificate(view, [&](const CertificateFacts& facts, const Certificate&, const std::string& path) {
        const auto wild = std::find_if(facts.dns_names.begin(), facts.dns_names.end(),
                                       [](const std::string& name) { return name.rfind("*.", 0) == 0; });
        if (wild != facts.dns_names.end()) report.at(path + ".chain", {*wild});
    });
}

void look_authority(const LintView& view, LintReport& report) {
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.is_authority) report.at(path + ".chain", {certificate.chain_path});
        });
}

void look_chain(const LintView& view, LintReport& report) {
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.chain_length == 1 && !facts.is_self_issued)
                report.at(path + ".chain", {certificate.chain_path});
        });
}

void look_self_signed(const LintView& view, LintReport& report) {
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            if (facts.is_self_issued && !facts.is_authority)
                report.at(path + ".chain", {certificate.chain_path});
        });
}

void look_shared_key(const LintView& view, LintReport& report) {
    std::map<std::string_view, const Certificate*> owners;
    each_certificate(
        view, [&](const CertificateFacts& facts, const Certificate& certificate, const std::string& path) {
            const auto [other, fresh] = owners.emplace(facts.public_key, &certificate);
            if (!fresh) report.at(path + ".key", {other->second->chain_path, certificate.chain_path});
        });
}

void look_key_group(const LintView& view, LintReport& report) {
    const auto& facts = view.facts.certificates;
    for (std::size_t i = 0; i < facts.size() && i < view.model.tls.certificates.size(); ++i)
        if ((facts[i].key_mode & group_bits) != 0)
            report.at("tls.certificates[" + std::to_string(i) + "].key",
                      {view.model.tls.certificates[i].key_path});
}

void look_ticket(const LintView& view, LintReport& report) {
    if (view.model.tls.ticket_lifetime > ticket_long)
        report.at("tls.ticket_lifetime", {duration_text(view.model.tls.ticket_lifetime)});
}

void look_hsts(const LintView& view, LintReport& report) {
    if (!view.model.portal.hsts) report.at("portal.hsts");
}

void look_redirect(const LintView& view, LintReport& report) {
    const auto& https = view.model.listen.https;
    const auto standard =
        std::find_if(https.begin(), https.end(), [](const Endpoint& e) { return e.port == 443; });
    if (standard != https.end() && view.model.listen.http_redirect.empty())
        report.at("listen", standard->place);
}

constexpr LintRule rules[] = {
    {{"certificate-expires-soon", W, "the certificate {0} expires at {1}",
      "証明書 {0} は {1} に期限が切れます", "put a new one in its place, then `sekisho reload`",
      "新しい証明書に替え、`sekisho reload` を実行してください"},
     "After that moment no browser comes in, and people learn to click warnings away.",
     "O2 and SoftBank, 6 December 2018: an expired certificate stopped mobile networks; Equifax, 2017: one "
     "on an "
     "inspection device let an intrusion go unseen for 76 days.",
     look_expiry},
    {{"certificate-long-life", A, "the certificate {0} is valid for more than 398 days",
      "証明書 {0} の有効期間が 398 日を超えています", "have a shorter one issued and renew it by machine",
      "期間の短い証明書にし、自動で更新してください"},
     "A stolen key is good until the certificate ends; renewals that come once in years are forgotten or "
     "done by hand.",
     "Apple's and the CA/Browser Forum's limit of 398 days (September 2020): browsers refuse longer ones "
     "from public "
     "authorities.",
     look_life},
    {{"certificate-weak-key", E, "the certificate's key is {0} of {1} bits",
      "証明書の鍵は {0} の {1} ビットです", "make a new key: EC P-256, or RSA of 2048 bits or more",
      "EC P-256 か 2048 ビット以上の RSA で鍵を作り直してください"},
     "A key of this size can be found by computing; whoever has it is this gateway.",
     "FREAK (CVE-2015-0204) and Logjam (CVE-2015-4000): what short keys of the past were still good for.",
     look_key},
    {{"certificate-weak-signature", E, "the certificate {0} is signed with {1}",
      "証明書 {0} の署名は {1} です", "have it issued anew with SHA-256", "SHA-256 で発行し直してください"},
     "A second certificate with the same signature can be made, for a name its owner chooses. Browsers "
     "refuse it.",
     "SHAttered, February 2017 (SHA-1); Flame, 2012 (MD5): a forged certificate signed malware.",
     look_digest},
    {{"certificate-without-names", W, "the certificate {0} carries no subject alternative name",
      "証明書 {0} に subject alternative name がありません",
      "have it issued anew with the host as a DNS name", "ホスト名を DNS 名として含めて発行し直してください"},
     "Clients no longer look at the common name, so the certificate is valid for nothing.",
     "Chrome 58, April 2017, and RFC 9525 section 2: the common name is not a host's name.",
     look_names},
    {{"certificate-covers-nothing", A, "the certificate {0} covers neither the portal nor any app",
      "証明書 {0} は、ポータルにもアプリにも合いません", "remove it: its key need not lie here",
      "削除してください。鍵をここに置く必要はありません"},
     "A key on a machine that has no use for it is a key that can be lost there.",
     "Heartbleed (CVE-2014-0160): every key in a server's memory had to be replaced.",
     look_useless},
    {{"certificate-lists-apps", W, "the certificate {0} names {1} hosts of this gateway at once",
      "証明書 {0} に、このゲートウェイのホストが {1} 個並んでいます", "use one certificate for each host",
      "ホストごとに証明書を分けてください"},
     "The certificate is shown before anybody signs in, and public authorities publish it: a stranger reads "
     "which apps "
     "there are. Browsers also coalesce connections over it.",
     "Certificate Transparency logs (RFC 9162) are searched for internal names; CVE-2025-23419 (nginx) for "
     "what sharing "
     "TLS state between hosts costs.",
     look_all_names},
    {{"certificate-wildcard", W, "the certificate for {0} is good for every host below that name",
      "{0} の証明書は、その下のすべてのホストに通用します", "use one certificate for each host",
      "ホストごとに証明書を分けてください"},
     "One stolen key poses as every host, those of other servers included; browsers may send requests for "
     "one host over "
     "the connection of another.",
     "ALPACA, 2021, and the NSA's warning of October 2021 against wildcard certificates.",
     look_wildcard},
    {{"certificate-is-authority", W, "{0} is an authority's certificate, used as a server's",
      "{0} は認証局の証明書ですが、サーバーに使われています",
      "issue a server certificate and keep the authority's key elsewhere",
      "サーバー証明書を発行し、認証局の鍵は別の場所に置いてください"},
     "Whoever takes this gateway's key can then issue certificates for every name, and the institution's "
     "machines trust "
     "them.",
     "Superfish (CVE-2015-2077) and Dell's eDellRoot, November 2015: an authority's key that lay on every "
     "machine.",
     look_authority},
    {{"certificate-self-signed", W, "the certificate {0} is signed by itself: browsers will warn",
      "証明書 {0} は自己署名です。ブラウザーが警告します",
      "have it issued by an authority people's browsers trust",
      "利用者のブラウザーが信頼する認証局に発行してもらってください"},
     "Who has learned to pass the warning passes it on the day it is real.",
     "GitHub in January 2013 and iCloud in October 2014 were imitated with self-signed certificates; who "
     "clicked on was "
     "read.",
     look_self_signed},
    {{"certificate-chain-incomplete", W, "{0} holds the server's certificate alone, without its issuer's",
      "{0} にサーバー証明書しかなく、発行者の証明書がありません",
      "append the intermediate certificates to the file", "中間証明書をファイルの後ろに加えてください"},
     "Browsers that met the issuer before come in, others do not: it works in the office and fails at home.",
     "RFC 8446 section 4.4.2 asks for the chain; SSL Labs names the incomplete chain among the most common "
     "faults.",
     look_chain},
    {{"certificate-key-shared", W, "{0} and {1} have the same key", "{0} と {1} が同じ鍵を使っています",
      "make a key for each certificate", "証明書ごとに鍵を作ってください"},
     "What is lost at one host is lost at both, and neither can be renewed alone.",
     "DROWN (CVE-2016-0800): a second server with the same key broke the first one's TLS.",
     look_shared_key},
    {{"key-readable-by-group", A, "a group of users may read the key {0}", "鍵 {0} をグループの人が読めます",
      "chmod 600 {0}, or make sure that the group is the gateway's alone",
      "chmod 600 {0} とするか、グループがゲートウェイ専用であることを確かめてください"},
     "Every process of that group can pose as this gateway. Groups grow; nobody remembers that they hold a "
     "key.",
     "certbot/certbot issue 1473: keys that others on the machine could read, found years later.",
     look_key_group},
    {{"ticket-lifetime-long", W, "TLS sessions may be resumed for {0}",
      "TLS セッションを {0} の間再開できます", "write 24h or less", "24h 以下にしてください"},
     "Tickets are sealed with a key in memory. The longer they live, the more recorded traffic that one key "
     "opens.",
     "Springall, Durumeric and Halderman, \"Measuring the Security Harm of TLS Crypto Shortcuts\", 2016.",
     look_ticket},
    {{"hsts-off", W, "browsers are not told to use HTTPS only", "ブラウザーに HTTPS だけを使わせていません",
      "write hsts: true", "hsts: true にしてください"},
     "The first visit over plain HTTP can be answered by somebody else, who shows a page that looks like the "
     "portal.",
     "sslstrip, shown by Moxie Marlinspike in 2009; RFC 6797 is the answer.",
     look_hsts},
    {{"redirect-missing", A, "who types the name without https:// finds nothing",
      "https:// なしで入力した人には何も表示されません", "add listen.http_redirect for port 80",
      "listen.http_redirect にポート 80 を加えてください"},
     "People then take the address from a mail or a search engine, which is how imitations are found.",
     "MyEtherWallet, April 2018: visitors were led to an imitation; RFC 6797 section 7.2 asks for the "
     "redirect.",
     look_redirect},
};

}  // namespace

std::span<const LintRule> lint_rules_tls() { return rules; }

}  // namespace sekisho::config

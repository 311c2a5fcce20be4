// Rules about the links to the servers behind the gateway.
#include "base/ip.hpp"
#include "config/lint_view.hpp"
#include "config/scalar.hpp"

#include <algorithm>
#include <array>

namespace sekisho::config {
namespace {

constexpr auto E = Severity::error;
constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr auto authority_soon = std::chrono::hours{24 * 60};
constexpr Millis response_long{10 * 60'000};

std::string path_of(const Upstream& upstream, std::string_view key) {
    return "upstreams." + upstream.name + "." + std::string(key);
}

bool is_here(const Upstream& upstream) {
    const auto address = parse_ip(upstream.host);
    return (address && address->is_loopback()) || upstream.host == "localhost";
}

bool tells_who(const Model& model, const Upstream& upstream) {
    return std::any_of(model.apps.begin(), model.apps.end(),
                       [&](const App& app) { return app.upstream == upstream.name && app.assertion; });
}

void look_plain(const LintView& view, LintReport& report) {
    for (const auto& upstream : view.model.upstreams)
        if (!upstream.tls && !is_here(upstream) && !tells_who(view.model, upstream))
            report.at(path_of(upstream, "url"), {upstream.host});
}

void look_plain_identity(const LintView& view, LintReport& report) {
    for (const auto& upstream : view.model.upstreams)
        if (!upstream.tls && !is_here(upstream) && tells_who(view.model, upstream))
            report.at(path_of(upstream, "url"), {upstream.host});
}

// Names and networks no public authority can vouch for, or should.
bool is_internal(const std::string& host) {
    static constexpr std::array<std::string_view, 7> suffixes{".internal", ".local", ".corp",     ".lan",
                                                              ".intranet", ".home",  ".home.arpa"};
    static const std::array<Prefix, 4> networks{*parse_prefix("10.0.0.0/8"), *parse_prefix("172.16.0.0/12"),
                                                *parse_prefix("192.168.0.0/16"), *parse_prefix("fc00::/7")};
    if (const auto address = parse_ip(host))
        return std::any_of(networks.begin(), networks.end(),
                           [&](const Prefix& network) { return network.contains(*address); });
    if (host.find('.') == std::string::npos) return true;
    return std::any_of(suffixes.begin(), suffixes.end(), [&](std::string_view suffix) {
        return host.size() > suffix.size() &&
               std::string_view(host).substr(host.size() - suffix.size()) == suffix;
    });
}

void look_roots(const LintView& view, LintReport& report) {
    for (const auto& upstream : view.model.upstreams)
        if (upstream.tls && upstream.ca_path.empty() && is_internal(upstream.host))
            report.at(path_of(upstream, "url"), {upstream.host});
}

void look_metadata(const LintView& view, LintReport& report) {
    static const std::array<Prefix, 4> networks{*parse_prefix("169.254.0.0/16"), *parse_prefix("fe80::/10"),
                                                *parse_prefix("100.100.100.200/32"),
                                                *parse_prefix("fd00:ec2::254/128")};
    for (const auto& upstream : view.model.upstreams) {
        const auto address = parse_ip(upstream.host);
        const bool by_address =
            address && std::any_of(networks.begin(), networks.end(),
                                   [&](const Prefix& network) { return network.contains(*address); });
        if (by_address || upstream.host == "metadata.google.internal")
            report.at(path_of(upstream, "url"), {upstream.host});
    }
}

void look_loop(const LintView& view, LintReport& report) {
    const auto hits = [](const Endpoint& endpoint, const Upstream& upstream) {
        if (endpoint.port == 0 || endpoint.port != upstream.port) return false;
        const auto address = parse_ip(upstream.host);
        if (address && *address == endpoint.address) return true;
        // A listener on every address is met at loopback too.
        const bool every = endpoint.address == IpAddress{} || endpoint.address == *parse_ip("0.0.0.0");
        return is_here(upstream) && (every || (!address && endpoint.address.is_loopback()));
    };
    auto all = view.model.listen.https;
    all.insert(all.end(), view.model.listen.http_redirect.begin(), view.model.listen.http_redirect.end());
    all.push_back(view.model.ops.listen);
    for (const auto& upstream : view.model.upstreams) {
        const bool itself =
            upstream.host == view.model.portal.host && upstream.port == view.model.portal.port;
        const bool hit = itself || std::any_of(all.begin(), all.end(),
                                               [&](const Endpoint& e) { return hits(e, upstream); });
        if (hit) report.at(path_of(upstream, "url"), {upstream.name});
    }
}

void look_total(const LintView& view, LintReport& report) {
    for (const auto& upstream : view.model.upstreams) {
        const bool critical = std::any_of(
            view.model.apps.begin(), view.model.apps.end(),
            [&](const App& app) { return app.upstream == upstream.name && view.rank(app) >= rank_critical; });
        if (critical && upstream.total_timeout == Millis(0))
            report.at(path_of(upstream, "total_timeout"), {upstream.name});
    }
}

void look_response(const LintView& view, LintReport& report) {
    static const Key& key = *find_key("upstreams.*.response_timeout");
    for (const auto& upstream : view.model.upstreams)
        if (upstream.response_timeout > response_long)
            report.at(path_of(upstream, "response_timeout"),
                      {upstream.name, print_one(key, upstream.response_timeout)});
}

void look_authority(const LintView& view, LintReport& report) {
    const auto& facts = view.facts;
    for (std::size_t i = 0; i < facts.authorities.size() && i < view.model.upstreams.size(); ++i) {
        const auto& upstream = view.model.upstreams[i];
        if (facts.authorities[i] && facts.now != WallTime{} &&
            facts.authorities[i]->not_after - facts.now < authority_soon)
            report.at(path_of(upstream, "ca"),
                      {upstream.name, to_rfc3339_utc(facts.authorities[i]->not_after)});
    }
}

void look_shared(const LintView& view, LintReport& report) {
    for (const auto& upstream : view.model.upstreams) {
        const App *critical = nullptr, *general = nullptr;
        for (const auto& app : view.model.apps) {
            if (app.upstream != upstream.name) continue;
            (view.rank(app) >= rank_critical ? critical : general) = &app;
        }
        if (critical != nullptr && general != nullptr)
            report.at("apps." + critical->name + ".upstream", {critical->name, general->name, upstream.name});
    }
}

constexpr LintRule rules[] = {
    {{"upstream-plain-text", W, "requests to {0} travel unencrypted off this machine",
      "{0} への要求は、暗号化されずに機械の外へ出ます",
      "use https:// where the app can, and ca: for its authority",
      "アプリが対応していれば https:// を使い、ca: に認証局を書いてください"},
     "Everything a person sees and sends is readable, and changeable, on every switch and host between "
     "gateway and app.",
     "MUSCULAR, made public in October 2013: traffic was collected between data centres, on links thought to "
     "be inside.",
     look_plain},
    {{"identity-over-plain-text", W, "{0} is told who comes over an unencrypted link off this machine",
      "{0} には、誰が来たかが暗号化されずに機械の外へ送られます",
      "use https:// with ca:, so that only the app reads the assertion and only the gateway reaches it",
      "https:// と ca: を使い、アプリだけが読めるようにしてください"},
     "The signed assertion is worth a session for a minute. On an open link a neighbour can read it, and can "
     "answer in "
     "the app's place.",
     "CVE-2025-64484 (oauth2-proxy) shows how much an app believes fields that say who comes; MUSCULAR, "
     "2013, what links "
     "are worth.",
     look_plain_identity},
    {{"upstream-public-roots", A,
      "the certificate of {0} is verified by the whole world's authorities, not yours",
      "{0} の証明書を、自社ではなく世界中の認証局で検証しています",
      "write ca: with the authority that issued it", "発行した認証局を ca: に書いてください"},
     "An internal name has no public owner. Any of a hundred authorities, or whoever fooled one, may vouch "
     "for a stranger "
     "in its place.",
     "DigiNotar, 2011: one public authority issued certificates for hosts that were not the applicant's.",
     look_roots},
    {{"upstream-link-local", E, "{0} is a link-local or metadata address, never an app",
      "{0} はリンクローカルかメタデータのアドレスで、アプリではありません",
      "write the address of the app itself", "アプリ自身のアドレスを書いてください"},
     "On cloud machines such an address hands out the machine's credentials to whoever asks. A route to it "
     "publishes them.",
     "Capital One, 2019: a proxy was made to fetch 169.254.169.254; CVE-2021-40438 (Apache mod_proxy) is the "
     "same class.",
     look_metadata},
    {{"upstream-is-gateway", E, "the upstream {0} is this gateway itself",
      "アップストリーム「{0}」はこのゲートウェイ自身です", "write the address of the app",
      "アプリのアドレスを書いてください"},
     "Each request becomes another until connections run out. Pointed at the ops listener, it publishes "
     "metrics.",
     "Forwarding loops between proxies: RFC 8586, which answers the attacks of Chen and others (NDSS 2016).",
     look_loop},
    {{"total-timeout-off", A, "no time limit ends an exchange with the critical upstream {0}",
      "最重要のアップストリーム「{0}」とのやり取りに、時間の上限がありません",
      "write total_timeout, as long as its longest honest request takes",
      "正当な要求の最長時間を total_timeout に書いてください"},
     "A server that answers one byte a minute keeps connections until none is left for anybody else.",
     "Envoy's best practices for edge proxies ask for stream time-outs; slowloris (CVE-2007-6750) is the "
     "same from the other "
     "side.",
     look_total},
    {{"response-timeout-long", A, "{0} may be silent for {1} before anybody is told",
      "「{0}」が {1} の間黙っていても、誰にも知らされません",
      "use 10m at most and let long work answer early", "10m 以下にし、長い処理は先に応答を返してください"},
     "People wait, press again, and each press holds another connection: an app that hangs takes the gateway "
     "with it.",
     "pomerium/pomerium issue 5365: an upstream that hung took health checks and metrics with it.",
     look_response},
    {{"upstream-ca-expires-soon", W, "the authority of upstream {0} ends at {1}",
      "アップストリーム「{0}」の認証局は {1} に切れます",
      "add the new authority to the file now; both may stand in it",
      "新しい認証局をいまのうちにファイルに加えてください。両方書けます"},
     "At that moment every certificate it issued becomes worthless and the app unreachable, whatever those "
     "say.",
     "AddTrust External CA Root, 30 May 2020: services failed worldwide although their own certificates were "
     "valid.",
     look_authority},
    {{"upstream-shared-by-tiers", W, "the critical app {0} and {1} share the upstream {2}",
      "最重要のアプリ「{0}」と「{1}」が、同じアップストリーム「{2}」を使っています",
      "give the critical app a server, or at least a port, of its own",
      "最重要のアプリには専用のサーバーかポートを用意してください"},
     "One server decides by Host or path which app answers. Who is let into the small one and writes another "
     "Host inside "
     "may be answered by the great one; its fault and its load are shared as well.",
     "James Kettle, \"Practical HTTP Host header attacks\", 2013, and \"Cracking the lens\", 2017: servers "
     "behind a proxy "
     "chosen by a field the client writes.",
     look_shared},
};

}  // namespace

std::span<const LintRule> lint_rules_upstreams() { return rules; }

}  // namespace sekisho::config

// Rules about apps: who can reach them, whom they share a host with, and whose pages may speak for people.
#include "base/text.hpp"
#include "config/lint_view.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace sekisho::config {
namespace {

constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;

std::string path_of(const App& app, std::string_view key) {
    return "apps." + app.name + "." + std::string(key);
}

std::string element(const App& app, std::string_view key, std::size_t index) {
    return path_of(app, key) + "[" + std::to_string(index) + "]";
}

bool is_allow(const Rule& rule) { return rule.effect == Rule::Effect::allow; }

void look_nobody(const LintView& view, LintReport& report) {
    std::unordered_set<std::string_view> reachable;
    for (const auto& rule : view.model.rules) {
        if (!is_allow(rule)) continue;
        if (rule.apps.empty()) return;
        reachable.insert(rule.apps.begin(), rule.apps.end());
    }
    for (const auto& app : view.model.apps)
        if (reachable.count(app.name) == 0) report.at("apps." + app.name, app.place, {app.name});
}

void look_anybody(const LintView& view, LintReport& report) {
    for (const auto& rule : view.model.rules) {
        const bool anybody = std::any_of(rule.who.begin(), rule.who.end(), [](const WhoClause& clause) {
            return std::all_of(clause.begin(), clause.end(),
                               [](const WhoTerm& term) { return term.kind == WhoTerm::Kind::any; });
        });
        if (is_allow(rule) && anybody && rule.conditions.empty())
            report.at(sekisho::config::path_of(rule) + ".who", {rule.id});
    }
}

// One pass over the apps of each host, in their order.
template <class Judge>
void each_pair_on_one_host(const Model& model, Judge judge) {
    std::unordered_map<std::string_view, std::vector<const App*>> by_host;
    for (const auto& app : model.apps) {
        auto& neighbours = by_host[app.host];
        if (!neighbours.empty()) judge(*neighbours.front(), app);
        neighbours.push_back(&app);
    }
}

void look_tiers_on_host(const LintView& view, LintReport& report) {
    each_pair_on_one_host(view.model, [&](const App& first, const App& app) {
        if (view.rank(first) != view.rank(app))
            report.at(path_of(app, "host"), {app.name, first.name, app.host});
    });
}

void look_shared_host(const LintView& view, LintReport& report) {
    each_pair_on_one_host(view.model, [&](const App& first, const App& app) {
        if (view.rank(first) == view.rank(app) && first.upstream != app.upstream)
            report.at(path_of(app, "host"), {app.name, first.name, app.host});
    });
}

void look_portal_site(const LintView& view, LintReport& report) {
    const auto portal = registrable_domain(view.model.portal.host);
    for (const auto& app : view.model.apps)
        if (!portal.empty() && registrable_domain(app.host) == portal) {
            report.at("portal.url", {std::string(portal), app.host});
            return;
        }
}

bool covers(std::string_view domain, std::string_view host) {
    return host == domain ||
           (host.size() > domain.size() && host.substr(host.size() - domain.size()) == domain &&
            host[host.size() - domain.size() - 1] == '.');
}

void look_cookie_portal(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps)
        for (std::size_t i = 0; i < app.cookie_domains.size(); ++i)
            if (covers(app.cookie_domains[i], view.model.portal.host))
                report.at(element(app, "cookie_domains", i), {app.name, app.cookie_domains[i]});
}

void look_cookie_tier(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps)
        for (std::size_t i = 0; i < app.cookie_domains.size(); ++i)
            for (const auto& other : view.model.apps)
                if (view.rank(other) > view.rank(app) && covers(app.cookie_domains[i], other.host)) {
                    report.at(element(app, "cookie_domains", i),
                              {app.name, app.cookie_domains[i], other.name});
                    break;
                }
}

void look_plain_origin(const LintView& view, LintReport& report) {
    const auto judge = [&](const App& app, std::string_view key, const std::vector<std::string>& origins) {
        for (std::size_t i = 0; i < origins.size(); ++i)
            if (origins[i].rfind("https://", 0) != 0) report.at(element(app, key, i), {app.name, origins[i]});
    };
    for (const auto& app : view.model.apps) {
        judge(app, "cross_site_callers", app.cross_site_callers);
        judge(app, "origins", app.origins);
    }
}

void look_caller_critical(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps)
        if (view.rank(app) >= rank_critical && !app.cross_site_callers.empty())
            report.at(path_of(app, "cross_site_callers"), {app.name, app.cross_site_callers.front()});
}

void look_foreign_origin(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps) {
        for (std::size_t i = 0; app.websocket && i < app.origins.size(); ++i) {
            const auto& origin = app.origins[i];
            const bool ours =
                std::any_of(view.model.apps.begin(), view.model.apps.end(),
                            [&](const App& other) { return is_origin_host(origin, other.host); });
            if (!ours && origin.rfind("https://", 0) == 0)
                report.at(element(app, "origins", i), {app.name, origin});
        }
    }
}

void look_path_case(const LintView& view, LintReport& report) {
    std::unordered_set<std::string_view> by_path;
    for (const auto& rule : view.model.rules)
        if (!rule.paths.empty()) by_path.insert(rule.apps.begin(), rule.apps.end());
    for (const auto& app : view.model.apps)
        if (by_path.count(app.name) > 0 && !view.model.places.has(path_of(app, "path_case")))
            report.at("apps." + app.name, app.place, {app.name});
}

void look_tokens(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps)
        if (app.service_tokens && view.rank(app) >= rank_critical)
            report.at(path_of(app, "service_tokens"), {app.name});
}

void look_assertion(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps)
        if (!app.assertion && view.rank(app) >= rank_important)
            report.at(path_of(app, "assertion"), {app.name});
}

void look_listed(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps)
        if (app.listed && view.rank(app) >= rank_critical) report.at(path_of(app, "listed"), {app.name});
}

bool sounds_like_administration(const App& app) {
    static constexpr std::string_view words[] = {"admin",   "console",    "manage",
                                                 "manager", "phpmyadmin", "jenkins"};
    std::vector<std::string> parts;
    const auto split = [&](std::string_view text) {
        std::string part;
        for (const char c : lower(text)) {
            if (c >= 'a' && c <= 'z') {
                part += c;
                continue;
            }
            parts.push_back(std::exchange(part, {}));
        }
        parts.push_back(part);
    };
    split(app.name);
    split(app.host.substr(0, app.host.find('.')));
    for (const auto& path : app.paths) split(path);
    return std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
        return std::find(std::begin(words), std::end(words), part) != std::end(words);
    });
}

void look_administration(const LintView& view, LintReport& report) {
    for (const auto& app : view.model.apps) {
        if (!sounds_like_administration(app)) continue;
        for (const auto& rule : view.model.rules)
            if (is_allow(rule) && view.applies(rule, app) && view.may_mean(rule, PersonKind::contractor))
                report.at(sekisho::config::path_of(rule) + ".who", {rule.id, app.name});
    }
}

constexpr LintRule rules[] = {
    {{"app-nobody", W, "no rule allows anybody to open {0}", "アプリ「{0}」を開ける規則がありません",
      "add an allow rule that names it, or remove the app",
      "allow の規則を加えるか、アプリを削除してください"},
     "What no rule allows is refused, so the app is dead. When somebody notices in a hurry, the quick repair "
     "is a rule "
     "that is far too wide.",
     "Bank of Japan, survey of 239 institutions, summer of 2020: remote work was widened within weeks; the "
     "CISA and NSA "
     "advisory AA23-278A lists insufficient access control among the ten common misconfigurations.",
     look_nobody},
    {{"app-anybody", W, "rule {0} lets in everybody who is signed in, with no condition",
      "規則「{0}」は、サインインした人なら誰でも無条件に通します",
      "name kinds, groups or organisations, and ask for a second factor",
      "種別、グループ、組織を書き、追加の確認を求めてください"},
     "`any` means staff, ops and every contractor alike, today's and tomorrow's. A rule without conditions "
     "also holds "
     "at night, from every network and after a stolen password.",
     "Target, 2013: a refrigeration contractor's account reached far beyond the billing system it was made "
     "for.",
     look_anybody},
    {{"tiers-share-host", W,
      "{0} and {1} differ in importance but share the host {2}: to a browser they are one",
      "「{0}」と「{1}」は重要度が違うのに、同じホスト {2} です。ブラウザーには同じものに見えます",
      "give each a host name of its own", "それぞれに別のホスト名を付けてください"},
     "Paths do not separate pages: a script of the less important app reads and steers the more important "
     "one, with the "
     "rights of whoever visits both. The gateway sees one person doing it.",
     "The same-origin policy (RFC 6454 section 3.2) knows scheme, host and port only; RFC 6265 section 8.5 "
     "warns that "
     "cookies are not kept apart by path either.",
     look_tiers_on_host},
    {{"apps-share-host", A, "{0} and {1} have different upstreams but share the host {2}",
      "「{0}」と「{1}」はアップストリームが違うのに、同じホスト {2} です", "give each a host name of its own",
      "それぞれに別のホスト名を付けてください"},
     "Two servers under one host share cookies, storage and service workers. A fault in either is a fault in "
     "both, and a "
     "path that overlaps sends a request to the server nobody meant.",
     "Orange Tsai, \"Breaking Parser Logic\", 2018: path prefixes of two servers behind one host were read "
     "in two ways, "
     "among them nginx's alias that lacks its slash.",
     look_shared_host},
    {{"portal-same-site", W, "the portal shares the domain {0} with apps such as {1}",
      "ポータルは、{1} などのアプリと同じドメイン {0} にあります",
      "put the portal under a domain of its own, or accept this with a reason",
      "ポータルを別のドメインに置くか、理由を書いて承認してください"},
     "Pages of one registrable domain are one site: SameSite cookies are sent between them, and any of them "
     "may set "
     "cookies with Domain= for all. A hostile or broken app then works on the portal from next door. "
     "Sekisho's cookies "
     "carry the __Host-Http- prefix and its forms check Origin; a domain of its own removes the "
     "neighbourhood.",
     "RFC 6265 section 8.6 (weak integrity) warns of siblings that plant cookies; GitHub moved user pages to "
     "another "
     "domain in 2013 for that reason.",
     look_portal_site},
    {{"cookie-domain-covers-portal", W, "{0} may set cookies for {1}, which covers the portal",
      "アプリ「{0}」は、ポータルを含む {1} にクッキーを設定できます", "remove it from cookie_domains",
      "cookie_domains から削除してください"},
     "A cookie with that Domain= is sent to the portal too. An app that is hostile or careless can crowd out "
     "the portal's "
     "own cookies or make its requests too large to answer.",
     "RFC 6265 section 8.6, weak integrity; tried on Chromium: 400 such cookies evicted the portal's "
     "session.",
     look_cookie_portal},
    {{"cookie-domain-covers-tier", W, "{0} may set cookies for {1}, which covers the more important app {2}",
      "アプリ「{0}」は、より重要なアプリ「{2}」を含む {1} にクッキーを設定できます",
      "narrow cookie_domains to the app's own hosts", "cookie_domains をそのアプリのホストに絞ってください"},
     "Cookies flow from the less important to the more important app: session fixation and cookie bombs come "
     "with them.",
     "RFC 6265 section 8.6; GitHub moved user pages to github.io in 2013 because cookies of one could reach "
     "the other.",
     look_cookie_tier},
    {{"origin-plain-http", W, "{0} trusts pages of {1}, which travel in plain text",
      "アプリ「{0}」は、平文の {1} のページを信頼しています", "write the https:// origin",
      "https:// のオリジンを書いてください"},
     "Whoever is on the path between browser and that page writes what the page does, and the app obeys it.",
     "James Kettle, \"Exploiting CORS misconfigurations\", 2016: trusted http:// origins undo a site's TLS. "
     "POODLE "
     "(CVE-2014-3566) begins with such a page too.",
     look_plain_origin},
    {{"cross-site-caller-critical", W, "pages of {1} may send requests to the critical app {0}",
      "{1} のページから、最重要のアプリ「{0}」に要求を送れます",
      "remove cross_site_callers, or let a server call a server",
      "cross_site_callers を削除するか、サーバー間の呼び出しに替えてください"},
     "The listed site acts with the rights of whoever visits it. Its next fault is this app's fault.",
     "British Airways, 2018: a changed script on one site acted for everybody who opened it.",
     look_caller_critical},
    {{"websocket-foreign-origin", W, "pages of {1}, which is no app here, may open WebSockets to {0}",
      "このゲートウェイのアプリではない {1} のページが、「{0}」の WebSocket を開けます",
      "list only origins of your own apps", "自分のアプリのオリジンだけを書いてください"},
     "A WebSocket carries cookies and is not held back by the same-origin policy; the list of origins is the "
     "only guard.",
     "Cross-site WebSocket hijacking: CVE-2019-13209 (Rancher), CVE-2021-1403 (Cisco IOS XE).",
     look_foreign_origin},
    {{"path-case-not-stated", A, "rules judge paths of {0}, but path_case is not written",
      "「{0}」のパスに規則がありますが、path_case が書かれていません",
      "write path_case: sensitive or insensitive, whichever the app really is",
      "アプリの実際の動作に合わせて path_case を書いてください"},
     "An app that takes /Admin for /admin is entered past a rule for /admin. Writing the key means somebody "
     "looked.",
     "CVE-2001-0766: Apache on a file system that ignores case let protected paths be read in other letters.",
     look_path_case},
    {{"service-tokens-critical", W,
      "scripts may enter the critical app {0} with a token and no second factor",
      "最重要のアプリ「{0}」に、追加の確認なしでトークンのスクリプトが入れます",
      "remove service_tokens, or give scripts an app of their own with fewer rights",
      "service_tokens を外すか、権限の少ない別のアプリを用意してください"},
     "A token is a password in a file: it is copied into pipelines, logs and backups, and whoever holds it "
     "is its owner.",
     "CircleCI, January 2023: customers had to replace every stored token; Okta, October 2023: a stolen "
     "service account.",
     look_tokens},
    {{"assertion-off", A, "{0} is not told who comes: assertion is false",
      "「{0}」には誰が来たかが伝わりません（assertion: false）",
      "leave assertion on and have the app verify Sekisho-Assertion",
      "assertion を有効にし、アプリで Sekisho-Assertion を検証してください"},
     "Without a signed statement the app must trust that every request came through the gateway. Whoever "
     "reaches the "
     "app's port directly is believed as well.",
     "Grafana's documentation of its auth proxy warns to limit who may reach it; CVE-2022-35957 (Grafana) "
     "shows what a "
     "trusted user field was worth.",
     look_assertion},
    {{"listed-critical", A, "people without access are told that {0} exists",
      "利用できない人にも、「{0}」があることが伝わります", "remove listed", "listed を外してください"},
     "A stranger with one stolen account learns which critical systems there are and whom to ask for them.",
     "ASVS 5.0 section V13.4 asks for no unintended information; peers hide by default what a person may not "
     "open.",
     look_listed},
    {{"admin-app-open-to-contractors", W,
      "rule {0} lets contractors into {1}, which looks like an administration tool",
      "規則「{0}」で、管理用に見える「{1}」に委託先の方が入れます",
      "let staff or ops in by name, or rename the app if it is something else",
      "職員か運用担当に限るか、別の用途なら名前を変えてください"},
     "Administration tools grant everything at once. Contractors' accounts are the ones the institution sees "
     "least of.",
     "Target, 2013, and the US Treasury's notice of December 2024: suppliers' remote access led to the core.",
     look_administration},
};

}  // namespace

std::span<const LintRule> lint_rules_apps() { return rules; }

}  // namespace sekisho::config

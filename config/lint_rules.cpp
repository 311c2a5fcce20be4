// Rules about rules: too wide, too weak, or about nobody.
#include "base/ip.hpp"
#include "config/lint_view.hpp"
#include "config/scalar.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace sekisho::config {
namespace {

constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr Seconds critical_age_max{24 * 3600};
constexpr std::uint8_t wide_v4_bits = 96 + 7, wide_v6_bits = 15;  // at most /7 and /15

bool is_allow(const Rule& rule) { return rule.effect == Rule::Effect::allow; }

// Calls judge(rule, highest rank of the apps it is about; 0 for none) for every allow.
template <class Judge>
void each_allow(const LintView& view, Judge judge) {
    std::unordered_map<std::string_view, int> ranks;
    int highest_of_all = 0;
    for (const auto& app : view.model.apps) {
        ranks.emplace(app.name, view.rank(app));
        highest_of_all = std::max(highest_of_all, view.rank(app));
    }
    for (const auto& rule : view.model.rules) {
        if (!is_allow(rule)) continue;
        int highest = rule.apps.empty() ? highest_of_all : 0;
        for (const auto& name : rule.apps)
            if (const auto found = ranks.find(name); found != ranks.end())
                highest = std::max(highest, found->second);
        judge(rule, highest);
    }
}

// The first app of that rank the rule is about, to name it.
std::string app_of_rank(const LintView& view, const Rule& rule, int rank) {
    for (const auto& app : view.model.apps)
        if (view.rank(app) == rank && view.applies(rule, app)) return app.name;
    return {};
}

void look_single_critical(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        if (rank >= rank_critical && second_factor(rule) == nullptr)
            report.at(path_of(rule), rule.place, {rule.id, app_of_rank(view, rule, rank)});
    });
}

void look_single_important(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        if (rank == rank_important && second_factor(rule) == nullptr)
            report.at(path_of(rule), rule.place, {rule.id, app_of_rank(view, rule, rank)});
    });
}

void look_network_only(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        if (rank < rank_important && second_factor(rule) == nullptr &&
            has_condition(rule, Condition::Kind::network))
            report.at(path_of(rule), rule.place, {rule.id});
    });
}

std::string factor_path(const Rule& rule) {
    for (std::size_t i = 0; i < rule.conditions.size(); ++i)
        if (rule.conditions[i].kind == Condition::Kind::mfa)
            return path_of(rule) + ".if[" + std::to_string(i) + "]";
    return path_of(rule);
}

void look_weak_factor(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        const auto* factor = second_factor(rule);
        if (rank >= rank_important && factor != nullptr && factor->strength < FactorStrength::otp)
            report.at(factor_path(rule), factor->place,
                      {rule.id, print_one(*find_key("rules[].allow.if[].mfa.strength"), factor->strength)});
    });
}

void look_old_factor(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        const auto* factor = second_factor(rule);
        if (rank < rank_critical || factor == nullptr) return;
        if (!factor->max_age || *factor->max_age > critical_age_max)
            report.at(factor_path(rule), factor->place, {rule.id, app_of_rank(view, rule, rank)});
    });
}

bool names_kind(const Rule& rule, PersonKind kind) {
    return std::any_of(rule.who.begin(), rule.who.end(), [&](const WhoClause& clause) {
        return std::any_of(clause.begin(), clause.end(), [&](const WhoTerm& term) {
            return term.kind == WhoTerm::Kind::kind && term.person == kind;
        });
    });
}

void look_ops_factor(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        const auto* factor = second_factor(rule);
        if (rank != rank_important || factor == nullptr || !names_kind(rule, PersonKind::ops)) return;
        if (!factor->max_age || *factor->max_age > view.model.sessions.ops.absolute)
            report.at(factor_path(rule), factor->place, {rule.id});
    });
}

void look_any_method(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int rank) {
        if (rank < rank_critical || !rule.methods.empty()) return;
        const bool open = std::any_of(view.model.apps.begin(), view.model.apps.end(), [&](const App& app) {
            return view.rank(app) >= rank_critical && view.applies(rule, app) && app.methods.empty();
        });
        if (open) report.at(path_of(rule), rule.place, {rule.id, app_of_rank(view, rule, rank)});
    });
}

void look_every_app(const LintView& view, LintReport& report) {
    each_allow(view, [&](const Rule& rule, int) {
        if (rule.apps.empty()) report.at(path_of(rule), rule.place, {rule.id});
    });
}

void look_deny_path(const LintView& view, LintReport& report) {
    for (const auto& rule : view.model.rules)
        if (!is_allow(rule) && !rule.paths.empty()) report.at(path_of(rule) + ".paths", {rule.id});
}

bool owns(const App& app, std::string_view path) {
    return std::any_of(app.paths.begin(), app.paths.end(), [&](std::string_view prefix) {
        return is_under(path, prefix) || is_under(prefix, path);
    });
}

// Why a rule can never be about anything: nobody is meant, or no app takes what it names.
bool means_somebody(const LintView& view, const Rule& rule) {
    return std::any_of(view.model.people.begin(), view.model.people.end(),
                       [&](const Person& person) { return view.matches(rule, person); });
}

bool means_something(const LintView& view, const Rule& rule) {
    return std::any_of(view.model.apps.begin(), view.model.apps.end(), [&](const App& app) {
        if (!view.applies(rule, app)) return false;
        const bool path =
            rule.paths.empty() || std::any_of(rule.paths.begin(), rule.paths.end(),
                                              [&](const auto& wanted) { return owns(app, wanted); });
        const bool method =
            rule.methods.empty() || app.methods.empty() ||
            std::any_of(rule.methods.begin(), rule.methods.end(), [&](const std::string& wanted) {
                return std::find(app.methods.begin(), app.methods.end(), wanted) != app.methods.end();
            });
        return path && method;
    });
}

void look_idle_deny(const LintView& view, LintReport& report) {
    for (const auto& rule : view.model.rules)
        if (!is_allow(rule) && (!means_somebody(view, rule) || !means_something(view, rule)))
            report.at(path_of(rule), rule.place, {rule.id});
}

void look_idle_allow(const LintView& view, LintReport& report) {
    for (const auto& rule : view.model.rules)
        if (is_allow(rule) && (!means_somebody(view, rule) || !means_something(view, rule)))
            report.at(path_of(rule), rule.place, {rule.id});
}

void look_contractors_at_large(const LintView& view, LintReport& report) {
    for (const auto& rule : view.model.rules) {
        for (std::size_t i = 0; is_allow(rule) && i < rule.who.size(); ++i) {
            const auto& clause = rule.who[i];
            const bool contractors = std::any_of(clause.begin(), clause.end(), [](const WhoTerm& term) {
                return term.kind == WhoTerm::Kind::kind && term.person == PersonKind::contractor;
            });
            const bool narrowed = std::any_of(clause.begin(), clause.end(), [](const WhoTerm& term) {
                return term.kind == WhoTerm::Kind::org || term.kind == WhoTerm::Kind::user ||
                       term.kind == WhoTerm::Kind::group;
            });
            if (contractors && !narrowed)
                report.at(path_of(rule) + ".who[" + std::to_string(i) + "]", {rule.id});
        }
    }
}

void look_wide_network(const LintView& view, LintReport& report) {
    for (const auto& network : view.model.networks)
        for (std::size_t i = 0; i < network.prefixes.size(); ++i) {
            const auto& prefix = network.prefixes[i];
            const bool v4 = prefix.network.is_v4() && prefix.bits >= 96;
            if (prefix.bits <= (v4 ? wide_v4_bits : wide_v6_bits))
                report.at("networks." + network.name + "[" + std::to_string(i) + "]",
                          {network.name, sekisho::to_text(prefix)});
        }
}

void look_loopback_network(const LintView& view, LintReport& report) {
    for (const auto& network : view.model.networks)
        for (std::size_t i = 0; i < network.prefixes.size(); ++i)
            if (network.prefixes[i].network.is_loopback())
                report.at("networks." + network.name + "[" + std::to_string(i) + "]", {network.name});
}

void look_unused_network(const LintView& view, LintReport& report) {
    std::set<std::string_view> used;
    for (const auto& rule : view.model.rules)
        for (const auto& condition : rule.conditions)
            for (const auto& name : condition.networks) used.insert(name);
    for (const auto& network : view.model.networks)
        if (used.count(network.name) == 0)
            report.at("networks." + network.name, network.place, {network.name});
}

constexpr LintRule rules[] = {
    {{"single-factor-critical", W, "rule {0} opens the critical app {1} without a second factor",
      "規則「{0}」は、追加の確認なしで最重要のアプリ「{1}」を開けます",
      "add if: [{mfa: {strength: otp, max_age: 8h}}]",
      "if: [{mfa: {strength: otp, max_age: 8h}}] を加えてください"},
     "One guessed, phished or reused password is then the whole defence of what matters most.",
     "Colonial Pipeline, 2021: an old remote-access account with a password only; Change Healthcare, 2024: a "
     "remote portal "
     "without a second factor.",
     look_single_critical},
    {{"single-factor-important", W, "rule {0} opens the important app {1} without a second factor",
      "規則「{0}」は、追加の確認なしで重要なアプリ「{1}」を開けます",
      "add if: [{mfa: {strength: otp, max_age: 12h}}]",
      "if: [{mfa: {strength: otp, max_age: 12h}}] を加えてください"},
     "Passwords are reused, phished and bought. A rule that asks for no factor holds for sessions and tokens "
     "that never "
     "proved one.",
     "Colonial Pipeline, 2021; the CISA and NSA advisory AA23-278A names weak or missing second factors.",
     look_single_important},
    {{"network-instead-of-factor", W, "rule {0} trusts a network in place of a second factor",
      "規則「{0}」は、追加の確認の代わりにネットワークを信頼しています", "add an mfa entry beside network",
      "network のほかに mfa の条件を加えてください"},
     "An address says where a packet came from, not who sent it: one infected machine inside is enough.",
     "Operation Aurora, 2009, after which Google gave up trusting its own network (BeyondCorp).",
     look_network_only},
    {{"weak-factor", W, "rule {0} is satisfied with {1} where an important app is opened",
      "規則「{0}」は、重要なアプリに「{1}」だけで通します", "write strength: otp",
      "strength: otp と書いてください"},
     "Recovery codes lie in drawers and mailboxes, and a password is what the second factor was to make up "
     "for.",
     "ASVS 5.0 V6.4 asks that recovery does not go around the second factor; Uber, 2022, for what one weak "
     "step costs.",
     look_weak_factor},
    {{"factor-too-old", W,
      "rule {0} accepts a second factor of any age, or older than a day, for the critical app {1}",
      "規則「{0}」は、最重要のアプリ「{1}」に 1 日より古い（または古さを問わない）追加の確認を認めます",
      "write max_age: 8h or less", "max_age を 8h 以下にしてください"},
     "A stolen session keeps what its owner once proved. The younger the proof must be, the shorter the "
     "theft is worth "
     "anything.",
     "CitrixBleed (CVE-2023-4966): sessions stolen from memory stayed good after the patch.",
     look_old_factor},
    {{"ops-without-fresh-factor", W, "rule {0} lets ops into an important app with a factor of any age",
      "規則「{0}」は、運用担当が古い追加の確認で重要なアプリに入れます",
      "write max_age, at most as long as their session",
      "max_age を、運用担当のセッションより短く書いてください"},
     "Administrators' sessions are what an intruder looks for; acts of theirs should need a proof from "
     "today.",
     "Okta, October 2023: stolen session tokens of administrators were used against its customers.",
     look_ops_factor},
    {{"methods-any-critical", A, "rule {0} allows every method on the critical app {1}",
      "規則「{0}」は、最重要のアプリ「{1}」にすべてのメソッドを許します",
      "list the methods people need, such as GET and POST",
      "必要なメソッド（GET、POST など）だけを書いてください"},
     "Methods nobody thought of reach code nobody thought of: an app's own guard may know GET and POST only.",
     "CVE-2010-0738 (JBoss JMX console): its guard named GET and POST, and HEAD walked past.",
     look_any_method},
    {{"allow-every-app", W, "rule {0} allows every app, also those added later",
      "規則「{0}」は、あとから加えるアプリも含めてすべてのアプリを許します",
      "write app: with the names meant", "app: に対象の名前を書いてください"},
     "The next app somebody adds is open from its first minute, before anybody thought about who should see "
     "it.",
     "Kubernetes' advice on good practice for RBAC warns of wildcards for this reason.",
     look_every_app},
    {{"deny-by-path", W, "rule {0} forbids by path; the app may read the path differently",
      "規則「{0}」はパスで禁じています。アプリはパスを別の読み方をするかもしれません",
      "allow the paths that are meant instead, or give what is forbidden a host of its own",
      "許すパスのほうを書くか、禁じる部分を別のホストに分けてください"},
     "A path has many spellings. A deny holds only while gateway and app agree on every one of them; an "
     "allow fails on the "
     "safe side.",
     "CVE-2022-22978 (Spring Security), CVE-2019-9901 (Envoy), and Orange Tsai's \"Breaking Parser Logic\", "
     "2018.",
     look_deny_path},
    {{"deny-matches-nothing", W, "rule {0} denies nobody anything: no person, or no path or method, fits it",
      "規則「{0}」は何も禁じていません。当てはまる人、パス、メソッドがありません",
      "check its names and paths; remove it if its time is over",
      "名前とパスを確かめ、不要なら削除してください"},
     "Somebody believes that something is forbidden. A renamed group or a moved path made the sentence "
     "empty.",
     "CVE-2021-31920 (Istio): deny rules that did not fit the paths which were really asked for, and let "
     "them pass.",
     look_idle_deny},
    {{"rule-matches-nobody", A, "rule {0} allows nothing: no person, or no path or method, fits it",
      "規則「{0}」は何も許していません。当てはまる人、パス、メソッドがありません",
      "check its names and paths, or remove it", "名前とパスを確かめるか、削除してください"},
     "A leftover that wakes up: the day somebody joins that group again, an old grant is in force that "
     "nobody reviewed.",
     "Colonial Pipeline, 2021: the account that was used was no longer in use by anybody.",
     look_idle_allow},
    {{"contractor-rule-without-org", W, "rule {0} lets in contractors of every organisation",
      "規則「{0}」は、すべての委託先の方を通します", "write org:NAME & kind:contractor, or name a group",
      "org:名前 & kind:contractor とするか、グループを書いてください"},
     "Contracts differ, and so does what each company's people are here for. The next contractor gets the "
     "last one's doors.",
     "Target, 2013: a supplier for heating could reach what was meant for others.",
     look_contractors_at_large},
    {{"network-too-wide", W, "the network {0} holds {1}, a great part of the whole internet",
      "ネットワーク「{0}」の {1} は、インターネットのかなりの部分です", "write the prefixes that are yours",
      "自組織のアドレス範囲を書いてください"},
     "A condition that everybody meets is no condition, but it reads like one.",
     "The MongoDB ransoms of January 2017: data stores that any address could reach.",
     look_wide_network},
    {{"network-includes-loopback", W,
      "the network {0} includes loopback: whatever runs on this machine is inside it",
      "ネットワーク「{0}」にループバックが含まれます。この機械のどのプログラムも、その中にいることになります",
      "remove it; a proxy before the gateway would make everybody local",
      "削除してください。手前にプロキシーを置くと、全員がこの機械からに見えます"},
     "With a tunnel, a container or a proxy on the same machine, requests of strangers arrive from loopback.",
     "CVE-2022-1388 (BIG-IP): requests that seemed to come from the machine itself needed no password.",
     look_loopback_network},
    {{"network-unused", A, "no rule uses the network {0}", "ネットワーク「{0}」を使う規則がありません",
      "remove it, or write the condition it was meant for", "削除するか、使うはずだった条件を書いてください"},
     "Often the condition was lost in an edit, and the rule is wider than its author believes.",
     "The CISA and NSA advisory AA23-278A counts access lists that are not what their authors believe among "
     "the ten most "
     "common mistakes.",
     look_unused_network},
};

}  // namespace

std::span<const LintRule> lint_rules_rules() { return rules; }

}  // namespace sekisho::config

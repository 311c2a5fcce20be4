// Rules about people, their organisations and how long a sign-in lasts.
#include "base/civil_time.hpp"
#include "base/text.hpp"
#include "config/lint_view.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace sekisho::config {
namespace {

constexpr auto W = Severity::warning;
constexpr auto A = Severity::advice;
constexpr auto contract_soon = std::chrono::days{30};
constexpr auto contract_long = std::chrono::days{366};
constexpr std::uint8_t every_day = 0x7f;
constexpr std::uint16_t whole_day_minutes = 24 * 60;
constexpr std::uint32_t browsers_many = 20;

std::string path_of(const Org& org, std::string_view key) {
    return "orgs." + org.name + "." + std::string(key);
}

// Days from today, in the organisation's zone, to the contract's last day; nothing without a clock.
std::optional<std::chrono::days> days_left(const Org& org, WallTime now) {
    const auto zone = Zone::find(org.timezone);
    if (now == WallTime{} || !zone) return std::nullopt;
    return std::chrono::sys_days(org.contract_to) - std::chrono::sys_days(date_at(now, *zone));
}

void look_over(const LintView& view, LintReport& report) {
    for (const auto& org : view.model.orgs)
        if (const auto left = days_left(org, view.facts.now); left && *left < std::chrono::days{0})
            report.at(path_of(org, "contract.to"), {org.name, sekisho::to_text(org.contract_to)});
}

void look_ends_soon(const LintView& view, LintReport& report) {
    for (const auto& org : view.model.orgs)
        if (const auto left = days_left(org, view.facts.now);
            left && *left >= std::chrono::days{0} && *left < contract_soon)
            report.at(path_of(org, "contract.to"), {org.name, sekisho::to_text(org.contract_to)});
}

void look_long(const LintView& view, LintReport& report) {
    for (const auto& org : view.model.orgs)
        if (std::chrono::sys_days(org.contract_to) - std::chrono::sys_days(org.contract_from) > contract_long)
            report.at(path_of(org, "contract.to"), {org.name});
}

void look_any_hours(const LintView& view, LintReport& report) {
    for (const auto& org : view.model.orgs)
        if (org.hours.empty()) report.at("orgs." + org.name, org.place, {org.name});
}

void look_whole_week(const LintView& view, LintReport& report) {
    for (const auto& org : view.model.orgs)
        for (std::size_t i = 0; i < org.hours.size(); ++i) {
            const auto& hours = org.hours[i];
            if (hours.days == every_day && hours.from_minute == 0 && hours.to_minute == whole_day_minutes)
                report.at(path_of(org, "hours[" + std::to_string(i) + "]"), hours.place, {org.name});
        }
}

void look_empty_org(const LintView& view, LintReport& report) {
    std::set<std::string_view> used;
    for (const auto& person : view.model.people) used.insert(person.org);
    for (const auto& org : view.model.orgs)
        if (used.count(org.name) == 0) report.at("orgs." + org.name, org.place, {org.name});
}

void look_sponsor_load(const LintView& view, LintReport& report) {
    constexpr std::size_t orgs_max = 5;
    std::map<std::string_view, std::size_t> sponsored;
    for (const auto& org : view.model.orgs)
        if (++sponsored[org.sponsor] == orgs_max + 1)
            report.at(path_of(org, "sponsor"), {org.sponsor, std::to_string(orgs_max)});
}

void look_without_access(const LintView& view, LintReport& report) {
    for (const auto& person : view.model.people) {
        if (report.full()) return;
        if (person.kind == PersonKind::ops) continue;  // they have the command line and the ops pages
        const bool allowed =
            std::any_of(view.model.rules.begin(), view.model.rules.end(), [&](const Rule& rule) {
                return rule.effect == Rule::Effect::allow && view.matches(rule, person);
            });
        if (!allowed) report.at("people." + person.name, person.place, {person.name});
    }
}

std::set<std::string_view> groups_of_rules(const Model& model) {
    std::set<std::string_view> used;
    for (const auto& rule : model.rules)
        for (const auto& clause : rule.who)
            for (const auto& term : clause)
                if (term.kind == WhoTerm::Kind::group) used.insert(term.name);
    return used;
}

void look_unused_group(const LintView& view, LintReport& report) {
    const auto used = groups_of_rules(view.model);
    for (const auto& group : view.model.groups)
        if (used.count(group.name) == 0) report.at("groups." + group.name, group.place, {group.name});
}

void judge_sessions(const LintView& view, LintReport& report, Seconds SessionLimits::*member,
                    std::string_view key, Seconds staff, Seconds contractor, Seconds ops) {
    const auto& sessions = view.model.sessions;
    const auto one = [&](const SessionLimits& limits, std::string_view kind, Seconds most) {
        if (limits.*member > most)
            report.at("sessions." + std::string(kind) + "." + std::string(key),
                      {std::string(kind), duration_text(limits.*member), duration_text(most)});
    };
    one(sessions.staff, "staff", staff);
    one(sessions.contractor, "contractor", contractor);
    one(sessions.ops, "ops", ops);
}

void look_absolute(const LintView& view, LintReport& report) {
    judge_sessions(view, report, &SessionLimits::absolute, "absolute", Seconds{24 * 3600}, Seconds{12 * 3600},
                   Seconds{8 * 3600});
}

void look_idle(const LintView& view, LintReport& report) {
    judge_sessions(view, report, &SessionLimits::idle, "idle", Seconds{3600}, Seconds{1800}, Seconds{1800});
}

void look_concurrent(const LintView& view, LintReport& report) {
    const auto one = [&](const SessionLimits& limits, const std::string& kind) {
        if (limits.concurrent > browsers_many)
            report.at("sessions." + kind + ".concurrent", {kind, std::to_string(limits.concurrent)});
    };
    one(view.model.sessions.staff, "staff");
    one(view.model.sessions.contractor, "contractor");
    one(view.model.sessions.ops, "ops");
}

void look_shared_account(const LintView& view, LintReport& report) {
    static constexpr std::string_view names[] = {"admin",  "administrator", "guest",  "root",
                                                 "shared", "support",       "temp",   "test",
                                                 "user",   "demo",          "vendor", "helpdesk"};
    for (const auto& person : view.model.people)
        if (std::find(std::begin(names), std::end(names), person.name) != std::end(names))
            report.at("people." + person.name, person.place, {person.name});
}

constexpr LintRule rules[] = {
    {{"contract-over", W, "the contract of {0} ended on {1}: nobody of this organisation has access",
      "「{0}」の契約は {1} に終わっています。この組織の方は利用できません",
      "write the new end, or remove the organisation and its people",
      "新しい最終日を書くか、組織と人を削除してください"},
     "Access has ended, but names and rules are still there; the quick repair is a date far in the future "
     "for everybody.",
     "ASVS 5.0 V7.4 asks that access ends with its reason; Colonial Pipeline, 2021, entered by an account "
     "left behind.",
     look_over},
    {{"contract-ends-soon", W, "the contract of {0} ends on {1}", "「{0}」の契約は {1} に終わります",
      "renew it before that day, or plan the hand-over",
      "その日までに更新するか、引き継ぎを用意してください"},
     "At midnight of that day its people lose access in the middle of whatever they do.",
     "O2 and SoftBank, 6 December 2018: a date in software nobody watched took networks down for a day.",
     look_ends_soon},
    {{"contract-long", A, "the contract of {0} lasts longer than a year",
      "「{0}」の契約は 1 年を超えています", "end it within a year and renew it: somebody then looks again",
      "1 年以内で終え、更新のたびに見直してください"},
     "An end date far away is none: people leave the supplier, and nobody here hears of it.",
     "ISO/IEC 27001:2022 A.5.18 asks for regular review of access rights, and A.5.22 of suppliers' services.",
     look_long},
    {{"contractor-any-hours", A, "people of {0} may work at any time: no hours are written",
      "「{0}」の方は、いつでも作業できます（hours がありません）", "write the hours of the contract",
      "契約の作業時間を hours に書いてください"},
     "Stolen accounts are used at night, when nobody of the company is there to notice.",
     "Bangladesh Bank, February 2016: the orders were placed on the eve of a weekend; peers' users ask for "
     "such windows "
     "(gravitational/teleport issue 31405, warp-tech/warpgate issue 1699).",
     look_any_hours},
    {{"contractor-hours-whole-week", W, "the hours of {0} are the whole week: they forbid nothing",
      "「{0}」の hours は一週間すべてで、何も制限していません",
      "write the hours of the contract, or remove hours", "契約の時間を書くか、hours を削除してください"},
     "It reads like a limit and is none; a reviewer who sees `hours` believes the matter is settled.",
     "Bangladesh Bank, February 2016; netbirdio/netbird issue 4537 for what users expect of such a window.",
     look_whole_week},
    {{"org-without-people", A, "nobody belongs to the organisation {0}", "組織「{0}」に誰もいません",
      "remove it, or write org: {0} at its people", "削除するか、人に org: {0} と書いてください"},
     "A leftover whose rules wake up with the next person, or a contractor who was written as something "
     "else.",
     "Colonial Pipeline, 2021: what nobody used any more was still open.",
     look_empty_org},
    {{"sponsor-of-too-many", A, "{0} answers for more than {1} organisations",
      "{0} さんが {1} を超える組織の受入責任者です", "share the organisations among several members of staff",
      "複数の職員で分担してください"},
     "A sponsor must know who comes and why. Who answers for everybody answers for nobody.",
     "The guideline on outsourcing (III-2-4) that banks' supervisors publish asks for a responsible "
     "department per contract.",
     look_sponsor_load},
    {{"person-without-access", A, "no rule lets {0} open anything", "{0} さんを通す規則がありません",
      "add the person to a group that a rule names, or remove the account",
      "規則にあるグループに加えるか、アカウントを削除してください"},
     "An account that is of no use to its owner is watched by nobody: only an intruder would miss it.",
     "Colonial Pipeline, 2021; Microsoft, January 2024: a forgotten test account was the way in.",
     look_without_access},
    {{"group-unused", A, "no rule uses the group {0}", "グループ「{0}」を使う規則がありません",
      "remove it, or write the rule it was meant for", "削除するか、使うはずだった規則を書いてください"},
     "People are put into it and believe that it means something; or a rule lost its condition in an edit.",
     "The CISA and NSA advisory AA23-278A: rights nobody reviews grow.",
     look_unused_group},
    {{"session-absolute-long", W, "sessions of {0} last {1}, longer than {2}",
      "{0} のセッションは {1} 続き、{2} を超えています", "write {2} or less", "{2} 以下にしてください"},
     "Whoever copies a cookie has what its owner has, until this time is over.",
     "CitrixBleed (CVE-2023-4966): stolen sessions outlived the patch; ASVS 5.0 V7.3.2 asks for an absolute "
     "limit.",
     look_absolute},
    {{"session-idle-long", W, "sessions of {0} stay open {1} without any request, longer than {2}",
      "{0} のセッションは操作なしで {1} 続き、{2} を超えています", "write {2} or less",
      "{2} 以下にしてください"},
     "A laptop left open in a train or a shared room is a signed-in person.",
     "NIST SP 800-63B asks for reauthentication after inactivity; ASVS 5.0 V7.3.1 for an idle limit.",
     look_idle},
    {{"session-concurrency-high", A, "{0} may be signed in with {1} browsers at once",
      "{0} は同時に {1} 個のブラウザーでサインインできます", "write as many as one person uses",
      "一人が使う数にしてください"},
     "A shared or stolen account is not noticed when twenty others are expected.",
     "authelia/authelia issue 1388: users ask to see and limit their sessions; ASVS 5.0 V7.1.2 asks to "
     "decide the number.",
     look_concurrent},
    {{"account-not-a-person", W, "{0} is the name of a role, not of a person",
      "「{0}」は人ではなく役割の名前です", "give each person an account of their own",
      "一人ずつにアカウントを用意してください"},
     "A shared account has a shared password and a shared second factor, and the audit record names nobody.",
     "Oldsmar water works, 2021: one password shared by all for remote access; ASVS 5.0 V6.3.2 refuses "
     "default accounts.",
     look_shared_account},
};

}  // namespace

std::span<const LintRule> lint_rules_people() { return rules; }

}  // namespace sekisho::config

#include "gateway/cli/policy_say.hpp"

#include "base/json.hpp"
#include "base/text.hpp"
#include "config/choices.hpp"

#include <fmt/format.h>

namespace sekisho::gateway::cli {
namespace {

std::string_view strength_text(FactorStrength strength) {
    for (const auto& word : config::strengths)
        if (word.choice == strength) return word.text;
    return "none";
}

std::string client_text(const policy::Probe& probe) {
    return probe.client ? to_text(*probe.client) : std::string("unknown");
}
std::string age_text(const policy::Probe& probe) {
    return probe.age ? duration_text(std::chrono::duration_cast<Seconds>(*probe.age))
                     : std::string("unknown");
}

// The request as `sekisho explain` takes it.
std::string probe_text(const policy::Probe& probe, Zone zone) {
    return fmt::format("{} {} {} {}  from {}  at {}  {} {}", printable(probe.user), printable(probe.app),
                       printable(probe.method), printable(probe.path), client_text(probe),
                       to_rfc3339(probe.now, zone), strength_text(probe.strength), age_text(probe));
}

std::string decision_text(const policy::Decision& decision) {
    return decision.allow ? "allow" : fmt::format("deny ({})", to_text(decision.reason));
}

void probe_json(JsonWriter& json, const policy::Probe& probe, const policy::Decision& decision) {
    json.begin_object()
        .field("user", probe.user)
        .field("app", probe.app)
        .field("method", probe.method)
        .field("path", probe.path);
    json.field("client", client_text(probe)).field("at", to_rfc3339_utc(probe.now));
    json.field("factor", strength_text(probe.strength)).field("factor_age", age_text(probe));
    json.field("allow", decision.allow).field("reason", to_text(decision.reason)).end_object();
}

std::string day_text(WallTime time, Zone zone) { return to_text(date_at(time, zone)); }

}  // namespace

void say_lint(const Context& context, const std::vector<policy::LintFinding>& findings, Zone zone,
              Form form) {
    if (form == Form::json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object().key("findings").begin_array();
        for (const auto& finding : findings) {
            json.begin_object()
                .field("id", to_text(finding.kind))
                .field("rule", finding.rule)
                .field("other", finding.other)
                .field("app", finding.app);
            json.field("en", sentence(finding, Language::en))
                .field("ja", sentence(finding, Language::ja))
                .key("witness");
            if (finding.witness)
                probe_json(json, *finding.witness, finding.decision);
            else
                json.value(nullptr);
            json.end_object();
        }
        json.end_array().end_object();
        return say(out);
    }
    for (const auto& finding : findings) {
        say(fmt::format("{}: {}", to_text(finding.kind), sentence(finding, context.language)));
        if (finding.witness)
            say(fmt::format("    {}  -> {}", probe_text(*finding.witness, zone),
                            decision_text(finding.decision)));
    }
    if (findings.empty()) say(context.pick("良好  見つかったものはありません。", "good  nothing was found"));
}

void say_proofs(const Context& context, const std::vector<policy::Proof>& proofs, policy::Horizon horizon,
                Zone zone, Form form) {
    if (form == Form::json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object()
            .field("from", to_rfc3339_utc(horizon.from))
            .field("to", to_rfc3339_utc(horizon.to));
        json.key("properties").begin_array();
        for (const auto& proof : proofs) {
            json.begin_object().field("id", proof.property).field("holds", proof.holds());
            json.field("vacuous", proof.vacuous())
                .field("looked_at", proof.looked_at)
                .field("rule", proof.rule);
            json.key("counter_example");
            if (proof.counter)
                probe_json(json, *proof.counter, proof.decision);
            else
                json.value(nullptr);
            json.end_object();
        }
        json.end_array().end_object();
        return say(out);
    }
    for (const auto& proof : proofs) {
        if (proof.counter) {
            say(context.ja() ? fmt::format("不成立  {}: 規則 {} が許しています", proof.property, proof.rule)
                             : fmt::format("broken  {}: rule {} allows it", proof.property, proof.rule));
            say(fmt::format("    {}  -> {}", probe_text(*proof.counter, zone),
                            decision_text(proof.decision)));
        } else if (proof.vacuous()) {
            say(context.ja() ? fmt::format("空虚  {}: 当てはまる要求がありません", proof.property)
                             : fmt::format("empty  {}: it speaks of no request at all", proof.property));
        } else {
            say(context.ja()
                    ? fmt::format("成立  {}（{} 種類の要求）", proof.property, proof.looked_at)
                    : fmt::format("holds  {} ({} kinds of requests)", proof.property, proof.looked_at));
        }
    }
    say(context.ja()
            ? fmt::format("期間 {} から {} まで", day_text(horizon.from, zone), day_text(horizon.to, zone))
            : fmt::format("from {} to {}", day_text(horizon.from, zone), day_text(horizon.to, zone)));
}

void say_comparison(const Context& context, const policy::Comparison& comparison, policy::Horizon horizon,
                    Zone zone, Form form) {
    const auto lines = comparison.lines(horizon);
    const auto signature = comparison.signature(horizon);
    if (form == Form::json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object()
            .field("gains", comparison.gains())
            .field("signature", signature)
            .key("lines")
            .begin_array();
        for (const auto& line : lines) json.value(line);
        json.end_array().key("shifts").begin_array();
        for (const auto& shift : comparison.shifts) {
            json.begin_object()
                .field("gains", shift.gains)
                .field("app", shift.app)
                .key("users")
                .begin_array();
            for (const auto& user : shift.users) json.value(user);
            json.end_array().field("seconds", shift.lasts.count()).key("witness");
            probe_json(json, shift.witness, shift.now);
            json.end_object();
        }
        json.end_array().end_object();
        return say(out);
    }
    if (lines.empty())
        return say(context.pick("利用できる人と範囲は変わりません。", "Nobody gains or loses anything."));
    for (std::size_t i = 0; i < lines.size(); ++i) {
        say(lines[i]);
        const auto& shift = comparison.shifts[i];
        say(fmt::format("    {}  {} -> {}", probe_text(shift.witness, zone), decision_text(shift.before),
                        decision_text(shift.now)));
    }
    say(fmt::format("{} {}", context.pick("署名する値", "to sign"), signature));
}

void say_cases(const Context& context, const std::vector<policy::Case>& cases,
               const policy::CasesReport& report, Form form) {
    if (form == Form::json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object()
            .field("passed", report.passed)
            .field("cases", cases.size())
            .field("rules", report.rules);
        json.key("failed").begin_array();
        for (std::size_t i = 0; i < cases.size(); ++i)
            if (!report.results[i].passed)
                json.begin_object()
                    .field("name", cases[i].name)
                    .field("place", cases[i].place)
                    .field("wanted", report.results[i].wanted)
                    .field("got", report.results[i].got)
                    .end_object();
        json.end_array().key("rules_of_no_case").begin_array();
        for (const auto& rule : report.never) json.value(rule);
        json.end_array().end_object();
        return say(out);
    }
    for (std::size_t i = 0; i < cases.size(); ++i) {
        if (report.results[i].passed) continue;
        say(fmt::format("{}  {}  {}", context.pick("不一致", "failed"), cases[i].place,
                        printable(cases[i].name)));
        say(fmt::format("    {} {}", context.pick("期待", "wanted"), report.results[i].wanted));
        say(fmt::format("    {} {}", context.pick("実際", "got   "), report.results[i].got));
    }
    for (const auto& rule : report.never)
        say(context.ja() ? fmt::format("ケースのない規則  {}", rule)
                         : fmt::format("decides no case  {}", rule));
    say(context.ja() ? fmt::format("ケース {} 件中 {} 件が一致、規則 {} 件中 {} 件にケースあり", cases.size(),
                                   report.passed, report.rules, report.rules - report.never.size())
                     : fmt::format("{} of {} cases passed; {} of {} rules decide a case", report.passed,
                                   cases.size(), report.rules - report.never.size(), report.rules));
}

void say_what_if(const Context& context, const policy::WhatIf& what_if, Form form) {
    const auto flips = what_if.flips();
    if (form == Form::json) {
        std::string out;
        JsonWriter json(out);
        json.begin_object().field("judged", what_if.judged()).field("gained", what_if.gained());
        json.field("lost", what_if.lost()).field("unknown", what_if.unknown());
        json.field("not_listed", what_if.not_listed()).key("flips").begin_array();
        for (const auto& flip : flips) {
            json.begin_object().field("who", flip.who).field("app", flip.app).field("rule", flip.rule);
            json.field("gains", flip.gains).field("count", flip.count);
            json.field("first", to_rfc3339_utc(flip.first))
                .field("last", to_rfc3339_utc(flip.last))
                .end_object();
        }
        json.end_array().end_object();
        return say(out);
    }
    for (const auto& flip : flips)
        say(fmt::format("{} {:>8}  {}  {}  {}", flip.gains ? '+' : '-', flip.count, flip.who,
                        printable(flip.app), flip.rule));
    say(context.ja() ? fmt::format("記録 {} 件を判定: 新たに許可 {} 件、新たに拒否 {} 件", what_if.judged(),
                                   what_if.gained(), what_if.lost())
                     : fmt::format("{} records judged: {} would be allowed now, {} refused", what_if.judged(),
                                   what_if.gained(), what_if.lost()));
}

}  // namespace sekisho::gateway::cli

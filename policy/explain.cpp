#include "policy/explain.hpp"

#include "base/text.hpp"
#include "policy/judge.hpp"

#include <fmt/format.h>

#include <array>

namespace sekisho::policy {
namespace {

using Kind = ConditionTrace::Kind;

constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::string_view not_known = "unknown";

std::string_view kind_text(PersonKind kind) {
    static constexpr std::array<std::string_view, 4> names{"none", "staff", "contractor", "ops"};
    return names[static_cast<std::size_t>(kind)];
}

// "mon-fri", "mon,wed,sat", "all", "never".
std::string days_text(unsigned days) {
    days &= 0x7f;
    if (days == 0x7f) return "all";
    std::string text;
    for (unsigned day = 0; day < 7; ++day) {
        if ((days >> day & 1) == 0) continue;
        auto last = day;
        while (last + 1 < 7 && (days >> (last + 1) & 1) != 0) ++last;
        if (!text.empty()) text += ',';
        text += day_names[day];
        if (last > day) text += fmt::format("{}{}", last > day + 1 ? '-' : ',', day_names[last]);
        day = last;
    }
    return text.empty() ? "never" : text;
}

std::string minute_text(std::uint16_t minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

// "tue 10:42" as a clock in that zone shows it.
std::string clock_text(WallTime time, Zone zone) {
    const auto weekday = std::chrono::weekday{std::chrono::sys_days{date_at(time, zone)}}.iso_encoding();
    return fmt::format("{} {}", day_names[weekday - 1], to_rfc3339(time, zone).substr(11, 5));
}

std::string age_text(Millis age) {
    const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(age).count();
    if (minutes < 2) return duration_text(std::chrono::duration_cast<Seconds>(age));
    if (minutes < 120) return fmt::format("{}m", minutes);
    return fmt::format("{}h{:02}m", minutes / 60, minutes % 60);
}

std::string methods_text(MethodMask mask, const Tables& tables) {
    std::string text;
    for (std::size_t i = 0; i < tables.methods.size(); ++i)
        if ((mask >> i & 1) != 0) text += (text.empty() ? "" : ", ") + tables.methods[i];
    return text;
}

std::string windows_text(std::span<const TimeWindow> windows) {
    std::string text;
    for (const auto& window : windows) text += (text.empty() ? "" : ", ") + window_text(window);
    return text;
}

// Recorder is the tracer that writes down what NoTrace does not look at.
class Recorder {
public:
    Recorder(const Moment& moment, std::string_view method, std::vector<ConditionTrace>& out)
        : moment_(moment), method_(method), out_(out) {}

    void method(const Tests& tests, Truth verdict) {
        if (tests.methods == any_method) return;
        out_.push_back(
            {Kind::method, verdict, methods_text(tests.methods, *moment_.tables), std::string(method_)});
    }

    void condition(const Condition& condition, Truth verdict) {
        switch (condition.kind) {
            case Condition::Kind::factor:
                return put(Kind::factor, verdict, to_text(condition.strength), to_text(moment_.strength));
            case Condition::Kind::factor_age:
                return put(Kind::factor_age, verdict, duration_text(condition.max_age),
                           age(condition.strength));
            case Condition::Kind::network:
                return put(
                    condition.negated ? Kind::not_network : Kind::network, verdict,
                    moment_.tables->network_names[condition.index],
                    moment_.client != nullptr ? sekisho::to_text(*moment_.client) : std::string(not_known));
            case Condition::Kind::hours: {
                const auto& window = moment_.tables->windows[condition.index];
                return put(Kind::hours, verdict, window_text(window),
                           clock_text(moment_.now, window.weekly().zone));
            }
        }
    }

private:
    void put(Kind kind, Truth verdict, std::string_view wanted, std::string_view actual) {
        out_.push_back({kind, verdict, std::string(wanted), std::string(actual)});
    }
    std::string age(FactorStrength wanted) const {
        const auto proven = moment_.proven(wanted);
        return proven ? age_text(std::max(moment_.now - *proven, Millis{0})) : std::string(not_known);
    }

    const Moment& moment_;
    std::string_view method_;
    std::vector<ConditionTrace>& out_;
};

void trace_contract(const Contract& contract, WallTime now, std::vector<ConditionTrace>& out) {
    const auto today = sekisho::to_text(date_at(now, contract.zone));
    out.push_back(
        {Kind::contract_from, truth(now >= contract.begin), sekisho::to_text(contract.from), today});
    out.push_back({Kind::contract_to, truth(now < contract.end), sekisho::to_text(contract.to), today});
    if (contract.hours.empty()) return;
    out.push_back({Kind::contract_hours, truth(open_at(contract.hours, now)), windows_text(contract.hours),
                   clock_text(now, contract.zone)});
}

std::string paths_text(const std::vector<std::string>& prefixes) {
    std::string text;
    for (const auto& prefix : prefixes) text += (text.empty() ? "" : ", ") + prefix + "/";
    return text;
}

bool path_fits(const Rule& rule, std::string_view path, bool fold) {
    if (rule.paths.empty()) return true;
    return std::any_of(rule.paths.begin(), rule.paths.end(),
                       [&](const std::string& prefix) { return path_matches(prefix, path, fold); });
}

RuleTrace::Verdict verdict_of(Truth truth) {
    switch (truth) {
        case Truth::no:
            return RuleTrace::Verdict::no;
        case Truth::unknown:
            return RuleTrace::Verdict::unknown;
        case Truth::yes:
            return RuleTrace::Verdict::yes;
    }
    return RuleTrace::Verdict::no;
}

// Explainer walks all rules for one person, app and moment.
class Explainer {
public:
    Explainer(const Program& program, const SubjectFacts& subject, AppId app, const RequestFacts& request)
        : program_(program),
          person_(program.find_person(subject.user)),
          app_(program.app(app)),
          app_id_(app),
          request_(request),
          moment_{program.tables().get(),
                  subject.strength,
                  subject.proven_at,
                  program.tables()->bit_of(request.method),
                  request.path,
                  request.client ? &*request.client : nullptr,
                  request.now,
                  subject.lesser,
                  subject.lesser_at},
          bounds_{person_ != nullptr && person_->may_enter(), false,
                  person_ != nullptr ? program.contract_of(*person_) : nullptr,
                  app_ != nullptr ? app_->methods : any_method},
          verdict_(bounds_, moment_) {}

    void run(Explanation& out) {
        trace_bounds(out.person);
        for (std::uint32_t i = 0; i < program_.rule_count(); ++i)
            out.rules.push_back(trace_rule(program_.rule(RuleId{i})));
        out.decision = verdict_.finish();
        if (out.decision.reason == Reason::outside_hours) {
            auto open = WallTime::max();
            for (const auto& [tests, judgement] : judged_)
                open = std::min(open, verdict_.opens(tests, judgement));
            if (open != WallTime::max()) out.decision.next_open = open;
        }
        if (out.decision.rule) out.rule = program_.rule_name(*out.decision.rule);
        if (person_ == nullptr) return;
        out.kind = kind_text(person_->kind);
        out.org = program_.org_name(*person_);
    }

private:
    void trace_bounds(std::vector<ConditionTrace>& out) const {
        out.push_back({Kind::kind_of_person, truth(bounds_.may_enter),
                       "staff, ops, contractor of an organisation",
                       std::string(person_ == nullptr ? not_known : kind_text(person_->kind))});
        if (bounds_.contract != nullptr) trace_contract(*bounds_.contract, moment_.now, out);
        if (bounds_.app_methods != any_method)
            out.push_back({Kind::app_method, truth((bounds_.app_methods & moment_.method) != 0),
                           methods_text(bounds_.app_methods, *moment_.tables), std::string(request_.method)});
    }

    RuleTrace trace_rule(const Rule& rule) {
        RuleTrace trace;
        trace.id = program_.rule_name(rule.id);
        trace.allow = rule.effect == config::Rule::Effect::allow;
        trace.shadow = rule.shadow;
        trace.app_matched =
            app_ != nullptr &&
            (rule.apps.empty() || std::binary_search(rule.apps.begin(), rule.apps.end(), app_id_));
        trace.who_matched = person_ != nullptr && who_matches(rule, *person_);
        if (!trace.app_matched || !trace.who_matched) return trace;
        bounds_.who_matched = bounds_.who_matched || (trace.allow && !rule.shadow);
        const bool fits = path_fits(rule, moment_.path, app_->fold_path);
        if (!rule.paths.empty())
            trace.conditions.push_back(
                {Kind::path, truth(fits), paths_text(rule.paths), std::string(request_.path)});
        const Tests tests{rule.id, rule.effect, rule.methods, rule.conditions};
        Recorder recorder(moment_, request_.method, trace.conditions);
        const auto judgement = judge(tests, moment_, recorder);
        trace.verdict = verdict_of(both(truth(fits), judgement.verdict));
        if (!fits || rule.shadow) return trace;
        verdict_.add(tests, judgement);
        judged_.emplace_back(tests, judgement);
        return trace;
    }

    const Program& program_;
    const Person* person_;
    const App* app_;
    AppId app_id_;
    const RequestFacts& request_;
    Moment moment_;
    Bounds bounds_;
    Verdict verdict_;
    std::vector<std::pair<Tests, Judgement>> judged_;
};

}  // namespace

Explanation explain(const Program& program, const SubjectFacts& subject, AppId app,
                    const RequestFacts& request) {
    Explanation out;
    out.user = subject.user;
    if (const auto* known = program.app(app)) out.app = known->name;
    out.method = request.method;
    out.path = request.path;
    out.client = request.client ? sekisho::to_text(*request.client) : std::string(not_known);
    out.zone = program.zone();
    out.at = to_rfc3339(request.now, out.zone);
    Explainer(program, subject, app, request).run(out);
    return out;
}

std::string window_text(const TimeWindow& window) {
    static constexpr std::array<std::string_view, 5> kinds{"business_days", "closed_days", "holidays",
                                                           "half_days", "maintenance"};
    const auto& weekly = window.weekly();
    auto text = fmt::format("{} {}-{} {}", days_text(weekly.days), minute_text(weekly.from_minute),
                            minute_text(weekly.to_minute), weekly.zone.name());
    if (window.calendar() != nullptr)
        text +=
            fmt::format(" {} of {}", kinds[static_cast<std::size_t>(window.on())], window.calendar()->name());
    return text;
}

Obstacle obstacle_of(const Program& program, const SubjectFacts& subject, const Decision& decision,
                     WallTime now) {
    Obstacle out;
    const auto* person = program.find_person(subject.user);
    if (decision.allow || person == nullptr) return out;
    if (const auto* contract = program.contract_of(*person)) {
        out.contract_from = contract->from;
        out.contract_to = contract->to;
        if (decision.reason == Reason::outside_hours && !open_at(contract->hours, now))
            for (const auto& window : contract->hours) out.hours.push_back(window_text(window));
    }
    if (!decision.rule) return out;
    for (const auto& condition : program.rule(*decision.rule).conditions) {
        if (decision.reason == Reason::factor_missing && condition.kind == Condition::Kind::factor)
            out.strength = std::max(out.strength.value_or(FactorStrength::none), condition.strength);
        if (decision.reason == Reason::factor_too_old && condition.kind == Condition::Kind::factor_age)
            out.factor_max_age = std::min(out.factor_max_age.value_or(Millis::max()), condition.max_age);
        if (decision.reason != Reason::outside_hours || condition.kind != Condition::Kind::hours) continue;
        const auto& window = program.tables()->windows[condition.index];
        if (!window.contains(now)) out.hours.push_back(window_text(window));
    }
    return out;
}

std::string_view to_text(ConditionTrace::Kind kind) noexcept {
    static constexpr std::array<std::string_view, 12> names{
        "method", "path",       "factor",         "factor_age",    "network",     "not_network",
        "hours",  "app_method", "kind_of_person", "contract_from", "contract_to", "contract_hours"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view to_text(RuleTrace::Verdict verdict) noexcept {
    static constexpr std::array<std::string_view, 4> names{"not_concerned", "no", "yes", "unknown"};
    return names[static_cast<std::size_t>(verdict)];
}

}  // namespace sekisho::policy

#include "policy/space.hpp"

#include "base/text.hpp"
#include "config/choices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sekisho::policy {
namespace {

// Some method that no rule names; it stands for those that rules name and do not tell from it.
constexpr std::string_view unnamed_method = "OTHER";

// What of one view matters for one person and app.
struct Relevant {
    const View* view;
    Observer observer;
    std::vector<const Condition*> conditions;  // of the rules that concern them

    Relevant(const View& from, const std::string& user, const std::string& app)
        : view(&from), observer(*from.program, user, app) {
        for (const auto id : observer.rules())
            for (const auto& condition : from.program->rule(id).conditions) conditions.push_back(&condition);
    }
    const Tables& tables() const { return *view->program->tables(); }
    const Contract* contract() const {
        return observer.person() == nullptr ? nullptr : view->program->contract_of(*observer.person());
    }
};

using Signature = std::string;  // a letter for each thing that could tell two values apart

// Keeps the first value of each signature.
template <class Value>
class Distinct {
public:
    void add(const Signature& signature, Value value) {
        if (seen_.insert(signature).second) values.push_back(std::move(value));
    }
    std::vector<Value> values;

private:
    std::set<Signature> seen_;
};

std::vector<std::string> methods_of(const std::vector<Relevant>& all) {
    std::vector<std::string> names{std::string(unnamed_method)};
    for (const auto& each : all)
        names.insert(names.end(), each.tables().methods.begin(), each.tables().methods.end());
    Distinct<std::string> kept;
    for (const auto& name : names) {
        Signature signature;
        for (const auto& each : all) {
            const auto bit = each.tables().bit_of(name);
            if (each.observer.app() != nullptr)
                signature += (each.observer.app()->methods & bit) != 0 ? 'y' : 'n';
            for (const auto id : each.observer.rules())
                signature += (each.view->program->rule(id).methods & bit) != 0 ? 'y' : 'n';
        }
        kept.add(signature, name);
    }
    return kept.values;
}

// A prefix of an app holds a path as a rule's prefix does.
bool under(std::string_view prefix, std::string_view path, bool fold) {
    while (!prefix.empty() && prefix.back() == '/') prefix.remove_suffix(1);
    return path_matches(prefix, path, fold);
}

// Of the apps on one host, the one with the longest prefix has the path.
bool owns(const config::Model& model, const config::App& app, std::string_view path) {
    std::size_t mine = 0, others = 0;
    for (const auto& each : model.apps) {
        if (each.host != app.host) continue;
        for (const auto& prefix : each.paths)
            if (under(prefix, path, each.path_case == config::PathCase::insensitive))
                (each.name == app.name ? mine : others) =
                    std::max(each.name == app.name ? mine : others, prefix.size() + 1);
    }
    return mine > others;
}

std::vector<std::string> paths_of(const std::vector<Relevant>& all, const std::string& app) {
    std::vector<std::string> candidates;
    for (const auto& each : all)
        for (const auto& known : each.view->model->apps)
            if (known.name == app)
                candidates.insert(candidates.end(), known.paths.begin(), known.paths.end());
    for (const auto& each : all)
        for (const auto id : each.observer.rules())
            for (const auto& prefix : each.view->program->rule(id).paths)
                candidates.push_back(prefix.empty() ? "/" : prefix);
    Distinct<std::string> kept;
    for (const auto& path : candidates) {
        Signature signature;
        bool owned = false;
        for (const auto& each : all) {
            for (const auto& known : each.view->model->apps)
                if (known.name == app) owned = owned || owns(*each.view->model, known, path);
            const bool fold = each.observer.app() != nullptr && each.observer.app()->fold_path;
            for (const auto id : each.observer.rules())
                for (const auto& prefix : each.view->program->rule(id).paths)
                    signature += path_matches(prefix, path, fold) ? 'y' : 'n';
        }
        if (owned) kept.add(signature, path);
    }
    return kept.values;
}

IpAddress last_of(const Prefix& prefix) {
    auto address = prefix.network;
    for (std::size_t bit = prefix.bits; bit < 128; ++bit)
        address.octets[bit / 8] = static_cast<std::uint8_t>(address.octets[bit / 8] | 0x80u >> bit % 8);
    return address;
}

std::optional<IpAddress> next_address(IpAddress address) {
    for (std::size_t i = 16; i-- > 0;)
        if (++address.octets[i] != 0) return address;
    return std::nullopt;
}

// A stretch of addresses that no network tells apart begins at a network's first address or behind its last
// one.
std::vector<std::optional<IpAddress>> clients_of(const std::vector<Relevant>& all) {
    std::vector<std::optional<IpAddress>> candidates{parse_ip("192.0.2.1"), parse_ip("2001:db8:ffff::1"),
                                                     parse_ip("0.0.0.0"), parse_ip("::"), std::nullopt};
    for (const auto& each : all)
        for (const auto& network : each.view->model->networks)
            for (const auto& prefix : network.prefixes) {
                candidates.emplace_back(prefix.network);
                if (const auto behind = next_address(last_of(prefix))) candidates.emplace_back(behind);
            }
    Distinct<std::optional<IpAddress>> kept;
    for (const auto& client : candidates) {
        Signature signature;
        for (const auto& each : all)
            for (const auto* condition : each.conditions)
                if (condition->kind == Condition::Kind::network)
                    signature += !client                                                      ? '?'
                                 : each.tables().networks[condition->index].contains(*client) ? 'y'
                                                                                              : 'n';
        kept.add(signature, client);
    }
    return kept.values;
}

struct Factor {
    FactorStrength strength;
    std::optional<Millis> age;
};

std::vector<Factor> factors_of(const std::vector<Relevant>& all) {
    std::vector<FactorStrength> strengths;  // strongest first: what people have
    for (const auto& word : config::strengths) strengths.insert(strengths.begin(), word.choice);
    strengths.push_back(FactorStrength::none);
    std::vector<std::optional<Millis>> ages{Millis{0}, std::nullopt};
    for (const auto& each : all)
        for (const auto* condition : each.conditions)
            if (condition->kind == Condition::Kind::factor_age) ages.emplace_back(condition->max_age);
    Distinct<Factor> kept;
    for (const auto strength : strengths)
        for (const auto& age : ages) {
            Signature signature;
            for (const auto& each : all)
                for (const auto* condition : each.conditions) {
                    if (condition->kind == Condition::Kind::factor)
                        signature += strength >= condition->strength ? 'y' : 'n';
                    if (condition->kind == Condition::Kind::factor_age)
                        signature += !age ? '?' : *age < condition->max_age ? 'y' : 'n';
                }
            kept.add(signature, Factor{strength, age});
        }
    return kept.values;
}

struct Instant {
    WallTime now;
    Seconds lasts{0};
};

// Edges knows every instant at which something opens, closes, begins or ends for a person and an app.
class Edges {
public:
    explicit Edges(const std::vector<Relevant>& all) {
        for (const auto& each : all) {
            for (const auto* condition : each.conditions)
                if (condition->kind == Condition::Kind::hours)
                    windows_.push_back(&each.tables().windows[condition->index]);
            const auto* contract = each.contract();
            if (contract == nullptr) continue;
            for (const auto& window : contract->hours) windows_.push_back(&window);
            days_.push_back(contract->begin);
            days_.push_back(contract->end);
        }
        std::sort(windows_.begin(), windows_.end());
        windows_.erase(std::unique(windows_.begin(), windows_.end()), windows_.end());
    }
    Signature state(WallTime now) const {
        Signature signature;
        for (const auto* window : windows_) {
            const auto open = window->open_at(now);
            signature += !open ? '?' : *open ? 'y' : 'n';
        }
        for (const auto day : days_) signature += now < day ? 'b' : 'a';
        return signature;
    }
    WallTime next(WallTime now) const {
        auto next = WallTime::max();
        for (const auto* window : windows_) next = std::min(next, window->next_edge(now));
        for (const auto day : days_)
            if (day > now) next = std::min(next, day);
        return next;
    }

private:
    std::vector<const TimeWindow*> windows_;
    std::vector<WallTime> days_;
};

Result<std::vector<Instant>> instants_of(const std::vector<Relevant>& all, Horizon horizon) {
    const Edges edges(all);
    std::map<Signature, std::size_t> known;
    std::vector<Instant> instants;
    int looked_at = 0;
    for (auto now = horizon.from; now < horizon.to;) {
        if (++looked_at > Space::moments_max)
            return Error(Errc::too_large, "more than 400000 moments differ within these days");
        const auto next = std::min(edges.next(now), horizon.to);
        const auto [at, fresh] = known.emplace(edges.state(now), instants.size());
        if (fresh) instants.push_back({now, Seconds{0}});
        instants[at->second].lasts += std::chrono::duration_cast<Seconds>(next - now);
        now = next;
    }
    return instants;
}

std::vector<Relevant> relevant_of(const std::vector<View>& views, const std::string& user,
                                  const std::string& app) {
    std::vector<Relevant> all;
    for (const auto& view : views) all.emplace_back(view, user, app);
    return all;
}

}  // namespace

Observer::Observer(const Program& program, const std::string& user, const std::string& app)
    : program_(program), person_(program.find_person(user)) {
    const auto id = program.find_app(app);
    if (!id) return;
    app_ = program.app(*id);
    if (person_ == nullptr || !person_->may_enter()) return;
    for (const auto rule : program.rules_of(*id))
        if (who_matches(program.rule(rule), *person_)) rules_.push_back(rule);
}

Outcome Observer::ask(const Probe& probe) const {
    Outcome out;
    const auto subject = probe.subject();
    const Moment moment{program_.tables().get(),
                        subject.strength,
                        subject.proven_at,
                        program_.tables()->bit_of(probe.method),
                        probe.path,
                        probe.client ? &*probe.client : nullptr,
                        probe.now};
    Bounds bounds{person_ != nullptr && person_->may_enter(), false,
                  person_ != nullptr ? program_.contract_of(*person_) : nullptr,
                  app_ != nullptr ? app_->methods : any_method};
    Verdict verdict(bounds, moment);
    NoTrace trace;
    for (const auto id : rules_) {
        const auto& rule = program_.rule(id);
        const bool allow = rule.effect == config::Rule::Effect::allow;
        bounds.who_matched = bounds.who_matched || allow;
        const bool fits = rule.paths.empty() ||
                          std::any_of(rule.paths.begin(), rule.paths.end(), [&](const std::string& prefix) {
                              return path_matches(prefix, probe.path, app_->fold_path);
                          });
        if (!fits) continue;
        const Tests tests{id, rule.effect, rule.methods, rule.conditions};
        const auto judgement = judge(tests, moment, trace);
        verdict.add(tests, judgement);
        if (allow && judgement.verdict == Truth::yes) out.allows.push_back(id);
        if (!allow && judgement.verdict != Truth::no) out.denies.push_back(id);
    }
    out.decision = verdict.finish();
    out.floor =
        bounds.may_enter && (bounds.app_methods & moment.method) != 0 &&
        (bounds.contract == nullptr || standing_of(*bounds.contract, probe.now) == Standing::in_force);
    return out;
}

std::vector<std::string> Space::apps() const {
    std::set<std::string> names;
    for (const auto& view : views_)
        for (const auto& app : view.model->apps) names.insert(app.name);
    return {names.begin(), names.end()};
}

std::vector<Space::Class> Space::classes(const std::string& app) const {
    std::set<std::string> users;
    for (const auto& view : views_)
        for (const auto& person : view.model->people) users.insert(person.name);
    std::map<Signature, std::size_t> known;
    std::vector<Class> classes;
    for (const auto& user : users) {
        Signature signature;
        bool enters = false;
        for (const auto& view : views_) {
            const Observer observer(*view.program, user, app);
            const auto* person = observer.person();
            enters = enters || (person != nullptr && person->may_enter());
            signature += person == nullptr || !person->may_enter() ? "-"
                         : person->org                             ? fmt::format("o{}", *person->org)
                                                                   : "s";
            for (const auto id : observer.rules()) signature += fmt::format(",{}", id.value);
            signature += ';';
        }
        if (!enters) continue;
        const auto [at, fresh] = known.emplace(signature, classes.size());
        if (fresh) classes.emplace_back();
        classes[at->second].users.push_back(user);
    }
    return classes;
}

Result<void> Space::walk(const std::string& user, const std::string& app, const See& see) {
    const auto all = relevant_of(views_, user, app);
    const auto instants = instants_of(all, horizon_);
    if (!instants) return instants.error();
    const auto methods = methods_of(all);
    const auto paths = paths_of(all, app);
    const auto clients = clients_of(all);
    const auto factors = factors_of(all);
    probes_ += instants->size() * methods.size() * paths.size() * clients.size() * factors.size();
    if (probes_ > probes_max)
        return Error(Errc::too_large, "there are more than 50 million kinds of requests to look at");
    Probe probe{user, app, {}, {}, {}, {}, FactorStrength::none, {}, {}};
    for (const auto& factor : factors)
        for (const auto& client : clients)
            for (const auto& path : paths)
                for (const auto& method : methods)
                    for (const auto& instant : *instants) {
                        probe.method = method;
                        probe.path = path;
                        probe.client = client;
                        probe.now = instant.now;
                        probe.lasts = instant.lasts;
                        probe.strength = factor.strength;
                        probe.age = factor.age;
                        if (!see(probe)) return {};
                    }
    return {};
}

}  // namespace sekisho::policy

#pragma once
// Space cuts all requests that people may send into finitely many classes within which no rule can tell one
// from another: methods by the masks that name them, paths by the prefixes that hold them, addresses by the
// networks, moments by what is open, factors by the strengths and ages asked for. Tools that say something of
// every request walk the classes, one request each.
//
// Time is cut within a horizon: what is said holds for [from, to).
#include "base/result.hpp"
#include "config/model.hpp"
#include "policy/decide.hpp"
#include "policy/judge.hpp"
#include "policy/program.hpp"

#include <functional>
#include <string>
#include <vector>

namespace sekisho::policy {

struct Horizon {
    WallTime from, to;
};

// View is one policy that is looked at. Both outlive what is given it.
struct View {
    const config::Model* model;
    const Program* program;
};

// Probe is a class of requests, by one of them.
struct Probe {
    std::string user, app, method, path;
    std::optional<IpAddress> client;  // nothing: unknown
    WallTime now;
    FactorStrength strength = FactorStrength::otp;
    std::optional<Millis> age;  // of the proof; nothing: unknown
    Seconds lasts{0};           // how much of the horizon is like `now`

    SubjectFacts subject() const {
        return {user, strength, age ? std::optional<WallTime>(now - *age) : std::nullopt};
    }
    RequestFacts request() const { return {method, path, client, now}; }
};

// Outcome is what a policy says to a probe, and which rules hold there (unknown counts as the rule's effect
// has it: R34).
struct Outcome {
    Decision decision;
    bool floor = false;  // the contract and the app's methods stand in no allow's way
    std::vector<RuleId> allows, denies;
};

// Observer asks one policy about one person and one app.
class Observer {
public:
    Observer(const Program& program, const std::string& user, const std::string& app);
    Outcome ask(const Probe& probe) const;
    // Which rules concern the person and the app, those in shadow not among them.
    const std::vector<RuleId>& rules() const noexcept { return rules_; }
    const Person* person() const noexcept { return person_; }
    const App* app() const noexcept { return app_; }

private:
    const Program& program_;
    const Person* person_;
    const App* app_ = nullptr;
    std::vector<RuleId> rules_;
};

class Space {
public:
    static constexpr std::uint64_t probes_max = 50'000'000;  // of one tool's run
    static constexpr int moments_max = 400'000;              // edges looked at for one person and app

    Space(std::vector<View> views, Horizon horizon) : views_(std::move(views)), horizon_(horizon) {}

    // People whom no rule of an app tells apart, in any view; those who may not enter at all are left out.
    struct Class {
        std::vector<std::string> users;
    };
    std::vector<Class> classes(const std::string& app) const;
    std::vector<std::string> apps() const;  // of all views, by name

    // walk shows every class of requests of one person to one app; `see` says whether to go on.
    // Errors: Errc::too_large when there are more than a bound above.
    using See = std::function<bool(const Probe&)>;
    Result<void> walk(const std::string& user, const std::string& app, const See& see);

    std::uint64_t probes() const noexcept { return probes_; }
    Horizon horizon() const noexcept { return horizon_; }

private:
    std::vector<View> views_;
    Horizon horizon_;
    std::uint64_t probes_ = 0;
};

}  // namespace sekisho::policy

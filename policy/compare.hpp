#pragma once
// compare says who gains and who loses what between two policies: people, apps, methods, paths, hours.
#include "policy/space.hpp"

#include <set>

namespace sekisho::policy {

// Shift is what people whom no rule tells apart gain or lose on one app.
struct Shift {
    std::string app;
    std::vector<std::string> users;
    bool gains = false;
    std::set<std::string> methods,
        paths;         // one of each class: "OTHER" is every method that rules do not tell apart
    Seconds lasts{0};  // of the horizon
    Probe witness;     // a request that is answered otherwise
    Decision before, now;
};

struct Comparison {
    std::vector<Shift> shifts;  // by app, people, gains first
    bool gains() const noexcept;
    // lines: one for each shift, always the same for the same change: what a second person signs.
    std::vector<std::string> lines(Horizon horizon) const;
    // signature: SHA-256 over the lines, in hexadecimal digits.
    std::string signature(Horizon horizon) const;
};

// Errors: as Space::walk.
Result<Comparison> compare(const View& before, const View& now, Horizon horizon);

}  // namespace sekisho::policy

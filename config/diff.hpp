#pragma once
// diff tells what a reload would change, what of it waits for a restart, and what loosens access (R14).
//
// "Loosens" is conservative: whatever may let somebody do more than before counts, also where another rule
// would still stop them.
#include "base/ids.hpp"
#include "config/model.hpp"

#include <string>
#include <vector>

namespace sekisho::config {

struct Change {
    enum class Kind : std::uint8_t { added, removed, changed } kind = Kind::changed;
    std::string path;         // "people.sato.groups", "rules.wiki-staff"
    std::string before, now;  // printed values; empty for a whole entry added or removed
    bool needs_restart = false;
    bool loosens = false;
};

struct Difference {
    std::vector<Change> changes;
    bool loosens() const noexcept;
    bool needs_restart() const noexcept;
};

Difference diff(const Model& before, const Model& now);

// sentence: "rule "wiki-staff" was added; this loosens access".
std::string sentence(const Change& change, Language language);

}  // namespace sekisho::config

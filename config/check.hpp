#pragma once
// check finds what is well-formed but inconsistent: names nobody defined, certificates that do not fit,
// contracts that end before they begin, secrets the whole machine may read.
#include "base/clock.hpp"
#include "config/lint.hpp"
#include "config/load.hpp"

namespace sekisho::config {

class Environment;

struct CheckOptions {
    WallTime now{};                            // certificates and contracts are judged by it
    bool files = true;                         // false: certificates, keys and secrets are not opened
    const Environment* environment = nullptr;  // where {env: NAME} is looked up; none: not judged
    Lint lint = Lint::none;                    // with errors or all, a lint error refuses like any other
};

// check adds findings; the model is usable only when none of them is an error.
void check(const Model& model, const CheckOptions& options, Findings& findings);

// load_checked is load and check in one; what `sekisho check`, start and reload call.
Loaded load_checked(const std::string& path, const CheckOptions& options);
Loaded load_checked_from(const Files& files, const std::string& main, const CheckOptions& options);

}  // namespace sekisho::config

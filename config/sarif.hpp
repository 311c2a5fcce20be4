#pragma once
// SARIF is the format in which code review tools take findings (OASIS SARIF 2.1.0).
#include "config/diagnostics.hpp"

#include <span>
#include <string>

namespace sekisho::config {

// to_sarif writes one log with one run: every lint rule as metadata, and each diagnostic as a result. File
// names are relative to where the program was called, as they were given. Source: SARIF 2.1.0 sections 3.13
// (log), 3.19 (component), 3.27 (result), 3.49 (rule).
std::string to_sarif(std::span<const Diagnostic> diagnostics, std::string_view version, Language language);

}  // namespace sekisho::config

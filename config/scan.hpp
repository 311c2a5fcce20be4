#pragma once
// scan looks over configuration text before any YAML parser sees it.
#include "config/diagnostics.hpp"

namespace sekisho::config {

// scan_text complains about what no configuration should hold: bytes that are not UTF-8, control and
// invisible characters (a bidirectional override can make a deny look like a comment), YAML directives.
// Returns false when the text must not be parsed.
bool scan_text(const Source& source, std::uint32_t file, Findings& findings);

}  // namespace sekisho::config

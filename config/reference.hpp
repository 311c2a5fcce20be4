#pragma once
// reference prints the documents that describe the configuration from the table of keys.
#include "base/ids.hpp"

#include <string>

namespace sekisho::config {

// docs/reference/config.md and config.ja.md.
std::string reference_page(Language language);
// docs/limits.md: every limit a peer or a configuration can meet, in English.
std::string limits_page();

}  // namespace sekisho::config

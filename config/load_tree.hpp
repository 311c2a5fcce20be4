#pragma once
// parse_tree reads one YAML document into a tree that still holds the text as it was written.
#include "config/diagnostics.hpp"
#include "config/tree.hpp"

#include <optional>

namespace sekisho::config {

// parse_tree gives nothing when the text is no YAML or passes a bound; the finding says why. Anchors,
// aliases, tags and a second document are found too. `nodes_left` is counted down over all files of one load.
std::optional<Node> parse_tree(const Source& source, std::uint32_t file, Findings& findings,
                               std::size_t& nodes_left);

}  // namespace sekisho::config

#pragma once
// Edit distance finds the name that was probably meant: the source of every "did you mean".
#include <cstddef>
#include <optional>
#include <string_view>

namespace sekisho {

// edit_distance counts insertions, removals, replacements and swaps of neighbouring bytes that turn one name
// into the other (optimal string alignment; ASCII case ignored). Names past 64 bytes count as unlike anything
// else.
std::size_t edit_distance(std::string_view a, std::string_view b) noexcept;

// The farthest a slip may be from what was meant: one edit for 1 to 3 bytes, two up to 8, else three.
constexpr std::size_t slip_max(std::string_view name) noexcept {
    return name.size() <= 3 ? 1 : name.size() <= 8 ? 2 : 3;
}

// nearest is the candidate closest to `name`, the earliest of equals; nothing when all are farther than a
// slip. `candidates` is any range of things that convert to std::string_view; the view returned points into
// it.
template <class Range>
std::optional<std::string_view> nearest(std::string_view name, const Range& candidates) {
    std::optional<std::string_view> best;
    std::size_t best_distance = slip_max(name) + 1;
    for (const auto& candidate : candidates) {
        const std::string_view text(candidate);
        const auto distance = edit_distance(name, text);
        if (distance >= best_distance || distance >= text.size()) continue;  // nothing in common is no hint
        best = text;
        best_distance = distance;
    }
    return best;
}

}  // namespace sekisho

#include "base/edit_distance.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace sekisho {
namespace {

constexpr std::size_t name_max = 64;
using Row = std::array<std::size_t, name_max + 1>;

bool same(char a, char b) noexcept { return to_lower(a) == to_lower(b); }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) noexcept {
    if (a.size() > name_max || b.size() > name_max) return std::max(a.size(), b.size());
    Row before{}, above{},
        row{};  // distances of the fronts of `a` one and two bytes shorter, and of this one
    for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = above;
        above = row;
    }
    return above[b.size()];
}

}  // namespace sekisho

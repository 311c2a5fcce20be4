#pragma once
// Place is where a value stands in the configuration; Places finds it by the value's path.
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sekisho::config {

// Place is where a value stands, for diagnostics that come later than parsing.
struct Place {
    std::uint32_t file = 0;    // index into Model::files
    std::uint32_t line = 0;    // from 1; 0 = a default, stands nowhere
    std::uint32_t column = 0;  // from 1, in characters
};

// Places remembers where values stand by path: "apps.wiki.host", "people.sato.groups[0]",
// "rules.r1.allow.app[0]". Only a hash of the path is kept; a colliding path would merely point elsewhere.
class Places {
public:
    void put(std::string_view path, Place place) {
        if (place.line != 0) by_hash_[std::hash<std::string_view>{}(path)] = place;
    }
    bool has(std::string_view path) const { return by_hash_.count(std::hash<std::string_view>{}(path)) > 0; }
    // find gives the value's place or, when it stands nowhere, that of the nearest thing around it.
    Place find(std::string_view path) const {
        for (;;) {
            const auto found = by_hash_.find(std::hash<std::string_view>{}(path));
            if (found != by_hash_.end()) return found->second;
            const auto cut = path.find_last_of(".[");
            if (cut == std::string_view::npos) return {};
            path = path.substr(0, cut);
        }
    }

private:
    std::unordered_map<std::size_t, Place> by_hash_;
};

}  // namespace sekisho::config

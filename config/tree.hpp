#pragma once
// Node is YAML as it stands in the file: nothing resolved, every scalar still text, every node with its
// place. It keeps yaml-cpp behind one door.
#include "config/place.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sekisho::config {

struct Node {
    enum class Kind : std::uint8_t { null, plain, quoted, list, map };
    Kind kind = Kind::null;
    Place place;
    std::string text;         // scalars
    std::vector<Node> keys;   // map: as many as items
    std::vector<Node> items;  // list elements or map values

    bool is_scalar() const noexcept { return kind == Kind::plain || kind == Kind::quoted; }
    // find gives the first value of a map under a scalar key, or nullptr.
    const Node* find(std::string_view key) const noexcept {
        for (std::size_t i = 0; i < keys.size(); ++i)
            if (keys[i].is_scalar() && keys[i].text == key) return &items[i];
        return nullptr;
    }
};

}  // namespace sekisho::config

// The parts of reading a record that do not depend on its type.
#include "config/record.hpp"

#include "base/edit_distance.hpp"
#include "base/text.hpp"

namespace sekisho::config {
namespace {

// Flow text of a default: "{}", "{a: 1, b: 2}" or a scalar. Only the table is ever read by it.
Node parse_default(std::string_view text) {
    Node node;
    if (text.empty() || text.front() != '{') {
        node.kind = Node::Kind::plain;
        node.text = text;
        return node;
    }
    node.kind = Node::Kind::map;
    const auto inside = trim(text.substr(1, text.size() - 2));
    if (inside.empty()) return node;
    for (const auto part : split(inside, ',')) {
        const auto colon = part.find(':');
        node.keys.push_back(parse_default(trim(part.substr(0, colon))));
        node.items.push_back(parse_default(trim(part.substr(colon + 1))));
    }
    return node;
}

}  // namespace

bool expect_map(Decoder& decoder, const Node& node, Argument expected_words) {
    if (node.kind == Node::Kind::map) return true;
    static const Key record{
        "", Type::record, Shape::one, Need::optional, "", 0, 0, Reload::live, Loosens::never, "", "",
        "", "",           ""};
    if (node.kind == Node::Kind::null)
        decoder.fault("value.missing", node, {decoder.path, std::move(expected_words)});
    else
        decoder.wrong_type(record, node);
    return false;
}

bool expect_list(Decoder& decoder, const Key& key, const Node& node) {
    if (node.kind == Node::Kind::list) {
        if (!node.items.empty() || key.need != Need::required) return true;
        decoder.fault("value.empty_list", node);
        return false;
    }
    decoder.wrong_type(key, node);
    return false;
}

void unknown_key(Decoder& decoder, const Node& key, std::span<const std::string_view> known) {
    const bool hint = !decoder.findings.full();
    auto& finding = decoder.fault("key.unknown", key, {key.text});
    if (!hint) return;
    if (const auto meant = nearest(key.text, known)) finding.meant = *meant;
}

void missing_key(Decoder& decoder, const Node& record, const Key& key) {
    const auto dot = key.path.rfind('.');
    const auto name = dot == std::string_view::npos ? key.path : key.path.substr(dot + 1);
    decoder.findings.add("key.missing", record.place, {std::string(name), expected(key)});
}

bool has_value(Decoder& decoder, const Key& key, const Node& node) {
    if (node.kind != Node::Kind::null) return true;
    decoder.fault("value.missing", node, {decoder.path, expected(key)});
    return false;
}

bool good_name(Decoder& decoder, const Node& key, Type type) {
    if (!key.is_scalar()) return false;
    if (!is_name(key.text, type)) {
        decoder.fault("key.name", key, {key.text, type_words(type)});
        return false;
    }
    if (key.kind == Node::Kind::plain && is_ambiguous(key.text)) {
        decoder.fault("key.ambiguous", key, {key.text, plain_looks_like(key.text)});
        return false;
    }
    return true;
}

const Key& key_of(std::string_view pattern, std::string_view name) {
    std::string path(pattern);
    if (!path.empty()) path += '.';
    path += name;
    const auto* key = find_key(path);
    check(key != nullptr, "every field stands in the table of keys");
    return *key;
}

Node fallback_node(const Key& key) { return parse_default(key.fallback); }

}  // namespace sekisho::config

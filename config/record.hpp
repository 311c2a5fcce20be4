#pragma once
// A record is a map whose keys the table knows. Each section lists its fields once; reading, defaults and
// printing follow from that list and from the table of keys.
#include "base/check.hpp"
#include "config/scalar.hpp"

#include <algorithm>
#include <concepts>
#include <span>
#include <type_traits>
#include <utility>

namespace sekisho::config {

// Flat is one printed value of a model.
struct Flat {
    std::string path;
    const Key* key = nullptr;
    std::vector<std::string> values;
};

struct Printer {
    std::vector<Flat>& out;
    std::string path{};
};

class PrintStep {
public:
    PrintStep(Printer& printer, std::string_view part) : printer_(printer), length_(printer.path.size()) {
        if (!printer.path.empty() && part.substr(0, 1) != "[") printer.path += '.';
        printer.path += part;
    }
    ~PrintStep() { printer_.path.resize(length_); }
    PrintStep(const PrintStep&) = delete;
    PrintStep& operator=(const PrintStep&) = delete;

private:
    Printer& printer_;
    std::size_t length_;
};

template <class T>
struct Field {
    std::string_view key;
    void (*read)(Decoder&, const Key&, const Node&, T&);
    void (*print)(Printer&, const Key&, const T&);
};

// Parts of reading that do not depend on the type.
bool expect_map(Decoder& decoder, const Node& node, Argument expected);
bool expect_list(Decoder& decoder, const Key& key, const Node& node);
void unknown_key(Decoder& decoder, const Node& key, std::span<const std::string_view> known);
void missing_key(Decoder& decoder, const Node& record, const Key& key);
bool has_value(Decoder& decoder, const Key& key, const Node& node);
// good_name complains about a map's key that cannot be a name.
bool good_name(Decoder& decoder, const Node& key, Type type);
const Key& key_of(std::string_view pattern, std::string_view name);
// fallback_node is the table's default as if it had been written.
Node fallback_node(const Key& key);

// read_value reads one value, or a list of them where the table says so.
template <class U>
void read_value(Decoder& decoder, const Key& key, const Node& node, U& out) {
    read_one(decoder, key, node, out);
}
template <class U>
requires(!std::same_as<std::vector<U>, WhoClause>) void read_value(Decoder& decoder, const Key& key,
                                                                   const Node& node, std::vector<U>& out) {
    out.clear();
    if (node.is_scalar() && (key.shape == Shape::one_or_list || node.place.line == 0)) {
        U one{};
        if (read_one(decoder, key, node, one)) out.push_back(std::move(one));
        return;
    }
    if (!expect_list(decoder, key, node)) return;
    std::vector<std::string> seen;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const auto& item = node.items[i];
        Step step(decoder, "[" + std::to_string(i) + "]");
        decoder.places.put(decoder.path, item.place);
        U one{};
        if (!read_one(decoder, key, item, one)) continue;
        seen.push_back(print_one(key, one));
        out.push_back(std::move(one));
    }
    for (std::size_t i = 0; i < node.items.size() && seen.size() == node.items.size(); ++i)
        if (std::find(seen.begin(), seen.begin() + static_cast<std::ptrdiff_t>(i), seen[i]) !=
            seen.begin() + static_cast<std::ptrdiff_t>(i))
            decoder.fault("value.duplicate", node.items[i], {seen[i]});
}

template <class U>
void print_value(Printer& printer, const Key& key, const U& value) {
    printer.out.push_back({printer.path, &key, {print_one(key, value)}});
}
template <class U>
requires(!std::same_as<std::vector<U>, WhoClause>) void print_value(Printer& printer, const Key& key,
                                                                    const std::vector<U>& values) {
    Flat flat{printer.path, &key, {}};
    for (const auto& value : values) flat.values.push_back(print_one(key, value));
    printer.out.push_back(std::move(flat));
}

template <class M>
struct MemberOf;
template <class T, class U>
struct MemberOf<U T::*> {
    using Owner = T;
};

// field: a key that fills one member.
template <auto Member>
constexpr auto field(std::string_view key) {
    using T = typename MemberOf<decltype(Member)>::Owner;
    return Field<T>{
        key,
        [](Decoder& decoder, const Key& k, const Node& node, T& out) {
            read_value(decoder, k, node, out.*Member);
        },
        [](Printer& printer, const Key& k, const T& from) { print_value(printer, k, from.*Member); }};
}

template <class T>
void read_record(Decoder& decoder, std::string_view pattern, const Node& node,
                 std::type_identity_t<std::span<const Field<T>>> fields, T& out) {
    if (!expect_map(decoder, node, type_words(Type::record))) return;
    std::vector<bool> seen(fields.size());
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (!node.keys[i].is_scalar()) continue;  // complained about when the tree was made
        const auto found = std::find_if(fields.begin(), fields.end(),
                                        [&](const auto& f) { return f.key == node.keys[i].text; });
        if (found == fields.end()) {
            std::vector<std::string_view> known;
            for (const auto& f : fields) known.push_back(f.key);
            unknown_key(decoder, node.keys[i], known);
            continue;
        }
        const auto index = static_cast<std::size_t>(found - fields.begin());
        if (seen[index]) continue;  // a duplicate, complained about already
        seen[index] = true;
        const auto& key = key_of(pattern, found->key);
        Step step(decoder, found->key);
        decoder.places.put(decoder.path, node.items[i].place);
        if (has_value(decoder, key, node.items[i])) found->read(decoder, key, node.items[i], out);
    }
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (seen[i]) continue;
        const auto& key = key_of(pattern, fields[i].key);
        Step step(decoder, fields[i].key);
        if (key.need == Need::required) missing_key(decoder, node, key);
        if (key.need == Need::given) fields[i].read(decoder, key, fallback_node(key), out);
    }
}

template <class T>
void print_record(Printer& printer, std::string_view pattern,
                  std::type_identity_t<std::span<const Field<T>>> fields, const T& from) {
    for (const auto& f : fields) {
        if (f.print == nullptr) continue;
        PrintStep step(printer, f.key);
        f.print(printer, key_of(pattern, f.key), from);
    }
}

// record: a key that fills one member by the fields of that member's own record.
template <auto Member, const auto& Fields>
constexpr auto record(std::string_view key) {
    using T = typename MemberOf<decltype(Member)>::Owner;
    return Field<T>{key,
                    [](Decoder& decoder, const Key& k, const Node& node, T& out) {
                        read_record(decoder, k.path, node, Fields, out.*Member);
                    },
                    [](Printer& printer, const Key& k, const T& from) {
                        print_record(printer, k.path, Fields, from.*Member);
                    }};
}

// read_named reads a map of names to records; T has `name` and `place`.
template <class T>
void read_named(Decoder& decoder, const Key& key, const Node& node,
                std::type_identity_t<std::span<const Field<T>>> fields, std::vector<T>& out,
                Type name_type = Type::name) {
    if (!expect_map(decoder, node, type_words(Type::record))) return;
    const auto pattern = std::string(key.path) + ".*";
    for (std::size_t i = 0; i < node.keys.size(); ++i) {
        if (!good_name(decoder, node.keys[i], name_type)) continue;
        Step step(decoder, node.keys[i].text);
        decoder.places.put(decoder.path, node.keys[i].place);
        T one{};
        one.name = node.keys[i].text;
        if constexpr (requires { one.place; }) one.place = node.keys[i].place;
        read_record(decoder, pattern, node.items[i], fields, one);
        out.push_back(std::move(one));
    }
}

template <class T>
void print_named(Printer& printer, const Key& key, std::type_identity_t<std::span<const Field<T>>> fields,
                 const std::vector<T>& from) {
    const auto pattern = std::string(key.path) + ".*";
    for (const auto& one : from) {
        PrintStep step(printer, one.name);
        print_record(printer, pattern, fields, one);
    }
}

// named: a key that fills a list with one record per name.
template <auto Member, const auto& Fields, Type NameType = Type::name>
constexpr auto named(std::string_view key) {
    using T = typename MemberOf<decltype(Member)>::Owner;
    return Field<T>{
        key,
        [](Decoder& decoder, const Key& k, const Node& node, T& out) {
            (out.*Member).clear();
            read_named(decoder, k, node, Fields, out.*Member, NameType);
        },
        [](Printer& printer, const Key& k, const T& from) { print_named(printer, k, Fields, from.*Member); }};
}

}  // namespace sekisho::config

// From files to a Model: reading, including, merging, and one list of everything that is wrong.
#include "config/load.hpp"

#include "base/icalendar.hpp"
#include "base/text.hpp"
#include "config/load_tree.hpp"
#include "config/scan.hpp"
#include "config/sections.hpp"

#include <algorithm>
#include <iterator>
#include <map>

namespace sekisho::config {
namespace {

std::string_view id_of(Errc code) noexcept {
    switch (code) {
        case Errc::not_found:
            return "file.missing";
        case Errc::denied:
            return "file.denied";
        case Errc::too_large:
            return "file.too_large";
        default:
            return "file.unreadable";
    }
}

// Loader holds what reading one configuration needs; it lives for one load.
class Loader {
public:
    Loader(const Files& files, std::string main)
        : files_(files), main_(std::move(main)), findings_(out_.sources) {}

    Loaded run() {
        auto root = read_file(main_, {});
        if (root) {
            follow_includes(*root);
            find_duplicates(*root);
            decode(*root);
        }
        for (std::uint32_t i = 0; i < out_.sources.size(); ++i)
            if (!out_.sources[i].ended && !out_.sources[i].name.ends_with(".ics"))
                findings_.add("file.unended", {i, 0, 0}, {out_.sources[i].name});
        if (findings_.any_error()) out_.model.reset();
        out_.diagnostics = findings_.take();
        return std::move(out_);
    }

private:
    std::optional<Node> read_file(const std::string& path, Place asked_from) {
        auto text = files_.read(path, file_bytes_max);
        if (!text) {
            const auto code = text.error().code();
            auto& finding = findings_.add(id_of(code), asked_from, {path, size_text(file_bytes_max)});
            if (finding.file.empty()) finding.file = path;
            return std::nullopt;
        }
        if (text->rfind("\xEF\xBB\xBF", 0) == 0) text->erase(0, 3);
        const auto file = static_cast<std::uint32_t>(out_.sources.size());
        out_.sources.push_back({path, std::move(*text), false});
        auto& source = out_.sources.back();
        source.ended = has_end_marker(source.text);
        if (!scan_text(source, file, findings_)) return std::nullopt;
        return parse_tree(source, file, findings_, nodes_left_);
    }

    void follow_includes(Node& root) {
        const auto* include = root.kind == Node::Kind::map ? root.find("include") : nullptr;
        if (include == nullptr) return;
        std::vector<std::string> patterns;
        std::vector<Place> places;
        Places ignored;
        Decoder decoder{findings_, ignored, {}, out_.sources};
        read_value(decoder, key_of("", "include"), *include, patterns);
        for (const auto& item : include->items) places.push_back(item.place);
        if (patterns.size() != places.size()) return;  // complained about
        std::vector<Node> others;
        for (std::size_t i = 0; i < patterns.size(); ++i) include_pattern(patterns[i], places[i], others);
        for (auto& other : others) merge(root, std::move(other));
    }

    void include_pattern(const std::string& pattern, Place place, std::vector<Node>& others) {
        const auto folder = folder_of(pattern);
        if (folder.find_first_of("*?") != std::string::npos) {
            findings_.add("include.pattern", place, {pattern});
            return;
        }
        const auto full = resolve_path(folder_of(main_), pattern);
        patterns_.push_back(full);
        const auto paths = include_paths(files_, full);
        if (paths.empty()) findings_.add("include.none", place, {pattern});
        for (const auto& path : paths)
            if (!include_file(path, pattern, place, others)) return;
    }

    bool include_file(const std::string& path, const std::string& pattern, Place place,
                      std::vector<Node>& others) {
        if (path == main_) {
            findings_.add("include.cycle", place, {pattern});
            return true;
        }
        const auto same = [&](const Source& source) { return source.name == path; };
        if (std::any_of(out_.sources.begin(), out_.sources.end(), same)) {
            findings_.add("include.twice", place, {path});
            return true;
        }
        if (out_.sources.size() >= files_max) {
            findings_.add("include.too_many", place, {std::to_string(files_max)});
            return false;
        }
        auto tree = read_file(path, place);
        if (!tree) return true;
        if (tree->find("include") != nullptr) {
            const auto at = std::find_if(tree->keys.begin(), tree->keys.end(),
                                         [](const Node& key) { return key.text == "include"; });
            findings_.add("include.nested", at->place);
            return true;
        }
        others.push_back(std::move(*tree));
        return true;
    }

    // Sections of both files become one: maps gain keys, lists gain elements, anything else stands twice and
    // is found by find_duplicates.
    void merge(Node& root, Node other) {
        if (other.kind != Node::Kind::map) {
            findings_.add("value.type", other.place,
                          {type_words(Type::record), Argument("something else", "別のもの")});
            return;
        }
        for (std::size_t i = 0; i < other.keys.size(); ++i) {
            auto& key = other.keys[i];
            auto& item = other.items[i];
            auto* mine = const_cast<Node*>(root.find(key.text));
            const bool join =
                mine != nullptr && mine->kind == item.kind && !item.is_scalar() && key.is_scalar();
            if (join) {
                std::move(item.keys.begin(), item.keys.end(), std::back_inserter(mine->keys));
                std::move(item.items.begin(), item.items.end(), std::back_inserter(mine->items));
            } else {
                root.keys.push_back(std::move(key));
                root.items.push_back(std::move(item));
            }
        }
    }

    std::string place_text(Place place) const {
        return out_.sources[place.file].name + ":" + std::to_string(place.line) + ":" +
               std::to_string(place.column);
    }

    // Recursion is bounded by depth_max.
    void find_duplicates(const Node& node) {
        std::map<std::string_view, Place> first;
        for (const auto& key : node.keys) {
            if (!key.is_scalar()) continue;
            const auto [other, fresh] = first.emplace(key.text, key.place);
            if (fresh) continue;
            auto& finding = findings_.add("key.duplicate", key.place, {key.text, place_text(other->second)});
            finding.width = static_cast<std::uint32_t>(std::max<std::size_t>(1, characters(key.text)));
        }
        for (const auto& item : node.items) find_duplicates(item);
    }

    void decode(const Node& root) {
        auto& model = out_.model.emplace();
        Decoder decoder{findings_, model.places, folder_of(main_), out_.sources};
        read_model(decoder, root, model);
        for (auto& calendar : model.calendars) import_calendars(calendar, model.places);
        out_.accepted = std::move(decoder.accepted);
        for (const auto& source : out_.sources) model.files.push_back(source.name);
        const auto digest = digest_of(out_.sources);
        model.digest.assign(digest.begin(), digest.end());
        model.include_patterns = patterns_;
    }

    // Imported files are part of the configuration: of its digest, and of what is watched. END:VCALENDAR is
    // their end marker.
    void import_calendars(Calendar& calendar, const Places& places) {
        const auto zone = Zone::find(calendar.timezone);
        for (std::size_t i = 0; i < calendar.imports.size() && zone; ++i) {
            const auto& path = calendar.imports[i];
            const auto place =
                places.find("calendars." + calendar.name + ".import[" + std::to_string(i) + "]");
            if (out_.sources.size() >= files_max) {
                findings_.add("include.too_many", place, {std::to_string(files_max)});
                return;
            }
            auto text = files_.read(path, icalendar_bytes_max);
            if (!text) {
                findings_.add(id_of(text.error().code()), place, {path, size_text(icalendar_bytes_max)});
                continue;
            }
            const auto file = static_cast<std::uint32_t>(out_.sources.size());
            if (text->rfind("\xEF\xBB\xBF", 0) == 0) text->erase(0, 3);
            out_.sources.push_back({path, std::move(*text), false});
            auto read = parse_icalendar(out_.sources.back().text, *zone);
            out_.sources.back().ended = !read.fault;
            if (read.fault)
                findings_.add("calendar.damaged", {file, read.fault->line, 1},
                              {{read.fault->en, read.fault->ja}});
            calendar.events.insert(calendar.events.end(), read.events.begin(), read.events.end());
        }
    }

    const Files& files_;
    std::string main_;
    Loaded out_;
    Findings findings_;
    std::vector<std::string> patterns_;
    std::size_t nodes_left_ = nodes_max;
};

}  // namespace

bool Loaded::complete() const noexcept {
    return !sources.empty() &&
           std::all_of(sources.begin(), sources.end(), [](const Source& source) { return source.ended; });
}

std::vector<std::string> include_paths(const Files& files, const std::string& pattern) {
    const bool wild = pattern.find_first_of("*?") != std::string::npos;
    return wild ? files.glob(pattern) : std::vector<std::string>{pattern};
}

Digest digest_of(const Sources& sources) {
    Bytes all;
    for (const auto& source : sources) {
        const auto part =
            sha256({as_bytes(source.name), as_bytes(std::string_view("\0", 1)), as_bytes(source.text)});
        all.insert(all.end(), part.begin(), part.end());
    }
    return sha256(all);
}

Loaded load_from(const Files& files, const std::string& main) { return Loader(files, main).run(); }
Loaded load(const std::string& path) { return load_from(DiskFiles(), path); }
Loaded load_text(const MemoryFiles& files, const std::string& main) { return load_from(files, main); }

}  // namespace sekisho::config

// YAML to Model. The only file that knows yaml-cpp: its events become our own tree, within bounds, and the
// rest works on the tree.
#include "config/load.hpp"

#include "base/text.hpp"
#include "config/scan.hpp"
#include "config/sections.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <iterator>
#include <map>
#include <streambuf>

namespace sekisho::config {
namespace {

// Thrown through yaml-cpp to stop it at a bound; caught in parse_tree.
struct Stop {};

// Reads from memory without a copy.
class ViewBuffer final : public std::streambuf {
public:
    explicit ViewBuffer(std::string_view text) {
        auto* begin = const_cast<char*>(text.data());
        setg(begin, begin, begin + text.size());
    }
};

// Lines turns yaml-cpp's marks (bytes, from 0) into places (characters, from 1).
class Lines {
public:
    Lines(std::string_view text, std::uint32_t file) : text_(text), file_(file) {
        starts_.push_back(0);
        for (std::size_t i = 0; i < text.size(); ++i)
            if (text[i] == '\n') starts_.push_back(i + 1);
    }
    Place place(const YAML::Mark& mark) const {
        if (mark.line < 0 || mark.column < 0) return {file_, 1, 1};
        const auto line = std::min<std::size_t>(static_cast<std::size_t>(mark.line), starts_.size() - 1);
        const auto end = std::min(starts_[line] + static_cast<std::size_t>(mark.column), text_.size());
        // Marks mostly come in order: counting goes on where it stopped, or a long line would cost its
        // square.
        if (line != line_ || end < byte_) {
            line_ = line;
            byte_ = starts_[line];
            column_ = 1;
        }
        column_ += static_cast<std::uint32_t>(characters(text_.substr(byte_, end - byte_)));
        byte_ = end;
        return {file_, static_cast<std::uint32_t>(line + 1), column_};
    }
    // The character at a mark, 0 past the end.
    char at(const YAML::Mark& mark) const {
        const auto offset = static_cast<std::size_t>(std::max(mark.pos, 0));
        return offset < text_.size() ? text_[offset] : '\0';
    }

private:
    std::string_view text_;
    std::uint32_t file_;
    std::vector<std::size_t> starts_;
    mutable std::size_t line_ = 0, byte_ = 0;  // where column_ was counted up to
    mutable std::uint32_t column_ = 1;
};

// TreeBuilder makes Nodes of events. Anchors, aliases and tags are complained about where they stand.
class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(const Lines& lines, Findings& findings, std::size_t& nodes_left)
        : lines_(lines), findings_(findings), nodes_left_(nodes_left) {}

    Node root;
    bool documented = false;

    void OnDocumentStart(const YAML::Mark& mark) override {
        documented = true;
        root.place = lines_.place(mark);
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse(mark, {}, anchor);
        put(make(Node::Kind::null, mark));
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        findings_.add("yaml.alias", lines_.place(mark));
        put(make(Node::Kind::null, mark));
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse(mark, tag, anchor);
        auto node = make(tag == "?" ? Node::Kind::plain : Node::Kind::quoted, mark);
        node.text = value;
        put(std::move(node));
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(Node::Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(Node::Kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    Node make(Node::Kind kind, const YAML::Mark& mark) {
        Node node;
        node.kind = kind;
        node.place = lines_.place(mark);
        if (nodes_left_ == 0) {
            findings_.add("yaml.nodes", node.place, {std::to_string(nodes_max)});
            throw Stop{};
        }
        --nodes_left_;
        return node;
    }

    // yaml-cpp hands "?" for what has no tag and "!" for quoted text; anything else was written. A lone "!"
    // can only be seen in the text.
    void refuse(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) findings_.add("yaml.anchor", lines_.place(mark));
        const bool written = !tag.empty() && tag != "?" && tag != "!";
        if (written || (tag == "!" && lines_.at(mark) == '!')) findings_.add("yaml.tag", lines_.place(mark));
    }

    void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
        refuse(mark, tag, anchor);
        auto node = make(kind, mark);
        if (stack_.size() >= depth_max) {
            findings_.add("yaml.depth", node.place, {std::to_string(depth_max)});
            throw Stop{};
        }
        stack_.push_back(std::move(node));
    }

    void close() {
        auto node = std::move(stack_.back());
        stack_.pop_back();
        put(std::move(node));
    }

    // A finished node is a key, a value, an element or the root.
    void put(Node node) {
        if (stack_.empty()) {
            root = std::move(node);
            return;
        }
        auto& parent = stack_.back();
        if (parent.kind == Node::Kind::list || parent.keys.size() > parent.items.size()) {
            parent.items.push_back(std::move(node));
            return;
        }
        if (!node.is_scalar()) findings_.add("yaml.key", node.place);
        parent.keys.push_back(std::move(node));
    }

    const Lines& lines_;
    Findings& findings_;
    std::size_t& nodes_left_;
    std::vector<Node> stack_;
};

// Only notes where a second document begins.
class SecondDocument final : public YAML::EventHandler {
public:
    std::optional<YAML::Mark> found;
    void OnDocumentStart(const YAML::Mark& mark) override {
        found = mark;
        throw Stop{};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

// refuse_second complains when anything follows the first document.
void refuse_second(YAML::Parser& parser, const Lines& lines, Findings& findings) {
    SecondDocument second;
    try {
        parser.HandleNextDocument(second);
    } catch (const Stop&) {
    }
    if (second.found) findings.add("yaml.documents", lines.place(*second.found));
}

// parse_tree gives nothing when the text is no YAML or passes a bound; the finding says why.
std::optional<Node> parse_tree(const Source& source, std::uint32_t file, Findings& findings,
                               std::size_t& nodes_left) {
    const Lines lines(source.text, file);
    TreeBuilder builder(lines, findings, nodes_left);
    ViewBuffer buffer(source.text);
    std::istream stream(&buffer);
    try {
        YAML::Parser parser(stream);
        parser.HandleNextDocument(builder);
        refuse_second(parser, lines, findings);
    } catch (const Stop&) {
        return std::nullopt;
    } catch (const YAML::Exception& e) {
        findings.add("yaml.syntax", lines.place(e.mark), {e.msg});
        return std::nullopt;
    }
    if (!builder.documented || builder.root.kind == Node::Kind::null) {
        findings.add("file.empty", {file, 0, 0}, {source.name});
        return std::nullopt;
    }
    return std::move(builder.root);
}

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
            if (!out_.sources[i].ended) findings_.add("file.unended", {i, 0, 0}, {out_.sources[i].name});
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
        for (const auto& source : out_.sources) model.files.push_back(source.name);
        const auto digest = digest_of(out_.sources);
        model.digest.assign(digest.begin(), digest.end());
        model.include_patterns = patterns_;
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

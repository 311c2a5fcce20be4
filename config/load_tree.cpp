// yaml-cpp's events become our own tree, within bounds. The only file that knows yaml-cpp.
#include "config/load_tree.hpp"

#include "config/load.hpp"
#include "config/scalar.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
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

}  // namespace

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

}  // namespace sekisho::config

#include "config/policy_files.hpp"

#include "base/text.hpp"
#include "config/choices.hpp"
#include "config/load_tree.hpp"
#include "config/scan.hpp"
#include "config/sections.hpp"

#include <algorithm>

namespace sekisho::config {
namespace {

std::optional<Node> read_tree(const Files& files, const std::string& path, Sources& sources,
                              Findings& findings) {
    auto text = files.read(path, file_bytes_max);
    if (!text) {
        auto& finding = findings.add(
            text.error().code() == Errc::not_found ? "file.missing" : "file.unreadable", {}, {path});
        finding.file = path;
        return std::nullopt;
    }
    sources.push_back({path, std::move(*text), true});
    std::size_t nodes_left = nodes_max;
    if (!scan_text(sources.back(), 0, findings)) return std::nullopt;
    return parse_tree(sources.back(), 0, findings, nodes_left);
}

// CaseReader reads one entry; each key is known by its name.
class CaseReader {
public:
    CaseReader(Findings& findings, const std::string& file) : findings_(findings), file_(file) {}

    CaseText read(const Node& node) {
        CaseText out;
        out.place = file_ + ":" + std::to_string(node.place.line);
        if (node.kind != Node::Kind::map) {
            findings_.add("value.type", node.place,
                          {type_words(Type::record), Argument("something else", "別のもの")});
            return out;
        }
        for (std::size_t i = 0; i < node.keys.size(); ++i) take(node.keys[i], node.items[i], out);
        for (const auto* needed : {"name", "who", "app", "at", "expect"})
            if (node.find(needed) == nullptr)
                findings_.add("key.missing", node.place, {needed, Argument("a value", "値")});
        return out;
    }

private:
    void bad(const Node& node, Argument wanted) {
        findings_.add("value.form", node.place, {std::move(wanted), node.text});
    }

    void take(const Node& key, const Node& item, CaseText& out) {
        if (!item.is_scalar() || printable(item.text) != item.text)
            return void(
                findings_.add("value.type", item.place,
                              {Argument("one value", "1 つの値"), Argument("something else", "別のもの")}));
        const auto& text = item.text;
        const struct {
            std::string_view name;
            std::string* member;
        } plain[] = {{"name", &out.name}, {"why", &out.why},       {"who", &out.user},
                     {"app", &out.app},   {"method", &out.method}, {"path", &out.path}};
        for (const auto& each : plain)
            if (key.text == each.name) return void(*each.member = text);
        if (key.text == "rule") return void(out.rule = text == "none" ? std::string() : text);
        if (key.text == "reason") return void(out.reason = text);
        if (key.text == "expect") return expect(item, out);
        if (key.text == "from") return from(item, out);
        if (key.text == "at") return time(item, [&](WallTime when) { out.now = when; });
        if (key.text == "until") return until(item, out);
        if (key.text == "factor") return factor(item, out);
        if (key.text == "factor_age") return age(item, out);
        findings_.add("key.unknown", key.place, {key.text});
    }

    void expect(const Node& item, CaseText& out) {
        out.allow = item.text == "allow";
        if (!out.allow && item.text != "deny") bad(item, Argument("allow or deny", "allow か deny"));
    }
    void from(const Node& item, CaseText& out) {
        if (item.text == "unknown") return;
        out.client = parse_ip(item.text);
        if (!out.client) bad(item, Argument("an address or unknown", "アドレスか unknown"));
    }
    template <class Set>
    void time(const Node& item, Set set) {
        if (const auto when = parse_rfc3339(item.text)) return set(*when);
        bad(item,
            Argument("a time such as 2026-11-24T10:42:07+09:00", "2026-11-24T10:42:07+09:00 のような時刻"));
    }
    void until(const Node& item, CaseText& out) {
        if (item.text == "ever") return void(out.until = WallTime::max());
        time(item, [&](WallTime when) { out.until = when; });
    }
    void factor(const Node& item, CaseText& out) {
        if (item.text == "none") return void(out.strength = FactorStrength::none);
        for (const auto& word : strengths)
            if (word.text == item.text) return void(out.strength = word.choice);
        bad(item, Argument("a factor, or none", "認証要素か none"));
    }
    void age(const Node& item, CaseText& out) {
        out.age.reset();
        if (item.text == "unknown") return;
        out.age = parse_duration(item.text);
        if (!out.age) bad(item, Argument("a time such as 30m, or unknown", "30m のような時間か unknown"));
    }

    Findings& findings_;
    std::string file_;
};

}  // namespace

Properties read_properties(const Files& files, const std::string& path, Model& model) {
    Sources sources;
    sources.reserve(1);
    Findings findings(sources);
    Properties out;
    const auto before = model.rules.size();
    if (const auto root = read_tree(files, path, sources, findings)) {
        Places places;
        Decoder decoder{findings, places, folder_of(path), sources};
        Model scratch;
        read_record<Model>(decoder, "", *root, rule_fields(), scratch);
        scratch.levels.insert(scratch.levels.begin(), model.levels.begin(), model.levels.end());
        expand_levels(decoder, scratch);
        for (auto& rule : scratch.rules) {
            rule.shadow = true;
            for (auto& condition : rule.conditions)
                if (condition.hours.timezone.empty()) condition.hours.timezone = model.timezone;
            model.rules.push_back(std::move(rule));
        }
    }
    if (!findings.any_error()) out.added = model.rules.size() - before;
    out.diagnostics = findings.take();
    return out;
}

CasesFile read_cases(const Files& files, const std::string& path) {
    Sources sources;
    sources.reserve(1);
    Findings findings(sources);
    CasesFile out;
    std::vector<CaseText> cases;
    if (const auto root = read_tree(files, path, sources, findings)) {
        const auto* list = root->kind == Node::Kind::map ? root->find("cases") : nullptr;
        if (list == nullptr || list->kind != Node::Kind::list)
            findings.add("key.missing", root->place,
                         {"cases", Argument("a list of cases", "ケースのリスト")});
        else if (list->items.size() > cases_max)
            findings.add("yaml.nodes", list->place, {std::to_string(cases_max)});
        else
            for (const auto& item : list->items) cases.push_back(CaseReader(findings, path).read(item));
    }
    if (!findings.any_error()) out.cases = std::move(cases);
    out.diagnostics = findings.take();
    return out;
}

}  // namespace sekisho::config

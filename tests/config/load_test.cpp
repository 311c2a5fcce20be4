// Goal: what is well-formed loads as written; everything else is refused with the right id at the right
// place. Method: one small good file and the example; then a table of single changes, each with the id, line
// and column of its first finding.
#include "config/load.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sekisho::config {
namespace {

TEST(Load, SmallFileHasNoFinding) {
    const auto loaded = load_small();
    EXPECT_EQ(to_text(loaded.diagnostics, Language::en), "");
    ASSERT_TRUE(loaded.model);
    EXPECT_TRUE(loaded.complete());
    EXPECT_EQ(loaded.model->portal.host, "portal.localhost");
    EXPECT_EQ(loaded.model->portal.port, 8443);
    EXPECT_EQ(loaded.model->apps.at(0).origins, std::vector<std::string>{"https://wiki.localhost:8443"});
    EXPECT_EQ(loaded.model->ops.admin_socket, "data/admin.sock");
    EXPECT_EQ(loaded.model->audit.directory, "data/audit");
    EXPECT_EQ(loaded.model->tiers.size(), 3u);
    EXPECT_EQ(loaded.model->people.at(1).org, "aoba");
    EXPECT_EQ(loaded.model->people.at(1).place.line, 11u);
    EXPECT_EQ(loaded.model->digest.size(), 32u);
}

TEST(Load, ExampleLoadsAsWritten) {
    const auto loaded = load_string(example_text(SEKISHO_SOURCE_DIR));
    EXPECT_EQ(to_text(loaded.diagnostics, Language::en), "");
    ASSERT_TRUE(loaded.model);
    const auto& model = *loaded.model;
    EXPECT_EQ(model.timezone, "Asia/Tokyo");
    EXPECT_EQ(model.portal.organisation.ja, "見本銀行");
    EXPECT_EQ(model.limits.body_bytes, 2ull << 30);
    ASSERT_EQ(model.rules.size(), 5u);
    const auto& finance = model.rules[3];
    ASSERT_EQ(finance.who.size(), 1u);
    ASSERT_EQ(finance.who[0].size(), 2u);
    EXPECT_EQ(finance.who[0][0].person, PersonKind::staff);
    EXPECT_EQ(finance.who[0][1].name, "finance");
    ASSERT_EQ(finance.conditions.size(), 3u);
    EXPECT_EQ(finance.conditions[0].max_age, Seconds{8 * 3600});
    EXPECT_EQ(finance.conditions[1].networks, std::vector<std::string>{"office"});
    EXPECT_EQ(finance.conditions[2].hours.days, 0x1f);
    EXPECT_EQ(finance.conditions[2].hours.from_minute, 420);
    EXPECT_EQ(finance.conditions[2].hours.timezone, "Asia/Tokyo");
    EXPECT_EQ(model.rules[4].effect, Rule::Effect::deny);
    EXPECT_EQ(model.rules[4].paths, std::vector<std::string>{"/archive/"});
    EXPECT_EQ(model.orgs[0].hours.at(0).timezone, "Asia/Tokyo");
    EXPECT_EQ(model.tiers[0].on_audit_failure, OnAuditFailure::refuse);
    EXPECT_EQ(model.tiers[1].on_audit_failure, OnAuditFailure::serve_and_count);
}

struct Bad {
    const char* name;
    const char* from;  // in the small file
    const char* to;
    const char* id;
    std::uint32_t line, column;
};

// clang-format off
const Bad bads[] = {
    {"unknown root key", "groups:", "grups:", "key.unknown", 8, 1},
    {"unknown nested key", "kind: staff, groups", "kind: staff, groop", "key.unknown", 10, 23},
    {"unknown key in rule", "app: wiki}", "ap: wiki}", "key.unknown", 17, 45},
    {"duplicate root key", "networks: {office: [10.0.0.0/8]}", "version: 1", "key.duplicate", 7, 1},
    {"duplicate person", "ishii: {kind: contractor, org: aoba}", "sato: {kind: staff}", "key.duplicate", 11, 3},
    {"duplicate flow key", "kind: staff, ", "kind: staff, kind: ops, ", "key.duplicate", 10, 23},
    {"duplicate rule", "rules: [", "rules: [{id: r1, deny: {who: any}}, ", "rule.duplicate", 17, 42},
    {"missing version", "version: 1", "timezone: UTC", "key.missing", 1, 1},
    {"missing kind", "{kind: staff, groups: [finance]}", "{groups: [finance]}", "key.missing", 10, 9},
    {"missing rule id", "{id: r1, allow", "{allow", "key.missing", 17, 9},
    {"null value", "groups: {finance: Finance}", "groups:", "value.missing", 9, 1},
    {"null scalar", "host: wiki.localhost", "host:", "value.missing", 16, 28},
    {"tilde value", "host: wiki.localhost", "host: ~", "value.missing", 16, 29},
    {"list for text", "title: Wiki", "title: [Wiki]", "value.type", 16, 17},
    {"text for record", "listen: {https: [\"127.0.0.1:8443\"]}", "listen: here", "value.type", 2, 9},
    {"text for list", "groups: [finance]", "groups: finance", "value.type", 10, 31},
    {"record for number", "version: 1", "version: {a: 1}", "value.type", 1, 10},
    {"quoted number", "version: 1", "version: \"1\"", "value.type", 1, 10},
    {"wrong version", "version: 1", "version: 2", "value.range", 1, 10},
    {"octal", "version: 1", "version: 017", "value.number_form", 1, 10},
    {"hexadecimal", "version: 1", "version: 0x1", "value.number_form", 1, 10},
    {"new octal", "version: 1", "version: 0o1", "value.number_form", 1, 10},
    {"underscore", "version: 1", "version: 1_0", "value.number_form", 1, 10},
    {"sexagesimal", "version: 1", "version: 1:30", "value.number_form", 1, 10},
    {"float", "version: 1", "version: 1.0", "value.number_form", 1, 10},
    {"signed", "version: 1", "version: +1", "value.form", 1, 10},
    {"word for number", "version: 1", "version: one", "value.form", 1, 10},
    {"yes for true", "tier: general}", "tier: general, listed: yes}", "value.boolean_word", 16, 84},
    {"no for false", "tier: general}", "tier: general, listed: no}", "value.boolean_word", 16, 84},
    {"On for true", "tier: general}", "tier: general, listed: On}", "value.boolean_word", 16, 84},
    {"TRUE for true", "tier: general}", "tier: general, listed: TRUE}", "value.boolean_word", 16, 84},
    {"quoted truth", "tier: general}", "tier: general, listed: \"true\"}", "value.form", 16, 84},
    {"number for truth", "tier: general}", "tier: general, listed: 1}", "value.form", 16, 84},
    {"no as group", "groups: [finance]", "groups: [no]", "value.ambiguous", 10, 32},
    {"no as name", "finance: Finance", "no: Finance", "key.ambiguous", 8, 10},
    {"number as title", "title: Wiki", "title: 017", "value.ambiguous", 16, 17},
    {"upper-case name", "finance: Finance", "Finance: Finance", "key.name", 8, 10},
    {"empty name", "finance: Finance", "\"\": Finance", "key.name", 8, 10},
    {"size without unit", "audit: {", "limits: {head: 32768}\naudit: {", "value.unit", 6, 16},
    {"time without unit", "audit: {", "limits: {head_timeout: 15}\naudit: {", "value.unit", 6, 24},
    {"decimal size", "audit: {", "limits: {head: 32KB}\naudit: {", "value.form", 6, 16},
    {"head too small", "audit: {", "limits: {head: 1KiB}\naudit: {", "value.range", 6, 16},
    {"head too large", "audit: {", "limits: {head: 2MiB}\naudit: {", "value.range", 6, 16},
    {"portal head below 64 KiB of cookies", "audit: {", "limits: {portal_head: 64KiB}\naudit: {", "value.range", 6, 23},
    {"session too long", "audit: {", "sessions: {staff: {absolute: 31d}}\naudit: {", "value.range", 6, 30},
    {"fraction of a second", "audit: {", "sessions: {staff: {idle: 90500ms}}\naudit: {", "value.form", 6, 26},
    {"idle beyond absolute", "audit: {", "sessions: {staff: {idle: 13h}}\naudit: {", "sessions.idle", 6, 26},
    {"endpoint without port", "127.0.0.1:8443\"]", "127.0.0.1\"]", "value.form", 2, 18},
    {"endpoint with name", "127.0.0.1:8443\"]", "localhost:8443\"]", "value.form", 2, 18},
    {"port out of range", "127.0.0.1:8443\"]", "127.0.0.1:65536\"]", "value.form", 2, 18},
    {"no endpoint", "[\"127.0.0.1:8443\"]", "[]", "value.empty_list", 2, 17},
    {"same endpoint twice", "[\"127.0.0.1:8443\"]", "[\"127.0.0.1:1\", \"127.0.0.1:1\"]", "value.duplicate", 2, 33},
    {"endpoint of ops", "127.0.0.1:8443\"]", "127.0.0.1:9464\"]", "listen.twice", 0, 0},
    {"portal over http", "https://portal", "http://portal", "portal.https", 3, 15},
    {"portal with path", "8443\"}", "8443/x\"}", "value.form", 3, 15},
    {"portal with user", "https://portal", "https://me@portal", "value.form", 3, 15},
    {"inline secret", "{file: master.key}", "hunter2", "value.secret_inline", 5, 33},
    {"secret with two places", "{file: master.key}", "{file: a, env: SEKISHO_B}", "value.type", 5, 33},
    {"secret from foreign variable", "{file: master.key}", "{env: HOME}", "secret.variable_name", 5, 39},
    {"network with host bits", "10.0.0.0/8", "10.0.0.1/8", "value.form", 7, 21},
    {"date that does not exist", "2026-04-01", "2026-02-30", "value.form", 13, 54},
    {"contract reversed", "2026-04-01", "2028-04-01", "org.contract", 13, 70},
    {"unknown time zone", "version: 1", "version: 1\ntimezone: Asia/Tokio", "value.timezone", 2, 11},
    {"time of day unquoted", "sponsor: sato,", "sponsor: sato, hours: [{from: 08:00}],", "value.minute_quotes", 13, 52},
    {"time of day 25:00", "sponsor: sato,", "sponsor: sato, hours: [{from: \"25:00\"}],", "value.form", 13, 52},
    {"empty hours", "sponsor: sato,", "sponsor: sato, hours: [{from: \"08:00\", to: \"08:00\"}],", "hours.empty", 13, 45},
    {"odd days", "sponsor: sato,", "sponsor: sato, hours: [{days: mo-fr}],", "value.form", 13, 52},
    {"kind misspelt", "kind: staff", "kind: staf", "value.choice", 10, 16},
    {"unknown group", "[finance]", "[finanse]", "name.group", 10, 32},
    {"unknown org", "org: aoba", "org: aobo", "name.org", 11, 34},
    {"contractor without org", "contractor, org: aoba", "contractor", "person.no_org", 11, 3},
    {"staff with org", "kind: contractor", "kind: staff", "person.org_refused", 11, 29},
    {"unknown sponsor", "sponsor: sato", "sponsor: saito", "name.person", 13, 31},
    {"sponsor of a contractor", "sponsor: sato", "sponsor: ishii", "org.sponsor_kind", 13, 31},
    {"unknown upstream", "upstream: wiki,", "upstream: wikki,", "name.upstream", 16, 55},
    {"unknown tier", "tier: general", "tier: generel", "name.tier", 16, 67},
    {"app on the portal's host", "host: wiki.localhost", "host: portal.localhost", "app.portal_host", 16, 29},
    {"host with underscore", "host: wiki.localhost", "host: wi_ki.localhost", "value.form", 16, 29},
    {"path without slash", "tier: general", "tier: general, paths: [a]", "value.form", 16, 84},
    {"path with dots", "tier: general", "tier: general, paths: [/a/../b]", "value.form", 16, 84},
    {"path with semicolon", "tier: general", "tier: general, paths: [/a;b]", "value.form", 16, 84},
    {"lower-case method", "tier: general", "tier: general, methods: [get]", "value.form", 16, 86},
    {"origin with path", "tier: general", "tier: general, websocket: true, origins: [\"https://a/b\"]", "value.form", 16, 103},
    {"who misspelt", "\"kind:staff\"", "\"kind:staf\"", "value.who", 17, 31},
    {"who without prefix", "\"kind:staff\"", "staff", "value.who", 17, 31},
    {"who empty", "\"kind:staff\"", "[]", "value.empty_list", 17, 31},
    {"who unknown user", "\"kind:staff\"", "\"user:saito\"", "name.person", 17, 31},
    {"rule for unknown app", "app: wiki}", "app: wikki}", "name.app", 17, 50},
    {"rule with empty apps", "app: wiki}", "app: []}", "value.empty_list", 17, 50},
    {"rule with both effects", "allow: {who", "deny: {who: any}, allow: {who", "rule.effect", 17, 9},
    {"rule with no effect", "{id: r1, allow: {who: \"kind:staff\", app: wiki}}", "{id: r1}", "rule.effect", 17, 9},
    {"condition with two keys", "app: wiki}", "app: wiki, if: [{mfa: {}, network: office}]}", "rule.condition", 17, 61},
    {"condition unknown network", "app: wiki}", "app: wiki, if: [{network: offise}]}", "name.network", 17, 71},
    {"condition mixed networks", "app: wiki}", "app: wiki, if: [{network: [office, \"!office\"]}]}", "rule.network_mixed", 17, 71},
    {"condition bare bang", "app: wiki}", "app: wiki, if: [{network: !office }]}", "yaml.tag", 17, 71},
    {"anchor", "title: Wiki", "title: &a Wiki", "yaml.anchor", 16, 17},
    {"alias", "title: Wiki", "title: &a Wiki, about: *a", "yaml.anchor", 16, 17},
    {"tag", "title: Wiki", "title: !!str Wiki", "yaml.tag", 16, 17},
    {"lone tag", "title: Wiki", "title: ! Wiki", "yaml.tag", 16, 17},
    {"merge key", "title: Wiki", "title: Wiki, <<: {a: 1}", "key.unknown", 16, 23},
    {"list as key", "title: Wiki", "title: Wiki, ? [a] : 1", "yaml.key", 16, 25},
    {"second document", "...\n", "...\n---\na: 1\n", "yaml.documents", 19, 1},
    {"directive", "version: 1", "%YAML 1.1\n---\nversion: 1", "yaml.directive", 1, 1},
    {"unclosed flow", "[10.0.0.0/8]}", "[10.0.0.0/8", "yaml.syntax", 8, 7},
    {"tab indentation", "  sato:", "\tsato:", "yaml.syntax", 10, 6},
    {"control character", "title: Wiki", "title: Wi\x01ki", "text.control", 16, 19},
    {"bidirectional override", "title: Wiki", "title: Wi\xE2\x80\xAEki", "text.invisible", 16, 19},
    {"not UTF-8", "title: Wiki", "title: Wi\xFFki", "text.not_utf8", 16, 19},
    {"escaped control character", "title: Wiki", "title: \"Wi\\u202Eki\"", "value.control", 16, 17},
    {"line break in title", "title: Wiki", "title: \"Wi\\nki\"", "value.control", 16, 17},
    {"empty title", "title: Wiki", "title: \"\"", "value.length", 16, 17},
    {"other language", "title: Wiki", "title: {fr: Wiki}", "key.unknown", 16, 18},
    {"file is no map", "version: 1", "- 1\n- 2\n---", "value.type", 1, 1},
};
// clang-format on

class BadSnippet : public testing::TestWithParam<Bad> {};

TEST_P(BadSnippet, IsRefusedAtItsPlace) {
    const auto& bad = GetParam();
    const auto loaded = load_small(bad.from, bad.to);
    EXPECT_FALSE(loaded.model);
    ASSERT_FALSE(loaded.diagnostics.empty());
    const auto found = std::find_if(loaded.diagnostics.begin(), loaded.diagnostics.end(),
                                    [&](const Diagnostic& d) { return d.id() == bad.id; });
    ASSERT_NE(found, loaded.diagnostics.end()) << to_text(loaded.diagnostics, Language::en);
    EXPECT_EQ(std::pair(found->line, found->column), std::pair(bad.line, bad.column))
        << to_text(loaded.diagnostics, Language::en);
    for (const auto language : {Language::en, Language::ja}) EXPECT_GT(to_text(*found, language).size(), 20u);
}

INSTANTIATE_TEST_SUITE_P(Load, BadSnippet, testing::ValuesIn(bads), [](const auto& one) {
    std::string name(one.param.name);
    for (auto& c : name)
        if (!isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

TEST(Load, ReportsEveryFaultAtOnce) {
    auto text = replaced(small_text(), "kind: staff", "kind: staf");
    text = replaced(text, "title: Wiki", "titel: Wiki");
    text = replaced(text, "10.0.0.0/8", "10.0.0.0/33");
    const auto loaded = load_string(text);
    std::vector<std::string_view> ids;
    for (const auto& d : loaded.diagnostics) ids.push_back(d.id());
    EXPECT_EQ(ids,
              (std::vector<std::string_view>{"value.form", "value.choice", "key.missing", "key.unknown"}));
}

TEST(Load, BoundsItsFindings) {
    std::string text = "version: 1\n";
    for (int i = 0; i < 5000; ++i) text += "k" + std::to_string(i) + ": 1\n";
    const auto loaded = load_string(text);
    EXPECT_EQ(loaded.diagnostics.size(), Findings::findings_max + 1);
    EXPECT_EQ(loaded.diagnostics.back().id(), "findings.more");
}

TEST(Load, SuggestsWhatWasMeant) {
    const auto meant = [](std::string_view from, std::string_view to) {
        std::string all;
        for (const auto& d : load_small(from, to).diagnostics) all += d.meant;
        return all;
    };
    EXPECT_EQ(meant("kind: staff", "kind: staf"), "staff");
    EXPECT_EQ(meant("[finance]", "[finanse]"), "finance");
    EXPECT_EQ(meant("\"kind:staff\"", "\"knd:staff\""), "kind:staff");
    EXPECT_EQ(meant("upstream: wiki,", "upstream: wikki,"), "wiki");
    EXPECT_EQ(meant("groups: {finance", "gruops: {finance"), "groups");
}

TEST(Load, KeepsAnInlineSecretOutOfItsMessage) {
    const auto loaded = load_small("{file: master.key}", "hunter2");
    EXPECT_EQ(to_text(loaded.diagnostics, Language::en).find("hunter2"), std::string::npos);
    EXPECT_EQ(to_json(loaded.diagnostics).find("hunter2"), std::string::npos);
}

TEST(Load, NullCharactersAreRefused) {
    auto text = small_text();
    text[3] = '\0';
    const auto loaded = load_string(text);
    ASSERT_FALSE(loaded.diagnostics.empty());
    EXPECT_EQ(loaded.diagnostics[0].id(), "text.control");
    EXPECT_FALSE(load_string("").model);
    EXPECT_FALSE(load_string("# nothing\n...\n").model);
}

TEST(Load, HostileShapesEndAtTheirBounds) {
    const auto first_id = [](const std::string& text) {
        const auto loaded = load_string(text + "\n...\n");
        return loaded.diagnostics.empty() ? std::string_view("none") : loaded.diagnostics[0].id();
    };
    EXPECT_EQ(first_id("a: " + std::string(100'000, '[')), "yaml.depth");
    EXPECT_EQ(first_id("a: " + std::string(100'000, '{')), "yaml.depth");
    std::string dashes;
    for (int i = 0; i < 10'000; ++i) dashes += "- ";
    EXPECT_EQ(first_id(dashes), "yaml.depth");
    std::string many = "a: [";
    for (std::size_t i = 0; i <= nodes_max; ++i) many += "1,";
    EXPECT_EQ(first_id(many + "]"), "yaml.nodes");
    EXPECT_EQ(first_id("a: \"" + std::string(file_bytes_max, 'x') + "\""), "file.too_large");
    std::string bomb = "a: &a [x]\n";
    for (char c = 'b'; c <= 'j'; ++c)
        bomb += std::string(1, c) + ": &" + c + " [*" + char(c - 1) + ",*" + char(c - 1) + "]\n";
    const auto bombed = load_string(bomb);
    EXPECT_FALSE(bombed.model);
    EXPECT_NE(to_text(bombed.diagnostics, Language::en).find("aliases (*) are not accepted"),
              std::string::npos);
}

TEST(Load, EveryBytePrefixGivesAnAnswer) {
    const auto text = small_text();
    for (std::size_t n = 0; n < text.size(); ++n) {
        const auto loaded = load_string(text.substr(0, n));
        EXPECT_TRUE(loaded.model || has_error(loaded.diagnostics)) << n;
    }
}

// R14: a truncated file can be valid YAML without its last denies.
TEST(Load, NoLinePrefixOfTheExampleIsFitForAutomaticReload) {
    const auto text = example_text(SEKISHO_SOURCE_DIR);
    int loadable = 0;
    for (std::size_t end = text.find('\n'); end + 1 < text.size(); end = text.find('\n', end + 1)) {
        const auto loaded = load_string(text.substr(0, end + 1));
        EXPECT_FALSE(loaded.model && loaded.complete()) << "cut after byte " << end;
        loadable += loaded.model ? 1 : 0;
    }
    EXPECT_GT(loadable, 0) << "some prefix is valid: the danger R14 names is real";
}

TEST(Include, MergesFilesAndRefusesDuplicates) {
    CheckOptions options;
    options.files = false;
    const auto main = replaced(small_text(), "version: 1\n", "version: 1\ninclude: [conf.d/*.yaml]\n");
    MemoryFiles files;
    files.put("etc/main.yaml", main);
    files.put("etc/conf.d/a.yaml",
              "groups: {sales: Sales}\nrules: [{id: r2, deny: {who: any, paths: [/x]}}]\n...\n");
    files.put("etc/conf.d/.hidden.yaml", "nonsense");
    const auto good = load_checked_from(files, "etc/main.yaml", options);
    EXPECT_EQ(to_text(good.diagnostics, Language::en), "");
    ASSERT_TRUE(good.model);
    EXPECT_EQ(good.model->groups.size(), 2u);
    EXPECT_EQ(good.model->rules.size(), 2u);
    EXPECT_EQ(good.model->rules[1].place.file, 1u);
    EXPECT_EQ(good.model->store.master_key_path, "etc/master.key");
    EXPECT_EQ(good.model->files, (std::vector<std::string>{"etc/main.yaml", "etc/conf.d/a.yaml"}));

    files.put("etc/conf.d/b.yaml", "groups: {finance: Again}\nrules: [{id: r1, deny: {who: any}}]\n...\n");
    const auto bad = load_checked_from(files, "etc/main.yaml", options);
    ASSERT_EQ(bad.diagnostics.size(), 2u);
    EXPECT_EQ(bad.diagnostics[0].id(), "key.duplicate");
    EXPECT_EQ(bad.diagnostics[0].file, "etc/conf.d/b.yaml");
    EXPECT_EQ(bad.diagnostics[1].id(), "rule.duplicate");
}

TEST(Include, RefusesNestingCyclesAndAbsence) {
    const auto ids = [](const std::string& include, const std::string& other) {
        MemoryFiles files;
        files.put("main.yaml",
                  replaced(small_text(), "version: 1\n", "version: 1\ninclude: [" + include + "]\n"));
        files.put("other.yaml", other);
        std::string all;
        for (const auto& d : load_from(files, "main.yaml").diagnostics) all += std::string(d.id()) + " ";
        return all;
    };
    EXPECT_EQ(ids("other.yaml", "include: [x.yaml]\n...\n"), "include.nested ");
    EXPECT_EQ(ids("\"*.yaml\"", "groups: {sales: Sales}\n...\n"), "include.cycle ");
    EXPECT_EQ(ids("other.yaml, other.yaml", "groups: {sales: Sales}\n...\n"),
              "value.duplicate include.twice ");
    EXPECT_EQ(ids("other.yaml, \"o*.yaml\"", "groups: {sales: Sales}\n...\n"), "include.twice ");
    EXPECT_EQ(ids("gone.yaml", ""), "file.missing ");
    EXPECT_EQ(ids("none.d/*.yaml", ""), "include.none ");
    EXPECT_EQ(ids("\"*.d/a.yaml\"", ""), "include.pattern ");
    EXPECT_EQ(ids("other.yaml", "version: 1\n...\n"), "key.duplicate ");
    EXPECT_EQ(ids("other.yaml", "[1]\n...\n"), "value.type ");
    EXPECT_EQ(ids("other.yaml", "groups: {sales: Sales}\n"), "file.unended ");
}

TEST(Load, TellsWhatIsWrongWithAMissingMainFile) {
    const auto loaded = load("/nowhere/sekisho.yaml");
    ASSERT_EQ(loaded.diagnostics.size(), 1u);
    EXPECT_EQ(to_text(loaded.diagnostics, Language::en),
              "/nowhere/sekisho.yaml: error: cannot read /nowhere/sekisho.yaml: there is no such file "
              "[file.missing]\n");
}

}  // namespace
}  // namespace sekisho::config

// Goal: a reload's changes are named, and none that may widen access is called harmless (R14).
// Method: a table of single changes in both directions.
#include "config/diff.hpp"

#include "tests/config/support.hpp"

#include <gtest/gtest.h>

namespace sekisho::config {
namespace {

// A base with enough in it to take away from.
std::string base() {
    auto text = replaced(small_text(), "{finance: Finance}", "{finance: Finance, sales: Sales}");
    text = replaced(text, "sponsor: sato,", "sponsor: sato, hours: [{from: \"08:00\", to: \"20:00\"}],");
    text = replaced(text, "tier: general}",
                    "tier: general, methods: [GET, POST]}\n  sub: {title: S, host: wiki.localhost, paths: "
                    "[/s], upstream: wiki, tier: important}");
    return replaced(text, "app: wiki}}]",
                    "app: wiki, paths: [/a], if: [{mfa: {max_age: 8h}}]}}, "
                    "{id: d1, deny: {who: \"kind:contractor\", app: [wiki], paths: [/b]}}]");
}

Model model_of(const std::string& text) {
    auto loaded = load_string(text);
    if (!loaded.model) throw std::runtime_error(to_text(loaded.diagnostics, Language::en));
    return std::move(*loaded.model);
}

struct Case {
    const char* from;
    const char* to;
    bool loosens_there, loosens_back;
};

// clang-format off
const Case cases[] = {
    {"id: r1, allow", "id: r2, allow", true, true},                       // an allow of another name is a new allow
    {", {id: d1, deny: {who: \"kind:contractor\", app: [wiki], paths: [/b]}}", "", true, false},
    {"paths: [/a], if", "if", true, false},                               // no paths: any path
    {"paths: [/a], if", "paths: [/a, /c], if", true, false},
    {"paths: [/a], if", "paths: [/c], if", true, true},
    {", if: [{mfa: {max_age: 8h}}]", "", true, false},
    {"max_age: 8h", "max_age: 9h", true, true},                           // conservative both ways
    {"who: \"kind:staff\"", "who: any", true, true},
    {"who: \"kind:staff\"", "who: [\"kind:staff\", \"kind:ops\"]", true, false},
    {"app: [wiki], paths: [/b]", "app: [wiki], paths: [/b/c]", true, true},
    {"app: [wiki], paths: [/b]", "app: [wiki]", false, true},             // a deny that widens does not loosen
    {"deny: {who: \"kind:contractor\"", "deny: {who: [\"kind:contractor\", \"kind:ops\"]", false, true},
    {"groups: [finance]", "groups: [finance, sales]", true, true},
    {"  sato: {kind: staff", "  suzuki: {kind: staff}\n  sato: {kind: staff", true, false},
    {"to: 2027-03-31", "to: 2027-04-30", true, false},
    {"from: 2026-04-01", "from: 2026-03-01", true, false},
    {"hours: [{from: \"08:00\", to: \"20:00\"}], ", "", true, false},
    {"hours: [{from", "hours: [{days: sat}, {from", true, false},
    {"10.0.0.0/8", "10.0.0.0/9", true, true},
    {", methods: [GET, POST]", "", true, false},
    {"methods: [GET, POST]", "methods: [GET]", false, true},
    {"methods: [GET, POST]", "methods: [GET, POST], websocket: true", true, false},
    {"tier: important", "tier: general", true, true},
    {"http://127.0.0.1:9001", "http://127.0.0.1:9002", true, true},
    {"audit: {", "sessions: {staff: {idle: 1h}}\naudit: {", true, false},
    {"audit: {", "timezone: Asia/Tokyo\naudit: {", true, true},
    {"audit: {", "limits: {head: 16KiB}\naudit: {", false, false},
    {"title: Wiki", "title: Pages", false, false},
    {"sales: Sales", "sales: Trade", false, false},
    // An app's paths fall to its neighbour on the same host.
    {"\n  sub: {title: S, host: wiki.localhost, paths: [/s], upstream: wiki, tier: important}", "", true, true},
};
// clang-format on

TEST(Diff, JudgesEachChangeBothWays) {
    const auto before = model_of(base());
    for (const auto& one : cases) {
        const auto now = model_of(replaced(base(), one.from, one.to));
        const auto there = diff(before, now), back = diff(now, before);
        EXPECT_FALSE(there.changes.empty()) << one.from << " -> " << one.to;
        EXPECT_EQ(there.loosens(), one.loosens_there) << one.from << " -> " << one.to;
        EXPECT_EQ(back.loosens(), one.loosens_back) << one.to << " -> " << one.from;
        for (const auto& change : there.changes)
            for (const auto language : {Language::en, Language::ja})
                EXPECT_FALSE(sentence(change, language).empty());
    }
}

TEST(Diff, SameModelHasNoChange) { EXPECT_TRUE(diff(model_of(base()), model_of(base())).changes.empty()); }

TEST(Diff, NamesWhatNeedsARestart) {
    const auto before = model_of(base());
    const auto change = diff(before, model_of(replaced(base(), "127.0.0.1:8443\"]", "127.0.0.1:9443\"]")));
    ASSERT_EQ(change.changes.size(), 1u);
    EXPECT_TRUE(change.needs_restart());
    EXPECT_EQ(sentence(change.changes[0], Language::en),
              "listen.https changes from \"127.0.0.1:8443\" to \"127.0.0.1:9443\"; it takes effect after a "
              "restart");
    EXPECT_EQ(sentence(change.changes[0], Language::ja),
              "listen.https を「127.0.0.1:8443」から「127.0.0.1:9443」に変えます。再起動後に有効です");
    EXPECT_FALSE(diff(before, model_of(replaced(base(), "title: Wiki", "title: Pages"))).needs_restart());
}

TEST(Diff, NamesWholeEntriesOnce) {
    const auto change =
        diff(model_of(base()), model_of(replaced(base(), "  sato:", "  a.b: {kind: ops}\n  sato:")));
    ASSERT_EQ(change.changes.size(), 1u);
    EXPECT_EQ(sentence(change.changes[0], Language::en), "people.a.b is added; this loosens access");
}

}  // namespace
}  // namespace sekisho::config

// Printing the reference pages from the table of keys.
#include "config/reference.hpp"

#include "base/text.hpp"
#include "config/load.hpp"
#include "config/schema.hpp"

namespace sekisho::config {
namespace {

constexpr std::string_view note =
    "<!-- Made from config/schema_keys.cpp by config/reference.cpp; the test Reference.PagesAreCurrent "
    "compares,\n     and writes it anew with SEKISHO_WRITE_REFERENCE=1. -->\n";

// '|' would end a table's cell, '<' begin a tag, '*' slant the rest.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|' || c == '<' || c == '*') out += '\\';
        out += c;
    }
    return out;
}

std::string fallback_text(const Key& key, Language language) {
    const bool ja = language == Language::ja;
    if (key.need == Need::required) return ja ? "**必須**" : "**required**";
    if (key.fallback.empty()) return ja ? "なし" : "none";
    if (key.need == Need::given) return "`" + std::string(key.fallback) + "`";
    return cell(key.fallback);
}

std::string type_text(const Key& key, Language language) {
    const auto words = expected(key);
    auto text = cell(language == Language::ja ? words.ja : words.en);
    if (key.shape == Shape::one_or_list)
        text += language == Language::ja ? "、またはそのリスト" : ", or a list";
    if (key.shape == Shape::map) text = language == Language::ja ? "名前ごとの値" : "values by name";
    return text;
}

std::string row(const Key& key, Language language) {
    const bool ja = language == Language::ja;
    std::string out = "| `" + std::string(key.path) + "` | " + type_text(key, language) + " | " +
                      fallback_text(key, language) + " | ";
    out += key.reload == Reload::restart ? (ja ? "再起動" : "restart") : (ja ? "再読み込み" : "reload");
    out += " | " + std::string(key.since) + " | " + cell(ja ? key.ja : key.en);
    const auto danger = ja ? key.danger_ja : key.danger_en;
    if (!danger.empty()) out += (ja ? " **危険**: " : " **Danger**: ") + cell(danger);
    return out + " |\n";
}

std::string head(Language language) {
    if (language == Language::ja)
        return "# 設定項目\n\n" + std::string(note) +
               "\n設定は YAML の 1 ファイルと `include` "
               "です。知らないキー、重複したキー、アンカー、タグは受け付けません。\n"
               "真偽値は `true` と `false` だけ、数は 10 "
               "進だけ、時刻は引用符で囲みます。大きさと時間には単位を付けます"
               "（`64KiB`、`30s`）。\n各ファイルは `...` "
               "の行で終えます。なければ、変更を自動では読み込みません。\n"
               "相対パスは主ファイルのフォルダーから数えます。`*` は自分で付ける名前、`[]` "
               "はリストの要素です。\n"
               "`deny` の中のキーは `allow` と同じです。英語版: [config.md](config.md)\n";
    return "# Configuration keys\n\n" + std::string(note) +
           "\nThe configuration is one YAML file and what it includes. Unknown and duplicate keys, anchors, "
           "aliases and tags are\n"
           "refused. Truth is `true` or `false` only, numbers are decimal only, times of day stand in "
           "quotes. Sizes and times\n"
           "have a unit (`64KiB`, `30s`). Each file ends with the line `...`; without it changes are not "
           "picked up by themselves.\n"
           "Relative paths begin in the main file's folder. `*` is a name of yours, `[]` an element of a "
           "list.\n"
           "Keys inside `deny` are those of `allow`. Japanese: [config.ja.md](config.ja.md)\n";
}

std::string_view section_of(const Key& key) { return key.path.substr(0, key.path.find_first_of(".[")); }

std::string reader_limits() {
    return "\n## What a configuration may be\n\n| bound | value | beyond it |\n|---|---|---|\n| one file | " +
           size_text(file_bytes_max) + " | refused: `file.too_large` |\n| files | " +
           std::to_string(files_max) + " | refused: `include.too_many` |\n| values in all files | " +
           std::to_string(nodes_max) + " | refused: `yaml.nodes` |\n| nesting | " +
           std::to_string(depth_max) + " levels | refused: `yaml.depth` |\n| findings shown | " +
           std::to_string(Findings::findings_max) +
           " | counted, not shown |\n| one secret | 64KiB | refused: `secret.too_large` |\n";
}

}  // namespace

std::string reference_page(Language language) {
    std::string out = head(language);
    std::string_view section;
    for (const auto& key : keys()) {
        if (section_of(key) != section) {
            section = section_of(key);
            out += "\n## " + std::string(section) + "\n\n";
            out += language == Language::ja ? "| キー | 値 | 省略時 | 変更の反映 | 版 | 意味 |\n"
                                            : "| key | value | left out | takes effect | since | meaning |\n";
            out += "|---|---|---|---|---|---|\n";
        }
        out += row(key, language);
    }
    return out;
}

namespace {

// The values stand in auth/otp, auth/code_tokens, auth/passkeys, auth/password and gateway/cli/passwords.
std::string factor_limits() {
    return "\n## What people prove themselves with\n\n"
           "| bound | value | beyond it |\n|---|---|---|\n"
           "| a password | 8 characters to 1024 bytes | refused on the page |\n"
           "| lines read for one look-up in a list of refused passwords | 64 | none: it halves |\n"
           "| entries `sekisho passwords list` takes at once | 20000000 | refused |\n"
           "| code tokens of a person | 4 | no more is offered |\n"
           "| steps a clock's codes may lie aside of where it was | 1 | refused; two codes in a row: 10 |\n"
           "| codes a counter may have run ahead | 5 | refused; two codes in a row: 50 |\n"
           "| passkeys of a person | 8 | no more is offered |\n"
           "| a name of a token or passkey | 64 bytes | cut |\n"
           "| questions put to passkeys and answered, remembered | 100000 | no answer is taken |\n";
}

// As gateway/forward/http2_links.hpp and http2_liveness.hpp have them.
std::string http2_upstream_limits() {
    return "\n## What an upstream that speaks HTTP/2 may do\n\n"
           "| bound | value | beyond it |\n|---|---|---|\n"
           "| requests at once on one connection | 100, or fewer as its SETTINGS say | another connection |\n"
           "| connections per worker, where `connections` is 0 | 16 | 503 |\n"
           "| of a body, sent ahead of the client | 128KiB a request | it waits for credit |\n"
           "| interim heads not yet passed on | 16, and `limits.upstream_head` together | 502 |\n"
           "| time until its SETTINGS | `connect_timeout` | 502, not_http2 |\n"
           "| silence while requests are open | 5m | a PING |\n"
           "| an answer to that PING | 15s | the connection ends; its requests fail or go out again |\n"
           "| times a request is sent again | 1 | 502 |\n"
           "| resets, SETTINGS, PING, CONTINUATION, empty frames, small windows | as for clients "
           "([0007](decisions/0007-frames-by-nghttp2-rules-by-us.md)); each stream we open pays for one "
           "reset "
           "| the connection ends |\n";
}

// The values stand in gateway/backup, auth/store/snapshot_io and gateway/net/passed_sockets_io; this floor
// cannot see them.
std::string backup_limits() {
    return "\n## What a backup may be, and what a service manager may pass\n\n"
           "| bound | value | beyond it |\n|---|---|---|\n"
           "| the store in a backup | 1GiB | refused: too_large |\n"
           "| files in a backup | 20000 | refused: too_large |\n"
           "| a backup's head | 4MiB | refused: malformed |\n"
           "| sockets passed to `serve` | 64 | refused: malformed |\n";
}

}  // namespace

std::string limits_page() {
    std::string out =
        "# Limits\n\n" + std::string(note) +
        "\nEvery bound a peer can meet, under `limits` in the configuration.\n\n"
        "| key | default | least | most | takes effect | what is bounded |\n|---|---|---|---|---|---|\n";
    for (const auto& key : keys()) {
        if (section_of(key) != "limits" || key.type == Type::record) continue;
        const auto text = [&](std::uint64_t value) {
            if (key.type == Type::bytes) return size_text(value);
            return key.type == Type::duration ? duration_text(Millis(value)) : std::to_string(value);
        };
        out += "| `" + std::string(key.path) + "` | " + std::string(key.fallback) + " | " + text(key.min) +
               " | " + text(key.max) + " | " + (key.reload == Reload::restart ? "restart" : "reload") +
               " | " + cell(key.en) + " |\n";
    }
    return out + reader_limits() + factor_limits() + http2_upstream_limits() + backup_limits();
}

}  // namespace sekisho::config

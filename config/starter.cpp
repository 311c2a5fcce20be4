#include "config/starter.hpp"

#include "config/schema.hpp"

#include <fmt/format.h>

namespace sekisho::config {
namespace {

class Writer {
public:
    void plain(std::string_view lines) { out_ += lines; }
    // key writes the meaning of a key of the table, then its line.
    void key(std::string_view path, int depth, std::string_view value) {
        const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
        if (const auto* known = find_key(path)) {
            comment(indent, known->ja);
            comment(indent, known->en);
            if (!known->danger_en.empty()) {
                comment(indent, "注意: " + std::string(known->danger_ja));
                comment(indent, "Mind: " + std::string(known->danger_en));
            }
        }
        const auto name =
            path.substr(path.find_last_of('.') == std::string_view::npos ? 0 : path.find_last_of('.') + 1);
        out_ += fmt::format("{}{}:{}{}\n", indent, name, value.empty() ? "" : " ", value);
    }
    // section: a blank line before each.
    void section(std::string_view path, std::string_view value = {}) {
        out_ += '\n';
        key(path, 0, value);
    }
    std::string take() { return std::move(out_); }

private:
    void comment(std::string_view indent, std::string_view words) {
        out_ += fmt::format("{}# {}\n", indent, words);
    }
    std::string out_;
};

std::string quoted_list(const std::vector<std::string>& values) {
    std::string out;
    for (const auto& value : values) out += (out.empty() ? "\"" : ", \"") + value + "\"";
    return "[" + out + "]";
}

constexpr std::string_view head =
    "# Sekisho の設定。sekisho init が書きました。変えたら、確かめて、読み直させます。\n"
    "# The configuration of Sekisho, begun by sekisho init. After a change: sekisho check, then sekisho "
    "reload.\n"
    "# すべてのキー / every key: docs/reference/config.ja.md, docs/reference/config.md\n\n";

constexpr std::string_view example_before =
    "\n# 利用できる人・アプリ・規則の例。行頭の # "
    "を外し、名前とアドレスを直して使います。一致する規則がなければ拒否です。\n"
    "# An example of people, an app and a rule: remove the # and put in your names. Where no rule matches, "
    "the\n"
    "# answer is no.\n"
    "#\n"
    "# groups:\n"
    "#   finance: {ja: 財務部, en: Finance}\n"
    "# upstreams:\n"
    "#   wiki: {url: \"http://127.0.0.1:9001\"}\n"
    "# apps:\n"
    "#   wiki:\n"
    "#     title: {ja: 業務手順書, en: Wiki}\n"
    "#     host: ";
constexpr std::string_view example_after =
    "\n"
    "#     upstream: wiki\n"
    "#     tier: general\n"
    "# rules:\n"
    "#   - id: wiki-staff\n"
    "#     allow: {who: \"kind:staff\", app: wiki, if: [{mfa: {strength: otp, max_age: 12h}}]}\n";

void people(Writer& writer, const std::string& person) {
    if (person.empty()) {
        writer.plain(
            "\n# people:\n#   sato: {kind: staff, groups: [finance], name: {ja: 佐藤 健, en: Ken Sato}}\n");
        return;
    }
    writer.section("people");
    writer.plain(fmt::format("  {}: {{kind: ops}}\n", person));
}

}  // namespace

std::string starter_config(const Starter& starter) {
    Writer writer;
    writer.plain(head);
    writer.key("version", 0, "1");
    writer.section("timezone", starter.timezone);
    writer.section("listen");
    writer.key("listen.https", 1, quoted_list(starter.https));
    if (!starter.redirect.empty()) writer.key("listen.http_redirect", 1, quoted_list(starter.redirect));
    writer.section("portal");
    writer.key("portal.url", 1, starter.portal_url);
    writer.plain(
        "  # organisation: {ja: 見本銀行, en: Mihon Bank}\n  # help: {ja: 内線 4100, en: Extension 4100}\n");
    writer.section("tls");
    writer.key("tls.certificates", 1, "");
    writer.plain(fmt::format("    - {{chain: {}, key: {}}}\n", starter.chain_path, starter.key_path));
    writer.section("store");
    writer.key("store.data", 1, starter.data_path);
    writer.key("store.master_key", 1, fmt::format("{{file: {}}}", starter.master_key_path));
    writer.section("audit");
    writer.plain("  # ");
    writer.plain(find_key("audit.checkpoints")->ja);
    writer.plain("\n  # ");
    writer.plain(find_key("audit.checkpoints")->en);
    writer.plain("\n  # checkpoints: /mnt/witness/sekisho-checkpoints.log\n  segment: 64MiB\n");
    people(writer, starter.person);
    writer.plain(example_before);
    writer.plain(starter.app_host);
    writer.plain(example_after);
    writer.plain("...\n");
    return writer.take();
}

}  // namespace sekisho::config
